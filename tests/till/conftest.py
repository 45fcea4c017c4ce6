"""A sample till in a folder of its own, and the emulated devices that it talks to over real sockets."""

import subprocess

import pytest
from emulated import Emulated
from sample_till import Port, make_folder

from hardware.emulators.printer import Options as PrinterOptions
from hardware.emulators.printer import PrinterEmulator
from hardware.emulators.receipts import ReceiptFolder
from hardware.emulators.terminal import Options as TerminalOptions
from hardware.emulators.terminal import TerminalEmulator
from hardware.printer.profiles import profile_named


@pytest.fixture
def folder(tmp_path):
    make_folder(tmp_path / "till")
    return tmp_path / "till"


@pytest.fixture
def port(folder):
    till = Port(folder)
    yield till
    till.close()


@pytest.fixture
def printer(tmp_path):
    profile = profile_named("generic-80")
    options = PrinterOptions(port=0, control_port=0)
    emulated = Emulated(PrinterEmulator(ReceiptFolder(tmp_path / "paper", profile), profile, options))
    emulated.folder = tmp_path / "paper"
    emulated.url = f"escpos+tcp://127.0.0.1:{emulated.port}?profile=generic-80"
    yield emulated
    emulated.stop()


@pytest.fixture
def terminal(tmp_path):
    emulated = Emulated(TerminalEmulator(tmp_path / "terminal.json", TerminalOptions(port=0, card_delay_s=0.1)))
    emulated.url = f"zvt://127.0.0.1:{emulated.port}"
    yield emulated
    emulated.stop()


@pytest.fixture
def small_disk(tmp_path):
    """A tmpfs of 6 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(place)],
        check=False,
        capture_output=True,
        text=True,
        timeout=10,
    )
    if mounted.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True, timeout=10)
