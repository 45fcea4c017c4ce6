"""The feed: the last state of every row that tills may see, each with the revision of its last change (protocol §4).

A room that changes such a row puts it here in the same transaction. Revisions come from one counter whose row stays
locked until the commit, so they become visible in their order and a reader never skips one. A row that did not change
gets no new revision. A deleted row stays as its end for some time (`server.catalogue.ends`).

`store` '' is for every store; a till sees '' and its own store, nothing else.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby

import msgspec
from msgspec import Struct

from schema.catalogue import FEED_KINDS, FeedRow, key_of
from schema.errors import Refused
from schema.messages import FEED_PAGE_MAX, FeedChange
from server.db import Connection

COUNTER = "feed"
# Up to which revision ends of rows are not known any more.
FORGOTTEN = "feed_forgotten"
BELL = "feed"
EVERY_STORE = ""
_KEYS_AT_ONCE = 500
_ENCODER = msgspec.json.Encoder(order="deterministic")
_KIND_OF = {struct: kind for kind, struct in FEED_KINDS.items()}
_COLUMNS = ("store", "kind", "key", "rev", "deleted", "body")
_TAKE = (
    "INSERT INTO counter (name, value) VALUES (?, ?) "
    "ON CONFLICT (name) DO UPDATE SET value = counter.value + excluded.value RETURNING value"
)
_REPLACE = (
    "ON CONFLICT (store, kind, key) DO UPDATE SET rev = excluded.rev, deleted = excluded.deleted, body = excluded.body"
)
_AFTER = (
    "SELECT rev, kind, key, deleted, body FROM feed WHERE store = ? AND rev > ? AND (deleted = 0 OR rev > ?) "
    "ORDER BY rev LIMIT ?"
)


class FeedWrite(Struct, frozen=True, kw_only=True):
    """A row's new state for one store, or its end (`body` None)."""

    store: str
    kind: str
    key: str
    body: str | None


class Slice(Struct, frozen=True, kw_only=True):
    """What a reader gets at once: changes in order, where to go on, whether more is there now, the newest revision."""

    changes: tuple[FeedChange, ...]
    cursor: int
    more: bool
    newest: int


def kind_of(row: FeedRow) -> str:
    """Return the feed's word for a row's kind."""
    return _KIND_OF[type(row)]


def present(store: str, row: FeedRow) -> FeedWrite:
    """Return the write that makes a row visible to a store ('' for all)."""
    return FeedWrite(store=store, kind=kind_of(row), key=key_of(row), body=_ENCODER.encode(row).decode())


def gone(store: str, kind: str, key: str) -> FeedWrite:
    """Return the write that takes a row away."""
    return FeedWrite(store=store, kind=kind, key=key, body=None)


def put(connection: Connection, writes: Iterable[FeedWrite]) -> set[str]:
    """Store new states with new revisions; return the keys of those that differ from before."""
    changed: set[str] = set()
    ordered = sorted(writes, key=lambda write: (write.store, write.kind))
    for (store, kind), group in groupby(ordered, key=lambda write: (write.store, write.kind)):
        latest = {write.key: write for write in group}
        keys = list(latest)
        for start in range(0, len(keys), _KEYS_AT_ONCE):
            part = [latest[key] for key in keys[start : start + _KEYS_AT_ONCE]]
            changed |= _put_some(connection, store, kind, part)
    if changed:
        connection.ring(BELL)
    return changed


def _put_some(connection: Connection, store: str, kind: str, writes: Sequence[FeedWrite]) -> set[str]:
    before = _states(connection, store, kind, [write.key for write in writes])
    new = [write for write in writes if before.get(write.key) != write.body]
    if not new:
        return set()
    last = int(connection.value(_TAKE, (COUNTER, len(new))))
    first = last - len(new) + 1
    rows = [
        (store, kind, write.key, first + index, int(write.body is None), write.body or "null")
        for index, write in enumerate(new)
    ]
    connection.copy_rows("feed", _COLUMNS, rows, _REPLACE)
    return {write.key for write in new}


def _states(connection: Connection, store: str, kind: str, keys: Sequence[str]) -> dict[str, str | None]:
    marks = ", ".join("?" * len(keys))
    sql = f"SELECT key, deleted, body FROM feed WHERE store = ? AND kind = ? AND key IN ({marks})"
    return {key: None if deleted else body for key, deleted, body in connection.rows(sql, (store, kind, *keys))}


def bodies_of(connection: Connection, store: str, kind: str, keys: Sequence[str]) -> dict[str, str]:
    """Return the live rows of some keys as they were last fed."""
    found: dict[str, str] = {}
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        states = _states(connection, store, kind, keys[start : start + _KEYS_AT_ONCE])
        found |= {key: body for key, body in states.items() if body is not None}
    return found


def last_revision(connection: Connection) -> int:
    """Return the newest revision of the whole feed."""
    return _bounds(connection)[1]


def _bounds(connection: Connection) -> tuple[int, int]:
    """Return up to which revision ends are forgotten, and the newest revision."""
    found: dict[str, int] = dict(
        connection.rows("SELECT name, value FROM counter WHERE name IN (?, ?)", (FORGOTTEN, COUNTER))
    )
    return int(found.get(FORGOTTEN, 0)), int(found.get(COUNTER, 0))


def read_slice(connection: Connection, store: str, cursor: int, limit: int, since: int = 0) -> Slice:
    """Return what a store may see after a cursor, in order.

    Ends up to `since` are left out: a reader that began with nothing when that was the newest revision never saw those
    rows.

    Raises Refused("cursor_gone") for a cursor that this history has not reached, or one before an end that nobody knows
    any more: the reader starts again from 0; Refused("bad_request") for a negative one or a limit out of bounds.
    """
    if cursor < 0 or not 1 <= limit <= FEED_PAGE_MAX:
        raise Refused("bad_request", f"The feed reads from a cursor of 0 or more, 1 to {FEED_PAGE_MAX} rows at once.")
    forgotten, newest = _bounds(connection)
    if cursor and max(cursor, since) < forgotten:
        raise Refused(
            "cursor_gone",
            f"Cursor {cursor} is too old: what ended up to {forgotten} is not known any more. Fetch all from 0.",
        )
    if cursor > newest:
        message = f"Cursor {cursor} is ahead of head office ({newest}): its data was restored. Fetch all from 0."
        raise Refused("cursor_gone", message)
    rows = [row for place in (EVERY_STORE, store) for row in connection.rows(_AFTER, (place, cursor, since, limit + 1))]
    rows.sort()
    taken = rows[:limit]
    more = len(rows) > limit
    changes = tuple(_change(*row) for row in taken)
    return Slice(changes=changes, cursor=int(taken[-1][0]) if more else newest, more=more, newest=newest)


def _change(rev: int, kind: str, key: str, deleted: int, body: str) -> FeedChange:
    return FeedChange(rev=rev, kind=kind, key=key, deleted=bool(deleted), body=msgspec.Raw(body.encode()))


def totals(connection: Connection, store: str) -> dict[str, int]:
    """Return how many live rows of each kind a store has."""
    sql = "SELECT kind, count(*) FROM feed WHERE store IN ('', ?) AND deleted = 0 GROUP BY kind"
    return dict(connection.rows(sql, (store,)))
