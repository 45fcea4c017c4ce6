"""What a store's tills need beside articles and people: tax rates, quick-key pages and the store's settings."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import msgspec

from schema.catalogue import QuickKeyPage, StoreSettings
from schema.tax import TaxRate
from server.catalogue import feed
from server.db import Connection

_RATE = (
    "INSERT INTO tax_rate (country, code, valid_from, valid_to, percent) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (country, code, valid_from) DO UPDATE SET valid_to = excluded.valid_to, percent = excluded.percent"
)
_PAGE = (
    "INSERT INTO quick_keys (store, name, body) VALUES (?, ?, ?) "
    "ON CONFLICT (store, name) DO UPDATE SET body = excluded.body"
)
_STORE = (
    "INSERT INTO store (code, name, country, currency, settings) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (code) DO UPDATE SET name = excluded.name, country = excluded.country, "
    "currency = excluded.currency, settings = excluded.settings"
)


def put_store(connection: Connection, settings: StoreSettings) -> None:
    """Add or change a store by its settings; its tills and the tax rates of its country follow in the feed."""
    body = msgspec.json.encode(settings).decode()
    connection.run(_STORE, (settings.store, settings.name, settings.country, settings.currency, body))
    rates = tax_rates(connection, settings.country)
    feed.put(
        connection,
        [feed.present(settings.store, settings), *(feed.present(settings.store, rate) for rate in rates)],
    )


def put_tax_rates(connection: Connection, rates: Sequence[TaxRate]) -> None:
    """Add or change tax rates; each store sees those of its own country."""
    connection.many(
        _RATE,
        [
            (rate.country, rate.code, rate.valid_from.isoformat(), _day(rate.valid_to), str(rate.percent))
            for rate in rates
        ],
    )
    stores = connection.rows("SELECT code, country FROM store")
    feed.put(
        connection,
        [feed.present(code, rate) for code, country in stores for rate in rates if rate.country == country],
    )


def tax_rates(connection: Connection, country: str) -> list[TaxRate]:
    """Return a country's rates, all validity periods."""
    sql = "SELECT code, percent, valid_from, valid_to FROM tax_rate WHERE country = ? ORDER BY code, valid_from"
    return [
        TaxRate(
            code=code,
            country=country,
            percent=Decimal(percent),
            valid_from=date.fromisoformat(start),
            valid_to=date.fromisoformat(end) if end else None,
        )
        for code, percent, start, end in connection.rows(sql, (country,))
    ]


def tax_codes(connection: Connection) -> frozenset[str]:
    """Return the tax codes of all countries."""
    return frozenset(code for (code,) in connection.rows("SELECT DISTINCT code FROM tax_rate"))


def store_settings(connection: Connection, store: str) -> StoreSettings | None:
    """Return a store's settings, or None where there is no such store."""
    body = connection.value("SELECT settings FROM store WHERE code = ?", (store,))
    return None if body is None else msgspec.json.decode(body, type=StoreSettings)


def put_quick_keys(connection: Connection, store: str, pages: Sequence[QuickKeyPage]) -> None:
    """Set a store's quick-key pages: those that are not named any more are taken away."""
    old = {name for (name,) in connection.rows("SELECT name FROM quick_keys WHERE store = ?", (store,))}
    dropped = sorted(old - {page.name for page in pages})
    connection.many("DELETE FROM quick_keys WHERE store = ? AND name = ?", [(store, name) for name in dropped])
    connection.many(_PAGE, [(store, page.name, msgspec.json.encode(page).decode()) for page in pages])
    feed.put(
        connection,
        [
            *(feed.present(store, page) for page in pages),
            *(feed.gone(store, "quick_keys", name) for name in dropped),
        ],
    )


def put_quick_key_page(connection: Connection, store: str, page: QuickKeyPage) -> None:
    """Set one of a store's quick-key pages; without keys it is taken away. The others are not touched, nor read."""
    if page.keys:
        connection.run(_PAGE, (store, page.name, msgspec.json.encode(page).decode()))
    else:
        connection.run("DELETE FROM quick_keys WHERE store = ? AND name = ?", (store, page.name))
    write = feed.present(store, page) if page.keys else feed.gone(store, "quick_keys", page.name)
    feed.put(connection, [write])


def quick_key_pages(connection: Connection, store: str) -> list[QuickKeyPage]:
    """Return a store's quick-key pages in their order."""
    rows = connection.rows("SELECT body FROM quick_keys WHERE store = ?", (store,))
    pages = [msgspec.json.decode(body, type=QuickKeyPage) for (body,) in rows]
    return sorted(pages, key=lambda page: (page.position, page.name))


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
