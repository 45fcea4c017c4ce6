"""A print job from the first question to the proof, on whatever line the printer hangs: network, USB, serial, file.

Every step has a deadline. Status is asked before the first byte, so that "no paper" means "nothing was printed";
afterwards the printer is asked for proof. What is known decides the error: Unready when no byte of the job was taken,
Unsure from the first one on. A line is opened per job, because a printer that closed an idle one swallows the next
receipt without an error, and because another program may want the printer too.
"""

import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from msgspec import Struct

from hardware.ports import Known, PrinterStatus
from hardware.printer.encode import drawer_pulse
from hardware.printer.profiles import Profile
from hardware.printer.status import (
    JOB_ID_LENGTH,
    OFFLINE_CAUSE,
    PAPER,
    PRINTER,
    is_answer,
    job_answer,
    job_end,
    question,
    read_status,
)
from schema.errors import Unready, Unsure

QUESTIONS = (PRINTER, OFFLINE_CAUSE, PAPER)


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


class EscPosPrinter:
    """One printer on one transport; jobs of several threads queue for it."""

    def __init__(self, transport: Transport, profile: Profile, deadlines: Deadlines | None = None) -> None:
        self.transport, self.profile = transport, profile
        self._deadlines = deadlines or Deadlines()
        self._turn = threading.Lock()

    def send(self, job: bytes) -> Known:
        """Print one whole job (see `ports.Printer.send`)."""
        with self._opened() as line:
            self._check_ready(line)
            return self._print(line, job)

    def open_drawer(self) -> None:
        """Pulse the drawer. A printer without paper opens it too, so only an unreachable one is refused."""
        with self._opened() as line:
            self._write(line, drawer_pulse(self.profile), doubt="Look whether the drawer opened.")
            # The answer proves that the printer, not just its network card, took the bytes before it.
            if self._must_answer(line) and not self._ask(line, (PRINTER,)):
                raise Unsure(
                    "drawer_unsure",
                    f"The printer at {self.transport.place} does not answer. Look whether the drawer opened.",
                )

    def status(self) -> PrinterStatus:
        """Ask the printer; never raises."""
        try:
            with self._opened() as line:
                return read_status(self._ask(line, QUESTIONS), self.profile.drawer_sensor)
        except (Unready, Unsure) as error:
            # At work for another thread is not the same as not there.
            return PrinterStatus(online="unknown" if error.code == "printer_busy" else "no")

    @contextmanager
    def _opened(self) -> Iterator[Line]:
        place = self.transport.place
        if not self._turn.acquire(timeout=self._deadlines.turn_ms / 1000):
            raise Unready("printer_busy", f"The printer at {place} is still printing. Try again in a moment.")
        try:
            line = self._open()
            try:
                yield line
            finally:
                line.close()
        finally:
            self._turn.release()

    def _open(self) -> Line:
        try:
            return self.transport.open(self._deadlines.connect_ms)
        except OSError as error:
            raise Unready(
                "printer_unreachable",
                f"The printer at {self.transport.place} cannot be reached ({_reason(error)}). Nothing was printed. "
                f"{self.transport.advice}",
            ) from error

    def _check_ready(self, line: Line) -> None:
        """Raise Unready while nothing is printed yet."""
        try:
            status = read_status(self._ask(line, QUESTIONS), self.profile.drawer_sensor)
        except Unsure as error:
            raise Unready(
                "printer_hung_up",
                f"The printer at {self.transport.place} hung up. Nothing was printed. "
                "Another till may be using it; try again.",
            ) from error
        trouble = _trouble(status)
        if trouble:
            raise Unready(f"printer_{trouble[0]}", f"{trouble[1]} Nothing was printed; the receipt waits.")
        if self._must_answer(line) and status.online == "unknown":
            raise Unready(
                "printer_mute",
                f"The printer at {self.transport.place} does not answer. Nothing was printed. "
                "Switch it off and on again.",
            )

    def _must_answer(self, line: Line) -> bool:
        return self.profile.answers_status and line.can_answer

    def _print(self, line: Line, job: bytes) -> Known:
        job_id = _job_id()
        confirms = self.profile.confirms_print and line.can_answer
        self._write(line, job + (job_end(job_id) if confirms else b""))
        if confirms and self._confirmed(line, job_id):
            return "yes"
        self._check_after(line)
        return "unknown"

    def _check_after(self, line: Line) -> None:
        trouble = _trouble(read_status(self._ask(line, QUESTIONS), self.profile.drawer_sensor))
        if trouble:
            raise Unsure(f"printer_{trouble[0]}", f"{trouble[1]} The receipt may be incomplete: look at the paper.")

    def _confirmed(self, line: Line, job_id: bytes) -> bool:
        wanted, got = job_answer(job_id), b""
        deadline = _after(self._deadlines.confirm_ms)
        while wanted not in got:
            # A printer that chatters must not fill memory; the answer is seven bytes.
            chunk = self._read(line, deadline)
            if not chunk:
                return False
            got = (got + chunk)[-256:]
        return True

    def _ask(self, line: Line, kinds: tuple[int, ...]) -> Mapping[int, int]:
        """Ask one after another, for an answer does not say what it answers; stop at the first silence."""
        answers: dict[int, int] = {}
        for kind in kinds if line.can_answer else ():
            self._write(line, question(kind))
            answer = self._answer(line)
            if answer is None:
                break
            answers[kind] = answer
        return answers

    def _answer(self, line: Line) -> int | None:
        deadline = _after(self._deadlines.answer_ms)
        while chunk := self._read(line, deadline):
            for byte in chunk:
                if is_answer(byte):
                    return byte
        return None

    def _read(self, line: Line, deadline: float) -> bytes:
        """Return some bytes, or none when the deadline passed. Raises Unsure when the printer hung up."""
        try:
            return line.read(deadline)
        except OSError as error:
            raise self._broken(_reason(error)) from error

    def _write(self, line: Line, data: bytes, doubt: str = "") -> None:
        """Send everything before the deadline. Raises Unsure (some of it may be out) or Unready (surely nothing is)."""
        deadline, rest = _after(self._deadlines.write_ms), memoryview(data)
        while rest:
            try:
                taken = line.write(rest, deadline)
            except OSError as error:
                # What the device took of this very piece is not known any more.
                raise self._broken(_reason(error), doubt) from error
            if not taken:
                raise self._stopped(line, len(rest) == len(data), doubt)
            rest = rest[taken:]
        if not line.flush(deadline):
            raise self._broken("it stopped taking data", doubt)

    def _stopped(self, line: Line, nothing_went: bool, doubt: str) -> Unready | Unsure:
        if not (line.counts_exactly and nothing_went):
            return self._broken("it stopped taking data", doubt)
        return Unready(
            "printer_takes_nothing",
            f"The printer at {self.transport.place} takes no data. Nothing was printed. "
            "Look at its paper, its cover and its lamps.",
        )

    def _broken(self, reason: str, doubt: str = "") -> Unsure:
        return Unsure(
            "printer_broke_off",
            f"The connection to the printer at {self.transport.place} broke ({reason}). "
            + (doubt or "Part of the receipt may be printed: look at the paper. A second print is marked as a copy."),
        )


def _trouble(status: PrinterStatus) -> tuple[str, str] | None:
    """Name what keeps a printer from printing: code and sentence."""
    if status.cover_open == "yes":
        return "cover_open", "The printer's cover is open. Close it."
    if status.paper == "out":
        return "paper_out", "The printer has no paper. Put in a new roll."
    if status.online == "no":
        return "offline", "The printer says that it is offline. Look at its lamps and its paper."
    return None


def _after(wait_ms: int) -> float:
    return time.monotonic() + wait_ms / 1000


def _job_id() -> bytes:
    # Four printable characters (Epson: 20h-7Eh); a late answer of an earlier job must not confirm this one.
    return bytes(0x30 + byte % 10 for byte in os.urandom(JOB_ID_LENGTH))


def _reason(error: OSError) -> str:
    return "no answer" if isinstance(error, TimeoutError) else (error.strerror or str(error)).lower()
