"""Stock as head office last counted it, in words: here, in the other stores, and how old the figures are."""

from collections.abc import Sequence
from decimal import Decimal

from schema.catalogue import StockLevel
from till.paper.letterhead import quantity_text
from till.words import Words

MINUTE_MS, HOUR_MIN, DAY_MIN = 60_000, 60, 24 * 60


def age_text(as_of_ms: int, now_ms: int, words: Words) -> str:
    """Say how old a figure is, as exactly as it matters."""
    minutes = max(now_ms - as_of_ms, 0) // MINUTE_MS
    if minutes < HOUR_MIN:
        return minutes_text(minutes, words)
    if minutes < 2 * DAY_MIN:
        return words.count("as of {count} hour ago", "as of {count} hours ago", minutes // HOUR_MIN)
    return words.count("as of {count} day ago", "as of {count} days ago", minutes // DAY_MIN)


def minutes_text(minutes: int, words: Words) -> str:
    """Say how many minutes old something is."""
    return words.count("as of {count} minute ago", "as of {count} minutes ago", minutes)


def here_text(levels: Sequence[StockLevel], store: str, words: Words) -> str:
    """Say what this store has."""
    here = next((level.quantity for level in levels if level.store == store), None)
    return words("stock unknown") if here is None else words("{count} here", count=_pieces(here, words))


def elsewhere_text(levels: Sequence[StockLevel], store: str, words: Words) -> str:
    """Say what the other stores have together; empty where nothing is known of them."""
    others = [level.quantity for level in levels if level.store != store]
    return words("{count} elsewhere", count=_pieces(sum(others, Decimal(0)), words)) if others else ""


def stock_text(levels: Sequence[StockLevel], store: str, now_ms: int, words: Words) -> str:
    """Say it in one line, with the age of the oldest figure; empty where nothing is known."""
    if not levels:
        return ""
    age = age_text(min(level.as_of_ms for level in levels), now_ms, words)
    parts = (here_text(levels, store, words), elsewhere_text(levels, store, words), age)
    return "  ·  ".join(part for part in parts if part)


def _pieces(quantity: Decimal, words: Words) -> str:
    return quantity_text(quantity, "piece", words)
