"""Applying accepted events: in order, once, parked where it must be, everything else flows."""

import random
from decimal import Decimal

import pytest
from msgspec.structs import replace
from pipeline_shop import COFFEE, KETTLE, START_MS, Shop, ledger, table

from schema.basket import OrderRef, ReturnRef
from server.jobs.tables import RETRY_MS
from server.pipeline.apply import RETRY_MS as PARKED_RETRY_MS
from server.pipeline.apply import apply_some, is_due, retry_parked


@pytest.fixture
def shop(database):
    return Shop(database)


def parked(shop):
    return shop.rows("SELECT till_id, seq, aggregate, reason FROM parked ORDER BY till_id, epoch, seq")


def test_a_sale_goes_from_its_event_into_the_books(shop):
    till = shop.till()
    till.send(till.sale(COFFEE, KETTLE, customer="C1"))
    kicked = shop.kick()
    assert kicked.is_idle
    assert (kicked.events, kicked.jobs) == (1, 2)
    assert shop.rows("SELECT status, import_status, channel_status, oms_status, oms_id, customer_name FROM orders") == [
        ("completed", "order complete", "no changes to sync", "exported", "RE-2026-000001", "Sample Customer")
    ]
    assert ledger(shop) == table("""
        receipt     1410  3494     -  .
        receipt     8400     -  2517  standard
        receipt     8300     -   466  reduced
        receipt     1776     -   478  standard
        receipt     1771     -    33  reduced
        order-cash  1000  3494     -  cash
        order-cash  1410     -  3494  .
    """)
    assert shop.rows("SELECT due_minor, paid_minor, paid_ms FROM receipt") == [(3494, 3494, START_MS + 60_000)]


def test_nothing_waits_nothing_happens(shop):
    assert apply_some(shop.database, shop.clock) == 0


def test_an_event_id_that_comes_twice_has_one_effect(shop):
    """Fault 35: a cloned or recovered till sends the same events under a second epoch."""
    till, clone = shop.till(), shop.till(epoch=2)
    sale = till.sale()
    till.send(sale, event_id="same")
    clone.send(sale, event_id="same")
    clone.send(till.sale(KETTLE))
    shop.kick()
    assert shop.value("SELECT count(*) FROM orders") == 2
    assert shop.value("SELECT cash_minor FROM drawer") == 499 + 2995
    assert parked(shop) == []


def test_the_same_id_with_other_content_is_parked_not_dropped(shop):
    """Fault 35: both branches are kept."""
    till, clone = shop.till(), shop.till(epoch=2)
    till.send(till.sale(), event_id="same")
    clone.send(till.sale(KETTLE), event_id="same")
    shop.kick()
    assert shop.value("SELECT count(*) FROM orders") == 1
    [(_, seq, _, reason)] = parked(shop)
    assert seq == 1
    assert reason.startswith("Another event with this id")
    shop.kick()
    assert parked(shop)[0][3] == reason


@pytest.mark.parametrize("count", [1, 7])
def test_a_poison_event_is_parked_and_the_rest_flows(shop, count):
    """Fault 38: broken bodies, unknown types and versions, figures that disagree."""
    till, other = shop.till(), shop.till("t2")
    for _ in range(count):
        till.send(till.sale())
        till.send(till.sale(), data=b'{"event":"sale.completed","sale_id":"broken"}')
        till.send(till.sale(), kind="sale.teleported")
        till.send(till.sale(), version=9)
        till.send(replace(till.sale(), total_minor=1))
        till.send(till.sale(), money="cash EUR 1")
        till.send(till.sale())
        other.send(other.sale())
    assert shop.kick().is_idle
    assert shop.value("SELECT count(*) FROM receipt WHERE paid_ms IS NOT NULL") == 3 * count
    assert [seq for name, seq, *_ in parked(shop)] == [7 * n + k for n in range(count) for k in (2, 3, 4, 5, 6)]
    assert shop.rows("SELECT DISTINCT applied_seq - high_seq FROM stream") == [(0,)]


def test_what_only_the_database_refuses_is_parked_too(shop):
    """Fault 38: a receipt number twice breaks a constraint in the middle of a batch; its neighbours are applied."""
    till = shop.till()
    first = till.sale()
    till.send(first)
    till.send(replace(till.sale(), receipt=first.receipt))
    till.send(till.sale())
    shop.kick()
    assert shop.value("SELECT count(*) FROM receipt") == 2
    [(_, seq, aggregate, _)] = parked(shop)
    assert (seq, aggregate) == (2, "sale:sale-t1-1-2")
    assert shop.value("SELECT cash_minor FROM drawer") == 3 * 499


def test_later_events_of_a_parked_aggregate_wait_and_follow_in_order(shop):
    """Faults 37 and 38: an unknown version parks its shift's later events; once it is known they all apply."""
    till = shop.till()
    opened = till.row(till.opened(), version=2)
    till.deliver(
        opened, till.row(till.moved("cash_in", 1000)), till.row(till.sale()), till.row(till.closed(difference=-5))
    )
    shop.kick()
    assert [(seq, aggregate) for _, seq, aggregate, _ in parked(shop)] == [
        (1, "shift:S1-t1"),
        (2, "shift:S1-t1"),
        (4, "shift:S1-t1"),
    ]
    assert "shift.opened in version 2" in parked(shop)[0][3]
    assert "waits behind it" in parked(shop)[1][3]
    assert shop.value("SELECT count(*) FROM receipt") == 1
    with shop.database.write() as connection:
        connection.run("UPDATE event SET version = 1 WHERE seq = 1")
    kicked = shop.kick()
    assert kicked.unparked == 3
    assert parked(shop) == []
    assert shop.rows("SELECT number, difference_minor FROM shift") == [(1, -5)]


def test_a_retry_that_fails_keeps_the_event_with_its_tries(shop):
    till = shop.till()
    till.send(till.sale(), version=2)
    shop.kick()
    shop.kick()
    assert shop.value("SELECT tries FROM parked") == 2


def test_parked_events_are_looked_at_again_by_schedule_later_each_time(shop):
    till = shop.till()
    till.send(till.sale(), version=2)
    apply_some(shop.database, shop.clock)
    with shop.database.write() as connection:
        connection.run("UPDATE event SET version = 1")
    assert retry_parked(shop.database, shop.clock) == 0
    shop.clock.now += PARKED_RETRY_MS[0]
    assert retry_parked(shop.database, shop.clock) == 1
    assert [is_due(9, 0, wait) for wait in (PARKED_RETRY_MS[-1] - 1, PARKED_RETRY_MS[-1])] == [False, True]
    assert list(PARKED_RETRY_MS) == sorted(PARKED_RETRY_MS)
    assert list(RETRY_MS) == sorted(RETRY_MS)


def test_events_without_effect_are_applied_and_done(shop):
    from schema.events import CashierSigned, DrawerOpened

    till = shop.till()
    till.send(CashierSigned(cashier="7", action="in"))
    till.send(DrawerOpened(cashier="7", reason="sample"))
    shop.kick()
    assert shop.value("SELECT count(*) FROM applied") == 2
    assert ledger(shop) == ""


def test_a_shift_is_kept_with_its_figures_and_its_cash(shop):
    till = shop.till()
    till.deliver(
        till.row(till.opened(difference=20000)),
        till.row(till.moved("cash_in", 5000)),
        till.row(till.moved("cash_out", 700)),
        till.row(till.moved("change_money", 10000)),
        till.row(till.moved("skim", 15000)),
        till.row(till.closed(difference=-12, expected=9300)),
    )
    shop.kick()
    assert shop.rows("SELECT float_minor, expected_minor, counted_minor, difference_minor, z_number FROM shift") == [
        (20000, 9300, 9288, -12, 1)
    ]
    assert shop.value("SELECT cash_minor FROM drawer") == 20000 + 5000 - 700 - 15000 - 12
    assert ledger(shop) == table("""
        opening-diff  1000  20000      -  cash
        opening-diff  2300      -  20000  .
        cash-in       1000   5000      -  cash
        cash-in       1590      -   5000  .
        cash-out      1000      -    700  cash
        cash-out      4900    700      -  .
        cash-out      1000      -  15000  cash
        cash-out      1360  15000      -  .
        close-diff    1000      -     12  cash
        close-diff    2300     12      -  .
    """)


def test_more_streams_than_a_batch_holds_are_all_applied(shop):
    for number in range(60):
        till = shop.till(f"t{number}")
        till.deliver(*[till.row(till.sale()) for _ in range(3)])
    assert shop.kick().events == 180
    assert shop.value("SELECT count(*) FROM receipt") == 180


def test_a_long_backlog_is_applied_in_batches_without_loss(shop):
    till = shop.till()
    till.deliver(*[till.row(till.sale()) for _ in range(450)])
    shop.kick()
    assert shop.value("SELECT count(*) FROM receipt WHERE paid_ms IS NOT NULL") == 450
    assert shop.rows("SELECT max(number), count(*) FROM entry WHERE sealed = 1") == [(900, 900)]


NASTY = {
    "a NUL in the sale's id": lambda sale: replace(sale, sale_id="sale\x00x"),
    "a NUL in a name": lambda sale: replace(sale, cashier_name="Alex\x00"),
    "a number beyond 64 bits": lambda sale: replace(sale, completed_ms=2**70),
    "a quantity that is none": lambda sale: replace(sale, lines=(replace(sale.lines[0], quantity=Decimal("NaN")),)),
    "a very long id": lambda sale: replace(sale, sale_id="x" * 100_000, total_minor=1),
    "more money than there is": lambda sale: replace(
        sale, payments=(replace(sale.payments[0], amount_minor=2**70),), total_minor=2**70
    ),
    "a NUL in a voucher's code": lambda sale: replace(
        sale, payments=(replace(sale.payments[0], tender="voucher", reference="V\x00"),)
    ),
    "a voucher's code that no index holds": lambda sale: replace(
        sale,
        payments=(replace(sale.payments[0], tender="voucher", reference=random.Random(1).randbytes(50_000).hex()),),
    ),
    "a customer who is no text for a database": lambda sale: replace(
        sale, customer="C\x00", payments=(replace(sale.payments[0], tender="account"),)
    ),
    "goods that come back of a line beyond 64 bits": lambda sale: replace(
        sale, lines=(replace(sale.lines[0], returns=ReturnRef(receipt="R", line=2**70)),)
    ),
    "more goods than there are": lambda sale: replace(
        sale, lines=(replace(sale.lines[0], quantity=Decimal("9e30"), article="100"),)
    ),
    "an order's line beyond 64 bits": lambda sale: replace(
        sale,
        order=OrderRef(order_id="x" * 100, number="SO-1", version=2**70),
        lines=(replace(sale.lines[0], order_line=2**70),),
    ),
}


def test_no_content_can_hold_up_the_stream(shop):
    """Faults 38 and 57: whatever an event carries, what follows it is applied, and it is itself applied or parked."""
    tills = [shop.till(f"t{number}") for number in range(len(NASTY))]
    for till, spoil in zip(tills, NASTY.values(), strict=True):
        till.deliver(till.row(till.sale()), till.row(spoil(till.sale())), till.row(till.sale()))
    assert shop.kick().is_idle
    assert shop.value("SELECT count(*) FROM applied") + len(parked(shop)) == 3 * len(NASTY)
    assert shop.rows("SELECT DISTINCT applied_seq FROM stream") == [(3,)]
    assert shop.value("SELECT count(*) FROM receipt WHERE paid_ms IS NOT NULL") >= 2 * len(NASTY)
    shop.kick()


TEXTS = ["'; DROP TABLE orders; --", "<script>", "= 1+1", "%s ? {0}", "🧾" * 50]


def test_texts_are_stored_literally(shop):
    """Fault 57."""
    till = shop.till()
    for text in TEXTS:
        till.send(replace(till.sale(), cashier_name=text, customer=text))
    shop.kick()
    assert shop.rows("SELECT cashier, customer FROM receipt ORDER BY number") == [(text, text) for text in TEXTS]
