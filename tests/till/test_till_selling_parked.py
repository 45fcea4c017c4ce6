"""Baskets put aside: found by title, taken up by anyone, never twice, never lost."""

from decimal import Decimal

import pytest
from msgspec.structs import replace
from sample_goods import GOODS, KIM, RULES, lay
from sample_till import BOOK, BREAD, MILK, Port, Process, change_settings, make_folder

from schema.events import SaleDropped
from schema.pricing import Promotion
from schema.tax import TaxRate


@pytest.fixture
def folder(tmp_path):
    make_folder(tmp_path / "till")
    lay(tmp_path / "till", *GOODS, *RULES, KIM)
    return tmp_path / "till"


def test_park_and_resume_with_a_title(port):
    port.morning()
    port.ok("scan", code=MILK)
    port.ok("park", title="Blue coat")
    assert (port.stage.screen, port.till.desk.sale.is_empty) == ("sale", True)
    assert port.screens.sale.state.parked_count == 1
    port.ok("scan", code=BREAD)
    port.refused("basket_in_use", "resume", parked="Blue coat")
    port.ok("pay")
    rows = port.ok("parked")["parked"]
    assert [(row["title"], row["cashier"], row["total"]) for row in rows] == [("Blue coat", "Alex Example", 129)]
    answer = port.ok("resume", parked="Blue coat")
    assert [line["article"] for line in answer["basket"]["lines"]] == ["A1"]
    assert port.screens.sale.state.parked_count == 0
    port.ok("cancel")
    port.refused("unknown_parked", "resume", parked=rows[0]["slot"])


def test_the_customers_name_is_a_title(port):
    port.morning()
    port.ok("customer", number="K1")
    port.ok("scan", code=MILK)
    port.ok("park")
    assert port.ok("parked")["parked"][0]["title"] == "Kim Friend"
    port.ok("scan", code=MILK)
    port.refused("bad_text", "park", title=" ")


def test_nothing_and_part_paid_baskets_are_not_parked(port):
    port.morning()
    port.refused("empty_basket", "park", title="x")
    port.ok("scan", code=BOOK)
    port.ok("pay", amount=500)
    port.refused("sale_part_paid", "park", title="x")


def test_a_colleague_takes_over(port):
    """The basket in hand stays with the till, a parked one waits for whoever comes."""
    port.morning("1")
    port.ok("scan", code=MILK)
    port.ok("park", title="Waits")
    port.ok("scan", code=BREAD)
    port.ok("sign_out")
    port.ok("sign_in", cashier="2", pin="2222")
    assert [line.article for line in port.till.desk.sale.basket.lines] == ["A2"]
    port.ok("pay")
    port.ok("resume", parked="Waits")
    port.ok("pay")
    assert [body.cashier for body in port.bodies()[-2:]] == ["2", "2"]


def test_a_resumed_basket_has_todays_prices(port, folder):
    port.morning()
    port.ok("scan", code=BOOK)
    port.ok("park", title="Waits")
    lay(folder, Promotion(code="N", name="Night", kind="fixed_price", articles=("A3",), amount_minor=999))
    assert port.ok("resume", parked="Waits")["basket"]["total"] == 999


# -- what may be done only once, and was done in another basket meanwhile


def test_goods_that_came_back_meanwhile_do_not_come_back_again(port):
    port.morning("9")
    port.ok("scan", code=BOOK)
    receipt = port.ok("pay")["receipt"]
    port.ok("return", receipt=receipt, lines=[{"line": 1}], reason="defect")
    port.ok("park", title="Waits")
    port.ok("return", receipt=receipt, lines=[{"line": 1}], reason="defect")
    assert port.ok("pay")["total"] == -1999
    assert receipt in port.refused("came_back", "resume", parked="Waits")["error"]["message"]
    assert port.till.desk.sale.is_empty
    assert len(port.ok("parked")["parked"]) == 1, "it waits until somebody drops it"


def test_a_part_that_is_left_may_still_come_back(port):
    port.morning("9")
    port.ok("add", article="A3", quantity="2")
    receipt = port.ok("pay")["receipt"]
    port.ok("return", receipt=receipt, lines=[{"line": 1, "quantity": "1"}], reason="defect")
    port.ok("park", title="Waits")
    port.ok("return", receipt=receipt, lines=[{"line": 1, "quantity": "1"}], reason="defect")
    port.ok("pay")
    port.ok("resume", parked="Waits")
    assert port.ok("pay")["total"] == -1999
    port.refused("nothing_left", "return", receipt=receipt, reason="defect")


def test_goods_of_a_receipt_that_was_voided_meanwhile(port):
    port.morning("9")
    port.ok("scan", code=BOOK)
    receipt = port.ok("pay")["receipt"]
    port.ok("return", receipt=receipt, lines=[{"line": 1}], reason="defect")
    port.ok("park", title="Waits")
    port.ok("void", receipt=receipt, reason="mistake")
    port.refused("receipt_voided", "resume", parked="Waits")


def test_an_open_item_that_was_paid_meanwhile_is_not_paid_again(port):
    port.morning()
    port.ok("pay_open_item", customer="K1", reference="0007-1-000009")
    port.ok("park", title="Waits")
    port.ok("pay_open_item", customer="K1", reference="0007-1-000009")
    port.ok("pay")
    port.refused("item_paid", "resume", parked="Waits")


def test_an_open_item_that_head_office_has_paid_meanwhile(port, folder):
    port.morning()
    port.ok("pay_open_item", customer="K1", reference="0007-1-000009")
    port.ok("park", title="Waits")
    lay(folder, replace(KIM, open_items=()))
    port.refused("item_paid", "resume", parked="Waits")


def test_an_order_that_was_handed_over_meanwhile_is_not_paid_again(port):
    port.morning("9")
    port.ok("take_order", order="SO-1")
    port.ok("park", title="Waits")
    port.ok("take_order", order="SO-1")
    port.ok("pay")
    port.refused("order_changed", "resume", parked="Waits")


def test_a_deposit_that_was_taken_meanwhile_is_not_taken_again(port):
    port.morning("9")
    port.ok("take_order", order="SO-1", deposit=500)
    port.ok("park", title="Waits")
    port.ok("take_order", order="SO-1", deposit=500)
    port.ok("pay")
    port.refused("order_changed", "resume", parked="Waits")


def test_an_order_that_nobody_touched_is_taken_up_as_it_was(port):
    port.morning("9")
    port.ok("take_order", order="SO-1")
    port.ok("park", title="Waits")
    assert port.ok("resume", parked="Waits")["basket"]["due"] == 2000
    port.ok("pay")
    assert port.bodies()[-1].order.number == "SO-1"


def test_an_order_is_taken_up_offline_by_the_stores_policy(port, folder):
    """Another till may have handed it over while the basket waited, as while it stood in the list."""
    port.morning()
    port.ok("take_order", order="SO-1")
    port.ok("park", title="Waits")
    change_settings(folder, offline_order_minor_max=100)
    port.refused("needs_supervisor", "resume", parked="Waits")
    change_settings(folder, offline_orders="deny")
    port.refused("offline_denied", "resume", parked="Waits")
    change_settings(folder)
    port.ok("resume", parked="Waits")


def test_a_resumed_basket_has_todays_tax(port, folder):
    """A new rate begins overnight, and the basket waited."""
    port.morning()
    port.ok("scan", code=MILK)
    port.ok("park", title="Waits")
    lay(folder, TaxRate(code="reduced", country="DE", percent=Decimal(5), valid_from=port.till.desk.today()))
    port.ok("resume", parked="Waits")
    port.ok("pay")
    assert [row.percent for row in port.bodies()[-1].taxes] == [Decimal(5)]


def test_a_card_payment_of_a_closed_day_is_not_reversed_from_a_parked_basket(folder, terminal):
    """Fault 47: the terminal's number in the basket is of a day that it has closed since."""
    port = Port(folder, terminal=terminal.url).morning("9")
    port.ok("scan", code=BOOK)
    receipt = port.ok("pay", tender="card")["receipt"]
    port.ok("return", receipt=receipt, reason="defect")
    assert port.till.desk.sale.refunds[0].original
    port.ok("park", title="Waits")
    port.ok("terminal_day")
    port.ok("resume", parked="Waits")
    port.ok("pay", tender="card")
    kinds = [body.kind for body in port.bodies() if type(body).__name__ == "CardIntended"]
    assert kinds == ["payment", "refund"]
    port.close()


def test_a_parked_basket_is_dropped_on_purpose(port):
    port.morning()
    port.ok("scan", code=MILK)
    port.ok("park", title="Gone")
    parked = port.screens.parked
    parked.enter()
    parked.ask_drop(parked.state.rows[0].slot)
    assert "Gone" in parked.state.question
    parked.keep()
    assert len(parked.state.rows) == 1
    parked.ask_drop(parked.state.rows[0].slot)
    parked.drop()
    assert parked.state.rows == ()
    assert isinstance(port.bodies()[-1], SaleDropped)


def test_what_was_asked_comes_back_with_the_basket(port):
    port.morning()
    port.ok("add", article="BE")
    port.ok("park", title="Beer")
    assert port.screens.sale.state.ask is None
    port.ok("resume", parked="Beer")
    assert port.screens.sale.state.ask.kind == "age"
    port.refused("age_open", "pay")


def test_the_thousandth_is_refused_before_it_is_lost(port):
    port.morning()
    for number in range(100):
        port.ok("scan", code=MILK)
        port.ok("park", title=f"Basket {number}")
    port.ok("scan", code=MILK)
    port.refused("too_many_parked", "park", title="one more")
    assert not port.till.desk.sale.is_empty


@pytest.mark.parametrize("step", ["park", "resume"])
def test_a_power_cut_leaves_a_basket_in_one_place(folder, step):
    """Killed at any moment around the change: the basket is in hand or parked, once."""
    till = Process(folder)
    till.ok("sign_in", cashier="1", pin="1111")
    till.ok("open_shift", float=0)
    till.ok("scan", code=MILK)
    if step == "resume":
        till.ok("park", title="Waits")
    till.send(step, **({"title": "Waits"} if step == "park" else {"parked": "Waits"}))
    till.kill()
    again = Port(folder)
    again.ok("sign_in", cashier="1", pin="1111")
    in_hand = len(again.till.desk.sale.basket.lines)
    assert in_hand + len(again.ok("parked")["parked"]) == 1
    again.close()


def test_a_draft_of_the_future_is_passed_over(port):
    """What this program cannot read is not shown, and not deleted either."""
    from till.journal.tables import LIST_DRAFTS, SAVE_DRAFT

    port.morning()
    journal = port.till.desk.parts.journal
    journal.change((SAVE_DRAFT, ("x", "From later", b'{"unreadable": true}', 1)))
    assert port.ok("parked")["parked"] == []
    assert len(journal.rows(LIST_DRAFTS, ("current",))) == 1
    port.refused("unknown_parked", "resume", parked="x")
