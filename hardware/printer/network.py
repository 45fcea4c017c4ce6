"""A receipt printer on the network: a thin TCP transport in which every step has a deadline.

A connection per job, because a printer that closed an idle one swallows the next receipt without an error. Status is
asked before the first byte, so that "no paper" means "nothing was printed"; afterwards the printer is asked for proof.
"""

import os
import select
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

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

PORT = 9100
QUESTIONS = (PRINTER, OFFLINE_CAUSE, PAPER)


class Deadlines(Struct, frozen=True, kw_only=True):
    """How long each step may take, in milliseconds. A receipt prints in 1-3 s; `confirm` covers a long report."""

    turn_ms: int = 15_000
    connect_ms: int = 2_500
    answer_ms: int = 800
    write_ms: int = 8_000
    confirm_ms: int = 10_000


class NetworkPrinter:
    """One printer at one address; jobs of several threads queue for it."""

    def __init__(self, host: str, port: int, profile: Profile, deadlines: Deadlines | None = None) -> None:
        self.host, self.port, self.profile = host, port, profile
        self._deadlines = deadlines or Deadlines()
        self._turn = threading.Lock()

    def send(self, job: bytes) -> Known:
        """Print one whole job (see `ports.Printer.send`)."""
        with self._connected() as line:
            self._check_ready(line)
            return self._print(line, job)

    def open_drawer(self) -> None:
        """Pulse the drawer. A printer without paper opens it too, so only an unreachable one is refused."""
        with self._connected() as line:
            self._write(line, drawer_pulse(self.profile))
            # The answer proves that the printer, not just its network card, took the bytes before it.
            if not self._ask(line, (PRINTER,)) and self.profile.answers_status:
                raise Unsure(
                    "drawer_unsure",
                    f"The printer at {self._place} does not answer. Look whether the drawer opened.",
                )

    def status(self) -> PrinterStatus:
        """Ask the printer; never raises."""
        try:
            with self._connected() as line:
                return read_status(self._ask(line, QUESTIONS), self.profile.drawer_sensor)
        except (Unready, Unsure) as error:
            # At work for another thread is not the same as not there.
            return PrinterStatus(online="unknown" if error.code == "printer_busy" else "no")

    @contextmanager
    def _connected(self) -> Iterator[socket.socket]:
        if not self._turn.acquire(timeout=self._deadlines.turn_ms / 1000):
            raise Unready("printer_busy", f"The printer at {self._place} is still printing. Try again in a moment.")
        try:
            with self._connect() as line:
                yield line
        finally:
            self._turn.release()

    def _connect(self) -> socket.socket:
        try:
            line = socket.create_connection((self.host, self.port), timeout=self._deadlines.connect_ms / 1000)
        except OSError as error:
            raise Unready(
                "printer_unreachable",
                f"The printer at {self._place} cannot be reached ({_reason(error)}). Nothing was printed. "
                "Check that it is switched on and its network cable is in.",
            ) from error
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return line

    def _check_ready(self, line: socket.socket) -> None:
        """Raise Unready while nothing is printed yet."""
        try:
            status = read_status(self._ask(line, QUESTIONS), self.profile.drawer_sensor)
        except Unsure as error:
            raise Unready(
                "printer_hung_up",
                f"The printer at {self._place} hung up. Nothing was printed. Another till may be using it; try again.",
            ) from error
        trouble = _trouble(status)
        if trouble:
            raise Unready(f"printer_{trouble[0]}", f"{trouble[1]} Nothing was printed; the receipt waits.")
        if self.profile.answers_status and status.online == "unknown":
            raise Unready(
                "printer_mute",
                f"The printer at {self._place} does not answer. Nothing was printed. Switch it off and on again.",
            )

    def _print(self, line: socket.socket, job: bytes) -> Known:
        job_id = _job_id()
        self._write(line, job + (job_end(job_id) if self.profile.confirms_print else b""))
        if self.profile.confirms_print and self._confirmed(line, job_id):
            return "yes"
        self._check_after(line)
        return "unknown"

    def _check_after(self, line: socket.socket) -> None:
        trouble = _trouble(read_status(self._ask(line, QUESTIONS), self.profile.drawer_sensor))
        if trouble:
            raise Unsure(f"printer_{trouble[0]}", f"{trouble[1]} The receipt may be incomplete: look at the paper.")

    def _confirmed(self, line: socket.socket, job_id: bytes) -> bool:
        wanted, got = job_answer(job_id), b""
        deadline = _after(self._deadlines.confirm_ms)
        while wanted not in got:
            # A printer that chatters must not fill memory; the answer is seven bytes.
            chunk = self._receive(line, deadline)
            if not chunk:
                return False
            got = (got + chunk)[-256:]
        return True

    def _ask(self, line: socket.socket, kinds: tuple[int, ...]) -> Mapping[int, int]:
        """Ask one after another, for an answer does not say what it answers; stop at the first silence."""
        answers: dict[int, int] = {}
        for kind in kinds:
            self._write(line, question(kind))
            answer = self._answer(line)
            if answer is None:
                break
            answers[kind] = answer
        return answers

    def _answer(self, line: socket.socket) -> int | None:
        deadline = _after(self._deadlines.answer_ms)
        while chunk := self._receive(line, deadline):
            for byte in chunk:
                if is_answer(byte):
                    return byte
        return None

    def _receive(self, line: socket.socket, deadline: float) -> bytes:
        """Return some bytes, or none when the deadline passed. Raises Unsure when the printer hung up."""
        if not _wait(line, deadline, write=False):
            return b""
        try:
            chunk = line.recv(256)
        except OSError as error:
            raise self._broken(_reason(error)) from error
        if not chunk:
            raise self._broken("it hung up")
        return chunk

    def _write(self, line: socket.socket, data: bytes) -> None:
        """Send everything before the deadline. Raises Unsure: some of it may be on paper."""
        deadline, rest = _after(self._deadlines.write_ms), memoryview(data)
        line.setblocking(False)
        while rest:
            if not _wait(line, deadline, write=True):
                raise self._broken("it stopped taking data")
            try:
                rest = rest[line.send(rest) :]
            except OSError as error:
                raise self._broken(_reason(error)) from error

    def _broken(self, reason: str) -> Unsure:
        return Unsure(
            "printer_broke_off",
            f"The connection to the printer at {self._place} broke ({reason}). Part of the receipt may be printed: "
            "look at the paper. A second print is marked as a copy.",
        )

    @property
    def _place(self) -> str:
        return f"{self.host}:{self.port}"


def _trouble(status: PrinterStatus) -> tuple[str, str] | None:
    """Name what keeps a printer from printing: code and sentence."""
    if status.cover_open == "yes":
        return "cover_open", "The printer's cover is open. Close it."
    if status.paper == "out":
        return "paper_out", "The printer has no paper. Put in a new roll."
    if status.online == "no":
        return "offline", "The printer says that it is offline. Look at its lamps and its paper."
    return None


def _wait(line: socket.socket, deadline: float, *, write: bool) -> bool:
    poll = select.poll()
    poll.register(line, select.POLLOUT if write else select.POLLIN)
    return bool(poll.poll(max(0.0, deadline - time.monotonic()) * 1000))


def _after(wait_ms: int) -> float:
    return time.monotonic() + wait_ms / 1000


def _job_id() -> bytes:
    # Four printable characters (Epson: 20h-7Eh); a late answer of an earlier job must not confirm this one.
    return bytes(0x30 + byte % 10 for byte in os.urandom(JOB_ID_LENGTH))


def _reason(error: OSError) -> str:
    return "no answer" if isinstance(error, TimeoutError) else (error.strerror or str(error)).lower()
