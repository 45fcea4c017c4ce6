"""Sentences that are stored now and read later, by people of several languages (ADR 26).

A `Sentence` is English with its places filled. Beside it goes, as JSON, the text with its places still open and what
fills them; `said` words it for a reader. What was stored without that is read as it is.
"""

from collections.abc import Callable

import msgspec
from msgspec import Struct

from schema.errors import CounterfoilError, Sentence
from schema.money import format_plain
from server.words import Words

WriteAmount = Callable[[int, str], str]


def kept(english: str) -> str:
    """Mark a text that is stored: the office's catalogues translate it."""
    return english


class Amount(Struct, frozen=True):
    """An amount in a sentence: each reader gets it as his language writes it."""

    minor: int
    currency: str

    def __str__(self) -> str:
        return f"{format_plain(self.minor, self.currency)} {self.currency}"


class _Worded(Struct, frozen=True):
    text: str
    given: dict[str, str | int | Amount] = {}


_DECODER = msgspec.json.Decoder(_Worded)


def to_keep(sentence: str) -> str:
    """Return what is stored beside a sentence's English: its text and values as JSON; "" for a bare string."""
    if not isinstance(sentence, Sentence):
        return ""
    given = {name: _given(value) for name, value in sentence.values.items()}
    return msgspec.json.encode(_Worded(text=str(sentence.text), given=given)).decode()


def _given(value: object) -> str | int | Amount:
    return value if isinstance(value, Amount) or type(value) is int else str(value)


def sentence_of(error: CounterfoilError) -> Sentence:
    """Return an error's message with its text and values still to be told apart."""
    return Sentence(error.text, **error.values)


def currency_in(worded: str) -> str:
    """Return the currency of the first amount in a stored sentence; "" where it has none."""
    given = _DECODER.decode(worded).given.values() if worded else ()
    return next((value.currency for value in given if isinstance(value, Amount)), "")


def said(english: str, worded: str, words: Words, amount: WriteAmount) -> str:
    """Return a stored sentence in a reader's language; its English where nothing was stored beside it."""
    if not worded:
        return english
    stored = _DECODER.decode(worded)
    given = {
        name: amount(value.minor, value.currency) if isinstance(value, Amount) else value
        for name, value in stored.given.items()
    }
    return words(stored.text, **given)
