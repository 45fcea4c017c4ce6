"""A line display on a serial port: a thread that writes the newest two lines, and comes back when it was unplugged."""

import threading
import time
from collections.abc import Callable

from hardware.display.two_lines import DisplayProfile, darken, initialise, two_lines, write_lines
from hardware.ports import DisplayState
from hardware.serial_port import SerialPort

WRITE_S = 1.0
PAUSE_FIRST_S = 0.5
PAUSE_MAX_S = 10.0
STOP_S = 1.0
LOOK_S = 0.01
# A display that was switched off and on says nothing; writing now and then brings its text back.
REFRESH_S = 30.0


class LineDisplay:
    """One display at one port."""

    def __init__(self, port: str, *, baud: int = 9600, profile: DisplayProfile | None = None) -> None:
        self.port, self.baud, self.profile = port, baud, profile or DisplayProfile()
        self.is_connected = False
        self._lines = ("", "")
        self._changed = threading.Condition()
        self._is_new, self._is_stopped = False, False
        self._thread: threading.Thread | None = None

    def start(self, on_fault: Callable[[str], None]) -> None:
        """Begin to show on the display's own thread; `on_fault` is called on it."""
        self._is_stopped = False
        self._thread = threading.Thread(target=self._run, args=(on_fault,), name="display", daemon=True)
        self._thread.start()

    def show(self, upper: str, lower: str) -> None:
        """Show two lines; what was not written yet is overtaken by them."""
        with self._changed:
            self._lines, self._is_new = (upper, lower), True
            self._changed.notify_all()

    def show_sale(self, state: DisplayState) -> None:
        """Show the newest line and the total, or the last two sums."""
        self.show(*two_lines(state, self.profile.codec))

    def stop(self) -> None:
        """Darken the display and end the thread."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=STOP_S)

    def _run(self, on_fault: Callable[[str], None]) -> None:
        """Stay connected. A fault that lasts is reported once, not at each try."""
        pause_s, told = PAUSE_FIRST_S, False
        while not self._is_stopped:
            try:
                line = SerialPort(self.port, baud=self.baud)
                pause_s, told, self.is_connected = PAUSE_FIRST_S, False, True
                try:
                    self._write_changes(line)
                finally:
                    self.is_connected = False
                    line.close()
            except OSError as error:
                if not told:
                    reason = (error.strerror or "no connection").lower()
                    on_fault(f"The customer display at {self.port} is not there ({reason}). Check its cable.")
                told = True
                self._wait(pause_s)
                pause_s = min(pause_s * 2, PAUSE_MAX_S)

    def _write_changes(self, line: SerialPort) -> None:
        _write(line, initialise(self.profile) + write_lines(*self._taken(), self.profile))
        while not self._is_stopped:
            with self._changed:
                if not self._is_new and not self._is_stopped:
                    self._changed.wait(REFRESH_S)
            if not self._is_stopped:
                _write(line, write_lines(*self._taken(), self.profile))
        _write(line, darken(self.profile))
        _wait_until_sent(line)

    def _taken(self) -> tuple[str, str]:
        with self._changed:
            self._is_new = False
            return self._lines

    def _wait(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopped, seconds)


def _write(line: SerialPort, data: bytes) -> None:
    if not line.write(data, WRITE_S):
        raise TimeoutError("it stopped taking data")


def _wait_until_sent(line: SerialPort) -> None:
    """Closing throws away what is unsent; a dark display is worth a moment."""
    deadline = time.monotonic() + STOP_S / 2
    while line.unsent and time.monotonic() < deadline:
        time.sleep(LOOK_S)
