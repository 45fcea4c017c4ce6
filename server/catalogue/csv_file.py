"""Import rows from a CSV file (docs/import.md): good rows land, bad rows are named by line with the reason.

A `Recipe` says which columns a kind of file has, how a row is read and how a lot of them is stored. Rows are stored a
thousand at a time, each lot in its own transaction, so that tills can go on sending meanwhile; a run that breaks off
is simply run again. A row that is the same already changes nothing and gets no new revision.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TextIO, TypeVar

from msgspec import Struct

from schema.errors import Refused
from server.db import Connection, Database

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

LOT_ROWS = 1000
PROBLEMS_MAX = 1000
KEY_LENGTH_MAX = 40
FIELD_LENGTH_MAX = 10_000
Row = TypeVar("Row")
Fields = Mapping[str, str]
Advance = Callable[[int, int | None], None]


def unwatched(_done: int, _total: int | None) -> None:
    """Show no progress."""


class BadRow(Struct, frozen=True, kw_only=True):
    """A row that was left out: its line in the file and why."""

    line: int
    number: str
    reason: str


class ImportReport(Struct, frozen=True, kw_only=True):
    """What an import came to. At most `PROBLEMS_MAX` bad rows are named; `bad` counts all."""

    rows: int
    changed: int
    unchanged: int
    bad: int
    dry_run: bool
    problems: tuple[BadRow, ...] = ()


class Recipe(Struct, Generic[Row], frozen=True, kw_only=True):
    """How a kind of file is read. `label` names a row for people, `key` tells two rows of the same thing.

    `parse` raises Refused with what is wrong in a row. `store` gets a lot and the columns that the file has, and
    returns how many rows were new or different.
    """

    noun: str
    required: Sequence[str]
    label: str
    key: Callable[[Row], str]
    parse: Callable[[Fields], Row]
    store: Callable[[Connection, Sequence[Row], frozenset[str]], int]
    aliases: Mapping[str, str] = {}


class _Tally:
    """Counts while rows go by."""

    def __init__(self) -> None:
        self.rows = self.changed = self.unchanged = self.bad = 0
        self.problems: list[BadRow] = []

    def refuse(self, line: int, number: str, reason: str) -> None:
        self.bad += 1
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(BadRow(line=line, number=number[:KEY_LENGTH_MAX], reason=reason))


def import_rows(
    database: Database, path: Path, recipe: Recipe[Row], *, dry_run: bool = False, advance: Advance = unwatched
) -> ImportReport:
    """Import a file; `advance` is told (rows done, total where known).

    Raises Refused("unreadable_file") or Refused("bad_columns") before anything is stored.
    """
    tally = _Tally()
    with _opened(path) as text:
        reader = csv.reader(text, delimiter=_delimiter(text))
        columns = _columns(next(reader, []), recipe)
        for lot in _lots(_read(reader, columns, recipe, tally)):
            if not dry_run:
                _store(database, lot, recipe, frozenset(columns), tally)
            advance(len(lot), None)
        advance(0, tally.rows)
    return ImportReport(
        rows=tally.rows,
        changed=tally.changed,
        unchanged=tally.unchanged,
        bad=tally.bad,
        dry_run=dry_run,
        problems=tuple(tally.problems),
    )


def _store(database: Database, lot: Sequence[Row], recipe: Recipe[Row], columns: frozenset[str], tally: _Tally) -> None:
    changed = database.transact(lambda connection: recipe.store(connection, lot, columns))
    tally.changed += changed
    tally.unchanged += len(lot) - changed


def _lots(rows: Iterator[Row]) -> Iterator[list[Row]]:
    lot: list[Row] = []
    for row in rows:
        lot.append(row)
        if len(lot) == LOT_ROWS:
            yield lot
            lot = []
    if lot:
        yield lot


def _read(reader: "CsvReader", columns: Sequence[str], recipe: Recipe[Row], tally: _Tally) -> Iterator[Row]:
    seen: dict[str, int] = {}
    for line, fields in _fields(reader, columns, tally):
        tally.rows += 1
        label = (fields.get(recipe.label) or "").strip()
        try:
            row = recipe.parse(fields)
        except Refused as error:
            tally.refuse(line, label, error.message)
            continue
        key = recipe.key(row)
        if key in seen:
            tally.refuse(line, label, f"{recipe.noun} {key} stands in line {seen[key]} already.")
            continue
        seen[key] = line
        yield row


def _fields(reader: "CsvReader", columns: Sequence[str], tally: _Tally) -> Iterator[tuple[int, Fields]]:
    csv.field_size_limit(FIELD_LENGTH_MAX)
    while True:
        try:
            values = next(reader, None)
        except csv.Error as error:
            tally.rows += 1
            tally.refuse(reader.line_num, "", f"The line is no CSV ({error}).")
            continue
        if values is None:
            return
        if not values:
            continue
        if len(values) != len(columns):
            tally.rows += 1
            tally.refuse(reader.line_num, values[0], f"The line has {len(values)} fields, the header {len(columns)}.")
            continue
        yield reader.line_num, dict(zip(columns, values, strict=True))


def _delimiter(text: TextIO) -> str:
    header = text.readline()
    text.seek(0)
    return max(",;\t", key=header.count)


def _columns(header: list[str], recipe: Recipe[Row]) -> list[str]:
    names = [name.strip().lower().replace(" ", "_") for name in header]
    columns = [recipe.aliases.get(name, name) for name in names]
    missing = [name for name in recipe.required if name not in columns]
    if missing:
        raise Refused(
            "bad_columns",
            f"The first line must name the columns; missing: {', '.join(missing)}. See docs/import.md.",
        )
    return columns


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    """Open a CSV file, gzipped or not, as text that can be read again from its start."""
    try:
        with (
            gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as binary,
            io.TextIOWrapper(binary, encoding="utf-8-sig", newline="") as text,
        ):
            yield text
    except UnicodeDecodeError as error:
        raise Refused("unreadable_file", f"{path.name} is not UTF-8 ({error.reason}). Save it as UTF-8.") from error
    except (OSError, EOFError, zlib.error) as error:
        raise Refused("unreadable_file", f"{path} cannot be read: {error}.") from error


def is_yes(text: str) -> bool:
    """Read a yes-or-no column."""
    return text.strip().lower() in {"1", "yes", "true"}


def words_of(text: str) -> tuple[str, ...]:
    """Read a column that holds several values, separated by spaces or bars."""
    return tuple(text.replace("|", " ").split())


def report_text(report: ImportReport) -> str:
    """Write a report for people."""
    lines = [f"line {each.line} {each.number}: {each.reason}" for each in report.problems]
    if report.bad > len(report.problems):
        lines.append(f"… and {report.bad - len(report.problems)} more bad rows")
    good = report.rows - report.bad
    counts = f"{good} good" if report.dry_run else f"{report.changed} changed, {report.unchanged} unchanged"
    return "\n".join([*lines, f"{report.rows} rows: {counts}, {report.bad} left out."])
