"""A fiscal unit on the network or in a program beside the till (`wire`): one connection a call, with a deadline."""

import socket
import threading
import time
from typing import TypeVar

import msgspec
from msgspec import Struct

from hardware.fiscal import wire
from schema.errors import CounterfoilError, Unready, Unsure
from schema.fiscal import FiscalFinish, FiscalSignature, FiscalStart, FiscalStarted, FiscalStatus

PORT = 20100
A = TypeVar("A", bound=Struct)


class NetworkUnit:
    """One unit at one address. Calls of several threads wait for each other, no longer than the deadline."""

    def __init__(self, host: str, port: int, deadline_s: float) -> None:
        self._host, self._port, self._deadline_s = host, port, deadline_s
        self._turn = threading.Lock()
        self._counter_seen = 0

    def start(self, transaction: FiscalStart) -> FiscalStarted:
        """Open a transaction (see `ports.FiscalUnit.start`)."""
        answer = self._ask(wire.Start(client_id=transaction.client_id), wire.Started)
        self._check_counter(answer.signature_counter)
        return FiscalStarted(**wire.plain(answer))  # type: ignore[arg-type] # fields of the same names and types

    def finish(self, transaction: FiscalFinish) -> FiscalSignature:
        """Sign a transaction (see `ports.FiscalUnit.finish`)."""
        call = wire.Finish(
            client_id=transaction.client_id,
            transaction=transaction.transaction,
            process_type=transaction.process_type,
            process_data=transaction.process_data,
        )
        answer = self._ask(call, wire.Signed)
        if (answer.transaction, answer.process_data) != (transaction.transaction, transaction.process_data):
            raise _untrustworthy("signed something else than it was asked")
        return FiscalSignature(**wire.plain(answer))  # type: ignore[arg-type] # as above

    def status(self) -> FiscalStatus:
        """Ask the unit; one that cannot be asked is told as trouble."""
        try:
            answer = self._ask(wire.Status(), wire.Health)
        except CounterfoilError as error:
            return FiscalStatus(trouble=error.message, trouble_code=error.code)
        return FiscalStatus(**wire.plain(answer))  # type: ignore[arg-type] # as above

    def _check_counter(self, counter: int) -> None:
        """A counter may jump, for other tills count too; one that goes back is another unit, or an old copy of it."""
        if counter <= self._counter_seen:
            raise _untrustworthy("counts backwards")
        self._counter_seen = counter

    def _ask(self, call: wire.Call, expected: type[A]) -> A:
        deadline = time.monotonic() + self._deadline_s
        if not self._turn.acquire(timeout=self._deadline_s):
            raise Unready("fiscal_busy", "The fiscal unit is still at its last task. Sales go on without it.")
        try:
            answer = _decoded(self._exchange(call, deadline))
        finally:
            self._turn.release()
        if isinstance(answer, wire.Failed):
            raise answer.error()
        if not isinstance(answer, expected):
            raise _untrustworthy("gave an answer to another question")
        return answer

    def _exchange(self, call: wire.Call, deadline: float) -> bytes:
        """Send a call and return its answer's line. Raises Unready before the first byte, Unsure from then on."""
        try:
            line = socket.create_connection((self._host, self._port), timeout=_left(deadline))
        except OSError as error:
            raise Unready(
                "fiscal_unreachable",
                f"The fiscal unit at {self._host}:{self._port} cannot be reached. Sales go on without it.",
            ) from error
        with line:
            try:
                line.sendall(wire.encode(call))
                return _read_line(line, deadline)
            except TimeoutError:
                raise Unsure(
                    "fiscal_silent", "The fiscal unit did not answer in time. Sales go on without it."
                ) from None
            except OSError as error:
                raise Unsure("fiscal_lost", "The fiscal unit broke the connection. Sales go on without it.") from error


def _read_line(line: socket.socket, deadline: float) -> bytes:
    held = bytearray()
    while not held.endswith(b"\n"):
        line.settimeout(_left(deadline))
        piece = line.recv(4096)
        if not piece:
            raise ConnectionResetError("it hung up")
        held += piece
        if len(held) > wire.LINE_BYTES_MAX:
            raise _untrustworthy("answered without an end")
    return bytes(held)


def _left(deadline: float) -> float:
    """Return the seconds that are left, and never none: a timeout of zero would mean not to wait, or for ever."""
    return max(0.001, deadline - time.monotonic())


def _decoded(line: bytes) -> wire.Answer:
    try:
        return wire.decode_answer(line)
    except msgspec.DecodeError:
        raise _untrustworthy("gave an answer that cannot be read") from None


def _untrustworthy(what: str) -> Unsure:
    return Unsure("fiscal_untrustworthy", f"The fiscal unit {what}. Sales go on without it; have it looked at.")
