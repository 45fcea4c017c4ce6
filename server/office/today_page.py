"""Today: sales against last week, what waits to be picked up or decided, and how the tills are."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.params import FromPath
from markupsafe import Markup
from msgspec import Struct

from schema.clock import local_day
from schema.errors import Refused
from schema.money import minor_digits
from server.auth.audit import audit
from server.kept import currency_in
from server.listing import Filter, ListRequest
from server.mailing.rules import MATTER as MAIL_NOT_SENT
from server.office import specs
from server.office.accounting_pages import runner_light
from server.office.charts import Chart, bar_chart, line_chart, row_chart
from server.office.table import Column, choice_of
from server.office.till_pages import contact_state
from server.office.visit import Sent, Visit, Visiting, go, one
from server.pipeline.lists import parked, worklist
from server.pipeline.worklist import close_by_hand
from server.reports.today import HourSales, Today, today
from server.tills.lists import stores, till_names, tills

HOUR_FIRST, HOUR_LAST = 6, 22
WORK_ROWS_MAX = 200
WORK_ORDERS = frozenset(
    {"overpaid", "paid after cancel", "price difference", "pickup conflict", "prepayment counted twice"}
)


class Figure(Struct, frozen=True, kw_only=True):
    """A number on the page: what it is, its value and what to know beside it."""

    label: str
    value: str
    beside: str


class TodayPage(Controller):
    path = "/"

    @get("/", sync_to_thread=True)
    def show(self, visit: Visiting) -> Response[Any]:
        """Show the first page, of today or of the day in the address."""
        day = wanted_day(visit)
        with visit.parts.database.read() as connection:
            facts = today(connection, day, visit.now_ms)
            known_stores, known_tills = stores(connection), tills(connection)
        currency = known_stores[0].currency if known_stores else "EUR"
        return visit.page(
            "today.html",
            facts=facts,
            figures=figures(visit, facts, currency),
            by_hour=hour_chart(visit, facts, currency, is_today=day == visit_day(visit)),
            hour_bars=hour_bars(visit, facts, currency),
            by_store=store_chart(visit, facts, currency),
            matters=[(matter, matter_label(visit, matter.kind)) for matter in facts.worklist],
            tills=[each for each in known_tills if each.revoked_ms is None],
            oldest={each.till_id: each.oldest_waiting_ms for each in facts.tills},
            unsent={each.till_id: each.unsent for each in facts.tills},
            contact=lambda each: contact_state(visit, each),
            runner=runner_light(visit, facts.worker),
            has_stores=bool(known_stores),
            is_today=day == visit_day(visit),
        )

    @get("/worklist", sync_to_thread=True)
    def show_worklist(self, visit: Visiting) -> Response[Any]:
        """Show what a person must decide, and the events that are parked with the reason."""
        kind = one(visit.query, "kind")
        still_open = (Filter(column="done_ms", test="empty"),)
        filters = (*still_open, Filter(column="kind", value=kind)) if kind else still_open
        with visit.parts.database.read() as connection:
            matters = worklist(
                connection, ListRequest(filters=filters, limit=WORK_ROWS_MAX, sort="id", descending=True)
            )
            held = parked(connection, ListRequest(limit=WORK_ROWS_MAX, sort="parked_ms"))
            names = till_names(connection)
        rows = [(row, matter_told(visit, row)) for row in matters.rows]
        waiting = [(row, visit.said(row["reason"], row["worded"])) for row in held.rows]
        return visit.page("worklist.html", rows=rows, count=matters.count, parked=waiting, names=names, kind=kind)

    @get("/worklist/{matter_id:int}/close", sync_to_thread=True)
    def ask_close(self, visit: Visiting, matter_id: FromPath[int]) -> Response[Any]:
        """Ask once before a matter is closed, and say what that means."""
        with visit.parts.database.read() as connection:
            found = worklist(connection, ListRequest(keys=(str(matter_id),), limit=1)).rows
        if not found:
            raise Refused("not_found", no_matter(visit))
        words = visit.words
        return visit.ask(
            words("Close “{matter}”?", matter=f"{matter_label(visit, found[0]['kind'])}: {found[0]['subject']}"),
            [
                matter_text(visit, found[0]),
                words("Close it when this is decided and done. It comes back only if its figures change."),
            ],
            action=f"/worklist/{matter_id}/close",
            yes=words("Yes, it is decided"),
            no=words("No, leave it open"),
            back="/worklist",
        )

    @post("/worklist/{matter_id:int}/close", sync_to_thread=True)
    def close_matter(self, visit: Visiting, matter_id: FromPath[int], form: Sent) -> Response[Any]:  # noqa: ARG002  # checked
        """Close a matter that a person has decided."""
        visit.require("accountant", "admin")
        with visit.parts.database.write() as connection:
            if not close_by_hand(connection, matter_id, visit.now_ms):
                raise Refused(
                    "not_found", visit.words("There is no such open matter. Somebody else may have closed it.")
                )
            audit(connection, visit.staff.name, "matter closed", str(matter_id), now_ms=visit.now_ms)
        return go("/worklist?told=closed")


def no_matter(visit: Visit) -> str:
    """Say that a matter is not there."""
    return visit.words("There is no such open matter. Somebody else may have closed it.")


def visit_day(visit: Visit) -> date:
    """Return today as head office's wall shows it."""
    return local_day(visit.now_ms, visit.parts.clock.utc_offset_min())


def wanted_day(visit: Visit) -> date:
    """Return the day that the address names, or today."""
    try:
        return date.fromisoformat(one(visit.query, "day"))
    except ValueError:
        return visit_day(visit)


def figures(visit: Visit, facts: Today, currency: str) -> list[Figure]:
    """Return the numbers at the top."""
    words, formats = visit.words, visit.formats
    now = [sale for sale in facts.sales if sale.currency == currency]
    before = [sale for sale in facts.sales_before if sale.currency == currency]
    total, receipts = sum(sale.total_minor for sale in now), sum(sale.receipts for sale in now)
    total_before = sum(sale.total_minor for sale in before)
    drawer = sum(till.drawer.get(currency, 0) for till in facts.tills if till.revoked_ms is None)
    waiting = min((till.oldest_waiting_ms for till in facts.tills if till.oldest_waiting_ms), default=None)
    return [
        Figure(
            label=words("Sales"),
            value=formats.amount(total, currency),
            beside=words("{amount} on the whole day a week ago", amount=formats.amount(total_before, currency)),
        ),
        Figure(
            label=words("Receipts"),
            value=formats.whole(receipts),
            beside=words("{amount} on average", amount=formats.amount(total // receipts if receipts else 0, currency)),
        ),
        Figure(
            label=words("Open orders for pickup"),
            value=formats.whole(sum(each.open for each in facts.pickups)),
            beside=words("{count} expected by today", count=formats.whole(sum(each.due for each in facts.pickups))),
        ),
        Figure(
            label=words("In the drawers"),
            value=formats.amount(drawer, currency),
            beside=words("oldest waiting event: {at}", at=formats.instant(waiting))
            if waiting
            else words("no event waits"),
        ),
    ]


def by_hours(sales: Sequence[HourSales], currency: str, hours: Sequence[int]) -> list[int]:
    """Return what was sold in each hour."""
    return [
        sum(sale.total_minor for sale in sales if sale.hour == hour and sale.currency == currency) for hour in hours
    ]


def shown_hours(facts: Today) -> list[int]:
    """Return the hours that the charts show: the shop's day, and more where something was sold outside it."""
    sold = [sale.hour for sale in (*facts.sales, *facts.sales_before)]
    return list(range(min([HOUR_FIRST, *sold]), max([HOUR_LAST, *sold]) + 1))


def running(values: Sequence[int]) -> list[int]:
    """Return the sums so far."""
    total, sums = 0, []
    for value in values:
        total += value
        sums.append(total)
    return sums


def hour_chart(visit: Visit, facts: Today, currency: str, *, is_today: bool) -> Markup:
    """Draw the day's sales as they grow, against the same weekday last week."""
    hours = shown_hours(facts)
    now, before = by_hours(facts.sales, currency, hours), by_hours(facts.sales_before, currency, hours)
    hour_now = (visit.now_ms // 60_000 + visit.parts.clock.utc_offset_min()) // 60 % 24
    upto = max(min(hour_now - hours[0] + 1, len(hours)), 1) if is_today else None
    chart = Chart(
        name="sales",
        title=visit.words("Sales of the day against last week"),
        description=visit.words(
            "{now} so far; {before} on the whole day a week ago.",
            now=visit.formats.amount(sum(now), currency),
            before=visit.formats.amount(sum(before), currency),
        ),
        labels=[f"{hour:02}" for hour in hours],
        now=running(now),
        then=running(before),
        upto=upto,
    )
    return line_chart(chart, axis(visit, currency))


def hour_bars(visit: Visit, facts: Today, currency: str) -> Markup:
    """Draw what each hour sold, beside the same hour last week."""
    hours = shown_hours(facts)
    now, before = by_hours(facts.sales, currency, hours), by_hours(facts.sales_before, currency, hours)
    best = max(range(len(hours)), key=lambda index: now[index])
    chart = Chart(
        name="hours",
        title=visit.words("Sales by hour"),
        description=visit.words(
            "Best hour: {hour} with {amount}.",
            hour=f"{hours[best]:02}:00",
            amount=visit.formats.amount(now[best], currency),
        ),
        labels=[f"{hour:02}" for hour in hours],
        now=now,
        then=before,
    )
    return bar_chart(chart, axis(visit, currency))


def store_chart(visit: Visit, facts: Today, currency: str) -> Markup | None:
    """Draw what each store sold; nothing where nobody sold anything."""
    sums: dict[str, int] = {}
    for sale in facts.sales:
        if sale.currency == currency:
            sums[sale.store] = sums.get(sale.store, 0) + sale.total_minor
    if not sums:
        return None
    ordered = sorted(sums.items(), key=lambda item: -item[1])[:12]
    chart = Chart(
        name="stores",
        title=visit.words("Sales by store"),
        description=", ".join(f"{store}: {visit.formats.amount(amount, currency)}" for store, amount in ordered),
        labels=[visit.words("Store {store}", store=store) for store, _ in ordered],
        now=[amount for _, amount in ordered],
    )
    return row_chart(chart, lambda amount: visit.formats.amount(amount, currency))


def axis(visit: Visit, currency: str) -> Any:
    """Return how a chart's axis writes amounts: whole units of the currency where they are whole."""
    unit = 10 ** minor_digits(currency)

    def write(amount_minor: int) -> str:
        if amount_minor % unit:
            return visit.formats.number(amount_minor, currency)
        return visit.formats.whole(amount_minor // unit)

    return write


def matter_label(visit: Visit, kind: str) -> str:
    """Return a matter's kind in the user's words."""
    return visit.words(choice_of(Column(name="", label="", choices=specs.WORK_KINDS), kind).label)


def matter_told(visit: Visit, row: dict[str, Any]) -> dict[str, str]:
    """Return what a matter's row shows: its kind, where it leads, what to do and the amount in doubt."""
    return {
        "label": matter_label(visit, row["kind"]),
        "link": matter_link(row),
        "text": matter_text(visit, row),
        "amount": matter_amount(visit, row),
    }


def matter_text(visit: Visit, row: dict[str, Any]) -> str:
    """Return what happened and what to do, in the user's words; evidence of a stopped stream is told by its kind."""
    if row["kind"] in specs.STOPPED_STREAMS:
        return visit.words(specs.STOPPED_STREAMS[row["kind"]], detail=row["detail"])
    return visit.said(row["detail"], row["worded"])


def matter_amount(visit: Visit, row: dict[str, Any]) -> str:
    """Return the amount in doubt, or "" where it is not about an amount."""
    if not row["amount_minor"]:
        return ""
    return visit.formats.amount(row["amount_minor"], currency_in(row["worded"]) or visit.currency)


def matter_link(row: dict[str, Any]) -> str:
    """Return where a matter leads: its order, voucher or customer."""
    kind, subject = row["kind"], quote(row["subject"], safe="")
    if kind in WORK_ORDERS:
        return f"/orders/{row['source_event']}"
    if kind == MAIL_NOT_SENT:
        return f"/mails?q={subject}"
    if kind.startswith("voucher"):
        return f"/vouchers/{subject}"
    if kind in {"credit limit exceeded", "customer number clash"}:
        return f"/customers/{subject}"
    return f"/open-items?q={subject}" if kind.startswith("open item") else ""
