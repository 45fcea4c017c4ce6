"""The order that a page is about."""

from server.db import Connection
from server.office.visit import Visit, there
from server.orders.lists import Order, order


def known_order(visit: Visit, connection: Connection, order_id: str) -> Order:
    """Return an order. Raises Refused("not_found")."""
    missing = visit.words("There is no such order. It may have been given another number.")
    return there(order(connection, order_id), missing)
