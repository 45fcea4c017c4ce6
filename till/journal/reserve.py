"""Room on the disk (fault 11): a check before money is asked for, and a ballast file for money already taken.

The ballast is real blocks. A commit that finds the disk full although money has moved (a card payment's answer, the
sale that it pays) lets the ballast go and tries once more; everything else is refused while nothing has happened yet.
"""

import os
from pathlib import Path

BALLAST = "journal.reserve"
BALLAST_BYTES = 64 * 1024 * 1024
# The WAL grows to about 4 MiB before it is written back; below this much free room no payment begins.
FREE_BYTES_MIN = 1024 * 1024
# The ballast never takes more than this part of what is free.
SHARE_MAX = 4
ALLOCATE_BYTES = 1024 * 1024


class Reserve:
    """The folder's ballast file."""

    def __init__(self, folder: Path, ballast_bytes: int = BALLAST_BYTES) -> None:
        self._folder = folder
        self._path = folder / BALLAST
        self._bytes = ballast_bytes

    def hold(self) -> None:
        """Allocate the ballast where the disk has room for it; a small disk gets a small one."""
        held = self._path.stat().st_size if self._path.exists() else 0
        wanted = min(self._bytes, self.free_bytes() // SHARE_MAX)
        if held or wanted <= 0:
            return
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            _allocate(handle, wanted)
        except OSError:
            # A disk that is full or cannot allocate has no ballast; what that means is told at the next payment.
            self._path.unlink(missing_ok=True)
        finally:
            os.close(handle)

    def release(self) -> bool:
        """Give the ballast's room to the journal; tell whether there was any."""
        held = self._path.exists()
        self._path.unlink(missing_ok=True)
        return held

    def free_bytes(self) -> int:
        """Return what an ordinary program may still write."""
        facts = os.statvfs(self._folder)
        return facts.f_bavail * facts.f_frsize

    def has_room(self) -> bool:
        return self.free_bytes() >= FREE_BYTES_MIN


def _allocate(handle: int, size: int) -> None:
    """Take room on the disk for real: a file of holes would hold nothing back. Raises OSError where there is none."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(handle, 0, size)
        return
    while size > 0:  # Windows has no call for it
        size -= os.write(handle, bytes(min(size, ALLOCATE_BYTES)))
