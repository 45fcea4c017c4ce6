"""Stores: added with their settings and the VAT rates of their country."""

import re
from collections.abc import Sequence

from schema.catalogue import StoreSettings
from schema.errors import Refused
from schema.tax import TaxRate
from schema.text import without_controls
from server.catalogue.countries import currency_of
from server.catalogue.store_rows import put_store, put_tax_rates, store_settings
from server.db import Connection

# It stands in receipt numbers, so it is short and has no dash.
_CODE = re.compile(r"[0-9A-Z]{1,8}")
NAME_LENGTH_MAX = 80


def add_store(connection: Connection, *, code: str, name: str, country: str, rates: Sequence[TaxRate]) -> StoreSettings:
    """Add a store. Raises Refused("bad_store") or Refused("exists")."""
    name = without_controls(name).strip()
    if not _CODE.fullmatch(code) or not 0 < len(name) <= NAME_LENGTH_MAX:
        raise Refused("bad_store", "A store needs a code of 1 to 8 digits or capital letters, and a name.")
    if store_settings(connection, code) is not None:
        raise Refused("exists", f"There is a store {code} already.")
    settings = StoreSettings(store=code, name=name, country=country, currency=currency_of(country))
    put_tax_rates(connection, rates)
    put_store(connection, settings)
    return settings
