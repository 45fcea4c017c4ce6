"""Quantities: exact decimals of at most three places, pieces and kilograms alike. A float never touches them."""

from decimal import Decimal, InvalidOperation

from schema.errors import Refused
from schema.money import half_up

PLACES_MAX = 3
# More than a till ever sells on one line; a scanner that types a barcode into the quantity field stops here.
QUANTITY_MAX = Decimal("99999")


def parse_quantity(text: str) -> Decimal:
    """Read a quantity ("2", "0.350", "1,5"). Negative ones are read; whether they are allowed is the caller's right.

    Raises Refused("bad_quantity") for text, zero, too many places or more than `QUANTITY_MAX`.
    """
    try:
        value = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        raise _bad_quantity(text) from None
    return check_quantity(value)


def check_quantity(value: Decimal) -> Decimal:
    """Return a quantity in its shortest form, or raise Refused("bad_quantity")."""
    if not value.is_finite() or value == 0 or abs(value) > QUANTITY_MAX:
        raise _bad_quantity(str(value))
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -PLACES_MAX and value != round(value, PLACES_MAX):
        raise _bad_quantity(str(value))
    return shortest(value)


def shortest(value: Decimal) -> Decimal:
    """Drop trailing zeros without falling into exponent notation: 2.000 → 2, 100 → 100."""
    normal = value.normalize()
    exponent = normal.as_tuple().exponent
    return normal.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else normal


def multiply(unit_price_minor: int, quantity: Decimal) -> int:
    """Return half_up(unit price × quantity) in minor units."""
    numerator, denominator = quantity.as_integer_ratio()
    return half_up(unit_price_minor * numerator, denominator)


def _bad_quantity(text: str) -> Refused:
    message = f"“{text[:40]}” is not a quantity. Type a number up to {QUANTITY_MAX} with at most three decimals."
    return Refused("bad_quantity", message)
