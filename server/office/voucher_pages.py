"""What customers hold and owe: vouchers with everything that happened to them, and open items of sales on account."""

from typing import Any
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.params import FromPath

from server.auth.audit import audit
from server.catalogue.lists import payment_orders, voucher_moves, vouchers
from server.office import specs
from server.office.list_page import Shown, list_answer
from server.office.table import Column
from server.office.views import Cell, Row, Told
from server.office.visit import Sent, Visiting, go, one, there
from server.office.words import say
from server.tills.lists import till_names
from server.vouchers.keep import block
from server.vouchers.tables import find as find_voucher

VOUCHERS_TOLD = Told(
    title=say("Vouchers"),
    note=say("What customers hold and may still redeem. Head office keeps the balance."),
    search_hint=say("Code"),
    empty_heading=say("No vouchers yet"),
    empty_text=say("A voucher appears here when a till has sold one."),
)
OPEN_ITEMS_TOLD = Told(
    title=say("Open items at tills"),
    note=say("What was sold on account and is not invoiced yet."),
    search_hint=say("Receipt, customer or company"),
    empty_heading=say("Nothing was sold on account yet"),
    empty_text=say("A sale that is paid on account appears here; customers need a credit limit for that."),
)


class VoucherPages(Controller):
    path = "/"

    @get("/vouchers", sync_to_thread=True)
    def show_vouchers(self, visit: Visiting) -> Response[Any]:
        """Show the list of vouchers."""
        return list_answer(visit, specs.VOUCHERS, vouchers, Shown(told=VOUCHERS_TOLD, template="vouchers.html"))

    @get("/vouchers/{code:str}", sync_to_thread=True)
    def show_voucher(self, visit: Visiting, code: FromPath[str]) -> Response[Any]:
        """Show one voucher with everything that happened to it."""
        with visit.parts.database.read() as connection:
            found = find_voucher(connection, code)
            moves = voucher_moves(connection, code)
            tills = till_names(connection)
        voucher = there(found, visit.words("There is no voucher {code}.", code=code))
        return visit.page("voucher.html", voucher=voucher, moves=moves, tills=tills, back=visit.back_to("/vouchers"))

    @post("/vouchers/{code:str}/block", sync_to_thread=True)
    def block_voucher(self, visit: Visiting, code: FromPath[str], form: Sent) -> Response[Any]:
        """Block a voucher, or take it back; the tills know within seconds."""
        visit.require("admin", "accountant")
        blocked = one(form, "do") == "block"
        with visit.parts.database.write() as connection:
            block(connection, code, visit.now_ms, blocked=blocked)
            done = "voucher blocked" if blocked else "voucher unblocked"
            audit(connection, visit.staff.name, done, code, now_ms=visit.now_ms)
        return go(f"/vouchers/{quote(code, safe='')}?told=saved")

    @get("/open-items", sync_to_thread=True)
    def show_open_items(self, visit: Visiting) -> Response[Any]:
        """Show what was sold on account."""

        def paint(row: Row, column: Column) -> Cell | None:
            if column.name == "customer" and row["customer"]:
                return Cell(text=row["customer"], href=f"/customers/{quote(row['customer'], safe='')}", tight=True)
            return None

        shown = Shown(told=OPEN_ITEMS_TOLD, template="open_items.html", paint=paint)
        return list_answer(visit, specs.OPEN_ITEMS, payment_orders, shown)
