"""Price lists: made, changed, filled with prices one by one, taken away."""

from decimal import Decimal
from typing import Any
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.params import FromPath

from schema.errors import Refused
from schema.pricing import ListPrice, PriceList
from schema.quantity import parse_quantity
from server.auth.audit import audit
from server.catalogue.lists import customer_groups, find_article, price_lists
from server.catalogue.prices import (
    drop_list_price,
    drop_price_list,
    get_price_list,
    priced_articles,
    put_list_prices,
    put_price_list,
)
from server.db import Connection
from server.office import specs
from server.office.editing import Editing, Stored, as_opened
from server.office.form import Form, Reading, check_days, typed, with_errors
from server.office.list_page import Shown, list_answer
from server.office.views import Told
from server.office.visit import Sent, Visit, Visiting, go, one
from server.office.words import say

TOLD = Told(
    title=say("Price lists"),
    note=say("Prices for a group of customers, or for everyone, in a period. The lowest price that holds counts."),
    search_hint=say("Name or group"),
    empty_heading=say("No price lists yet"),
    empty_text=say("Make one above, or import prices: python -m server import-prices FILE.csv"),
)


class PriceListPages(Controller):
    path = "/prices"

    @get("/", sync_to_thread=True)
    def show_lists(self, visit: Visiting) -> Response[Any]:
        """Show the price lists."""
        return list_answer(visit, specs.PRICE_LISTS, price_lists, Shown(told=TOLD, template="price_lists.html"))

    @get("/new", sync_to_thread=True)
    def new(self, visit: Visiting) -> Response[Any]:
        """Show the form for a new price list."""
        visit.require("admin")
        return list_page(visit, Form(), "")

    @post("/new", sync_to_thread=True)
    def add(self, visit: Visiting, form: Sent) -> Response[Any]:
        """Add a price list."""
        visit.require("admin")
        return PriceListEditing(visit).save(typed(form))

    @get("/{name:str}", sync_to_thread=True)
    def show(self, visit: Visiting, name: FromPath[str]) -> Response[Any]:
        """Show a price list with its prices."""
        return PriceListEditing(visit, name).open()

    @post("/{name:str}", sync_to_thread=True)
    def change(self, visit: Visiting, name: FromPath[str], form: Sent) -> Response[Any]:
        """Change a price list, add a price to it or take one away."""
        visit.require("admin")
        sent = typed(form)
        if one(form, "do") == "add":
            return add_price(visit, sent, name)
        if one(form, "do") == "remove":
            return remove_price(visit, sent, name)
        return PriceListEditing(visit, name).save(sent)

    @get("/{name:str}/drop", sync_to_thread=True)
    def ask_drop(self, visit: Visiting, name: FromPath[str]) -> Response[Any]:
        """Ask once before a price list is taken away."""
        visit.require("admin")
        words, back = visit.words, address(name)
        return visit.ask(
            words("Take the price list “{name}” away?", name=name),
            [words("All its prices go with it, at head office and at the tills. To end it on a day, set a last day.")],
            action=f"{back}/drop",
            yes=words("Yes, take it away"),
            no=words("No, keep it"),
            back=back,
        )

    @post("/{name:str}/drop", sync_to_thread=True)
    def drop(self, visit: Visiting, name: FromPath[str], form: Sent) -> Response[Any]:  # noqa: ARG002  # form: checked
        """Take a price list away."""
        visit.require("admin")
        with visit.parts.database.write() as connection:
            count = drop_price_list(connection, name)
            audit(connection, visit.staff.name, "price list dropped", name, f"{count} prices", now_ms=visit.now_ms)
        return go("/prices?told=dropped")


class PriceListEditing(Editing[PriceList]):
    """A price list's own facts; its prices are added and taken away one by one beside them."""

    deed = "price list saved"

    def present(self, connection: Connection) -> Form | None:
        found = get_price_list(connection, self.key)
        return form_of(found, self.visit) if found else None

    def read(self, connection: Connection, reading: Reading, form: Form) -> PriceList:  # noqa: ARG002  # reading has it
        words = self.visit.words
        price_list = PriceList(
            name=self.key or reading.text("name", needed=True),
            currency=self.visit.currency,
            group=reading.text("group"),
            valid_from=reading.day("valid_from"),
            valid_to=reading.day("valid_to"),
        )
        check_days(reading, words, price_list.valid_from, price_list.valid_to)
        if "/" in price_list.name:
            reading.refuse("name", words("A slash cannot stand here."))
        if not self.key and get_price_list(connection, price_list.name):
            reading.refuse("name", words("There is a price list with this name already."))
        return price_list

    def store(self, connection: Connection, thing: PriceList) -> Stored:
        put_price_list(connection, thing, self.visit.now_ms)
        return Stored(subject=thing.name, address=f"{address(thing.name)}?told=saved")

    def page(self, form: Form, status: int = 200) -> Response[Any]:
        return list_page(self.visit, form, self.key, status)

    def missing(self) -> str:
        return self.visit.words("There is no price list “{name}”.", name=self.key)


def address(name: str) -> str:
    """Return a price list's page."""
    return f"/prices/{quote(name, safe='')}"


def form_of(price_list: PriceList, visit: Visit) -> Form:
    """Return the form as it opens to change a price list."""
    days = {name: visit.formats.day(getattr(price_list, name)) for name in ("valid_from", "valid_to")}
    return Form(fields={"name": price_list.name, "group": price_list.group, **days})


def add_price(visit: Visit, form: Form, name: str) -> Response[Any]:
    """Put an article's price into a list."""
    reading = Reading(form, visit.reader)
    quantity = reading.quantity("min_quantity", empty=Decimal(1))
    amount = reading.amount("price", visit.currency, empty=-1)
    if amount < 0:
        reading.refuse("price", visit.words("This is needed."))
    with visit.parts.database.write() as connection:
        standing = get_price_list(connection, name)
        found = find_article(connection, form.text("article"))
        if found is None:
            reading.refuse("article", visit.words("There is no such article. Search by name, number or barcode."))
        if found and standing and not reading.errors:
            price = ListPrice(price_list=name, article=found.number, price_minor=amount, min_quantity=quantity)
            put_list_prices(connection, [price])
            detail = f"{found.number} {amount} from {quantity}"
            audit(connection, visit.staff.name, "list price saved", name, detail, now_ms=visit.now_ms)
    if not reading.errors:
        return go(f"{address(name)}?told=saved")
    opened = as_opened(form_of(standing, visit), visit.now_ms) if standing else Form()
    typed_in = {key: form.text(key) for key in ("article", "min_quantity", "price")}
    again = Form(fields={**opened.fields, **typed_in}, opened=opened.opened)
    return list_page(visit, with_errors(again, reading.errors), name, 422)


def remove_price(visit: Visit, form: Form, name: str) -> Response[Any]:
    """Take an article's price out of a list."""
    try:
        quantity = parse_quantity(form.text("of_quantity"))
    except Refused:
        quantity = Decimal(1)
    price = ListPrice(price_list=name, article=form.text("of_article"), price_minor=0, min_quantity=quantity)
    with visit.parts.database.write() as connection:
        drop_list_price(connection, price)
        audit(connection, visit.staff.name, "list price removed", name, price.article, now_ms=visit.now_ms)
    return go(f"{address(name)}?told=saved")


def list_page(visit: Visit, form: Form, name: str, status: int = 200) -> Response[str]:
    """Show a price list with its form and prices; `name` is empty for a new one."""
    search = one(visit.query, "q")[:100]
    with visit.parts.database.read() as connection:
        prices = priced_articles(connection, name, search) if name else []
        groups = customer_groups(connection)
    return visit.page(
        "price_list.html",
        status=status,
        form=form,
        name=name,
        prices=prices,
        search=search,
        groups=groups,
        currency=visit.currency,
        may_manage=visit.staff.role == "admin",
        back=visit.back_to("/prices"),
    )
