"""Customers: the list, one with what they owe, the form, merging by hand."""

from datetime import date
from typing import Any
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.params import FromPath
from msgspec import Struct

from schema.parties import Customer, OpenItem
from server.catalogue.lists import customer_groups, customers, customers_named
from server.catalogue.merge import alike, merged
from server.catalogue.people import duplicates_of, get_customer, put_customers, survivors
from server.catalogue.rules import check_customer
from server.db import Connection
from server.office import specs
from server.office.editing import Editing, Stored
from server.office.form import ELSEWHERE, Form, Reading, typed
from server.office.list_page import Shown, list_answer
from server.office.views import Told
from server.office.visit import Sent, Visit, Visiting, go, one, there
from server.office.words import say
from server.parties.merging import merge

TOLD = Told(
    title=say("Customers"),
    search_hint=say("Name, company, city, e-mail, phone or card"),
    empty_heading=say("No customers yet"),
    empty_text=say("Customers appear when they are imported, or when a till makes a new one."),
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
    path = "/customers"

    @get("/", sync_to_thread=True)
    def show_list(self, visit: Visiting) -> Response[Any]:
        """Show the list of customers."""
        return list_answer(visit, specs.CUSTOMERS, customers, Shown(told=TOLD, template="customers.html"))

    @get("/new", sync_to_thread=True)
    def new(self, visit: Visiting) -> Response[Any]:
        """Show the form for a new customer."""
        return form_page(visit, Form(fields={"payment_days": "14"}), "")

    @post("/new", sync_to_thread=True)
    def add(self, visit: Visiting, form: Sent) -> Response[Any]:
        """Add a customer."""
        return CustomerEditing(visit).save(typed(form))

    @get("/{number:str}", sync_to_thread=True)
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

    @get("/{number:str}/edit", sync_to_thread=True)
    def edit(self, visit: Visiting, number: FromPath[str]) -> Response[Any]:
        """Show the form that changes a customer."""
        return CustomerEditing(visit, number).open()

    @post("/{number:str}/edit", sync_to_thread=True)
    def change(self, visit: Visiting, number: FromPath[str], form: Sent) -> Response[Any]:
        """Change a customer."""
        return CustomerEditing(visit, number).save(typed(form))

    @get("/{number:str}/merge", sync_to_thread=True)
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

    @post("/{number:str}/merge", sync_to_thread=True)
    def merge_duplicate(self, visit: Visiting, number: FromPath[str], form: Sent) -> Response[Any]:
        """Merge a duplicate into this customer."""
        goes = one(form, "with")
        with visit.parts.database.write() as connection:
            merge(connection, number, goes, by=visit.staff.name, now_ms=visit.now_ms)
        return go(f"/customers/{quote(number, safe='')}?told=merged")


class CustomerEditing(Editing[Customer]):
    """A customer in the form."""

    deed = "customer saved"
    other_deeds = ("customers merged",)
    field_of_code = FIELD_OF_CODE

    def present(self, connection: Connection) -> Form | None:
        found = get_customer(connection, self.key)
        return form_of(found, self.visit) if found else None

    def read(self, connection: Connection, reading: Reading, form: Form) -> Customer:  # noqa: ARG002  # reading has it
        texts: dict[str, Any] = {name: reading.text(name) for name in TEXTS}
        customer = Customer(
            number=self.key or reading.text("number", needed=True),
            **texts,
            credit_limit_minor=reading.amount("credit_limit", self.visit.currency),
            payment_days=reading.whole("payment_days", empty=14),
        )
        _check_number(self.visit, connection, reading, customer.number, is_new=not self.key)
        return customer if reading.errors else check_customer(customer)

    def store(self, connection: Connection, thing: Customer) -> Stored:
        put_customers(connection, [thing], self.visit.now_ms)
        return Stored(subject=thing.number, address=f"/customers/{quote(thing.number, safe='')}?told=saved")

    def page(self, form: Form, status: int = 200) -> Response[Any]:
        return form_page(self.visit, form, self.key, status)

    def missing(self) -> str:
        return no_customer(self.visit, self.key)


def no_customer(visit: Visit, number: str) -> str:
    """Return the words for a customer who is not there."""
    return visit.words("There is no customer {number}.", number=number)


def known(visit: Visit, connection: Connection, number: str) -> Customer:
    """Return a customer. Raises Refused("not_found")."""
    return there(get_customer(connection, number), no_customer(visit, number))


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
