"""A till's finished sale as rows of the order list, and its payments as facts. Pure.

A sale without an order becomes an order of its own, completed as it is born. A pickup adds its payments to head
office's order. A pickup of an order that nobody knows, or of another store's, stands on its own as `unallocated`.
"""

from collections.abc import Mapping

from msgspec import Struct

from schema.errors import Refused
from schema.events import SaleCompleted
from schema.money import format_plain
from server.orders.rules import UNALLOCATED
from server.orders.tables import Held
from server.pipeline.worklist import Matter

Row = tuple[object, ...]


class Origin(Struct, frozen=True, kw_only=True):
    """Where a sale comes from, as its event's header and the till's row say."""

    event_id: str
    store: str
    till_id: str
    day: str


class Imported(Struct, frozen=True, kw_only=True):
    """A sale's rows. `order` is None where it was taken for an order that is there already."""

    order_id: str
    order: Row | None
    lines: tuple[Row, ...]
    payments: tuple[Row, ...]
    matter: Matter | None = None


def check_sale(sale: SaleCompleted) -> None:
    """Raise Refused where a receipt's own figures do not agree: its posting must wait for a person."""
    gross = sum(row.gross_minor for row in sale.taxes)
    lines = sum(line.total_minor for line in sale.lines)
    expected = gross if sale.includes_tax else sum(row.net_minor for row in sale.taxes)
    paid = sum(part.amount_minor for part in sale.payments) + (sale.order.paid_minor if sale.order else 0)
    _agree("its taxes and its total", gross, sale.total_minor, sale)
    _agree("its lines and its taxes", lines, expected, sale)
    _agree("its payments and what was due", paid, sale.total_minor + sale.cash_rounding_minor, sale)
    if any(row.net_minor + row.tax_minor != row.gross_minor for row in sale.taxes):
        raise Refused("bad_sums", f"Receipt {sale.receipt}: net and tax do not make gross. It waits unposted.")
    if not all(line.quantity.is_finite() and line.tax_percent.is_finite() for line in sale.lines):
        raise Refused("bad_quantity", f"Receipt {sale.receipt} has a quantity or rate that is no number. It waits.")
    if any(part.currency != sale.currency for part in sale.payments):
        raise Refused("bad_currency", f"Receipt {sale.receipt} was paid in another currency. It waits unposted.")


def _agree(what: str, found: int, wanted: int, sale: SaleCompleted) -> None:
    if found != wanted:
        one, other = format_plain(found, sale.currency), format_plain(wanted, sale.currency)
        raise Refused("bad_sums", f"Receipt {sale.receipt}: {what} differ ({one} and {other}). It waits unposted.")


def import_sale(
    sale: SaleCompleted, origin: Origin, known: Mapping[str, Held], names: Mapping[str, tuple[str, str]], now_ms: int
) -> Imported:
    """Return a sale's rows. `known` holds the orders that sales of this batch refer to, `names` their customers."""
    if sale.order is not None and is_known(sale, origin, known):
        return Imported(
            order_id=sale.order.order_id,
            order=None,
            lines=(),
            payments=_payments(sale, origin, sale.order.order_id, sale.order.version),
        )
    return Imported(
        order_id=sale.sale_id,
        order=_order(sale, origin, names.get(sale.customer, ("", "")), now_ms),
        lines=_lines(sale),
        payments=_payments(sale, origin, sale.sale_id, 1),
        matter=_unallocated(sale, origin) if sale.order else None,
    )


def is_known(sale: SaleCompleted, origin: Origin, known: Mapping[str, Held]) -> bool:
    """Tell whether the order that a sale pays is there and belongs to the till's store."""
    order = known.get(sale.order.order_id) if sale.order else None
    return order is not None and order.store == origin.store and order.currency == sale.currency


def _order(sale: SaleCompleted, origin: Origin, name: tuple[str, str], now_ms: int) -> Row:
    kind = UNALLOCATED if sale.order else "return" if sale.total_minor < 0 else "sale"
    return (
        sale.sale_id,
        sale.receipt,
        "till",
        kind,
        origin.store,
        origin.till_id,
        sale.customer,
        name[0],
        name[1],
        sale.cashier_name,
        "",
        origin.day,
        "",
        "pickup",
        "completed",
        1,
        sale.currency,
        int(sale.includes_tax),
        sale.total_minor,
        "order complete",
        "no changes to sync",
        "not exported",
        sale.receipt,
        origin.event_id,
        now_ms,
        now_ms,
    )


def _lines(sale: SaleCompleted) -> tuple[Row, ...]:
    return tuple(
        (
            sale.sale_id,
            number,
            line.article,
            line.name,
            str(line.quantity),
            line.unit,
            line.unit_price_minor,
            line.discount_minor + line.bill_share_minor,
            line.total_minor,
            line.tax_code,
            str(line.tax_percent),
            line.note,
        )
        for number, line in enumerate(sale.lines, start=1)
    )


def _payments(sale: SaleCompleted, origin: Origin, order_id: str, version: int) -> tuple[Row, ...]:
    """One fact per payment, and one for what cash rounding gave or took, so that the facts sum to what was due.

    A pickup with nothing left to pay is a fact of amount zero: the goods were handed over.
    """
    paid: list[tuple[str, int]] = [(part.tender, part.amount_minor) for part in sale.payments] or [("deposit", 0)]
    if sale.cash_rounding_minor:
        paid.append(("rounding", -sale.cash_rounding_minor))
    return tuple(
        (
            origin.event_id,
            number,
            order_id,
            tender,
            sale.currency,
            amount,
            sale.completed_ms,
            origin.till_id,
            version,
        )
        for number, (tender, amount) in enumerate(paid, start=1)
    )


def _unallocated(sale: SaleCompleted, origin: Origin) -> Matter:
    number = sale.order.number if sale.order else ""
    amount = sum(part.amount_minor for part in sale.payments)
    return Matter(
        kind=UNALLOCATED,
        subject=number,
        detail=f"Till receipt {sale.receipt} paid order {number}, which store {origin.store} does not have: "
        "its amount stands on the suspense account. Find the order, or refund the customer.",
        amount_minor=amount,
        source=origin.event_id,
    )
