"""A scanner on a serial port (USB-serial as a rule): whole codes, no keyboard layout, no focus."""

from typing import Any

READ_S = 0.1


class SerialSource:
    """One serial port."""

    def __init__(self, port: str, *, baud: int = 9600) -> None:
        self.port, self.baud = port, baud

    @property
    def place(self) -> str:
        return self.port

    def open(self) -> "SerialLine":
        import serial  # pyserial, only where a serial scanner is set up

        with _as_os_error():
            return SerialLine(serial.Serial(self.port, baudrate=self.baud, timeout=READ_S, exclusive=True))


class SerialLine:
    """An open port."""

    def __init__(self, port: Any) -> None:
        self._port = port

    def read(self) -> bytes:
        with _as_os_error():
            # One byte waits at most READ_S; what else has come is taken with it.
            first = self._port.read(1)
            return bytes(first + self._port.read(self._port.in_waiting)) if first else b""

    def close(self) -> None:
        with _as_os_error():
            self._port.close()


class _as_os_error:  # reads as a phrase after "with"
    """Make one kind of error of those by which a port that vanishes shows, depending on the moment."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        # TypeError is pyserial's closed descriptor; termios.error is no OSError and exists on POSIX only.
        if isinstance(error, TypeError) or type(error).__module__ == "termios":
            raise OSError("no connection") from error
