"""The sample shop: invented articles, people and stores, recognisable as such.

Barcodes come from GS1's range 040–049, restricted circulation within a company, so they belong to nobody.
"""

from collections.abc import Iterator
from decimal import Decimal
from itertools import count

from schema.barcode import check_digit, lookup_key
from schema.catalogue import Article, QuickKey, QuickKeyPage, ReceiptDesign, StoreSettings
from schema.parties import Customer, Role
from server.demo import assortment

# Group, tax code, then per article: name, short name, unit, price in cents.
_ASSORTMENT: tuple[tuple[str, str, tuple[tuple[str, str, str, int], ...]], ...] = (
    (
        "Bread and rolls",
        "reduced",
        (
            ("Wheat roll", "Roll", "piece", 45),
            ("Pretzel", "", "piece", 95),
            ("Rye bread 750 g", "Rye bread", "piece", 389),
            ("Spelt bread 500 g", "Spelt bread", "piece", 429),
            ("Butter croissant", "Croissant", "piece", 165),
            ("Cheese baguette", "", "piece", 349),
            ("Apple turnover", "", "piece", 220),
            ("Poppy seed cake, slice", "Poppy cake", "piece", 275),
        ),
    ),
    (
        "Fruit and vegetables",
        "reduced",
        (
            ("Apples, loose", "Apples", "kg", 299),
            ("Pears, loose", "Pears", "kg", 349),
            ("Bananas, loose", "Bananas", "kg", 199),
            ("Tomatoes on the vine", "Tomatoes", "kg", 399),
            ("Cucumber", "", "piece", 89),
            ("Lettuce", "", "piece", 129),
            ("Carrots 1 kg", "Carrots", "pack", 149),
            ("Potatoes 2.5 kg", "Potatoes", "pack", 329),
            ("Onions 500 g", "Onions", "pack", 99),
            ("Lemon", "", "piece", 59),
        ),
    ),
    (
        "Dairy and eggs",
        "reduced",
        (
            ("Whole milk 1 l", "Milk", "piece", 129),
            ("Butter 250 g", "Butter", "piece", 239),
            ("Natural yoghurt 500 g", "Yoghurt", "piece", 119),
            ("Mountain cheese", "", "kg", 2190),
            ("Young gouda, sliced", "Gouda", "pack", 279),
            ("Cream 200 g", "Cream", "piece", 109),
            ("Six free-range eggs", "Eggs", "pack", 249),
            ("Curd cheese 250 g", "Curd", "piece", 99),
        ),
    ),
    (
        "Pantry",
        "reduced",
        (
            ("Spaghetti 500 g", "Spaghetti", "pack", 149),
            ("Long-grain rice 1 kg", "Rice", "pack", 239),
            ("Wheat flour 1 kg", "Flour", "pack", 89),
            ("Sugar 1 kg", "Sugar", "pack", 119),
            ("Strawberry jam 340 g", "Jam", "piece", 329),
            ("Blossom honey 500 g", "Honey", "piece", 649),
            ("Olive oil 0.5 l", "Olive oil", "piece", 899),
            ("Peeled tomatoes 400 g", "Tinned tomato", "piece", 109),
            ("Ground coffee 500 g", "Coffee", "pack", 699),
            ("Peppermint tea, 20 bags", "Mint tea", "pack", 199),
            ("Dark chocolate 100 g", "Chocolate", "piece", 189),
            ("Oat biscuits 200 g", "Biscuits", "pack", 229),
        ),
    ),
    (
        "Drinks",
        "standard",
        (
            ("Mineral water 1 l", "Water", "piece", 69),
            ("Apple juice 1 l", "Apple juice", "piece", 199),
            ("Elderflower lemonade 0.33 l", "Lemonade", "piece", 179),
            ("Pale ale 0.33 l", "Pale ale", "piece", 219),
            ("Wheat beer 0.5 l", "Wheat beer", "piece", 169),
            ("Red wine 0.75 l", "Red wine", "piece", 799),
            ("White wine 0.75 l", "White wine", "piece", 749),
            ("Cold brew coffee 0.25 l", "Cold brew", "piece", 249),
        ),
    ),
    (
        "Household",
        "standard",
        (
            ("Washing-up liquid 0.5 l", "Wash-up", "piece", 169),
            ("Sponges, pack of three", "Sponges", "pack", 149),
            ("Kitchen roll, two", "Kitchen roll", "pack", 259),
            ("Candles, pack of four", "Candles", "pack", 499),
            ("Matches", "", "pack", 79),
            ("Bin bags 20 l", "Bin bags", "pack", 199),
            ("Hand soap 0.3 l", "Soap", "piece", 219),
            ("Cotton bag", "Bag", "piece", 250),
        ),
    ),
    (
        "Flowers and gifts",
        "reduced",
        (
            ("Bunch of tulips", "Tulips", "piece", 499),
            ("Potted basil", "Basil", "piece", 299),
            ("Sunflower", "", "piece", 250),
        ),
    ),
    (
        "Paper",
        "standard",
        (
            ("Greeting card", "Card", "piece", 250),
            ("Wrapping paper, sheet", "Wrapping", "piece", 180),
            ("Notebook A5", "Notebook", "piece", 395),
        ),
    ),
    ("Services", "zero", (("Postage stamp", "Stamp", "piece", 95),)),
)
# What a till shows at once without a further page.
QUICK_KEYS_PER_PAGE = 20
# What is sold most and carries no barcode to scan, from every group.
# fmt: off
FAVOURITES = (
    "0001", "0002", "0003", "0005", "0006", "0007", "0009", "0010", "0011", "0012",
    "0014", "0015", "0018", "0022", "0039", "0040", "0044", "0046", "0054", "0057",
)
# fmt: on
# The tabs after the favourites, and the groups of articles on each.
TABS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Bakery", ("Bread and rolls",)),
    ("Fresh", ("Fruit and vegetables", "Dairy and eggs")),
    ("Pantry", ("Pantry",)),
    ("Drinks", ("Drinks",)),
    ("More", ("Household", "Flowers and gifts", "Paper", "Services", "Café", "Clothing", "Vouchers")),
)
STORES = (
    StoreSettings(
        store="0001",
        name="Sample Shop",
        language="en",
        address=("Sample Street 1", "12345 Sampletown"),
        tax_number="000000000",
        receipt_footer=("Thank you for shopping at the Sample Shop.",),
        cash_difference_warn_minor=500,
        tips=True,
        design=ReceiptDesign(mail=True),
    ),
    StoreSettings(
        store="0002",
        name="Sample Shop at the Station",
        language="en",
        address=("Platform 1", "12345 Sampletown"),
        tax_number="000000000",
        receipt_footer=("Have a good journey.",),
    ),
)
# Number, name, role, PIN.
CASHIERS: tuple[tuple[str, str, Role, str], ...] = (
    ("1", "Alex Example", "cashier", "1111"),
    ("2", "Robin Example", "supervisor", "2222"),
    ("3", "Sam Example", "store_manager", "3333"),
)
CUSTOMERS = (
    Customer(
        number="C1001",
        name="Kim Sample",
        street="Sample Lane 4",
        postcode="12345",
        city="Sampletown",
        country="DE",
        email="kim@example.org",
        card_code="CARD-C1001",
        group=assortment.FRIENDS,
    ),
    Customer(
        number="C1002",
        name="Toni Sample",
        company="Example Café",
        street="Sample Square 2",
        postcode="12345",
        city="Sampletown",
        country="DE",
        email="cafe@example.org",
        credit_limit_minor=50_000,
    ),
    Customer(
        number="C1003",
        name="Jo Sample",
        company="Example Kindergarten",
        street="Garden Path 9",
        postcode="12346",
        city="Sampletown",
        country="DE",
        email="garden@example.org",
        credit_limit_minor=20_000,
        payment_days=30,
    ),
)
FREE_RANGE = "040"


def barcode(running: int) -> str:
    """Return a valid EAN-13 of the range that is free for use within a company."""
    payload = f"{FREE_RANGE}{running:09d}"
    return f"{payload}{check_digit(payload)}"


def articles() -> tuple[Article, ...]:
    """Return the sample articles; the n-th of the plain ones has the n-th barcode."""
    running = count(1)
    barcodes = (lookup_key(barcode(number)) for number in running)
    plain = [_plain(index, group, tax_code, row, next(barcodes)) for index, (group, tax_code, row) in _plain_rows()]
    return (*plain, *assortment.articles(barcodes))


def _plain_rows() -> Iterator[tuple[int, tuple[str, str, tuple[str, str, str, int]]]]:
    rows = ((group, tax_code, row) for group, tax_code, group_rows in _ASSORTMENT for row in group_rows)
    return enumerate(rows, start=1)


def _plain(index: int, group: str, tax_code: str, row: tuple[str, str, str, int], code: str) -> Article:
    name, short_name, unit, price_minor = row
    number = f"{index:04d}"
    return Article(
        number=number,
        name=name,
        short_name=short_name,
        group=group,
        unit=unit,
        price_minor=price_minor,
        tax_code=tax_code,
        barcodes=(code, assortment.scale_key(number)) if number in assortment.WEIGHED else (code,),
        **assortment.EXTRAS.get(number, {}),
    )


def quick_key_pages() -> tuple[QuickKeyPage, ...]:
    """Return the favourites and a page of quick keys per tab."""
    made = articles()
    by_number = {article.number: article for article in made}
    pages = [("Often", [by_number[number] for number in FAVOURITES])]
    pages += [(tab, [each for each in made if each.group in groups and not each.variant_of]) for tab, groups in TABS]
    return tuple(
        QuickKeyPage(
            name=name,
            position=position,
            keys=tuple(
                QuickKey(article=article.number, label=article.short_name) for article in members[:QUICK_KEYS_PER_PAGE]
            ),
        )
        for position, (name, members) in enumerate(pages, start=1)
    )


# Customer, subject, and per line: article and quantity; the n-th order is expected in n days.
ORDERS: tuple[tuple[str, str, tuple[tuple[str, Decimal], ...]], ...] = (
    ("C1001", "Birthday breakfast", (("0001", Decimal(20)), ("0005", Decimal(6)), ("0031", Decimal(2)))),
    ("C1002", "Weekly order", (("0019", Decimal(24)), ("0020", Decimal(8)), ("0035", Decimal(4)))),
    ("C1003", "Fruit for the week", (("0009", Decimal("4.5")), ("0011", Decimal(3)), ("0015", Decimal(2)))),
)
