"""The one table that all lists share: what it shows (`TableSpec`), how a user has it (`TableState`), what a page needs.

The address holds the whole state, so a list can be sent to a colleague; the user's own columns, order, filters and
page size are remembered (staff.preferences) and used where an address says nothing. Filters are typed: a choice, a
part of a text, a range of amounts or of days. What cannot be read is said beside its field, and is no filter.

Address: `q` search · `sort` column or -column · `columns` a,b,c · `size` · `page` · `f.<column>` and, for ranges,
`f.<column>.from` / `.to`. `set=1` asks to remember; `c` and `p.<column>` come from the form that chooses columns.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal
from urllib.parse import parse_qs, urlencode

from msgspec import Struct

from schema.errors import Refused
from schema.locale import read_day
from schema.money import parse_amount
from server.listing import PAGE_ROWS_MAX, Filter, ListRequest, Test
from server.office.formats import end_ms, start_ms

Kind = Literal["text", "whole", "amount", "day", "instant", "choice", "quantity"]
Tone = Literal["", "off", "go", "wait", "warn", "stop"]
Query = Mapping[str, Sequence[str]]

SIZES = (25, 50, 100, 250, PAGE_ROWS_MAX)
SIZE = 50
SEARCH_CHARS_MAX = 100
FILTER_CHARS_MAX = 100
COLUMNS_MAX = 50
RANGES: frozenset[Kind] = frozenset({"amount", "day", "instant", "whole"})
NUMBERS: frozenset[Kind] = frozenset({"amount", "whole", "quantity"})


class Choice(Struct, frozen=True, kw_only=True):
    """A value that a column can have, the words for it, and the shape that goes with it."""

    value: str
    label: str
    tone: Tone = ""


class Column(Struct, frozen=True, kw_only=True):
    """A column: its name in the listing, its heading, its kind; `shown` unless the user chose otherwise."""

    name: str
    label: str
    kind: Kind = "text"
    choices: tuple[Choice, ...] = ()
    shown: bool = True
    sortable: bool = True
    filterable: bool = True
    wide: bool = False


class TableSpec(Struct, frozen=True, kw_only=True):
    """A list: its path, its name in the preferences, its columns, its first order and what it says when empty."""

    name: str
    path: str
    columns: tuple[Column, ...]
    key: str
    sort: str
    descending: bool = True
    currency: str = ""
    sums: tuple[str, ...] = ()
    searchable: bool = True
    markable: bool = True
    row_path: str = ""


class TableState(Struct, frozen=True, kw_only=True):
    """How a user has a list: everything that the address holds."""

    search: str = ""
    sort: str = ""
    descending: bool = False
    columns: tuple[str, ...] = ()
    filters: Mapping[str, str] = {}
    size: int = SIZE
    page: int = 1


class Wrong(Struct, frozen=True, kw_only=True):
    """A filter that could not be read: its parameter and the kind of value that was expected."""

    parameter: str
    kind: Kind


def first_state(spec: TableSpec) -> TableState:
    """Return a list as it is before a user changes anything."""
    shown = tuple(column.name for column in spec.columns if column.shown)
    return TableState(sort=spec.sort, descending=spec.descending, columns=shown)


def read_state(spec: TableSpec, query: Query, remembered: str = "") -> TableState:
    """Read a list's state from an address, or from what is remembered where the address says nothing.

    Whatever the address holds, the result is a state that can be shown: unknown names are dropped.
    """
    if not says_state(query):
        query = remembered_query(remembered)
    first = first_state(spec)
    sort, descending = _sort(spec, _one(query, "sort")) or (first.sort, first.descending)
    return TableState(
        search=_one(query, "q").strip()[:SEARCH_CHARS_MAX],
        sort=sort,
        descending=descending,
        columns=_columns(spec, query) or first.columns,
        filters=_filters(spec, query),
        size=_size(_one(query, "size")),
        page=max(_whole(_one(query, "page")), 1),
    )


def says_state(query: Query) -> bool:
    """Tell whether an address says how the list should be."""
    return any(name in {"q", "sort", "columns", "size", "page", "set", "c"} or name.startswith("f.") for name in query)


def remembered_query(remembered: str) -> dict[str, list[str]]:
    """Read what `to_remember` wrote."""
    return parse_qs(remembered, keep_blank_values=False, max_num_fields=200) if remembered else {}


def to_remember(state: TableState) -> str:
    """Return what is kept of a state: not the page, not the search."""
    return urlencode(_parameters(state, with_search=False))


def address(spec: TableSpec, state: TableState, **extra: str | int) -> str:
    """Return the address of a state, with further parameters such as page or format."""
    parameters = [pair for pair in _parameters(state) if pair[0] not in extra]
    parameters += [(name, str(value)) for name, value in extra.items() if value != ""]
    return f"{spec.path}?{urlencode(parameters)}"


def without_filter(spec: TableSpec, state: TableState, name: str) -> str:
    """Return the address without the filters of one column."""
    kept = [(key, value) for key, value in _parameters(state) if not _is_filter_of(key, name)]
    return f"{spec.path}?{urlencode([*kept, ('set', '1')])}"


def hidden(state: TableState, *, but: str) -> list[tuple[str, str]]:
    """Return the parameters that a form carries along unseen; `but` names what it sets: search, filters, columns."""
    left_out = {"search": ("q",), "filters": ("f.",), "columns": ("columns",), "size": ("size",)}[but]
    return [pair for pair in _parameters(state) if not pair[0].startswith(left_out)]


def sort_address(spec: TableSpec, state: TableState, name: str) -> str:
    """Return the address that sorts by a column, the other way round if it already does."""
    column = column_of(spec, name)
    descending = not state.descending if state.sort == name else column.kind in NUMBERS or column.kind == "instant"
    kept = [pair for pair in _parameters(state) if pair[0] != "sort"]
    return f"{spec.path}?{urlencode([*kept, ('sort', _signed(name, descending)), ('set', '1')])}"


def request_of(spec: TableSpec, state: TableState) -> tuple[ListRequest, tuple[Wrong, ...]]:
    """Turn a state into what the database is asked, and name the filters that could not be read."""
    filters: list[Filter] = []
    wrong: list[Wrong] = []
    for parameter, text in state.filters.items():
        try:
            filters.append(_filter(spec, parameter, text))
        except Refused:
            wrong.append(Wrong(parameter=parameter, kind=column_of(spec, parameter.split(".")[1]).kind))
    request = ListRequest(
        filters=tuple(filters),
        search=state.search,
        sort=state.sort,
        descending=state.descending,
        offset=(state.page - 1) * state.size,
        limit=state.size,
    )
    return request, tuple(wrong)


def column_of(spec: TableSpec, name: str) -> Column:
    """Return a column by its name. Raises KeyError."""
    for column in spec.columns:
        if column.name == name:
            return column
    raise KeyError(name)


def shown_columns(spec: TableSpec, state: TableState) -> list[Column]:
    """Return the columns in the user's order."""
    return [column_of(spec, name) for name in state.columns]


def all_columns(spec: TableSpec, state: TableState) -> list[Column]:
    """Return every column, the shown ones first and in the user's order, as the chooser lists them."""
    rest = [column for column in spec.columns if column.name not in state.columns]
    return [*shown_columns(spec, state), *rest]


def filtered_columns(state: TableState) -> list[str]:
    """Return the names of the columns that have a filter, each once: their number stands on the button."""
    return list(dict.fromkeys(parameter.split(".")[1] for parameter in state.filters))


def pages_in(count: int, size: int) -> int:
    """Return how many pages a list has; an empty one has one."""
    return max(-(-count // size), 1)


def choice_of(column: Column, value: str) -> Choice:
    """Return the words and the shape for a value; an unknown one stands for itself."""
    for choice in column.choices:
        if choice.value == value:
            return choice
    return Choice(value=value, label=value)


def _parameters(state: TableState, *, with_search: bool = True) -> list[tuple[str, str]]:
    pairs = [("q", state.search)] if with_search and state.search else []
    pairs.append(("sort", _signed(state.sort, state.descending)))
    pairs.append(("columns", ",".join(state.columns)))
    pairs += sorted(state.filters.items())
    if state.size != SIZE:
        pairs.append(("size", str(state.size)))
    return pairs


def _signed(name: str, descending: bool) -> str:
    return f"-{name}" if descending else name


def _sort(spec: TableSpec, text: str) -> tuple[str, bool] | None:
    name = text.removeprefix("-")
    fits = any(column.name == name and column.sortable for column in spec.columns)
    return (name, text.startswith("-")) if fits else None


def _columns(spec: TableSpec, query: Query) -> tuple[str, ...]:
    if "c" in query:
        names = sorted(query["c"][:COLUMNS_MAX], key=lambda name: _whole(_one(query, f"p.{name}")) or COLUMNS_MAX)
    else:
        names = _one(query, "columns").split(",")[:COLUMNS_MAX]
    known = {column.name for column in spec.columns}
    return tuple(dict.fromkeys(name for name in names if name in known))


def _filters(spec: TableSpec, query: Query) -> dict[str, str]:
    found = {}
    for column in spec.columns:
        for parameter in parameters_of(column):
            text = _one(query, parameter).strip()[:FILTER_CHARS_MAX]
            if text:
                found[parameter] = text
    return found


def parameters_of(column: Column) -> tuple[str, ...]:
    """Return the names of a column's filter parameters: two for a range, one else, none where it has no filter."""
    if not column.filterable:
        return ()
    name = f"f.{column.name}"
    return (f"{name}.from", f"{name}.to") if column.kind in RANGES else (name,)


def _is_filter_of(parameter: str, name: str) -> bool:
    return parameter == f"f.{name}" or parameter.startswith(f"f.{name}.")


def _filter(spec: TableSpec, parameter: str, text: str) -> Filter:
    _, name, *end = parameter.split(".")
    column = column_of(spec, name)
    if column.kind in RANGES:
        test: Test = "at_least" if end == ["from"] else "at_most"
        return Filter(column=name, test=test, value=_bound(column.kind, text, upper=end == ["to"]))
    return Filter(column=name, test="is" if column.choices else "contains", value=text)


def _bound(kind: Kind, text: str, *, upper: bool) -> int | str:
    if kind == "amount":
        return parse_amount(text, "EUR")
    if kind == "whole":
        return parse_amount(text, "JPY")
    day: date = read_day(text)
    if kind == "day":
        return day.isoformat()
    return end_ms(day) if upper else start_ms(day)


def _size(text: str) -> int:
    size = _whole(text)
    return size if 1 <= size <= PAGE_ROWS_MAX else SIZE


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0


def _one(query: Query, name: str) -> str:
    values = query.get(name) or ("",)
    return values[0]
