"""An open order at the till: its lines and prices as ordered become the basket, and the rest is paid.

Works from the mirror alone. What the mirror cannot know yet - a payment at this very till - the till's own journal
knows; it wins. What another till did meanwhile becomes head office's worklist (protocol §5): no payment is lost.
"""

from msgspec import Struct

from schema.basket import Basket, Discount, Line, OrderRef, price
from schema.catalogue import StoreSettings
from schema.orders import OpenOrder, OrderLine
from till.words import RefusedInWords, Words

# An order list older than this may lack what head office knows by now.
FRESH_MS_MAX = 10 * 60 * 1000


class OwnPayment(Struct, frozen=True, kw_only=True):
    """What this till's journal knows of an order's payment."""

    receipt: str
    paid_after_minor: int


class Freshness(Struct, frozen=True, kw_only=True):
    """Whether head office can be asked, and how old the list is."""

    online: bool
    age_ms: int


def paid_minor(order: OpenOrder, own: OwnPayment | None) -> int:
    """Return what has been paid: the mirror's figure, or the own journal's where the mirror is behind."""
    return max(order.paid_minor, own.paid_after_minor if own else 0)


def check_takeable(order: OpenOrder, own: OwnPayment | None, freshness: Freshness, settings: StoreSettings) -> None:
    """Raise Refused where nothing is left to pay, or the store does not allow it offline."""
    if paid_minor(order, own) >= order.total_minor:
        raise _paid(order, own)
    if order.store != settings.store:
        raise RefusedInWords("other_store", "Order {number} belongs to another store.", number=order.number)
    if not freshness.online and settings.offline_orders == "deny":
        raise RefusedInWords(
            "offline_denied",
            "Head office cannot be asked now, and this store does not pay orders without it. Try again when online.",
        )


def _paid(order: OpenOrder, own: OwnPayment | None) -> RefusedInWords:
    if own is not None and own.paid_after_minor >= order.total_minor:
        return RefusedInWords(
            "order_paid",
            "Order {number} was paid at this till with receipt {receipt}. Nothing is left to pay.",
            number=order.number,
            receipt=own.receipt,
        )
    return RefusedInWords("order_paid", "Order {number} is paid. Nothing is left to pay.", number=order.number)


def warning(
    order: OpenOrder, own: OwnPayment | None, freshness: Freshness, settings: StoreSettings, words: Words
) -> str:
    """Say what a cashier should know before taking the order; empty where there is nothing."""
    parts = []
    if own is not None:
        parts.append(words("Part of it was paid at this till with receipt {receipt}.", receipt=own.receipt))
    if settings.offline_orders == "warn" and not freshness.online:
        parts.append(words("Head office cannot be asked now: another till may have taken this order meanwhile."))
    elif freshness.age_ms > FRESH_MS_MAX:
        parts.append(words("The list is {minutes} minutes old.", minutes=freshness.age_ms // 60_000))
    if price(basket_of(order, own)).total_minor != order.total_minor:
        parts.append(words("Its lines do not add up to its total; head office will see a difference."))
    return " ".join(parts)


def basket_of(order: OpenOrder, own: OwnPayment | None) -> Basket:
    """Return the order as a basket, prices as ordered."""
    return Basket(
        currency=order.currency,
        includes_tax=order.includes_tax,
        lines=tuple(_line(line) for line in order.lines),
        customer=order.customer,
        order=OrderRef(
            order_id=order.order_id,
            number=order.number,
            version=order.version,
            paid_minor=paid_minor(order, own),
        ),
    )


def _line(line: OrderLine) -> Line:
    discount = Discount(amount_minor=line.discount_minor) if line.discount_minor else None
    return Line(
        article=line.article,
        name=line.name,
        quantity=line.quantity,
        unit=line.unit,
        unit_price_minor=line.unit_price_minor,
        tax_code=line.tax_code,
        tax_percent=line.tax_percent,
        discount=discount,
        note=line.note,
        price_reason="order",
    )
