"""An advisory lock on an open file, held until the file is closed or the program ends, however it ends.

Linux and other POSIX systems lock the file (`flock`), Windows its first byte (`msvcrt.locking`); neither waits.
"""

import importlib
from collections.abc import Callable
from typing import Any

# Which byte Windows locks: only that everybody locks the same one matters.
BYTES = 1


def hold(handle: int) -> bool:
    """Lock an open file for this program alone; tell whether it is ours now."""
    try:
        _locker()(handle)
    except OSError:
        return False
    return True


def _locker() -> Callable[[int], None]:
    """Choose what this system has. Asked for at use, so that neither module is needed where the other is."""
    try:
        fcntl: Any = importlib.import_module("fcntl")
    except ImportError:
        msvcrt: Any = importlib.import_module("msvcrt")
        return lambda handle: msvcrt.locking(handle, msvcrt.LK_NBLCK, BYTES)
    return lambda handle: fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
