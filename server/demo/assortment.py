"""What the sample shop has beside plain goods: variants, options, deposits, ages, scale codes, vouchers, prices.

Everything is invented. The articles follow those of `server.demo.shop` and go on with its running barcodes.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from schema.barcode import check_digit, lookup_key
from schema.catalogue import Article, Choice, Option
from schema.pricing import ListPrice, PriceList, Promotion

BEER_DEPOSIT, BOTTLE_DEPOSIT = "0066", "0067"
# What the plain articles have on top, by their number.
EXTRAS: Mapping[str, Mapping[str, Any]] = {
    "0039": {"bottle_deposit": BOTTLE_DEPOSIT},
    "0041": {"bottle_deposit": BOTTLE_DEPOSIT},
    "0042": {"bottle_deposit": BEER_DEPOSIT, "age_min": 16},
    "0043": {"bottle_deposit": BEER_DEPOSIT, "age_min": 16},
    "0044": {"age_min": 16},
    "0045": {"age_min": 16},
}
# Weighed at the counter: the scale prints codes of the layout 22AAAAVPPPPPC with the article's number in it.
WEIGHED = ("0009", "0010", "0011", "0012", "0022")
COFFEE = Article(
    number="0062",
    name="Coffee to go",
    short_name="Coffee",
    group="Café",
    price_minor=260,
    tax_code="standard",
    options=(
        Option(name="Size", choices=(Choice(name="small"), Choice(name="large", price_minor=80)), least=1, most=1),
        Option(name="Milk", choices=(Choice(name="whole"), Choice(name="oat", price_minor=50)), least=0, most=1),
    ),
    suggests=("0005", "0007"),
)
TEA = Article(
    number="0063",
    name="Pot of tea",
    short_name="Tea",
    group="Café",
    price_minor=290,
    tax_code="standard",
    options=(Option(name="Kind", choices=(Choice(name="black"), Choice(name="mint"), Choice(name="fruit")), least=1),),
)
SHIRT = Article(
    number="0064",
    name="T-shirt with the shop's mark",
    short_name="T-shirt",
    group="Clothing",
    price_minor=1999,
    tax_code="standard",
    is_matrix=True,
)
COLOURS, SIZES = ("red", "blue", "black"), ("S", "M", "L", "XL")
VOUCHER = Article(number="0065", name="Voucher", group="Vouchers", price_minor=0, tax_code="none", is_voucher=True)
DEPOSITS = (
    Article(number=BEER_DEPOSIT, name="Deposit, beer bottle", group="Deposit", price_minor=8, tax_code="standard"),
    Article(number=BOTTLE_DEPOSIT, name="Deposit, bottle", group="Deposit", price_minor=25, tax_code="standard"),
)
BRANDY = Article(
    number="0068", name="Plum brandy 0.5 l", group="Drinks", price_minor=1490, tax_code="standard", age_min=18
)
FRIENDS = "friends"
PRICE_LISTS = (PriceList(name="Friends", currency="EUR", group=FRIENDS),)
LIST_PRICES = (
    ListPrice(price_list="Friends", article=COFFEE.number, price_minor=200),
    ListPrice(price_list="Friends", article="0033", price_minor=799),
    ListPrice(price_list="Friends", article="0035", price_minor=649),
    ListPrice(price_list="Friends", article="0035", price_minor=599, min_quantity=Decimal(3)),
)
PROMOTIONS = (
    Promotion(code="CANDLES", name="Candles: 3 for 2", kind="x_for_y", articles=("0050",), x=3, y=2),
    Promotion(code="HOUSE10", name="10 % off household", kind="percent", groups=("Household",), percent=Decimal(10)),
    Promotion(
        code="BASKET80", name="5.00 off from 80.00", kind="threshold_amount", threshold_minor=8000, amount_minor=500
    ),
)
# The shop's tills as they stand there, waiting for their devices.
TILLS = (("0001", "Front"), ("0001", "Bakery counter"), ("0002", "Front"))


class Counted(Struct, frozen=True, kw_only=True):
    """What was counted of an article in a store."""

    store: str
    article: str
    quantity: Decimal


def articles(barcodes: Iterator[str]) -> tuple[Article, ...]:
    """Return the articles that follow the plain ones, in the order of their numbers."""
    bare = (COFFEE, TEA, SHIRT, *variants(barcodes), VOUCHER, *DEPOSITS)
    return (*bare, _with_barcode(BRANDY, barcodes))


def variants(barcodes: Iterator[str]) -> tuple[Article, ...]:
    """Return the shirt in every colour and size."""
    return tuple(
        Article(
            number=f"{SHIRT.number}-{colour.upper()}-{size}",
            name=f"T-shirt {colour} {size}",
            group=SHIRT.group,
            price_minor=SHIRT.price_minor,
            tax_code=SHIRT.tax_code,
            variant_of=SHIRT.number,
            colour=colour,
            size=size,
            barcodes=(next(barcodes),),
        )
        for colour in COLOURS
        for size in SIZES
    )


def _with_barcode(article: Article, barcodes: Iterator[str]) -> Article:
    return replace(article, barcodes=(next(barcodes),))


def scale_key(number: str) -> str:
    """Return the lookup key of a weighed article: its scale code with zeros for the price."""
    payload = f"22{number}000000"
    return lookup_key(f"{payload}{check_digit(payload)}")


def counts(numbers: tuple[str, ...]) -> tuple[Counted, ...]:
    """Return what lies in the two stores: something different of each, and now and then nothing."""
    return tuple(
        Counted(store=store, article=number, quantity=Decimal((place * step) % 7))
        for store, step in (("0001", 5), ("0002", 3))
        for place, number in enumerate(numbers, start=1)
    )
