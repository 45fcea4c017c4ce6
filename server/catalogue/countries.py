"""VAT rates of the countries that `init` knows, with the days from which they hold.

Sources: the European Commission's "VAT rates applied in the Member States" and the national acts named beside each.
Codes are the same everywhere, so that an article can be sold in several countries: standard, reduced, reduced2, zero.
"""

from datetime import date
from decimal import Decimal

from schema.errors import Refused
from schema.tax import TaxRate

_ALWAYS = date(2000, 1, 1)


def _rate(country: str, code: str, percent: str, start: date = _ALWAYS, end: date | None = None) -> TaxRate:
    return TaxRate(country=country, code=code, percent=Decimal(percent), valid_from=start, valid_to=end)


RATES: tuple[TaxRate, ...] = (
    # Germany: UStG § 12; lowered for the second half of 2020 by the Second Corona Tax Assistance Act (§ 28 UStG).
    _rate("DE", "standard", "19", date(2007, 1, 1), date(2020, 6, 30)),
    _rate("DE", "standard", "16", date(2020, 7, 1), date(2020, 12, 31)),
    _rate("DE", "standard", "19", date(2021, 1, 1)),
    _rate("DE", "reduced", "7", date(2000, 1, 1), date(2020, 6, 30)),
    _rate("DE", "reduced", "5", date(2020, 7, 1), date(2020, 12, 31)),
    _rate("DE", "reduced", "7", date(2021, 1, 1)),
    _rate("DE", "zero", "0"),
    # Austria: UStG 1994 § 10.
    _rate("AT", "standard", "20"),
    _rate("AT", "reduced", "10"),
    _rate("AT", "reduced2", "13", date(2016, 1, 1)),
    _rate("AT", "zero", "0"),
    # Netherlands: Wet op de omzetbelasting 1968, art. 9.
    _rate("NL", "standard", "21", date(2012, 10, 1)),
    _rate("NL", "reduced", "6", date(2000, 1, 1), date(2018, 12, 31)),
    _rate("NL", "reduced", "9", date(2019, 1, 1)),
    _rate("NL", "zero", "0"),
    # Belgium: Royal Decree no. 20.
    _rate("BE", "standard", "21"),
    _rate("BE", "reduced", "6"),
    _rate("BE", "reduced2", "12"),
    _rate("BE", "zero", "0"),
    # Luxembourg: law of 12 February 1979, art. 39; lowered by one point for 2023.
    _rate("LU", "standard", "17", date(2015, 1, 1), date(2022, 12, 31)),
    _rate("LU", "standard", "16", date(2023, 1, 1), date(2023, 12, 31)),
    _rate("LU", "standard", "17", date(2024, 1, 1)),
    _rate("LU", "reduced", "3", date(2015, 1, 1)),
    _rate("LU", "zero", "0"),
    # France: Code général des impôts, art. 278 ff.
    _rate("FR", "standard", "20", date(2014, 1, 1)),
    _rate("FR", "reduced", "5.5"),
    _rate("FR", "reduced2", "10", date(2014, 1, 1)),
    _rate("FR", "zero", "0"),
    # Switzerland: MWSTG art. 25.
    _rate("CH", "standard", "7.7", date(2018, 1, 1), date(2023, 12, 31)),
    _rate("CH", "standard", "8.1", date(2024, 1, 1)),
    _rate("CH", "reduced", "2.5", date(2018, 1, 1), date(2023, 12, 31)),
    _rate("CH", "reduced", "2.6", date(2024, 1, 1)),
    _rate("CH", "zero", "0"),
)
COUNTRIES = tuple(dict.fromkeys(rate.country for rate in RATES))
CURRENCY_OF = {"CH": "CHF"}


def rates_of(country: str) -> tuple[TaxRate, ...]:
    """Return a country's rates. Raises Refused("unknown_country")."""
    found = tuple(rate for rate in RATES if rate.country == country)
    if not found:
        known = ", ".join(COUNTRIES)
        raise Refused("unknown_country", f"The VAT rates of “{country}” are not known here; known are: {known}.")
    return found


def currency_of(country: str) -> str:
    """Return what a country's stores sell in."""
    return CURRENCY_OF.get(country, "EUR")
