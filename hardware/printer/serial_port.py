"""A printer on a serial port (RS-232, USB-serial, Bluetooth): written in small pieces, so that a stop is noticed.

With RTS or XON/XOFF a printer that is off, full or without paper stops the port, and a driver that waits for the port
waits for ever. Hence a deadline on each piece, no waiting for the buffer to drain but counting what is left in it.
"""

import time

from hardware.serial_port import Flow, SerialPort

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
        """Open the port for ourselves alone. Raises OSError."""
        return SerialLine(SerialPort(self.port, baud=self.baud, read_s=READ_S, flow=self.flow))


class SerialLine:
    """An open port. The computer's own buffer takes a piece before the printer does, so bytes sent prove nothing."""

    can_answer = True
    counts_exactly = False

    def __init__(self, port: SerialPort) -> None:
        self._port = port
        port.forget_received()

    def write(self, data: memoryview, deadline: float) -> int:
        # Each piece has all the time there is: how much of it went before a timeout is not known.
        return self._port.write(bytes(data[:PIECE]), max(0.01, deadline - time.monotonic()))

    def flush(self, deadline: float) -> bool:
        while self._port.unsent:
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_S)
        return True

    def read(self, deadline: float) -> bytes:
        while time.monotonic() < deadline:
            if chunk := self._port.read():
                return chunk
        return b""

    def close(self) -> None:
        self._port.close()
