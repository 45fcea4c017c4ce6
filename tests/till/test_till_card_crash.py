"""kill -9 at every step of a split payment, a refund and a reversal: what moved at the terminal is what is booked.

The till and the terminal are processes and sockets of their own (fault 47; I1, I11).
"""

import os
import signal

import pytest
from sample_till import BOOK, MILK, Process
from test_till_card_back import charged
from test_till_crash import count, eventually, found_paid
from test_till_paying import CODE, feed_voucher, payments

from till.journal.verify import check_folder


@pytest.fixture(autouse=True)
def no_process_left():
    yield
    for process in Process.running:
        process.kill()
    Process.running.clear()


def supervised(folder, terminal):
    """A supervisor's till whose terminal it knows by a payment of 1.29."""
    process = Process(folder, terminal=terminal.url)
    process.ok("sign_in", cashier="9", pin="9999")
    if not count(folder, "shift.opened"):
        process.ok("open_shift", float=10000)
    return process


def primed(folder, terminal):
    process = supervised(folder, terminal)
    process.ok("scan", code=MILK)
    process.ok("pay", tender="card")
    return process


def journaled_card_minor(folder):
    """What the till's journal says that cards paid, over all receipts."""
    from sample_till import Port

    port = Port(folder)
    sales = [body for body in port.bodies() if type(body).__name__ == "SaleCompleted"]
    port.close()
    return sum(part.amount_minor for sale in sales for part in sale.payments if part.tender == "card")


def asked(terminal, kind):
    return terminal.control("/state")["asked"].get(kind, 0)


def test_a_split_of_many_tenders_survives_a_kill_after_every_part(folder, terminal):
    """Each part that was answered is there after the kill, none twice; the receipt is made once."""
    feed_voucher(folder, balance_minor=500)
    steps = [
        {"tender": "cash", "amount": 100},
        {"tender": "voucher", "code": CODE},
        {"tender": "card_manual", "card_type": "Visa", "amount": 200},
        {"tender": "card", "amount": 700},
    ]
    process = primed(folder, terminal)
    process.ok("scan", code=BOOK)
    taken = []
    for step in steps:
        answer = process.ok("pay", **step)
        taken = payments(answer)
        process.kill()
        process = supervised(folder, terminal)
        status = process.ok("status")
        assert (status["card_in_doubt"], status["basket"]["paid"]) == ([], sum(amount for _, amount in taken))
    assert taken == [("cash", 100), ("voucher", 500), ("card_manual", 200), ("card", 700)]
    # One part is taken back, and that survives too.
    process.ok("take_back", payment=3)
    process.kill()
    process = supervised(folder, terminal)
    assert process.ok("status")["basket"]["due"] == 1999 - 1300
    answer = process.ok("pay")
    assert payments(answer) == [("cash", 100), ("voucher", 500), ("card", 700), ("cash", 699)]
    process.finish()
    assert check_folder(folder).holds
    assert journaled_card_minor(folder) == charged(terminal) == 829


def stopped_at(process, terminal, kind, moved_minor, command):
    """Let the till ask for something, stop it when the terminal has it, kill it when the money has moved."""
    before = asked(terminal, kind)
    process.send(*command[0], **command[1])
    eventually(lambda: asked(terminal, kind) > before)
    os.kill(process._process.pid, signal.SIGSTOP)
    eventually(lambda: charged(terminal) == moved_minor)
    process.kill()


def test_a_refund_that_went_out_before_the_kill_is_found(folder, terminal):
    terminal.control("/mode", card_delay_s=0.6)
    process = primed(folder, terminal)
    process.ok("add", article="A3", quantity="-1")
    stopped_at(process, terminal, "refund", 129 - 1999, (("pay",), {"tender": "card"}))
    assert count(folder, "card.answered") == 1
    assert found_paid(folder, terminal)["basket"]["due"] == 0
    process = supervised(folder, terminal)
    assert payments(process.ok("pay")) == [("card", -1999)]
    process.finish()
    assert asked(terminal, "refund") == 1
    assert journaled_card_minor(folder) == charged(terminal) == 129 - 1999


def test_a_refund_that_never_went_out_is_given_once(folder, terminal):
    """Killed while the terminal waits for the card: nothing moved, and the next attempt moves it once."""
    process = primed(folder, terminal)
    terminal.control("/mode", mode="never-card")
    process.ok("add", article="A3", quantity="-1")
    process.send("pay", tender="card")
    eventually(lambda: asked(terminal, "refund") == 1)
    process.kill()
    terminal.control("/mode", mode="ok", patience_s=0.2)
    assert found_paid(folder, terminal)["basket"]["due"] == -1999
    process = supervised(folder, terminal)
    assert payments(process.ok("pay", tender="card")) == [("card", -1999)]
    process.finish()
    assert journaled_card_minor(folder) == charged(terminal) == 129 - 1999


def test_a_reversal_that_went_out_before_the_kill_takes_the_payment_off(folder, terminal):
    process = primed(folder, terminal)
    process.ok("scan", code=BOOK)
    process.ok("pay", tender="card", amount=1500)
    # Its answer is lost with the till: the terminal has reversed, the till has heard nothing.
    terminal.control("/mode", mode="half-open")
    process.send("take_back", payment=1)
    eventually(lambda: asked(terminal, "reversal") == 1)
    process.kill()
    terminal.control("/mode", mode="ok")
    status = found_paid(folder, terminal)
    moved = charged(terminal)
    assert status["basket"]["due"] == (1999 if moved == 129 else 499)
    process = supervised(folder, terminal)
    process.ok("pay")
    process.finish()
    assert journaled_card_minor(folder) == moved


def test_an_end_of_day_that_was_killed_is_asked_for_again(folder, terminal):
    process = primed(folder, terminal)
    terminal.control("/mode", mode="mute-payment")
    process.send("terminal_day")
    eventually(lambda: asked(terminal, "end_of_day") == 1)
    process.kill()
    assert count(folder, "terminal.closed") == 0
    terminal.control("/mode", mode="ok")
    process = supervised(folder, terminal)
    day = eventually(lambda: _unless_unready(process.do("terminal_day")), 30)
    assert (day["total"], day["expected"]) == (129, 129)
    process.finish()
    assert count(folder, "terminal.closed") == 1


def _unless_unready(answer):
    return answer if answer["ok"] else None
