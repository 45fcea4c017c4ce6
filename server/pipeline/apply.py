"""Apply: from accepted events to their effects, per stream in order (protocol §3).

A batch of events, their effects and the streams' cursors are one transaction, so a kill leaves none or all of it. Each
event id has one effect, however many streams bring it. An event that cannot be applied is parked with the reason, and
so are the later ones of its aggregate; everything else flows. A batch that the database refuses is applied again event
by event, so that only the guilty one waits.
"""

import logging
from collections.abc import Iterable, Sequence

from msgspec import Struct

from schema.chain import parse_money
from schema.clock import Clock
from schema.errors import CounterfoilError, Refused, Sentence, Unready
from schema.events import OrderMade, UnknownEventError
from schema.text import without_controls
from server.db import Connection, Database
from server.kept import kept, sentence_of
from server.pipeline import tables
from server.pipeline.effects import AMOUNT_MINOR_MAX, Accepted, Read, aggregate_of, read
from server.pipeline.tables import Cursor, Parked, Waiting
from server.pipeline.write import missing_orders, waits_for_order, write

STREAMS_MAX = 25
BATCH_EVENTS_MAX = 200
RETRY_EVENTS_MAX = 200
# After the n-th look at a parked event; the last one repeats.
RETRY_MS = (10_000, 60_000, 300_000, 900_000, 3_600_000)
_REASON_CHARS_MAX = 500

logger = logging.getLogger(__name__)


class _Sorted(Struct, frozen=True, kw_only=True):
    """A batch, judged: what is applied, what is parked. A repeated event id is in neither."""

    good: list[Read]
    bad: list[Parked]


def apply_some(database: Database, clock: Clock) -> int:
    """Apply the next batch; return how many events were dealt with, 0 when nothing waits.

    Raises Unready when the database is away or busy: nothing happened.
    """
    claimed: list[Cursor] = []

    def batch(connection: Connection) -> int:
        claimed[:] = tables.claim_streams(connection, STREAMS_MAX)
        return _apply_claimed(connection, claimed, clock.now_ms())

    try:
        return database.transact(batch)
    except Unready:
        raise
    except Exception as error:
        # Whatever one event brought about must not stop the others: find it by going one by one.
        logger.warning("a batch was refused and is applied event by event: %s", _first_line(error))
        return sum(_apply_singly(database, cursor, _share(claimed), clock) for cursor in claimed)


def _share(claimed: Sequence[Cursor]) -> int:
    """Return how many events of each stream make a batch."""
    return max(BATCH_EVENTS_MAX // len(claimed), 1)


def _apply_claimed(connection: Connection, claimed: Sequence[Cursor], now_ms: int) -> int:
    if not claimed:
        return 0
    batches = [tables.next_events(connection, cursor, _share(claimed)) for cursor in claimed]
    events = [event for batch in batches for event in batch]
    _apply(connection, events, now_ms)
    tables.move_cursors(connection, [_after(batch) for batch in batches if batch])
    connection.ring("work")
    return len(events)


def _after(batch: Sequence[Accepted]) -> Cursor:
    last = batch[-1]
    return Cursor(till_id=last.till_id, epoch=last.epoch, applied_seq=last.seq)


def _apply(connection: Connection, events: Sequence[Accepted], now_ms: int) -> None:
    """Judge and write a batch of new events, in one go."""
    fresh, clashes = _without_repeats(connection, events)
    judged = _judged(connection, fresh)
    write(connection, judged.good, now_ms)
    tables.add_cash(connection, _cash(fresh))
    tables.park(connection, judged.bad + clashes, now_ms)


def _without_repeats(connection: Connection, events: Sequence[Accepted]) -> tuple[list[Accepted], list[Parked]]:
    """Drop events whose id had its effect (fault 35); the same id with another body is parked, never dropped."""
    seen = tables.bodies_seen(connection, [event.event_id for event in events])
    fresh: list[Accepted] = []
    clashes: list[Parked] = []
    for event in events:
        body = seen.get(event.event_id)
        if body is None:
            seen[event.event_id] = event.body
            fresh.append(event)
        elif body != event.body:
            clashes.append(Parked(event=event, aggregate=f"event:{event.event_id}", reason=Sentence(_ID_TAKEN)))
    return fresh, clashes


def _judged(connection: Connection, events: Sequence[Accepted]) -> _Sorted:
    aggregates = [aggregate_of(event) for event in events]
    blocked = tables.blocked(connection, sorted(set(aggregates)))
    understood: list[Read | str] = [_understood(event) for event in events]
    missing = missing_orders(connection, [one for one in understood if not isinstance(one, str)])
    good: list[Read] = []
    bad: list[Parked] = []
    for event, aggregate, one in zip(events, aggregates, understood, strict=True):
        reason = _trouble(one, aggregate in blocked, missing)
        if isinstance(one, str) or reason:
            blocked.add(aggregate)
            bad.append(Parked(event=event, aggregate=aggregate, reason=reason))
        else:
            good.append(one)
    return _Sorted(good=good, bad=bad)


def _understood(event: Accepted) -> Read | str:
    """Return an event read, or why it cannot be."""
    try:
        return read(event)
    except (UnknownEventError, ValueError, CounterfoilError) as error:
        return _reason(error, event)


def _trouble(one: Read | str, is_behind: bool, missing: set[str]) -> str:
    """Return why an event has to wait, or "". What makes an order waits behind nothing: all else is about it."""
    if is_behind and (isinstance(one, str) or not isinstance(one.body, OrderMade)):
        return Sentence(_BEHIND)
    if isinstance(one, str):
        return one
    return waits_for_order(one, missing) or ""


_BEHIND = kept("An earlier event of the same order, sale or shift is parked; this one waits behind it.")
_NEWER = kept(
    "Head office does not know {type} in version {version}: a newer till made it. Update head office; then it is "
    "applied by itself."
)
_ID_TAKEN = kept("Another event with this id, but other content, was there first. Ask which of the two is true.")


def _cash(events: Iterable[Accepted]) -> list[tuple[str, str, int]]:
    """Sum the headers' cash per till: right even where a body is not understood."""
    sums: dict[tuple[str, str], int] = {}
    for event in events:
        for tender, currency, amount in parse_money(event.money):
            if tender == "cash" and abs(amount) <= AMOUNT_MINOR_MAX:
                sums[event.till_id, currency] = sums.get((event.till_id, currency), 0) + amount
    return [(till_id, currency, amount) for (till_id, currency), amount in sorted(sums.items())]


def _apply_singly(database: Database, cursor: Cursor, limit: int, clock: Clock) -> int:
    """Apply a stream's share of a batch event by event; park the one that the database refuses."""
    with database.read() as connection:
        events = tables.next_events(connection, cursor, limit)
    for event in events:
        _apply_or_park(database, event, clock.now_ms())
    return len(events)


def _apply_or_park(database: Database, event: Accepted, now_ms: int) -> None:
    try:
        with database.write() as connection:
            if _is_next(connection, event):
                _apply(connection, [event], now_ms)
                tables.move_cursors(connection, [_after([event])])
                connection.ring("work")
        return
    except Unready:
        raise
    except Exception as error:
        logger.warning("%s %s/%s/%s is parked", event.type, event.till_id, event.epoch, event.seq, exc_info=True)
        reason = _reason(error, event)
    with database.write() as connection:
        if _is_next(connection, event):
            tables.add_cash(connection, _cash(_without_repeats(connection, [event])[0]))
            tables.park(connection, [Parked(event=event, aggregate=aggregate_of(event), reason=reason)], now_ms)
            tables.move_cursors(connection, [_after([event])])


def _is_next(connection: Connection, event: Accepted) -> bool:
    """Hold an event's stream, and tell whether no other worker was faster."""
    return tables.lock_stream(connection, event.till_id, event.epoch).applied_seq == event.seq - 1


def retry_parked(database: Database, clock: Clock, *, all_now: bool = False) -> int:
    """Look again at parked events that are due (or at all of them); return how many could be applied."""
    with database.read() as connection:
        waiting = tables.waiting(connection, RETRY_EVENTS_MAX)
    now_ms = clock.now_ms()
    due = dict.fromkeys(one.aggregate for one in waiting if all_now or is_due(one.tries, one.checked_ms, now_ms))
    return sum(_retry_aggregate(database, aggregate, clock) for aggregate in due)


def is_due(tries: int, checked_ms: int, now_ms: int) -> bool:
    """Tell whether a parked event is to be looked at again."""
    return now_ms - checked_ms >= RETRY_MS[min(max(tries, 1), len(RETRY_MS)) - 1]


def _retry_aggregate(database: Database, aggregate: str, clock: Clock) -> int:
    """Retry an aggregate's parked events in their order until one still cannot be applied."""
    with database.read() as connection:
        waiting = tables.waiting_in(connection, aggregate, RETRY_EVENTS_MAX)
    for done, one in enumerate(waiting):
        if not _retry_one(database, one, clock.now_ms()):
            return done
    return len(waiting)


def _retry_one(database: Database, waiting: Waiting, now_ms: int) -> bool:
    try:
        with database.write() as connection:
            event = _locked(connection, waiting)
            if event is not None:
                tables.unpark(connection, event)
                fresh, clashes = _without_repeats(connection, [event])
                if clashes:
                    raise Refused("event_id_taken", _ID_TAKEN)
                write(connection, [read(one) for one in fresh], now_ms)
                connection.ring("work")
            return True
    except Unready:
        raise
    except Exception as error:
        failure = error
    with database.write() as connection:
        event = _locked(connection, waiting)
        if event is not None:
            reason = _reason(failure, event)
            tables.park(connection, [Parked(event=event, aggregate=waiting.aggregate, reason=reason)], now_ms)
    return False


def _locked(connection: Connection, waiting: Waiting) -> Accepted | None:
    """Hold a parked event's stream; None where another worker has applied it meanwhile."""
    tables.lock_stream(connection, waiting.till_id, waiting.epoch)
    still = any(one.seq == waiting.seq for one in tables.waiting_in(connection, waiting.aggregate, RETRY_EVENTS_MAX))
    return tables.one_event(connection, waiting) if still else None


def _reason(error: BaseException, event: Accepted) -> str:
    """Return why an event cannot be applied: a `Sentence` where it is one of ours, short and without controls."""
    if isinstance(error, UnknownEventError):
        return Sentence(_NEWER, type=without_controls(event.type), version=event.version)
    clean = _first_line(error)
    if isinstance(error, CounterfoilError) and clean == error.message:
        return sentence_of(error)
    return clean


def _first_line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return without_controls(text[0] if text else type(error).__name__)[:_REASON_CHARS_MAX]
