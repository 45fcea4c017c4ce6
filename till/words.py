"""The words of the screens: English text is the message's id, `{placeholders}` are filled in after translation.

A catalogue is a JSON object {"English text": "translated text"} in `till/locale/<language>.json`; what it lacks is said
in English. Errors from the rooms below carry a stable code: a catalogue words them anew under "error.<code>".
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from importlib import resources

import msgspec

from schema.errors import CounterfoilError, Refused, Sentence
from schema.locale import count_text, day_text, number_text
from schema.quantity import shortest

LANGUAGES = ("en", "de", "nl")
# Each in its own words: who looks for a language may not read the one that is shown.
LANGUAGE_NAMES = {"en": "English", "de": "Deutsch", "nl": "Nederlands"}


class Day(str):
    """A day as ISO text that a sentence holds: said in the language's own form."""

    __slots__ = ()


class Term(str):
    """A value that is itself a text of the catalogue, said in the language of the sentence around it."""

    __slots__ = ()


class Words:
    """Translate the screens' texts into one language; days and numbers in them are written as it has them."""

    def __init__(self, language: str = "en", catalogue: Mapping[str, str] | None = None) -> None:
        self.language = language
        self._catalogue = catalogue or {}

    def __call__(self, text: str, /, **values: object) -> str:
        """Return a text in this language with its placeholders filled in.

        A `Day`, a date and a Decimal are written in the language's own form, a `Term` in its words; whole numbers are
        not grouped, since most of them are names (a receipt's, a shift's).
        """
        if isinstance(text, Sentence):
            return self(text.text, **text.values)
        translated = self._catalogue.get(text) or text
        if not values:
            return translated
        said = translated.format(**self._written(values))
        # A term may begin the sentence.
        return said[:1].upper() + said[1:] if any(isinstance(value, Term) for value in values.values()) else said

    def _written(self, values: Mapping[str, object]) -> dict[str, object]:
        return {name: self._in_form(value) for name, value in values.items()}

    def _in_form(self, value: object) -> object:
        if isinstance(value, Sentence | Term):
            return self(value)
        if isinstance(value, Day | date):
            return day_text(value, self.language)
        return number_text(shortest(value), self.language) if isinstance(value, Decimal) else value

    def count(self, one: str, many: str, count: int | Decimal, /, **values: object) -> str:
        """Return the sentence for one or the one for any other count, as `{count}` in it.

        English, German and Dutch know these two forms and no more (CLDR plural rules: one, other).
        """
        written = count_text(count, self.language) if isinstance(count, int) else count
        return self(one if count == 1 else many, count=written, **values)

    def of_error(self, error: CounterfoilError) -> str:
        """Return an error's message in this language, in English where the catalogue does not know it."""
        if isinstance(error, RefusedInWords):
            return self(error.text, **error.values)
        return self.of_code(error.code, error.message, error.values)

    def of_code(self, code: str, message: str, values: Mapping[str, object] | None = None) -> str:
        """Return an error of which only code, English message and perhaps the values were kept, in this language."""
        worded = self._catalogue.get(f"error.{code}") or ""
        try:
            return worded.format(**self._written(values or {})) or self(message)
        except KeyError:
            return message  # it came over a wire or from the disk, where its values were left behind


class RefusedInWords(Refused):
    """A refusal of the till's own rooms, kept as text and values so that every language can say it."""

    def __init__(self, code: str, text: str, /, **values: object) -> None:
        super().__init__(code, Words()(text, **values))
        self.text = text
        self.values = values


def load_words(language: str) -> Words:
    """Read a language's catalogue; a language without one speaks English."""
    language = language if language in LANGUAGES else "en"
    try:
        data = (resources.files("till") / "locale" / f"{language}.json").read_bytes()
    except OSError:
        return Words(language)
    return Words(language, msgspec.json.decode(data, type=dict[str, str]))
