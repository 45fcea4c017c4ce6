"""SQL of `stock`. Written by this room only."""

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from server.db import Connection
from server.stock.rules import quantity

# Only what head office counts is fed, so only that becomes dirty.
_MOVE = """
INSERT INTO stock (store, article, moved_milli, as_of_ms) VALUES (?, ?, ?, ?)
ON CONFLICT (store, article) DO UPDATE SET moved_milli = stock.moved_milli + excluded.moved_milli,
    as_of_ms = excluded.as_of_ms, dirty = CASE WHEN stock.counted_ms IS NULL THEN 0 ELSE 1 END
"""
_COUNT = """
INSERT INTO stock (store, article, counted_milli, counted_ms, as_of_ms, dirty) VALUES (?, ?, ?, ?, ?, 1)
ON CONFLICT (store, article) DO UPDATE SET counted_milli = excluded.counted_milli - stock.moved_milli,
    counted_ms = excluded.counted_ms, as_of_ms = excluded.as_of_ms, dirty = 1
"""
_DIRTY = """
SELECT store, article, counted_milli + moved_milli, as_of_ms FROM stock WHERE dirty = 1 ORDER BY store, article
LIMIT ?{skip_locked}
"""
_CLEAN = "UPDATE stock SET dirty = 0 WHERE store = ? AND article = ?"
_LEVEL = """
SELECT store, article, counted_milli + moved_milli, as_of_ms FROM stock WHERE store = ? AND article = ?
    AND counted_ms IS NOT NULL
"""


class Level(Struct, frozen=True, kw_only=True):
    """How much of an article a store has, and since when that is known."""

    store: str
    article: str
    quantity: Decimal
    as_of_ms: int


def move(connection: Connection, changes: dict[tuple[str, str], int], now_ms: int) -> None:
    """Add (store, article) → thousandths to what lies there, always in the same order of rows."""
    rows = [(store, article, change, now_ms) for (store, article), change in sorted(changes.items()) if change]
    if rows:
        connection.many(_MOVE, rows)


def count(connection: Connection, counted: Sequence[tuple[str, str, int]], now_ms: int) -> None:
    """Set what was counted (store, article, thousandths): from here on sales move it."""
    connection.many(_COUNT, [(store, article, number, now_ms, now_ms) for store, article, number in sorted(counted)])


def take_dirty(connection: Connection, limit: int) -> list[Level]:
    """Hold levels that changed since they were fed, and mark them clean."""
    rows = connection.rows(_DIRTY.format(skip_locked=connection.skip_locked), (limit,))
    connection.many(_CLEAN, [(store, article) for store, article, _, _ in rows])
    return [_level(row) for row in rows]


def level(connection: Connection, store: str, article: str) -> Level | None:
    """Return how much a store has, or None where nobody counted."""
    row = connection.row(_LEVEL, (store, article))
    return None if row is None else _level(row)


def _level(row: Sequence[object]) -> Level:
    store, article, thousandths, as_of_ms = row
    return Level(
        store=str(store),
        article=str(article),
        quantity=quantity(int(str(thousandths))),
        as_of_ms=int(str(as_of_ms)),
    )
