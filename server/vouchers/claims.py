"""Leases of tills on vouchers: two tills that ask at the same moment do not both pay with what one voucher holds.

A balance says what the receipts that are here come to; between a till's commit and its receipt's arrival it is too
high. So the till that asks in order to redeem has the voucher to itself until its receipt is applied (`keep.book` ends
the lease), it gives the lease back, or the lease runs out. Without head office the store's cap counts (ADR 19).
"""

from schema.errors import Refused
from schema.messages import VoucherClaim
from server.db import Connection
from server.pipeline.tables import wholly_applied_seq
from server.tills import leases
from server.tills.leases import VOUCHER
from server.tills.tokens import Device
from server.vouchers import keep


def claim_voucher(connection: Connection, device: Device, code: str, now_ms: int) -> VoucherClaim:
    """Give a voucher's lease to a till, renew it, or tell who has it. Raises Refused("not_found")."""
    voucher = keep.held_voucher(connection, code)
    if voucher is None:
        raise _unknown()
    lease = leases.take(connection, VOUCHER, device.till_id, code, now_ms)
    # The voucher is held: what moves it is applied wholly before this, or after it.
    applied = wholly_applied_seq(connection, device.till_id, device.epoch)
    return VoucherClaim(
        voucher=voucher, granted=lease.granted, until_ms=lease.until_ms, till=lease.till, applied_seq=applied
    )


def release_voucher(connection: Connection, device: Device, code: str, now_ms: int) -> VoucherClaim:
    """End a till's own lease on a voucher; that of another till stays. Raises Refused("not_found")."""
    voucher = keep.held_voucher(connection, code)
    if voucher is None:
        raise _unknown()
    leases.release(connection, VOUCHER, device.till_id, [code], now_ms)
    return VoucherClaim(voucher=voucher, granted=False)


def _unknown() -> Refused:
    return Refused("not_found", "Head office knows no such voucher.")
