"""A scanner on a thread of its own, on whatever line it hangs: reads are cut out, judged and delivered.

A scanner that is pulled out or asleep is looked for with growing pauses until it is back. The line's own file knows
how it is opened and read (`serial_port`, `event_device`).
"""

import threading
import time
from collections.abc import Callable
from typing import Protocol

from hardware.ports import Scan
from hardware.scanner.framing import ReadSplitter, judge
from schema.errors import Refused

# A read is over when nothing came for so long; at 9600 baud a character takes 1 ms.
SILENCE_S = 0.25
PAUSE_FIRST_S = 0.5
PAUSE_MAX_S = 10.0
STOP_S = 1.0


class ScanLine(Protocol):
    """An open line. A line that broke raises OSError."""

    def read(self) -> bytes:
        """Return what has come, in UTF-8; nothing after a tenth of a second of silence."""

    def close(self) -> None:
        """Let go of the line."""


class ScanSource(Protocol):
    """Where a scanner hangs."""

    @property
    def place(self) -> str:
        """Name it for messages and as the source of scans."""

    def open(self) -> ScanLine:
        """Open the line for ourselves alone. Raises OSError when nobody is there."""


class ListeningScanner:
    """One scanner on one line."""

    def __init__(self, source: ScanSource, *, prefix: bytes = b"", suffix: bytes = b"\r") -> None:
        self.source, self.prefix, self.suffix = source, prefix, suffix
        self.is_connected = False
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, on_scan: Callable[[Scan], None], on_fault: Callable[[str], None]) -> None:
        """Deliver reads to `on_scan` and faults to `on_fault`, both on the scanner's own thread."""
        self._stopped.clear()
        self._thread = threading.Thread(target=self._run, args=(on_scan, on_fault), name="scanner", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread within a second."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout=STOP_S)

    def _run(self, on_scan: Callable[[Scan], None], on_fault: Callable[[str], None]) -> None:
        """Stay connected. A fault that lasts is reported once, not at each try."""
        pause_s, told = PAUSE_FIRST_S, False
        while not self._stopped.is_set():
            try:
                line = self.source.open()
                pause_s, told, self.is_connected = PAUSE_FIRST_S, False, True
                try:
                    self._listen(line, on_scan, on_fault)
                finally:
                    self.is_connected = False
                    line.close()
            except OSError as error:
                if not told:
                    on_fault(
                        f"The scanner at {self.source.place} is not there ({_reason(error)}). "
                        "Plug it in; it is looked for."
                    )
                told = True
                self._stopped.wait(pause_s)
                pause_s = min(pause_s * 2, PAUSE_MAX_S)

    def _listen(self, line: ScanLine, on_scan: Callable[[Scan], None], on_fault: Callable[[str], None]) -> None:
        splitter, last = ReadSplitter(self.prefix, self.suffix), time.monotonic()
        while not self._stopped.is_set():
            if piece := line.read():
                last = time.monotonic()
                cut = splitter.feed(piece)
                for read in cut.reads:
                    self._deliver(read, on_scan, on_fault)
                if cut.overflowed:
                    on_fault("The scanner sends without end. Check its cable and its settings.")
            elif splitter.is_within and time.monotonic() - last > SILENCE_S:
                self._after_silence(splitter.silence(), on_scan, on_fault)

    def _after_silence(self, read: bytes, on_scan: Callable[[Scan], None], on_fault: Callable[[str], None]) -> None:
        if not read:
            return
        if self.suffix:
            on_fault("A scan was cut short. Scan it again.")
        else:
            self._deliver(read, on_scan, on_fault)

    def _deliver(self, read: bytes, on_scan: Callable[[Scan], None], on_fault: Callable[[str], None]) -> None:
        try:
            code = judge(read.decode("utf-8"))
        except UnicodeDecodeError:
            on_fault("A scan was not read cleanly. Scan it again; if it stays, check the scanner's speed (baud).")
        except Refused as error:
            on_fault(error.message)
        else:
            on_scan(Scan(code=code, source=self.source.place))


def _reason(error: OSError) -> str:
    return error.strerror.lower() if error.strerror else "no connection"
