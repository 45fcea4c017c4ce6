"""Value added tax: rates with their validity, and the arithmetic per rate and document.

Per rate, from gross: net = half_up(gross × 100 / (100 + rate)), tax = gross − net;
from net: tax = half_up(net × rate / 100). A document's breakdown is computed from the sum of its lines per rate
(domain §1); the method's name is stored on the document, so that it can be recomputed for ever.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from msgspec import Struct

from schema.errors import Refused
from schema.money import half_up

ROUNDING_METHOD = "rate-sum-half-up/1"


class TaxRate(Struct, frozen=True, kw_only=True):
    """A tax code's percentage in a country from one day (inclusive) to another (inclusive, None = open)."""

    code: str
    country: str
    percent: Decimal
    valid_from: date
    valid_to: date | None = None


class TaxedAmount(Struct, frozen=True, kw_only=True):
    """A line's part in a breakdown: an amount at a code and rate, gross or net as the document says."""

    code: str
    percent: Decimal
    amount_minor: int


class TaxSum(Struct, frozen=True, kw_only=True):
    """One row of a document's tax table: net + tax = gross, always."""

    code: str
    percent: Decimal
    net_minor: int
    tax_minor: int
    gross_minor: int


def rate_on(rates: Sequence[TaxRate], code: str, day: date) -> TaxRate:
    """Return the rate of a code that is valid on a day; of several the one that began last.

    Raises Refused("unknown_tax") when there is none.
    """
    fitting = [
        rate
        for rate in rates
        if rate.code == code and rate.valid_from <= day and (rate.valid_to is None or day <= rate.valid_to)
    ]
    if not fitting:
        raise Refused("unknown_tax", f"No tax rate is known for code “{code}” on {day}. Head office must add it.")
    return max(fitting, key=lambda rate: rate.valid_from)


def net_of(gross_minor: int, percent: Decimal) -> int:
    """Return the net part of a gross amount."""
    numerator, denominator = percent.as_integer_ratio()
    return half_up(gross_minor * 100 * denominator, 100 * denominator + numerator)


def tax_on(net_minor: int, percent: Decimal) -> int:
    """Return the tax that comes on top of a net amount."""
    numerator, denominator = percent.as_integer_ratio()
    return half_up(net_minor * numerator, denominator * 100)


def breakdown(amounts: Iterable[TaxedAmount], *, includes_tax: bool = True) -> tuple[TaxSum, ...]:
    """Sum a document's lines per code and rate and split each sum once; highest rate first."""
    sums: dict[tuple[str, Decimal], int] = {}
    for part in amounts:
        key = (part.code, part.percent)
        sums[key] = sums.get(key, 0) + part.amount_minor
    ordered = sorted(sums.items(), key=lambda item: (-item[0][1], item[0][0]))
    return tuple(_tax_sum(code, percent, amount, includes_tax) for (code, percent), amount in ordered)


def _tax_sum(code: str, percent: Decimal, amount_minor: int, includes_tax: bool) -> TaxSum:
    net = net_of(amount_minor, percent) if includes_tax else amount_minor
    gross = amount_minor if includes_tax else amount_minor + tax_on(amount_minor, percent)
    return TaxSum(code=code, percent=percent, net_minor=net, tax_minor=gross - net, gross_minor=gross)
