"""Texts in the characters that a printer has: no control codes, no surprise widths, a stand-in for what it lacks.

Names come from catalogues and customers, so they may hold anything, an escape sequence that opens the drawer included
(fault 60). Only the encoder writes commands: everything below 20h and from 7Fh to 9Fh is dropped here.
"""

import unicodedata

from schema.text import without_controls

NO_BREAK_SPACE = "\u00a0"
# Typographic characters that no receipt printer's page has, or that clones draw wrongly.
_STAND_INS = {
    "ẞ": "SS",
    "–": "-",
    "—": "-",
    "‐": "-",
    "‑": "-",
    "−": "-",
    "„": '"',
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "‚": "'",
    "…": "...",
    "•": "*",
    "×": "x",
    "™": "(TM)",
    "→": "->",
    "\u202f": NO_BREAK_SPACE,
    "\u2009": " ",
}
# Where a page lacks the character itself.
_LAST_RESORTS = {"€": "EUR"}
# Invisible in any type: soft hyphen, zero-width characters, direction marks, byte order mark.
_INVISIBLE = frozenset({"Cf", "Mn", "Me"})


def printable(text: str, codec: str) -> str:
    """Return a text in which every character is one that the codec has and takes one place on paper.

    White space becomes plain spaces; no-break spaces stay, for they hold an amount and its currency on one line.
    """
    spaced = "".join(" " if char in "\t\r\n\v\f" else char for char in unicodedata.normalize("NFC", text))
    return "".join(_in_codec(char, codec) for char in without_controls(spaced))


def encoded(text: str, codec: str) -> bytes:
    """Write a printable text in the codec's bytes; no-break spaces become spaces, which every printer draws."""
    return text.replace(NO_BREAK_SPACE, " ").encode(codec)


def _in_codec(char: str, codec: str) -> str:
    if char == NO_BREAK_SPACE or (char not in _STAND_INS and _has(char, codec)):
        return char
    if char in _STAND_INS:
        return _STAND_INS[char]
    if unicodedata.category(char) in _INVISIBLE:
        return ""
    decomposed = _LAST_RESORTS.get(char) or unicodedata.normalize("NFKD", char)
    return "".join(part for part in decomposed if _has(part, codec)) or "?"


def _has(char: str, codec: str) -> bool:
    if unicodedata.category(char) in _INVISIBLE:
        return False
    try:
        return min(char.encode(codec)) >= 0x20
    except UnicodeEncodeError:
        return False
