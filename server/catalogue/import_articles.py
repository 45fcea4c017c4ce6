"""Import articles from a CSV file (docs/import.md): good rows land, bad rows are named by line with the reason.

Rows are stored a thousand at a time, each lot in its own transaction, so that tills can go on sending meanwhile; a run
that breaks off is simply run again. A row that is the same already changes nothing and gets no new revision.
"""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, get_args

from msgspec import Struct

from schema.barcode import clean_read, lookup_key
from schema.catalogue import Article, Unit
from schema.clock import Clock
from schema.errors import Refused
from schema.money import parse_amount
from schema.text import without_controls
from server.catalogue.articles import put_articles
from server.db import Database
from server.tills.identity import read_meta

LOT_ROWS = 1000
PROBLEMS_MAX = 1000
NUMBER_LENGTH_MAX = 40
NAME_LENGTH_MAX = 200
FIELD_LENGTH_MAX = 10_000
BARCODES_MAX = 50
REQUIRED = ("number", "name", "price", "tax_code")
# A file may head its columns either way.
_ALIASES = {"barcodes": "barcode", "tax": "tax_code", "article": "number"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
UNITS = frozenset(get_args(Unit))

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


class Rules(Struct, frozen=True, kw_only=True):
    """What a row is checked against."""

    currency: str
    tax_codes: frozenset[str]


class _Tally:
    """Counts while rows go by."""

    def __init__(self) -> None:
        self.rows = self.changed = self.unchanged = self.bad = 0
        self.problems: list[BadRow] = []

    def refuse(self, line: int, number: str, reason: str) -> None:
        self.bad += 1
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(BadRow(line=line, number=number[:NUMBER_LENGTH_MAX], reason=reason))


def import_file(
    database: Database, clock: Clock, path: Path, *, dry_run: bool = False, advance: Advance = unwatched
) -> ImportReport:
    """Import a file; `advance` is told (rows done, total where known).

    Raises Refused("unreadable_file"), Refused("bad_columns") or Refused("no_tax_rates") before anything is stored.
    """
    rules = read_rules(database)
    tally = _Tally()
    with _opened(path) as text:
        lot: list[Article] = []
        for article in _articles(text, rules, tally):
            lot.append(article)
            if len(lot) == LOT_ROWS:
                _store(database, clock, lot, tally, dry_run)
                advance(len(lot), None)
                lot = []
        _store(database, clock, lot, tally, dry_run)
        advance(len(lot), tally.rows)
    return ImportReport(
        rows=tally.rows,
        changed=tally.changed,
        unchanged=tally.unchanged,
        bad=tally.bad,
        dry_run=dry_run,
        problems=tuple(tally.problems),
    )


def read_rules(database: Database) -> Rules:
    """Return what this head office accepts. Raises Refused("no_tax_rates") where none are known."""
    with database.read() as connection:
        codes = frozenset(code for (code,) in connection.rows("SELECT DISTINCT code FROM tax_rate"))
        currency = read_meta(connection, "currency") or "EUR"
    if not codes:
        raise Refused("no_tax_rates", "Head office knows no VAT rates yet. Run “python -m server init” first.")
    return Rules(currency=currency, tax_codes=codes)


def _store(database: Database, clock: Clock, lot: list[Article], tally: _Tally, dry_run: bool) -> None:
    if not lot or dry_run:
        return
    stored = database.transact(lambda connection: put_articles(connection, lot, clock.now_ms()))
    tally.changed += stored.changed
    tally.unchanged += stored.unchanged


def _articles(text: TextIO, rules: Rules, tally: _Tally) -> Iterator[Article]:
    seen: dict[str, int] = {}
    for line, row in _rows(text, tally):
        tally.rows += 1
        number = (row.get("number") or "").strip()
        try:
            article = parse_row(row, rules)
        except Refused as error:
            tally.refuse(line, number, error.message)
            continue
        if number in seen:
            tally.refuse(line, number, f"Article {number} stands in line {seen[number]} already.")
            continue
        seen[number] = line
        yield article


def _rows(text: TextIO, tally: _Tally) -> Iterator[tuple[int, Mapping[str, str]]]:
    csv.field_size_limit(FIELD_LENGTH_MAX)
    reader = csv.reader(text, delimiter=_delimiter(text))
    columns = _columns(next(reader, []))
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


def _columns(header: list[str]) -> list[str]:
    names = [name.strip().lower().replace(" ", "_") for name in header]
    columns = [_ALIASES.get(name, name) for name in names]
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise Refused(
            "bad_columns",
            f"The first line must name the columns; missing: {', '.join(missing)}. See docs/import.md.",
        )
    return columns


def parse_row(row: Mapping[str, str], rules: Rules) -> Article:
    """Turn a row into an article. Raises Refused with what is wrong in it."""
    price_minor = parse_amount(_text(row, "price", 30), rules.currency)
    if price_minor < 0:
        raise Refused("bad_amount", "The price is negative.")
    tax_code = _text(row, "tax_code", 30)
    if tax_code not in rules.tax_codes:
        known = ", ".join(sorted(rules.tax_codes))
        raise Refused("unknown_tax", f"Tax code “{tax_code}” is not known; known are: {known}.")
    unit = _text(row, "unit", 20) or "piece"
    if unit not in UNITS:
        raise Refused("unknown_unit", f"Unit “{unit}” is not known; known are: {', '.join(sorted(UNITS))}.")
    return Article(
        number=_needed(row, "number", NUMBER_LENGTH_MAX),
        name=_needed(_cleaned(row, "name"), "name", NAME_LENGTH_MAX),
        short_name=_text(_cleaned(row, "short_name"), "short_name", 40),
        group=_text(_cleaned(row, "group"), "group", 80),
        unit=unit,
        price_minor=price_minor,
        tax_code=tax_code,
        barcodes=_barcodes(row.get("barcode", "")),
        blocked=_text(row, "blocked", 5).lower() in ("1", "yes", "true"),
    )


def _barcodes(text: str) -> tuple[str, ...]:
    codes = text.replace("|", " ").split()
    if len(codes) > BARCODES_MAX:
        raise Refused("bad_barcode", f"An article has at most {BARCODES_MAX} barcodes.")
    return tuple(dict.fromkeys(lookup_key(clean_read(code)) for code in codes))


def _cleaned(row: Mapping[str, str], column: str) -> dict[str, str]:
    """Drop what no screen shows and a printer might obey; a tab or line break in a name becomes a space."""
    text = " ".join(row.get(column, "").split())
    return {column: text if text.isprintable() else without_controls(text)}


def _needed(row: Mapping[str, str], column: str, length_max: int) -> str:
    text = _text(row, column, length_max)
    if not text:
        raise Refused("missing", f"There is no {column}.")
    return text


def _text(row: Mapping[str, str], column: str, length_max: int) -> str:
    text = row.get(column, "").strip()
    if len(text) > length_max:
        raise Refused("too_long", f"The {column} is longer than {length_max} characters.")
    if not text.isprintable() and _CONTROL.search(text):
        raise Refused("control_character", f"The {column} has a control character in it.")
    return text


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


def report_text(report: ImportReport) -> str:
    """Write a report for people."""
    done = "would be checked in" if report.dry_run else "changed"
    lines = [f"line {each.line} {each.number}: {each.reason}" for each in report.problems]
    if report.bad > len(report.problems):
        lines.append(f"… and {report.bad - len(report.problems)} more bad rows")
    good = report.rows - report.bad
    counts = f"{good} good" if report.dry_run else f"{report.changed} {done}, {report.unchanged} unchanged"
    return "\n".join([*lines, f"{report.rows} rows: {counts}, {report.bad} left out."])
