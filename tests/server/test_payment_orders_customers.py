"""Customers written down at a till: known everywhere, never merged by a program, a clash is a matter."""

import pytest
from msgspec.structs import replace
from pipeline_shop import KETTLE, Shop, fed, matters

from schema.events import CustomerAdded
from schema.parties import Customer
from server.reports.rebuild import check

NEW = CustomerAdded(number="0001-1-C-1A", cashier="7", name="Sample Newcomer", city="Berlin", phone="030 1")


@pytest.fixture
def shop(database):
    return Shop(database)


def at_tills(shop, number=NEW.number):
    return fed(shop, "customer", number, Customer)


def test_a_new_customer_is_known_to_every_till_and_on_receipts(shop):
    till = shop.till()
    till.deliver(till.row(NEW), till.row(till.sale(customer=NEW.number)))
    shop.kick()
    assert (at_tills(shop).name, at_tills(shop).city) == ("Sample Newcomer", "Berlin")
    assert shop.value("SELECT customer_name FROM receipt") == "Sample Newcomer"
    assert shop.value("SELECT customer_name FROM orders") == "Sample Newcomer"
    assert check(shop.database, shop.clock).differences == ()


def test_what_a_customer_owed_before_head_office_knew_them_is_fed_with_them(shop):
    """Another till may sell to them on account, and send first."""
    till, other = shop.till(), shop.till("t2")
    other.send(other.sale(KETTLE, tenders=("account",), customer=NEW.number))
    shop.kick()
    till.send(NEW)
    shop.kick()
    assert [item.open_minor for item in at_tills(shop).open_items] == [2995]


@pytest.mark.parametrize("is_office", [True, False])
def test_a_number_that_is_taken_is_a_matter_and_nobody_is_changed(shop, is_office):
    taken = NEW if not is_office else replace(NEW, number="C1")
    till, clone = shop.till(), shop.till("t2")
    till.send(taken)
    shop.kick()
    clone.send(replace(taken, name="Somebody Else"))
    shop.kick()
    assert matters(shop) == [("customer number clash", taken.number, 0)]
    assert at_tills(shop, taken.number).name == ("Sample Customer" if is_office else "Sample Newcomer")
    assert "Somebody Else" in shop.value("SELECT detail FROM worklist") or is_office
    assert check(shop.database, shop.clock).differences == ()


def test_a_customer_that_the_office_corrected_since_rebuilds(shop):
    from server.catalogue.people import put_customers

    till = shop.till()
    till.send(NEW)
    shop.kick()
    with shop.database.write() as connection:
        put_customers(connection, [Customer(number=NEW.number, name="Corrected")], 1)
    assert check(shop.database, shop.clock).differences == ()
