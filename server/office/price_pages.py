"""Price lists and promotions: made, changed, ended; and what a basket would cost with them, by the tills' engine."""

import re
from datetime import date
from decimal import Decimal
from typing import Any, get_args
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.params import FromPath
from msgspec import Struct

from schema.basket import Basket, Line, Totals
from schema.basket import price as price_basket
from schema.catalogue import Article
from schema.errors import Refused
from schema.pricing import (
    ListPrice,
    PriceContext,
    PriceList,
    Promotion,
    PromotionIndex,
    PromotionKind,
    is_live,
    reprice,
)
from schema.quantity import parse_quantity
from schema.tax import rate_on
from server.auth.audit import audit
from server.catalogue.articles import get_article, get_articles
from server.catalogue.lists import article_groups, customer_groups, find_article, price_lists, promotions
from server.catalogue.people import get_customer
from server.catalogue.prices import (
    drop_list_price,
    drop_price_list,
    end_promotion,
    get_price_list,
    get_promotion,
    has_ended,
    priced_articles,
    prices_of_article,
    put_list_prices,
    put_price_list,
    put_promotion,
    running_promotions,
)
from server.catalogue.prices import price_lists as all_price_lists
from server.catalogue.rules import UNTAXED
from server.catalogue.store_rows import store_settings, tax_rates
from server.db import Connection
from server.office import specs
from server.office.form import ELSEWHERE, Form, Reading, typed, with_errors
from server.office.formats import local
from server.office.list_page import Shown, list_answer
from server.office.order_form import read_many
from server.office.refusals import told
from server.office.views import Told
from server.office.visit import Sent, Visit, Visiting, go, one
from server.office.words import say
from server.tills.lists import stores

LISTS_TOLD = Told(
    title=say("Price lists"),
    note=say("Prices for a group of customers, or for everyone, in a period. The lowest price that holds counts."),
    search_hint=say("Name or group"),
    empty_heading=say("No price lists yet"),
    empty_text=say("Make one above, or import prices: python -m server import-prices FILE.csv"),
)
PROMOTIONS_TOLD = Told(
    title=say("Promotions"),
    note=say("They do not add up: each line gets the best for the customer, and says why."),
    search_hint=say("Code, name or group"),
    empty_heading=say("No promotions yet"),
    empty_text=say("Make one above; the tills give it from its first day on."),
)
KINDS: tuple[PromotionKind, ...] = get_args(PromotionKind)
WEEKDAYS = (say("Mon"), say("Tue"), say("Wed"), say("Thu"), say("Fri"), say("Sat"), say("Sun"))
LINES_MAX = 100
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,19}", re.ASCII)
_TIME = re.compile(r"(\d{1,2})[:.](\d{2})", re.ASCII)


class PricePages(Controller):
    path = "/"

    # -- price lists

    @get("/prices", sync_to_thread=True)
    def show_lists(self, visit: Visiting) -> Response[Any]:
        """Show the price lists."""
        return list_answer(visit, specs.PRICE_LISTS, price_lists, Shown(told=LISTS_TOLD, template="price_lists.html"))

    @get("/prices/new", sync_to_thread=True)
    def new_list(self, visit: Visiting) -> Response[Any]:
        """Show the form for a new price list."""
        visit.require("admin")
        return list_page(visit, Form(), "")

    @post("/prices/new", sync_to_thread=True)
    def add_list(self, visit: Visiting, form: Sent) -> Response[Any]:
        """Add a price list."""
        return save_list(visit, typed(form), "")

    @get("/prices/{name:str}", sync_to_thread=True)
    def show_price_list(self, visit: Visiting, name: FromPath[str]) -> Response[Any]:
        """Show a price list with its prices."""
        with visit.parts.database.read() as connection:
            found = get_price_list(connection, name)
        if found is None:
            raise Refused("not_found", visit.words("There is no price list “{name}”.", name=name))
        return list_page(visit, list_form(found, visit), name)

    @post("/prices/{name:str}", sync_to_thread=True)
    def change_list(self, visit: Visiting, name: FromPath[str], form: Sent) -> Response[Any]:
        """Change a price list, add a price to it or take one away."""
        sent = typed(form)
        if one(form, "do") == "add":
            return add_price(visit, sent, name)
        if one(form, "do") == "remove":
            return remove_price(visit, sent, name)
        return save_list(visit, sent, name)

    @get("/prices/{name:str}/drop", sync_to_thread=True)
    def ask_drop(self, visit: Visiting, name: FromPath[str]) -> Response[Any]:
        """Ask once before a price list is taken away."""
        visit.require("admin")
        words, back = visit.words, f"/prices/{quote(name, safe='')}"
        says = words("All its prices go with it, at head office and at the tills. To end it on a day, set a last day.")
        return visit.page(
            "confirm.html",
            heading=words("Take the price list “{name}” away?", name=name),
            says=[says],
            action=f"{back}/drop",
            yes=words("Yes, take it away"),
            no=words("No, keep it"),
            back=back,
        )

    @post("/prices/{name:str}/drop", sync_to_thread=True)
    def drop(self, visit: Visiting, name: FromPath[str], form: Sent) -> Response[Any]:  # noqa: ARG002  # form: checked
        """Take a price list away."""
        visit.require("admin")
        with visit.parts.database.write() as connection:
            count = drop_price_list(connection, name)
            audit(connection, visit.staff.name, "price list dropped", name, f"{count} prices", now_ms=visit.now_ms)
        return go("/prices?told=dropped")

    # -- promotions

    @get("/promotions", sync_to_thread=True)
    def show_promotions(self, visit: Visiting) -> Response[Any]:
        """Show the promotions."""
        shown = Shown(told=PROMOTIONS_TOLD, template="promotions.html")
        return list_answer(visit, specs.PROMOTIONS, promotions, shown)

    @get("/promotions/new", sync_to_thread=True)
    def new_promotion(self, visit: Visiting) -> Response[Any]:
        """Show the form for a new promotion."""
        visit.require("admin")
        return promotion_page(visit, Form(fields={"kind": "percent"}), "")

    @post("/promotions/new", sync_to_thread=True)
    def add_promotion(self, visit: Visiting, form: Sent) -> Response[Any]:
        """Add a promotion."""
        return save_promotion(visit, with_lists(typed(form), form), "")

    @get("/promotions/{code:str}", sync_to_thread=True)
    def show_promotion(self, visit: Visiting, code: FromPath[str]) -> Response[Any]:
        """Show a promotion in its form."""
        with visit.parts.database.read() as connection:
            found = get_promotion(connection, code)
        if found is None:
            raise Refused("not_found", visit.words("There is no promotion {code}.", code=code))
        return promotion_page(visit, promotion_form(found, visit), code)

    @post("/promotions/{code:str}", sync_to_thread=True)
    def change_promotion(self, visit: Visiting, code: FromPath[str], form: Sent) -> Response[Any]:
        """Change a promotion; one that was ended runs again."""
        return save_promotion(visit, with_lists(typed(form), form), code)

    @get("/promotions/{code:str}/end", sync_to_thread=True)
    def ask_end(self, visit: Visiting, code: FromPath[str]) -> Response[Any]:
        """Ask once before a promotion is ended."""
        visit.require("admin")
        words, back = visit.words, f"/promotions/{quote(code, safe='')}"
        return visit.page(
            "confirm.html",
            heading=words("End promotion {code} now?", code=code),
            says=[words("Tills no longer give it within seconds. It stays here, and saving it starts it again.")],
            action=f"{back}/end",
            yes=words("Yes, end it"),
            no=words("No, keep it"),
            back=back,
        )

    @post("/promotions/{code:str}/end", sync_to_thread=True)
    def end(self, visit: Visiting, code: FromPath[str], form: Sent) -> Response[Any]:  # noqa: ARG002  # form: checked
        """End a promotion at once."""
        visit.require("admin")
        with visit.parts.database.write() as connection:
            end_promotion(connection, code, visit.now_ms)
            audit(connection, visit.staff.name, "promotion ended", code, now_ms=visit.now_ms)
        return go("/promotions?told=ended")

    # -- what would it cost

    @get("/prices/preview", sync_to_thread=True)
    def preview(self, visit: Visiting) -> Response[Any]:
        """Show what a basket would cost in a store, at a time, for a customer."""
        form = Form(fields={name: values[0][:5000] for name, values in visit.query.items() if values})
        currency = visit.currency
        with visit.parts.database.read() as connection:
            return preview_page(visit, connection, form, currency)


# -- price lists


def list_form(price_list: PriceList, visit: Visit) -> Form:
    """Return the form as it opens to change a price list."""
    days = {name: visit.formats.day(getattr(price_list, name)) for name in ("valid_from", "valid_to")}
    return Form(fields={"name": price_list.name, "group": price_list.group, **days})


def save_list(visit: Visit, form: Form, name: str) -> Response[Any]:
    """Store a price list, or show the form again with what is wrong."""
    visit.require("admin")
    reading = Reading(form, visit.reader)
    price_list = PriceList(
        name=name or reading.text("name", needed=True),
        currency=visit.currency,
        group=reading.text("group"),
        valid_from=reading.day("valid_from"),
        valid_to=reading.day("valid_to"),
    )
    _check_days(visit, reading, price_list.valid_from, price_list.valid_to)
    if "/" in price_list.name:
        reading.refuse("name", visit.words("A slash cannot stand here."))
    try:
        with visit.parts.database.write() as connection:
            if not name and get_price_list(connection, price_list.name):
                reading.refuse("name", visit.words("There is a price list with this name already."))
            if not reading.errors:
                put_price_list(connection, price_list, visit.now_ms)
                audit(connection, visit.staff.name, "price list saved", price_list.name, now_ms=visit.now_ms)
    except Refused as error:
        reading.refuse(ELSEWHERE, told(error, visit.words))
    if reading.errors:
        return list_page(visit, with_errors(form, reading.errors), name, 422)
    return go(f"/prices/{quote(price_list.name, safe='')}?told=saved")


def _check_days(visit: Visit, reading: Reading, first: str, last: str) -> None:
    if first and last and last < first:
        reading.refuse("valid_to", visit.words("The last day lies before the first."))


def add_price(visit: Visit, form: Form, name: str) -> Response[Any]:
    """Put an article's price into a list."""
    visit.require("admin")
    reading = Reading(form, visit.reader)
    quantity = reading.quantity("min_quantity", empty=Decimal(1))
    amount = reading.amount("price", visit.currency, empty=-1)
    if amount < 0:
        reading.refuse("price", visit.words("This is needed."))
    with visit.parts.database.write() as connection:
        found = find_article(connection, form.text("article"))
        if found is None:
            reading.refuse("article", visit.words("There is no such article. Search by name, number or barcode."))
        if found and not reading.errors and get_price_list(connection, name):
            price = ListPrice(price_list=name, article=found.number, price_minor=amount, min_quantity=quantity)
            put_list_prices(connection, [price])
            detail = f"{found.number} {amount} from {quantity}"
            audit(connection, visit.staff.name, "list price saved", name, detail, now_ms=visit.now_ms)
    if not reading.errors:
        return go(f"/prices/{quote(name, safe='')}?told=saved")
    with visit.parts.database.read() as connection:
        standing = get_price_list(connection, name)
    fields = list_form(standing, visit).fields if standing else {}
    again = Form(fields={**fields, **{key: form.text(key) for key in ("article", "min_quantity", "price")}})
    return list_page(visit, with_errors(again, reading.errors), name, 422)


def remove_price(visit: Visit, form: Form, name: str) -> Response[Any]:
    """Take an article's price out of a list."""
    visit.require("admin")
    try:
        quantity = parse_quantity(form.text("of_quantity"))
    except Refused:
        quantity = Decimal(1)
    price = ListPrice(price_list=name, article=form.text("of_article"), price_minor=0, min_quantity=quantity)
    with visit.parts.database.write() as connection:
        drop_list_price(connection, price)
        audit(connection, visit.staff.name, "list price removed", name, price.article, now_ms=visit.now_ms)
    return go(f"/prices/{quote(name, safe='')}?told=saved")


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


# -- promotions


def with_lists(form: Form, sent: dict[str, list[str]]) -> Form:
    """Keep the fields that were sent several times: ticked weekdays, stores and article groups."""
    joined = {name: "\n".join(sent.get(name, ())) for name in ("weekdays", "stores", "groups")}
    return Form(fields={**form.fields, **joined})


def promotion_form(promotion: Promotion, visit: Visit) -> Form:
    """Return the form as it opens to change a promotion."""
    formats, currency = visit.formats, visit.currency
    hours = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in promotion.hours or ()]
    numbers = {
        "x": str(promotion.x or ""),
        "y": str(promotion.y or ""),
        "percent": formats.quantity(promotion.percent) if promotion.percent else "",
        "amount": formats.plain(promotion.amount_minor, currency) if promotion.amount_minor else "",
        "threshold": formats.plain(promotion.threshold_minor, currency) if promotion.threshold_minor else "",
    }
    return Form(
        fields={
            "code": promotion.code,
            "name": promotion.name,
            "kind": promotion.kind,
            "articles": "\n".join(promotion.articles),
            "groups": "\n".join(promotion.groups),
            "customer_group": promotion.customer_group,
            "valid_from": formats.day(promotion.valid_from),
            "valid_to": formats.day(promotion.valid_to),
            "weekdays": "\n".join(str(day) for day in promotion.weekdays),
            "hour_from": hours[0] if hours else "",
            "hour_to": hours[1] if hours else "",
            "stores": "\n".join(promotion.stores),
            "stacks": "1" if promotion.stacks else "",
            **numbers,
        }
    )


def save_promotion(visit: Visit, form: Form, code: str) -> Response[Any]:
    """Store a promotion, or show the form again with what is wrong."""
    visit.require("admin")
    reading = Reading(form, visit.reader)
    promotion = read_promotion(visit, reading, form, code)
    try:
        with visit.parts.database.write() as connection:
            _check_promotion_names(visit, connection, reading, promotion, is_new=not code)
            if not reading.errors:
                put_promotion(connection, promotion, visit.now_ms)
                audit(connection, visit.staff.name, "promotion saved", promotion.code, now_ms=visit.now_ms)
    except Refused as error:
        reading.refuse(ELSEWHERE, told(error, visit.words))
    if reading.errors:
        return promotion_page(visit, with_errors(form, reading.errors), code, 422)
    return go(f"/promotions/{quote(promotion.code, safe='')}?told=saved")


def read_promotion(visit: Visit, reading: Reading, form: Form, code: str) -> Promotion:
    """Read the form's fields; the engine's own check says what does not fit together."""
    first, last = _minute(visit, reading, form, "hour_from"), _minute(visit, reading, form, "hour_to")
    promotion = Promotion(
        code=code or reading.text("code", needed=True),
        name=reading.text("name", needed=True),
        kind=reading.choice("kind", KINDS),  # type: ignore[arg-type]  # one of KINDS
        articles=tuple(form.text("articles").replace(",", " ").split()),
        groups=reading.lines("groups"),
        customer_group=reading.text("customer_group"),
        valid_from=reading.day("valid_from"),
        valid_to=reading.day("valid_to"),
        weekdays=tuple(int(day) for day in form.text("weekdays").split() if day in "1234567"),
        hours=(first or 0, last if last is not None else 24 * 60) if (first, last) != (None, None) else None,
        stores=tuple(form.text("stores").split()),
        x=reading.whole("x"),
        y=reading.whole("y"),
        percent=reading.percent("percent"),
        amount_minor=reading.amount("amount", visit.currency),
        threshold_minor=reading.amount("threshold", visit.currency),
        stacks=reading.ticked("stacks"),
    )
    _check_days(visit, reading, promotion.valid_from, promotion.valid_to)
    if not code and promotion.code and not _CODE.fullmatch(promotion.code):
        reading.refuse("code", visit.words("A code has up to 20 letters, digits, dots or dashes."))
    return promotion


def _minute(visit: Visit, reading: Reading, form: Form, name: str) -> int | None:
    text = form.text(name).strip()
    match = _TIME.fullmatch(text)
    if match and int(match[1]) <= 24 and int(match[2]) < 60:
        return int(match[1]) * 60 + int(match[2])
    if text:
        reading.refuse(name, visit.words("Type a time like 14:30."))
    return None


def _check_promotion_names(
    visit: Visit, connection: Connection, reading: Reading, promotion: Promotion, *, is_new: bool
) -> None:
    words = visit.words
    there = get_articles(connection, promotion.articles)
    missing = [number for number in promotion.articles if number not in there]
    if missing:
        reading.refuse("articles", words("There is no article {number}.", number=missing[0]))
    if is_new and get_promotion(connection, promotion.code):
        reading.refuse("code", words("There is a promotion with this code already."))


def promotion_page(visit: Visit, form: Form, code: str, status: int = 200) -> Response[str]:
    """Show the form of a promotion; `code` is empty for a new one."""
    with visit.parts.database.read() as connection:
        values = {
            "groups": article_groups(connection),
            "customer_groups": customer_groups(connection),
            "stores": stores(connection),
            "ended": bool(code) and has_ended(connection, code),
        }
    return visit.page(
        "promotion.html",
        status=status,
        form=form,
        code=code,
        kinds=[(kind, visit.words(specs.PROMOTION_LABELS[kind])) for kind in KINDS],
        weekdays=[(str(place), visit.words(name)) for place, name in enumerate(WEEKDAYS, start=1)],
        may_manage=visit.staff.role == "admin",
        back="/promotions",
        **values,
    )


# -- what would it cost


class Tried(Struct, frozen=True, kw_only=True):
    """A basket as the tills would price it, and what could not be put into it."""

    totals: Totals | None = None
    bill: str = ""
    live: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def preview_page(visit: Visit, connection: Connection, form: Form, currency: str) -> Response[str]:
    """Show the basket that was typed, priced."""
    all_stores = stores(connection)
    reading = Reading(form, visit.reader)
    store = form.text("store") or (all_stores[0].code if all_stores else "")
    day = reading.day("day") or visit.formats.iso_day(visit.now_ms)
    minute = _minute(visit, reading, form, "time")
    customer = get_customer(connection, form.text("customer").strip()) if form.text("customer") else None
    if form.text("customer") and customer is None:
        reading.refuse("customer", visit.words("There is no customer {number}.", number=form.text("customer")[:40]))
    now = local(visit.now_ms)
    tried = Tried()
    if form.text("basket").strip() and store:
        context = PriceContext(
            day=day,
            minute_of_day=now.hour * 60 + now.minute if minute is None else minute,
            weekday=date.fromisoformat(day).isoweekday(),
            store=store,
            customer_group=customer.group if customer else "",
            promotions=PromotionIndex(running_promotions(connection)),
            price_lists=all_price_lists(connection),
            list_prices=lambda article: prices_of_article(connection, article),
        )
        tried = try_basket(connection, form.text("basket"), context, currency)
    return visit.page(
        "preview.html",
        form=with_errors(form, reading.errors),
        stores=all_stores,
        tried=tried,
        currency=currency,
        customer=customer,
    )


def try_basket(connection: Connection, text: str, context: PriceContext, currency: str) -> Tried:
    """Price the typed rows "article, quantity" with the engine that tills use."""
    rows, unread = read_many(text)
    lines: list[Line] = []
    for code, quantity in rows[:LINES_MAX]:
        line = _line(connection, code, quantity, context)
        if line is None:
            unread.append(code)
        else:
            lines.append(line)
    if not lines:
        return Tried(unread=tuple(unread))
    basket = reprice(Basket(currency=currency, lines=tuple(lines)), context)
    live = tuple(promotion.name for promotion in context.promotions.all if is_live(promotion, context))
    bill = basket.bill_discount.reason if basket.bill_discount else ""
    return Tried(totals=price_basket(basket), bill=bill, live=live, unread=tuple(unread))


def _line(connection: Connection, code: str, quantity: str, context: PriceContext) -> Line | None:
    found = find_article(connection, code)
    article = get_article(connection, found.number) if found else None
    settings = store_settings(connection, context.store)
    if article is None or settings is None:
        return None
    try:
        return Line(
            article=article.number,
            name=article.name,
            quantity=parse_quantity(quantity),
            unit=article.unit,
            unit_price_minor=article.price_minor,
            list_price_minor=article.price_minor,
            tax_code=article.tax_code,
            tax_percent=_percent(connection, article, settings.country, context.day),
            group=article.group,
            kind="voucher" if article.is_voucher else "goods",
        )
    except Refused:
        return None


def _percent(connection: Connection, article: Article, country: str, day: str) -> Decimal:
    if article.tax_code == UNTAXED:
        return Decimal(0)
    return rate_on(tax_rates(connection, country), article.tax_code, date.fromisoformat(day)).percent
