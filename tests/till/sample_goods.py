"""Goods of every kind that a till must know how to sell, laid into a sample till's mirror as the agent lays them."""

from decimal import Decimal

import apsw
import msgspec
from sample_till import barcode

from agent.feed_check import Put
from agent.mirror_rows import put_rows
from schema.catalogue import FEED_KINDS, Article, Choice, Option, StockLevel, Voucher, key_of
from schema.device import MIRROR
from schema.parties import Customer, OpenItem
from schema.pricing import ListPrice, PriceList, Promotion

WATER, WHISKY, CHEESE = barcode("400000000020"), barcode("400000000021"), barcode("280001000000")
BOTTLE = Article(number="P25", name="Deposit 0.25", price_minor=25, tax_code="standard", group="Deposit")
GOODS = (
    BOTTLE,
    Article(
        number="W1",
        name="Water",
        price_minor=99,
        tax_code="standard",
        group="Drinks",
        barcodes=(WATER.zfill(14),),
        bottle_deposit="P25",
        suggests=("CO", "A1"),
    ),
    Article(
        number="WH", name="Whisky", price_minor=2499, tax_code="standard", age_min=18, barcodes=(WHISKY.zfill(14),)
    ),
    Article(number="BE", name="Beer", price_minor=149, tax_code="standard", age_min=16, bottle_deposit="P25"),
    Article(
        number="CO",
        name="Coffee",
        price_minor=300,
        tax_code="standard",
        options=(
            Option(name="Milk", choices=(Choice(name="none"), Choice(name="oat", price_minor=50)), least=1, most=1),
            Option(
                name="Extras",
                choices=(Choice(name="shot", price_minor=80), Choice(name="syrup", price_minor=60)),
                most=2,
            ),
        ),
    ),
    Article(number="0001", name="Cheese", price_minor=1990, tax_code="reduced", unit="kg"),
    Article(number="0002", name="Cake, whole", price_minor=0, tax_code="reduced"),
    Article(number="GC", name="Gift card", price_minor=0, tax_code="none", is_voucher=True),
    Article(number="GC50", name="Gift card 50", price_minor=5000, tax_code="none", is_voucher=True),
    Article(number="SH", name="Shirt", price_minor=1999, tax_code="standard", is_matrix=True),
    Article(
        number="SH-1", name="Shirt", price_minor=1999, tax_code="standard", variant_of="SH", colour="red", size="S"
    ),
    Article(
        number="SH-2", name="Shirt", price_minor=1999, tax_code="standard", variant_of="SH", colour="red", size="M"
    ),
    Article(
        number="SH-3", name="Shirt", price_minor=2199, tax_code="standard", variant_of="SH", colour="blue", size="M"
    ),
)
KIM = Customer(
    number="K1",
    name="Kim Friend",
    city="Sampletown",
    card_code="CARD-77",
    group="Friends",
    credit_limit_minor=50000,
    open_items=(OpenItem(reference="0007-1-000009", day="2026-11-01", due_day="2026-11-15", open_minor=4200),),
)
RULES = (
    PriceList(name="Friends", currency="EUR", group="Friends"),
    ListPrice(price_list="Friends", article="A3", price_minor=1500),
    Promotion(code="P1", name="3 for 2 milk", kind="x_for_y", articles=("A1",), x=3, y=2),
    Promotion(code="P2", name="Bread week", kind="percent", articles=("A2",), percent=Decimal(10)),
)


def lay(folder, *rows):
    """Write rows into a sample till's mirror."""
    connection = apsw.Connection(str(folder / MIRROR))
    with connection:
        for kind, struct in FEED_KINDS.items():
            puts = [
                Put(key=key_of(row), row=row, body=msgspec.json.encode(row)) for row in rows if isinstance(row, struct)
            ]
            if puts:
                put_rows(connection, kind, puts)
    connection.close()


def stock(store, article, quantity, as_of_ms):
    return StockLevel(store=store, article=article, quantity=Decimal(quantity), as_of_ms=as_of_ms)


__all__ = ["BOTTLE", "CHEESE", "GOODS", "KIM", "RULES", "WATER", "WHISKY", "Voucher", "lay", "stock"]
