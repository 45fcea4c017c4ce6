"""A printer on the network: a raw TCP port (9100, "JetDirect"), one connection a job."""

import selectors
import socket
import time

PORT = 9100
CHUNK = 4096


class NetworkTransport:
    """One printer at one address."""

    advice = "Check that it is switched on and its network cable is in."

    def __init__(self, host: str, port: int = PORT) -> None:
        self.host, self.port = host, port

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port}"

    def open(self, wait_ms: int) -> "NetworkLine":
        """Connect. Raises OSError when nobody listens, TimeoutError when nobody answers in time."""
        connection = socket.create_connection((self.host, self.port), timeout=wait_ms / 1000)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return NetworkLine(connection)


class NetworkLine:
    """An open connection. The kernel's buffers take a receipt before the printer does, so bytes sent prove nothing."""

    can_answer = True
    counts_exactly = False

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        connection.setblocking(False)

    def write(self, data: memoryview, deadline: float) -> int:
        return self._connection.send(data) if self._wait(selectors.EVENT_WRITE, deadline) else 0

    def flush(self, deadline: float) -> bool:  # noqa: ARG002  # nothing to wait for
        return True

    def read(self, deadline: float) -> bytes:
        if not self._wait(selectors.EVENT_READ, deadline):
            return b""
        chunk = self._connection.recv(CHUNK)
        if not chunk:
            raise ConnectionError("it hung up")
        return chunk

    def close(self) -> None:
        self._connection.close()

    def _wait(self, event: int, deadline: float) -> bool:
        # Not poll() itself: Windows has none.
        with selectors.DefaultSelector() as selector:
            selector.register(self._connection, event)
            return bool(selector.select(max(0.0, deadline - time.monotonic())))
