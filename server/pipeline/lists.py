"""What people read of the pipeline: the worklist of what a person must decide, and the parked events with why."""

from server.db import Connection
from server.listing import Listing, ListRequest, Page, read_page

WORKLIST = Listing(
    source="worklist",
    columns={
        "id": "id",
        "kind": "kind",
        "subject": "subject",
        "detail": "detail",
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
        "tries": "tries",
        "parked_ms": "parked_ms",
        "checked_ms": "checked_ms",
    },
    key="event_id",
    search=("type", "aggregate", "reason", "till_id"),
    sort="parked_ms",
)


def worklist(connection: Connection, request: ListRequest) -> Page:
    """Read a page of the worklist; filter `done_ms` with test "empty" for what is open."""
    return read_page(connection.rows, WORKLIST, request)


def parked(connection: Connection, request: ListRequest) -> Page:
    """Read a page of the parked events."""
    return read_page(connection.rows, PARKED, request)
