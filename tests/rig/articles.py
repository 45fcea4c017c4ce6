"""A catalogue of any size, the same each time: for benchmarks and load, recognisably made up."""

import csv
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from schema.barcode import check_digit
from schema.catalogue import Article
from schema.pricing import Promotion, PromotionKind

_KINDS = (
    "Bread",
    "Käse",
    "Crème",
    "Tea",
    "Soup",
    "Apple juice",
    "Noodles",
    "Honey",
    "Coffee",
    "Müsli",
    "Olives",
    "Rice",
)
_MARKS = ("Sample", "Example", "Placeholder", "Dummy", "Specimen", "Pattern", "Model", "Trial")
_SIZES = ("100 g", "250 g", "500 g", "1 kg", "0.5 l", "1 l", "6 pack", "small", "large")
KINDS: tuple[PromotionKind, ...] = ("percent", "x_for_y", "amount", "fixed_price", "threshold_percent")
GROUPS = ("Bakery", "Dairy", "Drinks", "Fruit and vegetables", "Grocery", "Household")


def article(number: int) -> Article:
    """Return the n-th article, with a barcode of the restricted range that belongs to nobody."""
    payload = f"2{number:011d}"
    return Article(
        number=f"B{number:07d}",
        name=f"{_MARKS[number % 8]} {_KINDS[number % 12]} {_SIZES[number % 9]} no. {number}",
        price_minor=49 + (number * 37) % 2950,
        tax_code="reduced" if number % 4 else "standard",
        group=GROUPS[number % 6],
        barcodes=((payload + str(check_digit(payload))).zfill(14),),
    )


def barcode(number: int) -> str:
    """Return the n-th article's EAN-13 as a scanner reads it."""
    return article(number).barcodes[0][-13:]


def articles(count: int) -> Iterator[Article]:
    return (article(number) for number in range(1, count + 1))


def promotions(count: int) -> Iterator[Promotion]:
    """Return promotions of every kind: a few on a whole group, most on some articles each."""
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        on_group = number % 10 == 0
        yield Promotion(
            code=f"P{number:03d}",
            name=f"Sample offer {number}",
            kind=kind,
            groups=(GROUPS[number // 10 % len(GROUPS)],) if on_group else (),
            articles=() if on_group else tuple(article(number * 2300 + place).number for place in range(1, 201)),
            x=3,
            y=2,
            percent=Decimal(10 if kind != "x_for_y" else 0),
            amount_minor=30 if kind in ("amount", "threshold_amount", "fixed_price") else 0,
            threshold_minor=5000,
        )


def write_csv(path: Path, count: int) -> None:
    """Write the catalogue as the import reads it (docs/import.md)."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["number", "barcode", "name", "group", "unit", "price", "tax_code"])
        for made in articles(count):
            price = f"{made.price_minor // 100}.{made.price_minor % 100:02d}"
            writer.writerow(
                [made.number, made.barcodes[0][-13:], made.name, made.group, made.unit, price, made.tax_code]
            )
