"""What a scanner read, found in this till's mirror: goods, or a card of the customer's, a voucher, a receipt, an order.

A code that is an article's own barcode to the last digit is that article, whatever else it looks like: so a pattern for
scales never hides goods that carry such a number.
"""

import contextlib
import re
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from schema.barcode import clean_read, lookup_key
from schema.catalogue import Article, StoreSettings
from schema.errors import Refused
from schema.parties import Customer
from schema.scan import (
    DEFAULT_PATTERNS,
    CodePatterns,
    CustomerCode,
    GtinCode,
    OrderCode,
    PlainCode,
    PriceCode,
    ReceiptCode,
    Scanned,
    VoucherCode,
    WeightCode,
    read_code,
)
from schema.text import without_controls
from till.mirror import Mirror, blocked
from till.words import RefusedInWords

CODE_SHOWN_MAX = 60
# Refusals that mean: something was read, but nobody knows what it is. It stays on the screen.
UNREAD = frozenset(
    {"unknown_barcode", "bad_barcode", "wrong_check_digit", "bad_gs1_code", "no_article_code", "bad_measure"}
)
# Numbers that this house gives to what it makes itself (receipts are read by schema.scan).
_OWN_ORDER = re.compile(r"[0-9A-Za-z]{1,12}-\d{1,4}[a-z]*-O-\d{6,12}", re.ASCII)
_OWN_VOUCHER = re.compile(r"V[0-9A-Z]{15}", re.ASCII)


class Goods(Struct, frozen=True, kw_only=True):
    """The saleable articles of a code - usually one - and what the code says of these very goods. Days are ISO."""

    articles: tuple[Article, ...]
    quantity: Decimal | None = None
    label_minor: int | None = None
    batch: str = ""
    expiry: str = ""
    best_before: str = ""


class Paper(Struct, frozen=True, kw_only=True):
    """Something else that carries a code. `customer` is set for a customer's card."""

    kind: Literal["customer", "voucher", "receipt", "order"]
    code: str
    customer: Customer | None = None


def patterns_of(settings: StoreSettings) -> CodePatterns:
    """Return a store's patterns; without own ones those that are usual in its country."""
    usual = CodePatterns(embedded=DEFAULT_PATTERNS.get(settings.country, ()), currency=settings.currency)
    return settings.code_patterns or usual


def find(read: str, mirror: Mirror, settings: StoreSettings) -> Goods | Paper:
    """Find what was read.

    Raises Refused: one of UNREAD, article_blocked, unknown_customer.
    """
    if own := _by_own_barcode(read, mirror):
        return Goods(articles=_saleable(own))
    found = _meant(read_code(read, patterns_of(settings)), mirror)
    if found is None:
        raise RefusedInWords(
            "unknown_barcode",
            "“{code}” is not known here. Search for the article, or call head office to add it.",
            code=shown(read),
        )
    return found


def shown(read: str) -> str:
    """Return what was read as the screen shows it."""
    return without_controls(read).strip()[:CODE_SHOWN_MAX]


def _by_own_barcode(read: str, mirror: Mirror) -> list[Article]:
    with contextlib.suppress(Refused):  # then it is no plain barcode
        return mirror.articles_by_key(lookup_key(clean_read(read)))
    return []


def _saleable(found: list[Article]) -> tuple[Article, ...]:
    free = tuple(article for article in found if not article.blocked)
    if not free:
        raise blocked(found[0])
    return free


def _meant(scanned: Scanned, mirror: Mirror) -> Goods | Paper | None:
    match scanned:
        case CustomerCode() | VoucherCode() | ReceiptCode() | OrderCode():
            return _paper(scanned, mirror)
        case PlainCode():
            return _plain(scanned.key, mirror)
        case _:
            return _goods(scanned, mirror)


def _goods(scanned: Scanned, mirror: Mirror) -> Goods | None:
    match scanned:
        case GtinCode():
            if found := mirror.articles_by_key(scanned.key):
                return Goods(
                    articles=_saleable(found),
                    quantity=scanned.quantity,
                    label_minor=scanned.price_minor,
                    batch=scanned.batch,
                    expiry=scanned.expiry,
                    best_before=scanned.best_before,
                )
        case PriceCode():
            if found := _by_item(scanned.key, scanned.item, mirror):
                return Goods(articles=_saleable(found), label_minor=scanned.price_minor)
        case WeightCode():
            if found := _by_item(scanned.key, scanned.item, mirror):
                return Goods(articles=_saleable(found), quantity=_in_unit(scanned, found[0]))
    return None


def _by_item(key: str, item: str, mirror: Mirror) -> list[Article]:
    """Find the article of a scale's label: by its barcode without the measure, else by the digits as its number."""
    if found := mirror.articles_by_key(key):
        return found
    for number in dict.fromkeys((item, item.lstrip("0"))):
        with contextlib.suppress(Refused):
            return [mirror.article(number)]
    return []


def _in_unit(scanned: WeightCode, article: Article) -> Decimal:
    if scanned.unit == "kg" and article.unit == "g":
        return scanned.quantity * 1000
    if (scanned.unit == "kg") != (article.unit == "kg"):
        raise RefusedInWords(
            "bad_measure",
            "The label of “{name}” and its article disagree: one is by weight, the other is not. Type the quantity.",
            name=article.name,
        )
    return scanned.quantity


def _paper(scanned: CustomerCode | VoucherCode | ReceiptCode | OrderCode, mirror: Mirror) -> Paper:
    match scanned:
        case CustomerCode():
            customer = mirror.customer_by_card(scanned.code)
            if customer is None:
                raise RefusedInWords(
                    "unknown_customer", "There is no customer “{number}” here.", number=shown(scanned.code)
                )
            return Paper(kind="customer", code=scanned.code, customer=customer)
        case VoucherCode():
            return Paper(kind="voucher", code=scanned.code)
        case ReceiptCode():
            return Paper(kind="receipt", code=scanned.code)
        case OrderCode():
            return Paper(kind="order", code=scanned.code)


def _plain(code: str, mirror: Mirror) -> Paper | None:
    """Tell what a code without a pattern is: a voucher, an order, a customer's card, as far as this till knows them."""
    if _OWN_VOUCHER.fullmatch(code) or mirror.voucher(code) is not None:
        return Paper(kind="voucher", code=code)
    if _OWN_ORDER.fullmatch(code) or mirror.has_order(code):
        return Paper(kind="order", code=code)
    if customer := mirror.customer_by_card(code):
        return Paper(kind="customer", code=code, customer=customer)
    return None
