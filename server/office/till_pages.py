"""Stores and tills: when each was last heard of, what it holds back; adding a till and withdrawing one."""

from typing import Any

from litestar import Controller, Response, get, post
from litestar.params import FromPath

from schema.errors import Refused
from server.auth.audit import audit
from server.db import Connection
from server.office.refusals import told
from server.office.views import Cell
from server.office.visit import Sent, Visit, Visiting, go, one, there
from server.tills.lists import TillView, stores, till, tills
from server.tills.tills import Code, Till, add_till, get_till, issue_code
from server.tills.tills import revoke as revoke_till

# A till's agent asks at least every half minute; after five it is late, after an hour somebody should look.
LATE_MS = 5 * 60_000
LOST_MS = 60 * 60_000
SKEW_MS_MAX = 60_000


class TillPages(Controller):
    path = "/tills"

    @get("/", sync_to_thread=True)
    def show_tills(self, visit: Visiting) -> Response[Any]:
        """Show all stores with their tills."""
        with visit.parts.database.read() as connection:
            return tills_page(visit, connection, {}, {})

    @post("/add", sync_to_thread=True)
    def add(self, visit: Visiting, form: Sent) -> Response[Any]:
        """Add a till and show its one-time code, once."""
        visit.require("admin")
        store, name = one(form, "store"), one(form, "name")
        try:
            with visit.parts.database.write() as connection:
                added = add_till(connection, visit.parts.clock, store, name)
                code = issue_code(connection, visit.parts.clock, added.id)
                which = f"{added.name}, store {added.store}, number {added.number}"
                audit(connection, visit.staff.name, "till added", added.id, which, now_ms=visit.now_ms)
        except Refused as error:
            field = "store" if error.code == "unknown_store" else "name"
            with visit.parts.database.read() as connection:
                return tills_page(
                    visit, connection, {"store": store, "name": name}, {field: told(error, visit.words)}, 422
                )
        return code_page(visit, added, code)

    @post("/{till_id:str}/code", sync_to_thread=True)
    def new_code(self, visit: Visiting, till_id: FromPath[str], form: Sent) -> Response[Any]:  # noqa: ARG002  # form: checked
        """Make a new one-time code for a till that is to be enrolled again, and show it once."""
        visit.require("admin")
        with visit.parts.database.write() as connection:
            code = issue_code(connection, visit.parts.clock, till_id)
            audit(connection, visit.staff.name, "till code issued", till_id, now_ms=visit.now_ms)
        with visit.parts.database.read() as connection:
            found = get_till(connection, till_id)
        return code_page(visit, found, code)

    @get("/{till_id:str}/revoke", sync_to_thread=True)
    def ask_revoke(self, visit: Visiting, till_id: FromPath[str]) -> Response[Any]:
        """Ask once before a till is withdrawn, and say what that will do."""
        visit.require("admin")
        with visit.parts.database.read() as connection:
            found = known_till(visit, connection, till_id)
        words = visit.words
        says = [
            words("The till loses its access at once. What it still sends is kept as late evidence and not posted."),
            words("Selling on it goes on until somebody stops it. To use the device again, add a new till."),
        ]
        if found.waiting:
            held = words("{count} events are still on the till and have not been sent.", count=found.waiting)
            says.insert(0, held)
        return visit.ask(
            words("Revoke till {name} in store {store}?", name=found.name, store=found.store),
            says,
            action=f"/tills/{till_id}/revoke",
            yes=words("Yes, revoke the till"),
            no=words("No, keep it"),
            back="/tills",
        )

    @post("/{till_id:str}/revoke", sync_to_thread=True)
    def revoke(self, visit: Visiting, till_id: FromPath[str], form: Sent) -> Response[Any]:  # noqa: ARG002  # form: checked
        """Withdraw a till's access."""
        visit.require("admin")
        with visit.parts.database.write() as connection:
            revoke_till(connection, visit.parts.clock, till_id)
            audit(connection, visit.staff.name, "till revoked", till_id, now_ms=visit.now_ms)
        return go("/tills?told=revoked")


def tills_page(
    visit: Visit, connection: Connection, typed: dict[str, str], errors: dict[str, str], status: int = 200
) -> Response[str]:
    """Show all stores with their tills and the form that adds one."""
    all_stores, all_tills = stores(connection), tills(connection)
    grouped = [(store, [each for each in all_tills if each.store == store.code]) for store in all_stores]
    return visit.page(
        "tills.html",
        status=status,
        stores=all_stores,
        grouped=grouped,
        contact=lambda each: contact_state(visit, each),
        skewed=lambda each: abs(each.clock_skew_ms or 0) > SKEW_MS_MAX,
        typed=typed,
        errors=errors,
        may_manage=visit.staff.role == "admin",
    )


def contact_state(visit: Visit, found: TillView) -> Cell:
    """Tell in words and a shape how a till is connected."""
    words = visit.words
    if found.revoked_ms is not None:
        return Cell(text=words("Revoked"), tone="off", hint=visit.formats.instant(found.revoked_ms))
    if not found.epoch or found.last_contact_ms is None:
        return Cell(text=words("Waits to be enrolled"), tone="off")
    if found.state == "frozen":
        return Cell(text=words("Frozen: its journal does not fit"), tone="stop", hint=found.state_reason)
    silent_ms = visit.now_ms - found.last_contact_ms
    if silent_ms > LOST_MS:
        return Cell(text=words("Not heard of"), tone="stop", hint=since(visit, silent_ms))
    if silent_ms > LATE_MS:
        return Cell(text=words("Late"), tone="warn", hint=since(visit, silent_ms))
    return Cell(text=words("Online"), tone="go")


def since(visit: Visit, silent_ms: int) -> str:
    """Say for how long a till was silent."""
    minutes = silent_ms // 60_000
    if minutes < 120:
        return visit.words("for {count} minutes", count=visit.formats.whole(minutes))
    hours = minutes // 60
    if hours < 48:
        return visit.words("for {count} hours", count=visit.formats.whole(hours))
    return visit.words("for {count} days", count=visit.formats.whole(hours // 24))


def known_till(visit: Visit, connection: Connection, till_id: str) -> TillView:
    """Return a till. Raises Refused("not_found")."""
    return there(till(connection, till_id), visit.words("There is no such till."))


def code_page(visit: Visit, added: Till, code: Code) -> Response[str]:
    """Show a one-time code, once: it is stored nowhere."""
    fingerprint = visit.parts.identity.public_text()
    return visit.page("till_code.html", till=added, code=code, server=visit.origin, fingerprint=fingerprint)
