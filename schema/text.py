"""Text as people search it: without case, accents or umlaut marks, so that "kase" finds "Käse"."""

import unicodedata

# What Unicode does not take apart, but people type with two letters or one.
_SPELLED_OUT = str.maketrans({"ß": "ss", "ẞ": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l"})


def fold(text: str) -> str:
    """Return text for comparing: casefolded, accents dropped, white space made single."""
    # Compatibility forms may hide capitals, and casefolding may bring accents: take apart before and after.
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(char for char in apart if not unicodedata.combining(char))
    return " ".join(bare.translate(_SPELLED_OUT).split())


def without_controls(text: str) -> str:
    """Drop control characters, so that a name can never carry a command to a printer or a line into a log."""
    return "".join(char for char in text if unicodedata.category(char) != "Cc")
