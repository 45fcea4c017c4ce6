"""Stock levels: what was counted and what sales moved since, fed to the tills now and then, not at every sale.

A sale only marks its articles; the worker's clock feeds what changed (`feed_changes`), so a busy hour of the same
article is one change of the feed. A till sees the stock of every store, with its age.
"""

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from schema.catalogue import StockLevel
from server.catalogue import feed
from server.db import Connection, Database
from server.stock import tables
from server.stock.rules import milli

FEED_ROWS_MAX = 500


class Count(Struct, frozen=True, kw_only=True):
    """What someone counted, or imported, of an article in a store."""

    store: str
    article: str
    quantity: Decimal


def count(connection: Connection, counts: Sequence[Count], now_ms: int) -> None:
    """Set stock levels; from here on sales move them. The tills have it with the next `feed_changes`."""
    latest = {(one.store, one.article): milli(one.quantity) for one in counts}
    rows = [(store, article, thousandths) for (store, article), thousandths in latest.items()]
    tables.count(connection, rows, now_ms)


def feed_changes(database: Database) -> int:
    """Feed all levels that changed since the last time, a bounded batch per transaction; return how many."""
    fed = 0
    while batch := database.transact(_feed_some):
        fed += batch
        if batch < FEED_ROWS_MAX:
            break
    return fed


def _feed_some(connection: Connection) -> int:
    changed = tables.take_dirty(connection, FEED_ROWS_MAX)
    feed.put(connection, [feed.present(feed.EVERY_STORE, _row(level)) for level in changed])
    return len(changed)


def _row(level: tables.Level) -> StockLevel:
    return StockLevel(store=level.store, article=level.article, quantity=level.quantity, as_of_ms=level.as_of_ms)
