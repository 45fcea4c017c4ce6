"""Write: the effects of understood events, in the rooms that they belong to, in the caller's transaction.

First the orders that the events make, then what they did to them, then all the rest. Locks are taken in one order –
orders, open items, customers, vouchers, stock, and the feed's counter last – so that workers wait for each other
instead of blocking each other for ever.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from schema.errors import Refused, Sentence
from schema.events import Body, CustomerAdded, OrderMade, QuickKeysChanged, SaleCompleted
from server.catalogue.people import held_survivors
from server.db import Connection
from server.jobs.tables import enqueue
from server.kept import kept
from server.mailing import tables as mail_tables
from server.orders import made
from server.orders import tables as order_tables
from server.orders.rules import comes_from_till
from server.orders.sales import Imported
from server.orders.settle import publish, settle
from server.orders.tables import Held
from server.parties import account, added
from server.pipeline import quick_keys, tables
from server.pipeline.effects import Accepted, Effects, Read, effects_of, origin_of
from server.pipeline.worklist import raise_matters
from server.stock import tables as stock_tables
from server.stock.rules import moved
from server.vouchers import keep

# Facts that say which customer they are about.
_ORDER_TO_COME = kept("Order {number} was made at a till whose own event has not come yet. It is applied behind it.")
_NAMING = SaleCompleted | OrderMade


def write(connection: Connection, good: Sequence[Read], now_ms: int) -> None:
    """Write the effects of events. Raises Refused("order_not_here") for one whose order is still to come, and
    ConstraintBrokenError for an effect that is there already: then nothing of the batch may stay.
    """
    good = _by_survivors(connection, good)
    missing = missing_orders(connection, good)
    for event in good:
        if reason := waits_for_order(event, missing):
            raise Refused("order_not_here", reason.text, **reason.values)
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


def _by_survivors(connection: Connection, events: Sequence[Read]) -> list[Read]:
    """Read facts about a customer who was merged into another as facts about the one who stays.

    A till that was offline may tell them long after the merge. The event itself stays as it came.
    """
    into = held_survivors(connection, [event.body.customer for event in events if isinstance(event.body, _NAMING)])
    if not into:
        return list(events)
    names = tables.customer_names(connection, sorted(into))
    return [_about(event, into, names) for event in events]


def _about(event: Read, into: Mapping[str, str], names: Mapping[str, tuple[str, str]]) -> Read:
    body = event.body
    if not isinstance(body, _NAMING) or body.customer not in into:
        return event
    if isinstance(body, OrderMade) and body.customer_name in names.get(body.customer, ()):
        body = replace(body, customer_name="")
    return replace(event, body=replace(body, customer=into[body.customer]))


def waits_for_order(one: Read, missing: set[str]) -> Sentence | None:
    """Return why an event has to wait for an order that a till made; None where it has not."""
    body = one.body
    if not isinstance(body, SaleCompleted) or not body.order or body.order.order_id not in missing:
        return None
    return Sentence(_ORDER_TO_COME, number=body.order.number)


def missing_orders(connection: Connection, events: Sequence[Read]) -> set[str]:
    """Return the orders made at tills that events refer to and that neither stand here nor come with these events."""
    wanted = {
        event.body.order.order_id
        for event in events
        if isinstance(event.body, SaleCompleted) and event.body.order and comes_from_till(event.body.order.number)
    }
    coming = {event.body.order_id for event in events if isinstance(event.body, OrderMade)}
    return wanted - coming - order_tables.existing(connection, wanted - coming)


def _names(connection: Connection, bodies: Iterable[Body]) -> dict[str, tuple[str, str]]:
    """Return number → (name, company) of the customers of these events, also of those who come with them."""
    named = {body.customer for body in bodies if isinstance(body, _NAMING) and body.customer}
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
    mail_tables.add(connection, [one.mail for one in effects if one.mail is not None], now_ms)


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
