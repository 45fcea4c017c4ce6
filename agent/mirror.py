"""The only writer of `mirror.db`: head office's rows, the feed's cursor and the upload cursors (protocol §2, §4).

A page and its cursor are one transaction. A full fetch is gathered in `mirror.incoming.db` beside it, so that it can go
on after a break, is checked as a whole and then replaces all rows in one transaction: a till that reads sees the old
catalogue or the new one. A mirror that is damaged, deleted or of another layout is begun anew; it costs a fetch, never
a sale: the feed comes again whole, and how far the streams are, head office is asked.
"""

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import msgspec
from msgspec import Struct

from agent.feed_check import Checked, Put, check_page, check_shrinking, check_tax, check_totals, check_vital
from agent.mirror_rows import VITAL_KINDS, drop_rows, put_rows, replace_all
from schema.catalogue import FEED_KINDS, Article
from schema.errors import Refused, Unready
from schema.messages import FeedChange, FeedPage
from schema.mirror_file import FEED_CURSOR, LAYOUT, LAYOUT_VERSION, SYNC_VALUES, TIMELINE
from schema.sqlite import BUSY_TIMEOUT_MS, WRITER_PRAGMAS, check_library
from schema.tax import TaxRate

# Names of the agent's own in `sync`, beside those of schema.mirror_file.
UNKNOWN_KINDS = "unknown_kinds"
SALEABLE_PEAK = "saleable_peak"
SALEABLE_PEAK_MS = "saleable_peak_ms"
PEAK_LASTS_MS = 24 * 60 * 60 * 1000
JOURNAL_SIZE_MAX_BYTES = 16 * 1024 * 1024

_PUT_SYNC = "INSERT OR REPLACE INTO sync (name, value) VALUES (?, ?)"
_PUT_UPLOAD = (
    "INSERT OR REPLACE INTO upload (till_id, epoch, acked_seq, acked_hash, durable_seq) VALUES (?, ?, ?, ?, ?)"
)
_READ_UPLOAD = "SELECT acked_seq, acked_hash, durable_seq FROM upload WHERE till_id = ? AND epoch = ?"
_SALEABLE = "SELECT count(*) FROM article WHERE NOT blocked"
_INCOMING_LAYOUT = """
CREATE TABLE IF NOT EXISTS incoming (
    kind TEXT NOT NULL, key TEXT NOT NULL, rev INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reached (
    cursor INTEGER NOT NULL, timeline TEXT NOT NULL, newest INTEGER NOT NULL
) STRICT;
"""


class Acked(Struct, frozen=True, kw_only=True):
    """How far head office has a stream, as it proved."""

    seq: int
    hash: bytes
    durable_seq: int


class Applied(Struct, frozen=True, kw_only=True):
    """What a page did. `idle`: all is here and nothing new came."""

    changes: int
    cursor: int
    more: bool
    idle: bool = False


class Mirror:
    """The mirror's writer. Threads may share it; each call is one transaction."""

    def __init__(self, path: Path, store: str) -> None:
        self._path = path
        self._store = store
        self._lock = threading.RLock()
        self._connection = _open_or_renew(path)
        self._file = _inode(path)
        self._incoming = Incoming(path.with_name("mirror.incoming.db"))

    def close(self) -> None:
        """Close both files."""
        with self._lock:
            self._connection.close()
            self._incoming.close()

    def values(self) -> dict[str, str]:
        """Return all names and values of `sync`."""
        with self._reading() as connection:
            rows: list[Any] = connection.execute(SYNC_VALUES).fetchall()
            return dict(rows)

    def put_values(self, values: dict[str, str]) -> None:
        """Set names in `sync`, all or none."""
        with self._writing() as connection:
            connection.executemany(_PUT_SYNC, values.items())

    def cursor(self) -> int:
        """Return the feed cursor, 0 where nothing was fetched yet."""
        return int(self.values().get(FEED_CURSOR, "0"))

    def acked(self, till_id: str, epoch: int) -> Acked | None:
        """Return how far a stream is acknowledged, None where that is not known."""
        with self._reading() as connection:
            row = connection.execute(_READ_UPLOAD, (till_id, epoch)).fetchone()
        return Acked(seq=row[0], hash=row[1], durable_seq=row[2]) if row else None

    def put_acked(self, till_id: str, epoch: int, acked: Acked) -> None:
        """Remember how far a stream is acknowledged."""
        with self._writing() as connection:
            connection.execute(_PUT_UPLOAD, (till_id, epoch, acked.seq, acked.hash, acked.durable_seq))

    def apply(self, page: FeedPage, asked: int, *, allow_mass_delete: bool = False) -> Applied:
        """Apply the page that was asked for with the cursor `asked`, with its own cursor, in one transaction.

        A page of another place than the mirror's changes nothing: the file was renewed meanwhile.
        Raises Refused ("bad_feed", "mass_deletion"): then nothing has changed.
        """
        with self._lock:
            if asked != self.cursor():
                return Applied(changes=0, cursor=self.cursor(), more=True)
            checked = check_page(page, cursor=asked, store=self._store)
            if page.changes or page.cursor != asked:
                self._apply(page, checked, allow_mass_delete)
        idle = not page.changes and not page.more
        return Applied(changes=len(page.changes), cursor=page.cursor, more=page.more, idle=idle)

    def _apply(self, page: FeedPage, checked: Checked, allow_mass_delete: bool) -> None:
        with self._writing() as connection:
            shrinking = _may_shrink(checked)
            peak = self._peak(page.server_ms) if shrinking else None
            vital = vital_rows(connection, checked.deleted)
            for kind, keys in checked.deleted.items():
                drop_rows(connection, kind, keys)
            for kind, puts in checked.puts.items():
                put_rows(connection, kind, puts)
            if peak is not None:
                self._check_saleable(peak, page, allow_mass_delete)
            if not (allow_mass_delete or page.allow_mass_delete):
                check_vital(vital, vital_rows(connection, vital))
            remembered = self.values().get(UNKNOWN_KINDS, "").split()
            self._put_cursor(page, checked.unknown.union(remembered))

    def full_cursor(self, timeline: str = "") -> int:
        """Return where a full fetch goes on; begin it anew where it belongs to another timeline."""
        with self._lock:
            return self._incoming.cursor(timeline)

    def full_since(self) -> int:
        """Return head office's newest revision when the full fetch began, 0 where it begins now."""
        with self._lock:
            return self._incoming.since()

    def gather(self, page: FeedPage, asked: int, *, allow_mass_delete: bool = False) -> Applied:
        """Take a page of a full fetch; with the last one check the whole and replace all rows at once.

        A page of another place or timeline than what is gathered is dropped, and its fetch begins anew.
        Raises Refused where page or whole does not hold: the old rows stay and the next fetch begins anew.
        """
        with self._lock:
            here = self._incoming.cursor(page.timeline)
            if asked != here:
                return Applied(changes=0, cursor=here, more=True)
            try:
                check_page(page, cursor=asked, store=self._store)
                self._incoming.add(page)
                if not page.more:
                    self._swap(page, allow_mass_delete)
            except Refused:
                self._incoming.clear()
                raise
        return Applied(changes=len(page.changes), cursor=page.cursor, more=page.more)

    def forget_full(self) -> None:
        """Drop what a full fetch has gathered so far."""
        with self._lock:
            self._incoming.clear()

    def _swap(self, page: FeedPage, allow_mass_delete: bool) -> None:
        self._incoming.check(page.totals)
        with self._writing() as connection:
            peak = self._peak(page.server_ms)
            vital = vital_rows(connection, VITAL_KINDS)
            replace_all(connection, FEED_KINDS, self._incoming.puts)
            self._check_saleable(peak, page, allow_mass_delete)
            if not (allow_mass_delete or page.allow_mass_delete):
                check_vital(vital, vital_rows(connection, vital))
            self._put_cursor(page, self._incoming.unknown())
        self._incoming.clear()

    def _put_cursor(self, page: FeedPage, unknown: Iterable[str]) -> None:
        values = {FEED_CURSOR: str(page.cursor), TIMELINE: page.timeline, UNKNOWN_KINDS: " ".join(sorted(unknown))}
        self._connection.executemany(_PUT_SYNC, values.items())

    def _peak(self, server_ms: int) -> "_Peak":
        """Return the most articles that could be sold within the last day: pages must not empty a till bit by bit."""
        values = self.values()
        now = _saleable(self._connection)
        count, since_ms = int(values.get(SALEABLE_PEAK, "0")), int(values.get(SALEABLE_PEAK_MS, "0"))
        lasts = 0 <= server_ms - since_ms < PEAK_LASTS_MS
        return _Peak(count=count, since_ms=since_ms) if lasts and count > now else _Peak(count=now, since_ms=server_ms)

    def _check_saleable(self, peak: "_Peak", page: FeedPage, allow_mass_delete: bool) -> None:
        saleable = _saleable(self._connection)
        if not (allow_mass_delete or page.allow_mass_delete):
            check_shrinking(saleable, peak.count)
        elif saleable < peak.count:
            peak = _Peak(count=saleable, since_ms=page.server_ms)
        kept = {SALEABLE_PEAK: str(peak.count), SALEABLE_PEAK_MS: str(peak.since_ms)}
        self._connection.executemany(_PUT_SYNC, kept.items())

    @contextmanager
    def _reading(self) -> Iterator[apsw.Connection]:
        with self._lock:
            yield self._current()

    @contextmanager
    def _writing(self) -> Iterator[apsw.Connection]:
        with self._lock:
            connection = self._current()
            try:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
            except (apsw.FullError, apsw.IOError, apsw.ReadOnlyError, apsw.BusyError) as error:
                raise Unready(
                    "mirror_unwritable",
                    f"{self._path} cannot be written ({error}). Is the disk full? Sales go on; it is tried again.",
                ) from error

    def _current(self) -> apsw.Connection:
        if not self._connection.in_transaction and _inode(self._path) != self._file:
            # Somebody deleted or replaced the file: what we would write now, nobody would ever read.
            self._connection.close()
            self._connection = _open_or_renew(self._path)
            self._file = _inode(self._path)
        return self._connection


class Incoming:
    """What a full fetch has gathered so far, on disk so that a broken line does not cost the whole fetch again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = _open_incoming(path)

    def close(self) -> None:
        self._connection.close()

    def cursor(self, timeline: str) -> int:
        row = self._connection.execute("SELECT cursor, timeline FROM reached").fetchone()
        if row is None:
            return 0
        if timeline and row[1] != timeline:
            self.clear()
            return 0
        return int(row[0])

    def since(self) -> int:
        row = self._connection.execute("SELECT newest FROM reached").fetchone()
        return 0 if row is None else int(row[0])

    def add(self, page: FeedPage) -> None:
        """Keep a page's rows and its cursor; the first page begins with nothing."""
        first = self._connection.execute("SELECT newest FROM reached").fetchone()
        newest = page.newest if first is None else first[0]
        gone = [(change.kind, change.key) for change in page.changes if change.deleted]
        kept = [_incoming_row(change) for change in page.changes if not change.deleted]
        with self._connection:
            if first is None:
                self._connection.execute("DELETE FROM incoming")
            self._connection.executemany("DELETE FROM incoming WHERE kind = ? AND key = ?", gone)
            self._connection.executemany("INSERT OR REPLACE INTO incoming VALUES (?, ?, ?, ?)", kept)
            self._connection.execute("DELETE FROM reached")
            self._connection.execute("INSERT INTO reached VALUES (?, ?, ?)", (page.cursor, page.timeline, newest))

    def check(self, totals: dict[str, int]) -> None:
        """Check the whole. Raises Refused."""
        rows: list[Any] = self._connection.execute("SELECT kind, count(*) FROM incoming GROUP BY kind").fetchall()
        check_totals(dict(rows), totals)
        articles = (put.row.tax_code for put in self.puts("article") if isinstance(put.row, Article))
        rates = (put.row.code for put in self.puts("tax_rate") if isinstance(put.row, TaxRate))
        check_tax(articles, rates)

    def puts(self, kind: str) -> Iterator[Put]:
        """Read the gathered rows of a kind again, in the order of their keys."""
        decoder = msgspec.json.Decoder(FEED_KINDS[kind])
        rows = self._connection.execute("SELECT key, body FROM incoming WHERE kind = ? ORDER BY key", (kind,))
        for key, body in rows:
            yield Put(key=key, row=decoder.decode(body), body=body)

    def unknown(self) -> list[str]:
        kinds = [kind for (kind,) in self._connection.execute("SELECT DISTINCT kind FROM incoming")]
        return [kind for kind in kinds if kind not in FEED_KINDS]

    def clear(self) -> None:
        """Forget all; the file shrinks to nothing."""
        self._connection.close()
        _remove(self._path)
        self._connection = _open_incoming(self._path)


class _Peak(Struct, frozen=True, kw_only=True):
    count: int
    since_ms: int


def _may_shrink(checked: Checked) -> bool:
    if "article" in checked.deleted:
        return True
    return any(isinstance(put.row, Article) and put.row.blocked for put in checked.puts.get("article", ()))


def _saleable(connection: apsw.Connection) -> int:
    rows: list[Any] = connection.execute(_SALEABLE).fetchall()
    return int(rows[0][0])


def vital_rows(connection: apsw.Connection, kinds: Iterable[str]) -> dict[str, int]:
    """Count the rows of those kinds that a till cannot work without."""
    counted: dict[str, int] = {}
    for kind in VITAL_KINDS.keys() & set(kinds):
        rows: list[Any] = connection.execute(VITAL_KINDS[kind]).fetchall()
        counted[kind] = int(rows[0][0])
    return counted


def _incoming_row(change: FeedChange) -> tuple[str, str, int, bytes]:
    return change.kind, change.key, change.rev, bytes(change.body)


def _open_or_renew(path: Path) -> apsw.Connection:
    check_library()
    try:
        return _open(path)
    except (apsw.CorruptError, apsw.NotADBError, OtherLayoutError):
        # Nothing in it that head office does not have.
        _remove(path)
        return _open(path)


class OtherLayoutError(Exception):
    """The mirror was written by a program of another version."""


def _open(path: Path) -> apsw.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Customers and PIN hashes lie in it; SQLite gives its side files the same mode.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(BUSY_TIMEOUT_MS)
    for name, value in WRITER_PRAGMAS.items():
        connection.pragma(name, value)
    connection.pragma("journal_size_limit", JOURNAL_SIZE_MAX_BYTES)
    _lay_out(connection)
    connection.execute("SELECT count(*) FROM sync").fetchone()
    return connection


def _lay_out(connection: apsw.Connection) -> None:
    """Make the tables of a new file. Raises OtherLayoutError, with the file closed, for one that has other tables."""
    rows: list[Any] = connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
    if rows[0][0] and connection.pragma("user_version") != LAYOUT_VERSION:
        connection.close()
        raise OtherLayoutError
    with connection:
        connection.execute(LAYOUT)
        connection.pragma("user_version", LAYOUT_VERSION)


def _open_incoming(path: Path) -> apsw.Connection:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    try:
        connection = apsw.Connection(str(path))
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", "normal")
        connection.execute(_INCOMING_LAYOUT)
    except (apsw.CorruptError, apsw.NotADBError):
        _remove(path)
        return _open_incoming(path)
    return connection


def _remove(path: Path) -> None:
    for suffix in ("-wal", "-shm", ""):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return -1
