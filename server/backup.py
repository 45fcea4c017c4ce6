"""Back up and restore head office's SQLite data: one tar file with a consistent copy of the database and its key.

The copy is made with VACUUM INTO while head office runs. Only what is in a finished backup is called durable, so tills
prune nothing that a restore could lose (protocol §2). A restored head office has a new timeline: tills notice, rewind
and send again what the backup lacks. On PostgreSQL its own
tools do this.
"""

import os
import tarfile
import tempfile
from pathlib import Path

import apsw
from msgspec import Struct

from schema.clock import Clock
from schema.errors import Refused
from server.config import Config
from server.db import FILE, Database, open_sqlite
from server.migrate import migrate
from server.tills.identity import KEY_FILE, new_timeline

_DURABLE = "UPDATE stream SET durable_seq = ? WHERE till_id = ? AND epoch = ? AND durable_seq < ?"


class BackedUp(Struct, frozen=True, kw_only=True):
    """What a backup holds."""

    file: str
    bytes: int
    events: int


def back_up(database: Database, config: Config, file: Path) -> BackedUp:
    """Write a backup, whole or not at all, and call its events durable.

    Raises Refused("exists"), Refused("no_backup_here") on PostgreSQL, or Refused("unwritable").
    """
    _refuse_postgres(config)
    if file.exists():
        raise Refused("exists", f"{file} exists already. Backups are never overwritten; choose another name.")
    try:
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=".backup-") as place:
            copy = Path(place) / FILE
            _copy(config.folder / FILE, copy)
            heads = _heads(copy)
            _pack(Path(place) / "all.tar", {FILE: copy, KEY_FILE: config.folder / KEY_FILE})
            (Path(place) / "all.tar").rename(file)
    except OSError as error:
        raise Refused("unwritable", f"The backup {file} cannot be written: {error}.") from error
    with database.write() as connection:
        connection.many(_DURABLE, [(seq, till_id, epoch, seq) for till_id, epoch, seq in heads])
    return BackedUp(file=str(file), bytes=file.stat().st_size, events=sum(seq for _, _, seq in heads))


def _copy(source: Path, target: Path) -> None:
    connection = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        connection.execute("VACUUM INTO ?", (str(target),))
    finally:
        connection.close()


def _heads(copy: Path) -> list[tuple[str, int, int]]:
    connection = apsw.Connection(str(copy), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise Refused("damaged", "The copy does not hold together: the database is damaged. Nothing was written.")
        rows = connection.execute("SELECT till_id, epoch, high_seq FROM stream").fetchall()
        return [(str(till_id), int(epoch), int(seq)) for till_id, epoch, seq in rows]  # type: ignore[arg-type]
    finally:
        connection.close()


def _pack(target: Path, members: dict[str, Path]) -> None:
    handle = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w+b") as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            for name, path in members.items():
                archive.add(path, arcname=name)
        file.flush()
        os.fsync(file.fileno())


def restore(config: Config, clock: Clock, file: Path) -> str:
    """Put a backup into an empty data folder; return the new timeline.

    Raises Refused("exists") where there is data, Refused("bad_backup") for a file that is none.
    """
    _refuse_postgres(config)
    if (config.folder / FILE).exists():
        raise Refused("exists", f"{config.folder} has data. Move it away first; a restore never overwrites it.")
    config.folder.mkdir(parents=True, exist_ok=True)
    _unpack(file, config.folder)
    database = open_sqlite(config.folder / FILE)
    try:
        migrate(database, clock)
        with database.write() as connection:
            connection.run("UPDATE stream SET durable_seq = high_seq")
            return new_timeline(connection)
    finally:
        database.close()


def _unpack(file: Path, folder: Path) -> None:
    try:
        with tarfile.open(file) as archive:
            for name in (KEY_FILE, FILE):
                member = archive.extractfile(name)
                if member is None:
                    raise KeyError(name)
                with os.fdopen(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
                    while part := member.read(1024 * 1024):
                        target.write(part)
                    target.flush()
                    os.fsync(target.fileno())
    except (tarfile.TarError, KeyError, OSError) as error:
        raise Refused("bad_backup", f"{file} is no backup of head office ({error}).") from error


def _refuse_postgres(config: Config) -> None:
    if config.database_url:
        raise Refused(
            "no_backup_here",
            "On PostgreSQL use its own tools (pg_dump or continuous archiving). After a restore run "
            "“python -m server new-timeline”, so that the tills send again what the backup lacks.",
        )
