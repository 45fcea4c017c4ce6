"""How a language writes what is not words: days, instants, numbers, percents; and how a typed day is read.

The one table for all that a person reads: till, papers, the customer's screen, office. What programs read (events,
files, script port, interfaces) never comes through here: it stays ISO 8601 with a point for the decimal mark.

Source: Unicode CLDR 49, locales en-GB, de and nl: number symbols, patterns of percents and currencies, the medium day
in English and German, in Dutch the short one, whose year is whole too. English names the month, since 04/11 is read in
two ways. A space parts a day from its time, as papers have it, where CLDR sets a comma. Three locales are no reason to
carry all of CLDR: that costs a till megabytes and a part of its start.
"""

import re
from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct

from schema.errors import Refused

NO_BREAK = "\u00a0"
# CLDR en-GB, months, format, abbreviated: September is the one of four letters.
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec")
_ISO = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})", re.ASCII)
_DAY_FIRST = re.compile(r"(?P<day>\d{1,2})(?P<mark>[./-])(?P<month>\d{1,2})(?P=mark)(?P<year>\d{4})", re.ASCII)
_NAMED = re.compile(r"(?P<day>\d{1,2}) ?(?P<month>[a-z]{3,4})\.? ?(?P<year>\d{4})", re.ASCII | re.IGNORECASE)


class Locale(Struct, frozen=True, kw_only=True):
    """One language's marks and patterns. `day` and `day_of_year` take d, m, y and, for the month's name, name."""

    decimal: str
    grouping: str
    day: str
    day_of_year: str
    percent: str
    # An amount with its currency's symbol, and one below zero, whose number comes without its sign.
    money: str
    money_below: str


LOCALES = {
    "en": Locale(
        decimal=".",
        grouping=",",
        day="{d} {name} {y}",
        day_of_year="{d} {name}",
        percent="{number}%",
        money="{symbol}{number}",
        money_below="-{symbol}{number}",
    ),
    "de": Locale(
        decimal=",",
        grouping=".",
        day="{d:02}.{m:02}.{y}",
        day_of_year="{d:02}.{m:02}.",
        percent=f"{{number}}{NO_BREAK}%",
        money=f"{{number}}{NO_BREAK}{{symbol}}",
        money_below=f"-{{number}}{NO_BREAK}{{symbol}}",
    ),
    "nl": Locale(
        decimal=",",
        grouping=".",
        day="{d:02}-{m:02}-{y}",
        day_of_year="{d:02}-{m:02}",
        percent="{number}%",
        money=f"{{symbol}}{NO_BREAK}{{number}}",
        money_below=f"{{symbol}}{NO_BREAK}-{{number}}",
    ),
}


def locale_of(language: str) -> Locale:
    """Return a language's table; a language without one is written as English."""
    return LOCALES.get(language, LOCALES["en"])


def day_text(day: date | str, language: str) -> str:
    """Write a day (ISO text or date): "20 Nov 2026", "20.11.2026", "20-11-2026". What is no day stays as it is."""
    return _written(day, locale_of(language).day)


def day_of_year_text(day: date | str, language: str) -> str:
    """Write a day that is near, without its year: "20 Nov", "20.11.", "20-11"."""
    return _written(day, locale_of(language).day_of_year)


def _written(day: date | str, pattern: str) -> str:
    try:
        found = day if isinstance(day, date) else date.fromisoformat(day)
    except ValueError:
        return str(day)
    return pattern.format(d=found.day, m=found.month, y=f"{found.year:04}", name=MONTHS[found.month - 1])


def instant_text(local: datetime, language: str, *, seconds: bool = False) -> str:
    """Write day and time of day, as the datetime says it: "20.11.2026 09:12", with seconds "20.11.2026 09:12:30"."""
    return f"{day_text(local.date(), language)} {local:{'%H:%M:%S' if seconds else '%H:%M'}}"


def number_text(number: Decimal | int, language: str) -> str:
    """Write a number that may be typed again, so without grouping: "1234.5", "1234,5"; never in powers of ten."""
    return f"{number:f}".replace(".", locale_of(language).decimal) if isinstance(number, Decimal) else str(number)


def count_text(count: int, language: str) -> str:
    """Write how many there are of something, with grouping: "12,345", "12.345"."""
    return f"{count:,}".replace(",", locale_of(language).grouping)


def percent_text(percent: Decimal, language: str) -> str:
    """Write a percentage in its shortest form: "7.5%", "7,5 %" with a space that does not break."""
    return locale_of(language).percent.format(number=number_text(percent.normalize(), language))


def read_day(text: str, language: str = "en") -> date:
    """Read a typed day: ISO, or day, month and whole year with one of `. - /` between, or the month named in English.

    Raises Refused("bad_day"), with an example in the language, for anything else and for a day that never is.
    """
    cleaned = " ".join(text.split())
    match = _ISO.fullmatch(cleaned) or _DAY_FIRST.fullmatch(cleaned) or _NAMED.fullmatch(cleaned)
    month = _month(match["month"]) if match else 0
    try:
        if match and month:
            return date(int(match["year"]), month, int(match["day"]))
    except ValueError:
        pass  # the 31st of a short month, or a month 13: no day either
    message = "“{text}” is not a day. Type it like {example}."
    raise Refused("bad_day", message.format(text=text[:20], example=day_example(language)))


def _month(text: str) -> int:
    if text.isdigit():
        return int(text)
    return next((place for place, name in enumerate(MONTHS, 1) if text.title() in (name, name[:3])), 0)


def day_example(language: str) -> str:
    """Return a day as the language writes it, for a hint beside a field."""
    return day_text("2026-12-31", language)
