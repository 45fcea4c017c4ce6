"""An emulator that runs as a process, seen from a test; and waiting with a deadline."""

import json
import time
import urllib.request
from collections.abc import Callable
from typing import Any

from rig.programs import Program


class Device:
    """A running emulator: where it listens, and its control port."""

    def __init__(self, program: Program) -> None:
        self.program = program
        facts = program.first_line()
        self.host, self.port, self.control_port = facts["host"], int(facts["port"]), int(facts["control_port"])

    def get(self, path: str) -> Any:
        return self._request(path, None)

    def post(self, path: str, **body: Any) -> Any:
        return self._request(path, json.dumps(body).encode())

    def _request(self, path: str, data: bytes | None) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.control_port}{path}", data, timeout=5) as answer:
            return json.loads(answer.read())


def eventually(condition: Callable[[], Any], seconds: float = 5.0) -> Any:
    """Wait for a condition with a deadline; return what it returned."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.01)
    return found
