"""Head office as its own process on a demo shop, and tills that enrol with it."""

import json
from pathlib import Path
from typing import Any

from rig.programs import Program, answers, call, free_port, module


class HeadOffice:
    """A head office in a folder; `start` serves it on a fixed port, so that it can die and come back.

    `extra` is its environment, for example the mail server it sends by.
    """

    def __init__(self, folder: Path, *, database_url: str = "", extra: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._extra = ({"DATABASE_URL": database_url} if database_url else {}) | (extra or {})
        self._data = ["--data", str(folder / "data")]
        self.founded: dict[str, Any] = json.loads(self.call("init", "--demo", "--json"))

    def start(self, command: str = "serve") -> Program:
        """Start `serve` or `api` and wait until it answers."""
        arguments = [*self._data, "--port", str(self.port)]
        program = Program("head-office", module("server", command, *arguments), self.folder, extra=self._extra)
        program.wait_for(lambda: answers(f"{self.url}/api/v1/openapi.json"), "an answer")
        return program

    def call(self, *arguments: str) -> str:
        """Run one of head office's commands on this data."""
        return call("server", *arguments, *self._data, extra=self._extra)

    def enrol(self, till: Path, *, name: str = "Front", store: str = "0001", url: str = "") -> None:
        """Add a till and enrol a folder as it."""
        added = json.loads(self.call("add-till", "--store", store, "--name", name, "--json"))
        call("agent", "enrol", "--data", str(till), "--server", url or self.url, "--code", added["code"])
