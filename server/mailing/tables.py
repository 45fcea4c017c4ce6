"""SQL of the table `mail`: wishes for a receipt by mail, and what became of them. Written by this room only.

A mail is claimed alone, in its own commit, before its first byte leaves: a claim that a dead process left behind is a
mail that may have arrived, and is treated as such. One that waits for its receipt in invoicing is not claimed at all.
"""

from collections.abc import Sequence

from msgspec import Struct

from schema.mail import address_key, masked
from server.db import Connection
from server.jobs.tables import is_gone
from server.mailing.rules import Change, Outcome, after

CLAIM_MS_MAX = 600_000
LINE_STATE = "mail.line"

_INSERT = (
    "source_event",
    "sale_event",
    "till_receipt",
    "store",
    "till_id",
    "address",
    "address_key",
    "masked",
    "language",
    "state",
    "reason",
    "created_ms",
    "modified_ms",
)
# A till mails its own receipts: what another one claims to wish for never finds its receipt.
_RECEIPT = "FROM receipt r WHERE r.source_event = m.sale_event AND r.store = m.store AND r.till_id = m.till_id"
_DUE = (
    f"m.state IN ('waiting', 'sending') AND m.state <> 'sending' AND m.run_at_ms <= ? AND EXISTS (SELECT 1 {_RECEIPT})"
)
_IS_DUE = f"SELECT 1 FROM mail m WHERE {_DUE} LIMIT 1"
_CLAIM = f"""
UPDATE mail SET state = 'sending', attempts = attempts + 1, claimed_by = ?, claimed_ms = ?, modified_ms = ?
WHERE id IN (
    SELECT m.id FROM mail m WHERE {_DUE} ORDER BY m.run_at_ms, m.id LIMIT 1{{skip_locked}}
)
RETURNING id, source_event, sale_event, store, till_id, address, language, copy, tries, doubts
"""
_END = """
UPDATE mail SET state = ?, reason = ?, answer = ?, tries = ?, doubts = ?, run_at_ms = ?, claimed_by = '',
    claimed_ms = NULL, modified_ms = ?, sent_ms = CASE WHEN ? = 'sent' THEN ? ELSE sent_ms END
WHERE id = ? AND state = 'sending'
"""
# The conditions on state repeat that of the index `mail_waiting`, so that SQLite uses it.
_IS_CLAIMED = "SELECT 1 FROM mail WHERE state IN ('waiting', 'sending') AND state = 'sending' LIMIT 1"
_CLAIMS = "SELECT id, claimed_by, claimed_ms, tries, doubts FROM mail WHERE state = 'sending'{skip_locked}"
# What was sent goes out as another mail; all else under its own Message-ID, as if it had never been tried.
_AGAIN = """
UPDATE mail SET copy = CASE WHEN state = 'sent' THEN copy + 1 ELSE copy END, state = 'waiting', reason = '',
    answer = '', tries = 0, doubts = 0, run_at_ms = 0, modified_ms = ?
WHERE id = ? AND state <> 'sending' AND reason <> 'bad_address'
"""
_META = "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"


class NewMail(Struct, frozen=True, kw_only=True):
    """A wish, as its event tells it. One whose address is none is kept, refused."""

    source_event: str
    sale_event: str
    till_receipt: str
    store: str
    till_id: str
    address: str
    language: str
    is_address: bool = True


class Claimed(Struct, frozen=True, kw_only=True):
    """A mail that is ours to send."""

    id: int
    source_event: str
    sale_event: str
    store: str
    till_id: str
    address: str
    language: str
    copy: int
    tries: int
    doubts: int


def add(connection: Connection, mails: Sequence[NewMail], now_ms: int) -> None:
    """Keep wishes in the caller's transaction; one of the same receipt and address is there already and stays."""
    if not mails:
        return
    rows = [_row(mail, now_ms) for mail in mails]
    connection.copy_rows("mail", _INSERT, rows, on_conflict="ON CONFLICT DO NOTHING")
    connection.ring("mail")


def _row(mail: NewMail, now_ms: int) -> tuple[object, ...]:
    state, reason = ("waiting", "") if mail.is_address else ("refused", "bad_address")
    wish = (mail.source_event, mail.sale_event, mail.till_receipt, mail.store, mail.till_id)
    address = (mail.address, address_key(mail.address), masked(mail.address))
    return (*wish, *address, mail.language, state, reason, now_ms, now_ms)


def is_due(connection: Connection, now_ms: int) -> bool:
    """Tell whether a mail could be sent now."""
    return connection.value(_IS_DUE, (now_ms,)) is not None


def claim(connection: Connection, worker: str, now_ms: int) -> Claimed | None:
    """Claim the mail that is due for longest, if there is one; what another worker holds is passed over."""
    # PostgreSQL locks the mail alone, never the receipt that was looked for.
    sql = _CLAIM.format(skip_locked=connection.skip_locked.replace("UPDATE", "UPDATE OF m"))
    row = connection.row(sql, (worker, now_ms, now_ms, now_ms))
    return None if row is None else Claimed(**dict(zip(Claimed.__struct_fields__, row, strict=True)))


def end(connection: Connection, mail: int, change: Change, now_ms: int) -> None:
    """Write down how an attempt ended."""
    run_at_ms = now_ms + change.wait_ms if change.wait_ms else 0
    values = (change.state, change.reason, change.answer, change.tries, change.doubts, run_at_ms)
    connection.run(_END, (*values, now_ms, change.state, now_ms, mail))


def has_claims(connection: Connection) -> bool:
    """Tell whether any mail is claimed; most of the time none is."""
    return connection.value(_IS_CLAIMED) is not None


def release_stale(connection: Connection, worker: str, now_ms: int) -> list[tuple[int, Change]]:
    """Give back the mails of workers that are gone: each may have arrived. Return what became of them."""
    claims = connection.rows(_CLAIMS.format(skip_locked=connection.skip_locked))
    changes = [
        (mail, after(Outcome(ending="lost"), tries, doubts))
        for mail, holder, since_ms, tries, doubts in claims
        if holder == worker or now_ms - since_ms > CLAIM_MS_MAX or is_gone(holder)
    ]
    for mail, change in changes:
        end(connection, mail, change, now_ms)
    return changes


def again(connection: Connection, mail: int, now_ms: int) -> bool:
    """Let a mail be sent again, as a person decided; tell whether it can be."""
    done = connection.run(_AGAIN, (now_ms, mail)) > 0
    connection.ring("mail")
    return done


def keep_line_state(connection: Connection, text: str) -> None:
    """Write down how the line to the mail server is, for pages of any process."""
    connection.run(_META, (LINE_STATE, text))


def read_line_state(connection: Connection) -> str:
    """Return what `keep_line_state` wrote last, or ""."""
    return str(connection.value("SELECT value FROM meta WHERE name = ?", (LINE_STATE,)) or "")


def wish_of(connection: Connection, mail: int) -> tuple[str, str, int] | None:
    """Return a mail's event, its receipt at the till, and how often it was tried in all."""
    row = connection.row("SELECT source_event, till_receipt, attempts FROM mail WHERE id = ?", (mail,))
    return None if row is None else (row[0], row[1], row[2])
