"""What a store sells, as head office feeds it to the tills: one Struct per kind of row in the feed.

The feed's `kind` of each Struct stands in `FEED_KINDS`; its `key` is what `key_of` returns.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct

from schema.orders import OpenOrder
from schema.parties import Cashier, Customer
from schema.pricing import ListPrice, PriceList, Promotion
from schema.scan import CodePatterns
from schema.tax import TaxRate

Unit = Literal["piece", "kg", "g", "l", "m", "m2", "hour", "pack"]


class Choice(Struct, frozen=True, kw_only=True):
    """One choice of an option and what it adds to the price of a unit."""

    name: str
    price_minor: int = 0


class Option(Struct, frozen=True, kw_only=True):
    """Something to choose when an article is sold ("milk": oat, soy …): between `least` and `most` of the choices."""

    name: str
    choices: tuple[Choice, ...]
    least: int = 0
    most: int = 1


class Article(Struct, frozen=True, kw_only=True):
    """An article with its price in the store's currency, tax included, and all its barcodes (as lookup keys).

    A variant is an article of its own that names its parent and its place in the parent's matrix. `bottle_deposit` is
    the number of the article that is added with each unit; `suggests` are articles offered at *Pay*.
    """

    number: str
    name: str
    price_minor: int
    tax_code: str
    short_name: str = ""
    group: str = ""
    unit: str = "piece"
    barcodes: tuple[str, ...] = ()
    blocked: bool = False
    age_min: int = 0
    bottle_deposit: str = ""
    options: tuple[Option, ...] = ()
    suggests: tuple[str, ...] = ()
    variant_of: str = ""
    colour: str = ""
    size: str = ""
    is_matrix: bool = False
    # What is sold on: a multi-purpose voucher is issued for its price, or a typed amount where that is 0.
    is_voucher: bool = False


class QuickKey(Struct, frozen=True, kw_only=True):
    """One key: an article and, where its name is too long for a key, a shorter label."""

    article: str
    label: str = ""


class QuickKeyPage(Struct, frozen=True, kw_only=True):
    """A tab of quick keys, in the order of `position`."""

    name: str
    position: int
    keys: tuple[QuickKey, ...] = ()


class Voucher(Struct, frozen=True, kw_only=True):
    """A multi-purpose voucher as head office last knew it. `valid_to` is an ISO day, empty for ever."""

    code: str
    balance_minor: int
    currency: str = "EUR"
    valid_to: str = ""
    blocked: bool = False


class StockLevel(Struct, frozen=True, kw_only=True):
    """How much of an article a store had when head office last counted (`as_of_ms`)."""

    store: str
    article: str
    quantity: Decimal
    as_of_ms: int


class PastLine(Struct, frozen=True, kw_only=True):
    """A line of a past receipt; `returned` is what has come back of it so far, over all tills.

    `returned_minor` is what was given back for that; None where the one who fed it kept no such sum.
    """

    line: int
    article: str
    name: str
    quantity: Decimal
    unit: str
    unit_price_minor: int
    total_minor: int
    tax_code: str
    tax_percent: Decimal
    kind: str = "goods"
    returned: Decimal = Decimal(0)
    returned_minor: int | None = None
    # The line's tax where its receipt states it: the last goods of an order without tax in its prices (ADR 16).
    stated_tax_minor: int | None = None


class PastPayment(Struct, frozen=True, kw_only=True):
    """How a past receipt was paid; `original` is the terminal's own receipt number, to refund a card payment by."""

    tender: str
    amount_minor: int
    original: str = ""


class PastReceipt(Struct, frozen=True, kw_only=True):
    """A receipt that goods may come back on: what was sold, what was paid, what has come back."""

    receipt: str
    store: str
    till_id: str
    day: str
    currency: str
    includes_tax: bool = True
    customer: str = ""
    total_minor: int
    lines: tuple[PastLine, ...]
    payments: tuple[PastPayment, ...]
    voided: bool = False


class ReceiptDesign(Struct, frozen=True, kw_only=True):
    """How a store's receipts look. `link` may hold {receipt}; it is printed as a QR code. The logo is a PNG, base64.

    `offer` is what happens by itself after a sale; `mail` lets a customer have the receipt by mail as well.
    """

    header: tuple[str, ...] = ()
    logo_png: str = ""
    show_tax_table: bool = True
    show_barcode: bool = True
    link: str = ""
    width_mm: Literal[58, 80] = 80
    offer: Literal["print", "ask", "qr", "none"] = "print"
    mail: bool = False


class ReturnRules(Struct, frozen=True, kw_only=True):
    """When goods may come back (days after the sale; 0: any time), and what reasons and conditions there are."""

    days_max: int = 0
    reasons: tuple[str, ...] = ("changed mind", "defect", "wrong article")
    conditions: tuple[str, ...] = ("as new", "opened", "damaged")
    same_tender: bool = True
    allow_unknown_receipt: bool = False


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
    design: ReceiptDesign = ReceiptDesign()
    returns: ReturnRules = ReturnRules()
    # Is the age asked for each such article, once a sale, or never?
    age_check: Literal["always", "once", "never"] = "once"
    separate_lines: bool = False
    blind_count: bool = False
    tenders: tuple[str, ...] = ("cash", "card", "card_manual", "account", "voucher")
    card_types: tuple[str, ...] = ("girocard", "Visa", "Mastercard", "other")
    tips: bool = False
    # Without head office a voucher counts up to this; 0: not at all.
    voucher_offline_minor_max: int = 5000
    offline_order_minor_max: int = 0
    cash_in_reasons: tuple[str, ...] = ("change", "other")
    cash_out_reasons: tuple[str, ...] = ("purchase", "tip paid out", "other")
    drawer_reasons: tuple[str, ...] = ("change", "count", "other")
    order_fields: tuple[str, ...] = ()
    fiscal: Literal["none", "software"] = "none"
    # What codes of scales and cards look like here; None: as is usual in the country.
    code_patterns: CodePatterns | None = None


FeedRow = (
    Article
    | QuickKeyPage
    | StoreSettings
    | TaxRate
    | Customer
    | Cashier
    | OpenOrder
    | Voucher
    | StockLevel
    | PastReceipt
    | PriceList
    | ListPrice
    | Promotion
)

FEED_KINDS: dict[str, type[FeedRow]] = {
    "article": Article,
    "quick_keys": QuickKeyPage,
    "settings": StoreSettings,
    "tax_rate": TaxRate,
    "customer": Customer,
    "cashier": Cashier,
    "order": OpenOrder,
    "voucher": Voucher,
    "stock": StockLevel,
    "receipt": PastReceipt,
    "price_list": PriceList,
    "list_price": ListPrice,
    "promotion": Promotion,
}


_KEY_OF: dict[type, Callable[[Any], str]] = {
    Article: lambda row: row.number,
    Customer: lambda row: row.number,
    Cashier: lambda row: row.number,
    QuickKeyPage: lambda row: row.name,
    StoreSettings: lambda row: row.store,
    TaxRate: lambda row: f"{row.country}/{row.code}/{row.valid_from.isoformat()}",
    OpenOrder: lambda row: row.order_id,
    Voucher: lambda row: row.code,
    StockLevel: lambda row: f"{row.store}/{row.article}",
    PastReceipt: lambda row: row.receipt,
    PriceList: lambda row: row.name,
    ListPrice: lambda row: f"{row.article}/{row.price_list}/{row.min_quantity.normalize():f}",
    Promotion: lambda row: row.code,
}


def key_of(row: FeedRow) -> str:
    """Return the key under which a row stands in the feed and the mirror, unique within its kind."""
    return _KEY_OF[type(row)](row)
