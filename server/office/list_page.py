"""A list's page from beginning to end: state from the address or from memory, rows from the room, HTML or CSV out."""

from collections.abc import Callable
from typing import Any

import msgspec
from litestar import Response
from msgspec import Struct

from server.auth.staff import keep_preferences
from server.db import Connection
from server.listing import EXPORT_ROWS_MAX, KEYS_MAX, ListRequest, Page
from server.office.table import TableSpec, address, pages_in, read_state, request_of, to_remember
from server.office.views import ListView, Marks, MaybePaint, Told, list_csv, list_view
from server.office.visit import Visit, go, one

Read = Callable[[Connection, ListRequest], Page]
CSV = "text/csv"


class Shown(Struct, frozen=True, kw_only=True):
    """How a list's page is told: its texts, its template, cells painted otherwise, and what is read beside it."""

    told: Told
    template: str = "list.html"
    paint: MaybePaint | None = None
    more: Callable[[Connection], dict[str, Any]] | None = None


def remembered(visit: Visit, name: str) -> str:
    """Return how the user had a list last."""
    lists = visit.staff.preferences.get("lists")
    return str(lists.get(name, "")) if isinstance(lists, dict) else ""


def state_change(visit: Visit, spec: TableSpec) -> Response[Any] | None:
    """Do what an address asks to remember or to forget, and answer with the plain address; None if it asks nothing.

    An address that says nothing leads to the remembered one, so that what is seen always stands in the address.
    """
    if "reset" in visit.query:
        _remember(visit, spec.name, "")
        return go(spec.path)
    kept = remembered(visit, spec.name)
    state = read_state(spec, visit.query, kept)
    if "set" in visit.query:
        _remember(visit, spec.name, to_remember(state))
        return go(address(spec, state))
    if kept and not (set(visit.query) - {"told"}):
        return go(address(spec, state, told=one(visit.query, "told")))
    return None


def read_view(visit: Visit, connection: Connection, spec: TableSpec, read: Read, shown: Shown) -> ListView:
    """Read one page of a list as the template shows it: two statements, two more when rows are marked."""
    state = read_state(spec, visit.query, remembered(visit, spec.name))
    request, wrong = request_of(spec, state)
    page = read(connection, request)
    if page.count and not page.rows:
        # Rows went away since, or somebody typed a page that is not there: the last one is the nearest.
        state = msgspec.structs.replace(state, page=pages_in(page.count, state.size))
        page = read(connection, request_of(spec, state)[0])
    marks = _marks(visit, connection, read)
    return list_view(
        spec, state, page, reader=visit.reader, told=shown.told, paint=shown.paint, wrong=wrong, marks=marks
    )


def csv_answer(visit: Visit, connection: Connection, spec: TableSpec, read: Read) -> Response[str]:
    """Answer with everything that fits the filters, as CSV, at most `EXPORT_ROWS_MAX` rows."""
    state = read_state(spec, visit.query, remembered(visit, spec.name))
    request, _ = request_of(spec, state)
    everything = msgspec.structs.replace(request, offset=0, limit=EXPORT_ROWS_MAX)
    text = list_csv(spec, state, read(connection, everything).rows, visit.reader)
    headers = {"content-disposition": f'attachment; filename="{spec.name}.csv"'}
    return Response(content=text, media_type=CSV, headers=headers)


def list_answer(visit: Visit, spec: TableSpec, read: Read, shown: Shown) -> Response[Any]:
    """Answer a list's address."""
    changed = state_change(visit, spec)
    if changed:
        return changed
    with visit.parts.database.read() as connection:
        if one(visit.query, "format") == "csv":
            return csv_answer(visit, connection, spec, read)
        view = read_view(visit, connection, spec, read, shown)
        extra = shown.more(connection) if shown.more else {}
    return visit.page(shown.template, view=view, **extra)


def _marks(visit: Visit, connection: Connection, read: Read) -> Marks:
    keys = tuple(visit.query.get("mark", ())[:KEYS_MAX])
    if not keys:
        return Marks()
    return Marks(keys=frozenset(keys), sums=read(connection, ListRequest(keys=keys, limit=1)).sums)


def _remember(visit: Visit, name: str, text: str) -> None:
    lists = visit.staff.preferences.get("lists")
    kept = dict(lists) if isinstance(lists, dict) else {}
    kept[name] = text
    lists_kept = {key: value for key, value in kept.items() if value}
    with visit.parts.database.write() as connection:
        keep_preferences(connection, visit.staff.name, {**visit.staff.preferences, "lists": lists_kept})
