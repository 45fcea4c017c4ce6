"""The one way in which SQLite files are opened: through apsw's own library, never the interpreter's.

SQLite before 3.51.3 can lose committed pages when two connections share a WAL file (the WAL-reset bug, sqlite.org
wal.html); two libraries on one file are no better. So every program checks the library and refuses to start on an
older one. `synchronous=FULL` makes a commit survive a power cut; NORMAL loses acknowledged rows (architecture §4).
"""

from pathlib import Path

import apsw

from schema.errors import Refused

VERSION_MIN = (3, 51, 3)
BUSY_TIMEOUT_MS = 2000
WRITER_PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": "full",
    "foreign_keys": "on",
    "busy_timeout": BUSY_TIMEOUT_MS,
    "trusted_schema": "off",
}


def check_library(version: str | None = None) -> None:
    """Raise Refused("old_sqlite") when the SQLite library is older than the first safe one."""
    found = version or apsw.sqlite_lib_version()
    if tuple(int(part) for part in found.split(".")[:3]) < VERSION_MIN:
        wanted = ".".join(map(str, VERSION_MIN))
        raise Refused(
            "old_sqlite",
            f"SQLite {found} can lose committed sales (WAL-reset bug). Counterfoil needs {wanted} or newer: "
            "install a current “apsw” package.",
        )


def open_reader(path: Path) -> apsw.Connection:
    """Open another program's file read-only. Raises apsw.CantOpenError where there is none."""
    check_library()
    connection = apsw.Connection(f"file:{path}?mode=ro", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    connection.set_busy_timeout(BUSY_TIMEOUT_MS)
    connection.pragma("query_only", True)
    return connection
