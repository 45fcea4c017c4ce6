"""Articles and their barcodes, kept as rows for the office and as feed rows for the tills, always together."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import asdict

from schema.catalogue import Article, Option
from server.catalogue import feed
from server.db import Connection

_ARTICLE = (
    "number",
    "name",
    "short_name",
    "group_name",
    "unit",
    "price_minor",
    "tax_code",
    "blocked",
    "variant_of",
    "extra",
    "modified_ms",
)
_REPLACE = "ON CONFLICT (number) DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in _ARTICLE[1:])
_SELECT = f"SELECT {', '.join(_ARTICLE[:-1])} FROM article"
_NUMBERS_AT_ONCE = 500
VARIANTS_MAX = 500


class Extra(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The column `extra`: what is read with an article, but never searched or summed."""

    age_min: int = 0
    bottle_deposit: str = ""
    options: tuple[Option, ...] = ()
    suggests: tuple[str, ...] = ()
    colour: str = ""
    size: str = ""
    is_matrix: bool = False
    is_voucher: bool = False


class Stored(Struct, frozen=True, kw_only=True):
    """How many of the articles were new or different, and how many stood there already."""

    changed: int
    unchanged: int


def put_articles(connection: Connection, articles: Sequence[Article], now_ms: int) -> Stored:
    """Add or change articles for every store. An article that is the same already is not touched."""
    by_number = {article.number: article for article in articles}
    changed = feed.put(connection, [feed.present(feed.EVERY_STORE, article) for article in by_number.values()])
    new = [article for number, article in by_number.items() if number in changed]
    connection.copy_rows("article", _ARTICLE, [_row(article, now_ms) for article in new], _REPLACE)
    _forget_codes(connection, [article.number for article in new])
    codes = [(code, article.number) for article in new for code in dict.fromkeys(article.barcodes)]
    connection.copy_rows("barcode", ("code", "article"), codes)
    return Stored(changed=len(new), unchanged=len(by_number) - len(new))


def _forget_codes(connection: Connection, numbers: Sequence[str]) -> None:
    for start in range(0, len(numbers), _NUMBERS_AT_ONCE):
        part = numbers[start : start + _NUMBERS_AT_ONCE]
        connection.run(f"DELETE FROM barcode WHERE article IN ({', '.join('?' * len(part))})", part)


def _row(article: Article, now_ms: int) -> tuple[str | int, ...]:
    extra = Extra(**{name: getattr(article, name) for name in Extra.__struct_fields__})
    return (
        article.number,
        article.name,
        article.short_name,
        article.group,
        article.unit,
        article.price_minor,
        article.tax_code,
        int(article.blocked),
        article.variant_of,
        msgspec.json.encode(extra).decode(),
        now_ms,
    )


def get_article(connection: Connection, number: str) -> Article | None:
    """Return an article with its barcodes, or None."""
    return get_articles(connection, [number]).get(number)


def get_articles(connection: Connection, numbers: Sequence[str]) -> dict[str, Article]:
    """Return the articles that are there, by number."""
    found: dict[str, Article] = {}
    for start in range(0, len(numbers), _NUMBERS_AT_ONCE):
        part = numbers[start : start + _NUMBERS_AT_ONCE]
        marks = ", ".join("?" * len(part))
        rows = connection.rows(f"{_SELECT} WHERE number IN ({marks})", part)
        codes = _codes(connection, f"article IN ({marks})", part) if rows else {}
        found |= {row[0]: _article(row, codes.get(row[0], ())) for row in rows}
    return found


def _codes(connection: Connection, condition: str, bound: Sequence[str]) -> dict[str, tuple[str, ...]]:
    codes: dict[str, tuple[str, ...]] = {}
    for article, code in connection.rows(f"SELECT article, code FROM barcode WHERE {condition} ORDER BY code", bound):
        codes[article] = (*codes.get(article, ()), code)
    return codes


def variants(connection: Connection, number: str) -> list[Article]:
    """Return a matrix article's variants by number, at most `VARIANTS_MAX`."""
    rows = connection.rows(
        f"{_SELECT} WHERE variant_of = ? AND variant_of <> '' ORDER BY number LIMIT ?", (number, VARIANTS_MAX)
    )
    codes = _codes(connection, "article IN (SELECT number FROM article WHERE variant_of = ?)", (number,))
    return [_article(row, codes.get(row[0], ())) for row in rows]


def _article(row: Sequence[Any], codes: tuple[str, ...]) -> Article:
    extra = msgspec.json.decode(row[9], type=Extra)
    return Article(
        number=row[0],
        name=row[1],
        short_name=row[2],
        group=row[3],
        unit=row[4],
        price_minor=row[5],
        tax_code=row[6],
        blocked=bool(row[7]),
        variant_of=row[8],
        barcodes=codes,
        **asdict(extra),
    )
