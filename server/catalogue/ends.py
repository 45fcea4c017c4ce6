"""Ends in the feed: how long head office tells tills that a row is gone, and when it forgets that there was one.

A row that ended stays in the feed as its end (a tombstone), for a till that was away must hear of it. After `KEPT_DAYS`
the end is forgotten. Whoever reads from a cursor before a forgotten end is told to fetch all anew (410, protocol §4):
what it then does not get is gone.

A revision has no time of its own, so a mark a day says how far the feed was. A clock that jumps ahead forgets too much
and costs full fetches, never a row.
"""

from server.catalogue.feed import FORGOTTEN, last_revision
from server.db import Connection, Database

KEPT_DAYS = 90
DAY_MS = 86_400_000
ROWS_MAX = 500
BATCHES_MAX = 40
_NEWEST_MARK = "SELECT MAX(at_ms) FROM feed_mark"
_MARK = "INSERT INTO feed_mark (at_ms, rev) VALUES (?, ?)"
# How far the feed was when what is too old now had ended already.
_OLD_MARK = "SELECT MAX(rev) FROM feed_mark WHERE at_ms <= ?"
_ENDED = "SELECT rev FROM feed WHERE deleted = 1 AND rev <= ? ORDER BY rev LIMIT ?"
_FORGET = "DELETE FROM feed WHERE deleted = 1 AND rev <= ?"
_REMEMBER = (
    "INSERT INTO counter (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value "
    "WHERE counter.value < excluded.value"
)
# Of the marks that are too old the newest one is enough.
_DROP_MARKS = "DELETE FROM feed_mark WHERE at_ms < (SELECT MAX(at_ms) FROM feed_mark WHERE at_ms <= ?)"


def forget(database: Database, now_ms: int) -> int:
    """Mark where the feed is, and forget the ends that are too old, a bounded number; return how many."""
    database.transact(lambda connection: mark(connection, now_ms))
    return database.in_batches(
        lambda connection: forget_some(connection, now_ms), rows_max=ROWS_MAX, batches_max=BATCHES_MAX
    )


def mark(connection: Connection, now_ms: int) -> None:
    """Note once a day how far the feed is. Marks from days to come were made by a clock that was wrong."""
    connection.lock("counterfoil feed marks")
    connection.run("DELETE FROM feed_mark WHERE at_ms > ?", (now_ms + DAY_MS,))
    newest = connection.value(_NEWEST_MARK)
    if newest is None or now_ms - newest >= DAY_MS:
        connection.run(_MARK, (now_ms, last_revision(connection)))
    connection.run(_DROP_MARKS, (_until(now_ms),))


def forget_some(connection: Connection, now_ms: int) -> int:
    """Forget the oldest ends that are too old, at most `ROWS_MAX`; return how many."""
    until = connection.value(_OLD_MARK, (_until(now_ms),))
    ended = connection.rows(_ENDED, (until, ROWS_MAX)) if until is not None else []
    if not ended:
        return 0
    last = ended[-1][0]
    connection.run(_REMEMBER, (FORGOTTEN, last))
    return connection.run(_FORGET, (last,))


def _until(now_ms: int) -> int:
    return now_ms - KEPT_DAYS * DAY_MS
