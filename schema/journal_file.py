"""The layout of `journal.db` as far as two programs share it: the till writes these tables, the agent reads them.

`stream` holds this journal's streams (one open, older ones after an enrolment anew); `event` holds the chain.
Rows are never changed or deleted; triggers say so to everyone, not only to our code.
"""

import apsw

from schema.chain import Event, Sealed, money_bytes, parse_money

LAYOUT = """
CREATE TABLE IF NOT EXISTS stream (
    till_id TEXT NOT NULL, epoch INTEGER NOT NULL, public_key BLOB NOT NULL, genesis BLOB NOT NULL,
    PRIMARY KEY (till_id, epoch)
) STRICT;
CREATE TABLE IF NOT EXISTS event (
    till_id TEXT NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL CHECK (seq > 0),
    event_id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, version INTEGER NOT NULL,
    recorded_ms INTEGER NOT NULL, utc_offset_min INTEGER NOT NULL, boot_id TEXT NOT NULL,
    monotonic_ms INTEGER NOT NULL, business_day TEXT NOT NULL, money TEXT NOT NULL,
    body BLOB NOT NULL, hash BLOB NOT NULL CHECK (length(hash) = 32), signature BLOB NOT NULL,
    PRIMARY KEY (till_id, epoch, seq),
    FOREIGN KEY (till_id, epoch) REFERENCES stream (till_id, epoch)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS event_is_final BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER IF NOT EXISTS event_stays BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
"""
_COLUMNS = (
    "till_id, epoch, seq, event_id, type, version, recorded_ms, utc_offset_min, boot_id, monotonic_ms, "
    "business_day, money, body, hash, signature"
)
APPEND = f"INSERT INTO event ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
READ_AFTER = f"SELECT {_COLUMNS} FROM event WHERE till_id = ? AND epoch = ? AND seq > ? ORDER BY seq LIMIT ?"
READ_HEAD = "SELECT seq, hash FROM event WHERE till_id = ? AND epoch = ? ORDER BY seq DESC LIMIT 1"
READ_HASH = "SELECT hash FROM event WHERE till_id = ? AND epoch = ? AND seq = ?"
# How many events wait above an acknowledged seq, and since when.
READ_WAITING = (
    "SELECT (SELECT coalesce(max(seq), 0) FROM event WHERE till_id = ?1 AND epoch = ?2) - ?3, "
    "(SELECT recorded_ms FROM event WHERE till_id = ?1 AND epoch = ?2 AND seq = ?3 + 1)"
)
RowValues = tuple[str, int, int, str, str, int, int, int, str, int, str, str, bytes, bytes, bytes]


def row_values(row: Sealed) -> RowValues:
    """Return a sealed event as `APPEND` binds it."""
    event = row.event
    return (
        event.till_id,
        event.epoch,
        event.seq,
        event.event_id,
        event.type,
        event.version,
        event.recorded_ms,
        event.utc_offset_min,
        event.boot_id,
        event.monotonic_ms,
        event.business_day,
        money_bytes(event.money).decode(),
        event.body,
        row.hash,
        row.signature,
    )


def sealed_row(values: RowValues) -> Sealed:
    """Read a row as `READ_AFTER` returns it. Raises ValueError where its money cannot be read."""
    event = Event(
        till_id=values[0],
        epoch=values[1],
        seq=values[2],
        event_id=values[3],
        type=values[4],
        version=values[5],
        recorded_ms=values[6],
        utc_offset_min=values[7],
        boot_id=values[8],
        monotonic_ms=values[9],
        business_day=values[10],
        money=parse_money(values[11]),
        body=values[12],
    )
    return Sealed(event=event, hash=values[13], signature=values[14])


def read_after(journal: apsw.Connection, till_id: str, epoch: int, seq: int, limit: int) -> list[Sealed]:
    """Read at most `limit` events above a seq, in order."""
    return [sealed_row(values) for values in journal.execute(READ_AFTER, (till_id, epoch, seq, limit))]
