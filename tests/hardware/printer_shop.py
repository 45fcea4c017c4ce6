"""An emulated printer as tests meet it: its process, emptied and reset, and what it has put on paper."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emulated_device import Device, eventually

from hardware.printer.line import Deadlines
from rig.programs import Program, all_stopped, module

QUICK = Deadlines(turn_ms=10_000, connect_ms=1500, answer_ms=1000, write_ms=1500, confirm_ms=3000)


class Shop:
    """One emulator process."""

    def __init__(self, device: Device, folder: Path) -> None:
        self.device, self.folder = device, folder

    def reset(self, fault: str = "none") -> None:
        """Be as at the start, with no receipt in the folder."""
        self.device.post("/reset")
        eventually(lambda: self.device.get("/state")["connections"] == 0)
        for file in self.folder.iterdir():
            file.unlink()
        self.device.post("/fault", fault=fault)

    def texts(self) -> list[str]:
        return [path.read_text() for path in sorted(self.folder.glob("*.txt"))]

    def jobs(self) -> list[bytes]:
        return [path.read_bytes() for path in sorted(self.folder.glob("*.bin"))]


@contextmanager
def shop_of(profile: str, folder: Path) -> Iterator[Shop]:
    """Run an emulator that plays a model."""
    programs: list[Program] = []
    command = ["emulate", "printer", "--port", "0", "--folder", str(folder / "r"), "--profile", profile]
    with all_stopped(programs):
        programs.append(Program("printer", module("hardware", *command), folder))
        yield Shop(Device(programs[0]), folder / "r")
