"""The journal: one writer, one event a commit, on the disk before anyone sees it (protocol §1).

An append seals the event onto the chain's head and writes it with its projections in one immediate transaction. The
head is held in memory, so nothing is read on the way. All calls are safe from any thread of this process; a process
that was forked from it is refused (fault 63).

What a failing disk means is decided here and only here: a full or read-only one refuses and stays open (fault 11,
12), any other I/O error closes the journal until it was verified by a new start, because nobody knows which pages
the system kept after a failed fsync (fault 10).
"""

import contextlib
import errno
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, cast

import apsw
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct
from msgspec.structs import replace
from peewee import PeeweeException
from playhouse.apsw_ext import APSWDatabase

from schema.chain import Event, Flaw, Sealed, first_flaw, seal
from schema.clock import Clock, local_day, uuid7
from schema.device import JOURNAL, Device, public_key_of, signer, unbase64
from schema.errors import Refused
from schema.events import (
    VERSION,
    Body,
    OrderMade,
    ReceiptMailWanted,
    SaleCompleted,
    ShiftClosed,
    ShiftOpened,
    encode,
    money_of,
    type_of,
)
from schema.events import decode as decode_body
from schema.journal_file import APPEND, READ_AFTER, READ_HASH, READ_HEAD, row_values, sealed_row
from schema.journal_file import LAYOUT as SHARED_LAYOUT
from schema.sqlite import WRITER_PRAGMAS, check_library
from till.journal import tables
from till.journal.lock import JournalLock
from till.journal.reserve import Reserve
from till.words import RefusedInWords

TAIL_ROWS = 200
READ_ROWS = 500
Statement = tuple[str, tuple[Any, ...]]


class OpenShift(Struct, frozen=True, kw_only=True):
    """The shift that is open, as its event opened it."""

    shift_id: str
    number: int
    cashier: str
    currency: str
    float_minor: int
    business_day: str
    opened_epoch: int
    opened_seq: int
    opened_ms: int


class Position(Struct, frozen=True, kw_only=True):
    """Where the journal stands: the chain's head and the last numbers. `drawer_minor`: what the last count left."""

    seq: int
    hash: bytes
    receipt_seq: int = 0
    order_seq: int = 0
    shift_number: int = 0
    z_number: int = 0
    drawer_minor: int = 0
    shift: OpenShift | None = None


class Entry(Struct, frozen=True, kw_only=True):
    """What is to be written: an event's body, and rows of the till's own tables that belong into the same commit."""

    body: Body
    also: tuple[Statement, ...] = ()


class Journal:
    """The open journal. Made with `open_journal`."""

    def __init__(
        self, database: APSWDatabase, device: Device, key: Ed25519PrivateKey, clock: Clock, reserve: Reserve
    ) -> None:
        self._database = database
        self._connection: apsw.Connection = database.connection()
        self._device = device
        self._sign = signer(key)
        self._clock = clock
        self._reserve = reserve
        self._mutex = threading.RLock()
        self._process = os.getpid()
        self._fault: Refused | None = None
        self._is_open = True
        self._release: Callable[[], None] = lambda: None
        self.position = self._read_position()

    # -- writing

    def append(self, body: Body, *also: Statement, urgent: bool = False) -> Sealed:
        """Write one event with its projections; it is durable when this returns. Raises Refused, see the module.

        `urgent` is for facts that already happened outside (money moved): they may use the disk's reserve.
        """
        with self._mutex:
            return self._write(body, also, urgent)

    def record(self, make: Callable[[Position], Entry], *, urgent: bool = False) -> Sealed:
        """As `append`, with a body that is made from the position it will stand at (a number)."""
        with self._mutex:
            entry = make(self.position)
            return self._write(entry.body, entry.also, urgent)

    def _write(self, body: Body, also: Iterable[Statement], urgent: bool) -> Sealed:
        sealed = seal(self._event(body), self.position.hash, self._sign)
        self._commit(((APPEND, row_values(sealed)), *self._projections(sealed, body), *also), urgent)
        self.position = self._position_after(sealed, body)
        return sealed

    def change(self, *statements: Statement, urgent: bool = False) -> None:
        """Write rows of the till's own tables in one commit, without an event."""
        with self._mutex:
            self._commit(statements, urgent)

    def _commit(self, statements: Iterable[Statement], urgent: bool) -> None:
        self._check_usable()
        try:
            self._transact(statements)
        except apsw.FullError as error:
            if not (urgent and self._reserve.release()):
                raise _disk_full() from error
            self._retry(statements)
        except (apsw.ReadOnlyError, apsw.CantOpenError) as error:
            raise _read_only() from error
        except (apsw.IOError, apsw.CorruptError, apsw.NotADBError) as error:
            raise self._break(error) from error

    def _retry(self, statements: Iterable[Statement]) -> None:
        try:
            self._transact(statements)
        except apsw.FullError as error:
            raise _disk_full() from error
        except apsw.IOError as error:
            raise self._break(error) from error

    def _transact(self, statements: Iterable[Statement]) -> None:
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        try:
            for sql, values in statements:
                execute(sql, values)
            execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                execute("ROLLBACK")
            raise

    def _event(self, body: Body) -> Event:
        shift = self.position.shift
        now_ms, offset_min = self._clock.now_ms(), self._clock.utc_offset_min()
        return Event(
            till_id=self._device.till_id,
            epoch=self._device.epoch,
            seq=self.position.seq + 1,
            event_id=uuid7(now_ms, os.urandom(10)),
            type=type_of(body),
            version=VERSION,
            recorded_ms=now_ms,
            utc_offset_min=offset_min,
            boot_id=self._clock.boot_id(),
            monotonic_ms=self._clock.monotonic_ms(),
            business_day=shift.business_day if shift else local_day(now_ms, offset_min).isoformat(),
            money=money_of(body),
            body=encode(body),
        )

    def _projections(self, sealed: Sealed, body: Body) -> list[Statement]:
        event = sealed.event
        stream = (event.till_id, event.epoch)
        match body:
            case SaleCompleted():
                return [(tables.ADD_RECEIPT, (*stream, body.receipt_seq, body.receipt, event.seq))]
            case ReceiptMailWanted():
                return [(tables.ADD_MAIL_WISH, (body.receipt, event.epoch, event.seq))]
            case OrderMade():
                return [(tables.ADD_MADE_ORDER, (body.order_id, *stream, body.order_seq))]
            case ShiftOpened():
                start = (body.number, body.cashier, body.currency, body.float_minor, event.business_day)
                return [(tables.OPEN_SHIFT, (body.shift_id, *stream, *start, event.seq, event.recorded_ms))]
            case ShiftClosed():
                end = (event.seq, event.recorded_ms, body.z_number, body.counted_minor, body.shift_id)
                return [(tables.CLOSE_SHIFT, end)]
            case _:
                return []

    def _position_after(self, sealed: Sealed, body: Body) -> Position:
        event, before = sealed.event, self.position
        match body:
            case SaleCompleted():
                return replace(before, seq=event.seq, hash=sealed.hash, receipt_seq=before.receipt_seq + 1)
            case OrderMade():
                return replace(before, seq=event.seq, hash=sealed.hash, order_seq=before.order_seq + 1)
            case ShiftOpened():
                shift = _opened(event, body)
                return replace(before, seq=event.seq, hash=sealed.hash, shift_number=body.number, shift=shift)
            case ShiftClosed():
                left = replace(before, z_number=body.z_number, drawer_minor=body.counted_minor, shift=None)
                return replace(left, seq=event.seq, hash=sealed.hash)
            case _:
                return replace(before, seq=event.seq, hash=sealed.hash)

    # -- reading

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Read rows of the till's own tables."""
        with self._mutex:
            self._check_usable(reading=True)
            try:
                return list(self._connection.execute(sql, tuple(values)))
            except (apsw.IOError, apsw.CorruptError, apsw.NotADBError) as error:
                raise self._break(error) from error

    def bodies_after(self, epoch: int, seq: int) -> list[Body]:
        """Return what happened after an event of this till, in order."""
        found: list[Body] = []
        while rows := self.rows(READ_AFTER, (self._device.till_id, epoch, seq, READ_ROWS)):
            found += [decode_body(row[4], row[5], row[12]) for row in rows]
            seq = rows[-1][2]
        return found

    def bodies_since(self, epoch: int, seq: int) -> list[Body]:
        """As `bodies_after`, on into the epochs that followed: a shift may outlive an enrolment."""
        found = self.bodies_after(epoch, seq)
        for later in range(epoch + 1, self._device.epoch + 1):
            found += self.bodies_after(later, 0)
        return found

    def body_at(self, epoch: int, seq: int) -> Body | None:
        """Return one event's body, None where there is none."""
        for row in self.rows(READ_AFTER, (self._device.till_id, epoch, seq - 1, 1)):
            if row[2] == seq:
                return decode_body(row[4], row[5], row[12])
        return None

    def tail_flaw(self) -> Flaw | None:
        """Check the chain's last rows; the whole chain is `verify.check_folder`'s business."""
        after = max(self.position.seq - TAIL_ROWS, 0)
        stream = (self._device.till_id, self._device.epoch)
        base = self._device.genesis() if after == 0 else self.rows(READ_HASH, (*stream, after))[0][0]
        try:
            tail = [sealed_row(cast(Any, row)) for row in self.rows(READ_AFTER, (*stream, after, TAIL_ROWS))]
        except (ValueError, UnicodeDecodeError):
            return Flaw(seq=after + 1, what="or a row after it cannot be read")
        return first_flaw(tail, after_seq=after, after_hash=base, key=public_key_of(unbase64(self._device.public_key)))

    def _read_position(self) -> Position:
        stream = (self._device.till_id, self._device.epoch)
        head = list(self._connection.execute(READ_HEAD, stream))
        seq, head_hash = head[0] if head else (0, self._device.genesis())
        shift_number, z_number = next(iter(self._connection.execute(tables.LAST_NUMBERS, stream)))
        last = list(self._connection.execute(tables.LAST_SHIFT, (self._device.till_id,)))
        return Position(
            seq=seq,
            hash=head_hash,
            receipt_seq=next(iter(self._connection.execute(tables.LAST_RECEIPT, stream)))[0],
            order_seq=next(iter(self._connection.execute(tables.LAST_ORDER, stream)))[0],
            shift_number=shift_number,
            z_number=z_number,
            drawer_minor=last[0][10] if last and last[0][8] is not None else 0,
            shift=shift_of(last[0]) if last and last[0][8] is None else None,
        )

    # -- trouble

    def preflight(self) -> None:
        """Raise Refused while a payment could not be written down: called before any money is asked for."""
        with self._mutex:
            self._check_usable()
            if not self._reserve.has_room():
                raise _disk_full()

    @property
    def fault(self) -> Refused | None:
        """Why the journal is closed, or None."""
        return self._fault

    def stop(self, fault: Refused) -> None:
        """Stop writing: the chain does not verify, so nothing may be added to it."""
        with self._mutex:
            self._fault = fault

    def _check_usable(self, *, reading: bool = False) -> None:
        if os.getpid() != self._process:
            raise Refused("forked", "The journal was opened by another process. Open it anew in this one.")
        if self._fault is not None and not (reading and self._is_open):
            raise self._fault
        if not self._is_open:
            raise Refused("journal_closed", "The journal is closed. Start the till again.")

    def _break(self, error: Exception) -> Refused:
        self._fault = RefusedInWords(
            "journal_broken",
            "The till's disk failed while writing ({error}). Nothing was sold just now. Selling has stopped, because "
            "what comes next might be lost: restart the till; if this comes again, replace its disk.",
            error=error,
        )
        self._shut()
        return self._fault

    def close(self) -> None:
        """Write everything back and let go of the file."""
        with self._mutex:
            self._shut()
            self._release()

    def _shut(self) -> None:
        """Close the file; what a failing disk says to that is known already."""
        self._is_open = False
        with contextlib.suppress(apsw.Error):
            self._connection.close()

    def hold(self, lock: JournalLock) -> None:
        """Keep the folder's lock until `close`."""
        self._release = lock.release


def open_journal(
    folder: Path, device: Device, key: Ed25519PrivateKey, clock: Clock, reserve: Reserve, *, vfs: str | None = None
) -> Journal:
    """Open or make the journal of this device and check its tail. `vfs` names another SQLite file layer than the usual.

    Raises Refused: old_sqlite, journal_in_use, journal_broken, disk_full.
    """
    check_library()
    try:
        lock = JournalLock(folder)
    except OSError as error:
        raise (_disk_full() if error.errno == errno.ENOSPC else _read_only()) from error
    try:
        reserve.hold()
        journal = _open(folder, device, key, clock, reserve, vfs=vfs)
    except BaseException:
        lock.release()
        raise
    journal.hold(lock)
    try:
        if flaw := journal.tail_flaw():
            journal.stop(tampered(flaw))
    except BaseException:
        journal.close()
        raise
    return journal


def tampered(flaw: Flaw) -> Refused:
    """Return the refusal to sell on a chain that does not hold."""
    return RefusedInWords(
        "journal_tampered",
        "The till's journal does not verify: event {seq} {what}. Selling has stopped; what is stored is kept. "
        "Call head office.",
        seq=flaw.seq,
        what=flaw.what,
    )


def _open(
    folder: Path, device: Device, key: Ed25519PrivateKey, clock: Clock, reserve: Reserve, *, vfs: str | None
) -> Journal:
    # One connection for all threads, under the journal's own mutex: peewee's per-thread connections would be writers.
    database = APSWDatabase(
        str(folder / JOURNAL),
        pragmas=WRITER_PRAGMAS,
        thread_safe=False,
        vfs=vfs,
    )
    try:
        database.connect()
        connection: apsw.Connection = database.connection()
        connection.execute(SHARED_LAYOUT)
        connection.execute(tables.LAYOUT)
        stream = (device.till_id, device.epoch, unbase64(device.public_key), device.genesis())
        connection.execute("INSERT OR IGNORE INTO stream VALUES (?, ?, ?, ?)", stream)
        return Journal(database, device, key, clock, reserve)
    except (apsw.Error, PeeweeException) as error:
        with contextlib.suppress(apsw.Error, PeeweeException):
            database.close()
        raise _cannot_open(error, folder) from error


def _cannot_open(error: Exception, folder: Path) -> Refused:
    """Name the trouble by SQLite's own error: peewee wraps it while it connects."""
    cause = error.__context__ if isinstance(error, PeeweeException) else error
    if isinstance(cause, apsw.FullError):
        return _disk_full()
    if isinstance(cause, (apsw.ReadOnlyError, apsw.CantOpenError)):
        return _read_only()
    return RefusedInWords(
        "journal_broken",
        "The till's journal cannot be opened ({error}). Selling has stopped; what is stored is kept. "
        "Call head office, and do not delete {folder}.",
        error=error,
        folder=folder,
    )


def _opened(event: Event, body: ShiftOpened) -> OpenShift:
    return OpenShift(
        shift_id=body.shift_id,
        number=body.number,
        cashier=body.cashier,
        currency=body.currency,
        float_minor=body.float_minor,
        business_day=event.business_day,
        opened_epoch=event.epoch,
        opened_seq=event.seq,
        opened_ms=event.recorded_ms,
    )


def shift_of(row: tuple[Any, ...]) -> OpenShift:
    """Read a row as `tables.LAST_SHIFT` and `tables.LAST_CLOSED` return it."""
    return OpenShift(
        shift_id=row[0],
        number=row[1],
        cashier=row[2],
        currency=row[3],
        float_minor=row[4],
        business_day=row[5],
        opened_seq=row[6],
        opened_ms=row[7],
        opened_epoch=row[11],
    )


def _disk_full() -> Refused:
    return RefusedInWords(
        "disk_full",
        "The till's disk is full, so nothing can be written down. Nothing was taken or sold. "
        "Make room on the disk, then try again.",
    )


def _read_only() -> Refused:
    return RefusedInWords(
        "disk_read_only",
        "The till's disk cannot be written to. Nothing was taken or sold. Restart the till; if this comes again, "
        "replace its disk.",
    )
