"""A part of a line: what some of its pieces are worth, so that all parts together come to the whole line.

Used where goods come back and where an order is handed over bit by bit. What a part is worth is what all parts up to it
come to, less what those before it came to: however a line is cut, at whatever till, and whichever part was voided and
done again, the parts sum to the line's total (domain §1).
"""

from decimal import Decimal

from msgspec.structs import replace

from schema.basket import Discount, Line, discount_of
from schema.money import half_up
from schema.quantity import multiply


def share(total_minor: int, whole: Decimal, before: Decimal, quantity: Decimal, gone_minor: int | None = None) -> int:
    """Return what a quantity of a line comes to when `before` of its `whole` has gone already, for `gone_minor`.

    Without `gone_minor`, where nobody kept it, what went is taken to be the line's first part.
    """
    if gone_minor is None:
        gone_minor = _up_to(total_minor, whole, before)
    rest = total_minor - gone_minor
    part = _up_to(total_minor, whole, before + quantity) - gone_minor
    # What went may have been the dearer cents: then the next part is worth nothing, never less.
    return min(max(part, min(rest, 0)), max(rest, 0))


def _up_to(total_minor: int, whole: Decimal, quantity: Decimal) -> int:
    # Exactly: a quotient of decimals would be cut off somewhere.
    (part, of_part), (all_, of_all) = quantity.as_integer_ratio(), whole.as_integer_ratio()
    numerator, denominator = part * of_all, of_part * all_
    sign = 1 if denominator > 0 else -1
    return half_up(sign * total_minor * numerator, sign * denominator)


def coming_to(line: Line, total_minor: int, reason: str = "") -> Line:
    """Return a line with the discount by which it comes to a total.

    A part of a weighed line may come to a cent more than its price says: then the discount is a cent below zero. Only
    where the price of a part is less than half a cent, and it is the part that brings the cent, the price gives way.
    """
    base = multiply(line.unit_price_minor, line.quantity)
    off = base - total_minor if base >= 0 else total_minor - base
    discount = Discount(amount_minor=off, reason=reason) if off else None
    if base - discount_of(base, discount) == total_minor:
        return replace(line, discount=discount)
    numerator, denominator = (Decimal(total_minor) / line.quantity).as_integer_ratio()
    return coming_to(replace(line, unit_price_minor=-(-numerator // denominator)), total_minor, reason)
