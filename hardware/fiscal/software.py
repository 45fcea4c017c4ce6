"""A fiscal unit in software: it signs and counts as a certified one does, and is certified by nobody.

It is for shops that need no certified unit, for trying out, and so that a certified one is only a driver away. In its
folder lie `unit.db` (every signature, durable before it is told) and `key.pem`. A transaction outlives a kill or a
power cut between start and finish: it is listed as open and may be finished later.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import apsw
from msgspec.structs import replace

from hardware.fiscal import tables
from hardware.fiscal.signing import ALGORITHM, Signed, Signer, load_key, make_key
from schema.clock import Clock
from schema.errors import CounterfoilError, Refused, Unready, Unsure
from schema.fiscal import (
    FiscalFinish,
    FiscalSignature,
    FiscalStart,
    FiscalStarted,
    FiscalStatus,
    OpenTransaction,
    qr_text,
)

UNIT_FILE, KEY_FILE = "unit.db", "key.pem"
T = TypeVar("T")


class SoftwareUnit:
    """One unit in one folder; opened at its first call, so that a broken disk never keeps a till from starting."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock = folder, clock
        self._lock = threading.Lock()
        self._opened: tuple[apsw.Connection, Signer] | None = None

    def start(self, transaction: FiscalStart) -> FiscalStarted:
        """Open a transaction (see `ports.FiscalUnit.start`)."""
        with self._lock, self._writing() as (connection, signer):
            counter, number, at_ms = self._next(connection)
            signed = Signed(
                operation="start",
                unit_serial=signer.serial,
                client_id=transaction.client_id,
                transaction=number,
                signature_counter=counter,
                at_ms=at_ms,
            )
            _add(connection, signer, signed)
        return FiscalStarted(transaction=number, signature_counter=counter, started_ms=at_ms)

    def finish(self, transaction: FiscalFinish) -> FiscalSignature:
        """Sign a transaction's text and close it (see `ports.FiscalUnit.finish`)."""
        with self._lock, self._writing() as (connection, signer):
            started_ms = _check_started(connection, transaction)
            if (finished := _row(connection, transaction.transaction, "finish")) is not None:
                return _finished_before(signer, transaction, started_ms, finished)
            counter, _, at_ms = self._next(connection)
            signed = Signed(
                operation="finish",
                unit_serial=signer.serial,
                client_id=transaction.client_id,
                transaction=transaction.transaction,
                signature_counter=counter,
                at_ms=at_ms,
                process_type=transaction.process_type,
                process_data=transaction.process_data,
            )
            signature = _add(connection, signer, signed)
        return _signature(signer, signed, started_ms, signature)

    def status(self) -> FiscalStatus:
        """Tell how the unit is; never raises."""
        try:
            with self._lock:
                return self._read_status()
        except CounterfoilError as error:
            return FiscalStatus(trouble=error.message, trouble_code=error.code)
        except apsw.Error as error:
            return FiscalStatus(trouble=_failing(error), trouble_code="fiscal_failing")

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._opened is not None:
                self._opened[0].close()
                self._opened = None

    def _read_status(self) -> FiscalStatus:
        connection, signer = self._open()
        counter, number, _ = next(iter(connection.execute(tables.HEADS)))
        return FiscalStatus(
            unit_serial=signer.serial,
            public_key=signer.public_key,
            algorithm=ALGORITHM,
            signatures=counter,
            transactions=number,
            open_transactions=tuple(
                OpenTransaction(client_id=client_id, transaction=transaction, started_ms=started_ms)
                for client_id, transaction, started_ms in connection.execute(tables.OPEN)
            ),
        )

    def _next(self, connection: apsw.Connection) -> tuple[int, int, int]:
        """Return the next counter and transaction number, and the time: the unit's own never goes back."""
        counter, number, last_ms = next(iter(connection.execute(tables.HEADS)))
        return counter + 1, number + 1, max(self._clock.now_ms(), last_ms)

    @contextmanager
    def _writing(self) -> Iterator[tuple[apsw.Connection, Signer]]:
        """One immediate transaction. Raises Unready before its first byte, Unsure from then on."""
        connection, signer = self._ready()
        try:
            connection.execute("BEGIN IMMEDIATE")
        except apsw.Error as error:
            raise Unready("fiscal_failing", _failing(error)) from error
        try:
            yield connection, signer
            connection.execute("COMMIT")
        except BaseException as error:
            _roll_back(connection)
            if isinstance(error, apsw.Error):
                raise Unsure("fiscal_unsure", _failing(error)) from error
            raise

    def _ready(self) -> tuple[apsw.Connection, Signer]:
        try:
            return self._open()
        except Refused as error:
            raise Unready(error.code, error.message) from error

    def _open(self) -> tuple[apsw.Connection, Signer]:
        if self._opened is None:
            self._opened = _tried(lambda: _opened(self._folder))
        return self._opened


def _tried(step: Callable[[], T]) -> T:
    try:
        return step()
    except (apsw.Error, OSError) as error:
        raise Unready("fiscal_failing", _failing(error)) from error


def _opened(folder: Path) -> tuple[apsw.Connection, Signer]:
    """Open a unit, or make a new one in an empty folder. A key that is gone is never replaced in silence."""
    folder.mkdir(parents=True, exist_ok=True)
    connection = tables.open_file(folder / UNIT_FILE)
    serial = next((row[0] for row in connection.execute(tables.READ_UNIT)), "")
    signer = load_key(folder / KEY_FILE) if serial or (folder / KEY_FILE).exists() else make_key(folder / KEY_FILE)
    _sync_folder(folder)
    if not serial:
        connection.execute(tables.NAME_UNIT, (signer.serial,))
    elif serial != signer.serial:
        connection.close()
        raise Refused("fiscal_key", f"The key in {folder} is another unit's. Put the right one back from a backup.")
    return connection, signer


def _sync_folder(folder: Path) -> None:
    """Make new names durable, where the system can."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_Row = tuple[int, str, int, str, str, str]


def _row(connection: apsw.Connection, transaction: int, operation: str) -> _Row | None:
    return next(iter(connection.execute(tables.READ_ONE, (transaction, operation))), None)


def _check_started(connection: apsw.Connection, asked: FiscalFinish) -> int:
    """Return when a transaction of this till was started. Raises Refused("unknown_transaction")."""
    started = _row(connection, asked.transaction, "start")
    if started is None or started[1] != asked.client_id:
        raise Refused("unknown_transaction", f"The fiscal unit knows no transaction {asked.transaction} of this till.")
    return started[2]


def _add(connection: apsw.Connection, signer: Signer, signed: Signed) -> str:
    signature = signer.sign(signed)
    values = (
        signed.signature_counter,
        signed.transaction,
        signed.operation,
        signed.client_id,
        signed.at_ms,
        signed.process_type,
        signed.process_data,
        signature,
    )
    connection.execute(tables.ADD, values)
    return signature


def _finished_before(signer: Signer, asked: FiscalFinish, started_ms: int, row: _Row) -> FiscalSignature:
    """Return the signature that a finished transaction has, for a caller that did not hear of it."""
    counter, client_id, at_ms, process_type, process_data, signature = row
    if (process_type, process_data) != (asked.process_type, asked.process_data):
        raise Refused("finished_otherwise", f"Transaction {asked.transaction} was finished with another text.")
    signed = Signed(
        operation="finish",
        unit_serial=signer.serial,
        client_id=client_id,
        transaction=asked.transaction,
        signature_counter=counter,
        at_ms=at_ms,
        process_type=process_type,
        process_data=process_data,
    )
    return _signature(signer, signed, started_ms, signature)


def _signature(signer: Signer, signed: Signed, started_ms: int, signature: str) -> FiscalSignature:
    made = FiscalSignature(
        unit_serial=signer.serial,
        transaction=signed.transaction,
        signature_counter=signed.signature_counter,
        started_ms=started_ms,
        finished_ms=signed.at_ms,
        signature=signature,
        process_type=signed.process_type,
        process_data=signed.process_data,
        qr="",
        certified=False,
    )
    qr = qr_text(made, client_id=signed.client_id, algorithm=ALGORITHM, public_key=signer.public_key)
    return replace(made, qr=qr)


def _roll_back(connection: apsw.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _failing(error: Exception) -> str:
    return f"The fiscal unit's file cannot be read or written ({error}). Check the disk; sales go on without it."
