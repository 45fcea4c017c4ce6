"""Card payments against the terminal emulator: every way it can end, and what the journal then says (fault 47, 48)."""

import threading
import time

import pytest
from sample_till import BOOK, MILK, Port, change_settings

from till.card.payments import CardOrder
from till.runner import ThreadRunner


def paying(folder, terminal, *, prime=True, cashier="1"):
    port = Port(folder, terminal=terminal.url).morning(cashier=cashier)
    if prime:
        port.ok("scan", code=MILK)
        port.ok("pay", tender="card")
    port.ok("scan", code=BOOK)
    return port


def booked(port):
    sales = [body for body in port.bodies() if type(body).__name__ == "SaleCompleted"]
    return sum(part.amount_minor for sale in sales for part in sale.payments if part.tender == "card")


def test_intent_is_journaled_first_and_the_answer_before_the_sale(folder, terminal):
    port = paying(folder, terminal, prime=False)
    answer = port.ok("pay", tender="card")
    assert port.types()[-3:] == ["CardIntended", "CardAnswered", "SaleCompleted"]
    intended, answered, sale = port.bodies()[-3:]
    assert intended.attempt_id == answered.attempt_id == sale.payments[0].card.attempt_id
    assert (answered.outcome, answered.approved_minor) == ("approved", 1999)
    assert answer["payments"][0]["terminal_receipt"]
    assert terminal.control("/charges")["charged_minor"] == 1999
    assert port.ok("status")["card_in_doubt"] == []
    port.close()


def test_a_declined_card_leaves_the_sale_to_pay(folder, terminal):
    terminal.control("/mode", mode="decline")
    port = paying(folder, terminal, prime=False)
    answer = port.refused("card_declined", "pay", tender="card")
    assert answer["basket"]["due"] == 1999
    assert port.ok("pay")["payments"][0]["tender"] == "cash"
    assert booked(port) == 0
    port.close()


@pytest.mark.parametrize("mode", ["busy", "abort-only"])
def test_nothing_is_left_in_doubt_when_the_terminal_never_took_it(folder, terminal, mode):
    """Fault 48: a clear message, no open intent, cash can be taken at once."""
    terminal.control("/mode", mode=mode)
    port = paying(folder, terminal, prime=False)
    answer = port.do("pay", tender="card")
    assert not answer["ok"]
    assert port.ok("status")["card_in_doubt"] == []
    assert port.bodies()[-1].outcome in ("not_booked", "cancelled")
    port.ok("pay")
    port.close()


def test_a_terminal_that_is_off_costs_a_message(folder, terminal):
    terminal.stop()
    port = paying(folder, terminal, prime=False)
    began = time.monotonic()
    answer = port.do("pay", tender="card")
    assert time.monotonic() - began < 10
    assert answer["error"]["code"].startswith("terminal_")
    assert port.ok("status")["card_in_doubt"] == []
    port.ok("pay")
    port.close()


def test_less_than_asked_is_a_part_payment(folder, terminal):
    """Fault 47, wrong amount echoed: what the terminal approved counts, the rest stays due."""
    port = paying(folder, terminal)
    terminal.control("/mode", mode="wrong-amount")
    answer = port.ok("pay", tender="card")
    assert answer["messages"][0]["code"] == "card_part"
    assert answer["basket"]["due"] == 1
    assert port.ok("status")["card_in_doubt"] == []
    answer = port.ok("pay")
    assert [(part["tender"], part["amount"]) for part in answer["payments"]] == [("card", 1998), ("cash", 1)]
    assert booked(port) == terminal.control("/charges")["charged_minor"]
    port.close()


def more_than_asked(folder, terminal, **settings):
    """The customer typed a tip at the terminal, or it erred: 2.00 more than asked."""
    change_settings(folder, **settings)
    port = paying(folder, terminal)
    terminal.control("/mode", mode="tip-typed")
    answer = port.refused("wrong_amount", "pay", tender="card")
    assert answer["basket"]["due"] == 1999
    (doubt,) = port.ok("status")["card_in_doubt"]
    assert (doubt["kind"], doubt["amount"]) == ("wrong_amount", 2199)
    port.refused("card_in_doubt", "pay")
    port.refused("needs_supervisor", "settle_card", attempt=doubt["attempt"], paid=True)
    port.ok("supervisor", pin="9999")
    return port, doubt["attempt"]


def test_more_than_asked_waits_for_a_supervisor_and_is_given_back(folder, terminal):
    """Fault 47: not booked silently; all of it counts once it is settled, and the difference goes back in cash."""
    port, attempt = more_than_asked(folder, terminal)
    settled = port.ok("settle_card", attempt=attempt, paid=True)
    assert (settled["card_in_doubt"], settled["basket"]["due"]) == ([], -200)
    answer = port.ok("pay")
    assert [(part["tender"], part["amount"]) for part in answer["payments"]] == [("card", 2199), ("cash", -200)]
    assert answer["change"] == 200
    assert booked(port) == terminal.control("/charges")["charged_minor"]
    port.close()


def test_more_than_asked_can_be_a_tip(folder, terminal):
    port, attempt = more_than_asked(folder, terminal, tips=True)
    settled = port.ok("settle_card", attempt=attempt, paid=True, tip=True)
    assert settled["basket"]["due"] == 0
    answer = port.ok("pay")
    assert (answer["total"], [part["amount"] for part in answer["payments"]]) == (2199, [2199])
    sale = port.bodies()[-1]
    assert [(line.kind, line.total_minor, line.tax_code) for line in sale.lines][1:] == [("tip", 200, "none")]
    assert booked(port) == terminal.control("/charges")["charged_minor"]
    port.close()


def test_a_store_without_tips_books_none(folder, terminal):
    port, attempt = more_than_asked(folder, terminal)
    port.refused("no_tips", "settle_card", attempt=attempt, paid=True, tip=True)
    port.close()


def test_the_terminal_is_silent_and_a_person_decides(folder, terminal):
    """In doubt, the terminal gone for good: the supervisor's word closes it, and the sale goes on with cash."""
    port = paying(folder, terminal, cashier="9")
    terminal.control("/mode", mode="drop-before-status")
    killer = threading.Timer(0.05, terminal.stop)
    killer.start()
    answer = port.do("pay", tender="card")
    killer.join()
    assert not answer["ok"]
    doubts = port.ok("status")["card_in_doubt"]
    if doubts:  # it died before or after it had taken the request
        port.refused("card_in_doubt", "cancel")
        port.ok("settle_card", attempt=doubts[0]["attempt"], paid=False)
        assert port.bodies()[-1].decided_by == "9"
    port.ok("pay")
    assert port.ok("status")["card_in_doubt"] == []
    port.close()


def test_card_and_cash_share_a_sale(folder, terminal):
    port = paying(folder, terminal, prime=False)
    port.refused("bad_amount", "pay", tender="card", amount=2000)
    assert port.ok("pay", tender="card", amount=1500)["basket"]["due"] == 499
    port.refused("sale_part_paid", "scan", code=MILK)
    port.refused("sale_part_paid", "cancel")
    port.refused("sale_part_paid", "close_shift", counted=0)
    answer = port.ok("pay", amount=500)
    assert answer["change"] == 1
    assert [(part["tender"], part["amount"]) for part in answer["payments"]] == [("card", 1500), ("cash", 499)]
    port.close()


def test_a_payment_can_be_cancelled_and_shows_the_terminals_words(folder, terminal):
    """The screen's way: the payment runs beside the screen's thread, words arrive, cancel ends it."""
    terminal.control("/mode", mode="never-card")
    port = paying(folder, terminal, prime=False)
    calls = []
    runner = ThreadRunner(calls.append)
    port.till.desk.runner = runner
    pay = port.screens.pay

    def settle(condition, seconds=10.0):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline
            while calls:
                calls.pop(0)()
            time.sleep(0.01)

    port.screens.sale.pay()
    pay.card()
    assert pay.state.busy
    settle(lambda: "Karte" in pay.state.terminal_text or "ard" in pay.state.terminal_text)
    pay.cash(5000)  # a touch while the terminal works does nothing
    assert pay.state.busy
    assert pay.state.may_cancel
    pay.cancel_card()
    settle(lambda: not pay.state.busy)
    assert any(message.code == "card_cancelled" for message in port.stage.said)
    assert port.till.desk.sale.payments == ()
    pay.cash(2000)
    settle(lambda: port.till.desk.finished is not None)
    assert port.till.desk.finished.change_minor == 1
    runner.stop()
    port.close()


def test_a_terminal_that_cannot_be_asked_leaves_the_sale_usable(folder, terminal):
    """Asking in vain changes nothing: the doubt stays listed, the basket is free, a person can still settle it."""
    port = paying(folder, terminal, cashier="9")
    terminal.control("/mode", mode="mute-payment")
    cards = port.till.desk.parts.cards
    cards._intend(port.till.desk.sale, CardOrder(amount_minor=1999))  # a till that died right after the intent
    terminal.stop()
    (doubt,) = port.ok("status")["card_in_doubt"]
    assert not port.do("settle_card", attempt=doubt["attempt"])["ok"]
    assert [each["kind"] for each in port.ok("status")["card_in_doubt"]] == ["unanswered"]
    port.ok("change", line=1, note="still mine")
    port.ok("settle_card", attempt=doubt["attempt"], paid=True)
    port.refused("unknown_attempt", "settle_card", attempt=doubt["attempt"], paid=True)
    answer = port.ok("pay")
    assert [(part["tender"], part["amount"]) for part in answer["payments"]] == [("card", 1999)]
    port.close()


def test_settling_by_hand_does_not_turn_back_what_is_known_of_the_terminal(folder, terminal):
    """The baseline is the last transaction that we know; an old attempt's one would match a wrong payment."""
    port = paying(folder, terminal, cashier="9")
    cards = port.till.desk.parts.cards
    cards._intend(port.till.desk.sale, CardOrder(amount_minor=1999))
    (doubt,) = port.ok("status")["card_in_doubt"]
    journal = port.till.desk.parts.journal
    journal.change(("UPDATE terminal_baseline SET baseline = 'later'", ()))
    port.ok("settle_card", attempt=doubt["attempt"], paid=False)
    assert journal.rows("SELECT baseline FROM terminal_baseline") == [("later",)]
    port.close()
