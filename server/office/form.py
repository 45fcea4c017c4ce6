"""Forms that keep what was typed: texts by field, what is wrong beside each, and the values that they come to.

A page reads a sent form into a `Form`, asks a `Reading` for the values and, where something is wrong, shows the same
form again with `Reading.errors`. Values in, values out; nothing is stored here.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from schema.errors import Refused
from schema.locale import read_day
from schema.money import parse_amount
from schema.quantity import parse_quantity
from server.catalogue.rules import shown_text
from server.office.formats import Formats
from server.office.views import Reader
from server.office.words import Words

TEXT_CHARS_MAX = 200
LONG_CHARS_MAX = 10_000
LINES_MAX = 50
# The hidden field with what the others held when the form opened; all of them together are within this.
OPENED = "opened"
OPENED_CHARS_MAX = 200_000
# A field that is told and not typed, such as a picture or a state, has a name that begins so.
TOLD_MARK = "="
WHOLE_DIGITS_MAX = 9
ELSEWHERE = "form"
Value = TypeVar("Value")
_TIME = re.compile(r"(\d{1,2})[:.](\d{2})", re.ASCII)


class Clash(Struct, frozen=True, kw_only=True):
    """What somebody else stored while a form was open: the fields that differ, as (before, now).

    `who` is empty where nobody at the office did it: an import, a till. `gone`: the thing is not there any more.
    """

    who: str
    at_ms: int | None
    gone: bool
    changed: Mapping[str, tuple[str, str]]


class Form(Struct, frozen=True, kw_only=True):
    """The form as typed; `errors` by field name. `opened` is what the fields held when it opened (`editing`)."""

    fields: Mapping[str, str] = {}
    errors: Mapping[str, str] = {}
    opened: str = ""
    clash: Clash | None = None

    def text(self, name: str) -> str:
        """Return what stands in a field."""
        return self.fields.get(name, "")

    def ticked(self, name: str) -> bool:
        """Tell whether a box is ticked."""
        return bool(self.fields.get(name))

    def wrong(self, name: str) -> str:
        """Return what is wrong with a field, or nothing."""
        return self.errors.get(name, "")

    def meanwhile(self, name: str) -> tuple[str, str] | None:
        """Return what a field held before and holds now, where somebody else changed it while the form was open."""
        return self.clash.changed.get(name) if self.clash else None


def typed(data: Mapping[str, Sequence[str]]) -> Form:
    """Read a sent form: each field's first text, within bounds."""
    fields = {name: values[0][:LONG_CHARS_MAX] for name, values in data.items() if values and name != OPENED}
    opened = (data.get(OPENED) or [""])[0]
    return Form(fields=fields, opened=opened if len(opened) <= OPENED_CHARS_MAX else "")


def with_errors(form: Form, errors: Mapping[str, str]) -> Form:
    """Return the form as it is shown again."""
    return replace(form, errors=dict(errors))


class Reading:
    """Turns a form's texts into values; `errors` says beside which field what is wrong and what is expected."""

    def __init__(self, form: Form, reader: Reader) -> None:
        self._form = form
        self._words: Words = reader.words
        self._formats: Formats = reader.formats
        self.errors: dict[str, str] = {}

    def text(self, name: str, *, needed: bool = False) -> str:
        """Return one line of text, without what no screen shows and a printer might obey."""
        value = shown_text(self._form.text(name))
        if len(value) > TEXT_CHARS_MAX:
            self.errors[name] = self._words("This is too long: at most {count} characters.", count=TEXT_CHARS_MAX)
        if needed and not value:
            self.errors[name] = self._words("This is needed.")
        return value[:TEXT_CHARS_MAX]

    def lines(self, name: str) -> tuple[str, ...]:
        """Return the lines of a larger field, without the empty ones."""
        found = [shown_text(line) for line in self._form.text(name).splitlines()]
        kept = tuple(line for line in found if line)
        if len(kept) > LINES_MAX:
            self.errors[name] = self._words("These are too many lines: at most {count}.", count=LINES_MAX)
        return kept[:LINES_MAX]

    def ticked(self, name: str) -> bool:
        """Return whether a box is ticked."""
        return self._form.ticked(name)

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """Return what was chosen; the first where it is none of them."""
        value = self._form.text(name)
        return value if value in choices else choices[0]

    def amount(self, name: str, currency: str, *, empty: int = 0) -> int:
        """Return an amount of money, not negative."""
        expected = self._words("Type an amount like {example}.", example=self._formats.plain(1250, currency))
        return self._read(name, lambda text: _not_negative(parse_amount(text, currency)), empty, expected)

    def whole(self, name: str, *, empty: int = 0) -> int:
        """Return a whole number, not negative."""
        return self._read(name, _whole, empty, self._words("Type a whole number."))

    def percent(self, name: str) -> Decimal:
        """Return a percentage from 0 to 100."""
        return self._read(name, _percent, Decimal(0), self._words("Type a percentage between 0 and 100."))

    def quantity(self, name: str, *, empty: Decimal) -> Decimal:
        """Return a quantity above zero."""
        expected = self._words("Type a quantity such as 2 or 0.5, with at most three decimals.")
        return self._read(name, _quantity, empty, expected)

    def day(self, name: str) -> str:
        """Return a day as ISO text, or nothing."""
        expected = self._words("This is not a day. Type it like {example}.", example=self._formats.day_example())
        found: date | None = self._read(name, read_day, None, expected)
        return found.isoformat() if found else ""

    def minute(self, name: str) -> int | None:
        """Return a time of day as minutes since midnight, or None."""
        return self._read(name, _minute, None, self._words("Type a time like 14:30."))

    def refuse(self, name: str, text: str) -> None:
        """Say what is wrong with a field."""
        self.errors.setdefault(name, text)

    def _read(self, name: str, read: Callable[[str], Value], empty: Value, expected: str) -> Value:
        text = self._form.text(name).strip()
        if not text:
            return empty
        try:
            return read(text)
        except (Refused, ValueError, InvalidOperation):
            self.errors[name] = expected
            return empty


def check_days(reading: Reading, words: Words, first: str, last: str) -> None:
    """Say where a period ends before it begins."""
    if first and last and last < first:
        reading.refuse("valid_to", words("The last day lies before the first."))


def _not_negative(amount: int) -> int:
    if amount < 0:
        raise ValueError("a negative amount")
    return amount


def _minute(text: str) -> int | None:
    match = _TIME.fullmatch(text)
    if not match or int(match[1]) > 24 or int(match[2]) > 59:
        raise ValueError("no time of day")
    return int(match[1]) * 60 + int(match[2])


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= WHOLE_DIGITS_MAX):
        raise ValueError("no whole number")
    return int(text)


def _percent(text: str) -> Decimal:
    value = Decimal(text.removesuffix("%").strip().replace(",", "."))
    if not value.is_finite() or not 0 <= value <= 100:
        raise ValueError("no percentage")
    return value


def _quantity(text: str) -> Decimal:
    value = parse_quantity(text)
    if value <= 0:
        raise ValueError("not above zero")
    return value
