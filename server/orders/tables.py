"""SQL of `orders`, `order_line` and `order_payment`. Written by this room only."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct

from schema.orders import OpenOrder, OrderLine, OrderStatus
from server.db import Connection
from server.orders.rules import Fact

ORDER_COLUMNS = (
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
    "version",
    "currency",
    "includes_tax",
    "total_minor",
    "import_status",
    "channel_status",
    "oms_status",
    "till_receipt",
    "source_event",
    "created_ms",
    "modified_ms",
)
LINE_COLUMNS = (
    "order_id",
    "line",
    "article",
    "name",
    "quantity",
    "unit",
    "unit_price_minor",
    "discount_minor",
    "total_minor",
    "tax_code",
    "tax_percent",
    "note",
)
PAYMENT_COLUMNS = (
    "source_event",
    "effect_no",
    "order_id",
    "tender",
    "currency",
    "amount_minor",
    "paid_ms",
    "till_id",
    "order_version",
)
_HELD = """
SELECT id, number, origin, store, status, version, currency, total_minor, import_status
FROM orders WHERE id IN ({marks}) ORDER BY id{for_update}
"""
_FACTS = "SELECT order_id, amount_minor, order_version FROM order_payment WHERE order_id IN ({marks})"
_OPEN = """
SELECT id, number, version, store, status, delivery, customer, customer_name, company, subject, ordered_day,
    expected_day, currency, includes_tax, total_minor,
    COALESCE((SELECT SUM(amount_minor) FROM order_payment WHERE order_id = orders.id), 0)
FROM orders WHERE id = ?
"""
_OPEN_NAMES = (
    *("order_id", "number", "version", "store", "status", "delivery", "customer", "customer_name", "company"),
    *("subject", "ordered_day", "expected_day", "currency", "includes_tax", "total_minor", "paid_minor"),
)
_LINES = """
SELECT article, name, quantity, unit, unit_price_minor, discount_minor, total_minor, tax_code, tax_percent, note
FROM order_line WHERE order_id = ? ORDER BY line
"""
_LINE_NAMES = (
    *("article", "name", "quantity", "unit", "unit_price_minor", "discount_minor", "total_minor"),
    *("tax_code", "tax_percent", "note"),
)
_COMPLETE = """
UPDATE orders SET status = 'completed', import_status = 'order complete', channel_status = 'exported', modified_ms = ?
WHERE id = ?
"""


class Held(Struct, frozen=True, kw_only=True):
    """An order that this transaction holds: nobody else changes it or its facts."""

    id: str
    number: str
    origin: str
    store: str
    status: OrderStatus
    version: int
    currency: str
    total_minor: int
    import_status: str


def hold(connection: Connection, order_ids: Iterable[str]) -> dict[str, Held]:
    """Lock orders, always in the order of their ids, and return those that exist."""
    ids = sorted(set(order_ids))
    if not ids:
        return {}
    sql = _HELD.format(marks=", ".join("?" * len(ids)), for_update=connection.for_update)
    names = Held.__struct_fields__
    return {row[0]: Held(**dict(zip(names, row, strict=True))) for row in connection.rows(sql, ids)}


def facts(connection: Connection, order_ids: Sequence[str]) -> dict[str, list[Fact]]:
    """Return the payment facts of orders."""
    found: dict[str, list[Fact]] = {order_id: [] for order_id in order_ids}
    sql = _FACTS.format(marks=", ".join("?" * len(order_ids)))
    for order_id, amount, version in connection.rows(sql, order_ids):
        found[order_id].append(Fact(amount_minor=amount, order_version=version))
    return found


def add_orders(connection: Connection, rows: Sequence[Sequence[object]]) -> None:
    connection.copy_rows("orders", ORDER_COLUMNS, rows)


def add_lines(connection: Connection, rows: Sequence[Sequence[object]]) -> None:
    connection.copy_rows("order_line", LINE_COLUMNS, rows)


def add_payments(connection: Connection, rows: Sequence[Sequence[object]]) -> None:
    """Store payment facts. Raises ConstraintBrokenError for one that is there already."""
    connection.copy_rows("order_payment", PAYMENT_COLUMNS, rows)


def complete(connection: Connection, order_ids: Iterable[str], now_ms: int) -> None:
    connection.many(_COMPLETE, [(now_ms, order_id) for order_id in order_ids])


def line_row(order_id: str, number: int, line: OrderLine) -> tuple[object, ...]:
    """Return a line as `LINE_COLUMNS` want it."""
    return (
        order_id,
        number,
        line.article,
        line.name,
        str(line.quantity),
        line.unit,
        line.unit_price_minor,
        line.discount_minor,
        line.total_minor,
        line.tax_code,
        str(line.tax_percent),
        line.note,
    )


def open_order(connection: Connection, order_id: str) -> OpenOrder | None:
    """Return an order as a till may see it, or None."""
    row = connection.row(_OPEN, (order_id,))
    if row is None:
        return None
    head = dict(zip(_OPEN_NAMES, row, strict=True))
    head["includes_tax"] = bool(head["includes_tax"])
    return OpenOrder(**head, lines=tuple(_order_line(line) for line in connection.rows(_LINES, (order_id,))))


def _order_line(row: Sequence[Any]) -> OrderLine:
    fields = dict(zip(_LINE_NAMES, row, strict=True))
    fields["quantity"] = Decimal(fields["quantity"])
    fields["tax_percent"] = Decimal(fields["tax_percent"])
    return OrderLine(**fields)
