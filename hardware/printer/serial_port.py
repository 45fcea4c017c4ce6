"""A printer on a serial port (RS-232, USB-serial, Bluetooth): written in small pieces, so that a stop is noticed.

With RTS or XON/XOFF a printer that is off, full or without paper stops the port, and a driver that waits for the port
waits for ever. Hence a deadline on each piece, no waiting for the buffer to drain but counting what is left in it, and
what is left is thrown away before the port is closed, for closing waits for it too.
"""

import time
from typing import Any, Literal

Flow = Literal["rts", "dtr", "xon", "none"]
PIECE = 256
LOOK_S = 0.01
# One read waits at most so long, so that a deadline between two reads is kept.
READ_S = 0.05


class SerialTransport:
    """One printer at one port."""

    advice = "Check that it is switched on, its cable, and the speed that it is set to."

    def __init__(self, port: str, *, baud: int = 9600, flow: Flow = "rts") -> None:
        self.port, self.baud, self.flow = port, baud, flow

    @property
    def place(self) -> str:
        return self.port

    def open(self, wait_ms: int) -> "SerialLine":  # noqa: ARG002  # it is there or not
        """Open the port for ourselves alone. Raises OSError (pyserial's SerialException is one)."""
        import serial  # pyserial, only where a serial printer is set up

        return SerialLine(
            serial.Serial(
                self.port,
                baudrate=self.baud,
                timeout=READ_S,
                write_timeout=0.1,
                rtscts=self.flow == "rts",
                dsrdtr=self.flow == "dtr",
                xonxoff=self.flow == "xon",
                exclusive=True,
            )
        )


class SerialLine:
    """An open port. The computer's own buffer takes a piece before the printer does, so bytes sent prove nothing."""

    can_answer = True
    counts_exactly = False

    def __init__(self, port: Any) -> None:
        self._port = port
        port.reset_input_buffer()

    def write(self, data: memoryview, deadline: float) -> int:
        import serial

        piece = bytes(data[:PIECE])
        # pyserial may have written part of a piece when its own deadline passes and does not say how much, so the
        # whole of ours is given to each piece: then a passed deadline is the end of the job.
        self._port.write_timeout = max(0.01, deadline - time.monotonic())
        try:
            return int(self._port.write(piece))
        except serial.SerialTimeoutException:
            return 0

    def flush(self, deadline: float) -> bool:
        while self._port.out_waiting:
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_S)
        return True

    def read(self, deadline: float) -> bytes:
        while time.monotonic() < deadline:
            if chunk := self._port.read(max(1, self._port.in_waiting)):
                return bytes(chunk)
        return b""

    def close(self) -> None:
        try:
            self._port.reset_output_buffer()
        except _port_errors():
            pass  # a port that is gone holds nothing
        self._port.close()


def _port_errors() -> tuple[type[Exception], ...]:
    try:
        import termios
    except ImportError:  # Windows
        return (OSError,)
    return (OSError, termios.error)
