"""The office's languages: its catalogues are `locale/de.json` and `nl.json`.

A test finds every text of the office and sees that no language lacks it.
"""

from server import words
from server.words import FALLBACK, LANGUAGES, Words, say

__all__ = ["FALLBACK", "LANGUAGES", "Words", "preferred", "read_catalogue", "say", "words_in"]
ROOM = "server.office"


def words_in(language: str) -> Words:
    """Return a language's texts; an unknown language is answered in English."""
    return words.words_of_room(ROOM, language)


def read_catalogue(language: str) -> dict[str, str]:
    """Read a catalogue file: English text → translation."""
    return words.read_catalogue(ROOM, language)


def preferred(accepted: str) -> str:
    """Pick the language for someone who is not signed in from the browser's Accept-Language."""
    for part in accepted.split(","):
        language = part.split(";")[0].strip().lower()[:2]
        if language in LANGUAGES:
            return language
    return FALLBACK
