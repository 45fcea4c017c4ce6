"""Orders of a customer who was merged into another: from now on they are the other's, at head office and at the tills.

Receipts that tills made stay as they are: they say whom something was sold to. An order's version stays too, for what
was ordered is the same: a till that saw it before the merge may take its money.
"""

from msgspec.structs import replace

from schema.orders import OPEN_STATUSES
from schema.parties import Customer
from server.db import Connection
from server.orders import tables
from server.orders.tables import Placed


def hand_over(connection: Connection, goes: Customer, kept: Customer, now_ms: int) -> list[str]:
    """Make a duplicate's orders those of the customer who stays; return the ids of those that tills are to see anew."""
    orders = tables.placed_for(connection, goes.number)
    tables.hand_over(connection, kept.number, [renamed(order, goes, kept) for order in orders], now_ms)
    return [order.id for order in orders if order.status in OPEN_STATUSES]


def renamed(order: Placed, goes: Customer, kept: Customer) -> Placed:
    """Return an open order under the names of the one who stays; a name that somebody typed for it stays.

    A till names a customer by the company where there is one.
    """
    if order.status != "draft" and order.status not in OPEN_STATUSES:
        return order
    is_own = order.customer_name in {goes.name, goes.company}
    return replace(
        order,
        customer_name=kept.name or kept.company if is_own else order.customer_name,
        company=kept.company if order.company == goes.company else order.company,
    )
