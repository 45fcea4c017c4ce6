"""Books: the control figures of a business day, and whether they agree (domain §5).

Three ways tell how much money moved: the journal headers that the tills signed, the receipts in invoicing, and the
ledger. They must be equal per till and tender, to the cent. Where they are not, every event in question is named with
the reason: parked, not applied yet, a job that waits. The journal counts an event id once, however often it came.

Beside that stands what others reckoned (server/reports/reckoned): Z reports, terminals, sub-ledgers.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from msgspec import Struct

from schema.chain import parse_money
from server.db import Connection
from server.reports.reckoned import LedgerFigure, TerminalFigure, ZFigure, ledger_figures, terminal_figures, z_figures

DIFFERENCES_MAX = 200

_EVENTS = """
SELECT e.till_id, e.epoch, e.seq, e.event_id, e.type, e.money, t.store,
    CASE WHEN a.event_id IS NULL THEN 0
        WHEN a.till_id = e.till_id AND a.epoch = e.epoch AND a.seq = e.seq THEN 1 ELSE 2 END,
    p.reason, CASE WHEN e.seq > s.applied_seq THEN 1 ELSE 0 END
FROM event e JOIN till t ON t.id = e.till_id JOIN stream s ON s.till_id = e.till_id AND s.epoch = e.epoch
LEFT JOIN applied a ON a.event_id = e.event_id
LEFT JOIN parked p ON p.till_id = e.till_id AND p.epoch = e.epoch AND p.seq = e.seq
WHERE e.business_day = ? AND e.money <> '' ORDER BY e.till_id, e.epoch, e.seq
"""
_LEDGER = """
SELECT e.till_id, e.store, e.source_event, p.tender, p.currency, SUM(p.debit_minor) - SUM(p.credit_minor)
FROM entry e JOIN posting p ON p.entry_id = e.id WHERE e.day = ? AND e.sealed = 1 AND p.tender <> ''
GROUP BY e.till_id, e.store, e.source_event, p.tender, p.currency
"""
_BALANCE = """
SELECT COALESCE(SUM(p.debit_minor), 0), COALESCE(SUM(p.credit_minor), 0)
FROM entry e JOIN posting p ON p.entry_id = e.id WHERE e.day = ? AND e.sealed = 1
"""
_RECEIPTS = """
SELECT till_id, store, currency, COUNT(*), SUM(due_minor), SUM(total_minor) FROM receipt WHERE business_day = ?
GROUP BY till_id, store, currency
"""
_SHIFTS = """
SELECT id, store, till_id, number, currency, float_minor, expected_minor, counted_minor, difference_minor, closed_ms
FROM shift WHERE business_day = ? ORDER BY till_id, opened_ms
"""
_JOBS = """
SELECT source_event, state, message FROM job WHERE state IN ('pending', 'running', 'error')
"""
# What a till says it has and head office has not; only where the missing events may belong to the day.
_MISSING = """
SELECT s.till_id, s.epoch, s.high_seq + 1, s.head_seq, t.store FROM stream s JOIN till t ON t.id = s.till_id
LEFT JOIN event e ON e.till_id = s.till_id AND e.epoch = s.epoch AND e.seq = s.high_seq
WHERE s.head_seq > s.high_seq AND (e.business_day IS NULL OR e.business_day <= ?)
"""
_HOLES = """
SELECT d.till_id, d.epoch, d.first_seq, d.last_seq, t.store FROM (
    SELECT till_id, epoch, MIN(seq) AS first_seq, MAX(seq) AS last_seq FROM event WHERE business_day = ?
    GROUP BY till_id, epoch
) d JOIN till t ON t.id = d.till_id
WHERE d.last_seq - d.first_seq + 1 <> (
    SELECT COUNT(*) FROM event e
    WHERE e.till_id = d.till_id AND e.epoch = d.epoch AND e.seq >= d.first_seq AND e.seq <= d.last_seq)
"""


class Figure(Struct, frozen=True, kw_only=True):
    """One till's money in one tender and currency on the day."""

    store: str
    till_id: str
    tender: str
    currency: str
    journal_minor: int
    ledger_minor: int


class ReceiptFigure(Struct, frozen=True, kw_only=True):
    """One till's sales: what the journal took for receipts against what receipts in invoicing wanted."""

    store: str
    till_id: str
    currency: str
    receipts: int
    journal_minor: int
    receipts_minor: int
    total_minor: int


class ShiftFigure(Struct, frozen=True, kw_only=True):
    """What was counted in a drawer; None while the shift is open."""

    shift: str
    store: str
    till_id: str
    number: int
    currency: str
    float_minor: int
    expected_minor: int | None
    counted_minor: int | None
    difference_minor: int | None
    is_closed: bool


class Difference(Struct, frozen=True, kw_only=True):
    """An event whose money in the journal and in the ledger differ, and why."""

    till_id: str
    epoch: int
    seq: int
    event_id: str
    type: str
    tender: str
    currency: str
    journal_minor: int
    ledger_minor: int
    reason: str


class Gap(Struct, frozen=True, kw_only=True):
    """Events of a till that head office does not have."""

    store: str
    till_id: str
    epoch: int
    first_seq: int
    last_seq: int


class Books(Struct, frozen=True, kw_only=True):
    """A day's control figures. `agrees` says that all of them are equal and nothing is missing."""

    day: str
    figures: tuple[Figure, ...]
    receipts: tuple[ReceiptFigure, ...]
    shifts: tuple[ShiftFigure, ...]
    differences: tuple[Difference, ...]
    gaps: tuple[Gap, ...]
    debit_minor: int
    credit_minor: int
    agrees: bool
    z_figures: tuple[ZFigure, ...] = ()
    terminals: tuple[TerminalFigure, ...] = ()
    ledgers: tuple[LedgerFigure, ...] = ()


class _Moved(Struct, frozen=True, kw_only=True):
    """One event's money."""

    till_id: str
    epoch: int
    seq: int
    event_id: str
    type: str
    store: str
    money: tuple[tuple[str, str, int], ...]
    state: str


def books(connection: Connection, day: date, *, store: str = "", till: str = "") -> Books:
    """Read a day's control figures, of one store or till if wanted. Needs a snapshot: a `read` transaction."""
    iso = day.isoformat()

    def wanted(row_store: str, row_till: str | None) -> bool:
        return (not store or row_store == store) and (not till or row_till == till)

    events = [event for event in _events(connection.rows(_EVENTS, (iso,))) if wanted(event.store, event.till_id)]
    posted = [row for row in connection.rows(_LEDGER, (iso,)) if wanted(row[1], row[0])]
    receipts = [row for row in connection.rows(_RECEIPTS, (iso,)) if wanted(row[1], row[0])]
    shifts = [row for row in connection.rows(_SHIFTS, (iso,)) if wanted(row[1], row[2])]
    found = _MISSING, _HOLES
    gaps = tuple(_gap(row) for sql in found for row in connection.rows(sql, (iso,)) if wanted(row[4], row[0]))
    debit, credit = connection.rows(_BALANCE, (iso,))[0]
    differences = _differences(events, posted, _waiting_jobs(connection))
    receipt_figures = _receipt_figures(events, receipts)
    reports = tuple(one for one in z_figures(connection, iso) if wanted(one.store, one.till_id))
    terminals = tuple(one for one in terminal_figures(connection, iso) if wanted(one.store, one.till_id))
    # A sub-ledger is the whole company's.
    ledgers = () if store or till else tuple(ledger_figures(connection, iso))
    agrees = (
        not differences
        and not gaps
        and debit == credit
        and all(figure.journal_minor == figure.receipts_minor for figure in receipt_figures)
        and all(figure.z_minor == figure.receipts_minor for figure in reports)
        and all(figure.terminal_minor == figure.receipts_minor for figure in terminals)
        and all(figure.moves_minor == figure.ledger_minor for figure in ledgers)
    )
    return Books(
        day=iso,
        figures=_figures(events, posted),
        receipts=receipt_figures,
        shifts=tuple(_shift(row) for row in shifts),
        differences=tuple(differences[:DIFFERENCES_MAX]),
        gaps=gaps,
        debit_minor=debit,
        credit_minor=credit,
        agrees=agrees,
        z_figures=reports,
        terminals=terminals,
        ledgers=ledgers,
    )


def _events(rows: Sequence[tuple[Any, ...]]) -> list[_Moved]:
    """Read the day's money, each event id once: the row that had the effect, else the one that waits for it."""
    first: dict[str, _Moved] = {}
    for till_id, epoch, seq, event_id, kind, money, store, mine, reason, is_ahead in rows:
        if mine == 2 and reason is None:
            continue
        state = f"parked: {reason}" if reason is not None else "not applied yet" if is_ahead else ""
        moved = _Moved(
            till_id=till_id,
            epoch=epoch,
            seq=seq,
            event_id=event_id,
            type=kind,
            store=store,
            money=parse_money(money),
            state=state,
        )
        # Another event under a used id is parked and is money of its own.
        key = event_id if mine != 2 else f"{event_id} {till_id} {epoch} {seq}"
        if mine == 1 or key not in first or (state and not first[key].state):
            first[key] = moved
    return list(first.values())


def _figures(events: Sequence[_Moved], posted: Sequence[tuple[Any, ...]]) -> tuple[Figure, ...]:
    sums: dict[tuple[str, str, str, str], list[int]] = {}
    for event in events:
        for tender, currency, amount in event.money:
            sums.setdefault((event.store, event.till_id, tender, currency), [0, 0])[0] += amount
    for till_id, store, _, tender, currency, amount in posted:
        sums.setdefault((store, till_id or "", tender, currency), [0, 0])[1] += amount
    return tuple(
        Figure(store=key[0], till_id=key[1], tender=key[2], currency=key[3], journal_minor=one, ledger_minor=other)
        for key, (one, other) in sorted(sums.items())
    )


def _receipt_figures(events: Sequence[_Moved], receipts: Sequence[tuple[Any, ...]]) -> tuple[ReceiptFigure, ...]:
    sums: dict[tuple[str, str, str], list[int]] = {}
    for event in events:
        if event.type == "sale.completed":
            for _, currency, amount in event.money:
                sums.setdefault((event.store, event.till_id, currency), [0, 0, 0, 0])[0] += amount
    for till_id, store, currency, count, due_minor, total_minor in receipts:
        sums.setdefault((store, till_id or "", currency), [0, 0, 0, 0])[1:] = [count, due_minor, total_minor]
    return tuple(
        ReceiptFigure(
            store=key[0],
            till_id=key[1],
            currency=key[2],
            journal_minor=journal,
            receipts=count,
            receipts_minor=due_minor,
            total_minor=total_minor,
        )
        for key, (journal, count, due_minor, total_minor) in sorted(sums.items())
    )


def _differences(events: Sequence[_Moved], posted: Sequence[tuple[Any, ...]], jobs: dict[str, str]) -> list[Difference]:
    left = {(row[2], row[3], row[4]): (row[5], row[0] or "") for row in posted}
    found = []
    for event in events:
        is_parked = event.state.startswith("parked")
        for tender, currency, amount in event.money:
            booked = 0 if is_parked else left.pop((event.event_id, tender, currency), (0, ""))[0]
            if booked != amount:
                found.append(_difference(event, (tender, currency), amount, booked, jobs))
    for (event_id, tender, currency), (amount, till_id) in sorted(left.items()):
        if amount:
            orphan = _Moved(
                till_id=till_id, epoch=0, seq=0, event_id=event_id, type="", store="", money=(), state="no such event"
            )
            found.append(_difference(orphan, (tender, currency), 0, amount, jobs))
    return found


def _difference(
    event: _Moved, kind: tuple[str, str], journal_minor: int, ledger_minor: int, jobs: dict[str, str]
) -> Difference:
    return Difference(
        till_id=event.till_id,
        epoch=event.epoch,
        seq=event.seq,
        event_id=event.event_id,
        type=event.type,
        tender=kind[0],
        currency=kind[1],
        journal_minor=journal_minor,
        ledger_minor=ledger_minor,
        reason=event.state or jobs.get(event.event_id, "journal and ledger differ"),
    )


def _waiting_jobs(connection: Connection) -> dict[str, str]:
    return {event_id: message or f"a job is {state}" for event_id, state, message in connection.rows(_JOBS)}


def _gap(row: tuple[Any, ...]) -> Gap:
    return Gap(till_id=row[0], epoch=row[1], first_seq=row[2], last_seq=row[3], store=row[4])


def _shift(row: tuple[Any, ...]) -> ShiftFigure:
    return ShiftFigure(
        shift=row[0],
        store=row[1],
        till_id=row[2],
        number=row[3],
        currency=row[4],
        float_minor=row[5],
        expected_minor=row[6],
        counted_minor=row[7],
        difference_minor=row[8],
        is_closed=row[9] is not None,
    )
