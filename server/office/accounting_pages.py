"""Accounting: the sync's jobs and their runner's light, the trial balance, account sheets and entries."""

from typing import Any

from litestar import Controller, Response, get, post
from litestar.params import FromPath
from msgspec import Struct
from msgspec.structs import replace

from schema.errors import Refused
from server.accounting.ledger import account, entries, entry, sheet, trial_balance
from server.accounting.lists import detail, page
from server.auth.audit import audit
from server.db import Connection
from server.jobs.worker import Health, health, kick
from server.listing import Filter, ListRequest, Page
from server.office import specs
from server.office.list_page import Shown, list_answer
from server.office.table import Column, choice_of
from server.office.views import Cell, Row, Told
from server.office.visit import Sent, Visit, Visiting, go
from server.office.words import say
from server.tills.lists import till_names

JOBS_TOLD = Told(
    title=say("Accounting sync"),
    note=say("What the tills took and gave, on its way into the ledger. Errors are tried again by themselves."),
    search_hint=say("Bill number, type or message"),
    empty_heading=say("No jobs yet"),
    empty_text=say("A job appears for every payment, cash movement and cash difference that a till sends."),
)
ENTRIES_TOLD = Told(
    title=say("Entries"),
    note=say("Every sealed entry of the ledger. An entry never changes; a correction is a new one."),
    search_hint=say("Entry, text or receipt"),
    empty_heading=say("No entries yet"),
    empty_text=say("Entries appear when the accounting sync has posted its first job."),
)
SHEET_TOLD = Told(
    title=say("Account sheet"),
    search_hint=say("Entry, text or receipt"),
    empty_heading=say("Nothing is posted on this account"),
    empty_text=say("Postings appear when the accounting sync uses the account."),
)
# A press of the button answers within this; what is left goes on in the worker.
KICK_S_MAX = 5.0


class Light(Struct, frozen=True, kw_only=True):
    """The job runner's light: a shape, a heading and a sentence."""

    tone: str
    heading: str
    text: str


class AccountingPages(Controller):
    path = "/accounting"

    @get("/", sync_to_thread=True)
    def show_jobs(self, visit: Visiting) -> Response[Any]:
        """Show the accounting sync's jobs."""

        def paint(row: Row, column: Column) -> Cell | None:
            return paint_job(visit, row, column)

        def more(connection: Connection) -> dict[str, Any]:
            return {
                "runner": runner_light(visit, health(connection, visit.now_ms)),
                "may_kick": visit.staff.role in {"accountant", "admin"},
                "unfinished": page(connection, ListRequest(filters=(UNFINISHED,), limit=1)).count > 0,
            }

        return list_answer(visit, specs.JOBS, page, Shown(told=JOBS_TOLD, template="jobs.html", paint=paint, more=more))

    @post("/kick", sync_to_thread=True)
    def kick_job(self, visit: Visiting, form: Sent) -> Response[Any]:  # noqa: ARG002  # form: checked
        """Run everything that waits, now."""
        visit.require("accountant", "admin")
        kicked = kick(visit.parts.database, visit.parts.clock, timeout_s=KICK_S_MAX)
        with visit.parts.database.write() as connection:
            told = f"{kicked.events} events, {kicked.jobs} jobs, {kicked.unparked} no longer parked"
            audit(connection, visit.staff.name, "job kicked", "accounting sync", told, now_ms=visit.now_ms)
        return go(f"/accounting?told={'kicked' if kicked.is_idle else 'kicking'}")

    @get("/jobs/{job_id:str}", sync_to_thread=True)
    def show_job(self, visit: Visiting, job_id: FromPath[str]) -> Response[Any]:
        """Show one job and what it posted."""
        with visit.parts.database.read() as connection:
            found = detail(connection, int(job_id)) if is_number(job_id) else None
            tills = till_names(connection)
        if found is None:
            raise Refused("not_found", visit.words("There is no job {id}.", id=job_id))
        choice = choice_of(Column(name="", label="", choices=specs.JOB_STATE), found.state)
        return visit.page(
            "job.html",
            job=found,
            state=Cell(text=visit.words(choice.label), tone=choice.tone),
            till_name=tills.get(found.till_id or "", ""),
            back=visit.back_to("/accounting"),
        )

    @get("/balance", sync_to_thread=True)
    def show_balance(self, visit: Visiting) -> Response[Any]:
        """Show the trial balance."""
        with visit.parts.database.read() as connection:
            rows = trial_balance(connection)
        kinds = {choice.value: visit.words(choice.label) for choice in specs.ACCOUNT_KINDS}
        currencies = sorted({row.currency for row in rows})
        sums = [
            (
                currency,
                sum(row.debit_minor for row in rows if row.currency == currency),
                sum(row.credit_minor for row in rows if row.currency == currency),
            )
            for currency in currencies
        ]
        return visit.page("balance.html", rows=rows, kinds=kinds, sums=sums)

    @get("/accounts/{code:str}", sync_to_thread=True)
    def show_account(self, visit: Visiting, code: FromPath[str]) -> Response[Any]:
        """Show the postings of one account."""
        spec = replace(specs.SHEET, path=f"/accounting/accounts/{code}")

        def read(connection: Connection, request: ListRequest) -> Page:
            return sheet(connection, code, request)

        with visit.parts.database.read() as connection:
            found = account(connection, code)
            if found is None:
                raise Refused("not_found", visit.words("There is no account {code}.", code=code))
        title = f"{found.code} · {found.name}"
        shown = Shown(told=replace(SHEET_TOLD, title=title), template="account.html", more=lambda _: {"account": found})
        return list_answer(visit, spec, read, shown)

    @get("/entries", sync_to_thread=True)
    def show_entries(self, visit: Visiting) -> Response[Any]:
        """Show the list of entries."""
        return list_answer(visit, specs.ENTRIES, entries, Shown(told=ENTRIES_TOLD, template="entry_list.html"))

    @get("/entries/{entry_id:str}", sync_to_thread=True)
    def show_entry(self, visit: Visiting, entry_id: FromPath[str]) -> Response[Any]:
        """Show one entry with its postings."""
        with visit.parts.database.read() as connection:
            found = entry(connection, int(entry_id)) if is_number(entry_id) else None
        if found is None:
            raise Refused("not_found", visit.words("There is no entry {id}.", id=entry_id))
        return visit.page("entry.html", entry=found, back=visit.back_to("/accounting/entries"))


UNFINISHED = Filter(column="status", test="is", value="pending")


def is_number(text: str) -> bool:
    """Tell whether a text is the number of a row."""
    return text.isascii() and text.isdigit() and len(text) <= 18


def runner_light(visit: Visit, seen: Health) -> Light:
    """Tell whether the job runner is well, by shape and words."""
    words = visit.words
    if seen.last_run_ms is None:
        return Light(
            tone="stop",
            heading=words("The job runner has never run"),
            text=words("Start head office with “serve”, or a worker with “work”."),
        )
    since = visit.formats.instant(seen.last_run_ms)
    if seen.is_well:
        return Light(tone="go", heading=words("The job runner is well"), text=words("Last seen {at}.", at=since))
    return Light(
        tone="stop",
        heading=words("The job runner is not running"),
        text=words("Last seen {at}. Jobs wait until it runs again; Kick job runs them once.", at=since),
    )


def paint_job(visit: Visit, row: Row, column: Column) -> Cell | None:
    """Lead from a bill number to its receipt, and show an error's message with its job."""
    if column.name == "receipt" and row["receipt"]:
        return Cell(text=row["receipt"], href=f"/invoicing/{row['receipt']}", tight=True)
    if column.name == "message" and row["state"] == "pending" and not row["message"]:
        return Cell(text=visit.words("waits for the job runner"), wide=True)
    return None
