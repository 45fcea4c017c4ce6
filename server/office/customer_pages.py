"""Customers: the list, one with what they owe, the form, merging by hand; vouchers and what is open at tills."""

from datetime import date
from typing import Any
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.params import FromPath
from msgspec import Struct

from schema.errors import Refused
from schema.parties import Customer, OpenItem
from server.auth.audit import audit
from server.catalogue.lists import (
    customer_groups,
    customers,
    customers_named,
    payment_orders,
    voucher_moves,
    vouchers,
)
from server.catalogue.merge import alike, merged
from server.catalogue.people import duplicates_of, get_customer, put_customers, survivors
from server.catalogue.rules import check_customer
from server.db import Connection
from server.office import specs
from server.office.form import ELSEWHERE, Form, Reading, typed, with_errors
from server.office.list_page import Shown, list_answer
from server.office.refusals import told
from server.office.table import Column
from server.office.views import Cell, Row, Told
from server.office.visit import Sent, Visit, Visiting, go, one
from server.office.words import say
from server.parties.merging import merge
from server.tills.lists import till_names
from server.vouchers.keep import block
from server.vouchers.tables import find as find_voucher

CUSTOMERS_TOLD = Told(
    title=say("Customers"),
    search_hint=say("Name, company, city, e-mail, phone or card"),
    empty_heading=say("No customers yet"),
    empty_text=say("Customers appear when they are imported, or when a till makes a new one."),
)
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
TEXTS = ("name", "company", "street", "postcode", "city", "country", "email", "phone", "card_code", "group")
FIELD_OF_CODE = {
    "bad_amount": "credit_limit",
    "bad_days": "payment_days",
    "bad_email": "email",
    "missing": "name",
}
CANDIDATES_MAX = 20


class Aged(Struct, frozen=True, kw_only=True):
    """An open item with its age in days, and by how many it is late."""

    item: OpenItem
    days: int
    late_days: int


class CustomerPages(Controller):
    path = "/"

    @get("/customers", sync_to_thread=True)
    def show_list(self, visit: Visiting) -> Response[Any]:
        """Show the list of customers."""
        return list_answer(visit, specs.CUSTOMERS, customers, Shown(told=CUSTOMERS_TOLD, template="customers.html"))

    @get("/customers/new", sync_to_thread=True)
    def new(self, visit: Visiting) -> Response[Any]:
        """Show the form for a new customer."""
        return form_page(visit, Form(fields={"payment_days": "14"}), "")

    @post("/customers/new", sync_to_thread=True)
    def add(self, visit: Visiting, form: Sent) -> Response[Any]:
        """Add a customer."""
        return save(visit, typed(form), "")

    @get("/customers/{number:str}", sync_to_thread=True)
    def show(self, visit: Visiting, number: FromPath[str]) -> Response[Any]:
        """Show one customer with what they owe and who may be the same."""
        with visit.parts.database.read() as connection:
            found = known(visit, connection, number)
            into = survivors(connection, [number]).get(number, "")
            duplicates = duplicates_of(connection, number)
            others = alike(connection, found)
        return visit.page(
            "customer.html",
            customer=found,
            merged_into=into,
            duplicates=duplicates,
            alike=others,
            items=aged(found, today(visit)),
            currency=visit.currency,
            back=visit.back_to("/customers"),
        )

    @get("/customers/{number:str}/edit", sync_to_thread=True)
    def edit(self, visit: Visiting, number: FromPath[str]) -> Response[Any]:
        """Show the form that changes a customer."""
        with visit.parts.database.read() as connection:
            found = known(visit, connection, number)
        return form_page(visit, form_of(found, visit), number)

    @post("/customers/{number:str}/edit", sync_to_thread=True)
    def change(self, visit: Visiting, number: FromPath[str], form: Sent) -> Response[Any]:
        """Change a customer."""
        return save(visit, typed(form), number)

    @get("/customers/{number:str}/merge", sync_to_thread=True)
    def ask_merge(self, visit: Visiting, number: FromPath[str]) -> Response[Any]:
        """Choose the duplicate; then show both beside each other and ask once."""
        with visit.parts.database.read() as connection:
            stays = known(visit, connection, number)
            goes = get_customer(connection, one(visit.query, "with"))
            search = one(visit.query, "q").strip()[:100]
            found = customers_named(connection, search, CANDIDATES_MAX) if search else []
            others = alike(connection, stays)
        return visit.page(
            "merge.html",
            stays=stays,
            goes=goes if goes and goes.number != number else None,
            becomes=merged(stays, goes) if goes else None,
            alike=others,
            found=[row for row in found if row["number"] != number],
            search=search,
            currency=visit.currency,
            back=f"/customers/{quote(number, safe='')}",
        )

    @post("/customers/{number:str}/merge", sync_to_thread=True)
    def merge_duplicate(self, visit: Visiting, number: FromPath[str], form: Sent) -> Response[Any]:
        """Merge a duplicate into this customer."""
        goes = one(form, "with")
        with visit.parts.database.write() as connection:
            merge(connection, number, goes, by=visit.staff.name, now_ms=visit.now_ms)
        return go(f"/customers/{quote(number, safe='')}?told=merged")

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
        if found is None:
            raise Refused("not_found", visit.words("There is no voucher {code}.", code=code))
        return visit.page("voucher.html", voucher=found, moves=moves, tills=tills, back=visit.back_to("/vouchers"))

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


def known(visit: Visit, connection: Connection, number: str) -> Customer:
    """Return a customer. Raises Refused("not_found")."""
    found = get_customer(connection, number)
    if found is None:
        raise Refused("not_found", visit.words("There is no customer {number}.", number=number))
    return found


def today(visit: Visit) -> date:
    """Return the day at head office."""
    return date.fromisoformat(visit.formats.iso_day(visit.now_ms))


def aged(customer: Customer, on: date) -> list[Aged]:
    """Return what a customer owes, the oldest first, with its age."""
    return [
        Aged(item=item, days=_days_since(item.day, on), late_days=_days_since(item.due_day, on))
        for item in sorted(customer.open_items, key=lambda item: item.day)
    ]


def _days_since(day: str, on: date) -> int:
    try:
        return max((on - date.fromisoformat(day)).days, 0)
    except ValueError:
        return 0


def form_of(customer: Customer, visit: Visit) -> Form:
    """Return the form as it opens to change a customer."""
    texts = {name: getattr(customer, name) for name in TEXTS}
    limit = visit.formats.plain(customer.credit_limit_minor, visit.currency)
    return Form(fields={**texts, "credit_limit": limit, "payment_days": str(customer.payment_days)})


def save(visit: Visit, form: Form, number: str) -> Response[Any]:
    """Store what was typed, or show it again with what is wrong."""
    reading = Reading(form, visit.reader)
    texts: dict[str, Any] = {name: reading.text(name) for name in TEXTS}
    customer = Customer(
        number=number or reading.text("number", needed=True),
        **texts,
        credit_limit_minor=reading.amount("credit_limit", visit.currency),
        payment_days=reading.whole("payment_days", empty=14),
    )
    try:
        with visit.parts.database.write() as connection:
            _check_number(visit, connection, reading, customer.number, is_new=not number)
            if not reading.errors:
                put_customers(connection, [check_customer(customer)], visit.now_ms)
                audit(connection, visit.staff.name, "customer saved", customer.number, now_ms=visit.now_ms)
    except Refused as error:
        reading.refuse(FIELD_OF_CODE.get(error.code, ELSEWHERE), told(error, visit.words))
    if reading.errors:
        return form_page(visit, with_errors(form, reading.errors), number, 422)
    return go(f"/customers/{quote(customer.number, safe='')}?told=saved")


def _check_number(visit: Visit, connection: Connection, reading: Reading, number: str, *, is_new: bool) -> None:
    words = visit.words
    if into := survivors(connection, [number]).get(number):
        reading.refuse(ELSEWHERE, words("This customer was merged into {number}. Change that one.", number=into))
    elif is_new and number and get_customer(connection, number):
        reading.refuse("number", words("There is a customer with this number already."))
    elif "/" in number:
        reading.refuse("number", words("A slash cannot stand here."))


def form_page(visit: Visit, form: Form, number: str, status: int = 200) -> Response[str]:
    """Show the form of a customer; `number` is empty for a new one."""
    with visit.parts.database.read() as connection:
        groups = customer_groups(connection)
    back = f"/customers/{quote(number, safe='')}" if number else "/customers"
    return visit.page("customer_form.html", status=status, form=form, number=number, back=back, groups=groups)
