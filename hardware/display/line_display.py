"""A line display on a serial port: a thread that writes the newest two lines, and comes back when it was unplugged."""

import threading
from collections.abc import Callable
from typing import Any

from hardware.display.two_lines import DisplayProfile, darken, initialise, two_lines, write_lines
from hardware.ports import DisplayState

WRITE_S = 1.0
PAUSE_FIRST_S = 0.5
PAUSE_MAX_S = 10.0
STOP_S = 1.0
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
                with opened(self.port, self.baud) as line:
                    line.write(initialise(self.profile))
                    pause_s, told, self.is_connected = PAUSE_FIRST_S, False, True
                    self._write_changes(line)
            except _port_errors() as error:
                self.is_connected = False
                if not told:
                    reason = getattr(error, "strerror", None) or "no connection"
                    on_fault(f"The customer display at {self.port} is not there ({reason.lower()}). Check its cable.")
                told = True
                self._wait(pause_s)
                pause_s = min(pause_s * 2, PAUSE_MAX_S)
        self.is_connected = False

    def _write_changes(self, line: Any) -> None:
        line.write(write_lines(*self._taken(), self.profile))
        while not self._is_stopped:
            with self._changed:
                if not self._is_new:
                    self._changed.wait(REFRESH_S)
            if not self._is_stopped:
                line.write(write_lines(*self._taken(), self.profile))
        line.write(darken(self.profile))

    def _taken(self) -> tuple[str, str]:
        with self._changed:
            self._is_new = False
            return self._lines

    def _wait(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopped, seconds)


def opened(port: str, baud: int) -> Any:
    """Open a display's port for ourselves alone. Raises OSError."""
    import serial  # pyserial, only where a line display is set up

    return serial.Serial(port, baudrate=baud, write_timeout=WRITE_S, exclusive=True)


def _port_errors() -> tuple[type[Exception], ...]:
    try:
        import termios
    except ImportError:  # Windows
        return (OSError, TypeError)
    # A port that vanishes shows as any of these, depending on the moment; TypeError is pyserial's closed descriptor.
    return (OSError, termios.error, TypeError)
