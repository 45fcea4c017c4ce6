"""What people read of the pipeline: the worklist of what a person must decide, the parked events with why, and what
tills noted: age checks, fiscal outages, drawers, the terminals' ends of day.
"""

from server.db import Connection
from server.listing import Listing, ListRequest, Page, read_page

WORKLIST = Listing(
    source="worklist",
    columns={
        "id": "id",
        "kind": "kind",
        "subject": "subject",
        "detail": "detail",
        "worded": "worded",
        "amount_minor": "amount_minor",
        "source_event": "source_event",
        "created_ms": "created_ms",
        "done_ms": "done_ms",
    },
    key="id",
    search=("kind", "subject", "detail"),
    sort="id",
)
PARKED = Listing(
    source="parked",
    columns={
        "event_id": "event_id",
        "till_id": "till_id",
        "epoch": "epoch",
        "seq": "seq",
        "type": "type",
        "aggregate": "aggregate",
        "reason": "reason",
        "worded": "worded",
        "tries": "tries",
        "parked_ms": "parked_ms",
        "checked_ms": "checked_ms",
    },
    key="event_id",
    search=("type", "aggregate", "reason", "till_id"),
    sort="parked_ms",
)

_NOTE_COLUMNS = ("source_event", "store", "till_id", "day", "at_ms", "kind", "subject", "detail")
NOTES = Listing(
    source="till_note",
    columns={name: name for name in _NOTE_COLUMNS},
    key="source_event",
    search=("kind", "subject", "detail"),
    sort="at_ms",
)
_CLOSE_COLUMNS = (
    *("source_event", "store", "till_id", "shift_id", "day", "cashier", "terminal", "currency", "total_minor"),
    *("payments", "expected_minor", "difference_minor", "text", "closed_ms"),
)
TERMINAL_CLOSES = Listing(
    source="(SELECT c.*, total_minor - expected_minor AS difference_minor FROM terminal_close c) AS closes",
    columns={name: name for name in _CLOSE_COLUMNS},
    key="source_event",
    search=("terminal", "text", "till_id"),
    sums=("total_minor", "difference_minor"),
    currency="currency",
    sort="closed_ms",
)


def notes(connection: Connection, request: ListRequest) -> Page:
    """Read a page of what tills noted; filter `kind` for one sort of it. Raises Refused("unknown_column")."""
    return read_page(connection.rows, NOTES, request)


def terminal_closes(connection: Connection, request: ListRequest) -> Page:
    """Read a page of the terminals' ends of day. Raises Refused("unknown_column")."""
    return read_page(connection.rows, TERMINAL_CLOSES, request)


def worklist(connection: Connection, request: ListRequest) -> Page:
    """Read a page of the worklist; filter `done_ms` with test "empty" for what is open."""
    return read_page(connection.rows, WORKLIST, request)


def parked(connection: Connection, request: ListRequest) -> Page:
    """Read a page of the parked events."""
    return read_page(connection.rows, PARKED, request)
