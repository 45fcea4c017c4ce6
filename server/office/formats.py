"""Amounts, days, instants, quantities and percents as a user reads and types them: `schema.locale` by language.

Instants are shown in head office's own time zone (the machine's), in which its people live.
"""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from schema.locale import LOCALES, count_text, day_example, day_text, instant_text, number_text, percent_text
from schema.money import format_amount, format_number
from schema.quantity import shortest


class Formats:
    """How one language writes what is not words."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LOCALES else "en"

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
        return count_text(value, self.language)

    def quantity(self, value: str | Decimal) -> str:
        """Write a quantity in its shortest form with the language's decimal mark."""
        return number_text(shortest(Decimal(value)), self.language)

    def percent(self, value: str | Decimal) -> str:
        """Write a percentage with its sign, as the language sets it."""
        return percent_text(Decimal(value), self.language)

    def day(self, iso_day: str | date | None) -> str:
        """Write a day; what is not a day stays as it is."""
        return day_text(iso_day, self.language) if iso_day else ""

    def instant(self, at_ms: int | None) -> str:
        """Write an instant to the minute in head office's time."""
        return instant_text(local(at_ms), self.language) if at_ms else ""

    def iso_day(self, at_ms: int) -> str:
        """Return the day of an instant at head office, as ISO text."""
        return local(at_ms).date().isoformat()

    def clock(self, at_ms: int) -> str:
        """Write an instant's time of day."""
        return local(at_ms).strftime("%H:%M")

    def day_example(self) -> str:
        """Return a day as this language writes it, for hints beside fields."""
        return day_example(self.language)


def local(at_ms: int) -> datetime:
    """Return an instant in head office's time zone."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone()


def start_ms(day: date) -> int:
    """Return the instant at which a day begins in head office's time zone."""
    return int(datetime(day.year, day.month, day.day).astimezone().timestamp() * 1000)


def end_ms(day: date) -> int:
    """Return a day's last millisecond in head office's time zone."""
    return start_ms(day + timedelta(days=1)) - 1
