"""Numbers without gaps: a row of `counter` per series, raised under its own lock, rolled back with its transaction.

A serial of the database has holes after every rollback, so no document ever carries one (architecture §4).
"""

from server.db import Connection

_TAKE = """
INSERT INTO counter (name, value) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET value = counter.value + excluded.value RETURNING value
"""


def take(connection: Connection, series: str, count: int) -> range:
    """Take the next `count` numbers of a series; the first one ever is 1. They are free again if this rolls back."""
    if count < 1:
        return range(0)
    last = int(connection.value(_TAKE, (series, count)))
    return range(last - count + 1, last + 1)
