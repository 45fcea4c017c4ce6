"""Frames over one TCP connection to a ZVT terminal, each wait with a deadline. Sending is safe from two threads."""

import logging
import selectors
import socket
import threading
import time
from collections import deque

from hardware.terminal.zvt_codec import POSITIVE, Apdu, Splitter, describe, encode_apdu

WRITE_S = 5.0
_LOG = logging.getLogger(__name__)


class LinkLost(Exception):
    """The connection broke, or the peer stopped taking bytes."""


class Link:
    """One open connection. `receive` belongs to one thread; `send` may be called by any."""

    def __init__(self, line: socket.socket) -> None:
        line.setblocking(False)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._line = line
        self._splitter = Splitter()
        self._frames: deque[Apdu] = deque()
        self._sending = threading.Lock()

    def send(self, apdu: Apdu) -> None:
        """Send one frame. Raises LinkLost."""
        _LOG.debug("to the terminal: %s", describe(apdu))
        with self._sending:
            self._send_all(encode_apdu(apdu))

    def acknowledge(self) -> None:
        """Tell the terminal that its frame was taken (80 00 00)."""
        self.send(Apdu(POSITIVE))

    def receive(self, deadline: float) -> Apdu | None:
        """Return the next frame, or None when the deadline (monotonic seconds) passed. Raises LinkLost."""
        while not self._frames:
            piece = self._receive_piece(deadline)
            if piece is None:
                return None
            self._frames.extend(self._splitter.feed(piece))
        frame = self._frames.popleft()
        _LOG.debug("from the terminal: %s", describe(frame))
        return frame

    def close(self) -> None:
        self._line.close()

    def _receive_piece(self, deadline: float) -> bytes | None:
        if not self._wait(selectors.EVENT_READ, deadline):
            return None
        try:
            piece = self._line.recv(4096)
        except OSError as error:
            raise LinkLost(str(error)) from error
        if not piece:
            raise LinkLost("the terminal hung up")
        return piece

    def _send_all(self, data: bytes) -> None:
        deadline, rest = time.monotonic() + WRITE_S, memoryview(data)
        while rest:
            if not self._wait(selectors.EVENT_WRITE, deadline):
                raise LinkLost("the terminal stopped taking data")
            try:
                rest = rest[self._line.send(rest) :]
            except OSError as error:
                raise LinkLost(str(error)) from error

    def _wait(self, event: int, deadline: float) -> bool:
        # Not poll() itself: Windows has none.
        with selectors.DefaultSelector() as selector:
            try:
                selector.register(self._line, event)
            except ValueError as error:
                raise LinkLost("closed") from error
            return bool(selector.select(max(0.0, deadline - time.monotonic())))
