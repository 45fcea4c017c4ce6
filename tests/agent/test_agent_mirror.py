"""What the full range of selling brings into the mirror: variants, prices, stock, vouchers, receipts, other layouts."""

from decimal import Decimal

import apsw
import msgspec
import pytest
from agent_small_office import STORE, TILL
from test_agent_fetch import RATE, SETTINGS, article, fetch_all

from agent.mirror_rows import typed_code
from schema.catalogue import PastLine, PastPayment, PastReceipt, StockLevel, Voucher, key_of
from schema.errors import Refused
from schema.mirror_file import (
    ARTICLES_BY_WORDS,
    LAYOUT_VERSION,
    LIST_PRICES,
    PAST_RECEIPT,
    PAST_RECEIPTS,
    STOCK_OF,
    VARIANTS_OF,
    VOUCHER,
    search_terms,
)
from schema.parties import Cashier
from schema.pricing import ListPrice, PriceList, Promotion
from schema.sqlite import open_reader

SHIRT = article(1, number="S", name="T-shirt", barcodes=(), is_matrix=True)
RED_M = article(2, number="S-R-M", name="T-shirt red M", variant_of="S", colour="red", size="M", barcodes=())
BLUE_L = article(3, number="S-B-L", name="T-shirt blue L", variant_of="S", colour="blue", size="L", barcodes=())
STEP = ListPrice(price_list="Friends 1/2", article="A/000007", price_minor=90, min_quantity=Decimal("2.50"))
ROWS = (
    SHIRT,
    RED_M,
    BLUE_L,
    PriceList(name="Friends 1/2", currency="EUR", group="friends"),
    STEP,
    ListPrice(price_list="Friends 1/2", article="S-R-M", price_minor=1500),
    Promotion(code="P1", name="3 for 2", kind="x_for_y", articles=("S",), x=3, y=2),
    Voucher(code="V123", balance_minor=2500),
    StockLevel(store=STORE, article="S-R-M", quantity=Decimal(4), as_of_ms=7),
    StockLevel(store="0002", article="S-R-M", quantity=Decimal(1), as_of_ms=7),
)
CASHIER = Cashier(number="1", name="Alex Example", role="cashier", pin_hash="$argon2id$x")


def receipt(number, day="2026-11-20"):
    line = PastLine(
        line=1,
        article="S-R-M",
        name="T-shirt red M",
        quantity=Decimal(2),
        unit="piece",
        unit_price_minor=1999,
        total_minor=3998,
        tax_code="full",
        tax_percent=Decimal(19),
    )
    return PastReceipt(
        receipt=number,
        store=STORE,
        till_id=TILL,
        day=day,
        currency="EUR",
        total_minor=3998,
        lines=(line,),
        payments=(PastPayment(tender="cash", amount_minor=3998),),
    )


class Sight:
    """The mirror as a till reads it."""

    def __init__(self, room):
        self._connection = open_reader(room.folder / "mirror.db")
        room.opened.append(self._connection.close)

    def bodies(self, sql, *values):
        return [bytes(body) for (body,) in self._connection.execute(sql, values)]

    def found(self, text):
        bodies = self.bodies(ARTICLES_BY_WORDS, search_terms(text), 20)
        return sorted(msgspec.json.decode(body)["number"] for body in bodies)

    def count(self, table):
        return self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def stored(*rows):
    return [msgspec.json.encode(row) for row in rows]


@pytest.fixture
def shop(office):
    office.put(RATE, SETTINGS, CASHIER, *ROWS, *(receipt(f"{STORE}-1-{number:06d}") for number in range(1, 31)))
    return office


@pytest.mark.parametrize("way", ["whole", "row by row"])
def test_every_new_kind_is_found_by_what_the_till_asks_for(room, office, shop, way):
    parts = room.parts()
    fetch_all(parts)
    if way == "row by row":
        office.remove("article", "S", "S-R-M", "S-B-L")
        fetch_all(parts)
        office.put(*ROWS)
        fetch_all(parts)
    sight = Sight(room)
    assert sorted(sight.bodies(VARIANTS_OF, "S")) == sorted(stored(RED_M, BLUE_L))
    assert sight.bodies(LIST_PRICES, "A/000007") == stored(STEP)
    assert sight.bodies(STOCK_OF, "S-R-M") == stored(ROWS[-2], ROWS[-1])
    assert sight.bodies(VOUCHER, "V123") == stored(ROWS[-3])
    assert sight.bodies(PAST_RECEIPT, f"{STORE}-1-000007") == stored(receipt(f"{STORE}-1-000007"))
    assert len(sight.bodies(PAST_RECEIPTS, f"{STORE}-1-00002%", 100)) == 10
    settings = sight.bodies("SELECT body FROM setting WHERE kind IN ('price_list', 'promotion') ORDER BY kind")
    assert settings == stored(ROWS[3], ROWS[6])
    assert sight.found("red m") == ["S-R-M"]


def test_a_tombstone_takes_each_of_them_away(room, office, shop):
    parts = room.parts()
    fetch_all(parts)
    for row in ROWS[3:]:
        kind = {PriceList: "price_list", ListPrice: "list_price", Promotion: "promotion"}.get(type(row))
        kind = kind or {Voucher: "voucher", StockLevel: "stock"}[type(row)]
        office.remove(kind, key_of(row))
    office.remove("article", "S-R-M")
    office.remove("receipt", f"{STORE}-1-000007")
    fetch_all(parts)
    sight = Sight(room)
    assert {table: sight.count(table) for table in ("list_price", "stock", "voucher")} == {
        "list_price": 0,
        "stock": 0,
        "voucher": 0,
    }
    assert sight.bodies(VARIANTS_OF, "S") == stored(BLUE_L)
    assert sight.count("past_receipt") == 29
    assert sight.count("setting") == 2


def test_a_variant_that_moves_to_another_parent_stands_under_one_only(room, office, shop):
    parts = room.parts()
    fetch_all(parts)
    moved = msgspec.structs.replace(RED_M, variant_of="T")
    office.put(moved)
    fetch_all(parts)
    sight = Sight(room)
    assert sight.bodies(VARIANTS_OF, "S") == stored(BLUE_L)
    assert sight.bodies(VARIANTS_OF, "T") == stored(moved)


def test_pruned_receipts_are_no_mass_deletion(room, office, shop):
    parts = room.parts()
    fetch_all(parts)
    office.remove("receipt", *(f"{STORE}-1-{number:06d}" for number in range(1, 31)))
    fetch_all(parts)
    assert Sight(room).count("past_receipt") == 0


@pytest.mark.parametrize(("kind", "key"), [("cashier", "1"), ("settings", STORE), ("tax_rate", key_of(RATE))])
def test_the_last_row_that_a_till_needs_never_goes_by_itself(room, office, shop, kind, key):
    """Fault 42."""
    parts = room.parts()
    fetch_all(parts)
    office.remove(kind, key)
    with pytest.raises(Refused) as caught:
        fetch_all(parts)
    assert caught.value.code == "mass_deletion"
    sight = Sight(room)
    assert sight.count("party") == 1
    assert sight.count("setting") == 4


def test_a_full_fetch_without_cashiers_is_refused_unless_it_is_meant(room, office, shop):
    """Fault 42."""
    fetch_all(room.parts())
    office.timeline = "timeline-2"
    office.feed.pop(("cashier", "1"))
    with pytest.raises(Refused) as caught:
        fetch_all(room.parts())
    assert caught.value.code == "mass_deletion"
    fetch_all(room.parts(allow_mass_delete=True))
    assert Sight(room).count("party") == 0


def test_a_mirror_of_another_layout_is_fetched_anew_and_the_streams_state_is_asked_for(room, office, shop):
    """Fault 65: the program was changed, the file was not."""
    journal = room.journal()
    journal.append(3)
    room.sync()
    old = apsw.Connection(str(room.folder / "mirror.db"))
    old.pragma("user_version", LAYOUT_VERSION - 1)
    old.execute("DROP TABLE variant")
    old.close()
    office.uploads.clear()
    office.feed_cursors.clear()
    assert room.sync().sent == 0
    assert office.uploads == []
    assert office.feed_cursors[0] == 0
    sight = Sight(room)
    assert sight.count("variant") == 2
    assert sight.bodies("SELECT CAST(user_version AS BLOB) FROM pragma_user_version") == [str(LAYOUT_VERSION).encode()]
    assert sight.count("upload") == 1


@pytest.mark.parametrize(
    ("key", "typed"),
    [
        ("00000096385074", "96385074"),
        ("00012345678905", "012345678905"),
        ("04012345678901", "4012345678901"),
        ("14012345678908", "14012345678908"),
        ("00000000000007", "00000007"),
        ("CARD-7", "CARD-7"),
        ("007", "007"),
    ],
)
def test_a_barcode_is_searched_as_it_stands_under_the_bars(key, typed):
    assert typed_code(key) == typed
