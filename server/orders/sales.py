"""A till's finished sale as rows of the order list, and what it did to an order as facts. Pure.

A sale without an order becomes an order of its own, completed as it is born. A pickup adds its payments, the goods it
hands over and the prepayments it takes or counts back to head office's order. A pickup of an order that nobody knows,
or of another store's, stands on its own as `unallocated`.

Which lines are the order's: with order lines named (`order_line`) those; without any, and if no prepayment is taken,
all goods and their bottle deposits, for then the order is handed over as a whole. Every other line of the receipt (a
tip, a voucher, goods picked up on the way) is paid with it, but not for the order.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from schema.errors import Refused, Sentence
from schema.events import SaleCompleted, SoldLine, taxed
from schema.quantity import shortest
from schema.tax import TaxSum, breakdown
from server.kept import Amount, kept
from server.orders.rules import UNALLOCATED, WHOLE_ORDER, is_receipt
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
    deliveries: tuple[Row, ...] = ()
    prepayments: tuple[Row, ...] = ()
    matter: Matter | None = None


# Lines that are about something which has a number of its own.
_NAMED_KINDS = {
    "voucher": kept("Receipt {receipt} lacks the code of its voucher. It waits unposted."),
    "open_item": kept("Receipt {receipt} lacks the number of its open item. It waits unposted."),
}
_NO_SUCH_ORDER = kept(
    "Till receipt {receipt} paid order {number}, which store {store} does not have: its amount stands on the suspense "
    "account. Find the order, or refund the customer."
)
_TAXES_AND_TOTAL = kept("Receipt {receipt}: its taxes and its total differ ({one} and {other}). It waits unposted.")
_LINES_AND_TAXES = kept("Receipt {receipt}: its lines and its taxes differ ({one} and {other}). It waits unposted.")
_PAID_AND_DUE = kept("Receipt {receipt}: its payments and what was due differ ({one} and {other}). It waits unposted.")
_NET_AND_TAX = kept("Receipt {receipt}: net and tax do not make gross. It waits unposted.")
_NO_NUMBER = kept("Receipt {receipt} has a quantity or rate that is no number. It waits unposted.")
_OTHER_CURRENCY = kept("Receipt {receipt} was paid in another currency. It waits unposted.")
OTHER_LINES = "other lines"


def check_sale(sale: SaleCompleted) -> None:
    """Raise Refused where a receipt's own figures do not agree: its posting must wait for a person."""
    gross = sum(row.gross_minor for row in sale.taxes)
    lines = sum(line.total_minor for line in sale.lines)
    expected = gross if sale.includes_tax else sum(row.net_minor for row in sale.taxes)
    paid = sum(part.amount_minor for part in sale.payments) + (sale.order.paid_minor if sale.order else 0)
    _agree(_TAXES_AND_TOTAL, gross, sale.total_minor, sale)
    _agree(_LINES_AND_TAXES, lines, expected, sale)
    _agree(_PAID_AND_DUE, paid, sale.total_minor + sale.cash_rounding_minor, sale)
    if any(row.net_minor + row.tax_minor != row.gross_minor for row in sale.taxes):
        raise Refused("bad_sums", _NET_AND_TAX, receipt=sale.receipt)
    if not all(line.quantity.is_finite() and line.tax_percent.is_finite() for line in sale.lines):
        raise Refused("bad_quantity", _NO_NUMBER, receipt=sale.receipt)
    if any(part.currency != sale.currency for part in sale.payments):
        raise Refused("bad_currency", _OTHER_CURRENCY, receipt=sale.receipt)
    for line in sale.lines:
        if line.kind in _NAMED_KINDS and not line.reference:
            raise Refused("no_reference", _NAMED_KINDS[line.kind], receipt=sale.receipt)


def _agree(text: str, found: int, wanted: int, sale: SaleCompleted) -> None:
    if found != wanted:
        one, other = Amount(found, sale.currency), Amount(wanted, sale.currency)
        raise Refused("bad_sums", text, receipt=sale.receipt, one=one, other=other)


def import_sale(
    sale: SaleCompleted, origin: Origin, known: Mapping[str, Held], names: Mapping[str, tuple[str, str]], now_ms: int
) -> Imported:
    """Return a sale's rows. `known` holds the orders that sales of this batch refer to, `names` their customers."""
    if sale.order is not None and is_known(sale, origin, known):
        return Imported(
            order_id=sale.order.order_id,
            order=None,
            lines=(),
            payments=_payments(sale, origin, sale.order.order_id, sale.order.version, _not_for_order(sale)),
            deliveries=_deliveries(sale, origin, sale.order.order_id, sale.order.version),
            prepayments=_prepayments(sale, origin, sale.order.order_id),
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
    return (
        order is not None
        and not is_receipt(order.kind)
        and order.store == origin.store
        and order.currency == sale.currency
    )


def _order(sale: SaleCompleted, origin: Origin, name: tuple[str, str], now_ms: int) -> Row:
    return (
        sale.sale_id,
        sale.receipt,
        "till",
        _kind(sale),
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


def _kind(sale: SaleCompleted) -> str:
    if sale.order:
        return UNALLOCATED
    return "void" if sale.voids else "return" if sale.total_minor < 0 else "sale"


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


def _payments(
    sale: SaleCompleted, origin: Origin, order_id: str, version: int, other_minor: int = 0
) -> tuple[Row, ...]:
    """One fact per payment, and one for what cash rounding gave or took, so that the facts sum to what was due.

    `other_minor` of it was paid for lines that are not the order's. A pickup with nothing left to pay is a fact of
    amount zero.
    """
    paid: list[tuple[str, int]] = [(part.tender, part.amount_minor) for part in sale.payments] or [("deposit", 0)]
    if sale.cash_rounding_minor:
        paid.append(("rounding", -sale.cash_rounding_minor))
    if other_minor:
        paid.append((OTHER_LINES, -other_minor))
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


def _is_taken(line: SoldLine) -> bool:
    """Tell whether a prepayment line takes money (or its void gives it back), rather than counting it back."""
    return line.kind == "prepayment" and not line.reference


def _is_goods(line: SoldLine) -> bool:
    return line.kind == "goods" and line.returns is None


def _is_whole(sale: SaleCompleted) -> bool:
    """Tell whether a receipt hands over its order as a whole."""
    return any(_is_goods(line) for line in sale.lines) and not any(
        line.order_line or _is_taken(line) for line in sale.lines
    )


def _is_for_order(line: SoldLine, is_whole: bool) -> bool:
    if line.kind == "prepayment" or line.order_line:
        return line.returns is None
    return is_whole and (_is_goods(line) or line.kind == "bottle_deposit")


def _not_for_order(sale: SaleCompleted) -> int:
    is_whole = _is_whole(sale)
    others = [line for line in sale.lines if not _is_for_order(line, is_whole)]
    return sum(row.gross_minor for row in _taxes(others, sale)) if others else 0


def _taxes(lines: Sequence[SoldLine], sale: SaleCompleted) -> tuple[TaxSum, ...]:
    return breakdown(taxed(lines), includes_tax=sale.includes_tax)


def _deliveries(sale: SaleCompleted, origin: Origin, order_id: str, version: int) -> tuple[Row, ...]:
    """One fact per line handed over, or one for the order as a whole; the void of a receipt takes it back."""
    if _is_whole(sale):
        quantity = Decimal(-1 if sale.voids else 1)
        return ((origin.event_id, 0, order_id, WHOLE_ORDER, str(quantity), version, None, None),)
    return tuple(
        (
            origin.event_id,
            number,
            order_id,
            line.order_line,
            str(shortest(line.quantity)),
            version,
            line.total_minor,
            line.stated_tax_minor,
        )
        for number, line in enumerate(sale.lines, start=1)
        if line.order_line > 0 and line.returns is None
    )


def _prepayments(sale: SaleCompleted, origin: Origin, order_id: str) -> tuple[Row, ...]:
    """One fact per prepayment's receipt and tax rate: what this receipt took, or counted back."""
    own = sale.voids.receipt if sale.voids else sale.receipt
    receipts: dict[str, list[SoldLine]] = {}
    for line in sale.lines:
        if line.kind == "prepayment":
            receipts.setdefault(line.reference or own, []).append(line)
    sums = [(receipt, row) for receipt, lines in receipts.items() for row in _taxes(lines, sale)]
    return tuple(
        (
            origin.event_id,
            number,
            order_id,
            receipt,
            origin.day,
            row.code,
            str(row.percent),
            row.net_minor,
            row.tax_minor,
            row.gross_minor,
        )
        for number, (receipt, row) in enumerate(sums, start=1)
    )


def _unallocated(sale: SaleCompleted, origin: Origin) -> Matter:
    number = sale.order.number if sale.order else ""
    amount = sum(part.amount_minor for part in sale.payments)
    return Matter(
        kind=UNALLOCATED,
        subject=number,
        detail=Sentence(_NO_SUCH_ORDER, receipt=sale.receipt, number=number, store=origin.store),
        amount_minor=amount,
        source=origin.event_id,
    )
