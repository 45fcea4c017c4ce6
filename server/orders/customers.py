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
    """Return an open order under the name of the one who stays; a name that somebody typed for it stays."""
    is_open = order.status == "draft" or order.status in OPEN_STATUSES
    if not is_open or (order.customer_name, order.company) != (goes.name, goes.company):
        return order
    return replace(order, customer_name=kept.name, company=kept.company)
