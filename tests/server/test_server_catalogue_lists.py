"""What people find of articles and customers: by number, by any spelling of a barcode, by part of a name."""

import pytest
from pipeline_shop import Shop

from schema.barcode import lookup_key
from schema.catalogue import Article
from server.catalogue.articles import put_articles
from server.catalogue.lists import (
    articles,
    articles_named,
    customer_name,
    customers_named,
    find_article,
    list_price,
)
from server.listing import ListRequest


@pytest.fixture
def shop(database):
    shop = Shop(database)
    code = lookup_key("2000000000015")
    with database.write() as connection:
        put_articles(
            connection,
            [
                Article(number="A1", name="100% Wool_sock", price_minor=500, tax_code="standard", barcodes=(code,)),
                Article(number="A2", name="Woollen hat", price_minor=900, tax_code="standard", blocked=True),
                Article(number="A3", name="Cotton sock, wool free", price_minor=700, tax_code="standard"),
            ],
            1,
        )
    return shop


def test_an_article_is_found_by_number_and_barcode_and_by_nothing_misread(shop):
    with shop.database.read() as connection:
        assert find_article(connection, " A1 ").name == "100% Wool_sock"
        assert find_article(connection, "2000000000015").number == "A1"
        assert find_article(connection, "02000000000015").number == "A1"
        assert find_article(connection, "4006381333932") is None
        assert find_article(connection, "") is None
        assert articles(connection, ListRequest(search="2000000000015")).count == 1


def test_names_are_searched_by_all_words_and_what_begins_with_them_comes_first(shop):
    with shop.database.read() as connection:
        assert [one.number for one in articles_named(connection, "sock wool", 9)] == ["A1", "A3"]
        assert [one.number for one in articles_named(connection, "cotton", 9)] == ["A3"]
        assert articles_named(connection, "hat", 9) == []


@pytest.mark.parametrize(
    ("text", "count"), [("100%", 1), ("%", 1), ("_", 1), ("!", 0), ("'; DROP TABLE article; --", 0)]
)
def test_what_is_typed_is_searched_literally(shop, text, count):
    """Fault 57."""
    with shop.database.read() as connection:
        assert articles(connection, ListRequest(search=text)).count == count
        assert len(articles_named(connection, text, 9)) == count


def test_customers_and_list_prices(shop):
    with shop.database.read() as connection:
        assert [row["number"] for row in customers_named(connection, "sample cust", 9)] == ["C1"]
        assert customer_name(connection, "C1") == "Sample Customer" and customer_name(connection, "C9") == ""
        assert list_price(connection, "A1", "0001", includes_tax=True) == 500
        assert list_price(connection, "A1", "0001", includes_tax=False) == 420
        assert list_price(connection, "A9", "0001", includes_tax=True) is None
