"""Head office's database: SQLite in the data folder, or PostgreSQL at `DATABASE_URL`, behind one small face.

peewee owns the connections (a pool, one per thread while it is used); SQL is fixed text, written once with `?` for
values, and goes through the driver's own cursor, which is many times faster than a query builder (architecture §4).

A room asks for `Database.read()` or `Database.write()` and gets a `Connection` that lives for one transaction:

* `read`: one consistent snapshot for all its statements;
* `write`: SQLite takes one in-process lock and `BEGIN IMMEDIATE`, so writers queue fairly instead of failing;
  PostgreSQL runs READ COMMITTED, and who needs a row alone adds `connection.for_update` to its SELECT;
* `transact(work)`: a write that is run again when PostgreSQL found a deadlock or SQLite was busy.

What differs between the engines is hidden here: placeholders, bool (stored as 0/1), `sum()` (always int), COPY, locks
and the classes of errors. What is not hidden: `NOT column` and `WHERE column` need `column = 0` / `column <> 0`.
"""

import hashlib
import re
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import apsw
import psycopg
from peewee import OperationalError
from playhouse.apsw_ext import APSWDatabase
from playhouse.pool import PooledDatabase
from playhouse.postgres_ext import PooledPsycopg3Database
from psycopg.adapt import Loader
from psycopg.types.string import StrDumperUnknown

from schema.errors import Refused, Unready
from schema.sqlite import BUSY_TIMEOUT_MS, WRITER_PRAGMAS, check_library
from server.bell import Bell

Engine = Literal["sqlite", "postgres"]
Row = tuple[Any, ...]
Result = TypeVar("Result")

FILE = "head-office.db"
POOL_CONNECTIONS_MAX = 32
POOL_WAIT_S = 10
WRITE_TRIES_MAX = 5
# Below this many rows PostgreSQL's COPY through a temporary table costs more than it saves.
COPY_ROWS_MIN = 20
SQLITE_CACHE_KIB = 65536

_QUOTED_OR_MARK = re.compile(r"'(?:[^']|'')*'|\?|%")


class ConstraintBrokenError(Exception):
    """The database refused a row: a key exists, a check fails, a guard trigger said no. Inside `write` on
    PostgreSQL the transaction is lost with it; use `Connection.savepoint` where the answer is expected."""


_BROKEN = (apsw.ConstraintError, psycopg.IntegrityError, psycopg.errors.RaiseException)
_COLLIDED = (apsw.BusyError, psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)
# On PostgreSQL a text with NUL or a key longer than an index holds, on either a number beyond 64 bits: from outside,
# never from our own tables.
_UNFIT = (psycopg.DataError, psycopg.errors.ProgramLimitExceeded, OverflowError)
_AWAY = (psycopg.OperationalError, apsw.IOError, apsw.FullError, apsw.ReadOnlyError, apsw.CantOpenError)


@lru_cache(maxsize=1024)
def for_postgres(sql: str) -> str:
    """Turn `?` into `%s` outside quoted text and double every `%`."""
    return _QUOTED_OR_MARK.sub(_postgres_token, sql)


def _postgres_token(match: re.Match[str]) -> str:
    found = match.group()
    return "%s" if found == "?" else found.replace("%", "%%")


class Connection(ABC):
    """A database connection for the length of one transaction. Values are bound to `?`, in order."""

    engine: Engine
    # Appended to a SELECT that must hold its rows: "" on SQLite, whose write transaction holds everything.
    for_update: str
    # The same for queues: rows that someone else holds are passed over.
    skip_locked: str

    def __init__(self, database: "Database") -> None:
        self._database = database
        self._after_commit: list[Callable[[], None]] = []

    @abstractmethod
    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """Run a statement and return all its rows."""

    @abstractmethod
    def run(self, sql: str, params: Sequence[Any] = ()) -> int:
        """Run a statement and return how many rows it changed."""

    @abstractmethod
    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> int:
        """Run a statement for each row of values and return how many rows it changed in all."""

    @abstractmethod
    def script(self, sql: str) -> None:
        """Run several statements at once, without values."""

    @abstractmethod
    def copy_rows(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], on_conflict: str = ""
    ) -> int:
        """Insert many rows the fastest way the engine knows; return how many were written.

        `on_conflict` is a whole clause such as `ON CONFLICT DO NOTHING`. Table and columns are our own constants.
        """

    @abstractmethod
    def control(self, sql: str) -> None:
        """Begin, commit or roll back: not counted among the statements. Called by `Database`."""

    @abstractmethod
    def lock(self, name: str, *, shared: bool = False) -> None:
        """Hold a named lock until the transaction ends (SQLite's write transaction is that lock).

        Any number may hold it `shared` at once, but nobody beside one who holds it alone.
        """

    def row(self, sql: str, params: Sequence[Any] = ()) -> Row | None:
        """Return the first row, or None."""
        found = self.rows(sql, params)
        return found[0] if found else None

    def value(self, sql: str, params: Sequence[Any] = ()) -> Any:
        """Return the first value of the first row, or None."""
        found = self.rows(sql, params)
        return found[0][0] if found else None

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo only this block when it raises; the transaction goes on."""
        self.script("SAVEPOINT inner_block")
        try:
            yield
        except BaseException:
            self.script("ROLLBACK TO SAVEPOINT inner_block")
            self.script("RELEASE SAVEPOINT inner_block")
            raise
        self.script("RELEASE SAVEPOINT inner_block")

    def after_commit(self, action: Callable[[], None]) -> None:
        """Call something once this transaction is durable, and not at all if it is not."""
        self._after_commit.append(action)

    def ring(self, bell: str) -> None:
        """Ring one of the database's bells once this transaction is durable: "feed", "work"."""
        self.after_commit(self._database.bell(bell).ring)

    def committed(self) -> None:
        """Run what waited for the commit. Called by `Database`."""
        for action in self._after_commit:
            action()

    def _count(self) -> None:
        self._database.statements += 1


class SqliteConnection(Connection):
    """SQLite through apsw."""

    engine: Engine = "sqlite"
    for_update = ""
    skip_locked = ""

    def __init__(self, database: "Database", raw: apsw.Connection) -> None:
        super().__init__(database)
        self._raw = raw

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        self._count()
        try:
            return self._raw.execute(sql, params).fetchall()
        except apsw.ConstraintError as error:
            raise ConstraintBrokenError(str(error)) from error

    def run(self, sql: str, params: Sequence[Any] = ()) -> int:
        before = self._raw.total_changes()
        self.rows(sql, params)
        return self._raw.changes() if self._raw.total_changes() != before else 0

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> int:
        self._count()
        before = self._raw.total_changes()
        try:
            self._raw.executemany(sql, rows)
        except apsw.ConstraintError as error:
            raise ConstraintBrokenError(str(error)) from error
        return self._raw.total_changes() - before

    def script(self, sql: str) -> None:
        self.rows(sql)

    def copy_rows(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], on_conflict: str = ""
    ) -> int:
        return self.many(_insert(table, columns, on_conflict), rows)

    def control(self, sql: str) -> None:
        self._raw.execute(sql)

    def lock(self, name: str, *, shared: bool = False) -> None:
        """Do nothing: a write transaction is alone already."""


class PostgresConnection(Connection):
    """PostgreSQL through psycopg, values bound by the client: `? = ''` needs no type that way."""

    engine: Engine = "postgres"
    for_update = " FOR UPDATE"
    skip_locked = " FOR UPDATE SKIP LOCKED"

    def __init__(self, database: "Database", raw: "psycopg.Connection[Row]") -> None:
        super().__init__(database)
        self._raw = raw

    def _execute(self, sql: str, params: Sequence[Any]) -> "psycopg.Cursor[Row]":
        self._count()
        cursor = psycopg.ClientCursor(self._raw)
        try:
            return cursor.execute(for_postgres(sql), _plain(params))
        except _BROKEN as error:
            raise ConstraintBrokenError(str(error)) from error

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        cursor = self._execute(sql, params)
        return cursor.fetchall() if cursor.description else []

    def run(self, sql: str, params: Sequence[Any] = ()) -> int:
        return max(self._execute(sql, params).rowcount, 0)

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> int:
        self._count()
        cursor = self._raw.cursor()
        try:
            cursor.executemany(for_postgres(sql), [_plain(row) for row in rows])
        except _BROKEN as error:
            raise ConstraintBrokenError(str(error)) from error
        return max(cursor.rowcount, 0)

    def script(self, sql: str) -> None:
        self._count()
        self._raw.execute(sql.encode())

    def copy_rows(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], on_conflict: str = ""
    ) -> int:
        if len(rows) < COPY_ROWS_MIN:
            return self.many(_insert(table, columns, on_conflict), rows)
        names = ", ".join(columns)
        digest = hashlib.sha256(names.encode()).hexdigest()[:8]
        staging = f"copy_{table}_{digest}"
        self.script(
            f"SET LOCAL client_min_messages TO warning; CREATE TEMP TABLE IF NOT EXISTS {staging} "
            f"ON COMMIT DELETE ROWS AS SELECT {names} FROM {table} WITH NO DATA"
        )
        with self._raw.cursor() as cursor, cursor.copy(f"COPY {staging} ({names}) FROM STDIN".encode()) as copy:
            for row in rows:
                copy.write_row(_plain(row))
        written = self.run(f"INSERT INTO {table} ({names}) SELECT {names} FROM {staging} {on_conflict}")
        self.script(f"TRUNCATE {staging}")
        return written

    def control(self, sql: str) -> None:
        self._raw.execute(sql.encode())

    def lock(self, name: str, *, shared: bool = False) -> None:
        self.rows(f"SELECT pg_advisory_xact_lock{'_shared' if shared else ''}(hashtext(?))", (name,))


def _insert(table: str, columns: Sequence[str], on_conflict: str) -> str:
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks}) {on_conflict}"


def _plain(params: Sequence[Any]) -> Sequence[Any]:
    """PostgreSQL does not take a bool for a BIGINT; SQLite does."""
    return [int(value) if isinstance(value, bool) else value for value in params]


class _WholeNumberLoader(Loader):
    """`sum()` over BIGINT is NUMERIC on PostgreSQL; ours are whole numbers, so they come back as int."""

    def load(self, data: Any) -> int:
        return int(bytes(data))


class _PooledSqlite(PooledDatabase, APSWDatabase):  # type: ignore[misc]  # peewee has no type information
    """peewee's pool over peewee's apsw driver."""


class _PooledPostgres(PooledPsycopg3Database):  # type: ignore[misc]  # peewee has no type information
    """peewee's pool, with connections that read NUMERIC as int and send text without a type."""

    def _initialize_connection(self, connection: "psycopg.Connection[Row]") -> None:
        connection.adapters.register_loader("numeric", _WholeNumberLoader)
        connection.adapters.register_dumper(str, StrDumperUnknown)


class Database:
    """The one handle of a program on head office's data. Open it once, close it at the end."""

    def __init__(self, engine: Engine, pool: Any) -> None:
        self.engine: Engine = engine
        # How many statements ran since the start; list pages assert how many they need.
        self.statements = 0
        self._pool = pool
        self._writer = threading.Lock()
        self._bells: dict[str, Bell] = {}

    def bell(self, name: str) -> Bell:
        """Return this process's bell of a name: "feed" (a new revision) or "work" (events or jobs to do)."""
        return self._bells.setdefault(name, Bell())

    def close(self) -> None:
        """Close all connections. Nothing may be running."""
        self._pool.close_all()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one snapshot and is not meant to write."""
        begin = "BEGIN" if self.engine == "sqlite" else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        with self._checked_out() as connection, self._transaction(connection, begin):
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection whose changes are durable, all of them, when the block ends, or none when it raises.

        Raises Unready when the database cannot be reached or is held by someone else for too long.
        """
        if self.engine == "sqlite":
            with (
                self._checked_out() as connection,
                self._writer,
                self._transaction(connection, "BEGIN IMMEDIATE"),
            ):
                yield connection
        else:
            with self._checked_out() as connection, self._transaction(connection, "BEGIN"):
                yield connection
        connection.committed()

    def transact(self, work: Callable[[Connection], Result]) -> Result:
        """Run work in a write transaction, and again when it collided with another: it must be safe to repeat."""
        for tried in range(1, WRITE_TRIES_MAX + 1):
            try:
                with self.write() as connection:
                    return work(connection)
            except Unready as error:
                if error.code != "database_busy" or tried == WRITE_TRIES_MAX:
                    raise
                time.sleep(0.02 * 2**tried)
        raise AssertionError("unreachable")

    def in_batches(self, work: Callable[[Connection], int], *, rows_max: int, batches_max: int) -> int:
        """Run work in one transaction after the other until it did less than `rows_max`; return how much in all."""
        done = 0
        for _ in range(batches_max):
            batch = self.transact(work)
            done += batch
            if batch < rows_max:
                break
        return done

    @contextmanager
    def _checked_out(self) -> Iterator[Connection]:
        if not self._pool.is_closed():
            raise RuntimeError("this thread is inside a transaction already: hand its connection on instead")
        try:
            context = self._pool.connection_context()
            context.__enter__()
        except (OperationalError, *_AWAY) as error:
            raise _away(error) from error
        except ValueError as error:  # peewee's MaxConnectionsExceeded
            raise Unready("database_busy", "Head office is busy: all database connections are in use.") from error
        try:
            raw = self._pool.connection()
            yield SqliteConnection(self, raw) if self.engine == "sqlite" else PostgresConnection(self, raw)
        finally:
            context.__exit__(None, None, None)

    @contextmanager
    def _transaction(self, connection: Connection, begin: str) -> Iterator[None]:
        try:
            connection.control(begin)
            yield
            connection.control("COMMIT")
        except BaseException as error:
            self._roll_back(connection)
            _raise_ours(error)

    def _roll_back(self, connection: Connection) -> None:
        try:
            connection.control("ROLLBACK")
        except (apsw.Error, psycopg.Error):
            # SQLite has already rolled back, or the connection is gone; the pool drops a closed one.
            return


def _raise_ours(error: BaseException) -> None:
    """Raise what happened as one of our classes; the raw one stays its cause."""
    if isinstance(error, _COLLIDED):
        raise Unready("database_busy", "Head office's database was busy. Nothing was stored; try again.") from error
    if isinstance(error, _UNFIT):  # before _AWAY: to psycopg a limit is an operational error
        raise Refused("bad_request", f"A value cannot be stored: {error}. Nothing was changed.") from error
    if isinstance(error, _AWAY):
        raise _away(error) from error
    if isinstance(error, _BROKEN):
        raise ConstraintBrokenError(str(error)) from error
    raise error


def _away(error: BaseException) -> Unready:
    return Unready(
        "database_away",
        f"Head office's database cannot be used ({type(error).__name__}: {error}). Nothing was stored. "
        "Check the disk's free space and rights, or the PostgreSQL server at DATABASE_URL.",
    )


def open_sqlite(path: Path) -> Database:
    """Open (or make) a SQLite database. Raises Refused("old_sqlite") on a library that loses commits."""
    check_library()
    path.parent.mkdir(parents=True, exist_ok=True)
    pragmas = {**WRITER_PRAGMAS, "cache_size": -SQLITE_CACHE_KIB, "temp_store": "memory"}
    pool = _PooledSqlite(
        str(path),
        pragmas=pragmas,
        timeout=POOL_WAIT_S,
        max_connections=POOL_CONNECTIONS_MAX,
    )
    pool._timeout = BUSY_TIMEOUT_MS / 1000
    return Database("sqlite", pool)


def open_postgres(url: str) -> Database:
    """Open a PostgreSQL database by its URL."""
    url = re.sub(r"^postgres://", "postgresql://", url)
    pool = _PooledPostgres(url, timeout=POOL_WAIT_S, max_connections=POOL_CONNECTIONS_MAX, stale_timeout=300)
    return Database("postgres", pool)


def open_database(folder: Path, url: str | None = None) -> Database:
    """Open PostgreSQL where a URL is given, else the SQLite file in the data folder."""
    return open_postgres(url) if url else open_sqlite(folder / FILE)
