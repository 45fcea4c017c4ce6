"""How each kind of the feed's rows lies in the mirror's tables: written, taken away, and all at once (protocol §4).

Rows keep head office's own bytes; columns beside them exist only to be searched. No transaction begins or ends here.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

import apsw

from agent.feed_check import Put
from schema.catalogue import Article, PastReceipt
from schema.orders import OpenOrder
from schema.parties import Cashier, Customer
from schema.pricing import ListPrice
from schema.text import fold

SWAP_ROWS = 5000
# What a till cannot work without: its tables of a kind may change, but never become empty by themselves.
VITAL_KINDS: dict[str, str] = {
    "cashier": "SELECT count(*) FROM party WHERE kind = 'cashier'",
    "settings": "SELECT count(*) FROM setting WHERE kind = 'settings'",
    "tax_rate": "SELECT count(*) FROM setting WHERE kind = 'tax_rate'",
}
# What a barcode's digits are called by people: the shortest of GTIN-8, -12, -13 and -14 that holds them.
_GTIN_LENGTHS = (8, 12, 13, 14)

_PUT_ARTICLE = (
    "INSERT INTO article (number, name, group_name, blocked, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT (number) "
    "DO UPDATE SET name = excluded.name, group_name = excluded.group_name, blocked = excluded.blocked, "
    "body = excluded.body"
)
_DROP_BARCODES = "DELETE FROM barcode WHERE article = (SELECT id FROM article WHERE number = ?)"
_PUT_BARCODE = "INSERT OR IGNORE INTO barcode (code, article) SELECT ?, id FROM article WHERE number = ?"
_DROP_WORDS = "DELETE FROM article_search WHERE rowid = (SELECT id FROM article WHERE number = ?)"
_PUT_WORDS = "INSERT INTO article_search (rowid, words) SELECT id, ? FROM article WHERE number = ?"
_DROP_VARIANT = "DELETE FROM variant WHERE article = (SELECT id FROM article WHERE number = ?)"
_PUT_VARIANT = "INSERT OR IGNORE INTO variant (parent, article) SELECT ?, id FROM article WHERE number = ?"
_DROP_ARTICLE = "DELETE FROM article WHERE number = ?"
_NEW_ARTICLE = "INSERT INTO article (id, number, name, group_name, blocked, body) VALUES (?, ?, ?, ?, ?, ?)"
_NEW_BARCODE = "INSERT OR IGNORE INTO barcode (code, article) VALUES (?, ?)"
_NEW_WORDS = "INSERT INTO article_search (rowid, words) VALUES (?, ?)"
_NEW_VARIANT = "INSERT OR IGNORE INTO variant (parent, article) VALUES (?, ?)"
_PUT_PARTY = "INSERT OR REPLACE INTO party (kind, key, words, body) VALUES (?, ?, ?, ?)"
_DROP_PARTY = "DELETE FROM party WHERE kind = ? AND key = ?"
_PUT_ORDER = (
    "INSERT OR REPLACE INTO open_order (order_id, number, status, expected_day, words, body) VALUES (?, ?, ?, ?, ?, ?)"
)
_DROP_ORDER = "DELETE FROM open_order WHERE order_id = ?"
_PUT_SETTING = "INSERT OR REPLACE INTO setting (kind, key, body) VALUES (?, ?, ?)"
_DROP_SETTING = "DELETE FROM setting WHERE kind = ? AND key = ?"
_PUT_LIST_PRICE = "INSERT OR REPLACE INTO list_price (article, key, body) VALUES (?, ?, ?)"
_DROP_LIST_PRICE = "DELETE FROM list_price WHERE article = ? AND key = ?"
_PUT_STOCK = "INSERT OR REPLACE INTO stock (article, store, body) VALUES (?, ?, ?)"
_DROP_STOCK = "DELETE FROM stock WHERE article = ? AND store = ?"
_PUT_VOUCHER = "INSERT OR REPLACE INTO voucher (code, body) VALUES (?, ?)"
_DROP_VOUCHER = "DELETE FROM voucher WHERE code = ?"
_PUT_RECEIPT = "INSERT OR REPLACE INTO past_receipt (receipt, day, body) VALUES (?, ?, ?)"
_DROP_RECEIPT = "DELETE FROM past_receipt WHERE receipt = ?"
_EMPTY = (
    "DELETE FROM barcode; DELETE FROM variant; DELETE FROM article; "
    "INSERT INTO article_search (article_search) VALUES ('delete-all'); DELETE FROM party; DELETE FROM open_order; "
    "DELETE FROM setting; DELETE FROM list_price; DELETE FROM stock; DELETE FROM voucher; DELETE FROM past_receipt"
)

Source = Callable[[str], Iterable[Put]]


def put_rows(connection: apsw.Connection, kind: str, puts: Iterable[Put]) -> None:
    """Write rows of one kind, new or changed."""
    match kind:
        case "article":
            _put_articles(connection, list(puts))
        case "cashier" | "customer":
            connection.executemany(_PUT_PARTY, ((kind, put.key, _party_words(put), put.body) for put in puts))
        case "order":
            connection.executemany(_PUT_ORDER, (_order_values(put) for put in puts))
        case "list_price":
            connection.executemany(_PUT_LIST_PRICE, (_list_price_values(put) for put in puts))
        case "stock":
            connection.executemany(_PUT_STOCK, ((*_stock_place(put.key), put.body) for put in puts))
        case "voucher":
            connection.executemany(_PUT_VOUCHER, ((put.key, put.body) for put in puts))
        case "receipt":
            connection.executemany(_PUT_RECEIPT, (_receipt_values(put) for put in puts))
        case _:
            connection.executemany(_PUT_SETTING, ((kind, put.key, put.body) for put in puts))


def drop_rows(connection: apsw.Connection, kind: str, keys: Sequence[str]) -> None:
    """Take rows of one kind away; one that is not there is no mistake."""
    match kind:
        case "article":
            for sql in (_DROP_WORDS, _DROP_BARCODES, _DROP_VARIANT, _DROP_ARTICLE):
                connection.executemany(sql, ((key,) for key in keys))
        case "cashier" | "customer":
            connection.executemany(_DROP_PARTY, ((kind, key) for key in keys))
        case "order":
            connection.executemany(_DROP_ORDER, ((key,) for key in keys))
        case "list_price":
            connection.executemany(_DROP_LIST_PRICE, (place for key in keys for place in _list_price_places(key)))
        case "stock":
            connection.executemany(_DROP_STOCK, (_stock_place(key) for key in keys))
        case "voucher":
            connection.executemany(_DROP_VOUCHER, ((key,) for key in keys))
        case "receipt":
            connection.executemany(_DROP_RECEIPT, ((key,) for key in keys))
        case _:
            connection.executemany(_DROP_SETTING, ((kind, key) for key in keys))


def replace_all(connection: apsw.Connection, kinds: Iterable[str], source: Source) -> None:
    """Empty all tables and fill them with what `source` has of each kind."""
    connection.execute(_EMPTY)
    for kind in kinds:
        if kind == "article":
            _fill_articles(connection, source(kind))
        else:
            put_rows(connection, kind, source(kind))


def article_words(article: Article) -> str:
    """Return what an article is searched by: its name, number, colour, size, and its barcodes as people type them."""
    codes = (typed_code(code) for code in article.barcodes)
    return fold(" ".join((article.name, article.number, article.colour, article.size, *codes)))


def typed_code(key: str) -> str:
    """Return a lookup key as it stands under the bars: a GTIN-14 without the zeros that only fill it up."""
    if not (key.isascii() and key.isdigit()):
        return key
    digits = len(key.lstrip("0"))
    length = next((each for each in _GTIN_LENGTHS if each >= digits), len(key))
    return key[-length:] if len(key) > length else key


def _articles(puts: Iterable[Put]) -> Iterator[tuple[Article, bytes]]:
    return ((put.row, put.body) for put in puts if isinstance(put.row, Article))


def _put_articles(connection: apsw.Connection, puts: Sequence[Put]) -> None:
    articles = list(_articles(puts))
    numbers = [(article.number,) for article, _ in articles]
    connection.executemany(
        _PUT_ARTICLE, ((row.number, row.name, row.group, int(row.blocked), body) for row, body in articles)
    )
    connection.executemany(_DROP_BARCODES, numbers)
    connection.executemany(_PUT_BARCODE, ((code, row.number) for row, _ in articles for code in row.barcodes))
    connection.executemany(_DROP_WORDS, numbers)
    connection.executemany(_PUT_WORDS, ((article_words(row), row.number) for row, _ in articles))
    connection.executemany(_DROP_VARIANT, numbers)
    connection.executemany(_PUT_VARIANT, ((row.variant_of, row.number) for row, _ in articles if row.variant_of))


def _fill_articles(connection: apsw.Connection, puts: Iterable[Put]) -> None:
    """Fill the empty tables, some thousand at a time: known row ids spare four look-ups per article."""
    chunk: list[tuple[int, Article, bytes]] = []
    for number, (article, body) in enumerate(_articles(puts), 1):
        chunk.append((number, article, body))
        if len(chunk) == SWAP_ROWS:
            _fill_chunk(connection, chunk)
            chunk.clear()
    _fill_chunk(connection, chunk)


def _fill_chunk(connection: apsw.Connection, chunk: list[tuple[int, Article, bytes]]) -> None:
    connection.executemany(
        _NEW_ARTICLE, ((number, row.number, row.name, row.group, int(row.blocked), body) for number, row, body in chunk)
    )
    connection.executemany(_NEW_BARCODE, ((code, number) for number, row, _ in chunk for code in row.barcodes))
    connection.executemany(_NEW_WORDS, ((number, article_words(row)) for number, row, _ in chunk))
    connection.executemany(_NEW_VARIANT, ((row.variant_of, number) for number, row, _ in chunk if row.variant_of))


def _party_words(put: Put) -> str:
    match put.row:
        case Customer() as row:
            return fold(
                " ".join(
                    (row.number, row.name, row.company, row.postcode, row.city, row.email, row.phone, row.card_code)
                )
            )
        case Cashier() as row:
            return fold(f"{row.number} {row.name}")
        case _:
            return ""


def _order_values(put: Put) -> tuple[str, str, str, str, str, bytes]:
    row = put.row
    if not isinstance(row, OpenOrder):
        raise TypeError("an order's row is an OpenOrder")
    words = fold(" ".join((row.number, row.customer, row.customer_name, row.company, row.subject, row.phone)))
    return row.order_id, row.number, row.status, row.expected_day, words, put.body


def _list_price_values(put: Put) -> tuple[str, str, bytes]:
    if not isinstance(put.row, ListPrice):
        raise TypeError("a list price's row is a ListPrice")
    return put.row.article, put.key, put.body


def _list_price_places(key: str) -> list[tuple[str, str]]:
    """Return where a row of this key may stand: an article's number and a list's name may hold a slash themselves."""
    return [(key[:place], key) for place, char in enumerate(key) if char == "/"]


def _stock_place(key: str) -> tuple[str, str]:
    """Return article and store: the key is “store/article”, and a store's code has no slash."""
    store, _, article = key.partition("/")
    return article, store


def _receipt_values(put: Put) -> tuple[str, str, bytes]:
    if not isinstance(put.row, PastReceipt):
        raise TypeError("a past receipt's row is a PastReceipt")
    return put.row.receipt, put.row.day, put.body
