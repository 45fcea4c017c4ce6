"""Orders made at a till: known to head office and every till of the store, paid in advance, handed over in parts."""

from decimal import Decimal

import pytest
from msgspec.structs import replace
from pipeline_shop import COFFEE, KETTLE, Shop, fed, ledger, made_ref, matters, special, table

from schema.events import taxed
from schema.orders import OpenOrder
from schema.tax import breakdown
from server.orders import lists
from server.orders.place import cancel
from server.reports.rebuild import check

THREE = replace(KETTLE, quantity=Decimal(3))
STANDARD = ("standard", 19)


@pytest.fixture
def shop(database):
    return Shop(database)


def handed(quantity, line=1):
    return replace(KETTLE, quantity=Decimal(quantity), order_line=line)


def taken(amount):
    return special("prepayment", amount, tax=STANDARD)


def counted_back(amount, receipt):
    return special("prepayment", amount, reference=receipt, quantity=-1, tax=STANDARD)


def state(shop, made):
    return shop.value("SELECT status FROM orders WHERE id = ?", made.order_id)


def at_tills(shop, made):
    return fed(shop, "order", made.order_id, OpenOrder, "0001")


def test_an_order_made_at_a_till_is_offered_by_every_till_of_its_store(shop):
    till = shop.till()
    made = till.made(THREE, COFFEE, fields={"colour": "red"})
    till.send(made)
    shop.kick()
    order = at_tills(shop, made)
    assert (order.number, order.status, order.total_minor, order.phone, order.fields) == (
        made.number,
        "confirmed",
        3 * 2995 + 499,
        "030 000000",
        {"colour": "red"},
    )
    assert [(line.article, line.quantity) for line in order.lines] == [("200", 3), ("100", 1)]
    assert shop.rows("SELECT origin, kind, customer_name, oms_status FROM orders") == [
        ("till", "order", "Sample Passer-by", "not exported")
    ]
    with shop.database.read() as connection:
        assert lists.order(connection, made.order_id).balance.status == "unpaid"
    assert ledger(shop) == ""


def test_a_prepayment_waits_with_its_taxes_for_the_final_receipt(shop):
    till = shop.till()
    made = till.made(THREE, customer="C1")
    deposit = till.sale(taken(5000), order=made_ref(made), tenders=("card",))
    till.deliver(till.row(made), till.row(deposit))
    shop.kick()
    order = at_tills(shop, made)
    assert (order.status, order.paid_minor) == ("confirmed", 5000)
    assert [(one.receipt, one.day, one.taxes[0].gross_minor) for one in order.prepayments] == [
        (deposit.receipt, "2026-03-02", 5000)
    ]
    till.send(till.sale(handed(3), counted_back(5000, deposit.receipt), order=made_ref(made)))
    shop.kick()
    assert state(shop, made) == "completed"
    assert at_tills(shop, made) is None
    assert matters(shop) == []
    assert shop.rows("SELECT kind, total_minor, paid_minor FROM receipt ORDER BY number") == [
        ("prepayment", 5000, 5000),
        ("sale", 3985, 3985),
    ]
    assert ledger(shop) == table("""
        receipt         1410  5000     -  .
        receipt         1718     -  4202  standard
        receipt         1776     -   798  standard
        order-non-cash  1361  5000     -  card
        order-non-cash  1410     -  5000  .
        receipt         1410  3985     -  .
        receipt         8400     -  7551  standard
        receipt         1718  4202     -  standard
        receipt         1776     -   636  standard
        order-cash      1000  3985     -  cash
        order-cash      1410     -  3985  .
    """)


def test_goods_leave_in_parts_until_the_order_is_complete(shop):
    till, other = shop.till(), shop.till("t2")
    made = till.made(THREE, COFFEE)
    till.deliver(till.row(made), till.row(till.sale(handed(2), order=made_ref(made))))
    shop.kick()
    order = at_tills(shop, made)
    assert (order.status, order.paid_minor) == ("partly_delivered", 2 * 2995)
    assert [line.delivered for line in order.lines] == [2, 0]
    coffee = replace(COFFEE, order_line=2)
    other.send(other.sale(handed(1), coffee, order=made_ref(made, paid=0)))
    shop.kick()
    assert state(shop, made) == "completed"
    assert matters(shop) == []
    with shop.database.read() as connection:
        found = lists.order(connection, made.order_id)
    assert (found.balance.status, [line.delivered for line in found.lines]) == ("paid", ["3", "1"])
    assert (found.phone, found.prepayments) == ("030 000000", ())


def test_a_till_learns_what_was_charged_for_the_goods_that_left(shop):
    """So that the parts still to come sum to the order, whichever was voided and done again."""
    till = shop.till()
    made = till.made(THREE, COFFEE)
    part = till.sale(handed(2), order=made_ref(made))
    till.deliver(till.row(made), till.row(part))
    shop.kick()
    order = at_tills(shop, made)
    assert ([line.delivered_minor for line in order.lines], order.charged) == ([2 * 2995, None], ())
    till.send(till.void(part))
    shop.kick()
    assert at_tills(shop, made).lines[0].delivered == 0


def test_a_till_learns_which_tax_the_receipts_of_an_order_without_tax_in_its_prices_showed(shop):
    till = shop.till()
    made = replace(till.made(THREE, COFFEE), includes_tax=False)
    part = till.sale(handed(2), order=made_ref(made))
    taxes = breakdown(taxed(part.lines), includes_tax=False)
    gross = sum(row.gross_minor for row in taxes)
    paid = (replace(part.payments[0], amount_minor=gross),)
    part = replace(part, includes_tax=False, taxes=taxes, total_minor=gross, payments=paid)
    till.deliver(till.row(made), till.row(part))
    shop.kick()
    assert at_tills(shop, made).charged == taxes != ()


def test_goods_handed_over_twice_are_a_pickup_conflict(shop):
    """Protocol §5: two tills hand the same line over while the line is cut."""
    till, other = shop.till(), shop.till("t2")
    made = till.made(THREE)
    till.deliver(till.row(made), till.row(till.sale(handed(2), order=made_ref(made))))
    other.send(other.sale(handed(3), order=made_ref(made)))
    shop.kick()
    assert matters(shop) == [("overpaid", made.number, 2 * 2995), ("pickup conflict", made.number, 2 * 2995)]
    assert shop.value("SELECT moved_milli FROM stock WHERE article = '200'") == -5000


def test_a_prepayment_counted_back_at_two_tills_is_a_matter(shop):
    till, other = shop.till(), shop.till("t2")
    made = till.made(THREE)
    deposit = till.sale(taken(1000), order=made_ref(made))
    till.deliver(till.row(made), till.row(deposit))
    for each in (till, other):
        each.send(each.sale(handed(1), counted_back(1000, deposit.receipt), order=made_ref(made)))
    shop.kick()
    assert matters(shop) == [("prepayment counted twice", made.number, 1000)]
    assert at_tills(shop, made).prepayments == ()


def test_the_void_of_a_pickup_opens_the_order_again(shop):
    till = shop.till()
    made = till.made(THREE)
    deposit = till.sale(taken(1000), order=made_ref(made))
    final = till.sale(handed(3), counted_back(1000, deposit.receipt), order=made_ref(made))
    till.deliver(till.row(made), till.row(deposit), till.row(final))
    shop.kick()
    assert state(shop, made) == "completed"
    till.send(till.void(final))
    shop.kick()
    order = at_tills(shop, made)
    assert (order.status, order.paid_minor, order.lines[0].delivered) == ("confirmed", 1000, 0)
    assert [one.receipt for one in order.prepayments] == [deposit.receipt]
    till.send(till.void(deposit))
    shop.kick()
    assert (at_tills(shop, made).paid_minor, at_tills(shop, made).prepayments) == (0, ())
    assert matters(shop) == []
    assert shop.value("SELECT SUM(debit_minor - credit_minor) FROM posting WHERE account = '1718'") == 0


def test_what_is_no_part_of_the_order_is_not_paid_for_it(shop):
    till = shop.till()
    made = till.made(THREE)
    till.deliver(
        till.row(made),
        till.row(till.sale(handed(3), COFFEE, special("tip", 200), order=made_ref(made), tenders=("cash", "card"))),
    )
    shop.kick()
    with shop.database.read() as connection:
        order = lists.order(connection, made.order_id)
    assert (order.status, order.balance.status, order.balance.paid_minor) == ("completed", "paid", 3 * 2995)
    assert ("other lines", -699) in [(fact.tender, fact.amount_minor) for fact in order.payments]


def test_returned_goods_take_nothing_from_what_was_delivered(shop):
    till = shop.till()
    made = till.made(THREE)
    final = till.sale(handed(3), order=made_ref(made))
    till.deliver(till.row(made), till.row(final))
    from pipeline_shop import back

    till.send(till.sale(back(KETTLE, final.receipt, 1)))
    shop.kick()
    assert state(shop, made) == "completed"
    assert matters(shop) == []


def test_a_pickup_that_comes_before_its_order_waits_and_follows(shop):
    """Invariant I10: head office was restored, and the till that picked up sends before the one that made the order."""
    till, other = shop.till(), shop.till("t2")
    made = till.made(THREE)
    other.send(other.sale(handed(3), order=made_ref(made)))
    shop.kick()
    [(aggregate, reason)] = shop.rows("SELECT aggregate, reason FROM parked")
    assert aggregate == f"order:{made.order_id}"
    assert "own event has not come yet" in reason
    till.send(made)
    shop.kick()
    assert shop.value("SELECT count(*) FROM parked") == 0
    assert state(shop, made) == "completed"


def test_an_order_whose_figures_disagree_waits_and_so_do_its_pickups(shop):
    """Fault 38: what belongs to a parked order waits behind it, all else flows."""
    till = shop.till()
    made = till.made(THREE)
    till.deliver(
        till.row(replace(made, total_minor=1)),
        till.row(till.sale(handed(3), order=made_ref(made))),
        till.row(till.sale()),
    )
    shop.kick()
    assert shop.rows("SELECT seq FROM parked ORDER BY seq") == [(1,), (2,)]
    assert shop.value("SELECT count(*) FROM receipt") == 1


def test_two_orders_of_one_id_are_not_mixed_up(shop):
    """Fault 35: the second is kept, parked, with the reason."""
    till, clone = shop.till(), shop.till(epoch=2)
    made = till.made(THREE)
    till.send(made)
    shop.kick()
    clone.send(replace(made, subject="another"))
    shop.kick()
    assert "has the id of order" in shop.value("SELECT reason FROM parked")
    assert shop.value("SELECT subject FROM orders") == "sample subject"


def test_the_office_changes_and_cancels_a_tills_order_like_its_own(shop):
    till = shop.till()
    made, kept = till.made(THREE), till.made(COFFEE)
    deposit = till.sale(taken(1000), order=made_ref(made))
    till.deliver(till.row(made), till.row(deposit), till.row(kept))
    shop.kick()
    with shop.database.write() as connection:
        cancel(connection, made.order_id, shop.clock)
    assert matters(shop) == [("paid after cancel", made.number, 1000)]
    assert at_tills(shop, made) is None
    shop.change_order(kept.order_id, quantity=2, version=1)
    assert at_tills(shop, kept).version == 2
    assert check(shop.database, shop.clock).differences == ()


def test_a_tills_receipts_are_not_offered_for_change(shop):
    from schema.errors import Refused

    till = shop.till()
    till.send(till.sale())
    shop.kick()
    with shop.database.write() as connection, pytest.raises(Refused):
        cancel(connection, "sale-t1-1-1", shop.clock)
