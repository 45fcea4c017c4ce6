"""Try a basket: what it would cost in a store, at a time, for a customer, by the engine that tills use."""

from datetime import date
from decimal import Decimal
from typing import Any

from litestar import Controller, Response, get
from msgspec import Struct

from schema.basket import Basket, Line, Totals
from schema.basket import price as price_basket
from schema.catalogue import Article
from schema.errors import Refused
from schema.pricing import PriceContext, PromotionIndex, is_live, reprice
from schema.quantity import parse_quantity
from schema.tax import rate_on
from server.catalogue.articles import get_article
from server.catalogue.lists import find_article
from server.catalogue.people import get_customer
from server.catalogue.prices import price_lists, prices_of_article, running_promotions
from server.catalogue.rules import UNTAXED
from server.catalogue.store_rows import store_settings, tax_rates
from server.db import Connection
from server.office.form import Form, Reading, with_errors
from server.office.formats import local
from server.office.order_form import read_many
from server.office.visit import Visit, Visiting
from server.tills.lists import stores

LINES_MAX = 100


class PreviewPage(Controller):
    path = "/prices/preview"

    @get("/", sync_to_thread=True)
    def preview(self, visit: Visiting) -> Response[Any]:
        """Show what a basket would cost in a store, at a time, for a customer."""
        form = Form(fields={name: values[0][:5000] for name, values in visit.query.items() if values})
        currency = visit.currency
        with visit.parts.database.read() as connection:
            return preview_page(visit, connection, form, currency)


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
    minute = reading.minute("time")
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
            price_lists=price_lists(connection),
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
