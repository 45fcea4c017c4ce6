"""What people read of the ledger: the trial balance, an account's sheet, the entries. Only sealed entries count."""

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from server.accounting.lists import Entry, Posting
from server.db import Connection
from server.listing import Filter, Listing, ListRequest, Page, read_page

ACCOUNTS_MAX = 5000
_BALANCE = """
SELECT a.code, a.name, a.kind, p.currency, SUM(p.debit_minor), SUM(p.credit_minor)
FROM account a JOIN posting p ON p.account = a.code JOIN entry e ON e.id = p.entry_id AND e.sealed = 1
GROUP BY a.code, a.name, a.kind, p.currency ORDER BY a.code, p.currency LIMIT ?
"""
_ENTRY = "SELECT number, kind, day, text, created_ms FROM entry WHERE id = ? AND sealed = 1"
_POSTINGS = """
SELECT p.line, p.account, a.name, p.debit_minor, p.credit_minor, p.tender, p.tax_code, p.currency
FROM posting p JOIN account a ON a.code = p.account WHERE p.entry_id = ? ORDER BY p.line
"""
_ENTRY_COLUMNS = ("id", "number", "day", "kind", "text", "store", "receipt", "currency", "amount_minor", "created_ms")
# An entry's amount is the sum of its debits, per currency; ours have one each.
ENTRIES = Listing(
    source="""
(SELECT e.id, e.number, e.day, e.kind, e.text, e.store, e.receipt, e.created_ms,
    (SELECT MIN(currency) FROM posting WHERE entry_id = e.id) AS currency,
    (SELECT SUM(debit_minor) FROM posting WHERE entry_id = e.id) AS amount_minor
FROM entry e WHERE e.sealed = 1) AS entries
""",
    columns={name: name for name in _ENTRY_COLUMNS},
    key="id",
    search=("number", "text", "receipt"),
    sums=("amount_minor",),
    currency="currency",
    sort="id",
)
_SHEET_COLUMNS = (
    "posting_id",
    "entry_id",
    "account",
    "number",
    "day",
    "text",
    "store",
    "receipt",
    "currency",
    "debit_minor",
    "credit_minor",
)
SHEET = Listing(
    source="""
(SELECT e.id * 1000 + p.line AS posting_id, e.id AS entry_id, p.account, e.number, e.day, e.text, e.store, e.receipt,
    p.currency, p.debit_minor, p.credit_minor
FROM posting p JOIN entry e ON e.id = p.entry_id WHERE e.sealed = 1) AS sheet
""",
    columns={name: name for name in _SHEET_COLUMNS},
    key="posting_id",
    search=("number", "text", "receipt"),
    sums=("debit_minor", "credit_minor"),
    currency="currency",
    sort="posting_id",
)


class Account(Struct, frozen=True, kw_only=True):
    """An account of the chart."""

    code: str
    name: str
    kind: str


class Balance(Struct, frozen=True, kw_only=True):
    """An account's sums in one currency; `balance_minor` is debit less credit."""

    code: str
    name: str
    kind: str
    currency: str
    debit_minor: int
    credit_minor: int

    @property
    def balance_minor(self) -> int:
        return self.debit_minor - self.credit_minor


def trial_balance(connection: Connection) -> list[Balance]:
    """Return every account with postings; per currency Σ debit = Σ credit."""
    names = Balance.__struct_fields__
    return [Balance(**dict(zip(names, row, strict=True))) for row in connection.rows(_BALANCE, (ACCOUNTS_MAX,))]


def account(connection: Connection, code: str) -> Account | None:
    """Return an account, or None."""
    row = connection.row("SELECT code, name, kind FROM account WHERE code = ?", (code,))
    return Account(code=row[0], name=row[1], kind=row[2]) if row else None


def sheet(connection: Connection, code: str, request: ListRequest) -> Page:
    """Read a page of an account's postings. Raises Refused("unknown_column")."""
    own = Filter(column="account", test="is", value=code)
    return read_page(connection.rows, SHEET, replace(request, filters=(own, *request.filters)))


def entries(connection: Connection, request: ListRequest) -> Page:
    """Read a page of the entries. Raises Refused("unknown_column")."""
    return read_page(connection.rows, ENTRIES, request)


def entry(connection: Connection, entry_id: int) -> Entry | None:
    """Return an entry with its postings, or None."""
    head: tuple[Any, ...] | None = connection.row(_ENTRY, (entry_id,))
    if head is None:
        return None
    names = Posting.__struct_fields__
    rows = connection.rows(_POSTINGS, (entry_id,))
    return Entry(
        number=head[0],
        kind=head[1],
        day=head[2],
        text=head[3],
        created_ms=head[4],
        postings=tuple(Posting(**dict(zip(names, row, strict=True))) for row in rows),
    )
