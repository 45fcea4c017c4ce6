"""A sample shop that looks like one: tabs of quick keys, enough articles, cashiers, orders. For tests and pictures."""

import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import apsw
import sample_till as shop

from schema.catalogue import Article, QuickKey, QuickKeyPage
from schema.device import MIRROR
from schema.orders import OpenOrder, OrderLine

TABS = {
    "Favourites": "Coffee 280|Cappuccino 340|Espresso 250|Latte macchiato 390|Pot of tea 310|Hot chocolate 360"
    "|Mineral water 0.5 l 190|Apple spritzer 0.5 l 260|Wholegrain roll 85|Pretzel 95|Croissant 160"
    "|Chocolate croissant 190|Cheese stick 210|Apple turnover 240|Farmhouse bread 1 kg 520|Mixed bread 500 g 330",
    "Drinks": "Cola 0.33 l 220|Orange juice 290|Iced tea peach 270|Malt beer 240|Buttermilk 180",
    "Bakery": "Roll 45|Poppy seed roll 60|Baguette 195|Doughnut 150|Nut swirl 230|Cinnamon bun 220",
    "Cakes": "Cheesecake 390|Apple cake 350|Bee sting cake 370|Marble cake 290",
    "Other": "Carrier bag 30|Beeswax candle 690|Gift card sleeve 120",
}
SECOND_ORDER = OpenOrder(
    order_id="order-2",
    number="SO-2",
    version=1,
    store="0007",
    status="confirmed",
    customer_name="Robin Muster",
    subject="Birthday",
    ordered_day="2026-11-03",
    expected_day="2026-11-24",
    lines=(
        OrderLine(
            article="K0042",
            name="Cheesecake",
            quantity=Decimal(3),
            unit_price_minor=390,
            total_minor=1170,
            tax_code="reduced",
            tax_percent=Decimal(7),
        ),
    ),
    total_minor=1170,
)


def keyed_articles() -> tuple[tuple[Article, ...], tuple[QuickKeyPage, ...]]:
    """Return the articles of the tabs with their tabs."""
    articles, pages = [], []
    for position, (tab, text) in enumerate(TABS.items()):
        keys = []
        for entry in text.split("|"):
            name, price = entry.rsplit(" ", 1)
            number = f"K{len(articles) + 1:04d}"
            code = shop.barcode(f"21000000{len(articles):04d}")
            articles.append(
                Article(
                    number=number,
                    name=name,
                    group=tab,
                    price_minor=int(price),
                    tax_code="reduced",
                    barcodes=(code,),
                )
            )
            keys.append(QuickKey(article=number))
        pages.append(QuickKeyPage(name=tab, position=position, keys=tuple(keys)))
    return tuple(articles), tuple(pages)


def make_sample(folder: Path, **settings: Any) -> tuple[Article, ...]:
    """Enrol a till in a folder over the sample shop; return the shop's articles."""
    articles, pages = keyed_articles()
    folder.mkdir(parents=True, exist_ok=True)
    shop.make_folder(folder, articles=(*shop.ARTICLES, *articles), orders=(shop.ORDER, SECOND_ORDER), **settings)
    connection = apsw.Connection(str(folder / MIRROR))
    with connection:
        connection.execute("DELETE FROM setting WHERE kind = 'quick_keys'")
        for page in pages:
            shop.add_setting(connection, "quick_keys", page)
    connection.close()
    return (*shop.ARTICLES, *articles)
