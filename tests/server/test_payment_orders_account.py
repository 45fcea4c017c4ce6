"""Payment orders: what is sold on account is owed under its receipt's number until it is paid, voided or returned."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_shop import COFFEE, KETTLE, Shop, back, fed, ledger, matters, special, table

from schema.parties import Customer, OpenItem
from server.catalogue.people import put_customers
from server.parties.merging import merge
from server.parties.rules import due_day, standing
from server.pipeline.apply import apply_some


@pytest.fixture
def shop(database):
    shop = Shop(database)
    with database.write() as connection:
        friend = Customer(number="C1", name="Sample Customer", credit_limit_minor=10000, payment_days=30)
        put_customers(connection, [friend], 1)
    return shop


def on_account(till, *lines, customer="C1", **fields):
    return till.sale(*(lines or (KETTLE,)), tenders=("account",), customer=customer, **fields)


def items(shop, number="C1"):
    return fed(shop, "customer", number, Customer).open_items


def paid(shop, receipt):
    return shop.rows("SELECT due_minor, paid_minor, paid_ms FROM receipt WHERE till_receipt = ?", receipt)[0]


def test_a_sale_on_account_is_owed_and_every_till_knows(shop):
    till = shop.till()
    sale = on_account(till)
    till.send(sale)
    shop.kick()
    assert items(shop) == (OpenItem(reference=sale.receipt, day="2026-03-02", due_day="2026-04-01", open_minor=2995),)
    assert paid(shop, sale.receipt) == (2995, 0, None)
    assert shop.rows("SELECT customer, amount_minor, open_minor FROM payment_order") == [("C1", 2995, 2995)]


def test_it_is_paid_at_any_till_in_parts(shop):
    till, other = shop.till(), shop.till("t2", "0002")
    sale = on_account(till)
    till.send(sale)
    shop.kick()
    first = other.sale(special("open_item", 1000, reference=sale.receipt), customer="C1")
    last = other.sale(special("open_item", 1995, reference=sale.receipt), customer="C1", tenders=("card",))
    other.send(first)
    shop.kick()
    assert (items(shop)[0].open_minor, paid(shop, sale.receipt)) == (1995, (2995, 1000, None))
    other.send(last)
    shop.kick()
    assert items(shop) == ()
    assert paid(shop, sale.receipt) == (2995, 2995, last.completed_ms)
    assert (
        ledger(shop).splitlines()[-8:]
        == table("""
        receipt         1410  1000     -  .
        receipt         1400     -  1000  .
        order-cash      1000  1000     -  cash
        order-cash      1410     -  1000  .
        receipt         1410  1995     -  .
        receipt         1400     -  1995  .
        order-non-cash  1361  1995     -  card
        order-non-cash  1410     -  1995  .
    """).splitlines()
    )
    assert shop.value("SELECT SUM(debit_minor - credit_minor) FROM posting WHERE account = '1400'") == 0


@pytest.mark.parametrize("applied_first", ["payment", "sale", "both, nothing issued"])
def test_a_receipt_is_paid_once_whatever_came_first(shop, applied_first):
    """Invariant I10: the payment may be applied before the sale, or between its applying and its issuing."""
    till, other = shop.till(), shop.till("t2")
    sale = on_account(till)
    payment = other.sale(special("open_item", 2995, reference=sale.receipt), customer="C1")
    if applied_first == "payment":
        other.send(payment)
        shop.kick()
        assert matters(shop) == [("open item unknown", sale.receipt, 2995)]
        till.send(sale)
    else:
        till.send(sale)
        if applied_first == "sale":
            shop.kick()
        else:
            apply_some(shop.database, shop.clock)
        other.send(payment)
        apply_some(shop.database, shop.clock)
    shop.kick()
    assert paid(shop, sale.receipt) == (2995, 2995, max(sale.completed_ms, payment.completed_ms))
    assert items(shop) == ()
    assert matters(shop) == []


def test_an_item_paid_twice_is_a_matter(shop):
    till = shop.till()
    sale = on_account(till)
    till.send(sale)
    for _ in range(2):
        till.send(till.sale(special("open_item", 2995, reference=sale.receipt), customer="C1"))
    shop.kick()
    assert matters(shop) == [("open item overpaid", sale.receipt, 2995)]
    assert items(shop)[0].open_minor == -2995


def test_a_void_and_a_return_lower_the_item_of_what_they_take_back(shop):
    till = shop.till()
    voided, returned = on_account(till), on_account(till, KETTLE, COFFEE)
    till.deliver(till.row(voided), till.row(returned))
    shop.kick()
    void = till.void(voided)
    credit = till.sale(back(KETTLE, returned.receipt, 1), tenders=("account",), customer="C1")
    till.deliver(till.row(void), till.row(credit))
    shop.kick()
    assert [(item.reference, item.open_minor) for item in items(shop)] == [(returned.receipt, 499)]
    assert paid(shop, voided.receipt)[1] == 2995
    assert paid(shop, void.receipt)[1:] == (-2995, void.completed_ms)
    assert paid(shop, credit.receipt)[1:] == (-2995, credit.completed_ms)
    assert matters(shop) == []
    assert shop.value("SELECT SUM(debit_minor - credit_minor) FROM posting WHERE account = '1400'") == 499


@pytest.mark.parametrize("at_once", [True, False])
def test_the_void_of_a_return_on_account_undoes_what_the_return_did(shop, at_once):
    """However they come: before the return's receipt was issued, or after."""
    till = shop.till()
    sale = till.sale(KETTLE, customer="C1")
    credit = till.sale(back(KETTLE, sale.receipt, 1), tenders=("account",), customer="C1")
    void = till.void(credit)
    till.deliver(till.row(sale), till.row(credit), *((till.row(void),) if at_once else ()))
    shop.kick()
    if not at_once:
        till.deliver(till.row(void))
        shop.kick()
    assert items(shop) == ()
    assert shop.rows("SELECT reference, open_minor FROM payment_order") == [(sale.receipt, 0)]
    assert paid(shop, credit.receipt)[1] == -2995
    assert paid(shop, void.receipt)[1] == 2995
    assert matters(shop) == []


@pytest.mark.parametrize("at_once", [True, False])
def test_a_credit_for_goods_of_two_receipts_is_no_payment_of_itself(shop, at_once):
    till = shop.till()
    sales = [till.sale(KETTLE, customer="C1") for _ in range(2)]
    both = [back(KETTLE, sale.receipt, 1) for sale in sales]
    credit = till.sale(*both, tenders=("account",), customer="C1")
    void = till.void(credit)
    till.deliver(*map(till.row, sales), till.row(credit), *((till.row(void),) if at_once else ()))
    shop.kick()
    if not at_once:
        assert (paid(shop, credit.receipt)[1], items(shop)[0].open_minor) == (0, -5990)
        till.deliver(till.row(void))
        shop.kick()
    assert items(shop) == ()
    assert paid(shop, credit.receipt)[1] == -5990


def test_who_owes_more_than_agreed_is_shown_and_goes_away_again(shop):
    till, other = shop.till(), shop.till("t2")
    sales = [on_account(each) for each in (till, other, till, other)]
    for each, sale in zip((till, other, till, other), sales, strict=True):
        each.send(sale)
    shop.kick()
    assert matters(shop) == [("credit limit exceeded", "C1", 4 * 2995 - 10000)]
    till.send(till.sale(special("open_item", 2995, reference=sales[0].receipt), customer="C1"))
    shop.kick()
    assert matters(shop) == []


def test_a_customer_whom_nobody_knows_yet_may_owe(shop):
    till = shop.till()
    till.send(on_account(till, customer="new"))
    shop.kick()
    assert shop.rows("SELECT customer, due_day, open_minor FROM payment_order") == [("new", "2026-03-16", 2995)]


def test_what_a_merged_duplicate_owes_counts_for_the_one_that_stays(shop):
    with shop.database.write() as connection:
        put_customers(connection, [Customer(number="C2", name="Sample Customer")], 1)
    till = shop.till()
    till.send(on_account(till, customer="C2"))
    shop.kick()
    with shop.database.write() as connection:
        merge(connection, "C1", "C2", by="sample", now_ms=1)
    assert [item.open_minor for item in items(shop)] == [2995]


moves = st.lists(
    st.tuples(st.sampled_from(["sale", "payment", "credit"]), st.integers(-500, 500).filter(bool)), max_size=6
)


@given(moves, st.randoms())
def test_the_order_of_moves_does_not_matter(facts, random):
    """Invariant I10."""
    shuffled = list(facts)
    random.shuffle(shuffled)
    assert standing(shuffled) == standing(facts)


def test_when_an_item_is_due():
    assert due_day("2026-02-20", 14) == "2026-03-06"
    assert due_day("no day", 14) == "no day"
    assert due_day("2026-02-20", 10**9) == "2026-02-20"
