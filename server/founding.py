"""Make a head office: the structure, its identity, a country's VAT rates and chart of accounts, and the first sign-in.

Running it on data that exists is refused, so that nobody founds a second head office over the first.
"""

import secrets
from collections.abc import Sequence
from datetime import timedelta

from msgspec import Struct
from msgspec.structs import replace

from schema.catalogue import StoreSettings
from schema.clock import Clock, local_day
from schema.errors import Refused
from schema.parties import Cashier
from server.accounting.chart import install
from server.auth.staff import Role, add_staff
from server.catalogue.articles import put_articles
from server.catalogue.countries import currency_of, rates_of
from server.catalogue.people import hash_pin, put_cashiers, put_customers
from server.catalogue.prices import put_list_prices, put_price_list, put_promotion
from server.catalogue.store_rows import put_quick_keys, put_store, put_tax_rates
from server.config import Config
from server.db import Connection, Database, open_database
from server.demo import assortment, shop
from server.migrate import migrate
from server.orders.place import place
from server.orders.rules import LineWish, OrderWish
from server.stock.levels import Count, count
from server.tills.identity import found_identity, read_meta, write_meta
from server.tills.tills import add_till

DEMO_PASSWORD = "sample-shop"  # noqa: S105 - of the sample shop, printed at init
DEMO_STAFF: tuple[tuple[str, str, Role], ...] = (
    ("admin", "Sample Admin", "admin"),
    ("office", "Sample Clerk", "clerk"),
    ("books", "Sample Accountant", "accountant"),
)


class SignIn(Struct, frozen=True, kw_only=True):
    """A sign-in to print once."""

    name: str
    password: str
    role: str


class Founded(Struct, frozen=True, kw_only=True):
    """What `init` made."""

    country: str
    chart: str
    stores: Sequence[str] = ()
    articles: int = 0
    sign_ins: Sequence[SignIn] = ()
    cashiers: Sequence[SignIn] = ()


def found(
    config: Config, clock: Clock, *, country: str = "DE", chart: str | None = None, demo: bool = False
) -> Founded:
    """Found a head office in a data folder (or at its DATABASE_URL).

    Raises Refused("exists") where there is one, Refused("unknown_country") where its rates are not known,
    Refused("unknown_chart") where the country has no chart of accounts of its own and none is named.
    """
    rates = rates_of(country)
    database = open_database(config.folder, config.database_url)
    try:
        migrate(database, clock)
        _refuse_second(database)
        found_identity(database, config.folder)
        with database.write() as connection:
            chart = install(connection, country, chart)
            put_tax_rates(connection, rates)
            made = _demo(connection, clock, country) if demo else _empty(connection)
            write_meta(connection, "country", country)
            write_meta(connection, "currency", currency_of(country))
    finally:
        database.close()
    return Founded(
        country=country,
        chart=chart,
        stores=made.stores,
        articles=made.articles,
        sign_ins=made.sign_ins,
        cashiers=made.cashiers,
    )


class _Made(Struct, frozen=True, kw_only=True):
    sign_ins: Sequence[SignIn]
    stores: Sequence[str] = ()
    articles: int = 0
    cashiers: Sequence[SignIn] = ()


def _refuse_second(database: Database) -> None:
    with database.read() as connection:
        if read_meta(connection, "country") is not None:
            raise Refused(
                "exists", "There is a head office here already. Start it with “serve”, or choose another --data."
            )


def _empty(connection: Connection) -> _Made:
    password = secrets.token_urlsafe(12)
    add_staff(connection, name="admin", display="Administrator", role="admin", password=password)
    return _Made(sign_ins=(SignIn(name="admin", password=password, role="admin"),))


def _demo(connection: Connection, clock: Clock, country: str) -> _Made:
    now_ms = clock.now_ms()
    for store in shop.STORES:
        _demo_store(connection, replace(store, country=country, currency=currency_of(country)))
    articles = shop.articles()
    put_articles(connection, articles, now_ms)
    put_customers(connection, shop.CUSTOMERS, now_ms)
    _demo_prices(connection, now_ms, currency_of(country))
    for code, till_name in assortment.TILLS:
        add_till(connection, clock, code, till_name)
    for name, display, role in DEMO_STAFF:
        add_staff(connection, name=name, display=display, role=role, password=DEMO_PASSWORD)
    _demo_orders(connection, clock)
    return _Made(
        sign_ins=tuple(SignIn(name=name, password=DEMO_PASSWORD, role=role) for name, _, role in DEMO_STAFF),
        stores=tuple(store.store for store in shop.STORES),
        articles=len(articles),
        cashiers=tuple(SignIn(name=number, password=pin, role=role) for number, _, role, pin in shop.CASHIERS),
    )


def _demo_prices(connection: Connection, now_ms: int, currency: str) -> None:
    for price_list in assortment.PRICE_LISTS:
        put_price_list(connection, replace(price_list, currency=currency), now_ms)
    put_list_prices(connection, assortment.LIST_PRICES)
    for promotion in assortment.PROMOTIONS:
        put_promotion(connection, promotion, now_ms)
    variants = tuple(article.number for article in shop.articles() if article.variant_of)
    counted = [
        Count(store=each.store, article=each.article, quantity=each.quantity) for each in assortment.counts(variants)
    ]
    count(connection, counted, now_ms)


def _demo_store(connection: Connection, store: StoreSettings) -> None:
    put_store(connection, store)
    put_quick_keys(connection, store.store, shop.quick_key_pages())
    cashiers = [
        Cashier(number=number, name=name, role=role, pin_hash=hash_pin(pin))
        for number, name, role, pin in shop.CASHIERS
    ]
    put_cashiers(connection, store.store, cashiers)


def _demo_orders(connection: Connection, clock: Clock) -> None:
    today = local_day(clock.now_ms(), clock.utc_offset_min())
    for days, (customer, subject, lines) in enumerate(shop.ORDERS, start=1):
        wish = OrderWish(
            store=shop.STORES[0].store,
            customer=customer,
            subject=subject,
            ordered_day=today,
            expected_day=today + timedelta(days=days),
            lines=tuple(LineWish(article=article, quantity=quantity) for article, quantity in lines),
        )
        place(connection, wish, clock, confirmed=True)
