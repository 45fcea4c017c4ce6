"""Invoicing: the overview of receipts, and one receipt with its customer, its items and their withdrawal."""

from typing import Any

from litestar import Controller, Response, get
from litestar.params import FromPath

from schema.errors import Refused
from server.invoicing.lists import Receipt, page, receipt, returns_of
from server.mailing.lists import of_receipt
from server.office import specs
from server.office.list_page import Shown, list_answer
from server.office.mail_pages import may_send, state_cell
from server.office.table import Column
from server.office.views import Cell, Row, Told
from server.office.visit import Visit, Visiting, one
from server.office.words import say
from server.tills.lists import till_names

TOLD = Told(
    title=say("Invoicing overview"),
    note=say("Every receipt that invoicing made of an order."),
    search_hint=say("Number, customer or receipt at the till"),
    empty_heading=say("No receipts yet"),
    empty_text=say("A receipt appears here a moment after its sale: when a till has sent it and the job runner ran."),
)


class InvoicingPages(Controller):
    path = "/invoicing"

    @get("/", sync_to_thread=True)
    def show_list(self, visit: Visiting) -> Response[Any]:
        """Show the overview."""

        def paint(row: Row, column: Column) -> Cell | None:
            if column.name == "order_number":
                return Cell(text=row["order_number"], href=f"/orders/{row['order_id']}", tight=True)
            return None

        shown = Shown(told=TOLD, template="receipts.html", paint=paint)
        return list_answer(visit, specs.RECEIPTS, page, shown)

    @get("/{number:str}", sync_to_thread=True)
    def show_receipt(self, visit: Visiting, number: FromPath[str]) -> Response[Any]:
        """Show one receipt; `item` names the item whose details are shown, the first one else."""
        with visit.parts.database.read() as connection:
            found = receipt(connection, number)
            tills = till_names(connection)
            back_again = returns_of(connection, found.till_receipt) if found else []
            mailed = of_receipt(connection, found.source_event) if found else []
        if found is None:
            raise Refused("not_found", visit.words("There is no receipt {number}.", number=number))
        item = one(visit.query, "item")
        selected = next((line for line in found.lines if str(line.line) == item), next(iter(found.lines), None))
        return visit.page(
            "receipt.html",
            receipt=found,
            selected=selected,
            paid=paid_state(visit, found),
            returns=back_again,
            mails=[(mail, state_cell(visit, mail), may_send(visit, mail)) for mail in mailed],
            kinds={kind: visit.words(label) for kind, label in specs.RECEIPT_KINDS.items()},
            line_kinds={kind: visit.words(label) for kind, label in specs.LINE_KINDS.items()},
            till_name=tills.get(found.till_id or "", ""),
            back=visit.back_to("/invoicing"),
        )


def paid_state(visit: Visit, found: Receipt) -> Cell:
    """Tell whether a receipt is paid, in words and a shape."""
    choice = specs.YES_NO[0 if found.paid_ms is not None else 1]
    return Cell(text=visit.words(choice.label), tone=choice.tone)
