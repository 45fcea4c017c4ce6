"""Orders and returns: the list with its three statuses, one order, and what is done with it as a whole."""

from collections.abc import Sequence
from typing import Any

from litestar import Controller, Response, get, post
from litestar.params import FromPath

from schema.orders import may_become
from server.auth.audit import audit
from server.db import Connection
from server.jobs.worker import kick
from server.listing import Filter, ListRequest
from server.office import specs
from server.office.known_order import known_order
from server.office.list_page import Shown, list_answer
from server.office.table import Choice, Column, choice_of
from server.office.views import Cell, Row, Told
from server.office.visit import Sent, Visit, Visiting, go
from server.office.words import say
from server.orders import place
from server.orders.lists import PENDING_LONG_MS, Order, page, waits_long
from server.tills.lists import till_names

TOLD = Told(
    title=say("Orders and returns"),
    note=say("Every sale, return and order, from the tills, from head office and from channels."),
    search_hint=say("Number, customer, receipt or ID in OMS"),
    empty_heading=say("No orders yet"),
    empty_text=say("Sales appear here when a till sends them; or make a sales order with the button above."),
)
KICK_S_MAX = 5.0


class OrderPages(Controller):
    path = "/orders"

    @get("/", sync_to_thread=True)
    def show_list(self, visit: Visiting) -> Response[Any]:
        """Show the list of orders and returns."""

        def paint(row: Row, column: Column) -> Cell | None:
            return paint_order(visit, row, column)

        shown = Shown(told=TOLD, template="orders.html", paint=paint, more=lambda connection: late(visit, connection))
        return list_answer(visit, specs.ORDERS, page, shown)

    @get("/{order_id:str}", sync_to_thread=True)
    def show_order(self, visit: Visiting, order_id: FromPath[str]) -> Response[Any]:
        """Show one order."""
        with visit.parts.database.read() as connection:
            found = known_order(visit, connection, order_id)
            tills = till_names(connection)
        return visit.page("order.html", **order_values(visit, found), tills=tills, back=visit.back_to("/orders"))

    @post("/{order_id:str}/confirm", sync_to_thread=True)
    def confirm(self, visit: Visiting, order_id: FromPath[str], form: Sent) -> Response[Any]:  # noqa: ARG002  # form: checked
        """Confirm a draft."""
        with visit.parts.database.write() as connection:
            place.confirm(connection, order_id, visit.parts.clock)
            audit(connection, visit.staff.name, "order confirmed", order_id, now_ms=visit.now_ms)
        return go(f"/orders/{order_id}?told=confirmed")

    @get("/{order_id:str}/cancel", sync_to_thread=True)
    def ask_cancel(self, visit: Visiting, order_id: FromPath[str]) -> Response[Any]:
        """Ask once before an order is cancelled, and say what that will do."""
        with visit.parts.database.read() as connection:
            found = known_order(visit, connection, order_id)
        words = visit.words
        says = [
            words(
                "The order becomes “fully cancelled” and its store's tills no longer offer it. This cannot be undone."
            ),
            words("Customer: {name}", name=found.customer_name or found.company or found.customer),
            words("Amount: {amount}", amount=visit.formats.amount(found.total_minor, found.currency)),
        ]
        if found.balance.paid_minor:
            paid = visit.formats.amount(found.balance.paid_minor, found.currency)
            says.append(words("{amount} are already paid: they go to the worklist as a refund due.", amount=paid))
        return visit.ask(
            words("Cancel order {number}?", number=found.number),
            says,
            action=f"/orders/{found.id}/cancel",
            yes=words("Yes, cancel the order"),
            no=words("No, keep it"),
            back=f"/orders/{found.id}",
        )

    @post("/{order_id:str}/cancel", sync_to_thread=True)
    def cancel(self, visit: Visiting, order_id: FromPath[str], form: Sent) -> Response[Any]:  # noqa: ARG002  # form: checked
        """Cancel an order fully."""
        with visit.parts.database.write() as connection:
            place.cancel(connection, order_id, visit.parts.clock)
            audit(connection, visit.staff.name, "order cancelled", order_id, now_ms=visit.now_ms)
        return go(f"/orders/{order_id}?told=cancelled")

    @post("/{order_id:str}/retry", sync_to_thread=True)
    def retry(self, visit: Visiting, order_id: FromPath[str], form: Sent) -> Response[Any]:  # noqa: ARG002  # form: checked
        """Let an order's export be tried again now."""
        kicked = kick(visit.parts.database, visit.parts.clock, timeout_s=KICK_S_MAX)
        with visit.parts.database.write() as connection:
            audit(connection, visit.staff.name, "order export retried", order_id, now_ms=visit.now_ms)
        return go(f"/orders/{order_id}?told={'kicked' if kicked.is_idle else 'kicking'}")


def paint_order(visit: Visit, row: Row, column: Column) -> Cell | None:
    """Say more in the cell of the export to OMS: how long it waits, or why it failed."""
    if column.name == "kind":
        return Cell(text=visit.words(specs.KIND_LABELS.get(str(row["kind"]), str(row["kind"]))))
    if column.name == "oms_id" and row["oms_id"]:
        return Cell(text=row["oms_id"], href=f"/invoicing/{row['oms_id']}", tight=True)
    if column.name != "oms_status":
        return None
    choice = choice_of(column, row["oms_status"])
    if row["oms_status"] == "error":
        return Cell(text=visit.words(choice.label), tone=choice.tone, hint=row["oms_error"])
    if waits_long(row["waits_since_ms"], visit.now_ms):
        minutes = (visit.now_ms - row["waits_since_ms"]) // 60_000
        hint = visit.words("pending for {minutes} minutes", minutes=visit.formats.whole(minutes))
        return Cell(text=visit.words(choice.label), tone="warn", hint=hint)
    return None


def late(visit: Visit, connection: Connection) -> dict[str, Any]:
    """Count the exports that wait for more than 30 minutes."""
    too_old = Filter(column="waits_since_ms", test="at_most", value=visit.now_ms - PENDING_LONG_MS)
    return {"long_waiting": page(connection, ListRequest(filters=(too_old,), limit=1)).count}


def order_values(visit: Visit, found: Order) -> dict[str, Any]:
    """Return what an order's page shows beside the order itself."""
    words = visit.words

    def cell(choices: Sequence[Choice], value: str) -> Cell:
        choice = choice_of(Column(name="", label="", choices=tuple(choices)), value)
        return Cell(text=words(choice.label), tone=choice.tone)

    waits = found.oms_status in {"not exported", "being exported"} and (
        found.origin == "till" or found.status == "completed"
    )
    editable = found.origin != "till"
    return {
        "order": found,
        "states": {
            "status": cell(specs.ORDER_STATUS, found.status),
            "payment": cell(specs.PAYMENT, found.balance.status),
            "import_status": cell(specs.IMPORT_STATUS, found.import_status),
            "channel_status": cell(specs.CHANNEL_STATUS, found.channel_status),
            "oms_status": cell(specs.OMS_STATUS, found.oms_status),
        },
        "kind": words(specs.KIND_LABELS.get(found.kind, found.kind)),
        "origin": cell(specs.ORIGIN, found.origin).text,
        "delivery": cell(specs.DELIVERY, found.delivery).text,
        "waits_long": waits_long(found.modified_ms if waits else None, visit.now_ms),
        "may_change": editable and found.status in {"draft", "confirmed", "ready_for_pickup"},
        "may_confirm": editable and found.status == "draft",
        "may_cancel": editable and may_become(found.status, "fully_cancelled"),  # type: ignore[arg-type]  # a status
    }
