"""A scanner on a serial port (USB-serial as a rule): whole codes, no keyboard layout, no focus. On a thread of its own.

A scanner that is pulled out or asleep is looked for with growing pauses until it is back.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

from hardware.ports import Scan
from hardware.scanner.framing import ReadSplitter, judge
from schema.errors import Refused

READ_S = 0.1
# A read is over when nothing came for so long; at 9600 baud a character takes 1 ms.
SILENCE_S = 0.25
PAUSE_FIRST_S = 0.5
PAUSE_MAX_S = 10.0
STOP_S = 1.0


class SerialScanner:
    """One scanner at one port."""

    def __init__(self, port: str, *, baud: int = 9600, prefix: bytes = b"", suffix: bytes = b"\r") -> None:
        self.port, self._baud = port, baud
        self._prefix, self._suffix = prefix, suffix
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
                with _opened(self.port, self._baud) as line:
                    pause_s, told, self.is_connected = PAUSE_FIRST_S, False, True
                    self._listen(line, on_scan, on_fault)
            except _port_errors() as error:
                if not told:
                    on_fault(
                        f"The scanner at {self.port} is not there ({_reason(error)}). Plug it in; it is looked for."
                    )
                told, self.is_connected = True, False
                self._stopped.wait(pause_s)
                pause_s = min(pause_s * 2, PAUSE_MAX_S)
            finally:
                self.is_connected = False

    def _listen(self, line: Any, on_scan: Callable[[Scan], None], on_fault: Callable[[str], None]) -> None:
        splitter, last = ReadSplitter(self._prefix, self._suffix), time.monotonic()
        while not self._stopped.is_set():
            # One byte waits at most READ_S; what else has come is taken with it.
            piece = line.read(1)
            if piece:
                piece += line.read(line.in_waiting)
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
        if self._suffix:
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
            on_scan(Scan(code=code, source=self.port))


def _opened(port: str, baud: int) -> Any:
    import serial  # pyserial, only where a serial scanner is set up

    return serial.Serial(port, baudrate=baud, timeout=READ_S, exclusive=True)


def _port_errors() -> tuple[type[Exception], ...]:
    import termios

    import serial

    # A port that vanishes shows as any of these, depending on the moment; TypeError is pyserial's closed descriptor.
    return (serial.SerialException, OSError, termios.error, TypeError)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return "no connection"
