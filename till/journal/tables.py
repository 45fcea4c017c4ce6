"""The till's own tables in `journal.db`, beside the shared ones of schema.journal_file.

`receipt`, `shift`, `card_attempt`, `voucher_move`, `account_move`, `terminal_day`, `goods_back`, `voided`, `mail_wish`,
`made_order`, `own_order`, `added_customer`, `edited_page` and `fiscal_outage` are projections: written in the commit of
the event they come from, never ahead of it or behind. `draft`, `print_job`, `lockout` and `fiscal_open` are outside the
chain: work in hand.
"""

LAYOUT = """
CREATE TABLE IF NOT EXISTS receipt (
    till_id TEXT NOT NULL, epoch INTEGER NOT NULL, receipt_seq INTEGER NOT NULL, number TEXT NOT NULL,
    seq INTEGER NOT NULL, PRIMARY KEY (till_id, epoch, receipt_seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS shift (
    shift_id TEXT PRIMARY KEY, till_id TEXT NOT NULL, epoch INTEGER NOT NULL, number INTEGER NOT NULL,
    cashier TEXT NOT NULL, currency TEXT NOT NULL, float_minor INTEGER NOT NULL, business_day TEXT NOT NULL,
    opened_seq INTEGER NOT NULL, opened_ms INTEGER NOT NULL,
    closed_seq INTEGER, closed_ms INTEGER, z_number INTEGER, counted_minor INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS shift_number ON shift (till_id, epoch, number);
CREATE UNIQUE INDEX IF NOT EXISTS shift_open ON shift (till_id) WHERE closed_seq IS NULL;
CREATE TABLE IF NOT EXISTS card_attempt (
    attempt_id TEXT PRIMARY KEY, sale_id TEXT NOT NULL, amount_minor INTEGER NOT NULL, currency TEXT NOT NULL,
    terminal TEXT NOT NULL, baseline TEXT NOT NULL, started_ms INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('intended', 'answered', 'booked', 'closed')),
    outcome TEXT NOT NULL DEFAULT '', approved_minor INTEGER NOT NULL DEFAULT 0, facts BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS card_attempt_open ON card_attempt (started_ms) WHERE state IN ('intended', 'answered');
CREATE TABLE IF NOT EXISTS terminal_baseline (terminal TEXT PRIMARY KEY, baseline TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS card_attempt_kind (
    attempt_id TEXT PRIMARY KEY, kind TEXT NOT NULL, original TEXT NOT NULL, tip_minor INTEGER NOT NULL,
    is_final INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS terminal_day (
    terminal TEXT PRIMARY KEY, epoch INTEGER NOT NULL, seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS voucher_move (
    code TEXT NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, amount_minor INTEGER NOT NULL,
    left_minor INTEGER NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (code, epoch, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS account_move (
    customer TEXT NOT NULL, reference TEXT NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,
    amount_minor INTEGER NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (customer, reference, epoch, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS goods_back (
    receipt TEXT NOT NULL, line INTEGER NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,
    quantity TEXT NOT NULL, PRIMARY KEY (receipt, line, epoch, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS voided (receipt TEXT PRIMARY KEY, counter TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mail_wish (
    receipt TEXT NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (receipt, epoch, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS made_order (
    order_id TEXT PRIMARY KEY, till_id TEXT NOT NULL, epoch INTEGER NOT NULL, order_seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS made_order_seq ON made_order (till_id, epoch, order_seq);
CREATE TABLE IF NOT EXISTS own_order (
    order_id TEXT PRIMARY KEY, number TEXT NOT NULL, receipt TEXT NOT NULL, epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL, at_ms INTEGER NOT NULL, body BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS own_order_number ON own_order (number);
CREATE INDEX IF NOT EXISTS own_order_newest ON own_order (at_ms);
CREATE TABLE IF NOT EXISTS draft (
    slot TEXT PRIMARY KEY, title TEXT NOT NULL, body BLOB NOT NULL, saved_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS print_job (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, title TEXT NOT NULL, document BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'confirmed', 'failed', 'unknown', 'dropped')),
    copy INTEGER NOT NULL DEFAULT 0, message TEXT NOT NULL DEFAULT '',
    created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS print_job_open ON print_job (id) WHERE state IN ('queued', 'sending', 'failed', 'unknown');
CREATE TABLE IF NOT EXISTS added_customer (
    number TEXT PRIMARY KEY, words TEXT NOT NULL, body BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS edited_page (
    name TEXT PRIMARY KEY, page BLOB NOT NULL, before BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lockout (
    name TEXT PRIMARY KEY, wrong INTEGER NOT NULL, until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fiscal_open (
    sale_id TEXT PRIMARY KEY, "transaction" INTEGER NOT NULL, signature_counter INTEGER NOT NULL,
    started_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fiscal_outage (
    one INTEGER PRIMARY KEY CHECK (one = 1), started_ms INTEGER NOT NULL, cause TEXT NOT NULL
) STRICT;
"""
KEEP_FISCAL = "INSERT OR REPLACE INTO fiscal_open VALUES (?, ?, ?, ?)"
DROP_FISCAL = "DELETE FROM fiscal_open WHERE sale_id = ?"
READ_FISCAL = "SELECT * FROM fiscal_open"
BEGIN_OUTAGE = "INSERT OR REPLACE INTO fiscal_outage VALUES (1, ?, ?)"
END_OUTAGE = "DELETE FROM fiscal_outage"
READ_OUTAGE = "SELECT started_ms, cause FROM fiscal_outage"
LAST_RECEIPT = "SELECT coalesce(max(receipt_seq), 0) FROM receipt WHERE till_id = ? AND epoch = ?"
_SHIFT_COLUMNS = (
    "shift_id, number, cashier, currency, float_minor, business_day, opened_seq, opened_ms, closed_seq, "
    "coalesce(z_number, 0), coalesce(counted_minor, 0), epoch"
)
# The open one where there is one, else the last.
LAST_SHIFT = (
    f"SELECT {_SHIFT_COLUMNS} FROM shift WHERE till_id = ? "
    "ORDER BY closed_seq IS NULL DESC, opened_ms DESC, number DESC LIMIT 1"
)
LAST_CLOSED = (
    f"SELECT {_SHIFT_COLUMNS} FROM shift WHERE till_id = ? AND closed_seq IS NOT NULL "
    "ORDER BY epoch DESC, number DESC LIMIT 1"
)
CLOSED_SHIFTS = (
    f"SELECT {_SHIFT_COLUMNS}, closed_ms FROM shift WHERE till_id = ? AND closed_seq IS NOT NULL "
    "ORDER BY epoch DESC, number DESC LIMIT ?"
)
# What a report of a shift counts, after its opening.
SHIFT_EVENTS = (
    "SELECT epoch, seq, version, utc_offset_min, body FROM event WHERE till_id = ? AND (epoch, seq) > (?, ?) "
    "AND type IN ('sale.completed', 'cash.moved', 'shift.closed', 'drawer.opened', 'sale.dropped', "
    "'receipt.reprinted') ORDER BY epoch, seq LIMIT ?"
)
COUNT_CASH_MOVES = "SELECT count(*) FROM event WHERE till_id = ? AND (epoch, seq) > (?, ?) AND type = 'cash.moved'"
LAST_NUMBERS = "SELECT coalesce(max(number), 0), coalesce(max(z_number), 0) FROM shift WHERE till_id = ? AND epoch = ?"
ADD_RECEIPT = "INSERT INTO receipt (till_id, epoch, receipt_seq, number, seq) VALUES (?, ?, ?, ?, ?)"
RECEIPT_SEQ = "SELECT epoch, seq FROM receipt WHERE number = ? AND till_id = ?"
RECEIPT_EVENT = (
    "SELECT event.event_id FROM receipt JOIN event USING (till_id, epoch, seq) "
    "WHERE receipt.number = ? AND receipt.till_id = ?"
)
# Where the wishes stand in the chain; the addresses stand nowhere else.
ADD_MAIL_WISH = "INSERT INTO mail_wish (receipt, epoch, seq) VALUES (?, ?, ?)"
MAIL_WISHES = "SELECT epoch, seq FROM mail_wish WHERE receipt = ? ORDER BY epoch, seq"
# The terminal has not closed its day since: it still knows the receipt's card payments by their numbers.
REVERSIBLE = (
    "SELECT 1 FROM receipt WHERE number = ? AND till_id = ? AND NOT EXISTS (SELECT 1 FROM terminal_day "
    "WHERE (terminal_day.epoch, terminal_day.seq) > (receipt.epoch, receipt.seq))"
)
RECENT_RECEIPTS = "SELECT epoch, seq FROM receipt WHERE till_id = ? ORDER BY epoch DESC, receipt_seq DESC LIMIT ?"
OPEN_SHIFT = (
    "INSERT INTO shift (shift_id, till_id, epoch, number, cashier, currency, float_minor, business_day, opened_seq, "
    "opened_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
CLOSE_SHIFT = "UPDATE shift SET closed_seq = ?, closed_ms = ?, z_number = ?, counted_minor = ? WHERE shift_id = ?"
ADD_ATTEMPT = (
    "INSERT INTO card_attempt (attempt_id, sale_id, amount_minor, currency, terminal, baseline, started_ms, state) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, 'intended')"
)
END_ATTEMPT = "UPDATE card_attempt SET state = ?, outcome = ?, approved_minor = ?, facts = ? WHERE attempt_id = ?"
BOOK_ATTEMPT = "UPDATE card_attempt SET state = 'booked' WHERE attempt_id = ?"
# Only what is no plain payment, or had its last word said, has a row there.
OPEN_ATTEMPTS = (
    "SELECT card_attempt.attempt_id, sale_id, amount_minor, currency, terminal, baseline, started_ms, state, outcome, "
    "approved_minor, facts, coalesce(kind, 'payment'), coalesce(original, ''), coalesce(tip_minor, 0), "
    "coalesce(is_final, 0) "
    "FROM card_attempt LEFT JOIN card_attempt_kind USING (attempt_id) "
    "WHERE state IN ('intended', 'answered') ORDER BY started_ms, card_attempt.attempt_id"
)
ADD_ATTEMPT_KIND = "INSERT INTO card_attempt_kind (attempt_id, kind, original, tip_minor) VALUES (?, ?, ?, ?)"
FINISH_ATTEMPT = (
    "INSERT INTO card_attempt_kind (attempt_id, kind, original, tip_minor, is_final) VALUES (?, ?, ?, ?, 1) "
    "ON CONFLICT (attempt_id) DO UPDATE SET is_final = 1"
)
CLOSE_ATTEMPT = "UPDATE card_attempt SET state = 'closed' WHERE attempt_id = ?"
SAVE_TERMINAL_DAY = "INSERT OR REPLACE INTO terminal_day (terminal, epoch, seq) VALUES (?, ?, ?)"
READ_TERMINAL_DAY = "SELECT epoch, seq FROM terminal_day WHERE terminal = ?"
CARD_EVENTS_SINCE = (
    "SELECT type, version, body FROM event WHERE till_id = ? AND (epoch, seq) > (?, ?) "
    "AND type IN ('card.intended', 'card.answered', 'card.settled') ORDER BY epoch, seq"
)
ADD_VOUCHER_MOVE = (
    "INSERT INTO voucher_move (code, epoch, seq, amount_minor, left_minor, at_ms) VALUES (?, ?, ?, ?, ?, ?)"
)
VOUCHER_MOVES = (
    "SELECT code, epoch, seq, amount_minor, left_minor, at_ms FROM voucher_move WHERE code = ? ORDER BY epoch, seq"
)
ADD_ACCOUNT_MOVE = (
    "INSERT INTO account_move (customer, reference, epoch, seq, amount_minor, at_ms) VALUES (?, ?, ?, ?, ?, ?)"
)
ACCOUNT_MOVES = (
    "SELECT reference, epoch, seq, amount_minor, at_ms FROM account_move WHERE customer = ? ORDER BY epoch, seq"
)
READ_BASELINE = "SELECT baseline FROM terminal_baseline WHERE terminal = ?"
SAVE_BASELINE = "INSERT OR REPLACE INTO terminal_baseline (terminal, baseline) VALUES (?, ?)"
# What came back of a receipt at this till: quantities above zero, below where the return itself was voided.
ADD_GOODS_BACK = "INSERT INTO goods_back (receipt, line, epoch, seq, quantity) VALUES (?, ?, ?, ?, ?)"
GOODS_BACK = "SELECT DISTINCT epoch, seq FROM goods_back WHERE receipt = ? ORDER BY epoch, seq"
ADD_VOIDED = "INSERT INTO voided (receipt, counter) VALUES (?, ?)"
VOIDED_BY = "SELECT counter FROM voided WHERE receipt = ?"
ADD_MADE_ORDER = "INSERT INTO made_order (order_id, till_id, epoch, order_seq) VALUES (?, ?, ?, ?)"
LAST_ORDER = "SELECT coalesce(max(order_seq), 0) FROM made_order WHERE till_id = ? AND epoch = ?"
# An order as this till left it: head office's row counts again once it must hold that.
SAVE_OWN_ORDER = (
    "INSERT OR REPLACE INTO own_order (order_id, number, receipt, epoch, seq, at_ms, body) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_OWN_ORDER = (
    "SELECT body, receipt, epoch, seq, at_ms, "
    "EXISTS (SELECT 1 FROM made_order WHERE made_order.order_id = own_order.order_id) FROM own_order"
)
OWN_ORDER = f"{_OWN_ORDER} WHERE order_id = ?1 OR number = ?1 LIMIT 1"
# What head office has and fed long ago is left out: its row, or that it has none, is the truth by then.
OWN_ORDERS = f"{_OWN_ORDER} WHERE (epoch = ?1 AND seq > ?2) OR at_ms >= ?3 ORDER BY at_ms DESC LIMIT ?4"
SAVE_DRAFT = "INSERT OR REPLACE INTO draft (slot, title, body, saved_ms) VALUES (?, ?, ?, ?)"
READ_DRAFT = "SELECT body FROM draft WHERE slot = ?"
DROP_DRAFT = "DELETE FROM draft WHERE slot = ?"
ALL_DRAFTS = "SELECT body FROM draft"
LIST_DRAFTS = "SELECT slot, title, body, saved_ms FROM draft WHERE slot <> ? ORDER BY saved_ms"
ADD_CUSTOMER = "INSERT INTO added_customer (number, words, body) VALUES (?, ?, ?)"
# Also whom head office named and this store's mirror lacks: paying asks for the customer again.
KEEP_CUSTOMER = "INSERT OR REPLACE INTO added_customer (number, words, body) VALUES (?, ?, ?)"
ADDED_CUSTOMERS = (
    "SELECT body FROM added_customer WHERE words LIKE ? ESCAPE '\\' AND words LIKE ? ESCAPE '\\' "
    "AND words LIKE ? ESCAPE '\\' AND words LIKE ? ESCAPE '\\' ORDER BY number DESC LIMIT ?"
)
ADDED_CUSTOMER = "SELECT body FROM added_customer WHERE number = ?"
# A page of quick keys as it was edited here, and as head office had it then: once that changes, head office's counts.
SAVE_PAGE = "INSERT OR REPLACE INTO edited_page (name, page, before) VALUES (?, ?, ?)"
EDITED_PAGES = "SELECT page, before FROM edited_page ORDER BY name"
ADD_JOB = (
    "INSERT INTO print_job (kind, title, document, state, copy, created_ms, changed_ms) "
    "VALUES (?, ?, ?, 'queued', ?, ?, ?)"
)
MARK_JOB = "UPDATE print_job SET state = ?, message = ?, copy = max(copy, ?), changed_ms = ? WHERE id = ?"
_JOB_COLUMNS = "id, kind, title, document, state, copy, message, created_ms, changed_ms"
READ_JOB = f"SELECT {_JOB_COLUMNS} FROM print_job WHERE id = ?"
NEXT_JOB = f"SELECT {_JOB_COLUMNS} FROM print_job WHERE state = 'queued' ORDER BY id LIMIT 1"
OPEN_JOBS = (
    f"SELECT {_JOB_COLUMNS} FROM print_job WHERE state IN ('queued', 'sending', 'failed', 'unknown') "
    "ORDER BY id DESC LIMIT ?"
)
LAST_JOB = f"SELECT {_JOB_COLUMNS} FROM print_job WHERE kind = ? AND title = ? ORDER BY id DESC LIMIT 1"
LAST_JOB_ID = "SELECT coalesce(max(id), 0) FROM print_job"
INTERRUPT_SENDING = (
    "UPDATE print_job SET state = 'unknown', copy = 1, message = ?, changed_ms = ? WHERE state = 'sending'"
)
INTERRUPT_QUEUED = "UPDATE print_job SET state = 'failed', message = ?, changed_ms = ? WHERE state = 'queued'"
# Paper that came out is no longer needed here: the receipt itself stands in the chain.
FORGET_JOBS = "DELETE FROM print_job WHERE state IN ('sent', 'confirmed', 'dropped') AND id < ?"
READ_LOCKOUT = "SELECT wrong, until_ms FROM lockout WHERE name = ?"
SAVE_LOCKOUT = "INSERT OR REPLACE INTO lockout (name, wrong, until_ms) VALUES (?, ?, ?)"
DROP_LOCKOUT = "DELETE FROM lockout WHERE name = ?"
