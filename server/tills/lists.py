"""What people read of stores and tills: who is there, when a till was last heard of, and what it still holds back."""

from typing import Any

from msgspec import Struct

from server.db import Connection

TILLS_MAX = 2000
STORES_MAX = 2000
_STORES = "SELECT code, name, country, currency FROM store ORDER BY code LIMIT ?"
# What head office knows of a till's own head comes with each batch; what it has not sent yet is the difference.
_TILLS = """
SELECT t.id, t.store, s.name, s.currency, t.number, t.name, t.epoch, t.revoked_ms, t.last_contact_ms, t.clock_skew_ms,
    t.software, t.created_ms,
    COALESCE(m.high_seq, 0), COALESCE(m.head_seq, 0), COALESCE(m.applied_seq, 0), COALESCE(m.state, ''),
    COALESCE(m.state_reason, ''),
    COALESCE((SELECT SUM(d.cash_minor) FROM drawer d WHERE d.till_id = t.id AND d.currency = s.currency), 0),
    (SELECT MIN(p.parked_ms) FROM parked p WHERE p.till_id = t.id),
    (SELECT COUNT(*) FROM parked p WHERE p.till_id = t.id),
    (SELECT COUNT(*) FROM evidence e WHERE e.till_id = t.id)
FROM till t JOIN store s ON s.code = t.store LEFT JOIN stream m ON m.till_id = t.id AND m.epoch = t.epoch
{where}ORDER BY t.store, t.number LIMIT ?
"""


class Store(Struct, frozen=True, kw_only=True):
    """A store as the office names it."""

    code: str
    name: str
    country: str
    currency: str


class TillView(Struct, frozen=True, kw_only=True):
    """A till as the office sees it. `waiting`: what it has journaled and not sent, as it last said itself.

    `unapplied`: what head office has accepted and not yet posted, parked events among them; `oldest_parked_ms` since
    when the oldest of those waits; `drawer_minor` what lies in its drawer by its own journal.
    """

    id: str
    store: str
    store_name: str
    currency: str
    number: int
    name: str
    epoch: int
    revoked_ms: int | None
    last_contact_ms: int | None
    clock_skew_ms: int | None
    software: str
    created_ms: int
    high_seq: int
    head_seq: int
    applied_seq: int
    state: str
    state_reason: str
    drawer_minor: int
    oldest_parked_ms: int | None
    parked: int
    evidence: int

    @property
    def waiting(self) -> int:
        return max(self.head_seq - self.high_seq, 0)

    @property
    def unapplied(self) -> int:
        return self.high_seq - self.applied_seq + self.parked


def stores(connection: Connection) -> list[Store]:
    """Return all stores by code, at most `STORES_MAX`."""
    names = Store.__struct_fields__
    return [Store(**dict(zip(names, row, strict=True))) for row in connection.rows(_STORES, (STORES_MAX,))]


def tills(connection: Connection) -> list[TillView]:
    """Return all tills by store and number, at most `TILLS_MAX`."""
    return [_till(row) for row in connection.rows(_TILLS.format(where=""), (TILLS_MAX,))]


def till(connection: Connection, till_id: str) -> TillView | None:
    """Return one till, or None."""
    row = connection.row(_TILLS.format(where="WHERE t.id = ? "), (till_id, 1))
    return _till(row) if row else None


def till_names(connection: Connection) -> dict[str, str]:
    """Return each till's name by its id."""
    return dict(connection.rows("SELECT id, name FROM till ORDER BY store, number LIMIT ?", (TILLS_MAX,)))


def _till(row: tuple[Any, ...]) -> TillView:
    return TillView(**dict(zip(TillView.__struct_fields__, row, strict=True)))
