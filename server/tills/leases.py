"""Leases of tills on what only one of them may take money for at a time: who has it, until when (protocol §5).

A lease lasts `CLAIM_LEASE_MS` and is renewed by asking again. Each new one has a greater fencing token, so that what
comes late from a till that lost its lease can be told apart. The row stays for its token.
"""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from schema.messages import CLAIM_LEASE_MS
from server.db import Connection


class Kind(Struct, frozen=True):
    """The table of one kind of lease, and the column that names what is leased."""

    table: Literal["order_claim", "voucher_claim"]
    key: Literal["order_id", "code"]


class Lease(Struct, frozen=True, kw_only=True):
    """What a till that asked has now: the lease, or the name of the till that has it."""

    granted: bool
    token: int = 0
    until_ms: int = 0
    till: str = ""


ORDER, VOUCHER = Kind("order_claim", "order_id"), Kind("voucher_claim", "code")


def take(connection: Connection, kind: Kind, till_id: str, key: str, now_ms: int) -> Lease:
    """Take or renew a lease. The caller holds what is leased, so that only one till asks at a time."""
    held = connection.row(
        f"SELECT lease.till_id, lease.token, lease.until_ms, till.name FROM {kind.table} AS lease "
        f"JOIN till ON till.id = lease.till_id WHERE lease.{kind.key} = ?",
        (key,),
    )
    holder, token, until_ms, name = held or ("", 0, 0, "")
    if until_ms > now_ms and holder != till_id:
        return Lease(granted=False, until_ms=until_ms, till=name)
    token += until_ms <= now_ms
    until_ms = now_ms + CLAIM_LEASE_MS
    connection.run(
        f"INSERT INTO {kind.table} ({kind.key}, till_id, token, until_ms) VALUES (?, ?, ?, ?) "
        f"ON CONFLICT ({kind.key}) "
        "DO UPDATE SET till_id = excluded.till_id, token = excluded.token, until_ms = excluded.until_ms",
        (key, till_id, token, until_ms),
    )
    return Lease(granted=True, token=token, until_ms=until_ms)


def release(connection: Connection, kind: Kind, till_id: str, keys: Sequence[str], now_ms: int) -> None:
    """End a till's own leases; those of another till stay."""
    sql = f"UPDATE {kind.table} SET until_ms = ? WHERE {kind.key} = ? AND till_id = ? AND until_ms > ?"
    connection.many(sql, [(now_ms, key, till_id, now_ms) for key in sorted(keys)])
