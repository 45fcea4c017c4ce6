"""Price lists and promotions reach every till, and what is ended leaves them."""

from decimal import Decimal

import msgspec
import pytest

from schema.catalogue import Article, key_of
from schema.errors import Refused
from schema.pricing import ListPrice, PriceList, Promotion
from server.catalogue import feed
from server.catalogue.articles import put_articles
from server.catalogue.prices import (
    drop_list_price,
    drop_price_list,
    end_promotion,
    get_price_list,
    get_promotion,
    has_ended,
    priced_articles,
    prices_of_article,
    put_list_prices,
    put_price_list,
    put_promotion,
    running_promotions,
)

FRIENDS = PriceList(name="Friends", currency="EUR", group="friends", valid_from="2026-01-01")
PRICES = (
    ListPrice(price_list="Friends", article="A1", price_minor=90),
    ListPrice(price_list="Friends", article="A1", price_minor=80, min_quantity=Decimal(10)),
    ListPrice(price_list="Friends", article="A2", price_minor=150, min_quantity=Decimal("2.5")),
)
HALF = Promotion(code="HALF", name="Half price", kind="percent", percent=Decimal(50), groups=("Drinks",))


@pytest.fixture
def shop(database):
    with database.write() as connection:
        made = [Article(number=f"A{index}", name=f"Käse {index}", price_minor=100, tax_code="x") for index in (1, 2)]
        put_articles(connection, made, 1)
        put_price_list(connection, FRIENDS, 1)
        put_list_prices(connection, PRICES)
        put_promotion(connection, HALF, 1)
    return database


def fed(connection, kind):
    part = feed.read_slice(connection, "0001", 0, 1000)
    return {change.key: change.deleted for change in part.changes if change.kind == kind}


def test_what_is_put_is_read_back_and_fed(shop):
    with shop.read() as connection:
        assert get_price_list(connection, "Friends") == FRIENDS
        assert prices_of_article(connection, "A1") == PRICES[:2]
        assert [each.price for each in priced_articles(connection, "Friends")] == list(PRICES)
        assert [each.price for each in priced_articles(connection, "Friends", "Käse 2")] == [PRICES[2]]
        assert running_promotions(connection) == (HALF,)
        assert fed(connection, "list_price") == {key_of(price): False for price in PRICES}
        assert fed(connection, "price_list") == {"Friends": False}
        assert fed(connection, "promotion") == {"HALF": False}


def test_the_same_again_gets_no_new_revision(shop):
    with shop.write() as connection:
        before = feed.last_revision(connection)
        assert not put_price_list(connection, FRIENDS, 2)
        assert put_list_prices(connection, PRICES) == 0
        assert not put_promotion(connection, HALF, 2)
        assert feed.last_revision(connection) == before


def test_a_price_list_takes_its_prices_along(shop):
    with shop.write() as connection:
        assert drop_price_list(connection, "Friends") == 3
    with shop.read() as connection:
        assert get_price_list(connection, "Friends") is None
        assert fed(connection, "price_list") == {"Friends": True}
        assert set(fed(connection, "list_price").values()) == {True}
        with pytest.raises(Refused):
            drop_price_list(connection, "Friends")


def test_one_price_is_taken_away_by_its_own_quantity(shop):
    with shop.write() as connection:
        drop_list_price(connection, msgspec.structs.replace(PRICES[1], min_quantity=Decimal("10.0")))
    with shop.read() as connection:
        assert prices_of_article(connection, "A1") == PRICES[:1]
        assert fed(connection, "list_price")[key_of(PRICES[1])]


def test_an_ended_promotion_stays_at_the_office_only_and_may_begin_again(shop):
    with shop.write() as connection:
        end_promotion(connection, "HALF", 5)
    with shop.read() as connection:
        assert get_promotion(connection, "HALF") == HALF
        assert has_ended(connection, "HALF")
        assert running_promotions(connection) == ()
        assert fed(connection, "promotion") == {"HALF": True}
    with shop.write() as connection:
        put_promotion(connection, HALF, 6)
        assert running_promotions(connection) == (HALF,)
        assert not has_ended(connection, "HALF")


@pytest.mark.parametrize(
    "bad",
    [
        PriceList(name=" ", currency="EUR"),
        PriceList(name="n" * 81, currency="EUR"),
        PriceList(name="Old", currency="EUR", valid_from="2026-02-01", valid_to="2026-01-01"),
        Promotion(code="X", name="X", kind="x_for_y", x=2, y=2),
    ],
)
def test_what_the_engine_could_not_work_with_never_leaves_head_office(shop, bad):
    with pytest.raises(Refused) as caught, shop.write() as connection:
        (put_price_list if isinstance(bad, PriceList) else put_promotion)(connection, bad, 1)
    assert caught.value.code == "bad_promotion"
