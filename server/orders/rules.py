"""Rules of sales orders. Values in, values out.

A payment is a fact; what an order comes to is a pure function of the set of its facts and of the order itself, so the
order of arrival does not matter (protocol §5). `outcome` is that function.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from msgspec import Struct

from schema.basket import Basket, Discount, Line, Totals, discount_of, price
from schema.errors import Refused
from schema.orders import OPEN_STATUSES, Delivery, OpenOrder, OrderLine, OrderStatus, balance, may_become
from schema.quantity import check_quantity, multiply

KINDS = ("order", "webshop", "phone", "workshop")
OVERPAID = "overpaid"
PAID_AFTER_CANCEL = "paid after cancel"
PRICE_DIFFERENCE = "price difference"
UNALLOCATED = "unallocated"
# Matters that follow from an order's facts, and so open and close by themselves.
SETTLED_KINDS = (OVERPAID, PAID_AFTER_CANCEL, PRICE_DIFFERENCE)


class LineWish(Struct, frozen=True, kw_only=True):
    """A line as a person enters it: an article, or free text with price and tax code. Price None: the article's."""

    article: str = ""
    quantity: Decimal
    name: str = ""
    unit_price_minor: int | None = None
    discount_percent: Decimal | None = None
    discount_minor: int | None = None
    tax_code: str = ""
    note: str = ""


class OrderWish(Struct, frozen=True, kw_only=True):
    """An order as a person enters it. `customer` is a number; without one, the names are taken as typed."""

    store: str
    lines: tuple[LineWish, ...]
    kind: str = "order"
    customer: str = ""
    customer_name: str = ""
    company: str = ""
    employee: str = ""
    subject: str = ""
    ordered_day: date
    expected_day: date | None = None
    delivery: Delivery = "pickup"
    includes_tax: bool = True


class Fact(Struct, frozen=True, kw_only=True):
    """A payment taken for an order, and the version of the order that the till saw."""

    amount_minor: int
    order_version: int


class Outcome(Struct, frozen=True, kw_only=True):
    """What an order comes to: its status, and per kind of matter the amount in doubt (absent: none)."""

    status: OrderStatus
    matters: dict[str, int]


def outcome(status: OrderStatus, version: int, due_minor: int, facts: Sequence[Fact]) -> Outcome:
    """Return the status and the open matters that follow from an order and the set of its facts."""
    state = balance(due_minor, [fact.amount_minor for fact in facts])
    matters = {}
    if status == "fully_cancelled":
        if state.paid_minor:
            matters[PAID_AFTER_CANCEL] = state.paid_minor
        return Outcome(status=status, matters=matters)
    if state.overpaid_minor:
        matters[OVERPAID] = state.overpaid_minor
    if any(fact.order_version < version for fact in facts) and due_minor != state.paid_minor:
        matters[PRICE_DIFFERENCE] = due_minor - state.paid_minor
    return Outcome(status=_status_after(status, due_minor, facts), matters=matters)


def _status_after(status: OrderStatus, due_minor: int, facts: Sequence[Fact]) -> OrderStatus:
    """Goods are handed over against the full amount. What was given back later does not undo the pickup."""
    received = sum(max(fact.amount_minor, 0) for fact in facts)
    handed_over = bool(facts) and received >= due_minor
    return "completed" if handed_over and status in OPEN_STATUSES else status


def order_number(store: str, running: int) -> str:
    """Return the number of a head-office order: `SO-0001-000001`, without gaps per store."""
    return f"SO-{store}-{running:06d}"


def check_wish(wish: OrderWish) -> None:
    """Raise Refused where an order cannot be taken as entered."""
    if not wish.lines:
        raise Refused("no_lines", "The order has no lines. Add at least one article.")
    if wish.kind not in KINDS:
        raise Refused("unknown_kind", f"“{wish.kind[:40]}” is no kind of order. Choose one of: {', '.join(KINDS)}.")
    if not wish.customer and not wish.customer_name.strip() and not wish.company.strip():
        raise Refused("no_customer", "The order names nobody. Choose a customer or type a name.")
    if wish.expected_day and wish.expected_day < wish.ordered_day:
        raise Refused("bad_date", "The expected day lies before the day of the order. Correct one of them.")
    for line in wish.lines:
        _check_line(line)


def _check_line(line: LineWish) -> None:
    check_quantity(line.quantity)
    if line.quantity < 0:
        raise Refused("bad_quantity", "An order's quantity is more than zero. A return is made at the till.")
    if line.unit_price_minor is not None and line.unit_price_minor < 0:
        raise Refused("bad_amount", "A price is not negative. Give a discount instead.")
    if line.discount_percent is not None and not 0 <= line.discount_percent <= 100:
        raise Refused("bad_discount", "A discount is between 0 and 100 percent.")
    if line.discount_minor is not None and line.discount_minor < 0:
        raise Refused("bad_discount", "A discount is not negative.")
    if not line.article and (not line.name.strip() or line.unit_price_minor is None or not line.tax_code):
        raise Refused("bad_line", "A line without an article needs a text, a price and a tax code.")


def discount_wish(line: LineWish) -> Discount | None:
    """Return a line's discount, a percentage before an amount, or None."""
    if line.discount_percent:
        return Discount(percent=line.discount_percent)
    return Discount(amount_minor=line.discount_minor) if line.discount_minor else None


def check_discounts(lines: Sequence[Line]) -> None:
    """Raise Refused where a discount is more than its line."""
    for line in lines:
        base = multiply(line.unit_price_minor, line.quantity)
        wished = line.discount.amount_minor if line.discount else None
        if wished is not None and wished > abs(discount_of(base, line.discount)):
            raise Refused("bad_discount", f"The discount on “{line.name}” is more than the line.")


def priced(lines: Sequence[Line], currency: str, *, includes_tax: bool) -> tuple[tuple[OrderLine, ...], Totals]:
    """Price an order's lines as a basket is priced; a line total includes tax where the order's prices do."""
    totals = price(Basket(currency=currency, includes_tax=includes_tax, lines=tuple(lines)))
    ordered = tuple(
        OrderLine(
            article=part.line.article,
            name=part.line.name,
            quantity=part.line.quantity,
            unit=part.line.unit,
            unit_price_minor=part.line.unit_price_minor,
            discount_minor=part.discount_minor + part.bill_share_minor,
            total_minor=part.total_minor,
            tax_code=part.line.tax_code,
            tax_percent=part.line.tax_percent,
            note=part.line.note,
        )
        for part in totals.lines
    )
    return ordered, totals


def check_step(present: OrderStatus, wanted: OrderStatus, number: str) -> None:
    """Raise Refused("bad_step") where an order may not go from one status to another."""
    if not may_become(present, wanted):
        raise Refused(
            "bad_step",
            f"Order {number} is {present.replace('_', ' ')} and cannot become {wanted.replace('_', ' ')}. "
            "Nothing was changed.",
        )


def is_offered(order: OpenOrder) -> bool:
    """Tell whether the store's tills see an order."""
    return order.status in OPEN_STATUSES
