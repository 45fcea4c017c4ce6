"""A scanner on a serial port (USB-serial as a rule): whole codes, no keyboard layout, no focus."""

from hardware.serial_port import SerialPort


class SerialSource:
    """One serial port."""

    def __init__(self, port: str, *, baud: int = 9600) -> None:
        self.port, self.baud = port, baud

    @property
    def place(self) -> str:
        return self.port

    def open(self) -> SerialPort:
        return SerialPort(self.port, baud=self.baud)
