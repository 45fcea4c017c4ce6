"""Pickups: a till's payment of a head-office order, in every outcome of the protocol's table (§5)."""

from decimal import Decimal

import pytest
from msgspec.structs import replace
from pipeline_shop import KETTLE, Shop, ledger, order_ref, table

from schema.basket import OrderRef
from server.listing import Filter, ListRequest
from server.orders import lists
from server.orders.settle import settle
from server.orders.tables import hold

TWO = replace(KETTLE, quantity=Decimal(2))
THREE = replace(KETTLE, quantity=Decimal(3))


@pytest.fixture
def shop(database):
    return Shop(database)


def matters(shop):
    return shop.rows("SELECT kind, subject, amount_minor FROM worklist WHERE done_ms IS NULL ORDER BY kind, subject")


def state(shop, order_id):
    return shop.rows("SELECT status, import_status, oms_status, oms_id FROM orders WHERE id = ?", order_id)[0]


def fed(shop, order_id):
    return shop.rows("SELECT deleted FROM feed WHERE kind = 'order' AND key = ?", order_id)


def test_a_pickup_completes_its_order_and_leaves_the_tills(shop):
    order_id = shop.order(quantity=2)
    till = shop.till()
    till.send(till.sale(TWO, order=order_ref(shop, order_id), tenders=("cash", "card"), customer="C1"))
    shop.kick()
    assert state(shop, order_id) == ("completed", "order complete", "exported", "RE-2026-000001")
    assert fed(shop, order_id) == [(1,)]
    assert matters(shop) == []
    assert shop.rows("SELECT order_id, billing_address FROM receipt") == [
        (order_id, "Sample Customer\nSample Street 1\n10115 Berlin")
    ]
    with shop.database.read() as connection:
        assert lists.order(connection, order_id).balance.status == "paid"


def test_cash_rounding_does_not_leave_an_order_part_paid(shop):
    order_id = shop.order(quantity=2)
    till = shop.till()
    till.send(till.sale(TWO, order=order_ref(shop, order_id), rounding=-2))
    shop.kick()
    assert state(shop, order_id)[0] == "completed"
    assert matters(shop) == []


def test_two_tills_pay_the_same_order(shop):
    """Fault 44: both receipts stand, both drawers are right, the surplus is one open item, the goods are missing."""
    order_id = shop.order(quantity=2)
    ref = order_ref(shop, order_id)
    for name in ("t1", "t2"):
        till = shop.till(name)
        till.send(till.sale(TWO, order=ref))
    shop.kick()
    assert matters(shop) == [("overpaid", "SO-0001-000001", 5990), ("pickup conflict", "SO-0001-000001", 5990)]
    assert shop.rows("SELECT till_id, cash_minor FROM drawer ORDER BY till_id") == [("t1", 5990), ("t2", 5990)]
    assert state(shop, order_id)[3] == "RE-2026-000001, RE-2026-000002"


def test_an_order_that_was_cancelled_while_the_till_was_offline(shop):
    """Fault 45: the money is not lost, the order stays cancelled, a person decides."""
    order_id = shop.order(quantity=2)
    ref = order_ref(shop, order_id)
    shop.cancel_order(order_id)
    till = shop.till()
    till.send(till.sale(TWO, order=ref))
    shop.kick()
    assert state(shop, order_id)[:2] == ("fully_cancelled", "canceled")
    assert matters(shop) == [("paid after cancel", "SO-0001-000001", 5990)]


@pytest.mark.parametrize(
    ("quantity", "status", "expected"),
    [
        (3, "confirmed", [("price difference", "SO-0001-000001", 2995)]),
        (1, "completed", [("overpaid", "SO-0001-000001", 2995), ("price difference", "SO-0001-000001", -2995)]),
    ],
)
def test_an_order_that_was_changed_after_the_till_saw_it(shop, quantity, status, expected):
    """Fault 45: the difference is an open item; an order that is not covered stays open for the rest."""
    order_id = shop.order(quantity=2)
    ref = order_ref(shop, order_id)
    shop.change_order(order_id, quantity=quantity, version=1)
    till = shop.till()
    till.send(till.sale(TWO, order=ref))
    shop.kick()
    assert state(shop, order_id)[0] == status
    assert matters(shop) == expected


def test_the_rest_of_a_part_paid_order_closes_its_difference(shop):
    order_id = shop.order(quantity=2)
    ref = order_ref(shop, order_id)
    shop.change_order(order_id, quantity=3, version=1)
    till = shop.till()
    till.send(till.sale(TWO, order=ref))
    shop.kick()
    assert fed(shop, order_id) == [(0,)]
    till.send(till.sale(THREE, order=order_ref(shop, order_id, paid=5990)))
    shop.kick()
    assert state(shop, order_id)[0] == "completed"
    assert matters(shop) == []
    assert shop.value("SELECT count(*) FROM worklist WHERE done_ms IS NOT NULL") == 1


@pytest.mark.parametrize("store", ["0001", "0002"])
def test_an_unknown_order_or_one_of_another_store_stands_on_suspense(shop, store):
    """Protocol §5: the amount is on the suspense account, the sale is not lost, a person allocates it."""
    elsewhere = shop.order(store="0002", quantity=2)
    till = shop.till(store="0001")
    known = order_ref(shop, elsewhere)
    ref = known if store == "0002" else OrderRef(order_id="nowhere", number="SO-0001-000777", version=1)
    till.send(till.sale(TWO, order=ref))
    shop.kick()
    assert matters(shop) == [("unallocated", ref.number, 5990)]
    assert state(shop, elsewhere)[0] == "confirmed"
    assert ledger(shop) == table("""
        receipt     1410  5990     -  .
        receipt     1792     -  5990  .
        order-cash  1000  5990     -  cash
        order-cash  1410     -  5990  .
    """)
    assert shop.value("SELECT kind FROM orders WHERE origin = 'till'") == "unallocated"


def test_a_matter_that_a_person_closed_stays_closed_until_its_figures_change(shop):
    order_id = shop.order(quantity=2)
    ref = order_ref(shop, order_id)
    shop.cancel_order(order_id)
    till = shop.till()
    till.send(till.sale(TWO, order=ref))
    shop.kick()
    with shop.database.write() as connection:
        connection.run("UPDATE worklist SET done_ms = 1")
        settle(connection, hold(connection, [order_id]).values(), 2)
    assert matters(shop) == []
    till.send(till.sale(TWO, order=ref))
    shop.kick()
    assert matters(shop) == [("paid after cancel", "SO-0001-000001", 11980)]


def test_the_list_shows_statuses_payment_and_costs_two_statements(shop):
    order_id = shop.order(quantity=2)
    till = shop.till()
    till.send(till.sale(TWO, order=order_ref(shop, order_id)))
    for _ in range(30):
        till.send(till.sale())
    shop.kick()
    shop.order()
    with shop.database.read() as connection:
        before = shop.database.statements
        page = lists.page(connection, ListRequest(limit=10, sort="number"))
        assert shop.database.statements - before == 2
        assert (len(page.rows), page.count, page.sums["EUR"]["paid_minor"]) == (10, 32, 5990 + 30 * 499)
        open_now = lists.page(connection, ListRequest(filters=(Filter(column="payment", value="unpaid"),)))
        assert [(row["oms_status"], row["waits_since_ms"]) for row in open_now.rows] == [("not exported", None)]
        assert lists.page(connection, ListRequest(search="re-2026-000001")).rows[0]["id"] == order_id


def test_an_export_that_waits_for_more_than_half_an_hour_shows(shop):
    from server.pipeline.apply import apply_some

    till = shop.till()
    till.send(till.sale())
    apply_some(shop.database, shop.clock)
    with shop.database.read() as connection:
        [row] = lists.page(connection, ListRequest()).rows
    assert (row["oms_status"], row["waits_since_ms"]) == ("not exported", shop.clock.now)
    assert not lists.waits_long(row["waits_since_ms"], shop.clock.now + lists.PENDING_LONG_MS)
    assert lists.waits_long(row["waits_since_ms"], shop.clock.now + lists.PENDING_LONG_MS + 1)
    assert not lists.waits_long(None, 10**15)
