"""One shop with everything running: head office, the line to it, agent, printer and terminal; the till is opened apart.

The till is played through the script port (`play`) or opened as a window by whoever has a screen.
"""

import json
import time
import urllib.request
from pathlib import Path
from typing import Any

from rig.head_office import HeadOffice
from rig.line import Line
from rig.programs import Play, Program, ProgramError, call, module

SYNC_S_MAX = 60
CARD_DELAY_S = 0.2


class Shop:
    """All programs of one shop in one folder. Stop it with `close`.

    With `every_device` the till has a fiscal unit and a customer display too; `language` is the till's.
    """

    def __init__(
        self,
        folder: Path,
        *,
        database_url: str = "",
        card_delay_s: float = CARD_DELAY_S,
        language: str = "en",
        every_device: bool = False,
        office_extra: dict[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.language = language
        self.logs = folder / "logs"
        self.till = folder / "till"
        self.receipts = folder / "receipts"
        self.office = HeadOffice(folder / "office", database_url=database_url, extra=office_extra)
        self.line = Line(self.office.port)
        self.programs: dict[str, Program] = {"office": self.office.start()}
        try:
            self._start_devices(card_delay_s)
            if every_device:
                self._start_more_devices()
            self.office.enrol(self.till, url=f"http://127.0.0.1:{self.line.port}")
            self._configure()
            call("agent", "sync-once", "--data", str(self.till))
            self.start_agent()
        except BaseException:
            self.close()
            raise

    def _start_devices(self, card_delay_s: float) -> None:
        self.programs["printer"] = Program(
            "printer",
            module("hardware", "emulate", "printer", "--port", "0", "--folder", str(self.receipts)),
            self.logs,
        )
        memory = str(self.folder / "terminal.json")
        arguments = ["--port", "0", "--file", memory, "--card-delay", str(card_delay_s)]
        self.programs["terminal"] = Program(
            "terminal", module("hardware", "emulate", "terminal", *arguments), self.logs
        )
        self._settings: list[str] = []
        self.printer = self.programs["printer"].first_line()
        self.terminal = self.programs["terminal"].first_line()

    def _start_more_devices(self) -> None:
        fiscal = module("hardware", "emulate", "fiscal", "--port", "0", "--folder", str(self.folder / "fiscal"))
        self.programs["fiscal"] = Program("fiscal", fiscal, self.logs)
        cable = str(self.folder / "display")
        self.programs["display"] = Program(
            "display", module("hardware", "emulate", "display", "--link", cable), self.logs
        )
        self.fiscal = self.programs["fiscal"].first_line()
        self.display = self.programs["display"].first_line()
        self._settings += [
            f'fiscal = "fiscal+tcp://127.0.0.1:{self.fiscal["port"]}"',
            f'display = "line+serial://{cable}"',
        ]

    def _configure(self) -> None:
        lines = [
            *self._settings,
            f'language = "{self.language}"',
            f'printer = "escpos+tcp://127.0.0.1:{self.printer["port"]}?profile=generic-80"',
            f'terminal = "zvt://127.0.0.1:{self.terminal["port"]}"',
        ]
        (self.till / "till.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def start_agent(self) -> None:
        self.programs["agent"] = Program("agent", module("agent", "run", "--data", str(self.till)), self.logs)

    def play(self) -> Play:
        """Open the till's script port."""
        self.logs.mkdir(parents=True, exist_ok=True)
        return Play(self.till, self.logs / "till.log")

    def control(self, device: str, path: str, *, data: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask an emulator's control port."""
        ready = getattr(self, device)
        body = json.dumps(data).encode() if data is not None else None
        request = urllib.request.Request(f"http://127.0.0.1:{ready['control_port']}{path}", data=body)
        with urllib.request.urlopen(request, timeout=5) as reply:
            return dict(json.loads(reply.read()))

    def agent_status(self) -> dict[str, Any]:
        return dict(json.loads(call("agent", "status", "--data", str(self.till), "--json")))

    def wait_until_synced(self, seconds: float = SYNC_S_MAX) -> None:
        """Wait until nothing waits at the till and head office has applied all. Raises ProgramError."""
        deadline = time.monotonic() + seconds
        while (found := self.agent_status())["waiting"]:
            if time.monotonic() > deadline:
                raise ProgramError(f"still waiting: {found}\n{self.programs['agent'].tail()}")
            time.sleep(0.2)
        self.office.call("sync", "kick")

    def books(self, day: str) -> dict[str, Any]:
        """Return head office's control figures of a day. Raises ProgramError where they disagree."""
        return dict(json.loads(self.office.call("books", "--date", day, "--json")))

    def close(self) -> None:
        self.line.close()
        for program in reversed(self.programs.values()):
            program.stop()
