"""Today: what the office's first page shows, read in a fixed number of statements, however many tills there are."""

from datetime import date, timedelta

from msgspec import Struct

from server.db import Connection
from server.jobs.worker import Health, health

_SALES = """
SELECT business_day, store, currency, ((issued_ms / 60000 + utc_offset_min) / 60) % 24, COUNT(*), SUM(sold_minor)
FROM receipt WHERE business_day IN (?, ?) GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
_PICKUPS = """
SELECT store, COUNT(*), SUM(CASE WHEN expected_day <> '' AND expected_day <= ? THEN 1 ELSE 0 END) FROM orders
WHERE status IN ('confirmed', 'ready_for_pickup', 'partly_delivered', 'partly_cancelled') AND delivery = 'pickup'
GROUP BY store ORDER BY store
"""
_WORKLIST = "SELECT kind, COUNT(*), SUM(amount_minor) FROM worklist WHERE done_ms IS NULL GROUP BY kind ORDER BY kind"
_TROUBLE = """
SELECT (SELECT COUNT(*) FROM parked), (SELECT COUNT(*) FROM job WHERE state IN ('pending', 'running', 'error')
    AND state = 'error'), (SELECT COUNT(*) FROM stream WHERE state = 'frozen')
"""
_TILLS = """
SELECT t.id, t.store, t.number, t.name, t.last_contact_ms, t.revoked_ms, t.clock_skew_ms,
    COALESCE(s.unsent, 0), s.oldest_ms
FROM till t LEFT JOIN (
    SELECT stream.till_id, SUM(CASE WHEN head_seq > high_seq THEN head_seq - high_seq ELSE 0 END) AS unsent,
        MIN(e.received_ms) AS oldest_ms
    FROM stream LEFT JOIN event e ON e.till_id = stream.till_id AND e.epoch = stream.epoch
        AND e.seq = stream.applied_seq + 1 AND stream.applied_seq < stream.high_seq
    GROUP BY stream.till_id
) s ON s.till_id = t.id ORDER BY t.store, t.number
"""
_DRAWERS = "SELECT till_id, currency, cash_minor FROM drawer ORDER BY till_id, currency"


class HourSales(Struct, frozen=True, kw_only=True):
    """What a store sold in one hour of its own day: goods and deposits, not what was only paid."""

    store: str
    currency: str
    hour: int
    receipts: int
    total_minor: int


class Pickups(Struct, frozen=True, kw_only=True):
    """Open orders that a store's customers will fetch; `due` are expected by today."""

    store: str
    open: int
    due: int


class MatterCount(Struct, frozen=True, kw_only=True):
    """How many matters of a kind wait for a decision, and their amount."""

    kind: str
    count: int
    amount_minor: int


class TillState(Struct, frozen=True, kw_only=True):
    """A till as head office knows it.

    `unsent` counts events that it said it has and that have not come; `oldest_waiting_ms` is when the oldest event
    came that is not applied yet; `drawer` is what should lie in it, per currency.
    """

    till_id: str
    store: str
    number: int
    name: str
    last_contact_ms: int | None
    revoked_ms: int | None
    clock_skew_ms: int | None
    unsent: int
    oldest_waiting_ms: int | None
    drawer: dict[str, int]


class Today(Struct, frozen=True, kw_only=True):
    """The first page: today's sales and those of the same weekday last week, and all that waits."""

    day: str
    compared_day: str
    sales: tuple[HourSales, ...]
    sales_before: tuple[HourSales, ...]
    pickups: tuple[Pickups, ...]
    worklist: tuple[MatterCount, ...]
    parked: int
    failed_jobs: int
    frozen_streams: int
    tills: tuple[TillState, ...]
    worker: Health


def today(connection: Connection, day: date, now_ms: int) -> Today:
    """Read the page for a day: seven statements."""
    iso, before = day.isoformat(), (day - timedelta(days=7)).isoformat()
    sales = connection.rows(_SALES, (iso, before))
    parked, failed, frozen = connection.rows(_TROUBLE)[0]
    return Today(
        day=iso,
        compared_day=before,
        sales=_sales(sales, iso),
        sales_before=_sales(sales, before),
        pickups=tuple(Pickups(store=row[0], open=row[1], due=row[2]) for row in connection.rows(_PICKUPS, (iso,))),
        worklist=tuple(
            MatterCount(kind=row[0], count=row[1], amount_minor=row[2]) for row in connection.rows(_WORKLIST)
        ),
        parked=parked,
        failed_jobs=failed,
        frozen_streams=frozen,
        tills=_tills(connection),
        worker=health(connection, now_ms),
    )


def _sales(rows: list[tuple[object, ...]], day: str) -> tuple[HourSales, ...]:
    names = HourSales.__struct_fields__
    return tuple(
        HourSales(**dict(zip(names, row[1:], strict=True)))  # type: ignore[arg-type]  # the columns of _SALES
        for row in rows
        if row[0] == day
    )


def _tills(connection: Connection) -> tuple[TillState, ...]:
    drawers: dict[str, dict[str, int]] = {}
    for till_id, currency, cash_minor in connection.rows(_DRAWERS):
        drawers.setdefault(till_id, {})[currency] = cash_minor
    names = TillState.__struct_fields__[:-1]
    return tuple(
        TillState(**dict(zip(names, row, strict=True)), drawer=drawers.get(row[0], {}))
        for row in connection.rows(_TILLS)
    )
