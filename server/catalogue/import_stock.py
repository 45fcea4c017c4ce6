"""Import what was counted in the stores from a CSV file (docs/import.md): from here on sales move it.

A level that is the same already is left alone, its age too. A file is a count of now: an old one sets the stock back.
"""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

from schema.clock import Clock
from schema.errors import Refused
from schema.quantity import QUANTITY_MAX, shortest
from server.catalogue.csv_file import Advance, ImportReport, Recipe, import_rows, unwatched
from server.catalogue.rules import NUMBER_LENGTH_MAX, needed
from server.db import Connection, Database
from server.stock.levels import Count, count
from server.stock.tables import level

REQUIRED = ("store", "article", "quantity")
_ALIASES = {"number": "article", "stock": "quantity"}
PLACES_MAX = 3


def import_stock(
    database: Database, clock: Clock, path: Path, *, dry_run: bool = False, advance: Advance = unwatched
) -> ImportReport:
    """Import a file. Raises Refused("unreadable_file") or Refused("bad_columns") before anything is stored."""
    with database.read() as connection:
        stores = {code for (code,) in connection.rows("SELECT code FROM store")}
        articles = {number for (number,) in connection.rows("SELECT number FROM article")}
    recipe = Recipe(
        noun="The stock",
        required=REQUIRED,
        aliases=_ALIASES,
        label="article",
        key=lambda counted: f"{counted.store}/{counted.article}",
        parse=lambda fields: _parsed(fields, stores, articles),
        store=lambda connection, lot, _columns: _store(connection, lot, clock.now_ms()),
    )
    return import_rows(database, path, recipe, dry_run=dry_run, advance=advance)


def _store(connection: Connection, lot: Sequence[Count], now_ms: int) -> int:
    different = [counted for counted in lot if not _stands(connection, counted)]
    count(connection, different, now_ms)
    return len(different)


def _stands(connection: Connection, counted: Count) -> bool:
    present = level(connection, counted.store, counted.article)
    return present is not None and present.quantity == counted.quantity


def _parsed(fields: Mapping[str, str], stores: Collection[str], articles: Collection[str]) -> Count:
    store = needed(fields.get("store", ""), "store", NUMBER_LENGTH_MAX)
    article = needed(fields.get("article", ""), "article", NUMBER_LENGTH_MAX)
    if store not in stores:
        raise Refused("unknown_store", f"There is no store {store}.")
    if article not in articles:
        raise Refused("unknown_article", f"There is no article {article}. Import the articles first.")
    return Count(store=store, article=article, quantity=_quantity(fields.get("quantity", "")))


def _quantity(text: str) -> Decimal:
    """Read a level: zero is one, and so is less than nothing (sold before it was booked in)."""
    try:
        value = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        raise Refused("bad_quantity", f"“{text[:20]}” is no quantity.") from None
    if not value.is_finite() or abs(value) > QUANTITY_MAX or value != round(value, PLACES_MAX):
        raise Refused("bad_quantity", f"“{text[:20]}” is no quantity with at most {PLACES_MAX} decimals.")
    return shortest(value)
