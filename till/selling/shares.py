"""A part of a line: what some of its pieces are worth, so that all parts together come to the whole line.

Used where goods come back and where an order is handed over bit by bit. What a part is worth depends only on how much
went before it: however a line is cut, at whatever till, the parts sum to the line's total (domain §1).
"""

from decimal import Decimal

from msgspec.structs import replace

from schema.basket import Discount, Line, discount_of
from schema.money import half_up
from schema.quantity import multiply


def share(total_minor: int, whole: Decimal, before: Decimal, quantity: Decimal) -> int:
    """Return what a quantity of a line comes to when `before` of its `whole` has gone already."""
    return _up_to(total_minor, whole, before + quantity) - _up_to(total_minor, whole, before)


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
