"""Linux and Windows: nothing that only one of them has is imported outside the driver that is for it alone."""

import os
import subprocess
import sys

import pytest
from sample_till import ROOT

from schema import file_lock

# What Windows lacks, and what a till without the scanner extra lacks.
ABSENT = ("fcntl", "termios", "tty", "pty", "pwd", "grp", "resource", "evdev", "readline", "syslog")
# Programs for tests and development, and what is for Linux alone by its name.
NOT_FOR_TILLS = ("hardware.emulators", "hardware.scanner.event_device")

BLOCKED = """
import importlib, pathlib, sys
for name in {absent!r}:
    sys.modules[name] = None
import select
if hasattr(select, "poll"):
    del select.poll
wrong = []
for path in sorted(pathlib.Path().glob("*/**/*.py")):
    room = path.parts[0]
    name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
    if room not in ("schema", "till", "agent", "hardware") or name.endswith("__main__"):
        continue
    if name.startswith({skipped!r}) or name.startswith("till.ui."):
        continue
    try:
        importlib.import_module(name)
    except Exception as error:
        wrong.append(f"{{name}}: {{error!r}}")
print("\\n".join(wrong))
"""


def test_every_room_imports_without_what_only_linux_has():
    script = BLOCKED.format(absent=ABSENT, skipped=NOT_FOR_TILLS)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""


SELLS = """
import sys
for name in {absent!r}:
    sys.modules[name] = None
sys.modules["msvcrt"] = type(sys)("msvcrt")
held = set()
def locking(handle, mode, size):
    import os
    key = os.fstat(handle).st_ino
    if key in held:
        raise OSError("locked")
    held.add(key)
sys.modules["msvcrt"].locking, sys.modules["msvcrt"].LK_NBLCK = locking, 2
import os
del os.posix_fallocate, os.O_DIRECTORY
sys.argv = ["till", "play", "-", "--data", {folder!r}]
from till.__main__ import main
main()
"""


def test_a_sale_is_made_without_what_only_linux_has(folder):
    """The whole way of a sale, with the system's calls that Windows lacks taken away and its lock in their place."""
    script = SELLS.format(absent=ABSENT, folder=str(folder))
    lines = "\n".join(
        [
            '{"do": "sign_in", "cashier": "1", "pin": "1111"}',
            '{"do": "open_shift", "float": 0}',
            '{"do": "scan", "code": "4000000000112"}',
            '{"do": "pay", "tender": "cash"}',
        ]
    )
    done = subprocess.run(
        [sys.executable, "-c", script], input=lines, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert '"ok": false' not in done.stdout


def test_a_lock_is_one_programs(tmp_path):
    first, second = (os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT) for _ in range(2))
    assert file_lock.hold(first)
    assert not file_lock.hold(second)
    os.close(first)
    assert file_lock.hold(second)
    os.close(second)


def test_windows_locks_the_first_byte_without_waiting(tmp_path, monkeypatch):
    """Logic only: what is called of `msvcrt` where there is no `fcntl`; the call itself is Windows' own."""
    calls = []

    class Msvcrt:
        """The shape of Windows' module."""

        LK_NBLCK = 2

        @staticmethod
        def locking(handle, mode, size):
            calls.append((mode, size))
            if len(calls) > 1:
                raise PermissionError("locked")

    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", Msvcrt)
    handle = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    assert file_lock.hold(handle)
    assert not file_lock.hold(handle)
    os.close(handle)
    assert calls == [(2, 1), (2, 1)]


@pytest.mark.parametrize("size", [0, 1, 3_000_000])
def test_the_ballast_is_real_where_the_system_has_no_call_for_it(tmp_path, monkeypatch, size):
    from till.journal.reserve import Reserve

    monkeypatch.delattr(os, "posix_fallocate")
    reserve = Reserve(tmp_path, size)
    reserve.hold()
    held = tmp_path / "journal.reserve"
    assert (held.stat().st_size if held.exists() else 0) == size
    assert not size or held.stat().st_blocks * 512 >= size
