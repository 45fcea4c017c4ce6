"""An open line to a printer, whatever it hangs on, with a deadline on every step and an error that says what is known.

Unready: not one byte was taken, so nothing is printed. Unsure: some of it may be. A line is opened per job, because a
printer that closed an idle one swallows the next job without an error, and another program may want the printer too.
"""

import errno
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from msgspec import Struct

from schema.errors import Unready, Unsure

# What the system answers most often, in words of a shop.
REASONS: Mapping[int, str] = {
    errno.ECONNREFUSED: "it takes no connections",
    errno.ECONNRESET: "it hung up",
    errno.EPIPE: "it hung up",
    errno.EHOSTUNREACH: "no way leads to it",
    errno.ENETUNREACH: "no way leads to it",
    errno.ENOENT: "there is no such device",
    errno.ENODEV: "there is no such device",
    errno.ENXIO: "there is no such device",
    errno.EACCES: "it may not be used",
    errno.EPERM: "it may not be used",
    errno.EBUSY: "it is in use",
    errno.EIO: "it was unplugged or fails",
}


class Deadlines(Struct, frozen=True, kw_only=True):
    """How long each step may take, in milliseconds. A receipt prints in 1-3 s; `confirm` covers a long report."""

    turn_ms: int = 15_000
    connect_ms: int = 2_500
    answer_ms: int = 800
    write_ms: int = 8_000
    confirm_ms: int = 10_000


class Line(Protocol):
    """An open line to a printer. Deadlines are moments of `time.monotonic()`; a broken line raises OSError."""

    @property
    def can_answer(self) -> bool:
        """Tell whether anything can come back on this line."""

    @property
    def counts_exactly(self) -> bool:
        """Tell whether `write` returns what the printer itself took, not what a buffer on the way took."""

    def write(self, data: memoryview, deadline: float) -> int:
        """Send some of the data; return how many bytes went, 0 when the deadline passed."""

    def flush(self, deadline: float) -> bool:
        """Wait until nothing is left on this side; tell whether that happened before the deadline."""

    def read(self, deadline: float) -> bytes:
        """Return some bytes, or none when the deadline passed. A peer that hung up is a ConnectionError."""

    def close(self) -> None:
        """Let go of the line without waiting."""


class Transport(Protocol):
    """Where a printer hangs, and how to open a line to it."""

    @property
    def place(self) -> str:
        """Name the place in words for a message: an address, a port, a USB device."""

    @property
    def advice(self) -> str:
        """Say what to look at when it cannot be reached: one sentence."""

    def open(self, wait_ms: int) -> Line:
        """Open a line. Raises OSError when there is nobody."""


class PrinterLine:
    """Opens lines on one transport, one at a time; jobs of several threads queue for it."""

    def __init__(self, transport: Transport, deadlines: Deadlines | None = None) -> None:
        self.transport, self.deadlines = transport, deadlines or Deadlines()
        self._turn = threading.Lock()

    @contextmanager
    def opened(self) -> "Iterator[OpenLine]":
        """Give a line to talk on. Raises Unready when it is not our turn in time, or nobody is there."""
        place = self.transport.place
        if not self._turn.acquire(timeout=self.deadlines.turn_ms / 1000):
            raise Unready("printer_busy", f"The printer at {place} is still printing. Try again in a moment.")
        try:
            line = self._open()
            try:
                yield OpenLine(line, place, self.deadlines)
            finally:
                line.close()
        finally:
            self._turn.release()

    def _open(self) -> Line:
        try:
            return self.transport.open(self.deadlines.connect_ms)
        except OSError as error:
            raise Unready(
                "printer_unreachable",
                f"The printer at {self.transport.place} cannot be reached ({reason_of(error)}). Nothing was printed. "
                f"{self.transport.advice}",
            ) from error


class OpenLine:
    """A line in use: the same two steps, write and read, with errors that a till understands."""

    def __init__(self, line: Line, place: str, deadlines: Deadlines) -> None:
        self._line, self.place, self.deadlines = line, place, deadlines

    @property
    def can_answer(self) -> bool:
        return self._line.can_answer

    def read(self, deadline: float) -> bytes:
        """Return some bytes, or none when the deadline passed. Raises Unsure when the printer hung up."""
        try:
            return self._line.read(deadline)
        except OSError as error:
            raise self._broken(reason_of(error)) from error

    def write(self, data: bytes, doubt: str = "") -> None:
        """Send everything before the deadline. Raises Unsure (some of it may be out) or Unready (surely nothing is)."""
        deadline, rest = after(self.deadlines.write_ms), memoryview(data)
        while rest:
            try:
                taken = self._line.write(rest, deadline)
            except OSError as error:
                # What the device took of this very piece is not known any more.
                raise self._broken(reason_of(error), doubt) from error
            if not taken:
                raise self._stopped(len(rest) == len(data), doubt)
            rest = rest[taken:]
        if not self._line.flush(deadline):
            raise self._broken("it stopped taking data", doubt)

    def _stopped(self, nothing_went: bool, doubt: str) -> Unready | Unsure:
        if not (self._line.counts_exactly and nothing_went):
            return self._broken("it stopped taking data", doubt)
        return Unready(
            "printer_takes_nothing",
            f"The printer at {self.place} takes no data. Nothing was printed. "
            "Look at its paper, its cover and its lamps.",
        )

    def _broken(self, reason: str, doubt: str = "") -> Unsure:
        return Unsure(
            "printer_broke_off",
            f"The connection to the printer at {self.place} broke ({reason}). "
            + (doubt or "Part of the receipt may be printed: look at the paper. A second print is marked as a copy."),
        )


def after(wait_ms: int) -> float:
    """Return the moment that lies so far ahead, as lines take their deadlines."""
    return time.monotonic() + wait_ms / 1000


def reason_of(error: OSError) -> str:
    """Say why a line failed, in a few words that the doctor's catalogues know; what is rare, as the system says it."""
    if isinstance(error, TimeoutError):
        return "no answer"
    if isinstance(error, socket.gaierror):
        return "nobody on the network has this name"
    # A library may put words of its own around the system's; a driver's own are not touched.
    is_systems = error.errno is not None and os.strerror(error.errno) in (error.strerror or "")
    said = REASONS.get(error.errno or 0) if is_systems else None
    return said or (error.strerror or str(error)).lower()
