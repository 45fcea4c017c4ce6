"""What people read of orders: the omni-channel list with its three statuses, and one order whole (domain §5)."""

from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct

from schema.orders import Balance, Prepayment, balance
from schema.quantity import shortest
from server.db import Connection
from server.listing import Listing, ListRequest, Page, read_page
from server.orders.rules import delivered, open_prepayments
from server.orders.tables import facts

# An export that waits longer than this shows as pending for long (domain §5).
PENDING_LONG_MS = 30 * 60 * 1000

_COLUMNS = (
    "id",
    "number",
    "origin",
    "kind",
    "store",
    "till_id",
    "customer",
    "customer_name",
    "company",
    "employee",
    "subject",
    "ordered_day",
    "expected_day",
    "delivery",
    "status",
    "currency",
    "total_minor",
    "paid_minor",
    "payment",
    "import_status",
    "channel_status",
    "oms_status",
    "oms_error",
    "oms_id",
    "till_receipt",
    "created_ms",
    "modified_ms",
    "waits_since_ms",
)
_SOURCE = """
(SELECT o.*, CASE WHEN paid_minor > total_minor THEN 'overpaid' WHEN paid_minor = total_minor THEN 'paid'
    WHEN paid_minor = 0 THEN 'unpaid' ELSE 'part_paid' END AS payment,
    CASE WHEN oms_status IN ('not exported', 'being exported') AND (till_receipt <> '' OR status = 'completed')
        THEN modified_ms END AS waits_since_ms
FROM (
    SELECT orders.*, COALESCE((SELECT SUM(amount_minor) FROM order_payment WHERE order_id = orders.id), 0) AS paid_minor
    FROM orders
) o) AS list
"""
ORDERS = Listing(
    source=_SOURCE,
    columns={name: name for name in _COLUMNS},
    key="id",
    search=("number", "customer_name", "company", "customer", "oms_id", "till_receipt", "subject"),
    sums=("total_minor", "paid_minor"),
    currency="currency",
    sort="created_ms",
)
_ORDER = """
SELECT id, number, origin, kind, store, till_id, customer, customer_name, company, employee, subject, ordered_day,
    expected_day, delivery, status, version, currency, includes_tax, total_minor, import_status, channel_status,
    oms_status, oms_error, oms_id, till_receipt, created_ms, modified_ms, phone, fields
FROM orders WHERE id = ?
"""
_LINES = """
SELECT line, article, name, quantity, unit, unit_price_minor, discount_minor, total_minor, tax_code, tax_percent, note
FROM order_line WHERE order_id = ? ORDER BY line
"""
_PAYMENTS = """
SELECT tender, currency, amount_minor, paid_ms, till_id, order_version, source_event
FROM order_payment WHERE order_id = ? ORDER BY paid_ms, source_event, effect_no
"""


class Line(Struct, frozen=True, kw_only=True):
    """A line as ordered, and how much of it has been handed over."""

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
    note: str
    delivered: str = "0"


class PaymentFact(Struct, frozen=True, kw_only=True):
    """What was paid, with what, when, where, and for which version of the order."""

    tender: str
    currency: str
    amount_minor: int
    paid_ms: int
    till_id: str | None
    order_version: int
    source_event: str


class Order(Struct, frozen=True, kw_only=True):
    """An order whole: lines, payment facts and what they come to."""

    id: str
    number: str
    origin: str
    kind: str
    store: str
    till_id: str | None
    customer: str
    customer_name: str
    company: str
    employee: str
    subject: str
    ordered_day: str
    expected_day: str
    delivery: str
    status: str
    version: int
    currency: str
    includes_tax: bool
    total_minor: int
    import_status: str
    channel_status: str
    oms_status: str
    oms_error: str
    oms_id: str
    till_receipt: str
    created_ms: int
    modified_ms: int
    phone: str
    fields: dict[str, str]
    lines: tuple[Line, ...]
    payments: tuple[PaymentFact, ...]
    balance: Balance
    # What was paid in advance and no final receipt has counted back yet.
    prepayments: tuple[Prepayment, ...] = ()


def page(connection: Connection, request: ListRequest) -> Page:
    """Read a page of the list. `waits_since_ms` is set while an export waits: see `waits_long`.

    Raises Refused("unknown_column").
    """
    return read_page(connection.rows, ORDERS, request)


def waits_long(waits_since_ms: int | None, now_ms: int) -> bool:
    """Tell whether an export has been pending for more than 30 minutes."""
    return waits_since_ms is not None and now_ms - waits_since_ms > PENDING_LONG_MS


def order(connection: Connection, order_id: str) -> Order | None:
    """Read one order whole, or None."""
    row = connection.row(_ORDER, (order_id,))
    if row is None:
        return None
    head: dict[str, Any] = dict(zip(Order.__struct_fields__, row, strict=False))
    head["includes_tax"] = bool(head["includes_tax"])
    head["fields"] = msgspec.json.decode(head["fields"], type=dict[str, str])
    happened = facts(connection, [order_id])[order_id]
    gone = delivered(happened.handovers)
    lines = [
        Line(**dict(zip(Line.__struct_fields__, line, strict=False)), delivered=_quantity(gone.get(number)))
        for number, line in enumerate(connection.rows(_LINES, (order_id,)), start=1)
    ]
    payments = tuple(
        PaymentFact(**dict(zip(PaymentFact.__struct_fields__, fact, strict=True)))
        for fact in connection.rows(_PAYMENTS, (order_id,))
    )
    return Order(
        **head,
        lines=tuple(lines),
        payments=payments,
        balance=balance(head["total_minor"], [fact.amount_minor for fact in payments]),
        prepayments=open_prepayments(happened.prepaid),
    )


def _quantity(amount: Decimal | None) -> str:
    return str(shortest(amount)) if amount else "0"
