"""Import the prices of price lists from a CSV file (docs/import.md); a list that is not there yet is made.

Columns that describe the list itself (group, valid_from, valid_to) count where the list is made; an existing list keeps
what the office says of it.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from msgspec import Struct

from schema.catalogue import key_of
from schema.clock import Clock
from schema.errors import Refused
from schema.money import parse_amount
from schema.pricing import ListPrice, PriceList, check_price_list
from schema.quantity import parse_quantity
from server.catalogue.csv_file import Advance, ImportReport, Recipe, import_rows, unwatched
from server.catalogue.prices import NAME_LENGTH_MAX, get_price_list, put_list_prices, put_price_list
from server.catalogue.rules import AMOUNT_MINOR_MAX, NUMBER_LENGTH_MAX, needed
from server.db import Connection, Database
from server.tills.identity import read_meta

REQUIRED = ("price_list", "article", "price")
_ALIASES = {"list": "price_list", "number": "article", "from_quantity": "min_quantity", "quantity": "min_quantity"}


class PriceRow(Struct, frozen=True, kw_only=True):
    """A row: the price and the list that it stands in."""

    price: ListPrice
    price_list: PriceList


def import_prices(
    database: Database, clock: Clock, path: Path, *, dry_run: bool = False, advance: Advance = unwatched
) -> ImportReport:
    """Import a file. Raises Refused("unreadable_file") or Refused("bad_columns") before anything is stored."""
    with database.read() as connection:
        currency = read_meta(connection, "currency") or "EUR"
        known = {number for (number,) in connection.rows("SELECT number FROM article")}
    recipe = Recipe(
        noun="The price",
        required=REQUIRED,
        aliases=_ALIASES,
        label="article",
        key=lambda row: key_of(row.price),
        parse=lambda fields: _parsed(fields, currency, known),
        store=lambda connection, lot, _columns: _store(connection, lot, clock.now_ms()),
    )
    return import_rows(database, path, recipe, dry_run=dry_run, advance=advance)


def _store(connection: Connection, lot: Sequence[PriceRow], now_ms: int) -> int:
    for price_list in {row.price_list.name: row.price_list for row in lot}.values():
        if get_price_list(connection, price_list.name) is None:
            put_price_list(connection, price_list, now_ms)
    return put_list_prices(connection, [row.price for row in lot])


def _parsed(fields: Mapping[str, str], currency: str, known: set[str]) -> PriceRow:
    name = needed(fields.get("price_list", ""), "price_list", NAME_LENGTH_MAX)
    article = needed(fields.get("article", ""), "article", NUMBER_LENGTH_MAX)
    if article not in known:
        raise Refused("unknown_article", f"There is no article {article}. Import the articles first.")
    price_minor = parse_amount(fields.get("price", ""), currency)
    if not 0 <= price_minor <= AMOUNT_MINOR_MAX:
        raise Refused("bad_amount", "The price is negative or beyond all bounds.")
    price = ListPrice(
        price_list=name,
        article=article,
        price_minor=price_minor,
        min_quantity=_quantity(fields.get("min_quantity", "")),
    )
    price_list = PriceList(
        name=name,
        currency=currency,
        group=fields.get("group", "").strip(),
        valid_from=fields.get("valid_from", "").strip(),
        valid_to=fields.get("valid_to", "").strip(),
    )
    return PriceRow(price=price, price_list=check_price_list(price_list))


def _quantity(text: str) -> Decimal:
    quantity = parse_quantity(text) if text.strip() else Decimal(1)
    if quantity <= 0:
        raise Refused("bad_quantity", "The quantity from which a price holds is more than zero.")
    return quantity
