"""Amounts, days and instants as a user reads and types them: en 2026-11-21, de 21.11.2026, nl 21-11-2026.

Instants are shown in head office's own time zone (the machine's), in which its people live.
"""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from schema.errors import Refused
from schema.money import format_amount, format_number
from schema.quantity import shortest

DAY_FORMATS = {"en": "%Y-%m-%d", "de": "%d.%m.%Y", "nl": "%d-%m-%Y"}
DAY_EXAMPLES = {"en": "2026-11-21", "de": "21.11.2026", "nl": "21-11-2026"}
_DAY_FIRST = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")


class Formats:
    """How one language writes what is not words."""

    def __init__(self, language: str) -> None:
        self.language = language if language in DAY_FORMATS else "en"

    def amount(self, amount_minor: int, currency: str = "EUR") -> str:
        """Write an amount with its currency's symbol."""
        return format_amount(amount_minor, currency, self.language)

    def number(self, amount_minor: int, currency: str = "EUR") -> str:
        """Write an amount without a symbol, as a form field holds it."""
        return format_number(amount_minor, currency, self.language)

    def plain(self, amount_minor: int, currency: str = "EUR") -> str:
        """Write an amount without grouping, so that it can be typed over."""
        return re.sub(r"[.,](?=\d{3})", "", self.number(amount_minor, currency))

    def whole(self, value: int) -> str:
        """Write a count with its grouping."""
        return format_number(value, "JPY", self.language)

    def quantity(self, value: str | Decimal) -> str:
        """Write a quantity in its shortest form with the language's decimal mark."""
        text = format(shortest(Decimal(value)), "f")
        return text if self.language == "en" else text.replace(".", ",")

    def day(self, iso_day: str | date | None) -> str:
        """Write a day; what is not a day stays as it is."""
        if not iso_day:
            return ""
        try:
            found = iso_day if isinstance(iso_day, date) else date.fromisoformat(iso_day)
        except ValueError:
            return str(iso_day)
        return found.strftime(DAY_FORMATS[self.language])

    def instant(self, at_ms: int | None) -> str:
        """Write an instant to the minute in head office's time."""
        if not at_ms:
            return ""
        return local(at_ms).strftime(DAY_FORMATS[self.language] + " %H:%M")

    def iso_day(self, at_ms: int) -> str:
        """Return the day of an instant at head office, as ISO text."""
        return local(at_ms).date().isoformat()

    def clock(self, at_ms: int) -> str:
        """Write an instant's time of day."""
        return local(at_ms).strftime("%H:%M")

    def day_example(self) -> str:
        """Return a day as this language writes it, for hints beside fields."""
        return DAY_EXAMPLES[self.language]


def local(at_ms: int) -> datetime:
    """Return an instant in head office's time zone."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone()


def start_ms(day: date) -> int:
    """Return the instant at which a day begins in head office's time zone."""
    return int(datetime(day.year, day.month, day.day).astimezone().timestamp() * 1000)


def end_ms(day: date) -> int:
    """Return a day's last millisecond in head office's time zone."""
    return start_ms(day + timedelta(days=1)) - 1


def parse_day(text: str) -> date:
    """Read a day typed as 2026-11-21, 21.11.2026, 21-11-2026 or 21/11/2026.

    Raises Refused("bad_day") for anything else.
    """
    cleaned = text.strip()
    match = _DAY_FIRST.fullmatch(cleaned)
    try:
        if match:
            return date(int(match[3]), int(match[2]), int(match[1]))
        return date.fromisoformat(cleaned)
    except ValueError:
        raise Refused("bad_day", f"“{text[:40]}” is not a day. Type it like 2026-11-21.") from None
