"""What people read of mails: the list of them (addresses masked), one whole, and those of a receipt."""

from typing import Any

from msgspec import Struct

from server.db import Connection
from server.listing import Listing, ListRequest, Page, read_page

_RECEIPT = "r.source_event = m.sale_event AND r.store = m.store AND r.till_id = m.till_id"
_COLUMNS = (
    "id",
    "created_ms",
    "modified_ms",
    "sent_ms",
    "till_receipt",
    "receipt",
    "store",
    "till_id",
    "masked",
    "state",
    "reason",
    "message",
    "attempts",
    "run_at_ms",
)
_SOURCE = f"""
(SELECT m.id, m.created_ms, m.modified_ms, m.sent_ms, m.till_receipt, COALESCE(r.number, '') AS receipt, m.store,
    m.till_id, m.masked, m.state, m.reason, m.answer AS message, m.attempts, m.run_at_ms
FROM mail m LEFT JOIN receipt r ON {_RECEIPT}) AS mails
"""
MAILS = Listing(
    source=_SOURCE,
    columns={name: name for name in _COLUMNS},
    key="id",
    search=("till_receipt", "receipt", "masked", "message"),
    sort="id",
)
_DETAIL = f"""
SELECT m.id, m.created_ms, m.modified_ms, m.sent_ms, m.till_receipt, COALESCE(r.number, ''), m.store, m.till_id,
    m.masked, m.state, m.reason, m.answer, m.attempts, m.run_at_ms, m.address, m.source_event, m.doubts
FROM mail m LEFT JOIN receipt r ON {_RECEIPT}
"""
# As many as a till lets one receipt have.
OF_RECEIPT_MAX = 20


class Mail(Struct, frozen=True, kw_only=True):
    """A mail: `receipt` is its number in invoicing, empty while it is not issued; `answer` the mail server's words."""

    id: int
    created_ms: int
    modified_ms: int
    sent_ms: int | None
    till_receipt: str
    receipt: str
    store: str
    till_id: str
    masked: str
    state: str
    reason: str
    answer: str
    attempts: int
    run_at_ms: int
    address: str
    source_event: str
    doubts: int


def page(connection: Connection, request: ListRequest) -> Page:
    """Read a page of the list of mails. Raises Refused("unknown_column")."""
    return read_page(connection.rows, MAILS, request)


def detail(connection: Connection, mail: int) -> Mail | None:
    """Read one mail, or None."""
    row = connection.row(f"{_DETAIL} WHERE m.id = ?", (mail,))
    return None if row is None else _mail(row)


def of_receipt(connection: Connection, sale_event: str) -> list[Mail]:
    """Return a receipt's mails, the oldest first."""
    sql = f"{_DETAIL} WHERE m.sale_event = ? AND r.number IS NOT NULL ORDER BY m.id LIMIT ?"
    return [_mail(row) for row in connection.rows(sql, (sale_event, OF_RECEIPT_MAX))]


def counts(connection: Connection) -> dict[str, int]:
    """Return how many mails there are, by state."""
    return dict(connection.rows("SELECT state, COUNT(*) FROM mail GROUP BY state"))


def has_unfinished(connection: Connection) -> bool:
    """Tell whether a mail is on its way."""
    sql = "SELECT 1 FROM mail WHERE state IN ('waiting', 'sending') LIMIT 1"
    return connection.value(sql) is not None


def _mail(row: tuple[Any, ...]) -> Mail:
    return Mail(**dict(zip(Mail.__struct_fields__, row, strict=True)))
