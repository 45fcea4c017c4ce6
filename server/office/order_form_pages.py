"""The form that makes and changes sales orders: its buttons, its totals, and what comes of sending it."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from litestar import Controller, Response, get, post
from litestar.params import FromPath
from msgspec import Struct
from msgspec.structs import replace

from schema.clock import local_day
from schema.errors import Refused
from schema.locale import read_day
from schema.tax import TaxSum
from server.auth.audit import audit
from server.catalogue.lists import FoundArticle, articles_named, customer_name, find_article, list_price
from server.db import Connection
from server.office import specs
from server.office.editing import as_opened, clash_of, differences, opening
from server.office.form import Form
from server.office.known_order import known_order
from server.office.order_form import (
    DAY_FIELDS,
    LineText,
    OrderText,
    check_form,
    empty_form,
    field_of,
    form_of,
    onto,
    read_form,
    read_many,
    shown_fields,
)
from server.office.refusals import told
from server.office.visit import Fields, Sent, Visit, Visiting, go, one
from server.orders import place
from server.orders.lists import Order
from server.orders.place import Quote, quote
from server.orders.rules import KINDS, OrderWish
from server.tills.lists import Store, stores

CHOICES_MAX = 8
UNREAD_SHOWN_MAX = 5
# What the audit log calls it.
CHANGED = "order changed"


class TaxText(Struct, frozen=True, kw_only=True):
    """A row of the tax table as the form shows it."""

    percent: str
    net: str
    tax: str


class TotalsText(Struct, frozen=True, kw_only=True):
    """What the order comes to as the form shows it."""

    net: str
    taxes: list[TaxText]
    total: str


class Step(Struct, frozen=True, kw_only=True):
    """A form after one of its buttons was pressed, and what is offered to choose from."""

    form: OrderText
    choices: Sequence[FoundArticle] = ()


class OrderFormPages(Controller):
    path = "/orders"

    @get("/new", sync_to_thread=True)
    def show_new(self, visit: Visiting) -> Response[Any]:
        """Show an empty form."""
        with visit.parts.database.read() as connection:
            known = stores(connection)
            today = local_day(visit.now_ms, visit.parts.clock.utc_offset_min())
            form = empty_form(store=known[0].code if known else "", employee=visit.staff.display, today=today)
            return form_page(visit, connection, Step(form=form))

    @post("/new", sync_to_thread=True)
    def send_new(self, visit: Visiting, form: Sent) -> Response[Any]:
        """Do what a button of the form asks: add, remove, compute, keep as draft or confirm."""
        return sent(visit, form, None)

    @get("/{order_id:str}/change", sync_to_thread=True)
    def show_change(self, visit: Visiting, order_id: FromPath[str]) -> Response[Any]:
        """Show the form with an order's content."""
        with visit.parts.database.read() as connection:
            found = known_order(visit, connection, order_id)
            return form_page(visit, connection, Step(form=opened_form(visit, found)), found)

    @post("/{order_id:str}/change", sync_to_thread=True)
    def send_change(self, visit: Visiting, order_id: FromPath[str], form: Sent) -> Response[Any]:
        """Do what a button of the form asks; confirming replaces the order's content."""
        with visit.parts.database.read() as connection:
            found = known_order(visit, connection, order_id)
        return sent(visit, form, found)


def sent(visit: Visit, data: Fields, present: Order | None) -> Response[Any]:
    """Answer a sent form."""
    form = read_form(data)
    do = one(data, "do") or "update"
    if do in {"confirm", "draft"}:
        return stored(visit, form, present, confirmed=do == "confirm")
    with visit.parts.database.read() as connection:
        return form_page(visit, connection, pressed(visit, connection, form, do), present)


def pressed(visit: Visit, connection: Connection, form: OrderText, do: str) -> Step:
    """Return the form after one of its buttons."""
    action, _, rest = do.partition("-")
    if action == "remove" and rest.isascii() and rest.isdigit():
        kept = tuple(line for index, line in enumerate(form.lines) if index != int(rest))
        return Step(form=changed(form, lines=kept))
    if action == "pick":
        return added(visit, connection, form, rest)
    if action == "add":
        return added(visit, connection, form, form.add)
    if action == "many":
        return Step(form=added_many(visit, connection, form))
    currency = currency_of(stores(connection), form.text("store"))
    errors = check_form(form, currency, visit.words, visit.formats).errors
    # Whoever only wants new totals is not yet told what is still missing at the top.
    return Step(form=changed(form, errors={name: text for name, text in errors.items() if name.startswith("line-")}))


def added(visit: Visit, connection: Connection, form: OrderText, text: str) -> Step:
    """Add one article by number, barcode or name; several that fit are offered to choose from."""
    if not text:
        return Step(form=changed(form, errors={"add": visit.words("Type a name, a number or a barcode first.")}))
    found = find_article(connection, text)
    if found is None:
        fitting = articles_named(connection, text, CHOICES_MAX)
        if len(fitting) != 1:
            said = (
                visit.words("Several articles fit. Choose one:")
                if fitting
                else visit.words("There is no article with “{text}” as name, number or barcode.", text=text)
            )
            return Step(form=changed(form, errors={"add": said}), choices=fitting)
        found = fitting[0]
    if found.blocked:
        said = visit.words("Article {number} ({name}) is blocked for sale.", number=found.number, name=found.name)
        return Step(form=changed(form, errors={"add": said}))
    line = LineText(article=found.number, name=found.name, quantity=form.add_quantity or "1", tax_code=found.tax_code)
    return Step(form=changed(form, lines=(*form.lines, line), add="", add_quantity="1"))


def added_many(visit: Visit, connection: Connection, form: OrderText) -> OrderText:
    """Add pasted rows; those that cannot be read or found stay in the box, and it says so."""
    rows, unread = read_many(form.many)
    lines: list[LineText] = []
    left = list(unread)
    for code, quantity in rows:
        found = find_article(connection, code)
        if found is None or found.blocked:
            left.append(f"{code}; {quantity}")
        else:
            lines.append(LineText(article=found.number, name=found.name, quantity=quantity, tax_code=found.tax_code))
    errors = {}
    if left:
        shown = ", ".join(left[:UNREAD_SHOWN_MAX])
        errors["many"] = visit.words(
            "{count} lines were not added, they stay in the box: {rows}", count=len(left), rows=shown
        )
    elif not rows:
        errors["many"] = visit.words("The box is empty. Paste or type one article a line.")
    return changed(form, lines=(*form.lines, *lines), many="\n".join(left), errors=errors)


def stored(visit: Visit, form: OrderText, present: Order | None, *, confirmed: bool) -> Response[Any]:
    """Store the order and go to it; or show the form again with what is wrong beside its field."""
    with visit.parts.database.read() as connection:
        currency = currency_of(stores(connection), form.text("store"))
        checked = check_form(form, currency, visit.words, visit.formats)
        if checked.wish is None:
            return form_page(visit, connection, Step(form=changed(form, errors=checked.errors)), present, 422)
    try:
        order_id = store(visit, checked.wish, form.version, present, confirmed=confirmed)
    except Refused as error:
        with visit.parts.database.read() as connection:
            if error.code == "order_changed" and present is not None:
                now = known_order(visit, connection, present.id)
                again = clashed(visit, connection, form, now)
                return form_page(visit, connection, Step(form=again), now, 409)
            wrong = changed(form, errors={field_of(error): told(error, visit.words)})
            return form_page(visit, connection, Step(form=wrong), present, 422)
    return go(f"/orders/{order_id}?told={'confirmed' if confirmed else 'saved'}")


def opened_form(visit: Visit, found: Order) -> OrderText:
    """Return the form as it opens to change an order; it remembers what it opened with."""
    form = form_of(found, visit.formats)
    return replace(form, opened=as_opened(Form(fields=shown_fields(form)), visit.now_ms).opened)


def clashed(visit: Visit, connection: Connection, sent: OrderText, found: Order) -> OrderText:
    """Return the form as it is shown again after somebody else changed the order (ADR 21)."""
    now, opened = opened_form(visit, found), opening(sent)
    differing = differences(opened.fields, shown_fields(now))
    clash = clash_of(connection, found.id, (CHANGED,), opened.at_ms, differing)
    return replace(onto(now, sent, opened.fields), clash=clash)


def store(visit: Visit, wish: OrderWish, version: int, present: Order | None, *, confirmed: bool) -> str:
    """Write the order, its confirmation and the audit log in one transaction; return the order's id."""
    clock = visit.parts.clock
    with visit.parts.database.write() as connection:
        if present is None:
            order_id = place.place(connection, wish, clock, confirmed=confirmed)
            deed = "order placed"
        else:
            order_id = present.id
            place.change(connection, order_id, wish, version, clock)
            if confirmed:
                place.confirm(connection, order_id, clock)
            deed = CHANGED
        audit(connection, visit.staff.name, deed, order_id, now_ms=visit.now_ms)
    return order_id


def form_page(
    visit: Visit, connection: Connection, step: Step, present: Order | None = None, status: int = 200
) -> Response[str]:
    """Show the form."""
    form = in_user_format(visit, step.form)
    known = stores(connection)
    currency = currency_of(known, form.text("store"))
    quoted = quoted_form(visit, connection, form, currency)
    words = visit.words
    heading = words("Change order {number}", number=present.number) if present else words("New sales order")
    back = f"/orders/{present.id}" if present else "/orders"
    return visit.page(
        "order_form.html",
        status=status,
        form=form,
        heading=heading,
        action=f"{back}/change" if present else "/orders/new",
        back=back,
        back_label=words("Back to the order") if present else words("Orders and returns"),
        kinds=[(kind, words(specs.KIND_LABELS[kind])) for kind in KINDS],
        stores=known,
        currency=currency,
        customer_shown=customer_name(connection, form.text("customer")) if form.text("customer") else "",
        list_prices=[list_price_text(visit, connection, form, line, currency) for line in form.lines],
        line_totals=line_totals(visit, form, quoted),
        totals=totals_text(visit, quoted) if quoted else None,
        choices=step.choices,
        focus_add=bool(form.lines) and not form.errors and form.clash is None,
        may_save_draft=present is None or present.status == "draft",
    )


def in_user_format(visit: Visit, form: OrderText) -> OrderText:
    """Write the days as the user reads them; what is no day stays as typed."""
    days = {name: visit.formats.day(day_of(form.text(name)) or form.text(name)) for name in DAY_FIELDS}
    return replace(form, fields={**form.fields, **days})


def day_of(typed: str) -> date | None:
    """Return a typed day, or None where it is none."""
    try:
        return read_day(typed)
    except Refused:
        return None


def quoted_form(visit: Visit, connection: Connection, form: OrderText, currency: str) -> Quote | None:
    """Price the lines as they stand, or None where they cannot be read."""
    today = local_day(visit.now_ms, visit.parts.clock.utc_offset_min())
    ordered = (day_of(form.text("ordered_day")) or today).isoformat()
    # Prices follow from store, day and VAT alone; what else is missing is told when the order is confirmed.
    head = {"store": form.text("store"), "ordered_day": ordered, "includes_tax": form.text("includes_tax")}
    named = changed(form, fields={**head, "kind": KINDS[0], "customer_name": "-"})
    wish = check_form(named, currency, visit.words, visit.formats).wish
    if wish is None:
        return None
    try:
        return quote(connection, wish)
    except Refused:
        # Confirming says what is refused; until then there are no totals to show.
        return None


def list_price_text(visit: Visit, connection: Connection, form: OrderText, line: LineText, currency: str) -> str:
    """Return the list price that stands in an empty price field, with or without VAT as the order has it."""
    if line.price or not line.article:
        return ""
    found = list_price(connection, line.article, form.text("store"), includes_tax=form.text("includes_tax") != "0")
    return visit.formats.plain(found, currency) if found is not None else ""


def line_totals(visit: Visit, form: OrderText, quoted: Quote | None) -> list[str]:
    """Return each line's amount, or nothing while the order cannot be priced."""
    if quoted is None:
        return [""] * len(form.lines)
    return [visit.formats.amount(line.total_minor, quoted.currency) for line in quoted.lines]


def totals_text(visit: Visit, quoted: Quote) -> TotalsText:
    """Return the totals as the form shows them."""

    def amount(minor: int) -> str:
        return visit.formats.amount(minor, quoted.currency)

    def tax_text(tax: TaxSum) -> TaxText:
        return TaxText(percent=visit.formats.percent(tax.percent), net=amount(tax.net_minor), tax=amount(tax.tax_minor))

    net = sum(tax.net_minor for tax in quoted.taxes)
    return TotalsText(net=amount(net), taxes=[tax_text(tax) for tax in quoted.taxes], total=amount(quoted.total_minor))


def currency_of(known: Sequence[Store], code: str) -> str:
    """Return a store's currency."""
    return next((one.currency for one in known if one.code == code), "EUR")


def changed(form: OrderText, **values: Any) -> OrderText:
    """Return the form with some of it replaced; what was wrong is forgotten unless it is said again."""
    return replace(form, **{"errors": {}, **values})
