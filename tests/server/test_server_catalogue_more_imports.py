"""Prices, stock and articles in full from files: good rows land, bad ones are named, twice changes nothing."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from schema.catalogue import Article, Choice, Option, StoreSettings
from schema.clock import SystemClock
from schema.errors import Refused
from schema.parties import Customer
from schema.pricing import ListPrice, PriceList
from server.catalogue import feed
from server.catalogue.articles import get_article, put_articles, variants
from server.catalogue.countries import rates_of
from server.catalogue.csv_file import report_text
from server.catalogue.import_articles import import_file
from server.catalogue.import_prices import import_prices
from server.catalogue.import_stock import import_stock
from server.catalogue.options import options_text, parse_options
from server.catalogue.prices import get_price_list, prices_of_article, put_price_list
from server.catalogue.rules import check_article, check_customer
from server.catalogue.store_rows import put_store, put_tax_rates
from server.stock.tables import level

ALE = Article(number="A1", name="Ale", price_minor=219, tax_code="standard", barcodes=("00400000000015",))


@pytest.fixture
def shop(database):
    with database.write() as connection:
        put_tax_rates(connection, rates_of("DE"))
        put_store(connection, StoreSettings(store="0001", name="Sample Shop"))
        put_articles(connection, [ALE, replace(ALE, number="A2", barcodes=())], 1)
    return database


def run(importer, database, path, text, **options):
    path.write_text(text, encoding="utf-8")
    return importer(database, SystemClock(), path, **options)


def test_prices_make_their_list_and_a_second_run_changes_nothing(shop, tmp_path):
    text = "price_list;article;price;min_quantity;group\nFriends;A1;1,99;;friends\nFriends;A1;1,79;6;friends\n"
    first = run(import_prices, shop, tmp_path / "p.csv", text)
    again = run(import_prices, shop, tmp_path / "p.csv", text)
    assert (first.changed, first.bad, again.changed, again.unchanged) == (2, 0, 0, 2)
    with shop.read() as connection:
        assert get_price_list(connection, "Friends") == PriceList(name="Friends", currency="EUR", group="friends")
        assert prices_of_article(connection, "A1") == (
            ListPrice(price_list="Friends", article="A1", price_minor=199),
            ListPrice(price_list="Friends", article="A1", price_minor=179, min_quantity=Decimal(6)),
        )


def test_a_list_that_is_there_keeps_what_the_office_says_of_it(shop, tmp_path):
    standing = PriceList(name="Friends", currency="EUR", group="friends", valid_to="2026-12-31")
    with shop.write() as connection:
        put_price_list(connection, standing, 1)
    run(import_prices, shop, tmp_path / "p.csv", "price_list,article,price,group\nFriends,A1,1.99,others\n")
    with shop.read() as connection:
        assert get_price_list(connection, "Friends") == standing


def test_bad_prices_are_named(shop, tmp_path):
    text = (
        "price_list,article,price,min_quantity,valid_from\n"
        ",A1,1.00,,\n"
        "F,A9,1.00,,\n"
        "F,A1,-1.00,,\n"
        "F,A1,x,,\n"
        "F,A1,1.00,0,\n"
        "F,A1,1.00,-2,\n"
        "F,A1,1.00,,tomorrow\n"
        "F,A1,1.00,1.0,\n"
        "F,A1,2.00,1,\n"
    )
    told = report_text(run(import_prices, shop, tmp_path / "p.csv", text))
    for line, reason in enumerate(("price_list", "A9", "negative", "“x”", "0", "more than zero", "tomorrow"), start=2):
        assert any(row.startswith(f"line {line} ") and reason in row for row in told.splitlines()), (line, reason, told)
    assert "stands in line 9 already" in told


def test_stock_is_what_was_counted(shop, tmp_path):
    text = "store,article,quantity\n0001,A1,12\n0001,A2,-0.5\n"
    assert run(import_stock, shop, tmp_path / "s.csv", text).changed == 2
    with shop.read() as connection:
        before = level(connection, "0001", "A1")
        assert before.quantity == 12
        assert level(connection, "0001", "A2").quantity == Decimal("-0.5")
    again = run(import_stock, shop, tmp_path / "s.csv", text)
    assert (again.changed, again.unchanged) == (0, 2)
    with shop.read() as connection:
        assert level(connection, "0001", "A1") == before


def test_bad_stock_is_named(shop, tmp_path):
    rows = "0009,A1,1\n0001,A9,1\n0001,A1,many\n0001,A1,0.0001\n0001,A1,NaN\n0001,A2,99999999999999\n"
    report = run(import_stock, shop, tmp_path / "s.csv", "store,article,quantity\n" + rows)
    assert (report.rows, report.bad) == (6, 6)


FULL = (
    "number;name;price;tax_code;age_min;bottle_deposit;options;suggests;variant_of;colour;size;matrix;voucher\n"
    "A1;Ale;2,19;standard;16;A2;;A2 A3;;;;;\n"
    'A3;Coffee;2,60;standard;;;"Size 1-1: small, large +0.80 | Milk: oat +0.50";;;;;;\n'
    "A4;Shirt;19,99;standard;;;;;;;;yes;\n"
    "A5;Shirt red;19,99;standard;;;;;A4;red;M;;\n"
    "A6;Voucher;0;none;;;;;;;;;yes\n"
)


def test_articles_come_with_everything_they_have(shop, tmp_path):
    report = run(import_file, shop, tmp_path / "a.csv", FULL)
    assert (report.changed, report.bad) == (5, 0)
    with shop.read() as connection:
        ale = get_article(connection, "A1")
        assert (ale.age_min, ale.bottle_deposit, ale.suggests) == (16, "A2", ("A2", "A3"))
        assert ale.barcodes == ALE.barcodes
        assert get_article(connection, "A3").options == (
            Option(name="Size", least=1, choices=(Choice(name="small"), Choice(name="large", price_minor=80))),
            Option(name="Milk", choices=(Choice(name="oat", price_minor=50),)),
        )
        assert get_article(connection, "A4").is_matrix
        assert [each.number for each in variants(connection, "A4")] == ["A5"]
        assert variants(connection, "") == []
        assert get_article(connection, "A6").is_voucher
    again = run(import_file, shop, tmp_path / "a.csv", FULL)
    assert (again.changed, again.unchanged) == (0, 5)


def test_a_file_without_a_column_leaves_that_as_it_was(shop, tmp_path):
    run(import_file, shop, tmp_path / "a.csv", FULL)
    run(import_file, shop, tmp_path / "b.csv", "number,name,price,tax_code\nA1,Ale renamed,2.29,standard\n")
    with shop.read() as connection:
        ale = get_article(connection, "A1")
        assert (ale.name, ale.price_minor, ale.age_min, ale.barcodes) == ("Ale renamed", 229, 16, ALE.barcodes)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"age_min": 120}, "bad_age"),
        ({"age_min": -1}, "bad_age"),
        ({"variant_of": "A1"}, "bad_relation"),
        ({"bottle_deposit": "A1"}, "bad_relation"),
        ({"is_matrix": True, "variant_of": "A9"}, "bad_relation"),
        ({"suggests": tuple(f"S{index}" for index in range(20))}, "bad_relation"),
        ({"tax_code": "none"}, "unknown_tax"),
        ({"unit": "bushel"}, "unknown_unit"),
        ({"price_minor": -1}, "bad_amount"),
        ({"options": (Option(name="Milk", choices=()),)}, "bad_option"),
        ({"options": (Option(name="Milk", choices=(Choice(name="oat"),), least=2, most=2),)}, "bad_option"),
        ({"options": (Option(name="Milk", choices=(Choice(name="oat", price_minor=10**12),)),)}, "bad_amount"),
        ({"barcodes": ("4006381333932",)}, "wrong_check_digit"),
        ({"colour": "c" * 41}, "too_long"),
        ({"name": "\x1b\x00"}, "missing"),
    ],
)
def test_an_article_that_makes_no_sense_is_refused(change, code):
    with pytest.raises(Refused) as caught:
        check_article(replace(ALE, **change), {"standard"})
    assert caught.value.code == code


@pytest.mark.parametrize(
    "change", [{"name": "", "company": " "}, {"email": "x"}, {"credit_limit_minor": -1}, {"payment_days": 999}]
)
def test_a_customer_that_makes_no_sense_is_refused(change):
    with pytest.raises(Refused):
        check_customer(replace(Customer(number="C1", name="Kim"), **change))


@pytest.mark.parametrize("text", ["Milk", "Milk 0-1:", "Milk: oat,,soy", ": oat", "Milk: +0.50", "Milk: oat +0.505"])
def test_options_that_cannot_be_read_are_named(text):
    with pytest.raises(Refused) as caught:
        parse_options(text, "EUR")
    assert caught.value.code == "bad_option"


def test_options_are_written_as_they_are_read():
    text = "Milk 0-1: whole, oat +0.50, less -0.20\nSize 1-1: small, large +1.00"
    assert options_text(parse_options(text, "EUR"), "EUR") == text
    assert parse_options(" \n | ", "EUR") == ()


def test_nothing_reaches_the_feed_in_a_dry_run(shop, tmp_path):
    with shop.read() as connection:
        before = feed.last_revision(connection)
    prices = "price_list,article,price\nF,A1,1.00\n"
    assert run(import_prices, shop, tmp_path / "p.csv", prices, dry_run=True).rows == 1
    assert run(import_file, shop, tmp_path / "a.csv", FULL, dry_run=True).rows == 5
    with shop.read() as connection:
        assert feed.last_revision(connection) == before
