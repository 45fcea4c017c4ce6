"""Lists as people read them: one page of rows, sorted and filtered, with the count and the sums of all that fit.

A room that owns tables describes a list once, as a `Listing` (which columns it has and where they come from); the
office and the API ask for a page of it with a `ListRequest`. The text of the SQL is made of the room's own constants
only; everything a person typed is bound. Whatever the page's size, a list costs two statements.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from schema.errors import Refused

Test = Literal["is", "contains", "at_least", "at_most", "empty", "filled"]
PAGE_ROWS_MAX = 500
EXPORT_ROWS_MAX = 200_000
KEYS_MAX = 1000

Select = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]


class Filter(Struct, frozen=True, kw_only=True):
    """One condition on one column; several of them all have to hold. `value` has the column's own type."""

    column: str
    test: Test = "is"
    value: str | int = ""


class Listing(Struct, frozen=True, kw_only=True):
    """A list's description: `columns` maps a name to its SQL expression, `source` is what follows FROM.

    `key` names the column that tells rows apart (it breaks ties in the order), `search` those that a search looks
    into, `sums` those that are added up, `currency` the one that sums are kept apart by.
    """

    source: str
    columns: Mapping[str, str]
    key: str
    search: tuple[str, ...] = ()
    sums: tuple[str, ...] = ()
    currency: str = ""
    sort: str = ""
    descending: bool = True


class ListRequest(Struct, frozen=True, kw_only=True):
    """Which page of a list; `keys` keeps only the rows named."""

    filters: tuple[Filter, ...] = ()
    search: str = ""
    sort: str = ""
    descending: bool = False
    offset: int = 0
    limit: int = 50
    keys: tuple[str, ...] = ()


class Page(Struct, frozen=True, kw_only=True):
    """Rows as (column → value), how many fit in all, and their sums per currency ('' where there is none)."""

    rows: list[dict[str, Any]]
    count: int
    sums: dict[str, dict[str, int]]


def read_page(select: Select, listing: Listing, request: ListRequest) -> Page:
    """Read one page and the totals of everything that fits.

    `select` runs a statement with `?` placeholders. Raises Refused("unknown_column").
    """
    count, sums = read_totals(select, listing, request)
    return Page(rows=read_rows(select, listing, request), count=count, sums=sums)


def read_rows(select: Select, listing: Listing, request: ListRequest) -> list[dict[str, Any]]:
    """Read the rows of one page, at most `EXPORT_ROWS_MAX`."""
    condition, bound = _condition(listing, request)
    fields = ", ".join(f"{text} AS {name}" for name, text in listing.columns.items())
    limit = max(1, min(request.limit, EXPORT_ROWS_MAX))
    sql = f"SELECT {fields} FROM {listing.source}{condition}{_order(listing, request)} LIMIT ? OFFSET ?"
    rows = select(sql, [*bound, limit, max(request.offset, 0)])
    return [dict(zip(listing.columns, row, strict=True)) for row in rows]


def read_totals(select: Select, listing: Listing, request: ListRequest) -> tuple[int, dict[str, dict[str, int]]]:
    """Count the rows that fit and add up their sums, per currency."""
    condition, bound = _condition(listing, request)
    currency = listing.columns[listing.currency] if listing.currency else "''"
    added = "".join(f", COALESCE(SUM({listing.columns[name]}), 0)" for name in listing.sums)
    group = f" GROUP BY {currency} ORDER BY 1" if listing.currency else ""
    rows = select(f"SELECT {currency}, COUNT(*){added} FROM {listing.source}{condition}{group}", bound)
    sums = {row[0]: dict(zip(listing.sums, (int(value) for value in row[2:]), strict=True)) for row in rows}
    return sum(int(row[1]) for row in rows), sums


def _condition(listing: Listing, request: ListRequest) -> tuple[str, list[Any]]:
    parts: list[str] = []
    bound: list[Any] = []
    for one in request.filters:
        text, values = _test(_column(listing, one.column), one)
        parts.append(text)
        bound.extend(values)
    if request.search and listing.search:
        pattern = _pattern(request.search)
        parts.append("(" + " OR ".join(_like(_column(listing, name)) for name in listing.search) + ")")
        bound.extend(pattern for _ in listing.search)
    if request.keys:
        keys = request.keys[:KEYS_MAX]
        parts.append(f"CAST({_column(listing, listing.key)} AS TEXT) IN ({', '.join('?' for _ in keys)})")
        bound.extend(keys)
    return (" WHERE " + " AND ".join(parts) if parts else ""), bound


def _test(text: str, one: Filter) -> tuple[str, list[Any]]:
    match one.test:
        case "is":
            return f"{text} = ?", [one.value]
        case "contains":
            return _like(text), [_pattern(str(one.value))]
        case "at_least":
            return f"{text} >= ?", [one.value]
        case "at_most":
            return f"{text} <= ?", [one.value]
        case "empty":
            return f"({text} IS NULL OR CAST({text} AS TEXT) = '')", []
        case "filled":
            return f"({text} IS NOT NULL AND CAST({text} AS TEXT) <> '')", []


def _like(text: str) -> str:
    return f"LOWER(CAST({text} AS TEXT)) LIKE ? ESCAPE '!'"


def _pattern(text: str) -> str:
    escaped = text.strip().lower().replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{escaped}%"


def _order(listing: Listing, request: ListRequest) -> str:
    name, descending = (request.sort, request.descending) if request.sort else (listing.sort, listing.descending)
    way = " DESC" if descending else ""
    key = _column(listing, listing.key)
    first = _column(listing, name) if name else key
    return f" ORDER BY {first}{way}" + ("" if first == key else f", {key}{way}")


def _column(listing: Listing, name: str) -> str:
    try:
        return listing.columns[name]
    except KeyError:
        raise Refused("unknown_column", f"This list has no column “{name}”. Choose one of its own.") from None
