"""Merge two customers: everything that is still going on is the one's who stays, what is over says what it said.

| | before the merge | what a till tells later of the duplicate |
|---|---|---|
| facts, the ledger | as told | as told |
| receipts, and their rows in *Orders and returns* | as made | name the one who stays |
| orders that somebody placed, open items, balances, feed | the one's who stays | the one's who stays |

Who stands for whom is in `customer_merge`, and whoever applies a fact asks there first (`people.survivors`). So it
does not matter whether a till was offline when somebody merged, and a rebuild gives the same (ADR 20).
"""

from server.auth.audit import audit
from server.catalogue.merge import plan_merge, write_merge
from server.catalogue.people import duplicates_of
from server.db import Connection
from server.invoicing import past
from server.orders import customers as orders
from server.orders.settle import publish as publish_orders
from server.parties import tables
from server.parties.account import forget_limit, publish


def merge(connection: Connection, stays: str, goes: str, *, by: str, now_ms: int) -> None:
    """Merge customer `goes` into `stays`, with all that is open.

    Locks are taken in the order that applying facts takes them. Raises Refused("unknown_customer"), or
    Refused("merged") where one of them was merged before.
    """
    plan = plan_merge(connection, stays, goes)
    offered = orders.hand_over(connection, plan.goes, plan.kept, now_ms)
    tables.hand_over(connection, goes, stays, now_ms)
    write_merge(connection, plan, now_ms)
    forget_limit(connection, goes, now_ms)
    publish(connection, [stays], now_ms)
    publish_orders(connection, offered)
    # Also those of whoever was merged into the duplicate before.
    past.feed_again(connection, duplicates_of(connection, stays), now_ms)
    audit(connection, by, "customers merged", stays, goes, now_ms=now_ms)
