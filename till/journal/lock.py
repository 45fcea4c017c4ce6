"""One till process per journal (fault 17): an advisory lock on a file beside it, held while the program lives.

The system drops the lock when the process ends, however it ends; nothing has to be cleaned up after a crash.
"""

import os
from pathlib import Path

from schema.file_lock import hold
from till.words import RefusedInWords

LOCK = "journal.lock"


class JournalLock:
    """Holds the folder's lock from construction to `release`."""

    def __init__(self, folder: Path) -> None:
        """Take the lock. Raises Refused("journal_in_use") when another till holds it."""
        self._handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        if not hold(self._handle):
            os.close(self._handle)
            raise RefusedInWords(
                "journal_in_use",
                "Another till program is already running on {folder}. Two would write one journal. "
                "Use the open one, or end it first.",
                folder=folder,
            )

    def release(self) -> None:
        os.close(self._handle)
