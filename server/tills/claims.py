"""Leases of tills on orders: which one may take money for an order now (protocol §5).

Without head office a till follows its store's policy; no payment is ever refused for want of a lease, since it is a
fact by then.
"""

from schema.errors import Refused
from schema.messages import Claim
from schema.orders import OPEN_STATUSES
from server.db import Connection
from server.tills import leases
from server.tills.leases import ORDER
from server.tills.tokens import Device


def claim_order(connection: Connection, device: Device, order_id: str, now_ms: int) -> Claim:
    """Give an order's lease to a till, renew it, or tell who has it. Raises Refused("not_found").

    Only orders of the device's own store are known to it. One that is not open any more is nobody's: a till whose list
    is older would hand it over twice.
    """
    known = "SELECT status FROM orders WHERE id = ? AND store = ?" + connection.for_update
    order = connection.row(known, (order_id, device.store))
    if order is None:
        raise Refused("not_found", "Head office knows no such order of this store.")
    if order[0] not in OPEN_STATUSES:
        return Claim(order_id=order_id, granted=False, status=order[0])
    lease = leases.take(connection, ORDER, device.till_id, order_id, now_ms)
    return Claim(order_id=order_id, granted=lease.granted, token=lease.token, until_ms=lease.until_ms, till=lease.till)


def release_order(connection: Connection, device: Device, order_id: str, now_ms: int) -> Claim:
    """End a till's own lease on an order; that of another till stays."""
    leases.release(connection, ORDER, device.till_id, [order_id], now_ms)
    return Claim(order_id=order_id, granted=False)
