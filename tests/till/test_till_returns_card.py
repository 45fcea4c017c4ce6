"""Returns and voids of card payments against the terminal emulator: what goes back to the card is what is booked."""

from decimal import Decimal

import pytest
from sample_goods import lay
from sample_till import BOOK, BREAD, MILK, Port, Process, make_folder
from test_till_card_back import charged, journal_card_minor, settle_the_rest
from test_till_card_crash import journaled_card_minor, supervised
from test_till_paying import payments

from schema.catalogue import PastLine, PastPayment, PastReceipt

MODES = ["drop-at-command", "drop-in-progress", "drop-before-status", "drop-after-status", "drop-after-ack"]


@pytest.fixture(autouse=True)
def no_process_left():
    yield
    for process in Process.running:
        process.kill()
    Process.running.clear()


@pytest.fixture
def till(folder, terminal):
    port = Port(folder, terminal=terminal.url).morning(cashier="9")
    port.ok("scan", code=MILK)
    port.ok("pay", tender="card")
    yield port
    port.close()


def sell(port, *, cash=0):
    port.ok("scan", code=BOOK)
    if cash:
        port.ok("pay", amount=cash)
    return port.ok("pay", tender="card")["receipt"]


def kinds(port):
    return [body.kind for body in port.bodies() if type(body).__name__ == "CardIntended"]


def test_the_void_of_todays_card_payment_is_reversed_at_the_terminal(till, terminal):
    answer = till.ok("void", receipt=sell(till), reason="mistake")
    assert payments(answer) == [("card", -1999)]
    assert kinds(till)[-1] == "reversal"
    assert till.bodies()[-1].voids.reason == "mistake"
    assert charged(terminal) == journal_card_minor(till) == 129


def test_the_void_of_a_split_gives_each_part_back_its_way(till, terminal):
    answer = till.ok("void", receipt=sell(till, cash=500), reason="mistake")
    assert payments(answer) == [("cash", -500), ("card", -1499)]
    assert charged(terminal) == journal_card_minor(till) == 129


def test_a_refused_reversal_is_said_and_cash_offered_with_a_right(till, terminal):
    receipt = sell(till)
    terminal.control("/mode", mode="decline")
    answer = till.refused("card_declined", "void", receipt=receipt, reason="mistake")
    assert answer["basket"]["due"] == -1999
    assert till.stage.screen == "pay"
    assert payments(till.ok("pay", tender="cash")) == [("cash", -1999)]  # a supervisor is signed in
    assert till.bodies()[-1].voids.receipt == receipt
    assert charged(terminal) == 129 + 1999  # the terminal keeps it; the customer has cash


def test_after_the_terminals_end_of_day_a_payment_is_refunded(till, terminal):
    """Fault 47: under the same number the terminal may know another customer's payment on its next day."""
    receipt = sell(till)
    till.ok("terminal_day")
    assert payments(till.ok("void", receipt=receipt, reason="mistake")) == [("card", -1999)]
    assert kinds(till)[-1] == "refund"
    assert charged(terminal) == journal_card_minor(till) == 129


def test_goods_that_wait_in_the_basket_are_refunded_after_the_terminals_end_of_day(folder, till, terminal):
    """Fault 47: the number that the basket remembers is the closed day's."""
    till.ok("return", receipt=sell(till), reason="defect")
    till.ok("terminal_day")
    till.close()
    again = Port(folder, terminal=terminal.url)
    again.ok("sign_in", cashier="9", pin="9999")
    assert payments(again.ok("pay", tender="card")) == [("card", -1999)]
    assert kinds(again)[-1] == "refund"
    assert "reversal" not in kinds(again)
    assert charged(terminal) == journal_card_minor(again) == 129
    again.close()


def test_a_refused_reversal_goes_on_as_a_refund(till, terminal, folder):
    """The terminal's day was closed at the terminal itself: this till cannot know."""
    receipt = sell(till)
    closes_its_day(folder, terminal)
    assert payments(till.ok("void", receipt=receipt, reason="mistake")) == [("card", -1999)]
    assert kinds(till)[-2:] == ["reversal", "refund"]
    assert till.bodies()[-1].voids.receipt == receipt
    assert charged(terminal) == journal_card_minor(till) == 129


def closes_its_day(folder, terminal):
    """Let another till at the same terminal close the terminal's day."""
    make_folder(folder.parent / "beside")
    beside = Port(folder.parent / "beside", terminal=terminal.url).morning(cashier="9")
    beside.ok("terminal_day")
    beside.close()


def test_two_equal_card_payments_are_reversed_one_after_the_other(till, terminal):
    till.ok("scan", code=BOOK)
    till.ok("scan", code=MILK)
    till.ok("pay", tender="card", amount=1064)
    receipt = till.ok("pay", tender="card")["receipt"]
    till.ok("void", receipt=receipt, reason="mistake")
    assert payments(till.ok("pay", tender="card")) == [("card", -1064), ("card", -1064)]
    assert kinds(till)[-2:] == ["reversal", "reversal"]
    originals = [body.original for body in till.bodies() if type(body).__name__ == "CardIntended"][-2:]
    assert len(set(originals)) == 2
    assert charged(terminal) == journal_card_minor(till) == 129


def test_a_refused_reversal_is_not_asked_for_again_after_a_start(folder, terminal):
    """What the terminal refused is on the disk with the sale."""
    port = Port(folder, terminal=terminal.url).morning(cashier="9")
    receipt = sell(port)
    terminal.control("/mode", mode="decline")
    port.refused("card_declined", "void", receipt=receipt, reason="mistake")
    assert kinds(port) == ["payment", "reversal", "refund"]
    port.close()
    terminal.control("/mode", mode="ok")
    port = Port(folder, terminal=terminal.url)
    port.ok("sign_in", cashier="9", pin="9999")
    assert payments(port.ok("pay", tender="card")) == [("card", -1999)]
    assert kinds(port) == ["payment", "reversal", "refund", "refund"]
    assert charged(terminal) == journal_card_minor(port) == 0
    port.close()


def test_another_tills_payment_is_never_reversed_here(till, terminal, folder):
    """Its terminal counts by itself: this one knows another customer's payment under the same number."""
    own = sell(till)
    number = till.till.desk.parts.receipts.find(own).past.payments[0].original
    assert number
    there = PastReceipt(
        receipt="0007-9-000001",
        store="0007",
        till_id="till-9",
        day=till.till.desk.today().isoformat(),
        currency="EUR",
        total_minor=1999,
        lines=(
            PastLine(
                line=1,
                article="A3",
                name="Book",
                unit="piece",
                quantity=Decimal(1),
                unit_price_minor=1999,
                total_minor=1999,
                tax_code="standard",
                tax_percent=Decimal(19),
            ),
        ),
        payments=(PastPayment(tender="card", amount_minor=1999, original=number),),
    )
    lay(folder, there)
    back = till.ok("return", receipt="0007-9-000001", reason="defect", refund="card")
    assert (payments(back), kinds(till)[-1]) == ([("card", -1999)], "refund")


def test_a_cashier_needs_a_supervisor_for_cash_instead(folder, terminal):
    port = Port(folder, terminal=terminal.url).morning()
    receipt = sell(port)
    terminal.control("/mode", mode="decline")
    port.ok("supervisor", pin="9999")
    port.refused("card_declined", "void", receipt=receipt, reason="mistake")
    port.refused("needs_supervisor", "pay", tender="cash")
    port.ok("supervisor", pin="9999")
    port.ok("pay", tender="cash")
    port.close()


def test_without_its_terminal_the_void_waits_on_the_pay_screen(folder, terminal):
    port = Port(folder, terminal=terminal.url).morning(cashier="9")
    receipt = sell(port)
    port.close()
    port = Port(folder)
    port.ok("sign_in", cashier="9", pin="9999")
    assert port.ok("void", receipt=receipt, reason="mistake")["basket"]["due"] == -1999
    port.ok("pay", tender="card_manual", card_type="Visa")
    assert port.bodies()[-1].payments[0].tender == "card_manual"
    port.close()


def test_goods_that_come_back_whole_today_are_reversed_a_part_is_refunded(till, terminal):
    whole = till.ok("return", receipt=sell(till), reason="defect", refund="card")
    assert (payments(whole), kinds(till)[-1]) == ([("card", -1999)], "reversal")
    till.ok("scan", code=BREAD)
    till.ok("scan", code=BOOK)
    receipt = till.ok("pay", tender="card")["receipt"]
    part = till.ok("return", receipt=receipt, lines=[{"line": 1}], reason="defect", refund="card")
    assert (payments(part), kinds(till)[-1]) == ([("card", -349)], "refund")
    assert charged(terminal) == journal_card_minor(till) == 129 + 1999


@pytest.mark.parametrize("policy", ["keep", "reverse"])
@pytest.mark.parametrize("mode", MODES)
def test_a_void_is_booked_as_the_terminal_ended_it_wherever_the_line_breaks(till, terminal, mode, policy):
    """Fault 47, I11, for voids: the counter-receipt is made once, and its card money is what moved."""
    receipt = sell(till)
    terminal.control("/mode", mode=mode, policy=policy)
    till.do("void", receipt=receipt, reason="mistake")
    terminal.control("/mode", mode="ok")
    settle_the_rest(till)
    assert till.ok("status")["card_in_doubt"] == []
    assert "basket" not in till.ok("status")
    assert journal_card_minor(till) == charged(terminal)
    assert [body.voids.receipt for body in till.bodies() if getattr(body, "voids", None)] == [receipt]


def test_killed_while_the_terminal_reverses_the_void_is_finished_after_the_start(folder, terminal):
    """kill -9 between the order to the terminal and its answer: the void is in hand again, its money found."""
    process = supervised(folder, terminal)
    process.ok("scan", code=BOOK)
    receipt = process.ok("pay", tender="card")["receipt"]
    terminal.control("/mode", card_delay_s=1.0)
    process.send("void", receipt=receipt, reason="mistake")
    _wait_for(terminal, "reversal")
    process.kill()
    terminal.control("/mode", card_delay_s=0.1)
    process = supervised(folder, terminal)
    for doubt in process.ok("status")["card_in_doubt"]:
        process.do("settle_card", attempt=doubt["attempt"])
    if "basket" in process.ok("status"):
        process.ok("pay")
    process.kill()
    assert journaled_card_minor(folder) == charged(terminal)
    port = Port(folder)
    voids = [body for body in port.bodies() if getattr(body, "voids", None)]
    assert [void.voids.receipt for void in voids] == [receipt]
    assert voids[0].total_minor == -1999
    port.close()


def _wait_for(terminal, kind):
    import time

    end = time.monotonic() + 10
    while not terminal.control("/state")["asked"].get(kind, 0):
        assert time.monotonic() < end, terminal.control("/state")
        time.sleep(0.02)
