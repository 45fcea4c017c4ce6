"""Rules of sales orders. Values in, values out.

A payment is a fact, and so is each handover of goods and each prepayment. What an order comes to is a pure function of
the set of its facts and of the order itself, so the order of arrival does not matter (protocol §5). `outcome` is that
function. Goods of an order that come back later are a return at the till: they take nothing from what was delivered.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from schema.basket import Basket, Discount, Line, Totals, discount_of, price
from schema.errors import Refused
from schema.money import half_up
from schema.orders import (
    OPEN_STATUSES,
    Delivery,
    OpenOrder,
    OrderLine,
    OrderStatus,
    Prepayment,
    balance,
    may_become,
    order_line,
)
from schema.quantity import check_quantity, multiply
from schema.tax import TaxedAmount, TaxSum, breakdown, summed

KINDS = ("order", "webshop", "phone", "workshop")
# What a till's receipt is in the list of orders and returns; every other kind is an order that somebody placed.
RECEIPT_KINDS = frozenset({"sale", "return", "void", "unallocated"})
# A till's label is its store and its number, with a letter where it was replaced.
TILL_ORDER = re.compile(r".+-\d+[a-z]*-O-\d{6,}", re.ASCII)
OVERPAID = "overpaid"
PAID_AFTER_CANCEL = "paid after cancel"
PRICE_DIFFERENCE = "price difference"
PICKUP_CONFLICT = "pickup conflict"
PREPAYMENT_TWICE = "prepayment counted twice"
UNALLOCATED = "unallocated"
# Matters that follow from an order's facts, and so open and close by themselves.
SETTLED_KINDS = (OVERPAID, PAID_AFTER_CANCEL, PRICE_DIFFERENCE, PICKUP_CONFLICT, PREPAYMENT_TWICE)
# A status that follows from what was delivered; an order leaves it again when its pickup is voided.
_DELIVERED_STATUSES: frozenset[OrderStatus] = frozenset({"completed", "partly_delivered"})
WHOLE_ORDER = 0


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


class Handover(Struct, frozen=True, kw_only=True):
    """Goods handed over: of a line (from 1), or the whole order (`WHOLE_ORDER`, quantity 1). A void is a minus."""

    line: int
    quantity: Decimal
    order_version: int
    # What was charged for it, None for facts from before this was kept, and the tax where its line states that itself;
    # `source` is its receipt's event.
    total_minor: int | None = None
    stated_tax_minor: int | None = None
    source: str = ""


class Prepaid(Struct, frozen=True, kw_only=True):
    """A prepayment's part at one tax rate: taken, or (negative) counted back in a final receipt, or voided."""

    receipt: str
    day: str
    tax: TaxSum


class Facts(Struct, frozen=True, kw_only=True):
    """All that happened to an order."""

    payments: tuple[Fact, ...] = ()
    handovers: tuple[Handover, ...] = ()
    prepaid: tuple[Prepaid, ...] = ()


class Goods(Struct, frozen=True, kw_only=True):
    """How much of a line was ordered, and what it comes to."""

    quantity: Decimal
    total_minor: int


class Outcome(Struct, frozen=True, kw_only=True):
    """What an order comes to: its status, and per kind of matter the amount in doubt (absent: none)."""

    status: OrderStatus
    matters: dict[str, int]


def outcome(status: OrderStatus, version: int, due_minor: int, lines: Sequence[Goods], facts: Facts) -> Outcome:
    """Return the status and the open matters that follow from an order and the set of its facts."""
    state = balance(due_minor, [fact.amount_minor for fact in facts.payments])
    found = {PREPAYMENT_TWICE: -sum(min(gross, 0) for gross in _prepaid_left(facts.prepaid).values())}
    if status == "fully_cancelled":
        found[PAID_AFTER_CANCEL] = state.paid_minor
        return Outcome(status=status, matters=_only_open(found))
    done = _handed_over(due_minor, lines, facts)
    found[OVERPAID] = state.overpaid_minor
    found[PICKUP_CONFLICT] = _handed_over_twice(lines, facts.handovers, state.overpaid_minor)
    if done != "nothing" and _was_changed_before(version, lines, facts.handovers):
        found[PRICE_DIFFERENCE] = due_minor - state.paid_minor
    return Outcome(status=_status_after(status, done), matters=_only_open(found))


def _only_open(matters: Mapping[str, int]) -> dict[str, int]:
    return {kind: amount for kind, amount in matters.items() if amount}


def delivered(handovers: Sequence[Handover]) -> dict[int, Decimal]:
    """Return line → how much of it was handed over; under `WHOLE_ORDER` how often the order as a whole was."""
    sums: dict[int, Decimal] = {}
    for one in handovers:
        sums[one.line] = sums.get(one.line, Decimal(0)) + one.quantity
    return sums


def charged(handovers: Sequence[Handover]) -> dict[int, int | None]:
    """Return line → what was charged for what was handed over of it; None where that is not known of all."""
    sums: dict[int, int | None] = {}
    for one in handovers:
        before = sums.get(one.line, 0)
        sums[one.line] = None if before is None or one.total_minor is None else before + one.total_minor
    return sums


def charged_taxes(lines: Sequence[OrderLine], handovers: Sequence[Handover]) -> tuple[TaxSum, ...]:
    """Return the tax tables, summed, of the receipts that handed goods over, of an order without tax in its prices."""
    receipts: dict[str, list[TaxedAmount]] = {}
    for one in handovers:
        if 1 <= one.line <= len(lines) and one.total_minor is not None:
            line = lines[one.line - 1]
            part = TaxedAmount(
                code=line.tax_code,
                percent=line.tax_percent,
                amount_minor=one.total_minor,
                tax_minor=one.stated_tax_minor,
            )
            receipts.setdefault(one.source, []).append(part)
    return summed(row for parts in receipts.values() for row in breakdown(parts, includes_tax=False))


_Done = Literal["nothing", "unpaid", "part", "all"]


def _handed_over(due_minor: int, lines: Sequence[Goods], facts: Facts) -> _Done:
    """Tell how much left the shop. An order as a whole goes against its full amount: else it is "unpaid".

    What was given back later does not undo a pickup; the void of its receipt does.
    """
    sums = delivered(facts.handovers)
    if sums.get(WHOLE_ORDER, 0) > 0:
        received = sum(max(fact.amount_minor, 0) for fact in facts.payments)
        return "all" if received >= due_minor else "unpaid"
    parts = [(sums.get(number, Decimal(0)), goods.quantity) for number, goods in enumerate(lines, start=1)]
    if not any(gone > 0 for gone, _ in parts):
        return "nothing"
    return "all" if all(gone >= wanted for gone, wanted in parts) else "part"


def _status_after(status: OrderStatus, done: _Done) -> OrderStatus:
    if status not in OPEN_STATUSES and status not in _DELIVERED_STATUSES:
        return status
    if done == "all":
        return "completed"
    if done == "part":
        return "partly_cancelled" if status == "partly_cancelled" else "partly_delivered"
    return "confirmed" if status in _DELIVERED_STATUSES else status


def _handed_over_twice(lines: Sequence[Goods], handovers: Sequence[Handover], overpaid_minor: int) -> int:
    """Return what the goods are worth that left the shop once too often.

    Of a whole order that is what was paid too much: its rest may have been paid with a second receipt.
    """
    sums = delivered(handovers)
    if sums.get(WHOLE_ORDER, 0) > 0:
        return overpaid_minor if sum(sums.values()) > 1 else 0
    return sum(
        _worth(goods, sums[number] - goods.quantity)
        for number, goods in enumerate(lines, start=1)
        if sums.get(number, Decimal(0)) > goods.quantity
    )


def _worth(goods: Goods, surplus: Decimal) -> int:
    numerator, denominator = (surplus / goods.quantity).as_integer_ratio() if goods.quantity else (1, 1)
    return half_up(goods.total_minor * numerator, denominator)


def _was_changed_before(version: int, lines: Sequence[Goods], handovers: Sequence[Handover]) -> bool:
    """Tell whether goods were handed over at an older version than the order now has, and none are left to be."""
    sums = delivered(handovers)
    is_whole = sums.get(WHOLE_ORDER, 0) > 0
    is_all = all(sums.get(number, Decimal(0)) >= goods.quantity for number, goods in enumerate(lines, start=1))
    return (is_whole or is_all) and any(one.order_version < version for one in handovers)


def _prepaid_left(facts: Sequence[Prepaid]) -> dict[str, int]:
    left: dict[str, int] = {}
    for fact in facts:
        left[fact.receipt] = left.get(fact.receipt, 0) + fact.tax.gross_minor
    return left


def open_prepayments(facts: Sequence[Prepaid]) -> tuple[Prepayment, ...]:
    """Return the prepayments that a final receipt still has to count back, each with its tax table."""
    left = sorted(receipt for receipt, gross in _prepaid_left(facts).items() if gross > 0)
    of_receipt = {receipt: [fact for fact in facts if fact.receipt == receipt] for receipt in left}
    return tuple(
        Prepayment(receipt=receipt, day=min(fact.day for fact in found), taxes=_table(fact.tax for fact in found))
        for receipt, found in of_receipt.items()
    )


def _table(rows: Iterable[TaxSum]) -> tuple[TaxSum, ...]:
    return tuple(sorted(summed(rows), key=lambda row: (-row.percent, row.code)))


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
    return tuple(order_line(part, part.line.note) for part in totals.lines), totals


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


def is_receipt(kind: str) -> bool:
    """Tell whether a row of the list is a till's receipt, not an order that somebody placed."""
    return kind in RECEIPT_KINDS


def comes_from_till(number: str) -> bool:
    """Tell whether an order number was made at a till: `<till's label>-O-000001`."""
    return TILL_ORDER.fullmatch(number) is not None
