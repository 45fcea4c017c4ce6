"""Money: an integer of minor units beside a currency code (ISO 4217). A float never touches it.

Every division in the house goes through `half_up`, every split through `allocate`; so a sum that is cut into
parts always comes back whole.
"""

import re
from collections.abc import Sequence

from schema.errors import Refused
from schema.locale import NO_BREAK, locale_of

# ISO 4217, column "Minor unit"; a currency that is not named here has two digits.
MINOR_DIGITS = {"JPY": 0, "ISK": 0, "KRW": 0, "CLP": 0, "BHD": 3, "KWD": 3, "TND": 3}
SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$", "CHF": "CHF", "JPY": "¥"}
# Longer than any amount a shop sees, and short enough for every integer column.
WHOLE_DIGITS_MAX = 10
_PLAIN = re.compile(r"(?P<sign>[+-]?)(?P<whole>\d+)(?:[.,](?P<fraction>\d*))?", re.ASCII)
_GROUPED = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>\d{1,3}(?:(?P<mark>[.,])\d{3})+)(?!(?P=mark))[.,](?P<fraction>\d+)", re.ASCII
)


def half_up(numerator: int, denominator: int) -> int:
    """Divide and round to the nearest integer, halves away from zero, so that a return mirrors its sale.

    Raises ValueError for a denominator that is not positive.
    """
    if denominator <= 0:
        raise ValueError("half_up needs a positive denominator")
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return magnitude if numerator >= 0 else -magnitude


def allocate(total_minor: int, weights: Sequence[int]) -> list[int]:
    """Split a total by weights with the largest remainder; ties go to the earlier part. The parts sum to the total.

    Weights must all have one sign. With no weight at all the first part takes everything.
    Raises ValueError for an empty list or for weights of both signs.
    """
    if not weights:
        raise ValueError("allocate needs at least one weight")
    if min(weights) < 0 < max(weights):
        raise ValueError("allocate needs weights of one sign")
    magnitudes = [abs(weight) for weight in weights]
    whole = sum(magnitudes)
    if whole == 0:
        return [total_minor] + [0] * (len(weights) - 1)
    sign = 1 if total_minor >= 0 else -1
    shares = [divmod(abs(total_minor) * magnitude, whole) for magnitude in magnitudes]
    left = abs(total_minor) - sum(share for share, _ in shares)
    by_remainder = sorted(range(len(shares)), key=lambda index: (-shares[index][1], index))
    extra = set(by_remainder[:left])
    return [sign * (share + (index in extra)) for index, (share, _) in enumerate(shares)]


def minor_digits(currency: str) -> int:
    return MINOR_DIGITS.get(currency, 2)


def parse_amount(text: str, currency: str) -> int:
    """Read what a person typed ("12", "12,5", "1.234,50", "-3.00") as minor units.

    A lone mark before three digits ("12.345") can be read in two ways and is refused, never guessed.
    Raises Refused("bad_amount") for anything that is not an amount of this currency.
    """
    cleaned = re.sub(r"[ \u00a0]", "", text)
    match = _PLAIN.fullmatch(cleaned) or _GROUPED.fullmatch(cleaned)
    if match is None:
        raise _bad_amount(text)
    whole, fraction = re.sub(r"[.,]", "", match["whole"]), match["fraction"] or ""
    if len(fraction) > minor_digits(currency) or len(whole) > WHOLE_DIGITS_MAX:
        raise _bad_amount(text)
    amount = int(whole + fraction.ljust(minor_digits(currency), "0"))
    return -amount if match["sign"] == "-" else amount


def _bad_amount(text: str) -> Refused:
    return Refused("bad_amount", f"“{text[:40]}” is not an amount. Type it like 12.50.")


def format_plain(amount_minor: int, currency: str) -> str:
    """Write an amount with a point and no symbol, for files and programs: "-1234.50"."""
    return _digits(amount_minor, minor_digits(currency), ".", "")


def format_number(amount_minor: int, currency: str, language: str = "en") -> str:
    """Write an amount in the language's own marks without a symbol: "1.234,50"."""
    locale = locale_of(language)
    return _digits(amount_minor, minor_digits(currency), locale.decimal, locale.grouping)


def format_amount(amount_minor: int, currency: str, language: str = "en") -> str:
    """Write an amount for people: "-€1,234.50" in English, "-1.234,50 €" in German, "€ -1.234,50" in Dutch."""
    locale, symbol = locale_of(language), SYMBOLS.get(currency, currency)
    pattern = locale.money_below if amount_minor < 0 else locale.money
    # A code of letters stands apart from its figures in every locale (CLDR, spacing of currencies).
    lead = f"{symbol}{NO_BREAK}" if symbol[-1:].isalpha() and "{symbol}{number}" in pattern else symbol
    return pattern.format(symbol=lead, number=format_number(abs(amount_minor), currency, language))


def _digits(amount_minor: int, digits: int, mark: str, grouping: str) -> str:
    whole, fraction = divmod(abs(amount_minor), 10**digits)
    text = f"{whole:,}".replace(",", grouping)
    if digits:
        text += f"{mark}{fraction:0{digits}d}"
    return f"-{text}" if amount_minor < 0 else text
