"""The office's languages. The English text in code and templates is the key, `locale/de.json` and `nl.json` translate.

`say` marks a text where it is declared, a `Words` turns it into the user's language where it is shown. A text may hold
named places ("{count} rows"). A test finds every text and sees that no language lacks it.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec
from msgspec import Struct

LANGUAGES: Mapping[str, str] = {"en": "English", "de": "Deutsch", "nl": "Nederlands"}
FALLBACK = "en"


class Words(Struct, frozen=True, kw_only=True):
    """One language's texts."""

    language: str
    texts: Mapping[str, str]

    def __call__(self, english: str, /, **values: object) -> str:
        """Return a text in this language, its named places filled; an unknown text stays English."""
        text = self.texts.get(english, english)
        return text.format_map(values) if values else text


def say(english: str) -> str:
    """Mark a text for translation where it is declared, before a user's language is known."""
    return english


@cache
def words_in(language: str) -> Words:
    """Return a language's texts, read once; an unknown language is answered in English."""
    if language not in LANGUAGES or language == FALLBACK:
        return Words(language=FALLBACK, texts={})
    return Words(language=language, texts=read_catalogue(language))


def read_catalogue(language: str) -> dict[str, str]:
    """Read a catalogue file: English text → translation."""
    data = files("server.office").joinpath("locale", f"{language}.json").read_bytes()
    return msgspec.json.decode(data, type=dict[str, str])


def preferred(accepted: str) -> str:
    """Pick the language for someone who is not signed in from the browser's Accept-Language."""
    for part in accepted.split(","):
        language = part.split(";")[0].strip().lower()[:2]
        if language in LANGUAGES:
            return language
    return FALLBACK
