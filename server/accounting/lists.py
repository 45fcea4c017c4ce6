"""What people read of accounting: the list of accounting-sync jobs, and one job with its entries."""

from typing import Any

import msgspec
from msgspec import Struct

from server.accounting.rules import TASK_TYPES, Task
from server.db import Connection
from server.listing import Listing, ListRequest, Page, read_page

STATUSES = ("pending", "sync successful")
# What the list's filters offer.
TYPES = TASK_TYPES

_COLUMNS = (
    "id",
    "created_ms",
    "modified_ms",
    "type",
    "status",
    "state",
    "message",
    "checked_ms",
    "retries",
    "receipt",
    "till_receipt",
    "store",
    "till_id",
    "source_event",
)
# `retries` counts what came after the first try; an error is pending still: it will be tried again.
_SOURCE = """
(SELECT id, created_ms, modified_ms, type,
    CASE WHEN state = 'done' THEN 'sync successful' ELSE 'pending' END AS status,
    state, message, checked_ms, CASE WHEN tries > 1 THEN tries - 1 ELSE 0 END AS retries,
    receipt, till_receipt, store, till_id, source_event
FROM job WHERE queue = 'accounting') AS sync
"""
SYNC = Listing(
    source=_SOURCE,
    columns={name: name for name in _COLUMNS},
    key="id",
    search=("receipt", "till_receipt", "message", "type"),
    sort="id",
)
_DETAIL = """
SELECT id, created_ms, modified_ms, type, state, message, checked_ms, tries, receipt, till_receipt, store, till_id,
    source_event, payload, run_at_ms, effect_no
FROM job WHERE queue = 'accounting' AND id = ?
"""
_ENTRIES = """
SELECT e.number, e.kind, e.day, e.text, e.created_ms, p.line, p.account, a.name, p.debit_minor, p.credit_minor,
    p.tender, p.tax_code, p.currency
FROM entry e JOIN posting p ON p.entry_id = e.id JOIN account a ON a.code = p.account
WHERE e.source_event = ? AND e.sealed = 1 AND (e.effect_no = ? OR (e.effect_no = 0 AND ? = 1))
ORDER BY e.number, p.line
"""


class Posting(Struct, frozen=True, kw_only=True):
    """One line of an entry, with its account's name."""

    line: int
    account: str
    account_name: str
    debit_minor: int
    credit_minor: int
    tender: str
    tax_code: str
    currency: str


class Entry(Struct, frozen=True, kw_only=True):
    """A sealed entry: Σ debit = Σ credit."""

    number: int
    kind: str
    day: str
    text: str
    created_ms: int
    postings: tuple[Posting, ...]


class JobDetail(Struct, frozen=True, kw_only=True):
    """A job with what it was asked to post (`task`, None where it cannot be read) and what it posted."""

    id: int
    created_ms: int
    modified_ms: int
    type: str
    status: str
    state: str
    message: str
    checked_ms: int | None
    retries: int
    receipt: str
    till_receipt: str
    store: str
    till_id: str | None
    source_event: str
    next_try_ms: int | None
    payload: str
    task: Task | None
    entries: tuple[Entry, ...]


def page(connection: Connection, request: ListRequest) -> Page:
    """Read a page of the accounting-sync list. Raises Refused("unknown_column")."""
    return read_page(connection.rows, SYNC, request)


def detail(connection: Connection, job: int) -> JobDetail | None:
    """Read one job with its entries, or None."""
    row = connection.row(_DETAIL, (job,))
    if row is None:
        return None
    return JobDetail(
        id=row[0],
        created_ms=row[1],
        modified_ms=row[2],
        type=row[3],
        status=STATUSES[row[4] == "done"],
        state=row[4],
        message=row[5],
        checked_ms=row[6],
        retries=max(row[7] - 1, 0),
        receipt=row[8],
        till_receipt=row[9],
        store=row[10],
        till_id=row[11],
        source_event=row[12],
        payload=row[13],
        next_try_ms=row[14] if row[4] == "error" else None,
        task=_task(row[13]),
        entries=_entries(connection.rows(_ENTRIES, (row[12], row[15], row[15]))),
    )


def _task(payload: str) -> Task | None:
    try:
        return msgspec.json.decode(payload, type=Task)
    except ValueError:
        return None


def _entries(rows: list[tuple[Any, ...]]) -> tuple[Entry, ...]:
    heads = {row[0]: row[:5] for row in rows}
    return tuple(
        Entry(
            number=number,
            kind=head[1],
            day=head[2],
            text=head[3],
            created_ms=head[4],
            postings=tuple(_posting(row[5:]) for row in rows if row[0] == number),
        )
        for number, head in heads.items()
    )


def _posting(row: tuple[Any, ...]) -> Posting:
    return Posting(**dict(zip(Posting.__struct_fields__, row, strict=True)))
