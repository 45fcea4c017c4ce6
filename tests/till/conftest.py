"""A sample till in a folder of its own, and the emulated devices that it talks to over real sockets."""

import json
import subprocess
import urllib.request

import pytest
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
