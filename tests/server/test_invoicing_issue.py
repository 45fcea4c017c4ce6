"""Receipts in invoicing: gap-free numbers, whole content, addresses, withdrawal, errors with a retry."""

from decimal import Decimal

import pytest
from msgspec.structs import replace
from pipeline_shop import COFFEE, DAY, KETTLE, Shop

from server.invoicing import lists
from server.invoicing.rules import address_text, receipt_number, series
from server.listing import Filter, ListRequest


@pytest.fixture
def shop(database):
    return Shop(database)


def receipt(shop, number="RE-2026-000001"):
    with shop.database.read() as connection:
        return lists.receipt(connection, number)


def test_a_receipt_shows_customer_addresses_items_taxes_and_withdrawal(shop):
    till = shop.till()
    till.send(till.sale(replace(COFFEE, quantity=Decimal(3)), KETTLE, customer="C1", tenders=("card",)))
    shop.kick()
    found = receipt(shop)
    assert (found.customer_name, found.cashier, found.day, found.till_receipt) == (
        "Sample Customer",
        "Alex Example",
        DAY,
        "0001-t1-1-000001",
    )
    assert found.billing_address == found.delivery_address == "Sample Customer\nSample Street 1\n10115 Berlin"
    assert [(line.name, line.quantity, line.total_minor) for line in found.lines] == [
        ("Coffee", "3", 1497),
        ("Kettle", "1", 2995),
    ]
    assert [(line.withdrawn_from, line.withdrawn_quantity) for line in found.lines] == [
        ("0001 / shop floor", "3"),
        ("0001 / shop floor", "1"),
    ]
    assert sum(tax.gross_minor for tax in found.taxes) == found.total_minor == 4492
    assert sum(tax.net_minor + tax.tax_minor for tax in found.taxes) == found.total_minor


def test_what_comes_back_is_put_there_again_and_free_text_withdraws_nothing(shop):
    till = shop.till()
    till.send(till.sale(replace(KETTLE, quantity=Decimal(-1)), replace(COFFEE, article="", name="Sample text")))
    shop.kick()
    assert [(line.withdrawn_from, line.withdrawn_quantity) for line in receipt(shop).lines] == [
        ("0001 / shop floor", "-1"),
        ("", ""),
    ]
    assert shop.value("SELECT kind FROM orders") == "return"


def test_numbers_run_per_year_of_the_business_day_without_gaps(shop):
    till = shop.till()
    rows = [till.row(till.sale()) for _ in range(5)]
    rows[2] = (*rows[2][:10], "2027-01-01", *rows[2][11:])
    till.deliver(*rows)
    shop.kick()
    assert [number for (number,) in shop.rows("SELECT number FROM receipt ORDER BY number")] == [
        "RE-2026-000001",
        "RE-2026-000002",
        "RE-2026-000003",
        "RE-2026-000004",
        "RE-2027-000001",
    ]


def test_a_customer_who_is_not_known_any_more_does_not_stop_the_receipt(shop):
    till = shop.till()
    till.send(till.sale(customer="gone"))
    shop.kick()
    assert (receipt(shop).customer, receipt(shop).customer_name) == ("gone", "")


def test_a_broken_job_shows_on_its_order_and_a_retry_mends_it(shop):
    from server.pipeline.apply import apply_some

    till = shop.till()
    till.send(till.sale())
    till.send(till.sale())
    apply_some(shop.database, shop.clock)
    with shop.database.write() as connection:
        connection.run("DELETE FROM applied WHERE seq = 1")
    shop.kick()
    assert shop.rows("SELECT oms_status, oms_id FROM orders ORDER BY number") == [
        ("error", ""),
        ("exported", "RE-2026-000001"),
    ]
    assert "is not there" in shop.value("SELECT oms_error FROM orders WHERE oms_status = 'error'")
    with shop.database.write() as connection:
        connection.run("INSERT INTO applied VALUES ('t1-1-1', 't1', 1, 1, 1)")
    shop.kick()
    assert shop.rows("SELECT DISTINCT oms_status, oms_error FROM orders") == [("exported", "")]


def test_the_overview_pages_sums_and_filters_in_two_statements(shop):
    till = shop.till()
    for _ in range(12):
        till.send(till.sale())
    till.send(till.sale(tenders=("account",)))
    shop.kick()
    with shop.database.read() as connection:
        before = shop.database.statements
        page = lists.page(connection, ListRequest(limit=5))
        assert shop.database.statements - before == 2
        assert (len(page.rows), page.count, page.sums) == (
            5,
            13,
            {"EUR": {"total_minor": 13 * 499, "paid_minor": 12 * 499}},
        )
        unpaid = lists.page(connection, ListRequest(filters=(Filter(column="paid", value="no"),)))
        assert [row["number"] for row in unpaid.rows] == ["RE-2026-000013"]
        assert lists.receipt(connection, "RE-2026-999999") is None


def test_an_address_leaves_out_what_is_not_known():
    assert address_text(("Name", "", "", "10115", "Berlin", "")) == "Name\n10115 Berlin"
    assert address_text(("", "Sample Ltd", "Road 1", "", "", "NL")) == "Sample Ltd\nRoad 1\nNL"


def test_numbers_and_their_series():
    assert (series("2026-03-02"), receipt_number("2026-03-02", 7)) == ("receipt:2026", "RE-2026-000007")
