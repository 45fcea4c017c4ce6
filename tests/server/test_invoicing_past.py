"""Past receipts: what every till of the store may take goods back on, and what came back of them so far."""

from datetime import date
from decimal import Decimal

import pytest
from msgspec.structs import replace
from pipeline_shop import COFFEE, KETTLE, START_MS, Shop, back, fed, ledger, matters, special, table

from schema.catalogue import PastPayment, PastReceipt
from schema.events import CardFacts
from server.invoicing.past import KEPT_DAYS, first_kept_day, past_receipt, prune
from server.jobs.worker import Worker

DAY_MS = 24 * 3_600_000
TWO = replace(KETTLE, quantity=Decimal(2))


@pytest.fixture
def shop(database):
    return Shop(database)


def at_tills(shop, sale, store="0001"):
    return fed(shop, "receipt", sale.receipt, PastReceipt, store)


def test_a_receipt_is_at_every_till_of_its_store(shop):
    till = shop.till()
    sale = till.sale(TWO, COFFEE, special("tip", 100), tenders=("card",), customer="C1")
    card = CardFacts(attempt_id="a", receipt_number="0042")
    sale = replace(sale, payments=(replace(sale.payments[0], card=card),))
    till.send(sale)
    shop.kick()
    past = at_tills(shop, sale)
    assert (past.till_id, past.day, past.customer, past.total_minor, past.voided) == (
        "t1",
        "2026-03-02",
        "C1",
        sale.total_minor,
        False,
    )
    assert [(line.line, line.article, line.quantity, line.kind, line.returned) for line in past.lines] == [
        (1, "200", 2, "goods", 0),
        (2, "100", 1, "goods", 0),
        (3, "", 1, "tip", 0),
    ]
    assert past.payments == (PastPayment(tender="card", amount_minor=sale.total_minor, original="0042"),)
    assert at_tills(shop, sale, "0002") is None


def test_what_comes_back_anywhere_is_known_where_it_was_sold(shop):
    till, elsewhere = shop.till(), shop.till("t2", "0002")
    sale = till.sale(TWO)
    till.send(sale)
    shop.kick()
    elsewhere.send(elsewhere.sale(back(KETTLE, sale.receipt, 1)))
    shop.kick()
    assert (at_tills(shop, sale).lines[0].returned, at_tills(shop, sale).lines[0].returned_minor) == (1, 2995)
    assert matters(shop) == []
    assert shop.rows("SELECT kind, original, total_minor, paid_minor FROM receipt ORDER BY number") == [
        ("sale", "", 5990, 5990),
        ("return", sale.receipt, -2995, -2995),
    ]
    assert shop.rows(
        "SELECT returns_receipt, returns_line, return_reason, return_condition, withdrawn_quantity FROM receipt_line "
        "ORDER BY receipt DESC LIMIT 1"
    ) == [(sale.receipt, 1, "defect", "as new", "-1")]
    assert (
        ledger(shop).splitlines()[-5:]
        == table("""
        receipt     1410     -  2995  .
        receipt     8400  2517     -  standard
        receipt     1776   478     -  standard
        order-cash  1000     -  2995  cash
        order-cash  1410  2995     -  .
    """).splitlines()
    )


def test_more_than_was_sold_comes_back_and_is_a_matter(shop):
    """Two tills take the same goods back while the line is cut: the money is out, a person decides."""
    till, other = shop.till(), shop.till("t2")
    sale = till.sale(TWO)
    till.send(sale)
    returns = [each.sale(back(KETTLE, sale.receipt, 1, quantity=2)) for each in (till, other)]
    till.send(returns[0])
    other.send(returns[1])
    shop.kick()
    assert matters(shop) == [("returned too much", sale.receipt, 5990)]
    other.send(other.void(returns[1]))
    shop.kick()
    assert matters(shop) == []
    assert at_tills(shop, sale).lines[0].returned == 2


def test_a_return_that_comes_before_its_sale_is_counted(shop):
    """Invariant I10."""
    till, other = shop.till(), shop.till("t2")
    sale = till.sale(TWO)
    other.send(other.sale(back(KETTLE, sale.receipt, 1)))
    shop.kick()
    assert at_tills(shop, sale) is None
    till.send(sale)
    shop.kick()
    assert at_tills(shop, sale).lines[0].returned == 1


def test_a_void_is_a_counter_receipt_and_counts_once(shop):
    till = shop.till()
    sale = till.sale(TWO, COFFEE, tenders=("cash", "card"))
    till.deliver(till.row(sale), till.row(till.void(sale)))
    shop.kick()
    assert at_tills(shop, sale).voided
    assert shop.rows("SELECT kind, original FROM receipt ORDER BY number DESC LIMIT 1") == [("void", sale.receipt)]
    assert shop.rows("SELECT kind, status FROM orders WHERE total_minor < 0") == [("void", "completed")]
    assert (
        shop.rows(
            "SELECT account, SUM(debit_minor - credit_minor) FROM posting GROUP BY account "
            "HAVING SUM(debit_minor - credit_minor) <> 0"
        )
        == []
    )
    assert shop.value("SELECT cash_minor FROM drawer") == 0
    assert matters(shop) == []
    till.send(till.void(sale))
    shop.kick()
    assert matters(shop) == [("voided twice", sale.receipt, sale.total_minor)]


def test_goods_that_come_back_on_a_voided_receipt_are_too_much(shop):
    till, other = shop.till(), shop.till("t2")
    sale = till.sale(TWO)
    till.deliver(till.row(sale), till.row(till.void(sale)))
    other.send(other.sale(back(KETTLE, sale.receipt, 1)))
    shop.kick()
    assert matters(shop) == [("returned too much", sale.receipt, 2995)]


def test_a_line_that_the_receipt_does_not_have_is_too_much(shop):
    till = shop.till()
    sale = till.sale(KETTLE)
    till.deliver(till.row(sale), till.row(till.sale(back(KETTLE, sale.receipt, 7))))
    shop.kick()
    assert matters(shop) == [("returned too much", sale.receipt, 2995)]


def test_old_receipts_leave_the_tills_and_stay_at_head_office(shop):
    till = shop.till()
    sale = till.sale(KETTLE)
    till.send(sale)
    shop.kick()
    shop.clock.now = START_MS + KEPT_DAYS * DAY_MS
    assert prune(shop.database, shop.clock.now) == 0
    shop.clock.now += DAY_MS
    worker = Worker(shop.database, shop.clock)
    worker.step()
    assert at_tills(shop, sale) is None
    assert shop.rows("SELECT deleted FROM feed WHERE kind = 'receipt'") == [(1,)]
    till.send(till.sale(back(KETTLE, sale.receipt, 1)))
    shop.kick()
    assert at_tills(shop, sale) is None
    with shop.database.read() as connection:
        past = past_receipt(connection, sale.receipt)
        assert past_receipt(connection, "no such receipt") is None
    assert past.lines[0].returned == 1


def test_a_clock_that_was_wrong_does_not_keep_receipts_for_ever(shop):
    """Fault 19: set far ahead, then back, the worker's clock takes old receipts away again when they are old."""
    till = shop.till()
    assert prune(shop.database, START_MS + 400 * DAY_MS) == 0
    sale = till.sale(KETTLE)
    till.send(sale)
    shop.kick()
    assert at_tills(shop, sale) is not None
    assert prune(shop.database, START_MS) == 0
    assert prune(shop.database, START_MS + (KEPT_DAYS + 1) * DAY_MS) == 1


def test_a_receipt_that_comes_very_late_never_reaches_the_tills(shop):
    shop.clock.now = START_MS + 200 * DAY_MS
    till = shop.till()
    sale = till.sale(KETTLE)
    till.send(sale)
    shop.kick()
    assert shop.value("SELECT count(*) FROM receipt") == 1
    assert at_tills(shop, sale) is None


def test_a_day_is_kept_for_ninety_days():
    assert first_kept_day(date(2026, 3, 31)) == "2025-12-31"


def test_goods_come_back_where_they_were_sold_not_on_the_void_of_their_return(shop):
    till = shop.till()
    sale = till.sale(TWO)
    returned = till.sale(back(KETTLE, sale.receipt, 1))
    void = till.void(returned)
    for one in (sale, returned, void):
        till.send(one)
    shop.kick()
    with shop.database.read() as connection:
        assert past_receipt(connection, sale.receipt).lines[0].returned == 0
        line = past_receipt(connection, void.receipt).lines[0]
        assert (line.quantity, line.returned) == (1, 1)
    till.send(till.sale(back(KETTLE, void.receipt, 1)))
    shop.kick()
    assert [matter[0] for matter in matters(shop)] == ["returned too much"]
