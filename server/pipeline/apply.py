"""Apply: from accepted events to their effects, per stream in order (protocol §3).

A batch of events, their effects and the streams' cursors are one transaction, so a kill leaves none or all of it. Each
event id has one effect, however many streams bring it. An event that cannot be applied is parked with the reason, and
so are the later ones of its aggregate; everything else flows. A batch that the database refuses is applied again event
by event, so that only the guilty one waits.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from schema.chain import parse_money
from schema.clock import Clock
from schema.errors import CounterfoilError, Refused, Unready
from schema.events import Body, CustomerAdded, OrderMade, QuickKeysChanged, SaleCompleted, UnknownEventError
from schema.text import without_controls
from server.db import Connection, Database
from server.jobs.tables import enqueue
from server.orders import made
from server.orders import tables as order_tables
from server.orders.rules import comes_from_till
from server.orders.sales import Imported
from server.orders.settle import publish, settle
from server.orders.tables import Held
from server.parties import account, added
from server.pipeline import quick_keys, tables
from server.pipeline.effects import (
    AMOUNT_MINOR_MAX,
    Accepted,
    Effects,
    Read,
    aggregate_of,
    effects_of,
    origin_of,
    read,
)
from server.pipeline.tables import Cursor, Parked, Waiting
from server.pipeline.worklist import raise_matters
from server.stock import tables as stock_tables
from server.stock.rules import moved
from server.vouchers import keep

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
    _write(connection, judged.good, now_ms)
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
            reason = "Another event with this id, but other content, was there first. Ask which of the two is true."
            clashes.append(Parked(event=event, aggregate=f"event:{event.event_id}", reason=reason))
    return fresh, clashes


def _judged(connection: Connection, events: Sequence[Accepted]) -> _Sorted:
    aggregates = [aggregate_of(event) for event in events]
    blocked = tables.blocked(connection, sorted(set(aggregates)))
    understood: list[Read | str] = [_understood(event) for event in events]
    missing = _missing_orders(connection, [one for one in understood if not isinstance(one, str)])
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
        return _first_line(error)


def _trouble(one: Read | str, is_behind: bool, missing: set[str]) -> str:
    """Return why an event has to wait, or "". What makes an order waits behind nothing: all else is about it."""
    if is_behind and (isinstance(one, str) or not isinstance(one.body, OrderMade)):
        return _BEHIND
    if isinstance(one, str):
        return one
    return _waits_for_order(one, missing)


_BEHIND = "An earlier event of the same order, sale or shift is parked; this one waits behind it."


def _waits_for_order(one: Read, missing: set[str]) -> str:
    body = one.body
    if not isinstance(body, SaleCompleted) or not body.order or body.order.order_id not in missing:
        return ""
    return f"Order {body.order.number} was made at a till whose own event has not come yet. It is applied behind it."


def _missing_orders(connection: Connection, events: Sequence[Read]) -> set[str]:
    """Return the orders made at tills that events refer to and that neither stand here nor come with these events."""
    wanted = {
        event.body.order.order_id
        for event in events
        if isinstance(event.body, SaleCompleted) and event.body.order and comes_from_till(event.body.order.number)
    }
    coming = {event.body.order_id for event in events if isinstance(event.body, OrderMade)}
    return wanted - coming - order_tables.existing(connection, wanted - coming)


def _write(connection: Connection, good: Sequence[Read], now_ms: int) -> None:
    """Write the effects of events: first the orders that they make, then what they did to them, then all the rest.

    Locks are taken in one order – orders, open items, vouchers, stock, and the feed's counter last – so that workers
    wait for each other instead of blocking each other for ever.
    """
    missing = _missing_orders(connection, good)
    for event in good:
        if reason := _waits_for_order(event, missing):
            raise Refused("order_not_here", reason)
    bodies = [event.body for event in good]
    names = _names(connection, bodies)
    new_orders = _write_made(connection, good, names, now_ms)
    known = order_tables.hold(
        connection, [body.order.order_id for body in bodies if isinstance(body, SaleCompleted) and body.order]
    )
    effects = [effects_of(event, known, names, now_ms) for event in good]
    imported = [one.imported for one in effects if one.imported]
    _write_orders(connection, imported)
    items, vouchers = account.hold(connection, _sold(good), now_ms), keep.hold(connection, _used(good), now_ms)
    _move_stock(connection, good, now_ms)
    _write_rest(connection, effects, now_ms)
    _publish_orders(connection, new_orders, imported, known, now_ms)
    account.book(connection, items, now_ms)
    keep.book(connection, vouchers, now_ms)
    _write_news(connection, good, now_ms)
    tables.add_applied(connection, [event.accepted for event in good], now_ms)


def _names(connection: Connection, bodies: Iterable[Body]) -> dict[str, tuple[str, str]]:
    """Return number → (name, company) of the customers of these events, also of those who come with them."""
    named = {body.customer for body in bodies if isinstance(body, SaleCompleted | OrderMade) and body.customer}
    coming = {body.number: (body.name, body.company) for body in bodies if isinstance(body, CustomerAdded)}
    return coming | tables.customer_names(connection, sorted(named))


def _write_made(
    connection: Connection, events: Sequence[Read], names: Mapping[str, tuple[str, str]], now_ms: int
) -> list[str]:
    """Store orders made at tills; return their ids. One that came from this event already stays as it is now."""
    orders = [(event, event.body) for event in events if isinstance(event.body, OrderMade)]
    if not orders:
        return []
    known = order_tables.hold(connection, [body.order_id for _, body in orders])
    new = [
        (origin_of(event.accepted), body)
        for event, body in orders
        if not made.is_there(body, event.accepted.event_id, known.get(body.order_id))
    ]
    nobody = ("", "")
    rows = [made.order_row(body, origin, names.get(body.customer, nobody), now_ms) for origin, body in new]
    order_tables.add_made(connection, rows)
    order_tables.add_lines(connection, [line for _, body in new for line in made.line_rows(body)])
    tables.wake(connection, [f"order:{body.order_id}" for _, body in new])
    return [body.order_id for _, body in new]


def _write_orders(connection: Connection, imported: Sequence[Imported]) -> None:
    order_tables.add_orders(connection, [one.order for one in imported if one.order is not None])
    order_tables.add_lines(connection, [line for one in imported for line in one.lines])
    order_tables.add_payments(connection, [payment for one in imported for payment in one.payments])
    order_tables.add_deliveries(connection, [delivery for one in imported for delivery in one.deliveries])
    order_tables.add_prepayments(connection, [prepayment for one in imported for prepayment in one.prepayments])


def _publish_orders(
    connection: Connection,
    new_orders: Sequence[str],
    imported: Sequence[Imported],
    known: dict[str, Held],
    now_ms: int,
) -> None:
    publish(connection, new_orders)
    touched = {one.order_id for one in imported if one.order is None}
    settle(connection, [order for order_id, order in known.items() if order_id in touched], now_ms)
    raise_matters(connection, [one.matter for one in imported if one.matter is not None], now_ms)


def _write_rest(connection: Connection, effects: Sequence[Effects], now_ms: int) -> None:
    tables.write_shifts(
        connection,
        [one.shift_opened for one in effects if one.shift_opened is not None],
        [one.shift_closed for one in effects if one.shift_closed is not None],
    )
    tables.write_terminal_closes(connection, [one.terminal_closed for one in effects if one.terminal_closed])
    raise_matters(connection, [one.matter for one in effects if one.matter is not None], now_ms)
    tables.write_notes(connection, [one.note for one in effects if one.note])
    enqueue(connection, [job for one in effects for job in one.jobs], now_ms)


def _sales(events: Sequence[Read]) -> Iterator[tuple[Accepted, SaleCompleted]]:
    for event in events:
        if isinstance(event.body, SaleCompleted):
            yield event.accepted, event.body


def _sold(events: Sequence[Read]) -> list[account.Sold]:
    return [
        account.Sold(sale=sale, event_id=of.event_id, store=of.store, day=of.business_day)
        for of, sale in _sales(events)
    ]


def _used(events: Sequence[Read]) -> list[keep.Sold]:
    return [
        keep.Sold(sale=sale, event_id=of.event_id, store=of.store, till_id=of.till_id, day=of.business_day)
        for of, sale in _sales(events)
    ]


def _move_stock(connection: Connection, events: Sequence[Read], now_ms: int) -> None:
    changes: dict[tuple[str, str], int] = {}
    for of, sale in _sales(events):
        for article, thousandths in moved(sale.lines).items():
            changes[of.store, article] = changes.get((of.store, article), 0) + thousandths
    stock_tables.move(connection, changes, now_ms)


def _write_news(connection: Connection, events: Sequence[Read], now_ms: int) -> None:
    """Write who is new and which keys a store has."""
    for event in events:
        if isinstance(event.body, CustomerAdded):
            added.add(connection, _added(event.accepted, event.body), now_ms)
        elif isinstance(event.body, QuickKeysChanged):
            quick_keys.change(connection, event.accepted.store, event.body)


def _added(accepted: Accepted, body: CustomerAdded) -> added.Added:
    return added.Added(
        body=body,
        event_id=accepted.event_id,
        store=accepted.store,
        till_id=accepted.till_id,
        day=accepted.business_day,
        recorded_ms=accepted.recorded_ms,
    )


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
        reason = _first_line(error)
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
                    raise Refused("event_id_taken", clashes[0].reason)
                _write(connection, [read(one) for one in fresh], now_ms)
                connection.ring("work")
            return True
    except Unready:
        raise
    except Exception as error:
        reason = _first_line(error)
    with database.write() as connection:
        event = _locked(connection, waiting)
        if event is not None:
            tables.park(connection, [Parked(event=event, aggregate=waiting.aggregate, reason=reason)], now_ms)
    return False


def _locked(connection: Connection, waiting: Waiting) -> Accepted | None:
    """Hold a parked event's stream; None where another worker has applied it meanwhile."""
    tables.lock_stream(connection, waiting.till_id, waiting.epoch)
    still = any(one.seq == waiting.seq for one in tables.waiting_in(connection, waiting.aggregate, RETRY_EVENTS_MAX))
    return tables.one_event(connection, waiting) if still else None


def _first_line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return without_controls(text[0] if text else type(error).__name__)[:_REASON_CHARS_MAX]
