"""What a store sells, as head office feeds it to the tills: one Struct per kind of row in the feed.

The feed's `kind` of each Struct stands in `FEED_KINDS`; its `key` is what `key_of` returns.
"""

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from schema.orders import OpenOrder
from schema.parties import Cashier, Customer
from schema.tax import TaxRate

Unit = Literal["piece", "kg", "g", "l", "m", "m2", "hour", "pack"]


class Article(Struct, frozen=True, kw_only=True):
    """An article with its price in the store's currency, tax included, and all its barcodes (as lookup keys)."""

    number: str
    name: str
    price_minor: int
    tax_code: str
    short_name: str = ""
    group: str = ""
    unit: str = "piece"
    barcodes: tuple[str, ...] = ()
    blocked: bool = False


class QuickKey(Struct, frozen=True, kw_only=True):
    """One key: an article and, where its name is too long for a key, a shorter label."""

    article: str
    label: str = ""


class QuickKeyPage(Struct, frozen=True, kw_only=True):
    """A tab of quick keys, in the order of `position`."""

    name: str
    position: int
    keys: tuple[QuickKey, ...] = ()


class StoreSettings(Struct, frozen=True, kw_only=True):
    """What a till must know of its store. Texts are printed on receipts."""

    store: str
    name: str
    currency: str = "EUR"
    country: str = "DE"
    language: str = "en"
    address: tuple[str, ...] = ()
    tax_number: str = ""
    receipt_footer: tuple[str, ...] = ()
    # Cash is rounded to this step (5 = 0.05); 1 means not at all.
    cash_step_minor: int = 1
    # Two minutes without a touch lock the till; 0 never.
    lock_after_s: int = 0
    # May an order from the mirror be paid while head office cannot be asked? (protocol §5)
    offline_orders: Literal["allow", "warn", "deny"] = "warn"
    cash_difference_warn_minor: int = 500
    discount_percent_max: Decimal = Decimal(100)


FeedRow = Article | QuickKeyPage | StoreSettings | TaxRate | Customer | Cashier | OpenOrder

FEED_KINDS: dict[str, type[FeedRow]] = {
    "article": Article,
    "quick_keys": QuickKeyPage,
    "settings": StoreSettings,
    "tax_rate": TaxRate,
    "customer": Customer,
    "cashier": Cashier,
    "order": OpenOrder,
}


def key_of(row: FeedRow) -> str:
    """Return the key under which a row stands in the feed and the mirror, unique within its kind."""
    match row:
        case Article() | Customer() | Cashier():
            return row.number
        case QuickKeyPage():
            return row.name
        case StoreSettings():
            return row.store
        case TaxRate():
            return f"{row.country}/{row.code}/{row.valid_from.isoformat()}"
        case OpenOrder():
            return row.order_id
