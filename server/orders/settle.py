"""Settle: bring held orders to what the set of their facts comes to.

It runs in the transaction that added a fact or changed the order: status, worklist and feed follow together.
"""

from collections.abc import Iterable

from schema.errors import Sentence
from server.catalogue import feed
from server.db import Connection
from server.kept import Amount, kept
from server.orders import tables
from server.orders.rules import (
    OVERPAID,
    PAID_AFTER_CANCEL,
    PICKUP_CONFLICT,
    PREPAYMENT_TWICE,
    PRICE_DIFFERENCE,
    SETTLED_KINDS,
    Outcome,
    is_offered,
    is_receipt,
    outcome,
)
from server.orders.tables import Held
from server.pipeline.worklist import Matter, close_matters, raise_matters

FEED_KIND = "order"
_WORDS = {
    OVERPAID: kept("Order {number} was paid {amount} too much: refund the customer, or credit it."),
    PAID_AFTER_CANCEL: kept("Order {number} is cancelled, yet {amount} were paid: refund them, or reinstate it."),
    PRICE_DIFFERENCE: kept(
        "Order {number} was changed after the till saw it: {amount} are still open (a minus: paid too much)."
    ),
    PICKUP_CONFLICT: kept(
        "Goods of order {number} were handed over twice, worth {amount}: ask both tills, and correct the stock."
    ),
    PREPAYMENT_TWICE: kept(
        "Prepayments of {amount} on order {number} were counted back twice: one receipt was too low. Ask the customer "
        "for the rest, or void one of the receipts."
    ),
}


def settle(connection: Connection, orders: Iterable[Held], now_ms: int) -> None:
    """Write what follows from the facts of orders that this transaction holds."""
    held = list(orders)
    if not held:
        return
    ids = [order.id for order in held]
    facts, goods = tables.facts(connection, ids), tables.goods(connection, ids)
    outcomes = [
        (order, outcome(order.status, order.version, order.total_minor, goods[order.id], facts[order.id]))
        for order in held
    ]
    changes = [(order.id, new.status) for order, new in outcomes if new.status != order.status]
    tables.set_status(connection, changes, now_ms)
    raise_matters(connection, [matter for order, new in outcomes for matter in _matters(order, new)], now_ms)
    gone = [
        (kind, order.number, order.id) for order, new in outcomes for kind in SETTLED_KINDS if kind not in new.matters
    ]
    close_matters(connection, gone, now_ms)
    publish(connection, [order.id for order in held if not is_receipt(order.kind)])


def _matters(order: Held, new: Outcome) -> list[Matter]:
    return [
        Matter(
            kind=kind,
            subject=order.number,
            detail=Sentence(_WORDS[kind], number=order.number, amount=Amount(amount, order.currency)),
            amount_minor=amount,
            source=order.id,
        )
        for kind, amount in new.matters.items()
    ]


def publish(connection: Connection, order_ids: Iterable[str]) -> None:
    """Put orders into their store's feed as they are now: open ones whole, all others as gone."""
    writes = []
    for order_id in order_ids:
        order = tables.open_order(connection, order_id)
        if order is not None:
            offered = is_offered(order)
            writes.append(feed.present(order.store, order) if offered else feed.gone(order.store, FEED_KIND, order_id))
    feed.put(connection, writes)
