"""Device emulators in a test's own process."""

import json
import urllib.request


class Emulated:
    """A device emulator on threads of the test: the same sockets as its program, without a second's start."""

    def __init__(self, emulator):
        self._emulator = emulator
        emulator.start()
        self.port = emulator.facts()["port"]
        self._control_port = emulator.facts()["control_port"]

    def control(self, path, **body):
        data = json.dumps(body).encode() if body else None
        with urllib.request.urlopen(f"http://127.0.0.1:{self._control_port}{path}", data, timeout=5) as reply:
            return json.loads(reply.read())

    def stop(self):
        self._emulator.stop()
