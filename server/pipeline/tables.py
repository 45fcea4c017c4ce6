"""SQL of the pipeline: streams' cursors, `applied`, `parked`, `shift`, `drawer`, `terminal_close` and `till_note`.
Written by this room only.

`event` and `stream` belong to ingest; the pipeline reads the one and moves the other's `applied_seq`.
"""

from collections.abc import Sequence

from msgspec import Struct

from server.db import Connection
from server.kept import to_keep
from server.pipeline.effects import Accepted

_EVENT = """
e.till_id, e.epoch, e.seq, e.event_id, e.type, e.version, e.recorded_ms, e.business_day, e.money, e.body, t.store
"""
_BEHIND = """
SELECT till_id, epoch, applied_seq FROM stream WHERE applied_seq < high_seq ORDER BY till_id, epoch LIMIT ?{skip_locked}
"""
_STREAM = "SELECT applied_seq FROM stream WHERE till_id = ? AND epoch = ?{for_update}"
_NEXT = f"""
SELECT {_EVENT} FROM event e JOIN till t ON t.id = e.till_id
WHERE e.till_id = ? AND e.epoch = ? AND e.seq > ? ORDER BY e.seq LIMIT ?
"""
_ONE = f"""
SELECT {_EVENT} FROM event e JOIN till t ON t.id = e.till_id WHERE e.till_id = ? AND e.epoch = ? AND e.seq = ?
"""
_APPLIED = """
SELECT a.event_id, e.body FROM applied a
JOIN event e ON e.till_id = a.till_id AND e.epoch = a.epoch AND e.seq = a.seq WHERE a.event_id IN ({marks})
"""
_PARKED = """
SELECT p.event_id, e.body FROM parked p
JOIN event e ON e.till_id = p.till_id AND e.epoch = p.epoch AND e.seq = p.seq WHERE p.event_id IN ({marks})
"""
_MOVE = "UPDATE stream SET applied_seq = ? WHERE till_id = ? AND epoch = ?"
_WHOLLY_APPLIED = """
SELECT applied_seq FROM stream s WHERE till_id = ? AND epoch = ?
AND NOT EXISTS (SELECT 1 FROM parked p WHERE p.till_id = s.till_id AND p.epoch = s.epoch)
"""
_BLOCKED = "SELECT DISTINCT aggregate FROM parked WHERE aggregate IN ({marks})"
_PARK = """
INSERT INTO parked (till_id, epoch, seq, event_id, type, aggregate, reason, worded, tries, parked_ms, checked_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)
ON CONFLICT (till_id, epoch, seq) DO UPDATE SET reason = excluded.reason, worded = excluded.worded,
    tries = parked.tries + 1, checked_ms = excluded.checked_ms
"""
_UNPARK = "DELETE FROM parked WHERE till_id = ? AND epoch = ? AND seq = ?"
_WAKE = "UPDATE parked SET checked_ms = 0 WHERE aggregate = ?"
_WAITING = """
SELECT till_id, epoch, seq, aggregate, tries, checked_ms FROM parked ORDER BY checked_ms, till_id, epoch, seq LIMIT ?
"""
_IN_AGGREGATE = """
SELECT till_id, epoch, seq, aggregate, tries, checked_ms FROM parked WHERE aggregate = ?
ORDER BY CASE WHEN type = 'order.made' THEN 0 ELSE 1 END, parked_ms, till_id, epoch, seq LIMIT ?
"""
_OPEN_SHIFT = """
INSERT INTO shift (id, store, till_id, number, business_day, cashier, opened_ms, float_minor, currency)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
# A closing whose opening never came (a lost journal) still makes a row.
_CLOSE_SHIFT = """
INSERT INTO shift (id, store, till_id, number, business_day, cashier, opened_ms, closed_ms, float_minor, expected_minor,
    counted_minor, difference_minor, sales_count, sales_minor, z_number, currency)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET closed_ms = excluded.closed_ms, expected_minor = excluded.expected_minor,
    counted_minor = excluded.counted_minor, difference_minor = excluded.difference_minor,
    sales_count = excluded.sales_count, sales_minor = excluded.sales_minor, z_number = excluded.z_number
"""
_DRAWER = """
INSERT INTO drawer (till_id, currency, cash_minor) VALUES (?, ?, ?)
ON CONFLICT (till_id, currency) DO UPDATE SET cash_minor = drawer.cash_minor + excluded.cash_minor
"""
_NAMES = "SELECT number, name, company FROM customer WHERE number IN ({marks})"
_CLOSE_TERMINAL = """
INSERT INTO terminal_close (source_event, store, till_id, epoch, seq, shift_id, day, cashier, terminal, currency,
    total_minor, payments, expected_minor, text, closed_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_NOTE = """
INSERT INTO till_note (source_event, store, till_id, day, at_ms, kind, subject, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_APPLIED_COLUMNS = ("event_id", "till_id", "epoch", "seq", "applied_ms")


class Cursor(Struct, frozen=True, kw_only=True):
    """How far a stream has been applied."""

    till_id: str
    epoch: int
    applied_seq: int


class Waiting(Struct, frozen=True, kw_only=True):
    """A parked event: where it stands, what it belongs to, how often and when it was last tried."""

    till_id: str
    epoch: int
    seq: int
    aggregate: str
    tries: int
    checked_ms: int


class Parked(Struct, frozen=True, kw_only=True):
    """An event to park, with the reason that a person reads: a `Sentence` where it is one of ours."""

    event: Accepted
    aggregate: str
    reason: str


def claim_streams(connection: Connection, limit: int) -> list[Cursor]:
    """Lock streams that have events to apply; those that another worker holds are passed over."""
    rows = connection.rows(_BEHIND.format(skip_locked=connection.skip_locked), (limit,))
    return [Cursor(till_id=row[0], epoch=row[1], applied_seq=row[2]) for row in rows]


def lock_stream(connection: Connection, till_id: str, epoch: int) -> Cursor:
    """Lock one stream."""
    seq = connection.value(_STREAM.format(for_update=connection.for_update), (till_id, epoch))
    return Cursor(till_id=till_id, epoch=epoch, applied_seq=seq)


def next_events(connection: Connection, cursor: Cursor, limit: int) -> list[Accepted]:
    """Return the events that follow a cursor, in order."""
    rows = connection.rows(_NEXT, (cursor.till_id, cursor.epoch, cursor.applied_seq, limit))
    return [_accepted(row) for row in rows]


def one_event(connection: Connection, waiting: Waiting) -> Accepted | None:
    row = connection.row(_ONE, (waiting.till_id, waiting.epoch, waiting.seq))
    return None if row is None else _accepted(row)


def _accepted(row: Sequence[object]) -> Accepted:
    return Accepted(**dict(zip(Accepted.__struct_fields__, row, strict=True)))  # type: ignore[arg-type]  # by _EVENT


def move_cursors(connection: Connection, cursors: Sequence[Cursor]) -> None:
    connection.many(_MOVE, [(cursor.applied_seq, cursor.till_id, cursor.epoch) for cursor in cursors])


def bodies_seen(connection: Connection, event_ids: Sequence[str]) -> dict[str, bytes]:
    """Return the bodies of those event ids that had their effect, or wait parked for it."""
    if not event_ids:
        return {}
    marks = ", ".join("?" * len(event_ids))
    found = connection.rows(_PARKED.format(marks=marks), event_ids)
    found += connection.rows(_APPLIED.format(marks=marks), event_ids)
    return {event_id: bytes(body) for event_id, body in found}


def add_applied(connection: Connection, events: Sequence[Accepted], now_ms: int) -> None:
    """Record that events had their effect. Raises ConstraintBrokenError for an id that had it already."""
    rows = [(event.event_id, event.till_id, event.epoch, event.seq, now_ms) for event in events]
    connection.copy_rows("applied", _APPLIED_COLUMNS, rows)


def blocked(connection: Connection, aggregates: Sequence[str]) -> set[str]:
    """Return which of these aggregates have a parked event."""
    if not aggregates:
        return set()
    sql = _BLOCKED.format(marks=", ".join("?" * len(aggregates)))
    return {aggregate for (aggregate,) in connection.rows(sql, aggregates)}


def wholly_applied_seq(connection: Connection, till_id: str, epoch: int) -> int | None:
    """Return up to which event all of a stream has had its effect; None where some of it is parked."""
    seq: int | None = connection.value(_WHOLLY_APPLIED, (till_id, epoch))
    return seq


def park(connection: Connection, parked: Sequence[Parked], now_ms: int) -> None:
    """Park events, or note that a parked one was tried again."""
    connection.many(
        _PARK,
        [
            (
                one.event.till_id,
                one.event.epoch,
                one.event.seq,
                one.event.event_id,
                one.event.type,
                one.aggregate,
                str(one.reason),
                to_keep(one.reason),
                now_ms,
                now_ms,
            )
            for one in parked
        ],
    )


def unpark(connection: Connection, event: Accepted) -> None:
    connection.run(_UNPARK, (event.till_id, event.epoch, event.seq))


def wake(connection: Connection, aggregates: Sequence[str]) -> None:
    """Let the parked events of aggregates be looked at again at once: what they waited for has come."""
    connection.many(_WAKE, [(aggregate,) for aggregate in aggregates])


def waiting(connection: Connection, limit: int) -> list[Waiting]:
    """Return parked events, those first that were not looked at for longest."""
    return [_waiting(row) for row in connection.rows(_WAITING, (limit,))]


def waiting_in(connection: Connection, aggregate: str, limit: int) -> list[Waiting]:
    """Return an aggregate's parked events in their order; what made an order comes before all that is about it."""
    return [_waiting(row) for row in connection.rows(_IN_AGGREGATE, (aggregate, limit))]


def _waiting(row: Sequence[object]) -> Waiting:
    return Waiting(**dict(zip(Waiting.__struct_fields__, row, strict=True)))  # type: ignore[arg-type]  # by _WAITING


def write_shifts(
    connection: Connection, opened: Sequence[Sequence[object]], closed: Sequence[Sequence[object]]
) -> None:
    """Write openings, then closings: a batch holds them in this order, since a shift is opened first."""
    connection.many(_OPEN_SHIFT, opened)
    connection.many(_CLOSE_SHIFT, closed)


def write_terminal_closes(connection: Connection, rows: Sequence[Sequence[object]]) -> None:
    if rows:
        connection.many(_CLOSE_TERMINAL, rows)


def write_notes(connection: Connection, rows: Sequence[Sequence[object]]) -> None:
    if rows:
        connection.many(_NOTE, rows)


def add_cash(connection: Connection, changes: Sequence[tuple[str, str, int]]) -> None:
    """Add signed cash (till, currency, amount) to what lies in the drawers."""
    connection.many(_DRAWER, changes)


def customer_names(connection: Connection, numbers: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return number → (name, company) of customers that are known."""
    if not numbers:
        return {}
    rows = connection.rows(_NAMES.format(marks=", ".join("?" * len(numbers))), numbers)
    return {number: (name, company) for number, name, company in rows}
