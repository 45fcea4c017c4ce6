"""Reports: the control figures of a day's books, and in words whether they agree."""

from datetime import date, timedelta
from typing import Any

from litestar import Controller, Response, get

from schema.clock import local_day
from schema.errors import Refused
from schema.locale import read_day
from server.office.visit import Visit, Visiting, one
from server.reports.books import books
from server.tills.lists import stores, till_names


class ReportPages(Controller):
    path = "/reports"

    @get("/", sync_to_thread=True)
    def show_books(self, visit: Visiting) -> Response[Any]:
        """Show a day's control figures."""
        day, wrong = wanted_day(visit)
        store = one(visit.query, "store")
        with visit.parts.database.read() as connection:
            figures = books(connection, day, store=store)
            known, names = stores(connection), till_names(connection)
        return visit.page(
            "reports.html",
            status=422 if wrong else 200,
            books=figures,
            day=day.isoformat(),
            typed_day=one(visit.query, "day") if wrong else visit.formats.day(day),
            day_before=(day - timedelta(days=1)).isoformat(),
            day_after=(day + timedelta(days=1)).isoformat(),
            wrong_day=wrong,
            store=store,
            stores=known,
            names=names,
            is_empty=not (figures.figures or figures.receipts or figures.shifts or figures.gaps),
        )


def wanted_day(visit: Visit) -> tuple[date, str]:
    """Return the day that was asked for, today else, and what is wrong with it."""
    today = local_day(visit.now_ms, visit.parts.clock.utc_offset_min())
    typed = one(visit.query, "day")
    if not typed:
        return today, ""
    try:
        return read_day(typed), ""
    except Refused:
        return today, visit.words("This is not a day. Type it like {example}.", example=visit.formats.day_example())
