"""What a list's page shows, made of a table's state and the rows that were read: plain values for `table.html`.

Everything here is already in the user's language and format; the template only places it.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from schema.money import format_plain
from server.listing import Page
from server.office.export import Value, csv_text
from server.office.formats import Formats, local
from server.office.table import (
    NUMBERS,
    RANGES,
    SIZES,
    Column,
    Kind,
    TableSpec,
    TableState,
    Tone,
    Wrong,
    address,
    all_columns,
    choice_of,
    column_of,
    filtered_columns,
    hidden,
    pages_in,
    parameters_of,
    shown_columns,
    sort_address,
    without_filter,
)
from server.office.words import Words, say

Row = Mapping[str, Any]
Paint = Callable[[Row, Column], "Cell"]
MaybePaint = Callable[[Row, Column], "Cell | None"]
NO_STATE = "-"

EXPECTED: dict[Kind, str] = {
    "amount": say("Type an amount like {example}."),
    "day": say("Type a day like {example}."),
    "instant": say("Type a day like {example}."),
    "whole": say("Type a whole number."),
}


class Cell(Struct, frozen=True, kw_only=True):
    """One cell: its text, where it leads, and the shape of a state where it tells one."""

    text: str
    href: str = ""
    tone: Tone | str = NO_STATE
    hint: str = ""
    numeric: bool = False
    wide: bool = False
    tight: bool = False


class RowView(Struct, frozen=True, kw_only=True):
    """A row: its key, what it opens, its cells, and the amounts that the sum of the marked adds up."""

    key: str
    href: str
    cells: list[Cell]
    currency: str
    sums: list[tuple[str, int]]
    marked: bool


class Heading(Struct, frozen=True, kw_only=True):
    label: str
    numeric: bool
    sorted: str
    sort_address: str


class Input(Struct, frozen=True, kw_only=True):
    name: str
    value: str
    label: str
    wrong: str = ""


class Option(Struct, frozen=True, kw_only=True):
    value: str
    label: str


class FilterField(Struct, frozen=True, kw_only=True):
    label: str
    inputs: list[Input]
    choices: list[Option]


class ColumnChoice(Struct, frozen=True, kw_only=True):
    name: str
    label: str
    shown: bool


class Link(Struct, frozen=True, kw_only=True):
    text: str
    address: str


class SumView(Struct, frozen=True, kw_only=True):
    label: str
    text: str


class SizeView(Struct, frozen=True, kw_only=True):
    count: int
    address: str


class Told(Struct, frozen=True, kw_only=True):
    """What a list is called, says above itself, in its search field, and when it has nothing to show."""

    title: str
    note: str = ""
    search_hint: str = ""
    empty_heading: str
    empty_text: str


class ListView(Struct, frozen=True, kw_only=True):
    """Everything that table.html places."""

    name: str
    path: str
    here: str
    title: str
    note: str
    searchable: bool
    search: str
    search_hint: str
    markable: bool
    narrowed: bool
    columns: list[Heading]
    rows: list[RowView]
    filter_fields: list[FilterField]
    filter_count: int
    no_filter_address: str
    column_choices: list[ColumnChoice]
    chips: list[Link]
    count_text: str
    sums: list[SumView]
    sums_named: bool
    sum_names: list[str]
    sum_labels: list[str]
    marked_text: str
    page: int
    pages: int
    previous: str
    next: str
    size: int
    sizes: list[SizeView]
    export_address: str
    empty_heading: str
    empty_text: str
    hidden_search: list[tuple[str, str]]
    hidden_filters: list[tuple[str, str]]
    hidden_columns: list[tuple[str, str]]
    hidden_marks: list[tuple[str, str]]
    hidden_page: list[tuple[str, str]]


class Reader(Struct, frozen=True, kw_only=True):
    """Who reads: the words and formats of the user's language."""

    words: Words
    formats: Formats


class Marks(Struct, frozen=True, kw_only=True):
    """The marked rows' keys and their sums per currency, where the address names some."""

    keys: frozenset[str] = frozenset()
    sums: Mapping[str, Mapping[str, int]] = {}


def list_view(
    spec: TableSpec,
    state: TableState,
    page: Page,
    *,
    reader: Reader,
    told: Told,
    paint: MaybePaint | None = None,
    wrong: Sequence[Wrong] = (),
    marks: Marks = Marks(),  # noqa: B008  # frozen
) -> ListView:
    """Put a list's page together."""
    pages = pages_in(page.count, state.size)
    narrowed = bool(state.filters or state.search)
    words = reader.words
    columns = shown_columns(spec, state)

    def painted(row: Row, column: Column) -> Cell:
        return (paint(row, column) if paint else None) or plain_cell(spec, row, column, reader)

    return ListView(
        name=spec.name,
        path=spec.path,
        here=address(spec, state, page=state.page),
        title=words(told.title),
        note=words(told.note) if told.note else "",
        searchable=spec.searchable,
        search=state.search,
        search_hint=words(told.search_hint) if told.search_hint else words("Search"),
        markable=spec.markable,
        narrowed=narrowed,
        columns=[_heading(spec, state, column, words) for column in columns],
        rows=[_row(spec, columns, row, painted, marks) for row in page.rows],
        filter_fields=[_filter_field(state, column, reader, wrong) for column in spec.columns if column.filterable],
        filter_count=len(filtered_columns(state)),
        no_filter_address=_no_filter(spec, state),
        column_choices=[
            ColumnChoice(name=column.name, label=words(column.label), shown=column.name in state.columns)
            for column in all_columns(spec, state)
        ],
        chips=[_chip(spec, state, name, reader) for name in filtered_columns(state)],
        count_text=reader.formats.whole(page.count),
        sums=_sums(spec, page.sums, reader),
        sums_named=len(spec.sums) > 1,
        sum_names=[name.replace("_", "-") for name in spec.sums],
        sum_labels=[words(column_of(spec, name).label) for name in spec.sums],
        marked_text=_marked_text(spec, marks, reader),
        page=min(state.page, pages),
        pages=pages,
        previous=address(spec, state, page=min(state.page - 1, pages)) if state.page > 1 else "",
        next=address(spec, state, page=state.page + 1) if state.page < pages else "",
        size=state.size,
        sizes=[SizeView(count=size, address=address(spec, state, size=size, set=1)) for size in SIZES],
        export_address=address(spec, state, format="csv"),
        empty_heading=words("Nothing fits the search or the filter") if narrowed else words(told.empty_heading),
        empty_text=words("Take a filter away, or search for less.") if narrowed else words(told.empty_text),
        hidden_search=hidden(state, but="search"),
        hidden_filters=hidden(state, but="filters"),
        hidden_columns=hidden(state, but="columns"),
        hidden_marks=[*hidden(state, but="size"), ("size", str(state.size)), ("page", str(state.page))],
        hidden_page=[*hidden(state, but="size"), ("size", str(state.size))],
    )


def list_csv(spec: TableSpec, state: TableState, rows: Sequence[Row], reader: Reader) -> str:
    """Write the shown columns of rows as CSV; a state is written in words, an amount as a number."""
    columns = shown_columns(spec, state)
    head = [reader.words(column.label) for column in columns]
    body = ([_csv_value(spec, row, column, reader) for column in columns] for row in rows)
    return csv_text(head, body, reader.words.language)


def plain_cell(spec: TableSpec, row: Row, column: Column, reader: Reader) -> Cell:
    """Return a cell as its column's kind asks."""
    value = row[column.name]
    if column.choices:
        choice = choice_of(column, str(value))
        return Cell(text=reader.words(choice.label), tone=choice.tone if choice.tone else NO_STATE, tight=True)
    return Cell(
        text=_text(spec, row, column, reader.formats),
        numeric=column.kind in NUMBERS and value is not None,
        wide=column.wide,
        tight=not column.wide,
    )


def _text(spec: TableSpec, row: Row, column: Column, formats: Formats) -> str:
    value = row[column.name]
    if value is None or value == "":
        return ""
    if column.kind == "amount":
        return formats.amount(int(value), _currency(spec, row))
    writers: dict[Kind, Callable[[Any], str]] = {
        "whole": formats.whole,
        "quantity": formats.quantity,
        "day": formats.day,
        "instant": formats.instant,
    }
    return writers.get(column.kind, str)(value)


def _currency(spec: TableSpec, row: Row) -> str:
    return str(row[spec.currency]) if spec.currency else "EUR"


def _row(spec: TableSpec, columns: Sequence[Column], row: Row, paint: Paint, marks: Marks) -> RowView:
    key = str(row[spec.key])
    href = f"{spec.row_path}/{_quoted(key)}" if spec.row_path else ""
    cells = [paint(row, column) for column in columns]
    if cells and href and not cells[0].href:
        first = cells[0]
        cells[0] = Cell(text=first.text or key, href=href, numeric=first.numeric, tight=True)
    return RowView(
        key=key,
        href=href,
        cells=cells,
        currency=_currency(spec, row),
        sums=[(name, int(row[name] or 0)) for name in spec.sums],
        marked=key in marks.keys,
    )


def _quoted(text: str) -> str:
    return quote(text, safe="")


def _heading(spec: TableSpec, state: TableState, column: Column, words: Words) -> Heading:
    direction = "descending" if state.descending else "ascending"
    return Heading(
        label=words(column.label),
        numeric=column.kind in NUMBERS,
        sorted=direction if state.sort == column.name else "",
        sort_address=sort_address(spec, state, column.name) if column.sortable else "",
    )


def _filter_field(state: TableState, column: Column, reader: Reader, wrong: Sequence[Wrong]) -> FilterField:
    words = reader.words
    parameters = parameters_of(column)
    labels = (words("from"), words("to")) if column.kind in RANGES else (words("contains"),)
    said = {one.parameter: _expected(one.kind, reader) for one in wrong}
    return FilterField(
        label=words(column.label),
        inputs=[
            Input(name=name, value=state.filters.get(name, ""), label=label, wrong=said.get(name, ""))
            for name, label in zip(parameters, labels, strict=True)
        ],
        choices=[Option(value=choice.value, label=words(choice.label)) for choice in column.choices],
    )


def _expected(kind: Kind, reader: Reader) -> str:
    example = reader.formats.plain(1250) if kind == "amount" else reader.formats.day_example()
    return reader.words(EXPECTED.get(kind, "{example}"), example=example)


def _no_filter(spec: TableSpec, state: TableState) -> str:
    bare = TableState(
        search=state.search, sort=state.sort, descending=state.descending, columns=state.columns, size=state.size
    )
    return address(spec, bare, set=1)


def _chip(spec: TableSpec, state: TableState, name: str, reader: Reader) -> Link:
    column = column_of(spec, name)
    label = reader.words(column.label)
    if column.kind in RANGES:
        low, high = (state.filters.get(parameter, "…") for parameter in parameters_of(column))
        text = f"{label}: {low} – {high}"
    elif column.choices:
        text = f"{label}: {reader.words(choice_of(column, state.filters[f'f.{name}']).label)}"
    else:
        text = f"{label}: {state.filters[f'f.{name}']}"
    return Link(text=text, address=without_filter(spec, state, name))


def _sums(spec: TableSpec, sums: Mapping[str, Mapping[str, int]], reader: Reader) -> list[SumView]:
    return [
        SumView(label=reader.words(column_of(spec, name).label), text=reader.formats.amount(amount, currency or "EUR"))
        for currency, amounts in sums.items()
        for name, amount in amounts.items()
        if name in spec.sums
    ]


def _marked_text(spec: TableSpec, marks: Marks, reader: Reader) -> str:
    if not marks.keys:
        return ""
    sums = " · ".join(one.text for one in _sums(spec, marks.sums, reader))
    return f"{len(marks.keys)} {reader.words('marked')}: {sums}"


def _csv_value(spec: TableSpec, row: Row, column: Column, reader: Reader) -> Value:
    value = row[column.name]
    if value is None or value == "":
        return ""
    if column.choices:
        return reader.words(choice_of(column, str(value)).label)
    if column.kind == "amount":
        return Decimal(format_plain(int(value), _currency(spec, row)))
    if column.kind == "instant":
        return local(int(value)).isoformat(timespec="seconds")
    written: dict[Kind, Callable[[str], Value]] = {"whole": int, "quantity": Decimal}
    return written.get(column.kind, str)(str(value))
