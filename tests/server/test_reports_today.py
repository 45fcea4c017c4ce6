"""The first page's figures, in a fixed number of statements."""

from datetime import date, timedelta

import pytest
from msgspec.structs import replace
from pipeline_shop import DAY, KETTLE, START_MS, Shop, made_ref, order_ref, special

from server.reports.today import today

TODAY = date.fromisoformat(DAY)


@pytest.fixture
def shop(database):
    return Shop(database)


def read(shop, day=TODAY):
    with shop.database.read() as connection:
        return today(connection, day, shop.clock.now_ms())


def test_sales_by_store_and_the_shops_own_hour_against_last_week(shop):
    till, other = shop.till(), shop.till("t2", "0002")
    for _ in range(3):
        till.send(till.sale())
    other.send(other.sale(KETTLE))
    shop.kick()
    found = read(shop)
    assert [(row.store, row.hour, row.receipts, row.total_minor) for row in found.sales] == [
        ("0001", 9, 3, 1497),
        ("0002", 9, 1, 2995),
    ]
    assert found.sales_before == ()
    next_week = read(shop, TODAY + timedelta(days=7))
    assert (next_week.sales, len(next_week.sales_before), next_week.compared_day) == ((), 2, DAY)


def test_money_that_passes_through_is_no_sale(shop):
    """A tip is the staff's, a voucher is sold when it is used, an open item was; a void takes its sale back."""
    till = shop.till()
    voucher, item = special("voucher", 5000, reference="V1"), special("open_item", 700, reference="R1")
    sale = till.sale(KETTLE, special("tip", 300))
    for body in (sale, till.sale(voucher), till.sale(item), till.sale(KETTLE), till.void(sale)):
        till.send(body)
    shop.kick()
    assert [(row.receipts, row.total_minor) for row in read(shop).sales] == [(5, 2995)]


def test_goods_paid_in_advance_are_sold_when_they_leave(shop):
    till = shop.till()
    made = till.made(KETTLE)
    taken = till.sale(special("prepayment", 1000, tax=("standard", 19)), order=made_ref(made))
    back = special("prepayment", 1000, reference=taken.receipt, quantity=-1, tax=("standard", 19))
    till.deliver(till.row(made), till.row(taken))
    shop.kick()
    assert [row.total_minor for row in read(shop).sales] == [0]
    till.send(till.sale(replace(KETTLE, order_line=1), back, order=made_ref(made)))
    shop.kick()
    assert [(row.receipts, row.total_minor) for row in read(shop).sales] == [(2, 2995)]


def test_what_waits_is_counted(shop):
    till = shop.till()
    open_order = shop.order()
    cancelled = shop.order(quantity=1)
    ref = order_ref(shop, cancelled)
    shop.cancel_order(cancelled)
    till.send(till.sale(KETTLE, order=ref))
    till.send(till.sale(), version=2)
    shop.kick()
    found = read(shop)
    assert [(row.store, row.open) for row in found.pickups] == [("0001", 1)]
    assert [(row.kind, row.count, row.amount_minor) for row in found.worklist] == [("paid after cancel", 1, 2995)]
    assert (found.parked, found.failed_jobs, found.frozen_streams, open_order != cancelled) == (1, 0, 0, True)


def test_tills_with_contact_unsent_events_and_drawer(shop):
    till = shop.till()
    shop.till("t2")
    till.send(till.opened(difference=20000))
    till.send(till.sale())
    shop.kick()
    till.send(till.sale())
    with shop.database.write() as connection:
        connection.run("UPDATE stream SET head_seq = 9 WHERE till_id = 't1'")
        connection.run("UPDATE till SET last_contact_ms = 77 WHERE id = 't1'")
    one, two = read(shop).tills
    assert (one.till_id, one.last_contact_ms, one.unsent, one.oldest_waiting_ms) == ("t1", 77, 6, START_MS)
    assert one.drawer == {"EUR": 20499}
    assert (two.unsent, two.oldest_waiting_ms, two.drawer, two.last_contact_ms) == (0, None, {}, None)


def test_the_number_of_statements_does_not_grow_with_tills(shop):
    counts = []
    for number in range(1, 12, 5):
        for extra in range(number):
            till = shop.till(f"t{number}-{extra}")
            till.send(till.sale())
        shop.kick()
        with shop.database.read() as connection:
            before = shop.database.statements
            today(connection, TODAY, 1)
            counts.append(shop.database.statements - before)
    assert len(set(counts)) == 1
