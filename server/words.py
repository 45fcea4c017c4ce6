"""Texts in the languages of people: the English text in code and templates is the key, catalogues translate.

`say` marks a text where it is declared, a `Words` turns it into a language where it is shown. A text may hold named
places ("{count} rows"). A room that speaks has a folder `locale` with a JSON file for each language but English.
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
    """Mark a text for translation where it is declared, before a reader's language is known."""
    return english


@cache
def words_of_room(room: str, language: str) -> Words:
    """Return a room's texts in a language, read once; an unknown language is answered in English."""
    if language not in LANGUAGES or language == FALLBACK:
        return Words(language=FALLBACK, texts={})
    return Words(language=language, texts=read_catalogue(room, language))


def read_catalogue(room: str, language: str) -> dict[str, str]:
    """Read a room's catalogue file: English text → translation."""
    data = files(room).joinpath("locale", f"{language}.json").read_bytes()
    return msgspec.json.decode(data, type=dict[str, str])
