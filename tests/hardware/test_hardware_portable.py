"""Tablets: nothing in this room needs Linux to be imported, so that the same wheel runs a till on Windows.

What only Linux or POSIX has may be imported by the driver that needs it, when it is used.
"""

import pkgutil
import subprocess
import sys

import pytest

import hardware
from hardware import connect

ABSENT = ("evdev", "termios", "fcntl", "pty", "tty", "pwd", "grp", "resource")
BLOCKER = f"""
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {ABSENT!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
for name in {ABSENT!r}:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Blocker())
"""
MODULES = sorted(
    found.name for found in pkgutil.walk_packages(hardware.__path__, "hardware.") if "__main__" not in found.name
)


def run(code):
    command = [sys.executable, "-W", "error", "-c", BLOCKER + code]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_every_room_is_looked_at():
    assert {"hardware.doctor", "hardware.printer.usb", "hardware.scanner.event_device", "hardware.display.page"} <= set(
        MODULES
    )
    assert len(MODULES) > 40


def test_no_room_needs_linux_to_be_imported():
    code = "import importlib\n" + "".join(
        f"importlib.import_module({name!r})\n" for name in [*MODULES, "hardware.__main__"]
    )
    done = run(code)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_blocker_blocks():
    """The proof above proves nothing if these could be imported after all."""
    for name in ABSENT:
        done = run(f"import {name}")
        assert done.returncode == 1
        assert "ModuleNotFoundError" in done.stderr


@pytest.mark.parametrize(
    ("make", "url"),
    [
        ("printer", "escpos+tcp://192.0.2.10"),
        ("printer", "escpos+usb:"),
        ("printer", "escpos+serial:///COM3"),
        ("printer", "file:///receipts"),
        ("scanner", "serial:///COM4"),
        ("scanner", "evdev:///dev/input/event1"),
        ("display", "line+serial:///COM5"),
        ("display", "page://127.0.0.1:8090"),
        ("label_printer", "zpl+tcp://192.0.2.12"),
    ],
)
def test_every_device_can_be_set_up_without_linux(make, url):
    """A scanner that only Linux knows is then a fault in words at its start, not a crash of the till."""
    assert getattr(connect, make)(url) is not None
    done = run(f"from hardware import connect; assert connect.{make}({url!r}) is not None")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_scanner_that_needs_linux_says_so_where_there_is_none():
    code = """
import queue
from hardware import connect
faults = queue.Queue()
scanner = connect.scanner("evdev:///dev/input/event1")
scanner.start(print, faults.put)
print(faults.get(timeout=5))
scanner.stop()
"""
    done = run(code)
    assert (done.returncode, done.stderr) == (0, "")
    assert "python-evdev is not installed" in done.stdout
