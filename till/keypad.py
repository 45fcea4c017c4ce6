"""What a keypad's keys make of an entry. Pure: an entry is the text as typed, with a point for the decimal mark."""

from schema.locale import locale_of
from schema.money import parse_amount

ENTRY_LENGTH_MAX = 14
TIMES = "×"


def typed(entry: str, key: str) -> str:
    """Return the entry after a key: a digit, "00", ".", "back" or "clear"; any other key changes nothing."""
    match key:
        case "clear":
            return ""
        case "back":
            return entry[:-1].rstrip()
        case "." if "." in entry.rpartition(TIMES)[2]:
            return entry
        case _ if key == "." or (key.isascii() and key.isdigit()):
            return (entry + key)[:ENTRY_LENGTH_MAX]
    return entry


def shown(entry: str, language: str) -> str:
    """Return an entry with the language's decimal mark."""
    return entry.replace(".", locale_of(language).decimal)


def amount_of(entry: str, currency: str) -> int | None:
    """Return an entry as minor units, None while nothing is typed. Raises Refused("bad_amount")."""
    return parse_amount(entry, currency) if entry else None


def amount_so_far(entry: str, currency: str) -> int:
    """Return what an unfinished entry comes to, to show while typing; what cannot be read yet is nothing."""
    whole, _, fraction = entry.partition(".")
    return parse_amount(f"{whole or '0'}.{fraction[:2]}" if fraction else whole or "0", currency) if entry else 0
