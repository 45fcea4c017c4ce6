"""The sample shop hangs together and belongs to nobody."""

from schema.barcode import check_digit, has_check_digit, measure_check_digit
from schema.pricing import check_price_list, check_promotion
from schema.scan import GERMAN_PATTERNS, CodePatterns, read_code
from server.catalogue.countries import rates_of
from server.catalogue.rules import check_article
from server.demo import assortment, shop


def test_barcodes_are_valid_unique_and_of_the_free_range():
    codes = [code for article in shop.articles() for code in article.barcodes]
    assert len(set(codes)) == len(codes)
    for code in codes:
        assert code.startswith(("0040", "022"))
        assert has_check_digit(code)
    for index, article in enumerate(shop.articles()[:61], start=1):
        assert article.barcodes[0] == f"0{shop.barcode(index)}"


def test_articles_pass_what_head_office_checks():
    codes = {rate.code for rate in rates_of("DE")}
    for article in shop.articles():
        assert check_article(article, codes) == article
        assert len(article.short_name or article.name) <= 32
        assert (article.price_minor > 0) != article.is_voucher
    assert len({article.number for article in shop.articles()}) == len(shop.articles()) >= 60


def test_every_kind_of_article_is_there_and_what_it_names_exists():
    by_number = {article.number: article for article in shop.articles()}
    for article in by_number.values():
        for number in (article.bottle_deposit, article.variant_of, *article.suggests):
            assert not number or number in by_number
    assert {article.age_min for article in by_number.values()} == {0, 16, 18}
    variants = [article for article in by_number.values() if article.variant_of]
    assert len({(article.colour, article.size) for article in variants}) == len(variants) == 12
    assert by_number[variants[0].variant_of].is_matrix
    assert any(article.options for article in by_number.values())


def test_a_scales_code_finds_its_article():
    cheese = next(article for article in shop.articles() if article.name == "Mountain cheese")
    payload = f"220022{measure_check_digit('01234')}01234"
    read = read_code(payload + str(check_digit(payload)), CodePatterns(embedded=GERMAN_PATTERNS))
    assert read.price_minor == 1234
    assert read.key in cheese.barcodes


def test_prices_by_rules_name_what_exists():
    articles = shop.articles()
    numbers, groups = {article.number for article in articles}, {article.group for article in articles}
    for promotion in assortment.PROMOTIONS:
        check_promotion(promotion)
        assert set(promotion.articles) <= numbers
        assert set(promotion.groups) <= groups
    names = {check_price_list(each).name for each in assortment.PRICE_LISTS}
    assert {price.price_list for price in assortment.LIST_PRICES} == names
    assert {price.article for price in assortment.LIST_PRICES} <= numbers
    assert assortment.FRIENDS in {customer.group for customer in shop.CUSTOMERS}


def test_quick_keys_and_orders_name_articles_that_exist():
    numbers = {article.number for article in shop.articles()}
    keys = [key.article for page in shop.quick_key_pages() for key in page.keys]
    ordered = [article for _, _, lines in shop.ORDERS for article, _ in lines]
    assert set(keys) <= numbers
    assert set(ordered) <= numbers
    assert {customer for customer, _, _ in shop.ORDERS} <= {customer.number for customer in shop.CUSTOMERS}
    assert [page.position for page in shop.quick_key_pages()] == list(range(1, len(shop.quick_key_pages()) + 1))
