"""A proxy between agent and head office that does to HTTP what bad networks do. A program on real sockets.

`faults` is a queue: each request takes the next fault, none means that it is passed on. A fault is a function
(request, forward, socket) that answers by itself or changes what is passed on.
"""

import socket
import threading
import time
from collections import deque

BUFFER = 65536


class FaultProxy:
    """Listens on loopback, passes on to another port of loopback."""

    def __init__(self, port_behind):
        self.port_behind = port_behind
        self.faults = deque()
        self.only = ""
        self.requests = []
        self.closing = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self):
        if self.closing:
            return
        self.closing = True
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while not self.closing:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line):
        line.settimeout(60)
        with line:
            try:
                while True:
                    request = read_message(line)
                    if not request:
                        return
                    self.requests.append(request)
                    fault = None
                    if self.faults and self.only.encode() in request.split(b"\r\n", 1)[0]:
                        fault = self.faults.popleft()
                    if fault is None:
                        line.sendall(self.forward(request))
                    elif fault(request, self.forward, line) is not KEEP:
                        return
            except OSError:
                return

    def forward(self, request):
        with socket.create_connection(("127.0.0.1", self.port_behind), timeout=60) as behind:
            behind.sendall(request.replace(b"Connection: keep-alive", b"Connection: close"))
            return read_message(behind)


KEEP = object()


def read_message(line):
    """Read one HTTP message with its Content-Length body; empty at the end of the line."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = line.recv(BUFFER)
        if not part:
            return b""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for field in head.split(b"\r\n")[1:]:
        name, _, value = field.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        part = line.recv(BUFFER)
        if not part:
            break
        body += part
    return head + b"\r\n\r\n" + body


def answer(status, headers=(), body=b""):
    """Return a fault: an answer that head office never gave."""
    lines = [f"HTTP/1.1 {status} Fault", f"Content-Length: {len(body)}", "Connection: close", *headers]
    message = "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    def fault(request, forward, line):
        line.sendall(message)

    return fault


PORTAL = answer(200, ["Content-Type: text/html"], b"<html><h1>Welcome to Sample Wifi</h1></html>")
LOGIN = answer(302, ["Location: http://127.0.0.1:9/login"])


def lose_request(request, forward, line):
    """The request never arrives."""


def lose_reply(request, forward, line):
    """The request arrives and is done; its reply is lost."""
    forward(request)


def twice(request, forward, line):
    """The network delivers the request twice."""
    forward(request)
    line.sendall(forward(request))


def truncate(request, forward, line):
    """The reply breaks off in its middle."""
    reply = forward(request)
    line.sendall(reply[: len(reply) - 40])


def flip(request, forward, line):
    """A byte of the reply's body changes on the way."""
    reply = bytearray(forward(request))
    reply[-2] ^= 1
    line.sendall(bytes(reply))


def replay(older):
    """Answer with an older, honestly signed reply."""

    def fault(request, forward, line):
        forward(request)
        line.sendall(older)

    return fault


def trickle(seconds_per_byte=1.0, head=True):
    """Answer, but one byte at a time."""

    def fault(request, forward, line):
        for byte in (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" if not head else b"") + b"H" * 10000:
            line.sendall(bytes([byte]))
            time.sleep(seconds_per_byte)

    return fault
