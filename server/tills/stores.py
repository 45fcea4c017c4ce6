"""Stores: added and changed with their settings and the VAT rates of their country."""

import re
from collections.abc import Sequence

from schema.catalogue import StoreSettings, key_of
from schema.errors import Refused
from schema.tax import TaxRate
from schema.text import without_controls
from server.catalogue import feed
from server.catalogue.countries import currency_of, rates_of
from server.catalogue.store_rows import put_store, put_tax_rates, store_settings, tax_rates
from server.db import Connection

# It stands in receipt numbers, so it is short and has no dash.
CODE = re.compile(r"[0-9A-Z]{1,8}")
NAME_LENGTH_MAX = 80


def add_store(connection: Connection, *, code: str, name: str, country: str, rates: Sequence[TaxRate]) -> StoreSettings:
    """Add a store with what is usual. Raises Refused("bad_store") or Refused("exists")."""
    settings = StoreSettings(
        store=code, name=without_controls(name).strip(), country=country, currency=currency_of(country)
    )
    add_store_as(connection, settings, rates)
    return settings


def add_store_as(connection: Connection, settings: StoreSettings, rates: Sequence[TaxRate]) -> None:
    """Add a store as its settings say. Raises Refused("bad_store") or Refused("exists")."""
    if not CODE.fullmatch(settings.store) or not 0 < len(settings.name) <= NAME_LENGTH_MAX:
        raise Refused("bad_store", "A store needs a code of 1 to 8 digits or capital letters, and a name.")
    if store_settings(connection, settings.store) is not None:
        raise Refused("exists", f"There is a store {settings.store} already.")
    put_tax_rates(connection, rates)
    put_store(connection, settings)


def change_store(connection: Connection, settings: StoreSettings) -> None:
    """Change a store; with another country its tills get that one's VAT rates instead.

    Raises Refused("unknown_store"), and Refused("store_in_use") for another country or currency once a till has been
    enrolled: its journal, its drawer and its receipts are in what was.
    """
    present = store_settings(connection, settings.store)
    if present is None:
        raise Refused("unknown_store", f"There is no store {settings.store}.")
    moves = present.country != settings.country
    if (moves or present.currency != settings.currency) and in_use(connection, settings.store):
        raise Refused(
            "store_in_use",
            f"A till of store {settings.store} has been enrolled: country and currency stay. Add a new store instead.",
        )
    if moves:
        gone = tax_rates(connection, present.country)
        feed.put(connection, [feed.gone(settings.store, "tax_rate", key_of(rate)) for rate in gone])
        put_tax_rates(connection, rates_of(settings.country))
    put_store(connection, settings)


def in_use(connection: Connection, code: str) -> bool:
    """Tell whether a till of a store has ever been enrolled."""
    return connection.row("SELECT 1 FROM till WHERE store = ? AND epoch > 0 LIMIT 1", (code,)) is not None
