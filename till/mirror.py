"""The till's read view over `mirror.db`: what head office says of articles, people, orders and settings.

The agent writes that file and may replace it whole (a snapshot): every call looks whether the file on the disk is
still the open one. A till without a mirror says so; it never makes one. Connections are per thread.
"""

import threading
from datetime import date
from pathlib import Path
from typing import Any, TypeVar, cast

import apsw
import msgspec
from msgspec import Struct

from schema import mirror_file
from schema.barcode import clean_read, lookup_key
from schema.catalogue import Article, QuickKeyPage, StoreSettings
from schema.device import MIRROR
from schema.errors import Unready
from schema.orders import OPEN_STATUSES, OpenOrder
from schema.parties import Cashier, Customer
from schema.sqlite import open_reader
from schema.tax import TaxRate, rate_on
from schema.text import fold
from till.words import RefusedInWords

Row = TypeVar("Row")
_PAGES = "SELECT body FROM setting WHERE kind = ?"
_PARTY = "SELECT body FROM party WHERE kind = ? AND key = ?"
_PARTIES = "SELECT body FROM party WHERE kind = ?"
_PARTIES_BY_WORDS = "SELECT body FROM party WHERE kind = 'customer' AND words LIKE ? ESCAPE '\\' LIMIT ?"
_ORDER = "SELECT body FROM open_order WHERE order_id = ?1 OR number = ?1 LIMIT 1"
_ORDERS = (
    "SELECT body FROM open_order WHERE (?1 = '' OR status = ?1) AND words LIKE ?2 ESCAPE '\\' "
    "ORDER BY expected_day, number LIMIT ?3"
)
_DECODERS: dict[type, msgspec.json.Decoder[Any]] = {
    struct: msgspec.json.Decoder(struct)
    for struct in (Article, QuickKeyPage, StoreSettings, TaxRate, Cashier, Customer, OpenOrder)
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

    def articles_by_code(self, read: str) -> list[Article]:
        """Return the saleable articles of a barcode as read: usually one.

        Raises Refused: bad_barcode, wrong_check_digit, unknown_barcode, article_blocked.
        """
        code = clean_read(read)
        found = self._rows(Article, mirror_file.ARTICLE_BY_CODE, (lookup_key(code),))
        if not found:
            raise RefusedInWords(
                "unknown_barcode",
                "“{code}” is not known here. Search for the article, or call head office to add it.",
                code=code,
            )
        free = [article for article in found if not article.blocked]
        if not free:
            raise blocked(found[0])
        return free

    def article(self, number: str) -> Article:
        """Return a saleable article. Raises Refused("unknown_article") or Refused("article_blocked")."""
        found = self._rows(Article, mirror_file.ARTICLE_BY_NUMBER, (number,))
        if not found:
            raise RefusedInWords("unknown_article", "There is no article “{number}”. Search by name.", number=number)
        if found[0].blocked:
            raise blocked(found[0])
        return found[0]

    def search(self, text: str, limit: int) -> list[Article]:
        """Find articles by words of name, number and barcode; an exact number or barcode comes first."""
        query = mirror_file.search_terms(fold(text))
        if not query:
            return []
        found = self._rows(Article, mirror_file.ARTICLES_BY_WORDS, (query, limit))
        exact = self._rows(Article, mirror_file.ARTICLE_BY_NUMBER, (text.strip(),))
        first = [article for article in exact if not article.blocked and article not in found]
        return (first + found)[:limit]

    def rate(self, code: str, country: str, day: date) -> TaxRate:
        """Return the tax rate of a code on a day. Raises Refused("unknown_tax")."""
        rates = [rate for rate in self._rows(TaxRate, _PAGES, ("tax_rate",)) if rate.country == country]
        return rate_on(rates, code, day)

    def quick_keys(self) -> list[QuickKeyPage]:
        return sorted(self._rows(QuickKeyPage, _PAGES, ("quick_keys",)), key=lambda page: (page.position, page.name))

    # -- store and people

    def settings(self) -> StoreSettings:
        """Return the store's settings. Raises Unready("no_mirror") while they have not arrived."""
        found = self._rows(StoreSettings, _PAGES, ("settings",))
        if not found:
            raise _no_mirror()
        return found[0]

    def cashiers(self) -> list[Cashier]:
        """Return the active cashiers by number."""
        found = self._rows(Cashier, _PARTIES, ("cashier",))
        return sorted((cashier for cashier in found if cashier.active), key=lambda cashier: cashier.number)

    def customers(self, text: str, limit: int) -> list[Customer]:
        """Find customers by words of their name, company, town, number or card."""
        return self._rows(Customer, _PARTIES_BY_WORDS, (_like(text), limit)) if fold(text) else []

    def customer(self, number: str) -> Customer:
        """Return a customer. Raises Refused("unknown_customer")."""
        found = self._rows(Customer, _PARTY, ("customer", number))
        if not found:
            raise RefusedInWords("unknown_customer", "There is no customer “{number}” here.", number=number)
        return found[0]

    # -- orders

    def orders(self, text: str, status: str, limit: int) -> list[OpenOrder]:
        """Find open orders by words and status, the one expected first on top."""
        found = self._rows(OpenOrder, _ORDERS, (status, _like(text), limit))
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
            self._open.identity = identity
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


def _like(text: str) -> str:
    escaped = fold(text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return "%" + "%".join(escaped.split()) + "%"


def _number(text: str | None) -> int:
    return int(text) if text and text.lstrip("-").isdigit() else 0
