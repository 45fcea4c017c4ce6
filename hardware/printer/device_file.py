"""A printer behind a device file (/dev/usb/lp0, a pipe) or a plain file that jobs are appended to.

Opened without blocking: a printer without paper takes nothing, and then the deadline ends the wait, not the paper.
"""

import errno
import os
import selectors
import stat
import time
from pathlib import Path

CHUNK = 4096
LOOK_S = 0.01


class FileTransport:
    """One device file or file."""

    advice = "Check that it is switched on and its cable is in."

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def place(self) -> str:
        return str(self.path)

    def open(self, wait_ms: int) -> "FileLine":  # noqa: ARG002  # a file opens at once or not at all
        """Open for appending, to read too where the device can. Raises OSError."""
        no_wait = getattr(os, "O_NONBLOCK", 0)
        if self.path.exists() and stat.S_ISCHR(self.path.stat().st_mode):
            return FileLine(_device(self.path, no_wait), can_answer=True, is_device=True)
        # A file's folder must be there: a mistyped path must not become a file that nobody reads.
        flags = os.O_WRONLY | os.O_APPEND | no_wait | getattr(os, "O_BINARY", 0)
        if not stat.S_ISFIFO(_mode(self.path)):
            flags |= os.O_CREAT
        return FileLine(os.open(self.path, flags, 0o640), can_answer=False, is_device=stat.S_ISFIFO(_mode(self.path)))


class FileLine:
    """An open file. A device says exactly how many bytes it took."""

    counts_exactly = True

    def __init__(self, file: int, *, can_answer: bool, is_device: bool) -> None:
        self._file, self._can_answer, self._is_device = file, can_answer, is_device

    @property
    def can_answer(self) -> bool:
        return self._can_answer

    def write(self, data: memoryview, deadline: float) -> int:
        while True:
            try:
                return os.write(self._file, data[:CHUNK])
            except BlockingIOError:
                if time.monotonic() > deadline:
                    return 0
                time.sleep(LOOK_S)

    def flush(self, deadline: float) -> bool:  # noqa: ARG002  # the disk knows none
        if not self._is_device:
            os.fsync(self._file)
        return True

    def read(self, deadline: float) -> bytes:
        with selectors.DefaultSelector() as selector:
            selector.register(self._file, selectors.EVENT_READ)
            if not selector.select(max(0.0, deadline - time.monotonic())):
                return b""
        try:
            return os.read(self._file, CHUNK)
        except BlockingIOError:
            return b""
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            # A printer on a one-way line: the kernel has nothing to read from.
            self._can_answer = False
            return b""

    def close(self) -> None:
        os.close(self._file)


def _device(path: Path, no_wait: int) -> int:
    return os.open(path, os.O_RDWR | no_wait | getattr(os, "O_NOCTTY", 0))


def _mode(path: Path) -> int:
    return path.stat().st_mode if path.exists() else 0
