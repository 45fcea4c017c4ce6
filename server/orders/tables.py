"""SQL of `orders`, `order_line` and an order's facts: payments, handovers, prepayments. Written by this room only."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from schema.orders import OpenOrder, OrderLine, OrderStatus
from schema.quantity import shortest
from schema.tax import TaxSum
from server.db import Connection
from server.orders.rules import (
    RECEIPT_KINDS,
    Fact,
    Facts,
    Goods,
    Handover,
    Prepaid,
    charged,
    charged_taxes,
    delivered,
    open_prepayments,
)

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
# Orders made at a till also have what the cashier asked for.
MADE_COLUMNS = (*ORDER_COLUMNS, "phone", "fields")
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
DELIVERY_COLUMNS = (
    "source_event",
    "effect_no",
    "order_id",
    "line",
    "quantity",
    "order_version",
    "total_minor",
    "stated_tax_minor",
)
PREPAYMENT_COLUMNS = (
    "source_event",
    "effect_no",
    "order_id",
    "receipt",
    "day",
    "tax_code",
    "tax_percent",
    "net_minor",
    "tax_minor",
    "gross_minor",
)
_HELD = """
SELECT id, number, origin, kind, store, status, version, currency, total_minor, import_status, source_event
FROM orders WHERE id IN ({marks}) ORDER BY id{for_update}
"""
_PAYMENTS = "SELECT order_id, amount_minor, order_version FROM order_payment WHERE order_id IN ({marks})"
_HANDOVERS = """
SELECT order_id, line, quantity, order_version, total_minor, source_event, stated_tax_minor FROM order_delivery
WHERE order_id IN ({marks})
"""
_PREPAID = """
SELECT order_id, receipt, day, tax_code, tax_percent, net_minor, tax_minor, gross_minor FROM order_prepayment
WHERE order_id IN ({marks}) ORDER BY source_event, effect_no
"""
_GOODS = "SELECT order_id, quantity, total_minor FROM order_line WHERE order_id IN ({marks}) ORDER BY order_id, line"
_OPEN = """
SELECT id, number, version, store, status, delivery, customer, customer_name, company, subject, ordered_day,
    expected_day, currency, includes_tax, total_minor, phone, fields,
    COALESCE((SELECT SUM(amount_minor) FROM order_payment WHERE order_id = orders.id), 0)
FROM orders WHERE id = ?
"""
_OPEN_NAMES = (
    *("order_id", "number", "version", "store", "status", "delivery", "customer", "customer_name", "company"),
    *(
        "subject",
        "ordered_day",
        "expected_day",
        "currency",
        "includes_tax",
        "total_minor",
        "phone",
        "fields",
        "paid_minor",
    ),
)
_LINES = """
SELECT article, name, quantity, unit, unit_price_minor, discount_minor, total_minor, tax_code, tax_percent, note
FROM order_line WHERE order_id = ? ORDER BY line
"""
_LINE_NAMES = (
    *("article", "name", "quantity", "unit", "unit_price_minor", "discount_minor", "total_minor"),
    *("tax_code", "tax_percent", "note"),
)
_SET_STATUS = """
UPDATE orders SET status = ?, import_status = ?, channel_status = 'exported', modified_ms = ? WHERE id = ?
"""

_OF_CUSTOMER = """
SELECT id, status, customer_name, company FROM orders WHERE customer = ? AND kind NOT IN ({marks})
ORDER BY id{for_update}
"""
_HAND_OVER = "UPDATE orders SET customer = ?, customer_name = ?, company = ?, modified_ms = ? WHERE id = ?"


class Held(Struct, frozen=True, kw_only=True):
    """An order that this transaction holds: nobody else changes it or its facts."""

    id: str
    number: str
    origin: str
    kind: str
    store: str
    status: OrderStatus
    version: int
    currency: str
    total_minor: int
    import_status: str
    source_event: str | None


def hold(connection: Connection, order_ids: Iterable[str]) -> dict[str, Held]:
    """Lock orders, always in the order of their ids, and return those that exist."""
    ids = sorted(set(order_ids))
    if not ids:
        return {}
    sql = _HELD.format(marks=", ".join("?" * len(ids)), for_update=connection.for_update)
    names = Held.__struct_fields__
    return {row[0]: Held(**dict(zip(names, row, strict=True))) for row in connection.rows(sql, ids)}


def facts(connection: Connection, order_ids: Sequence[str]) -> dict[str, Facts]:
    """Return all that happened to orders."""
    marks = ", ".join("?" * len(order_ids))
    payments: dict[str, list[Fact]] = {order_id: [] for order_id in order_ids}
    for order_id, amount, version in connection.rows(_PAYMENTS.format(marks=marks), order_ids):
        payments[order_id].append(Fact(amount_minor=amount, order_version=version))
    handovers: dict[str, list[Handover]] = {order_id: [] for order_id in order_ids}
    for order_id, *row in connection.rows(_HANDOVERS.format(marks=marks), order_ids):
        handovers[order_id].append(_handover(row))
    prepaid: dict[str, list[Prepaid]] = {order_id: [] for order_id in order_ids}
    for order_id, *row in connection.rows(_PREPAID.format(marks=marks), order_ids):
        prepaid[order_id].append(_prepaid(row))
    return {
        order_id: Facts(
            payments=tuple(payments[order_id]), handovers=tuple(handovers[order_id]), prepaid=tuple(prepaid[order_id])
        )
        for order_id in order_ids
    }


def _handover(row: Sequence[Any]) -> Handover:
    line, quantity, version, total, source, stated_tax = row
    return Handover(
        line=line,
        quantity=Decimal(quantity),
        order_version=version,
        total_minor=total,
        source=source,
        stated_tax_minor=stated_tax,
    )


def _prepaid(row: Sequence[Any]) -> Prepaid:
    receipt, day, code, percent, net, tax, gross = row
    sums = TaxSum(code=code, percent=Decimal(percent), net_minor=net, tax_minor=tax, gross_minor=gross)
    return Prepaid(receipt=receipt, day=day, tax=sums)


def goods(connection: Connection, order_ids: Sequence[str]) -> dict[str, list[Goods]]:
    """Return what was ordered, line by line."""
    found: dict[str, list[Goods]] = {order_id: [] for order_id in order_ids}
    for order_id, quantity, total in connection.rows(_GOODS.format(marks=", ".join("?" * len(order_ids))), order_ids):
        found[order_id].append(Goods(quantity=Decimal(quantity), total_minor=total))
    return found


def add_orders(connection: Connection, rows: Sequence[Sequence[object]]) -> None:
    connection.copy_rows("orders", ORDER_COLUMNS, rows)


def add_made(connection: Connection, rows: Sequence[Sequence[object]]) -> None:
    """Store orders made at a till. Raises ConstraintBrokenError for a number that another order has."""
    connection.copy_rows("orders", MADE_COLUMNS, rows)


def existing(connection: Connection, order_ids: Iterable[str]) -> set[str]:
    """Return which orders are there, without holding them."""
    ids = sorted(set(order_ids))
    if not ids:
        return set()
    sql = f"SELECT id FROM orders WHERE id IN ({', '.join('?' * len(ids))})"
    return {order_id for (order_id,) in connection.rows(sql, ids)}


def add_lines(connection: Connection, rows: Sequence[Sequence[object]]) -> None:
    connection.copy_rows("order_line", LINE_COLUMNS, rows)


def add_payments(connection: Connection, rows: Sequence[Sequence[object]]) -> None:
    """Store payment facts. Raises ConstraintBrokenError for one that is there already."""
    connection.copy_rows("order_payment", PAYMENT_COLUMNS, rows)


def add_deliveries(connection: Connection, rows: Sequence[Sequence[object]]) -> None:
    """Store what was handed over. Raises ConstraintBrokenError for a fact that is there already."""
    if rows:
        connection.many(_insert("order_delivery", DELIVERY_COLUMNS), rows)


def add_prepayments(connection: Connection, rows: Sequence[Sequence[object]]) -> None:
    """Store prepayments, taken or counted back. Raises ConstraintBrokenError for a fact that is there already."""
    if rows:
        connection.many(_insert("order_prepayment", PREPAYMENT_COLUMNS), rows)


def _insert(table: str, columns: Sequence[str]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


def set_status(connection: Connection, changes: Iterable[tuple[str, OrderStatus]], now_ms: int) -> None:
    """Give orders (id, status) the status that follows from their facts."""
    rows = [
        (status, "order complete" if status == "completed" else "imported", now_ms, order_id)
        for order_id, status in changes
    ]
    if rows:
        connection.many(_SET_STATUS, rows)


class Placed(Struct, frozen=True, kw_only=True):
    """An order that somebody placed, by whom it is for."""

    id: str
    status: OrderStatus
    customer_name: str
    company: str


def placed_for(connection: Connection, customer: str) -> list[Placed]:
    """Lock a customer's orders and return them; a till's receipts are not among them."""
    kinds = sorted(RECEIPT_KINDS)
    sql = _OF_CUSTOMER.format(marks=", ".join("?" * len(kinds)), for_update=connection.for_update)
    names = Placed.__struct_fields__
    return [Placed(**dict(zip(names, row, strict=True))) for row in connection.rows(sql, (customer, *kinds))]


def hand_over(connection: Connection, customer: str, orders: Iterable[Placed], now_ms: int) -> None:
    """Make orders another customer's, under the names that they carry now."""
    rows = [(customer, order.customer_name, order.company, now_ms, order.id) for order in orders]
    if rows:
        connection.many(_HAND_OVER, rows)


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
    head["fields"] = msgspec.json.decode(head["fields"], type=dict[str, str])
    happened = facts(connection, [order_id])[order_id]
    lines = [_order_line(line) for line in connection.rows(_LINES, (order_id,))]
    return OpenOrder(
        **head,
        lines=_with_delivered(lines, happened.handovers),
        prepayments=open_prepayments(happened.prepaid),
        charged=() if head["includes_tax"] else charged_taxes(lines, happened.handovers),
    )


def _with_delivered(lines: Sequence[OrderLine], handovers: Sequence[Handover]) -> tuple[OrderLine, ...]:
    gone, for_minor = delivered(handovers), charged(handovers)
    return tuple(
        replace(line, delivered=shortest(gone[number]), delivered_minor=for_minor[number]) if gone.get(number) else line
        for number, line in enumerate(lines, start=1)
    )


def _order_line(row: Sequence[Any]) -> OrderLine:
    fields = dict(zip(_LINE_NAMES, row, strict=True))
    fields["quantity"] = Decimal(fields["quantity"])
    fields["tax_percent"] = Decimal(fields["tax_percent"])
    return OrderLine(**fields)
