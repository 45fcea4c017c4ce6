"""Value added tax: rates with their validity, and the arithmetic per rate and document.

Per rate, from gross: net = half_up(gross × 100 / (100 + rate)), tax = gross − net;
from net: tax = half_up(net × rate / 100). A document's breakdown is computed from the sum of its lines per rate
(domain §1); the method's name is stored on the document, so that it can be recomputed for ever. Tax that a line states
itself is added as it stands (UStG §14 (5): the final invoice deducts the tax that the advance invoices showed).
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

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
    """A line's part in a breakdown: an amount at a code and rate, gross or net as the document says.

    `tax_minor` is its tax where another document states that already: a prepayment that is counted back.
    """

    code: str
    percent: Decimal
    amount_minor: int
    tax_minor: int | None = None


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
        message = "No tax rate is known for code “{code}” on {day}. Head office must add it."
        raise Refused("unknown_tax", message, code=code, day=day)
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
    """Sum a document's lines per code and rate and split each sum once, stated tax apart; highest rate first."""
    # Plain sums: this runs for every line at every scan. Per rate: to be split; what states its tax, and that tax.
    split: dict[tuple[str, Decimal], int] = {}
    stated: dict[tuple[str, Decimal], int] = {}
    taxes: dict[tuple[str, Decimal], int] = {}
    for part in amounts:
        key = (part.code, part.percent)
        if part.tax_minor is None:
            split[key] = split.get(key, 0) + part.amount_minor
        else:
            stated[key] = stated.get(key, 0) + part.amount_minor
            taxes[key] = taxes.get(key, 0) + part.tax_minor
    rows = []
    for code, percent in sorted(split | stated, key=lambda rate: (-rate[1], rate[0])):
        rate = (code, percent)
        amount = split.get(rate, 0)
        tax = amount - net_of(amount, percent) if includes_tax else tax_on(amount, percent)
        rows.append(_tax_sum(rate, amount + stated.get(rate, 0), tax + taxes.get(rate, 0), includes_tax=includes_tax))
    return tuple(rows)


def _tax_sum(rate: tuple[str, Decimal], amount_minor: int, tax_minor: int, *, includes_tax: bool) -> TaxSum:
    gross = amount_minor if includes_tax else amount_minor + tax_minor
    return TaxSum(code=rate[0], percent=rate[1], net_minor=gross - tax_minor, tax_minor=tax_minor, gross_minor=gross)


def summed(rows: Iterable[TaxSum]) -> tuple[TaxSum, ...]:
    """Return tax tables as one, in the order in which their rates first came, without what sums to nothing."""
    sums: dict[tuple[str, Decimal], TaxSum] = {}
    for row in rows:
        key = (row.code, row.percent)
        sums[key] = row if key not in sums else _with(sums[key], row)
    return tuple(row for row in sums.values() if row.gross_minor or row.tax_minor)


def _with(one: TaxSum, other: TaxSum) -> TaxSum:
    return replace(
        one,
        net_minor=one.net_minor + other.net_minor,
        tax_minor=one.tax_minor + other.tax_minor,
        gross_minor=one.gross_minor + other.gross_minor,
    )
