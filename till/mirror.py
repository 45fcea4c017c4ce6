"""The till's read view over `mirror.db`: what head office says of articles, people, orders and settings.

The agent writes that file and may replace it whole (a snapshot): every call looks whether the file on the disk is
still the open one. A till without a mirror says so; it never makes one. Connections are per thread. What every scan
asks - settings, tax rates, prices - is decoded once and kept until the file changes.
"""

import contextlib
import threading
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeVar, cast

import apsw
import msgspec
from msgspec import Struct

from schema import mirror_file
from schema.barcode import lookup_key
from schema.catalogue import Article, PastReceipt, QuickKeyPage, StockLevel, StoreSettings, Voucher
from schema.device import MIRROR
from schema.errors import Refused, Unready
from schema.orders import OPEN_STATUSES, OpenOrder
from schema.parties import Cashier, Customer
from schema.pricing import ListPrice, PriceList, Promotion, PromotionIndex
from schema.sqlite import open_reader
from schema.tax import TaxRate, rate_on
from schema.text import fold
from till.words import RefusedInWords

# Words of a search that may stand in any order; what comes after them stands behind the last.
WORDS_MAX = 4
Row = TypeVar("Row")
Made = TypeVar("Made")
# Changes with every commit that another connection makes.
_VERSION = "PRAGMA data_version"
_PAGES = "SELECT body FROM setting WHERE kind = ?"
_PARTY = "SELECT body FROM party WHERE kind = ? AND key = ?"
_PARTIES = "SELECT body FROM party WHERE kind = ?"
ALL_WORDS = " AND ".join(["words LIKE ? ESCAPE '\\'"] * WORDS_MAX)
_PARTIES_BY_WORDS = f"SELECT body FROM party WHERE kind = 'customer' AND {ALL_WORDS} LIMIT ?"
_ORDER = "SELECT body FROM open_order WHERE order_id = ?1 OR number = ?1 LIMIT 1"
_ORDERS = (
    "SELECT body FROM open_order WHERE (?1 = '' OR status = ?1) AND words LIKE ?2 ESCAPE '\\' "
    "ORDER BY expected_day, number LIMIT ?3"
)
_DECODERS: dict[type, msgspec.json.Decoder[Any]] = {
    struct: msgspec.json.Decoder(struct)
    for struct in (
        *(Article, QuickKeyPage, StoreSettings, TaxRate, Cashier, Customer, OpenOrder),
        *(PriceList, ListPrice, Promotion, StockLevel, Voucher, PastReceipt),
    )
}


class SyncFacts(Struct, frozen=True, kw_only=True):
    """What the agent last wrote of its work. `known` is False where there is no mirror yet."""

    known: bool = False
    state: str = ""
    text: str = ""
    last_contact_ms: int = 0
    last_fetch_ms: int = 0
    acked_seq: int = 0


class Mirror:
    """Reads of the mirror. All raise Unready("no_mirror") while there is no usable file."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / MIRROR
        self._open = threading.local()

    # -- articles

    def articles_by_key(self, key: str) -> list[Article]:
        """Return the articles of a barcode's lookup key, also blocked ones: usually one."""
        return self._rows(Article, mirror_file.ARTICLE_BY_CODE, (key,))

    def article(self, number: str) -> Article:
        """Return a saleable article. Raises Refused("unknown_article") or Refused("article_blocked")."""
        found = self._rows(Article, mirror_file.ARTICLE_BY_NUMBER, (number,))
        if not found:
            raise RefusedInWords("unknown_article", "There is no article “{number}”. Search by name.", number=number)
        if found[0].blocked:
            raise blocked(found[0])
        return found[0]

    def search(self, text: str, limit: int) -> list[Article]:
        """Find articles by words of name, number and barcode in any order.

        An exact number or barcode comes first, then names that begin with what was typed, then the rest.
        """
        query = mirror_file.search_terms(fold(text))
        if not query:
            return []
        found = self._exact(text.strip())
        # "^" holds a word to the beginning, which is where the name stands; no name begins with half a barcode.
        has_digits = any(char.isdigit() for char in query.partition(" ")[0])
        for match in (query,) if has_digits else (f"^{query}", query):
            if len(found) < limit:
                found |= {row.number: row for row in self._rows(Article, mirror_file.ARTICLES_BY_WORDS, (match, limit))}
        return list(found.values())[:limit]

    def _exact(self, text: str) -> dict[str, Article]:
        found = self._rows(Article, mirror_file.ARTICLE_BY_NUMBER, (text,))
        with contextlib.suppress(Refused):  # not a whole barcode
            found += self._rows(Article, mirror_file.ARTICLE_BY_CODE, (lookup_key(text),))
        return {article.number: article for article in found if not article.blocked}

    def variants(self, parent: str) -> list[Article]:
        """Return the saleable variants of a colour and size article, by number."""
        found = self._rows(Article, mirror_file.VARIANTS_OF, (parent,))
        return sorted((article for article in found if not article.blocked), key=lambda article: article.number)

    def stock(self, article: str) -> list[StockLevel]:
        """Return what head office last counted of an article, per store."""
        return self._rows(StockLevel, mirror_file.STOCK_OF, (article,))

    def rate(self, code: str, country: str, day: date) -> TaxRate:
        """Return the tax rate of a code on a day. Raises Refused("unknown_tax")."""
        rates = self._kept("tax_rate", lambda: self._rows(TaxRate, _PAGES, ("tax_rate",)))
        return rate_on([rate for rate in rates if rate.country == country], code, day)

    def rates(self, country: str, day: date) -> list[TaxRate]:
        """Return the tax rates of a country that hold on a day, the highest first."""
        known = self._kept("tax_rate", lambda: self._rows(TaxRate, _PAGES, ("tax_rate",)))
        codes = dict.fromkeys(rate.code for rate in known if rate.country == country)
        found = []
        for code in codes:
            with contextlib.suppress(Refused):  # a code of other days
                found.append(self.rate(code, country, day))
        return sorted(found, key=lambda rate: (-rate.percent, rate.code))

    def quick_keys(self) -> list[QuickKeyPage]:
        return sorted(self._rows(QuickKeyPage, _PAGES, ("quick_keys",)), key=lambda page: (page.position, page.name))

    # -- prices

    def price_lists(self) -> tuple[PriceList, ...]:
        return self._kept("price_list", lambda: tuple(self._rows(PriceList, _PAGES, ("price_list",))))

    def promotions(self) -> PromotionIndex:
        """Return all promotions, indexed; the same object until the mirror changes."""
        return self._kept("promotion", lambda: PromotionIndex(self._rows(Promotion, _PAGES, ("promotion",))))

    def list_prices(self, article: str) -> Sequence[ListPrice]:
        """Return an article's prices in all price lists."""
        return self._kept(
            f"list_price {article}", lambda: tuple(self._rows(ListPrice, mirror_file.LIST_PRICES, (article,)))
        )

    # -- store and people

    def settings(self) -> StoreSettings:
        """Return the store's settings. Raises Unready("no_mirror") while they have not arrived."""
        found = self._kept("settings", lambda: self._rows(StoreSettings, _PAGES, ("settings",)))
        if not found:
            raise _no_mirror()
        return found[0]

    def cashiers(self) -> list[Cashier]:
        """Return the active cashiers by number."""
        found = self._rows(Cashier, _PARTIES, ("cashier",))
        return sorted((cashier for cashier in found if cashier.active), key=lambda cashier: cashier.number)

    def customers(self, text: str, limit: int) -> list[Customer]:
        """Find customers by words of their name, company, town, number or card."""
        return self._rows(Customer, _PARTIES_BY_WORDS, (*like_all(text), limit)) if fold(text) else []

    def customer(self, number: str) -> Customer:
        """Return a customer. Raises Refused("unknown_customer")."""
        found = self._rows(Customer, _PARTY, ("customer", number))
        if not found:
            raise RefusedInWords("unknown_customer", "There is no customer “{number}” here.", number=number)
        return found[0]

    def customer_by_card(self, code: str) -> Customer | None:
        """Return whose card, or number, a scanned code is."""
        found = self._rows(Customer, _PARTIES_BY_WORDS, (*like_all(code), 10)) if fold(code) else []
        return next((each for each in found if code in (each.card_code, each.number)), None)

    def voucher(self, code: str) -> Voucher | None:
        """Return a voucher as head office last knew it; None where it does not, or not yet."""
        found = self._rows(Voucher, mirror_file.VOUCHER, (code,))
        return found[0] if found else None

    def past_receipt(self, number: str) -> PastReceipt | None:
        """Return a receipt of this store's tills from the last weeks; None where it is not here."""
        found = self._rows(PastReceipt, mirror_file.PAST_RECEIPT, (number,))
        return found[0] if found else None

    # -- orders

    def orders(self, text: str, status: str, limit: int) -> list[OpenOrder]:
        """Find open orders by words and status, the one expected first on top."""
        found = self._rows(OpenOrder, _ORDERS, (status, like(text), limit))
        return [order for order in found if order.status in OPEN_STATUSES]

    def order(self, wanted: str) -> OpenOrder:
        """Return an open order by its id or number. Raises Refused("unknown_order") or Refused("order_not_open")."""
        found = self._rows(OpenOrder, _ORDER, (wanted.strip(),))
        if not found:
            raise RefusedInWords(
                "unknown_order",
                "Order “{order}” is not on this till. It may be another store's, or newer than the last contact with "
                "head office.",
                order=wanted[:40],
            )
        if found[0].status not in OPEN_STATUSES:
            raise RefusedInWords("order_not_open", "Order {order} is no longer open.", order=found[0].number)
        return found[0]

    def has_order(self, number: str) -> bool:
        """Tell whether there is an order of exactly this number."""
        return any(order.number == number for order in self._rows(OpenOrder, _ORDER, (number,)))

    # -- the agent's words

    def sync_facts(self, till_id: str, epoch: int) -> SyncFacts:
        """Return what the agent last wrote; never raises: no mirror is an answer too."""
        try:
            values = dict(self._connection().execute(mirror_file.SYNC_VALUES))
            acked = list(self._connection().execute(mirror_file.ACKED, (till_id, epoch)))
        except (Unready, apsw.Error):
            return SyncFacts()
        return SyncFacts(
            known=True,
            state=values.get(mirror_file.STATE, ""),
            text=values.get(mirror_file.STATE_TEXT, ""),
            last_contact_ms=_number(values.get(mirror_file.LAST_CONTACT_MS)),
            last_fetch_ms=_number(values.get(mirror_file.LAST_FETCH_MS)),
            acked_seq=acked[0][0] if acked else 0,
        )

    # -- the file

    def _rows(self, struct: type[Row], sql: str, values: tuple[Any, ...]) -> list[Row]:
        decode = _DECODERS[struct].decode
        try:
            return [decode(body) for (body,) in self._connection().execute(sql, values)]
        except (apsw.Error, msgspec.DecodeError) as error:
            self._forget()
            raise _no_mirror() from error

    def _kept(self, name: str, make: Callable[[], Made]) -> Made:
        """Return what `make` returned when the file last changed: decoded once, asked at every scan."""
        connection = self._connection()
        try:
            version = next(iter(connection.execute(_VERSION)))[0]
        except apsw.Error as error:
            self._forget()
            raise _no_mirror() from error
        if self._open.version != version:
            self._open.version, self._open.kept = version, {}
        kept: dict[str, Any] = self._open.kept
        if name not in kept:
            kept[name] = make()
        return cast(Made, kept[name])

    def _connection(self) -> apsw.Connection:
        try:
            facts = self._path.stat()
        except OSError:
            self._forget()
            raise _no_mirror() from None
        identity = (facts.st_dev, facts.st_ino)
        if getattr(self._open, "identity", None) != identity:
            self._forget()
            try:
                self._open.connection = open_reader(self._path)
            except apsw.Error as error:
                raise _no_mirror() from error
            self._open.identity, self._open.version = identity, None
        return cast(apsw.Connection, self._open.connection)

    def _forget(self) -> None:
        if (connection := getattr(self._open, "connection", None)) is not None:
            connection.close()
        self._open.connection = self._open.identity = None

    def close(self) -> None:
        """Close this thread's connection; those of ended threads went with them."""
        self._forget()


def blocked(article: Article) -> RefusedInWords:
    return RefusedInWords(
        "article_blocked", "“{name}” may not be sold at present. Head office has blocked it.", name=article.name
    )


def _no_mirror() -> Unready:
    return Unready(
        "no_mirror",
        "This till has no articles yet, because it has not been in contact with head office. Check that the agent runs "
        "and the network is there; sales begin as soon as the first data is here.",
    )


def like_all(text: str) -> list[str]:
    """Return WORDS_MAX patterns, all of which a text with these words matches, in whatever order it has them."""
    words = fold(text).split()
    parts = [*words[: WORDS_MAX - 1], " ".join(words[WORDS_MAX - 1 :])]
    return [like(part) for part in parts] + [like("")] * (WORDS_MAX - len(parts))


def like(text: str) -> str:
    """Return a pattern for these words in this order."""
    escaped = fold(text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return "%" + "%".join(escaped.split()) + "%"


def _number(text: str | None) -> int:
    return int(text) if text and text.lstrip("-").isdigit() else 0
