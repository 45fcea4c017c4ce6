"""A merge: what is open is the one's who stays, in whatever order tills tell; what is over says what it said."""

import threading
from datetime import date
from decimal import Decimal

import pytest
from msgspec.structs import replace
from pipeline_shop import KETTLE, Shop, back, fed, made_ref, matters, order_ref, special

from schema.catalogue import PastReceipt
from schema.errors import Refused
from schema.events import CustomerAdded
from schema.orders import OpenOrder
from schema.parties import Customer
from server.catalogue.people import get_customer, put_customers
from server.invoicing.past import past_receipt
from server.orders.place import change, place
from server.orders.rules import LineWish, OrderWish
from server.parties.merging import merge
from server.reports.rebuild import check

STAYS = Customer(number="C1", name="Sample Customer", credit_limit_minor=20_000)
GOES = Customer(number="C2", name="sample customer", company="Sample Ltd", phone="0123", credit_limit_minor=20_000)


@pytest.fixture
def shop(database):
    return ready(Shop(database))


def ready(shop):
    with shop.database.write() as connection:
        put_customers(connection, [STAYS, GOES], 1)
    return shop


def merged(shop, stays="C1", goes="C2"):
    with shop.database.write() as connection:
        merge(connection, stays, goes, by="sample", now_ms=5)


def wish(customer="C2", **more):
    return OrderWish(
        store="0001",
        customer=customer,
        ordered_day=date(2026, 3, 1),
        lines=(LineWish(article="200", quantity=Decimal(1)),),
        **more,
    )


def placed(shop, *, confirmed=True, **more):
    with shop.database.write() as connection:
        return place(connection, wish(**more), shop.clock, confirmed=confirmed)


def order(shop, order_id):
    return shop.rows("SELECT customer, customer_name, company, version, status FROM orders WHERE id = ?", order_id)[0]


def at_till(shop, order_id):
    return fed(shop, "order", order_id, OpenOrder, store="0001")


def owed(shop, number="C1"):
    known = fed(shop, "customer", number, Customer)
    return None if known is None else sorted((item.reference, item.open_minor) for item in known.open_items)


def agrees(shop):
    assert check(shop.database, shop.clock).differences == ()


def test_open_orders_go_to_the_one_who_stays_and_to_the_tills(shop):
    open_order, draft = placed(shop), placed(shop, confirmed=False)
    typed = placed(shop, customer_name="For the workshop")
    merged(shop)
    assert order(shop, open_order) == ("C1", "Sample Customer", "Sample Ltd", 1, "confirmed")
    assert order(shop, draft)[:3] == ("C1", "Sample Customer", "Sample Ltd")
    assert order(shop, typed)[:2] == ("C1", "For the workshop")
    assert (at_till(shop, open_order).customer, at_till(shop, open_order).version) == ("C1", 1)
    assert at_till(shop, draft) is None
    agrees(shop)


def test_an_order_that_a_till_made_and_one_that_is_over_go_too_but_the_receipt_stays(shop):
    till = shop.till()
    made, picked = till.made(customer="C2"), placed(shop)
    sale = till.sale(KETTLE, customer="C2", order=order_ref(shop, picked))
    till.deliver(till.row(made), till.row(sale), till.row(till.sale(KETTLE, customer="C2")))
    shop.kick()
    merged(shop)
    assert order(shop, made.order_id)[:2] == ("C1", "Sample Customer")
    assert order(shop, picked) == ("C1", "sample customer", "Sample Ltd", 1, "completed")
    assert at_till(shop, made.order_id).customer == "C1"
    assert shop.rows("SELECT DISTINCT customer, customer_name FROM receipt") == [("C2", "sample customer")]
    assert shop.rows("SELECT customer FROM orders WHERE kind = 'sale'") == [("C2",)]
    agrees(shop)


def test_a_pickup_that_is_voided_after_the_merge_offers_the_order_to_the_one_who_stays(shop):
    till, picked = shop.till(), placed(shop)
    sale = till.sale(KETTLE, customer="C2", order=order_ref(shop, picked))
    till.send(sale)
    shop.kick()
    merged(shop)
    till.send(till.void(sale))
    shop.kick()
    assert (at_till(shop, picked).customer, order(shop, picked)[4]) == ("C1", "confirmed")
    agrees(shop)


def test_open_items_and_balances_are_the_ones_who_stays(shop):
    till = shop.till()
    sales = [till.sale(KETTLE, tenders=("account",), customer=number) for number in ("C1", "C2")]
    till.deliver(*map(till.row, sales))
    shop.kick()
    merged(shop)
    assert owed(shop) == sorted((sale.receipt, 2995) for sale in sales)
    assert owed(shop, "C2") is None
    assert shop.rows("SELECT DISTINCT customer FROM payment_order") == [("C1",)]
    assert sorted(shop.rows("SELECT customer FROM payment_order_move")) == [("C1",), ("C2",)]
    till.send(till.sale(special("open_item", 1000, reference=sales[1].receipt), customer="C1"))
    shop.kick()
    assert dict(owed(shop))[sales[1].receipt] == 1995
    assert shop.rows("SELECT DISTINCT customer FROM payment_order") == [("C1",)]
    agrees(shop)


def test_who_owes_too_much_is_told_of_the_one_who_stays(shop):
    with shop.database.write() as connection:
        put_customers(connection, [replace(one, credit_limit_minor=1000) for one in (STAYS, GOES)], 2)
    till = shop.till()
    till.deliver(*[till.row(till.sale(KETTLE, tenders=("account",), customer=each)) for each in ("C1", "C2")])
    shop.kick()
    assert [subject for _, subject, _ in matters(shop)] == ["C1", "C2"]
    merged(shop)
    assert matters(shop) == [("credit limit exceeded", "C1", 2 * 2995 - 1000)]


@pytest.mark.parametrize("first", ["merge", "facts"])
def test_a_till_that_was_offline_tells_of_the_duplicate_and_it_lands_on_the_one_who_stays(shop, first):
    """The state is the same, whether the facts came before the merge or long after it."""
    till, away = shop.till(), shop.till("t2")
    owing = till.sale(KETTLE, tenders=("account",), customer="C2")
    till.send(owing)
    shop.kick()
    waiting = placed(shop)
    ref = order_ref(shop, waiting)
    made = away.made(customer="C2")
    facts = [
        away.sale(KETTLE, tenders=("account",), customer="C2"),
        away.sale(special("open_item", 995, reference=owing.receipt), customer="C2"),
        made,
        away.sale(KETTLE, customer="C2", order=made_ref(made)),
        away.sale(KETTLE, customer="C2", order=ref, tenders=("account",)),
    ]
    if first == "merge":
        merged(shop)
    away.deliver(*map(away.row, facts))
    shop.kick()
    if first == "facts":
        merged(shop)
    assert owed(shop) == sorted([(owing.receipt, 2000), (facts[0].receipt, 2995), (facts[4].receipt, 2995)])
    assert fed(shop, "customer", "C2", Customer) is None
    assert (order(shop, waiting)[0], order(shop, waiting)[4]) == ("C1", "completed")
    assert (order(shop, made.order_id)[0], order(shop, made.order_id)[4]) == ("C1", "completed")
    assert shop.rows("SELECT DISTINCT customer FROM payment_order") == [("C1",)]
    said = "C1" if first == "merge" else "C2"
    late = [sale.receipt for sale in facts if sale is not made]
    assert {row[0] for row in shop.rows("SELECT customer FROM receipt WHERE till_receipt <> ?", owing.receipt)} == {
        said
    }
    assert {fed(shop, "receipt", receipt, PastReceipt, store="0001").customer for receipt in late} == {"C1"}
    assert matters(shop) == []
    agrees(shop)


@pytest.mark.parametrize("first", ["merge", "facts"])
def test_an_order_that_a_till_still_has_to_tell_of_is_offered_to_the_one_who_stays(shop, first):
    away = shop.till()
    # A till says how it calls the customer: by the company where there is one.
    made = [replace(away.made(customer="C2"), customer_name=name) for name in ("", "Sample Ltd", "For the workshop")]
    if first == "facts":
        away.deliver(*map(away.row, made))
        shop.kick()
    merged(shop)
    if first == "merge":
        away.deliver(*map(away.row, made))
        shop.kick()
    offered = [at_till(shop, each.order_id) for each in made]
    assert {(each.customer, each.company) for each in offered} == {("C1", "Sample Ltd")}
    assert [each.customer_name for each in offered] == ["Sample Customer", "Sample Customer", "For the workshop"]
    agrees(shop)


def test_goods_that_come_back_on_an_old_receipt_are_credited_to_the_one_who_stays(shop):
    till = shop.till()
    sale = till.sale(KETTLE, tenders=("account",), customer="C2")
    till.send(sale)
    shop.kick()
    merged(shop)
    assert fed(shop, "receipt", sale.receipt, PastReceipt, store="0001").customer == "C1"
    with shop.database.read() as connection:
        assert past_receipt(connection, sale.receipt).customer == "C1"
    credit = till.sale(back(KETTLE, sale.receipt, 1), tenders=("account",), customer="C2")
    till.send(credit)
    shop.kick()
    assert owed(shop) == []
    agrees(shop)


def test_a_chain_of_merges_ends_at_the_last_who_stays(shop):
    with shop.database.write() as connection:
        put_customers(connection, [Customer(number="C3", name="Sample Third")], 1)
    till = shop.till()
    sale = till.sale(KETTLE, tenders=("account",), customer="C2")
    till.send(sale)
    shop.kick()
    waiting = placed(shop)
    merged(shop)
    merged(shop, stays="C3", goes="C1")
    assert fed(shop, "receipt", sale.receipt, PastReceipt, store="0001").customer == "C3"
    till.send(till.sale(KETTLE, tenders=("account",), customer="C2"))
    shop.kick()
    assert len(owed(shop, "C3")) == 2
    assert order(shop, waiting)[0] == at_till(shop, waiting).customer == "C3"
    with pytest.raises(Refused) as refused:
        merged(shop, stays="C2", goes="C3")
    assert refused.value.code == "merged"
    agrees(shop)


@pytest.mark.parametrize(("stays", "goes"), [("C1", "0001-1-C-1"), ("0001-1-C-1", "C1")])
def test_a_customer_whom_a_till_wrote_down_is_merged_either_way_and_rebuilds(shop, stays, goes):
    till = shop.till()
    till.send(CustomerAdded(number="0001-1-C-1", cashier="7", name="Sample Newcomer"))
    till.deliver(*[till.row(till.sale(KETTLE, tenders=("account",), customer=each)) for each in (stays, goes)])
    shop.kick()
    merged(shop, stays, goes)
    till.send(till.sale(KETTLE, tenders=("account",), customer=goes))
    shop.kick()
    assert len(owed(shop, stays)) == 3
    assert owed(shop, goes) is None
    agrees(shop)


def test_a_form_that_was_open_during_the_merge_orders_for_the_one_who_stays(shop):
    waiting = placed(shop)
    merged(shop)
    with shop.database.write() as connection:
        late = place(connection, wish(), shop.clock, confirmed=True)
        change(connection, waiting, wish(subject="changed"), 1, shop.clock)
    assert order(shop, late)[0] == order(shop, waiting)[0] == "C1"


def test_a_merge_is_in_the_audit_log_and_a_refused_one_leaves_everything(shop):
    merged(shop)
    assert shop.rows("SELECT actor, action, subject, detail FROM audit") == [("sample", "customers merged", "C1", "C2")]
    before = shop.rows("SELECT * FROM feed ORDER BY rev")
    for stays, goes, code in (
        ("C1", "C1", "unknown_customer"),
        ("C1", "C9", "unknown_customer"),
        ("C1", "C2", "merged"),
    ):
        with pytest.raises(Refused) as refused:
            merged(shop, stays, goes)
        assert refused.value.code == code
    assert shop.rows("SELECT * FROM feed ORDER BY rev") == before
    with shop.database.read() as connection:
        assert get_customer(connection, "C1").phone == "0123"


@pytest.mark.postgres
@pytest.mark.parametrize("rounds", range(3))
def test_facts_and_a_merge_at_once_never_miss_each_other(postgres_database, rounds):
    """A worker may have read who stands for whom before a merge, and write after it: it must not leave the old name."""
    shop = ready(Shop(postgres_database))
    till = shop.till()
    made = [till.made(customer="C2") for _ in range(20)]
    till.deliver(
        *map(till.row, made), *[till.row(till.sale(KETTLE, tenders=("account",), customer="C2")) for _ in made]
    )
    worker = threading.Thread(target=shop.kick)
    worker.start()
    merged(shop)
    worker.join()
    shop.kick()
    assert shop.rows("SELECT DISTINCT customer FROM orders WHERE kind = 'order'") == [("C1",)]
    assert shop.rows("SELECT DISTINCT customer FROM payment_order") == [("C1",)]
    assert len(owed(shop)) == 20
    agrees(shop)


@pytest.mark.postgres
def test_a_merge_waits_for_who_is_writing_about_the_customer(postgres_database):
    shop = ready(Shop(postgres_database))
    done = threading.Event()

    def merging():
        merged(shop)
        done.set()

    with shop.database.write() as connection:
        order_id = place(connection, wish(), shop.clock, confirmed=True)
        thread = threading.Thread(target=merging)
        thread.start()
        assert not done.wait(0.5)
    thread.join(10)
    assert done.is_set()
    assert order(shop, order_id)[0] == at_till(shop, order_id).customer == "C1"
