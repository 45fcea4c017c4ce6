"""Articles and their barcodes, kept as rows for the office and as feed rows for the tills, always together."""

from collections.abc import Sequence

from msgspec import Struct

from schema.catalogue import Article
from server.catalogue import feed
from server.db import Connection

_ARTICLE = ("number", "name", "short_name", "group_name", "unit", "price_minor", "tax_code", "blocked", "modified_ms")
_REPLACE = "ON CONFLICT (number) DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in _ARTICLE[1:])
_SELECT = (
    "SELECT number, name, short_name, group_name, unit, price_minor, tax_code, blocked FROM article WHERE number = ?"
)
_NUMBERS_AT_ONCE = 500
_CODES = "SELECT code FROM barcode WHERE article = ? ORDER BY code"


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
    return (
        article.number,
        article.name,
        article.short_name,
        article.group,
        article.unit,
        article.price_minor,
        article.tax_code,
        int(article.blocked),
        now_ms,
    )


def get_article(connection: Connection, number: str) -> Article | None:
    """Return an article with its barcodes, or None."""
    row = connection.row(_SELECT, (number,))
    if row is None:
        return None
    codes = tuple(code for (code,) in connection.rows(_CODES, (number,)))
    return Article(
        number=row[0],
        name=row[1],
        short_name=row[2],
        group=row[3],
        unit=row[4],
        price_minor=row[5],
        tax_code=row[6],
        blocked=bool(row[7]),
        barcodes=codes,
    )
