"""Emulators as real processes on free ports."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from emulated_device import Device
from hypothesis import settings

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
