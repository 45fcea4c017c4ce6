"""Leases of tills on orders: which one may take money for an order now (protocol §5).

A lease lasts `CLAIM_LEASE_MS` and is renewed by asking again. Each new one has a greater fencing token, so that what
comes late from a till that lost its lease can be told apart. Without head office a till follows its store's policy; no
payment is ever refused for want of a lease, since it is a fact by then.
"""

from schema.errors import Refused
from schema.messages import CLAIM_LEASE_MS, Claim
from schema.orders import OPEN_STATUSES
from server.db import Connection
from server.tills.tokens import Device

_HELD = (
    "SELECT order_claim.till_id, order_claim.token, order_claim.until_ms, till.name FROM order_claim "
    "JOIN till ON till.id = order_claim.till_id WHERE order_claim.order_id = ?"
)
_TAKE = (
    "INSERT INTO order_claim (order_id, till_id, token, until_ms) VALUES (?, ?, ?, ?) ON CONFLICT (order_id) "
    "DO UPDATE SET till_id = excluded.till_id, token = excluded.token, until_ms = excluded.until_ms"
)


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
    held = connection.row(_HELD, (order_id,))
    holder, token, until_ms, name = held or ("", 0, 0, "")
    if until_ms > now_ms and holder != device.till_id:
        return Claim(order_id=order_id, granted=False, until_ms=until_ms, till=name)
    if until_ms <= now_ms:
        token += 1
    connection.run(_TAKE, (order_id, device.till_id, token, now_ms + CLAIM_LEASE_MS))
    return Claim(order_id=order_id, granted=True, token=token, until_ms=now_ms + CLAIM_LEASE_MS)


def release_order(connection: Connection, device: Device, order_id: str, now_ms: int) -> Claim:
    """End a till's own lease on an order; that of another till stays. The row stays for its token."""
    sql = "UPDATE order_claim SET until_ms = ? WHERE order_id = ? AND till_id = ? AND until_ms > ?"
    connection.run(sql, (now_ms, order_id, device.till_id, now_ms))
    return Claim(order_id=order_id, granted=False)
