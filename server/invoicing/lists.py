"""What people read of invoicing: the overview of receipts, and one receipt whole (domain §5, seed 000)."""

from typing import Any

from msgspec import Struct

from server.db import Connection
from server.listing import Listing, ListRequest, Page, read_page

_COLUMNS = (
    "number",
    "day",
    "issued_ms",
    "customer",
    "customer_name",
    "store",
    "till_id",
    "till_receipt",
    "cashier",
    "order_id",
    "order_number",
    "currency",
    "total_minor",
    "due_minor",
    "paid_minor",
    "paid_ms",
    "paid",
    "kind",
    "original",
)
_SOURCE = """
(SELECT r.number, r.business_day AS day, r.issued_ms, r.customer, r.customer_name, r.store, r.till_id, r.till_receipt,
    r.cashier, r.order_id, o.number AS order_number, r.currency, r.total_minor, r.due_minor, r.paid_minor, r.paid_ms,
    CASE WHEN r.paid_ms IS NULL THEN 'no' ELSE 'yes' END AS paid, r.kind, r.original
FROM receipt r JOIN orders o ON o.id = r.order_id) AS overview
"""
OVERVIEW = Listing(
    source=_SOURCE,
    columns={name: name for name in _COLUMNS},
    key="number",
    search=("number", "till_receipt", "customer_name", "customer", "order_number"),
    sums=("total_minor", "paid_minor"),
    currency="currency",
    sort="number",
)
_RECEIPT = """
SELECT r.number, r.order_id, o.number, r.store, r.till_id, r.till_receipt, r.customer, r.customer_name,
    r.billing_address, r.delivery_address, r.cashier, r.business_day, r.issued_ms, r.currency, r.total_minor,
    r.due_minor, r.paid_minor, r.paid_ms, r.source_event, r.kind, r.original
FROM receipt r JOIN orders o ON o.id = r.order_id WHERE r.number = ?
"""
_LINES = """
SELECT line, article, name, quantity, unit, unit_price_minor, discount_minor, total_minor, tax_code, tax_percent,
    discount_reason, note, withdrawn_from, withdrawn_quantity, kind, reference, returns_receipt, returns_line,
    return_reason, return_condition
FROM receipt_line WHERE receipt = ? ORDER BY line
"""
_TAKEN_BACK = """
SELECT number, till_receipt, total_minor FROM receipt WHERE source_event IN (
    SELECT source_event FROM goods_return WHERE receipt = ?
    UNION SELECT source_event FROM receipt_void WHERE receipt = ?
) ORDER BY number
"""
_TAXES = (
    "SELECT code, percent, net_minor, tax_minor, gross_minor FROM receipt_tax WHERE receipt = ? ORDER BY code, percent"
)


class ReceiptLine(Struct, frozen=True, kw_only=True):
    """An item: what it cost, and from which stock location how much of it was withdrawn."""

    line: int
    article: str
    name: str
    quantity: str
    unit: str
    unit_price_minor: int
    discount_minor: int
    total_minor: int
    tax_code: str
    tax_percent: str
    discount_reason: str
    note: str
    withdrawn_from: str
    withdrawn_quantity: str
    kind: str
    reference: str
    returns_receipt: str
    returns_line: int
    return_reason: str
    return_condition: str


class TakenBack(Struct, frozen=True, kw_only=True):
    """A later receipt that takes back goods of this one, or the whole of it."""

    number: str
    till_receipt: str
    total_minor: int


class ReceiptTax(Struct, frozen=True, kw_only=True):
    """One row of the receipt's tax table."""

    code: str
    percent: str
    net_minor: int
    tax_minor: int
    gross_minor: int


class Receipt(Struct, frozen=True, kw_only=True):
    """A receipt in invoicing, whole. Addresses are lines of text; `original` names till receipts that it takes back."""

    number: str
    order_id: str
    order_number: str
    store: str
    till_id: str | None
    till_receipt: str
    customer: str
    customer_name: str
    billing_address: str
    delivery_address: str
    cashier: str
    day: str
    issued_ms: int
    currency: str
    total_minor: int
    due_minor: int
    paid_minor: int
    paid_ms: int | None
    source_event: str
    kind: str
    original: str
    lines: tuple[ReceiptLine, ...] = ()
    taxes: tuple[ReceiptTax, ...] = ()


def page(connection: Connection, request: ListRequest) -> Page:
    """Read a page of the overview; `paid` is yes or no. Raises Refused("unknown_column")."""
    return read_page(connection.rows, OVERVIEW, request)


def receipt(connection: Connection, number: str) -> Receipt | None:
    """Read one receipt with items and taxes, or None."""
    row = connection.row(_RECEIPT, (number,))
    if row is None:
        return None
    head: dict[str, Any] = dict(zip(Receipt.__struct_fields__, row, strict=False))
    lines = tuple(
        ReceiptLine(**dict(zip(ReceiptLine.__struct_fields__, line, strict=True)))
        for line in connection.rows(_LINES, (number,))
    )
    taxes = tuple(
        ReceiptTax(**dict(zip(ReceiptTax.__struct_fields__, tax, strict=True)))
        for tax in connection.rows(_TAXES, (number,))
    )
    return Receipt(**head, lines=lines, taxes=taxes)


def returns_of(connection: Connection, till_receipt: str) -> list[TakenBack]:
    """Return the receipts by which something of a till's receipt came back."""
    rows = connection.rows(_TAKEN_BACK, (till_receipt, till_receipt)) if till_receipt else []
    return [TakenBack(number=row[0], till_receipt=row[1], total_minor=row[2]) for row in rows]
