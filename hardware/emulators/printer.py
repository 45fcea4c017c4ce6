"""A network receipt printer without paper: listens where a real one would, prints into a folder, fails on demand.

What it prints it draws (`picture`) and writes as text; the drawer on its connector is open or closed. It answers
DLE EOT and, where its profile says so, GS ( H. A fault is set at the start or at any moment through the control port.
"""

import contextlib
import select
import socket
import struct
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from msgspec import Struct

from hardware.emulators.control import Control
from hardware.emulators.paper import (
    BarcodeDrawn,
    Cut,
    Decoder,
    Event,
    PageTable,
    PictureDrawn,
    PrintAsked,
    Pulse,
    QrDrawn,
    StatusAsked,
    Step,
    TextLine,
    Unknown,
    pages_of,
)
from hardware.emulators.receipts import ReceiptFolder
from hardware.printer.profiles import Profile
from hardware.printer.status import OFFLINE_CAUSE, PAPER, PRINTER, job_answer
from schema.errors import Refused

if TYPE_CHECKING:
    from hardware.emulators.cable import SerialCable

Fault = Literal[
    "none",
    "off",
    "mute",
    "half-open",
    "paper-low",
    "paper-out",
    "runs-out",
    "cover-open",
    "dies-mid-receipt",
    "closes-idle",
]
FAULTS: dict[str, str] = {
    "none": "works",
    "off": "the port is closed and open connections are cut",
    "mute": "prints, but answers nothing",
    "half-open": "the connection opens, but nothing reads from it",
    "paper-low": "prints, and says that the paper is nearly at its end",
    "paper-out": "says so, takes bytes, prints them when there is paper again",
    "runs-out": "the paper ends after three lines of the next receipt",
    "cover-open": "says so, takes bytes, prints them when it is closed",
    "dies-mid-receipt": "cuts the connection after three lines",
    "closes-idle": "hangs up on a connection that is silent for a moment",
}
_CANNOT_PRINT = ("paper-out", "cover-open")
LINES_BEFORE_FAULT = 3
IDLE_S = 0.3
TICK_S = 0.1
MARKS = (TextLine, BarcodeDrawn, QrDrawn, PictureDrawn)
UNKNOWN_KEPT_MAX = 100


class Options(Struct, frozen=True, kw_only=True):
    """Where it listens, and how it behaves. A drawer time of 0 leaves it open until somebody closes it."""

    host: str = "127.0.0.1"
    port: int = 9100
    control_port: int = 0
    fault: str = "none"
    drawer_open_s: float = 0.0


class PrinterEmulator:
    """One printer. All state is changed under one lock; a connection has a thread of its own."""

    def __init__(
        self, receipts: ReceiptFolder, profile: Profile, options: Options, serial_link: Path | None = None
    ) -> None:
        self._receipts, self._profile, self._options = receipts, profile, options
        self._lock = threading.RLock()
        self._fault: Fault = _fault_named(options.fault)
        self._jobs: set[_Connection] = set()
        self._pulses: list[Pulse] = []
        self._opened_at: float | None = None
        self._unknown: list[str] = []
        self._stopped = threading.Event()
        self._listener: socket.socket | None = None
        self._reserved: socket.socket | None = None
        self._port = options.port
        self._serial_link = serial_link
        self._cable: SerialCable | None = None
        self._control = Control(
            options.control_port,
            show={"/state": self.state},
            change={"/fault": self._change_fault, "/drawer": self._change_drawer, "/reset": self._reset},
        )

    def start(self) -> None:
        """Begin to listen. Raises OSError when the port is taken."""
        self._listen()
        if self._fault == "off":
            self._close_listener()
            self._keep_port()
        threading.Thread(target=self._accept, name="printer", daemon=True).start()
        self._control.start()
        if self._serial_link is not None:
            self._cable = _plugged_in(self._serial_link, self._options.host, self._port)

    def stop(self) -> None:
        """End, keeping what was begun to print."""
        self._stopped.set()
        self._control.stop()
        if self._cable is not None:
            self._cable.stop()
        with self._lock:
            self._close_listener()
            self._give_up_port()
            for job in list(self._jobs):
                job.end()

    def facts(self) -> dict[str, Any]:
        """Return what somebody needs to reach it."""
        return {
            "host": self._options.host,
            "port": self._port,
            "control_port": self._control.port,
            "folder": str(self._receipts.folder),
            **({} if self._serial_link is None else {"serial": str(self._serial_link)}),
        }

    def state(self) -> dict[str, Any]:
        """Return what can be seen at the device."""
        with self._lock:
            return {
                "fault": self._fault,
                "drawer": "open" if self._drawer_is_open() else "closed",
                "drawer_pulses": [[pulse.pin, pulse.on_ms, pulse.off_ms] for pulse in self._pulses],
                "receipts": self._receipts.count,
                "connections": len(self._jobs),
                "unknown_commands": self._unknown,
                "folder": str(self._receipts.folder),
            }

    def set_fault(self, name: str) -> None:
        """Bring a fault about, or end it. Raises Refused("unknown_fault")."""
        with self._lock:
            self._fault = _fault_named(name)
            if self._fault == "off":
                self._close_listener()
                self._give_up_port()
                self._keep_port()
                for job in list(self._jobs):
                    job.break_off()
            elif self._listener is None:
                self._listen()
            for job in list(self._jobs):
                job.print_held()

    # --- what connections ask ------------------------------------------------------------------------------------

    @property
    def fault(self) -> Fault:
        return self._fault

    def status_byte(self, kind: int) -> int:
        """Answer DLE EOT as the device stands."""
        offline = self._fault in _CANNOT_PRINT
        bits = {
            PRINTER: (0b1000 if offline else 0) | (0b100 if self._drawer_is_open() else 0),
            OFFLINE_CAUSE: (0b100 if self._fault == "cover-open" else 0) | (0x20 if self._fault == "paper-out" else 0),
            PAPER: {"paper-low": 0x0C, "paper-out": 0x6C}.get(self._fault, 0),
        }
        return 0x12 | bits.get(kind, 0)

    def pulse(self, pulse: Pulse) -> None:
        self._pulses.append(pulse)
        self._opened_at = time.monotonic()

    def note_unknown(self, unknown: Unknown) -> None:
        if len(self._unknown) < UNKNOWN_KEPT_MAX:
            self._unknown.append(unknown.data.hex(" "))

    def line_printed(self, job: "_Connection") -> None:
        """Let a fault strike that waits for so many lines."""
        if job.lines < LINES_BEFORE_FAULT:
            return
        if self._fault == "runs-out":
            self._fault = "paper-out"
        elif self._fault == "dies-mid-receipt":
            job.break_off()

    @property
    def pages(self) -> PageTable:
        return pages_of(self._profile.name)

    @property
    def confirms_print(self) -> bool:
        return self._profile.confirms_print

    def keep(self, raw: bytes, events: list[Event]) -> None:
        self._receipts.keep(raw, events)

    def gone(self, job: "_Connection") -> None:
        with self._lock:
            self._jobs.discard(job)

    # --- listening -----------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        self._give_up_port()
        self._listener = socket.create_server((self._options.host, self._port), backlog=8)
        self._port = int(self._listener.getsockname()[1])

    def _close_listener(self) -> None:
        if self._listener is not None:
            with contextlib.suppress(OSError):
                # A select that another thread has on it would keep it listening for a moment longer.
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None

    def _keep_port(self) -> None:
        """Hold the port without listening: a printer that is off keeps its address, nobody else answers there."""
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind((self._options.host, self._port))

    def _give_up_port(self) -> None:
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None

    def _accept(self) -> None:
        while not self._stopped.is_set():
            listener = None if self._fault == "half-open" else self._listener
            if listener is None or not _readable(listener):
                self._stopped.wait(0.01)
                continue
            with self._lock:
                self._serve(_accepted(listener))

    def _serve(self, line: socket.socket | None) -> None:
        if line is not None:
            job = _Connection(self, line, self._lock)
            self._jobs.add(job)
            threading.Thread(target=job.run, name="printer-connection", daemon=True).start()

    # --- control -------------------------------------------------------------------------------------------------

    def _reset(self, _: dict[str, Any]) -> dict[str, Any]:
        """Be as at the start: no connection, the first fault, the drawer shut, nothing noted. Receipts stay."""
        with self._lock:
            for job in list(self._jobs):
                job.break_off()
            self._pulses, self._unknown, self._opened_at = [], [], None
            self.set_fault(self._options.fault)
        return self.state()

    def _change_fault(self, body: dict[str, Any]) -> dict[str, Any]:
        self.set_fault(str(body["fault"]))
        return self.state()

    def _change_drawer(self, body: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            self._opened_at = time.monotonic() if body["open"] else None
        return self.state()

    def _drawer_is_open(self) -> bool:
        if self._opened_at is None:
            return False
        lasts = self._options.drawer_open_s
        return not lasts or time.monotonic() - self._opened_at < lasts


class _Connection:
    """One till's connection: reads, answers, prints; what it printed and did not cut is kept when it ends."""

    def __init__(self, printer: PrinterEmulator, line: socket.socket, lock: threading.RLock) -> None:
        self._printer, self._line, self._lock = printer, line, lock
        self._decoder = Decoder(printer.pages)
        self._held: list[Step] = []
        self._raw, self._events = b"", list[Event]()
        self._is_open = True
        self.lines = 0

    def run(self) -> None:
        """Serve until either side ends."""
        last = time.monotonic()
        while self._is_open:
            if self._printer.fault == "half-open" or not _readable(self._line):
                if self._printer.fault == "closes-idle" and time.monotonic() - last > IDLE_S:
                    break
                continue
            piece = _received(self._line)
            if not piece:
                break
            last = time.monotonic()
            with self._lock:
                self._take(piece)
        with self._lock:
            self.end()
        self._printer.gone(self)

    def end(self) -> None:
        """Close, and keep what was begun."""
        if self._is_open:
            self._is_open = False
            self._line.close()
        self._finish()

    def break_off(self) -> None:
        """Cut the connection as a power cut does: the peer gets a reset."""
        if self._is_open:
            self._line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.end()

    def print_held(self) -> None:
        """Print what waited for paper, as far as it goes."""
        while self._held and self._is_open and self._printer.fault not in _CANNOT_PRINT:
            self._print(self._held.pop(0))

    def _take(self, piece: bytes) -> None:
        for step in self._decoder.steps(piece):
            if any(isinstance(event, StatusAsked | Pulse) for event in step.events):
                self._at_once(step)
            else:
                self._held.append(step)
        self.print_held()

    def _at_once(self, step: Step) -> None:
        for event in step.events:
            if isinstance(event, StatusAsked):
                self._answer(bytes([self._printer.status_byte(event.kind)]))
            elif isinstance(event, Pulse):
                self._printer.pulse(event)

    def _print(self, step: Step) -> None:
        self._raw += step.raw
        for event in step.events:
            match event:
                case PrintAsked():
                    self._raw = self._raw.removesuffix(step.raw)
                    if self._printer.confirms_print:
                        self._answer(job_answer(event.job_id))
                case Unknown():
                    self._printer.note_unknown(event)
                case Cut():
                    self._events.append(event)
                    self._finish()
                case _:
                    self._events.append(event)
                    self.lines += isinstance(event, MARKS)
        self._printer.line_printed(self)

    def _finish(self) -> None:
        events = [*self._events, *self._decoder.rest()] if not self._is_open else self._events
        raw, self._raw, self._events = self._raw, b"", []
        self.lines = 0
        if any(isinstance(event, MARKS) for event in events):
            self._printer.keep(raw, events)

    def _answer(self, data: bytes) -> None:
        if self._printer.fault != "mute" and self._is_open:
            with contextlib.suppress(OSError):  # the till may have gone; a printer does not mind
                self._line.sendall(data)


def _plugged_in(link: Path, host: str, port: int) -> "SerialCable":
    from hardware.emulators.cable import SerialCable  # pseudo-terminals: Linux and macOS only

    cable = SerialCable(link, host, port)
    cable.start()
    return cable


def _fault_named(name: str) -> Fault:
    for fault in get_args(Fault):
        if fault == name:
            return fault  # type: ignore[no-any-return]
    raise Refused("unknown_fault", f"There is no fault “{name}”. Known are: {', '.join(FAULTS)}.")


def _accepted(listener: socket.socket) -> socket.socket | None:
    try:
        listener.setblocking(False)
        return listener.accept()[0]
    except OSError:
        return None  # closed meanwhile, or the caller has gone again


def _readable(line: socket.socket) -> bool:
    if line.fileno() < 0:
        return True  # closed by the other thread: the read that follows says so
    try:
        return bool(select.select([line], [], [], TICK_S)[0])
    except (OSError, ValueError):
        return True


def _received(line: socket.socket) -> bytes:
    try:
        line.settimeout(1)
        return line.recv(65536)
    except OSError:
        return b""
