"""The line: relays bytes both ways, is dead when cut, alive again when mended."""

import socket
import threading

import pytest

from rig.line import Line


@pytest.fixture
def echo():
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                peer, _ = server.accept()
            except OSError:
                return
            with peer:
                while data := peer.recv(1024):
                    peer.sendall(data)

    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()[1]
    server.close()


def said(port):
    with socket.create_connection(("127.0.0.1", port), timeout=2) as peer:
        peer.sendall(b"hello")
        return peer.recv(16)


def test_cut_and_mended(echo):
    line = Line(echo)
    assert said(line.port) == b"hello"
    held = socket.create_connection(("127.0.0.1", line.port), timeout=2)
    held.sendall(b"x")
    assert held.recv(1) == b"x"
    line.cut()
    assert held.recv(1) == b""
    held.close()
    with pytest.raises(OSError):
        said(line.port)
    line.mend()
    assert said(line.port) == b"hello"
    line.close()
