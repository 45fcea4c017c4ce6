"""The till's journal as the agent sees it: read-only, in transactions that end before anything is said to the network.

The file may not exist yet, may be replaced under us (a restored card) and may be busy: the first is an empty journal,
the second is opened anew, the last is Unready. Shape and source: schema.journal_file.
"""

from pathlib import Path
from typing import Any

import apsw
from msgspec import Struct

from schema.chain import Sealed
from schema.errors import Refused, Unready
from schema.journal_file import READ_AFTER, READ_HASH, READ_HEAD, READ_WAITING, RowValues, sealed_row
from schema.sqlite import open_reader

_READ_STREAM = "SELECT genesis FROM stream WHERE till_id = ? AND epoch = ?"


class JournalHead(Struct, frozen=True, kw_only=True):
    """The last event of a stream; seq 0 with the genesis hash where there is none yet."""

    seq: int
    hash: bytes


class Waiting(Struct, frozen=True, kw_only=True):
    """How many events wait above an acknowledged seq, and when the oldest was recorded (None: none waits)."""

    count: int
    oldest_ms: int | None


class JournalReader:
    """One reader of `journal.db`. Used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: apsw.Connection | None = None
        self._file: tuple[int, int] | None = None

    def head(self, till_id: str, epoch: int) -> JournalHead | None:
        """Return a stream's head, None where the journal does not know the stream. Raises Unready."""
        rows = self._rows(_READ_STREAM, (till_id, epoch))
        if not rows:
            return None
        heads = self._rows(READ_HEAD, (till_id, epoch))
        return JournalHead(seq=heads[0][0], hash=heads[0][1]) if heads else JournalHead(seq=0, hash=rows[0][0])

    def hash_at(self, till_id: str, epoch: int, seq: int) -> bytes | None:
        """Return the hash at a seq (0: the genesis hash), None where there is none. Raises Unready."""
        rows = self._rows(READ_HASH, (till_id, epoch, seq)) if seq else self._rows(_READ_STREAM, (till_id, epoch))
        return rows[0][0] if rows else None

    def read_after(self, till_id: str, epoch: int, seq: int, *, events_max: int, bytes_max: int) -> list[Sealed]:
        """Read the events above a seq until their number or the size of their bodies is reached.

        Stops before a row that cannot be read. Raises Refused("journal_damaged") where that is the first, Unready.
        """
        found: list[Sealed] = []
        room = bytes_max
        damaged = False
        try:
            cursor: Any = self._open().execute(READ_AFTER, (till_id, epoch, seq, events_max))
            for values in cursor:
                row = _readable(values)
                damaged = row is None
                if row is None:
                    break
                room -= len(row.event.body)
                found.append(row)
                if room < 0:
                    break
            cursor.close(True)
        except apsw.Error as error:
            raise self._unreadable(error) from error
        if damaged and not found:
            raise _damaged(seq + 1)
        return found

    def waiting(self, till_id: str, epoch: int, acked_seq: int) -> Waiting:
        """Return what is not acknowledged yet. Raises Unready."""
        rows = self._rows(READ_WAITING, (till_id, epoch, acked_seq))
        return Waiting(count=max(0, rows[0][0]), oldest_ms=rows[0][1]) if rows else Waiting(count=0, oldest_ms=None)

    def version(self) -> tuple[object, ...]:
        """Return a value that changes whenever the till has committed something. Cheap; never raises."""
        try:
            return (self._file, self._open().pragma("data_version"))
        except apsw.Error:
            return ()

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _rows(self, sql: str, bindings: tuple[object, ...]) -> list[Any]:
        try:
            return list(self._open().execute(sql, bindings))
        except apsw.Error as error:
            if not self._path.exists() or _is_missing_table(error):
                return []
            raise self._unreadable(error) from error

    def _open(self) -> apsw.Connection:
        file = _identity(self._path)
        if self._connection is None or file != self._file:
            self.close()
            self._connection = open_reader(self._path)
            self._file = file
        return self._connection

    def _unreadable(self, error: Exception) -> Unready:
        self.close()
        return Unready(
            "journal_unreadable",
            f"The journal {self._path} cannot be read just now ({error}). Nothing was sent; it is tried again. "
            "If this stays, run “python -m till verify”.",
        )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def _readable(values: RowValues) -> Sealed | None:
    try:
        row = sealed_row(values)
        row.event.body.decode()
    except ValueError:
        return None
    return row


def _damaged(seq: int) -> Refused:
    return Refused(
        "journal_damaged",
        f"Event {seq} of this till's journal was damaged on the disk and cannot be sent. Nothing is deleted. "
        "Run “python -m till verify” and tell head office.",
    )


def _is_missing_table(error: apsw.Error) -> bool:
    # The till creates file and tables in two steps; between them there is nothing to read.
    return isinstance(error, apsw.SQLError) and "no such table" in str(error)
