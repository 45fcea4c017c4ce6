"""A sample till in a folder of its own, and the emulated devices that it talks to over real sockets."""

import json
import urllib.request

import pytest
from sample_till import Port, make_folder

from rig.programs import Program, module


@pytest.fixture
def folder(tmp_path):
    make_folder(tmp_path / "till")
    return tmp_path / "till"


@pytest.fixture
def port(folder):
    till = Port(folder)
    yield till
    till.close()


class Emulator:
    """A device emulator as a process of its own."""

    def __init__(self, kind, folder, *arguments):
        self.program = Program(kind, module("hardware", "emulate", kind, "--port", "0", *arguments), folder)
        self.facts = self.program.first_line()
        self.port = self.facts["port"]

    def control(self, path, **body):
        data = json.dumps(body).encode() if body else None
        url = f"http://127.0.0.1:{self.facts['control_port']}{path}"
        with urllib.request.urlopen(url, data, timeout=5) as reply:
            return json.loads(reply.read())


@pytest.fixture
def printer(tmp_path):
    emulator = Emulator("printer", tmp_path / "printer", "--folder", str(tmp_path / "paper"))
    emulator.folder = tmp_path / "paper"
    emulator.url = f"escpos+tcp://127.0.0.1:{emulator.port}?profile=generic-80"
    yield emulator
    emulator.program.stop()


@pytest.fixture
def terminal(tmp_path):
    memory = str(tmp_path / "terminal.json")
    emulator = Emulator("terminal", tmp_path / "terminal", "--file", memory, "--card-delay", "0.1")
    emulator.url = f"zvt://127.0.0.1:{emulator.port}"
    yield emulator
    emulator.program.stop()
