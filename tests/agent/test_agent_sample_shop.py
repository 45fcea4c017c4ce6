"""The sample shop as a till gets it: everything that head office founds with is in the mirror, found as a till asks."""

import json
from decimal import Decimal

import msgspec
import pytest
from agent_real_office import RealOffice
from agent_room import Room

from schema.basket import Basket, Line
from schema.catalogue import Article, StockLevel
from schema.mirror_file import ARTICLE_BY_CODE, ARTICLES_BY_WORDS, LIST_PRICES, STOCK_OF, VARIANTS_OF, search_terms
from schema.pricing import ListPrice, PriceContext, PriceList, Promotion, PromotionIndex, reprice
from schema.sqlite import open_reader
from server.demo import assortment, shop


@pytest.fixture(scope="module")
def mirror(tmp_path_factory):
    """The mirror of a till at the sample shop, open to read."""
    folder = tmp_path_factory.mktemp("sample")
    office = RealOffice(folder / "office")
    office.run("init", "--demo")
    office.start()
    room = Room(folder / "till", office)
    room.folder.mkdir()
    try:
        added = json.loads(office.run("add-till", "--store", "0001", "--name", "Front", "--json"))
        assert (added["number"], added["store"]) == (1, "0001")
        office.run("sync", "kick")
        room.enrol(added["code"])
        room.sync()
        reader = open_reader(room.folder / "mirror.db")
        yield lambda sql, *values: [bytes(body) for (body,) in reader.execute(sql, values)]
        reader.close()
    finally:
        room.close()
        office.kill()


def rows(mirror, struct, sql, *values):
    return [msgspec.json.decode(body, type=struct) for body in mirror(sql, *values)]


def test_variants_options_deposits_and_scale_codes_are_there(mirror):
    made = {article.number: article for article in shop.articles()}
    assert len(rows(mirror, Article, VARIANTS_OF, assortment.SHIRT.number)) == 12
    (cheese,) = rows(mirror, Article, ARTICLE_BY_CODE, assortment.scale_key("0022"))
    assert cheese.name == "Mountain cheese"
    (red,) = rows(mirror, Article, ARTICLES_BY_WORDS, search_terms("xl red"), 9)
    assert (red.colour, red.size) == ("red", "XL")
    coffee = rows(mirror, Article, ARTICLES_BY_WORDS, search_terms("coffee to"), 9)
    assert coffee == [made["0062"]]


def test_the_price_engine_works_on_what_the_mirror_holds(mirror):
    setting = "SELECT body FROM setting WHERE kind = ? ORDER BY key"
    context = PriceContext(
        day="2026-11-21",
        minute_of_day=600,
        weekday=6,
        store="0001",
        customer_group=assortment.FRIENDS,
        promotions=PromotionIndex(rows(mirror, Promotion, setting, "promotion")),
        price_lists=tuple(rows(mirror, PriceList, setting, "price_list")),
        list_prices=lambda article: rows(mirror, ListPrice, LIST_PRICES, article),
    )

    def line(number, quantity):
        article = next(each for each in shop.articles() if each.number == number)
        return Line(
            article=number,
            name=article.name,
            quantity=Decimal(quantity),
            unit=article.unit,
            unit_price_minor=article.price_minor,
            list_price_minor=article.price_minor,
            tax_code=article.tax_code,
            tax_percent=Decimal(19),
            group=article.group,
        )

    basket = reprice(Basket(currency="EUR", lines=(line("0050", 3), line("0047", 1), line("0035", 3))), context)
    assert [each.why for each in basket.lines] == ["Candles: 3 for 2", "10 % off household", "Friends"]
    assert basket.lines[2].unit_price_minor == 599


def test_stock_of_both_stores_is_there_with_its_age(mirror):
    levels = rows(mirror, StockLevel, STOCK_OF, "0064-RED-M")
    assert [level.store for level in levels] == ["0001", "0002"]
    assert all(level.as_of_ms > 0 for level in levels)
