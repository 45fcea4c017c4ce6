"""Emulators as real processes on free ports."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from emulated_device import Device
from hypothesis import settings
from terminal_till import QUICK, Till

from hardware.terminal.zvt_commands import Settings
from hardware.terminal.zvt_conversation import Deadlines
from rig.programs import Program, all_stopped, module

# A busy machine is slow at times; what must be quick has a benchmark, not a flaky test.
settings.register_profile("hardware", deadline=None)
settings.load_profile("hardware")


@pytest.fixture
def emulate(tmp_path: Path) -> Iterator[Callable[..., Device]]:
    """Start emulators: `emulate("printer", "--fault", "mute")`."""
    programs: list[Program] = []

    def start(kind: str, *arguments: str) -> Device:
        name = f"{kind}-{len(programs)}"
        command = module("hardware", "emulate", kind, "--port", "0", *arguments)
        programs.append(Program(name, command, tmp_path / "logs"))
        return Device(programs[-1])

    with all_stopped(programs):
        yield start


@pytest.fixture
def till(shared_terminal: Device) -> Callable[..., Till]:
    """A till at a terminal fresh from its box, with the given settings and modes."""

    def start(deadlines: Deadlines = QUICK, settings: Settings | None = None, **changes: Any) -> Till:
        shared_terminal.post("/reset")
        shared_terminal.post("/mode", **changes)
        return Till(shared_terminal, deadlines, settings)

    return start


@pytest.fixture(scope="module")
def shared_terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Device]:
    """One terminal process for all tests of a file that do not end it."""
    folder = tmp_path_factory.mktemp("shared")
    command = ["emulate", "terminal", "--port", "0", "--file", str(folder / "terminal.json"), "--card-delay", "0.02"]
    program = Program("terminal", module("hardware", *command, "--patience", "0.4"), folder)
    with all_stopped([program]):
        yield Device(program)
