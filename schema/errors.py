"""The three kinds of error, classed by what the caller does next (architecture, rule 5).

Every error carries a stable `code` for programs and a `message` for people that tells what happened,
what it means and what to do. The message is English; who speaks another language says it by its code, with the same
values.
"""

import re

_DEVICE_CODE = re.compile(r"\(code ([0-9A-F]{2})\)")


class Sentence(str):
    """A whole sentence, perhaps inside another: English to read; a catalogue says it by its `text`, with its values."""

    __slots__ = ("text", "values")

    text: str
    values: dict[str, object]

    def __new__(cls, text: str, /, **values: object) -> "Sentence":
        made = super().__new__(cls, text.format(**values) if values else text)
        made.text, made.values = text, values
        return made


def as_sentence(text: str) -> Sentence:
    """Return a driver's sentence as catalogues know it: a device's code in it, written `(code 1F)`, is a value."""
    match = _DEVICE_CODE.search(text)
    return Sentence(_DEVICE_CODE.sub("(code {code})", text), code=match[1]) if match else Sentence(text)


class CounterfoilError(Exception):
    """An error with a stable `code` and a `message` fit for a person; `values` fill the placeholders of its `text`."""

    def __init__(self, code: str, message: str, /, **values: object) -> None:
        self.code = code
        self.text = message
        self.message = message.format(**values) if values else message
        self.values = values
        super().__init__(self.message)


class Refused(CounterfoilError):
    """Final: the same request will be refused again. Tell the person, do not retry."""


class Unready(CounterfoilError):
    """Not now: nothing happened. Try again later, with backoff."""


class Unsure(CounterfoilError):
    """The outcome is unknown: it may have happened. Ask; never repeat blindly."""
