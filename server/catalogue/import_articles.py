"""Import articles from a CSV file (docs/import.md); what the file has no column for stays as it was."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from schema.catalogue import Article
from schema.clock import Clock
from schema.errors import Refused
from schema.money import parse_amount
from server.catalogue.articles import get_articles, put_articles
from server.catalogue.csv_file import Advance, ImportReport, Recipe, import_rows, is_yes, unwatched, words_of
from server.catalogue.options import parse_options
from server.catalogue.rules import check_article
from server.catalogue.store_rows import tax_codes
from server.db import Connection, Database
from server.tills.identity import read_meta

REQUIRED = ("number", "name", "price", "tax_code")
# A file may head its columns either way.
_ALIASES = {
    "barcodes": "barcode",
    "tax": "tax_code",
    "article": "number",
    "age": "age_min",
    "deposit": "bottle_deposit",
    "color": "colour",
    "matrix": "is_matrix",
    "voucher": "is_voucher",
}
# Which column fills which of an article's fields.
_FIELD_OF = {"price": "price_minor", "barcode": "barcodes"}


class Rules(Struct, frozen=True, kw_only=True):
    """What a row is checked against."""

    currency: str
    tax_codes: frozenset[str]


def import_file(
    database: Database, clock: Clock, path: Path, *, dry_run: bool = False, advance: Advance = unwatched
) -> ImportReport:
    """Import a file; `advance` is told (rows done, total where known).

    Raises Refused("unreadable_file"), Refused("bad_columns") or Refused("no_tax_rates") before anything is stored.
    """
    recipe = Recipe(
        noun="Article",
        required=REQUIRED,
        aliases=_ALIASES,
        label="number",
        key=lambda article: article.number,
        parse=partial(parse_row, rules=read_rules(database)),
        store=lambda connection, lot, columns: _store(connection, lot, columns, clock.now_ms()),
    )
    return import_rows(database, path, recipe, dry_run=dry_run, advance=advance)


def read_rules(database: Database) -> Rules:
    """Return what this head office accepts. Raises Refused("no_tax_rates") where none are known."""
    with database.read() as connection:
        codes = tax_codes(connection)
        currency = read_meta(connection, "currency") or "EUR"
    if not codes:
        raise Refused("no_tax_rates", "Head office knows no VAT rates yet. Run “python -m server init” first.")
    return Rules(currency=currency, tax_codes=codes)


def _store(connection: Connection, lot: Sequence[Article], columns: frozenset[str], now_ms: int) -> int:
    given = {_FIELD_OF.get(name, name) for name in columns} & set(Article.__struct_fields__)
    present = get_articles(connection, [article.number for article in lot])
    merged = [_onto(present.get(article.number), article, given) for article in lot]
    return put_articles(connection, merged, now_ms).changed


def _onto(present: Article | None, article: Article, given: set[str]) -> Article:
    return article if present is None else replace(present, **{name: getattr(article, name) for name in given})


def parse_row(row: Mapping[str, str], rules: Rules) -> Article:
    """Turn a row into an article. Raises Refused with what is wrong in it."""
    article = Article(
        number=row.get("number", ""),
        name=row.get("name", ""),
        short_name=row.get("short_name", ""),
        group=row.get("group", ""),
        unit=row.get("unit", "").strip() or "piece",
        price_minor=parse_amount(row.get("price", ""), rules.currency),
        tax_code=row.get("tax_code", "").strip(),
        barcodes=words_of(row.get("barcode", "")),
        blocked=is_yes(row.get("blocked", "")),
        age_min=_age(row.get("age_min", "")),
        bottle_deposit=row.get("bottle_deposit", ""),
        options=parse_options(row.get("options", ""), rules.currency),
        suggests=words_of(row.get("suggests", "")),
        variant_of=row.get("variant_of", ""),
        colour=row.get("colour", ""),
        size=row.get("size", ""),
        is_matrix=is_yes(row.get("is_matrix", "")),
        is_voucher=is_yes(row.get("is_voucher", "")),
    )
    return check_article(article, rules.tax_codes)


def _age(text: str) -> int:
    text = text.strip()
    if text and not (text.isascii() and text.isdigit() and len(text) < 4):
        raise Refused("bad_age", f"“{text[:20]}” is no age. Write a whole number, or nothing.")
    return int(text or 0)
