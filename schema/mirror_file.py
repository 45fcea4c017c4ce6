"""The layout of `mirror.db`: the agent writes it, the till reads it.

It holds head office's rows as of `feed_cursor`, and the agent's own cursors. Rows keep the Struct's JSON in `body`;
columns beside it exist only to be searched. A lost mirror is fetched again and costs nobody a sale.
"""

# A mirror of another layout is thrown away and fetched anew: nothing in it exists only there.
LAYOUT_VERSION = 2
LAYOUT = """
CREATE TABLE IF NOT EXISTS article (
    id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, name TEXT NOT NULL, group_name TEXT NOT NULL,
    blocked INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS barcode (
    code TEXT NOT NULL, article INTEGER NOT NULL REFERENCES article (id), PRIMARY KEY (code, article)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS barcode_article ON barcode (article);
CREATE VIRTUAL TABLE IF NOT EXISTS article_search
    USING fts5 (words, content='', contentless_delete=1, prefix='1 2 3', tokenize='unicode61');
CREATE TABLE IF NOT EXISTS party (
    kind TEXT NOT NULL CHECK (kind IN ('cashier', 'customer')), key TEXT NOT NULL, words TEXT NOT NULL,
    body BLOB NOT NULL, PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS open_order (
    order_id TEXT PRIMARY KEY, number TEXT NOT NULL, status TEXT NOT NULL, expected_day TEXT NOT NULL,
    words TEXT NOT NULL, body BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS open_order_expected ON open_order (status, expected_day);
CREATE TABLE IF NOT EXISTS setting (
    kind TEXT NOT NULL CHECK (kind IN ('settings', 'tax_rate', 'quick_keys', 'price_list', 'promotion')),
    key TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS variant (
    parent TEXT NOT NULL, article INTEGER NOT NULL REFERENCES article (id), PRIMARY KEY (parent, article)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS variant_article ON variant (article);
CREATE TABLE IF NOT EXISTS list_price (
    article TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (article, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stock (
    article TEXT NOT NULL, store TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (article, store)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS voucher (code TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS past_receipt (
    receipt TEXT PRIMARY KEY, day TEXT NOT NULL, body BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS past_receipt_day ON past_receipt (day);
CREATE TABLE IF NOT EXISTS upload (
    till_id TEXT NOT NULL, epoch INTEGER NOT NULL, acked_seq INTEGER NOT NULL, acked_hash BLOB NOT NULL,
    durable_seq INTEGER NOT NULL, PRIMARY KEY (till_id, epoch)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sync (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""
# Names in `sync`. Values are text; instants in milliseconds, UTC.
FEED_CURSOR = "feed_cursor"
TIMELINE = "timeline"
LAST_CONTACT_MS = "last_contact_ms"
LAST_FETCH_MS = "last_fetch_ms"
CLOCK_SKEW_MS = "clock_skew_ms"  # head office's clock minus ours
STATE = "state"  # one of STATES
STATE_TEXT = "state_text"  # the reason in plain words
STATES = ("online", "offline", "portal", "refused", "frozen", "revoked", "rolled_back")

ARTICLE_BY_CODE = "SELECT article.body FROM barcode JOIN article ON article.id = barcode.article WHERE barcode.code = ?"
ARTICLE_BY_NUMBER = "SELECT body FROM article WHERE number = ?"
ARTICLES_BY_WORDS = (
    "SELECT article.body FROM article_search JOIN article ON article.id = article_search.rowid "
    "WHERE article_search MATCH ? AND NOT article.blocked LIMIT ?"
)
VARIANTS_OF = "SELECT article.body FROM variant JOIN article ON article.id = variant.article WHERE variant.parent = ?"
LIST_PRICES = "SELECT body FROM list_price WHERE article = ?"
STOCK_OF = "SELECT body FROM stock WHERE article = ? ORDER BY store"
VOUCHER = "SELECT body FROM voucher WHERE code = ?"
PAST_RECEIPT = "SELECT body FROM past_receipt WHERE receipt = ?"
PAST_RECEIPTS = "SELECT body FROM past_receipt WHERE receipt LIKE ? ESCAPE '\\' ORDER BY day DESC, receipt DESC LIMIT ?"
ACKED = "SELECT acked_seq FROM upload WHERE till_id = ? AND epoch = ?"
SYNC_VALUES = "SELECT name, value FROM sync"


def search_terms(folded: str) -> str:
    """Turn folded text into an FTS5 query: every word a prefix, any order. Empty when there is no word in it."""
    words = "".join(char if char.isalnum() else " " for char in folded).split()
    return " ".join(f'"{word}"*' for word in words[:8])
