"""A serial cable between a pseudo-terminal and an emulator's port: the emulator's serial connector. Linux and macOS.

The computer's end is a symbolic link that stays; what is written there goes to the emulator, what it answers comes
back. A device that is off swallows what it is sent, as a serial line without a partner does; one that hung up swallows
what is left of that sending, for no printer that died takes up a receipt in its middle.
"""

import contextlib
import os
import selectors
import socket
import threading
import time
from pathlib import Path

CHUNK = 1024
TICK_S = 0.05
# A sending is over when nothing came for so long.
QUIET_S = 0.2


class SerialCable:
    """One cable; plugged in from `start` to `stop`."""

    def __init__(self, link: Path, host: str, port: int) -> None:
        self.link, self._address = link, (host, port)
        self._stopped = threading.Event()
        self._device: socket.socket | None = None
        self._has_hung_up = False
        self._heard_at = 0.0

    def start(self) -> None:
        """Make the computer's end. Raises OSError when the link cannot be made."""
        import pty
        import tty

        self._ours, self._computers = pty.openpty()
        tty.setraw(self._computers)
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(os.ttyname(self._computers))
        self._thread = threading.Thread(target=self._carry, name="cable", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Pull the cable out: the computer's end is gone."""
        self._stopped.set()
        self._thread.join(timeout=2)
        self.link.unlink(missing_ok=True)
        self._hang_up()
        for end in (self._ours, self._computers):
            with contextlib.suppress(OSError):
                os.close(end)

    def _carry(self) -> None:
        while not self._stopped.is_set():
            ours, device = self._readable()
            if ours:
                self._hear(os.read(self._ours, CHUNK))
            if device is not None:
                self._back(device)

    def _readable(self) -> tuple[bool, socket.socket | None]:
        """Tell whether the computer sent something, and return the device's connection if it did."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._ours, selectors.EVENT_READ)
            if self._device is not None:
                selector.register(self._device, selectors.EVENT_READ)
            ready = [key.fileobj for key, _ in selector.select(TICK_S)]
        return self._ours in ready, self._device if self._device in ready else None

    def _hear(self, data: bytes) -> None:
        """Hand data on, but for the rest of what the device hung up in."""
        now = time.monotonic()
        self._has_hung_up = self._has_hung_up and now - self._heard_at < QUIET_S
        self._heard_at = now
        if not self._has_hung_up:
            self._forth(data)

    def _forth(self, data: bytes) -> None:
        """Hand data to the device; wait while it takes none, so that the computer's buffer fills up behind."""
        rest = memoryview(data)
        while rest and not self._has_hung_up and not self._stopped.is_set():
            device = self._reached()
            if device is None:
                return
            try:
                rest = rest[device.send(rest) :]
            except TimeoutError:
                continue
            except OSError:
                self._hang_up()

    def _back(self, device: socket.socket) -> None:
        try:
            data = device.recv(CHUNK)
        except OSError:
            data = b""
        if data:
            os.write(self._ours, data)
        else:
            self._hang_up()

    def _reached(self) -> socket.socket | None:
        """Return the connection to the device, made anew where need be; None when it is off."""
        if self._device is None:
            with contextlib.suppress(OSError):
                self._device = socket.create_connection(self._address, timeout=TICK_S)
                # A serial line buffers little: what the device does not take must be felt at the computer's end.
                self._device.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, CHUNK)
        return self._device

    def _hang_up(self) -> None:
        self._has_hung_up = True
        if self._device is not None:
            self._device.close()
            self._device = None
