"""A part of a line: what some of its pieces are worth, so that all parts together come to the whole line.

Used where goods come back and where an order is handed over bit by bit. What a part is worth depends only on how much
went before it: however a line is cut, at whatever till, the parts sum to the line's total (domain §1).
"""

from decimal import Decimal

from schema.basket import Discount
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


def discount_to(unit_price_minor: int, quantity: Decimal, total_minor: int) -> Discount | None:
    """Return the discount that makes a line of this price and quantity come to a total; None where it does by itself.

    A part of a weighed line may come to a cent more than its price says: then the discount is a cent below zero.
    """
    base = multiply(unit_price_minor, quantity)
    off = base - total_minor
    if off == 0:
        return None
    return Discount(amount_minor=off if base >= 0 else -off)
