"""Price lists, their prices, and promotions: kept for the office, fed to the tills of every store.

Which of them hold for a customer, a store and a day, the price engine decides (schema.pricing); here is only what
there is. A list that is ended takes its prices along, and tills fall back to the articles' own prices.
"""

from collections.abc import Sequence
from decimal import Decimal

import msgspec
from msgspec import Struct

from schema.catalogue import key_of
from schema.errors import Refused
from schema.pricing import ListPrice, PriceList, Promotion, check_price_list, check_promotion
from server.catalogue import feed
from server.db import Connection

NAME_LENGTH_MAX = 80
PRICES_SHOWN_MAX = 2000
_LIST = ("name", "currency", "group_name", "valid_from", "valid_to")
_PRICE = ("price_list", "article", "min_quantity", "price_minor")
_PROMOTION = ("code", "name", "kind", "customer_group", "valid_from", "valid_to", "body", "ended_ms", "modified_ms")


class PricedArticle(Struct, frozen=True, kw_only=True):
    """A list's price beside what the article costs without it; `name` is empty where there is no such article."""

    price: ListPrice
    name: str
    own_price_minor: int | None


def put_price_list(connection: Connection, price_list: PriceList, now_ms: int) -> bool:
    """Add or change a price list; tell whether it differs from before. Raises Refused("bad_promotion")."""
    check_price_list(price_list)
    if len(price_list.name) > NAME_LENGTH_MAX:
        raise Refused("bad_promotion", f"The name of a price list has at most {NAME_LENGTH_MAX} characters.")
    changed = feed.put(connection, [feed.present(feed.EVERY_STORE, price_list)])
    row = (price_list.name, price_list.currency, price_list.group, price_list.valid_from, price_list.valid_to, now_ms)
    connection.copy_rows("price_list", (*_LIST, "modified_ms"), [row], _replace((*_LIST, "modified_ms"), keys=1))
    return bool(changed)


def get_price_list(connection: Connection, name: str) -> PriceList | None:
    """Return a price list, or None."""
    row = connection.row(f"SELECT {', '.join(_LIST)} FROM price_list WHERE name = ?", (name,))
    return _price_list(row) if row else None


def price_lists(connection: Connection) -> tuple[PriceList, ...]:
    """Return all price lists by name."""
    return tuple(
        _price_list(row) for row in connection.rows(f"SELECT {', '.join(_LIST)} FROM price_list ORDER BY name")
    )


def _price_list(row: tuple[str, ...]) -> PriceList:
    return PriceList(name=row[0], currency=row[1], group=row[2], valid_from=row[3], valid_to=row[4])


def drop_price_list(connection: Connection, name: str) -> int:
    """Take a price list and its prices away, here and at the tills; return how many prices it had.

    Raises Refused("not_found").
    """
    if get_price_list(connection, name) is None:
        raise Refused("not_found", f"There is no price list “{name}”.")
    prices = _prices(connection, "price_list = ?", (name,))
    gone = [feed.gone(feed.EVERY_STORE, "list_price", key_of(price)) for price in prices]
    feed.put(connection, [*gone, feed.gone(feed.EVERY_STORE, "price_list", name)])
    connection.run("DELETE FROM list_price WHERE price_list = ?", (name,))
    connection.run("DELETE FROM price_list WHERE name = ?", (name,))
    return len(prices)


def put_list_prices(connection: Connection, prices: Sequence[ListPrice]) -> int:
    """Add or change prices of lists that exist; return how many differ from before."""
    changed = feed.put(connection, [feed.present(feed.EVERY_STORE, price) for price in prices])
    rows = [
        (price.price_list, price.article, f"{price.min_quantity.normalize():f}", price.price_minor)
        for price in prices
        if key_of(price) in changed
    ]
    connection.copy_rows("list_price", _PRICE, rows, _replace(_PRICE, keys=3))
    return len(changed)


def drop_list_price(connection: Connection, price: ListPrice) -> None:
    """Take one price away; one that is not there is no mistake."""
    feed.put(connection, [feed.gone(feed.EVERY_STORE, "list_price", key_of(price))])
    connection.run(
        "DELETE FROM list_price WHERE price_list = ? AND article = ? AND min_quantity = ?",
        (price.price_list, price.article, f"{price.min_quantity.normalize():f}"),
    )


def prices_of_article(connection: Connection, article: str) -> tuple[ListPrice, ...]:
    """Return an article's prices in all lists."""
    return tuple(_prices(connection, "article = ?", (article,)))


def priced_articles(connection: Connection, name: str, search: str = "") -> list[PricedArticle]:
    """Return a list's prices beside the articles' own, at most `PRICES_SHOWN_MAX`."""
    pattern = f"%{search.strip().lower().replace('!', '!!').replace('%', '!%').replace('_', '!_')}%"
    rows = connection.rows(
        "SELECT p.price_list, p.article, p.min_quantity, p.price_minor, a.name, a.price_minor FROM list_price p "
        "LEFT JOIN article a ON a.number = p.article WHERE p.price_list = ? "
        "AND (LOWER(p.article) LIKE ? ESCAPE '!' OR LOWER(COALESCE(a.name, '')) LIKE ? ESCAPE '!') "
        "ORDER BY p.article, LENGTH(p.min_quantity), p.min_quantity LIMIT ?",
        (name, pattern, pattern, PRICES_SHOWN_MAX),
    )
    return [PricedArticle(price=_price(row[:4]), name=row[4] or "", own_price_minor=row[5]) for row in rows]


def _prices(connection: Connection, condition: str, bound: tuple[str, ...]) -> list[ListPrice]:
    sql = f"SELECT {', '.join(_PRICE)} FROM list_price WHERE {condition} ORDER BY price_list, article, min_quantity"
    return [_price(row) for row in connection.rows(sql, bound)]


def _price(row: Sequence[str | int]) -> ListPrice:
    return ListPrice(
        price_list=str(row[0]), article=str(row[1]), min_quantity=Decimal(str(row[2])), price_minor=int(row[3])
    )


# -- promotions


def put_promotion(connection: Connection, promotion: Promotion, now_ms: int) -> bool:
    """Add or change a promotion, which begins or goes on with that; tell whether it differs from before.

    Raises Refused("bad_promotion").
    """
    check_promotion(promotion)
    changed = feed.put(connection, [feed.present(feed.EVERY_STORE, promotion)])
    row = (
        promotion.code,
        promotion.name,
        promotion.kind,
        promotion.customer_group,
        promotion.valid_from,
        promotion.valid_to,
        msgspec.json.encode(promotion).decode(),
        None,
        now_ms,
    )
    connection.copy_rows("promotion", _PROMOTION, [row], _replace(_PROMOTION, keys=1))
    return bool(changed)


def get_promotion(connection: Connection, code: str) -> Promotion | None:
    """Return a promotion, ended or not, or None."""
    body = connection.value("SELECT body FROM promotion WHERE code = ?", (code,))
    return None if body is None else msgspec.json.decode(body, type=Promotion)


def running_promotions(connection: Connection) -> tuple[Promotion, ...]:
    """Return the promotions that nobody has ended, by code; their days may lie elsewhere."""
    rows = connection.rows("SELECT body FROM promotion WHERE ended_ms IS NULL ORDER BY code")
    return tuple(msgspec.json.decode(body, type=Promotion) for (body,) in rows)


def has_ended(connection: Connection, code: str) -> bool:
    """Tell whether a promotion was ended by a person."""
    return connection.value("SELECT ended_ms FROM promotion WHERE code = ?", (code,)) is not None


def end_promotion(connection: Connection, code: str, now_ms: int) -> None:
    """End a promotion at once: tills see it no more, the office keeps it. Raises Refused("not_found")."""
    if get_promotion(connection, code) is None:
        raise Refused("not_found", f"There is no promotion “{code}”.")
    feed.put(connection, [feed.gone(feed.EVERY_STORE, "promotion", code)])
    connection.run("UPDATE promotion SET ended_ms = coalesce(ended_ms, ?) WHERE code = ?", (now_ms, code))


def _replace(columns: Sequence[str], keys: int) -> str:
    names = ", ".join(columns[:keys])
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns[keys:])
    return f"ON CONFLICT ({names}) DO UPDATE SET {changes}"
