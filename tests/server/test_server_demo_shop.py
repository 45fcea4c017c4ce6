"""The sample shop hangs together and belongs to nobody."""

from schema.barcode import has_check_digit
from schema.catalogue import Unit
from server.catalogue.countries import rates_of
from server.demo import shop


def test_barcodes_are_valid_unique_and_of_the_free_range():
    codes = [code for article in shop.articles() for code in article.barcodes]
    assert len(set(codes)) == len(codes) == len(shop.articles())
    for code in codes:
        assert code.startswith("0040")
        assert has_check_digit(code)


def test_articles_can_be_sold():
    codes = {rate.code for rate in rates_of("DE")}
    for article in shop.articles():
        assert article.tax_code in codes
        assert article.unit in Unit.__args__
        assert article.price_minor > 0
        assert len(article.short_name or article.name) <= 24
    assert len({article.number for article in shop.articles()}) >= 60


def test_quick_keys_and_orders_name_articles_that_exist():
    numbers = {article.number for article in shop.articles()}
    keys = [key.article for page in shop.quick_key_pages() for key in page.keys]
    ordered = [article for _, _, lines in shop.ORDERS for article, _ in lines]
    assert set(keys) <= numbers
    assert set(ordered) <= numbers
    assert {customer for customer, _, _ in shop.ORDERS} <= {customer.number for customer in shop.CUSTOMERS}
    assert [page.position for page in shop.quick_key_pages()] == list(range(1, len(shop.quick_key_pages()) + 1))
