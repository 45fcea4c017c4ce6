"""A serial port, opened and used in one way by every device that hangs on one. Every failure is an OSError.

pyserial reports a port that vanishes, is held or cannot do what is asked of it by four kinds of error, depending on the
moment and the system; no driver should have to know them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

Flow = Literal["rts", "dtr", "xon", "none"]


class SerialPort:
    """One open port, ours alone. `read` waits at most `read_s`."""

    def __init__(self, name: str, *, baud: int, read_s: float = 0.1, flow: Flow = "none") -> None:
        import serial  # pyserial, only where a serial device is set up

        with _as_os_error():
            self._port: Any = serial.Serial(
                name,
                baudrate=baud,
                timeout=read_s,
                rtscts=flow == "rts",
                dsrdtr=flow == "dtr",
                xonxoff=flow == "xon",
                exclusive=True,
            )

    @property
    def unsent(self) -> int:
        """Return how many bytes still wait on this side of the cable."""
        with _as_os_error():
            return int(self._port.out_waiting)

    def read(self) -> bytes:
        """Return what has come, or nothing after the port's reading time."""
        with _as_os_error():
            # One byte is waited for; what else has come is taken with it.
            first = self._port.read(1)
            return bytes(first + self._port.read(self._port.in_waiting)) if first else b""

    def write(self, data: bytes, wait_s: float) -> int:
        """Write all of it and return its length, or 0 when the time passed: then nobody knows how much went."""
        import serial

        with _as_os_error():
            self._port.write_timeout = wait_s
            try:
                return int(self._port.write(data))
            except serial.SerialTimeoutException:
                return 0

    def forget_received(self) -> None:
        """Throw away what came before anybody asked."""
        with _as_os_error():
            self._port.reset_input_buffer()

    def close(self) -> None:
        """Close without waiting for what is unsent, which closing would otherwise do. Never raises."""
        try:
            if self.unsent:
                with _as_os_error():
                    self._port.reset_output_buffer()
        except OSError:
            pass  # a port that is gone holds nothing
        finally:
            self._port.close()


@contextmanager
def _as_os_error() -> Iterator[None]:
    try:
        yield
    except (TypeError, ValueError) as error:
        # A closed descriptor; a speed that the port cannot do.
        raise OSError(f"no connection: {error}") from error
    except Exception as error:
        # termios.error is no OSError, and its module exists on POSIX only.
        if type(error).__module__ == "termios":
            raise OSError(*error.args) from error
        raise
