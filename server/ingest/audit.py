"""Check accepted streams as a whole: every hash, every link, every signature, and that the stored head is the last.

Accepting checks each run's last signature only (it covers the rest by the chain); this is the second look, for a
quiet hour or a doubt.
"""

from collections.abc import Callable

from msgspec import Struct

from schema.chain import Sealed, first_flaw
from schema.device import public_key_of
from schema.journal_file import sealed_row
from server.db import Connection, Database
from server.ingest.accept import load_stream

PAGE_EVENTS = 1000
_PAGE = (
    "SELECT till_id, epoch, seq, event_id, type, version, recorded_ms, utc_offset_min, boot_id, monotonic_ms, "
    "business_day, money, body, hash, signature FROM event WHERE till_id = ? AND epoch = ? AND seq > ? "
    "ORDER BY seq LIMIT ?"
)


class StreamCheck(Struct, frozen=True, kw_only=True):
    """A stream's result: how many events hold, and the first that does not."""

    till_id: str
    epoch: int
    events: int
    flaw: str = ""


def audit_streams(database: Database, advance: Callable[[int], None] = lambda _: None) -> list[StreamCheck]:
    """Check every stream; `advance` is told the number of events done, for a progress bar."""
    with database.read() as connection:
        streams = connection.rows("SELECT till_id, epoch FROM stream ORDER BY till_id, epoch")
    return [audit_stream(database, till_id, epoch, advance) for till_id, epoch in streams]


def audit_stream(
    database: Database, till_id: str, epoch: int, advance: Callable[[int], None] = lambda _: None
) -> StreamCheck:
    """Check one stream, a page at a time, so that uploads go on meanwhile. Raises Refused("not_found")."""
    with database.read() as connection:
        stream = load_stream(connection, till_id, epoch)
    seq, digest = 0, stream.genesis
    key = public_key_of(stream.public_key)
    while seq < stream.high_seq:
        with database.read() as connection:
            rows = _page(connection, till_id, epoch, seq)
        flaw = first_flaw(rows, after_seq=seq, after_hash=digest, key=key)
        if flaw is not None or not rows:
            what = f"event {flaw.seq} {flaw.what}" if flaw else f"event {seq + 1} is missing"
            return StreamCheck(till_id=till_id, epoch=epoch, events=seq, flaw=what)
        seq, digest = rows[-1].event.seq, rows[-1].hash
        advance(len(rows))
    if seq == stream.high_seq and digest != stream.high_hash:
        return StreamCheck(till_id=till_id, epoch=epoch, events=seq, flaw="the stored head is not the last event's")
    return StreamCheck(till_id=till_id, epoch=epoch, events=seq)


def _page(connection: Connection, till_id: str, epoch: int, seq: int) -> list[Sealed]:
    return [sealed_row(row) for row in connection.rows(_PAGE, (till_id, epoch, seq, PAGE_EVENTS))]
