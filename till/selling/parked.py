"""A basket that waited, taken up again: what was done meanwhile in another basket is not done twice.

Goods that came back since, an order that was handed over or paid since, an open item that was paid since: each refuses
the basket; it stays where it is until it is dropped and begun anew. Tax rates become those of the day; what it costs is
the price engine's business. A voucher to be issued has a code that no other basket has, so it cannot be stale.
"""

from collections.abc import Callable, Iterable
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from schema.basket import Basket, Line
from schema.catalogue import PastPayment, PastReceipt
from schema.orders import OpenOrder
from schema.parties import OpenItem
from schema.tax import TaxRate
from till.desk import Parts
from till.ordering.pickup import rest_of
from till.returning.returns import refundable, was_voided, with_basket_counted
from till.selling.customers import find_customer
from till.selling.register import NO_TAX, Sale
from till.words import RefusedInWords


class TakenUp(Struct, frozen=True, kw_only=True):
    """A parked sale as it may go on. `asked`: head office was asked about its order, or it has none."""

    sale: Sale
    asked: bool = True


def taken_up(sale: Sale, parts: Parts, today: date) -> TakenUp:
    """Look at everything again that may be done only once. Touches the disk and may wait for the agent.

    Raises Refused: came_back, receipt_voided, order_changed, item_paid, and what finding them raises.
    """
    sale = _with_receipts(sale, [parts.receipts.find(number).past for number in receipts_of(sale.basket)], today)
    if any(line.kind == "open_item" for line in sale.basket.lines):
        customer = find_customer(sale.basket.customer, parts.journal, parts.mirror)
        check_items(sale.basket, parts.balances.still_open(customer))
    if sale.taken is None:
        country = parts.mirror.settings().country
        basket = with_rates(sale.basket, lambda code: parts.mirror.rate(code, country, today))
        return TakenUp(sale=replace(sale, basket=basket))
    order, _ = parts.orders.find(sale.taken.order_id)
    now = with_order(sale, sale.taken, order)
    return TakenUp(sale=now, asked=parts.orders.claim(order))


def may_ask(sale: Sale) -> bool:
    """Tell whether head office may be asked about a basket: for receipts, or for an order."""
    return sale.taken is not None or bool(receipts_of(sale.basket))


# -- goods that come back


def receipts_of(basket: Basket) -> list[str]:
    """Return the receipts whose goods come back, each once."""
    return list(dict.fromkeys(line.returns.receipt for line in basket.lines if line.returns is not None))


def _with_receipts(sale: Sale, pasts: Iterable[PastReceipt], today: date) -> Sale:
    """Return the sale with how its receipts were paid, as the terminal still knows it."""
    refunds: list[PastPayment] = []
    for past in pasts:
        check_left(sale.basket, past)
        refunds += refundable(past.payments, is_today=past.day == today.isoformat())
    return replace(sale, refunds=tuple(refunds))


def check_left(basket: Basket, past: PastReceipt) -> None:
    """Raise Refused where a receipt was voided, or has less left than the basket brings back: came_back."""
    if past.voided:
        raise was_voided(past)
    wanted = {line.returns.line for line in basket.lines if line.returns and line.returns.receipt == past.receipt}
    for line in with_basket_counted(past, basket).lines:
        if line.line in wanted and line.returned > line.quantity:
            raise RefusedInWords(
                "came_back",
                "“{name}” of receipt {receipt} came back while this basket waited. Drop the basket, and begin it anew.",
                name=line.name,
                receipt=past.receipt,
            )


# -- open items, orders, rates


def check_items(basket: Basket, still_open: Iterable[OpenItem]) -> None:
    """Raise Refused("item_paid") where less is open of an item than the basket pays."""
    open_minor = {item.reference: item.open_minor for item in still_open}
    for line in basket.lines:
        if line.kind == "open_item" and line.unit_price_minor > open_minor.get(line.reference, 0):
            raise RefusedInWords(
                "item_paid",
                "Open item {reference} was paid while this basket waited. Drop the basket, and begin it anew.",
                reference=line.reference,
            )


def with_order(sale: Sale, before: OpenOrder, now: OpenOrder) -> Sale:
    """Return the sale of an order as it is now. Raises Refused("order_changed") where that is another handover."""
    if _standing(before) != _standing(now):
        raise RefusedInWords(
            "order_changed",
            "Order {number} changed while this basket waited. Drop the basket, and take the order anew.",
            number=now.number,
        )
    reference = replace(sale.basket.order, version=now.version) if sale.basket.order else None
    return replace(sale, taken=now, basket=replace(sale.basket, order=reference))


def _standing(order: OpenOrder) -> tuple[object, ...]:
    """Return what of an order decides its basket: its goods, what left, what was paid."""
    rests = {each.receipt: rest_of(each) for each in order.prepayments}
    goods = tuple((line.article, line.quantity, line.total_minor, line.delivered) for line in order.lines)
    return goods, order.total_minor, order.paid_minor, {receipt: rest for receipt, rest in rests.items() if rest}


def with_rates(basket: Basket, rate_of: Callable[[str], TaxRate]) -> Basket:
    """Return a basket at the tax rates of the day; what a receipt has taxed keeps its rate."""

    def taxed(line: Line) -> Line:
        if line.returns is not None or line.tax_code == NO_TAX:
            return line
        return replace(line, tax_percent=rate_of(line.tax_code).percent)

    return replace(basket, lines=tuple(map(taxed, basket.lines)))
