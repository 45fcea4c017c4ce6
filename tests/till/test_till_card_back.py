"""Money that goes back to a card, and the terminal's end of day, against the emulator: what moved is what is booked."""

import random

import pytest
from sample_till import BOOK, MILK, Port, change_settings, make_folder
from test_till_paying import CODE, feed_customer, feed_voucher, payments

from till.card.payments import CardOrder


@pytest.fixture
def till(folder, terminal):
    """A supervisor's till; one payment of 1.29 lets it know the terminal."""
    port = Port(folder, terminal=terminal.url).morning(cashier="9")
    port.ok("scan", code=MILK)
    port.ok("pay", tender="card")
    yield port
    port.close()


def journal_card_minor(port):
    sales = [body for body in port.bodies() if type(body).__name__ == "SaleCompleted"]
    return sum(part.amount_minor for sale in sales for part in sale.payments if part.tender == "card")


def charged(terminal):
    return terminal.control("/charges")["charged_minor"]


def give_back(port, **fields):
    port.ok("add", article="A3", quantity="-1")
    return port.do("pay", tender="card", **fields)


# -- refund


def test_a_refund_is_journaled_like_a_payment(till, terminal):
    answer = give_back(till)
    assert payments(answer) == [("card", -1999)]
    intended, answered, sale = till.bodies()[-3:]
    assert (intended.kind, intended.amount_minor) == ("refund", 1999)
    assert (answered.outcome, answered.approved_minor) == ("approved", 1999)
    assert intended.attempt_id == answered.attempt_id == sale.payments[0].card.attempt_id
    assert charged(terminal) == journal_card_minor(till) == 129 - 1999


def test_a_declined_refund_leaves_the_sale_to_be_given_back_in_cash(till, terminal):
    terminal.control("/mode", mode="decline")
    assert give_back(till)["error"]["code"] == "card_declined"
    assert payments(till.ok("pay")) == [("cash", -1999)]
    assert charged(terminal) == 129


MODES = ["drop-at-command", "drop-in-progress", "drop-before-status", "drop-after-status", "drop-after-ack"]


@pytest.mark.parametrize("policy", ["keep", "reverse"])
@pytest.mark.parametrize("mode", [*MODES, "duplicate-result", "wrong-amount", "tip-typed"])
def test_what_went_back_is_booked_wherever_the_line_breaks(till, terminal, mode, policy):
    """Fault 47, I11, for refunds: in the end exactly what the terminal moved stands in the journal."""
    terminal.control("/mode", mode=mode, policy=policy)
    give_back(till)
    terminal.control("/mode", mode="ok")
    settle_the_rest(till)
    assert till.ok("status")["card_in_doubt"] == []
    assert "basket" not in till.ok("status")
    assert journal_card_minor(till) == charged(terminal)


def settle_the_rest(port):
    """Do what a cashier and a supervisor would: ask, settle by the slip, give the rest in cash."""
    for doubt in port.ok("status")["card_in_doubt"]:
        if doubt["kind"] == "wrong_amount" or not port.do("settle_card", attempt=doubt["attempt"])["ok"]:
            port.ok("settle_card", attempt=doubt["attempt"], paid=True)
    if "basket" in port.ok("status"):
        port.ok("pay")


# -- reversal of a part payment


def part_paid(port):
    port.ok("scan", code=BOOK)
    return port.ok("pay", tender="card", amount=1500)


def test_a_card_part_payment_is_reversed_and_gone(till, terminal):
    part_paid(till)
    answer = till.ok("take_back", payment=1)
    assert (answer["payments"], answer["basket"]["due"]) == ([], 1999)
    intended = till.bodies()[-2]
    assert (intended.kind, intended.original) == ("reversal", "0002")
    assert charged(terminal) == 129
    assert till.ok("status")["card_in_doubt"] == []
    assert payments(till.ok("pay")) == [("cash", 1999)]


def test_a_reversal_that_is_declined_leaves_the_payment(till, terminal):
    part_paid(till)
    terminal.control("/mode", mode="decline")
    till.refused("card_declined", "take_back", payment=1)
    assert payments(till.ok("pay")) == [("card", 1500), ("cash", 499)]
    assert charged(terminal) == journal_card_minor(till) == 1629


@pytest.mark.parametrize("policy", ["keep", "reverse"])
@pytest.mark.parametrize("mode", [*MODES, "duplicate-result"])
def test_a_reversal_ends_the_same_at_both_ends(till, terminal, mode, policy):
    """Fault 47: a payment that the terminal took back is off the sale, one that it kept is on it."""
    part_paid(till)
    terminal.control("/mode", mode=mode, policy=policy)
    till.do("take_back", payment=1)
    terminal.control("/mode", mode="ok")
    settle_the_rest(till)
    assert till.ok("status")["card_in_doubt"] == []
    assert journal_card_minor(till) == charged(terminal)


# -- end of day


def test_the_end_of_day_is_held_against_the_journal(till, terminal):
    part_paid(till)
    till.ok("take_back", payment=1)
    till.ok("pay", tender="card")
    give_back(till)
    day = till.ok("terminal_day")
    assert (day["total"], day["expected"], day["difference"]) == (129, 129, 0)
    closed = till.bodies()[-1]
    assert type(closed).__name__ == "TerminalClosed"
    assert (closed.total_minor, closed.expected_minor, closed.cashier) == (129, 129, "9")
    assert till.ok("terminal_day")["expected"] == 0
    till.ok("scan", code=MILK)
    till.ok("pay", tender="card")
    assert till.ok("terminal_day")["expected"] == 129


def test_a_difference_is_said(tmp_path, till, terminal):
    """Money that our journal does not know: another till's payment at the same terminal."""
    make_folder(tmp_path / "other")
    other = Port(tmp_path / "other", terminal=terminal.url).morning()
    other.ok("scan", code=BOOK)
    other.ok("pay", tender="card")
    other.close()
    day = till.ok("terminal_day")
    assert (day["total"], day["expected"], day["difference"]) == (2128, 129, 1999)
    assert day["messages"][0]["code"] == "terminal_difference"


def test_an_end_of_day_without_totals_says_so(till, terminal):
    terminal.control("/mode", mode="no-totals")
    day = till.ok("terminal_day")
    assert (day["total"], day["difference"]) == (None, None)
    assert "compare its slip" in till.bodies()[-1].text


def test_a_sum_below_zero_is_not_taken_for_nothing(till, terminal):
    """The terminal's field for its sum has no sign: more went back than came in, and it says nought."""
    give_back(till)
    day = till.ok("terminal_day")
    assert (day["total"], day["expected"], day["difference"]) == (None, 129 - 1999, None)
    closed = till.bodies()[-1]
    assert (closed.total_minor, closed.expected_minor, closed.count) == (129 - 1999, 129 - 1999, 2)
    assert "compare its slip" in closed.text


def test_what_was_reversed_is_not_counted_by_every_terminal(till, terminal):
    """This one leaves out a payment and its reversal: two approvals less than our journal has."""
    till.ok("scan", code=BOOK)
    till.ok("pay", tender="card", amount=1500)
    till.ok("take_back", payment=1)
    till.ok("pay")
    give_back(till)
    day = till.ok("terminal_day")
    assert (day["total"], day["expected"]) == (None, 129 - 1999)
    assert till.bodies()[-1].count == 2


def test_nought_from_a_terminal_that_counts_otherwise_is_a_difference(tmp_path, till, terminal):
    make_folder(tmp_path / "other")
    other = Port(tmp_path / "other", terminal=terminal.url).morning(cashier="9")
    give_back(other)
    other.close()
    give_back(till)
    day = till.ok("terminal_day")
    assert (day["total"], day["expected"], day["difference"]) == (0, 129 - 1999, 1999 - 129)


def test_no_end_of_day_while_the_end_of_a_payment_is_in_doubt(till, terminal):
    """Head office would hold it against a day that it is not in."""
    terminal.control("/mode", mode="tip-typed")
    till.ok("scan", code=BOOK)
    till.refused("wrong_amount", "pay", tender="card")
    terminal.control("/mode", mode="ok")
    till.refused("card_in_doubt_today", "terminal_day")
    assert "TerminalClosed" not in till.types()
    settle_the_rest(till)
    day = till.ok("terminal_day")
    assert (day["total"], day["difference"]) == (journal_card_minor(till), 0)


@pytest.mark.parametrize("mode", ["mute-payment", "drop-at-command", "busy", "decline"])
def test_an_end_of_day_that_fails_changes_nothing_and_can_be_repeated(folder, till, terminal, mode):
    terminal.control("/mode", mode=mode)
    events = len(till.bodies())
    assert not till.do("terminal_day")["ok"]
    assert len(till.bodies()) == events
    terminal.control("/mode", mode="ok")
    assert till.ok("terminal_day")["total"] == 129


def test_no_end_of_day_while_the_sale_in_hand_holds_a_card_payment(till, terminal):
    """Its receipt comes after the terminal's day is closed: head office would compare it with the wrong day."""
    part_paid(till)
    till.refused("card_in_hand", "terminal_day")
    assert "TerminalClosed" not in till.types()
    assert payments(till.ok("pay")) == [("card", 1500), ("cash", 499)]
    day = till.ok("terminal_day")
    assert (day["total"], day["difference"]) == (1629, 0)


def test_no_end_of_day_when_a_doubt_turns_out_to_be_the_payment_of_the_sale_in_hand(till, terminal, tmp_path):
    """The terminal is asked what it took before it closes its day, and then that may belong to the sale."""
    till.ok("scan", code=BOOK)
    desk = till.till.desk
    desk.parts.cards._intend(desk.sale, CardOrder(amount_minor=1500))  # a till that died right after the intent
    make_folder(tmp_path / "beside")
    beside = Port(tmp_path / "beside", terminal=terminal.url).morning()
    beside.ok("scan", code=BOOK)
    beside.ok("pay", tender="card", amount=1500)  # what the terminal took is all the same to it
    beside.close()
    till.refused("card_in_hand", "terminal_day")
    assert payments(till.ok("pay")) == [("card", 1500), ("cash", 499)]
    assert till.ok("terminal_day")["expected"] == 1629


def test_the_end_of_day_needs_the_right(folder, terminal):
    port = Port(folder, terminal=terminal.url).morning()
    port.refused("needs_supervisor", "terminal_day")
    port.close()


def test_a_till_without_a_terminal_closes_none(port):
    port.morning(cashier="9")
    port.refused("no_end_of_day", "terminal_day")


def test_slips_that_the_terminal_leaves_are_printed(folder, terminal, printer):
    port = Port(folder, terminal=terminal.url, printer=printer.url).morning()
    terminal.control("/mode", mode="print-lines")
    port.ok("scan", code=MILK)
    port.ok("pay", tender="card")
    assert port.ok("status")["print_queue"] == []
    papers = [path.read_text() for path in sorted(printer.folder.glob("*.txt"))]
    assert len(papers) > 1
    assert not any("4771" in paper for paper in papers)
    port.close()


def test_a_tip_is_part_of_what_the_card_pays(folder, terminal):
    """This terminal knows no tips: the till adds them before it asks."""
    change_settings(folder, tips=True)
    port = Port(folder, terminal=terminal.url).morning()
    port.ok("scan", code=BOOK)
    answer = port.ok("pay", tender="card", tip=201)
    assert payments(answer) == [("card", 2200)]
    intended = port.bodies()[-3]
    assert (intended.amount_minor, intended.tip_minor) == (2200, 201)
    assert charged(terminal) == 2200
    port.close()


def test_a_void_of_card_and_rounded_cash_ends_by_itself(folder, terminal):
    """What cash rounding took or gave is taken back with it: nothing is left to press."""
    change_settings(folder, cash_step_minor=5)
    port = Port(folder, terminal=terminal.url).morning(cashier="9")
    port.ok("scan", code=BOOK)
    port.ok("pay", tender="card", amount=1001)
    sold = port.ok("pay")
    assert sold["rounding"] == 2
    voided = port.ok("void", receipt=sold["receipt"], reason="wrong customer")
    assert "basket" not in voided
    body = port.bodies()[-1]
    assert (body.voids.receipt, body.total_minor, body.cash_rounding_minor) == (sold["receipt"], -1999, -2)
    assert sorted((part.tender, part.amount_minor) for part in body.payments) == [("card", -1001), ("cash", -1000)]
    assert charged(terminal) == 0
    port.close()


def test_goods_of_a_split_with_rounding_come_back_the_way_they_were_paid(folder, terminal):
    """Card and rounded cash, and the goods back: the card gets its part whole, cash is rounded as it was."""
    change_settings(folder, cash_step_minor=5)
    port = Port(folder, terminal=terminal.url).morning(cashier="9")
    port.ok("scan", code=BOOK)
    port.ok("pay", tender="card", amount=1001)
    receipt = port.ok("pay")["receipt"]
    port.ok("return", receipt=receipt, reason="defect")
    port.ok("pay", tender="card", amount=1001)
    assert payments(port.ok("pay")) == [("card", -1001), ("cash", -1000)]
    assert port.bodies()[-1].cash_rounding_minor == -2
    assert charged(terminal) == 0
    port.close()


@pytest.mark.parametrize("seed", range(12))
def test_any_split_is_voided_to_nothing(folder, terminal, seed):
    """Whatever paid a receipt, in whatever parts and with whatever rounding: its void takes back exactly that."""
    chance = random.Random(seed)
    change_settings(folder, cash_step_minor=chance.choice([1, 5, 10]), tips=True)
    feed_voucher(folder, balance_minor=500)
    feed_customer(folder, credit_limit_minor=100_000)
    port = Port(folder, terminal=terminal.url).morning(cashier="9", float_minor=50_000)
    port.ok("scan", code=chance.choice([BOOK, MILK]))
    port.ok("scan", code=BOOK)
    port.ok("customer", number="C1")
    if chance.random() < 0.5:
        port.ok("tip", amount=chance.randrange(1, 300))
    tenders = [
        {"tender": "cash"},
        {"tender": "card"},
        {"tender": "account"},
        {"tender": "card_manual", "card_type": "Visa"},
        {"tender": "voucher", "code": CODE},
    ]
    for part in chance.sample(tenders, chance.randrange(len(tenders))):
        port.ok("pay", **part, amount=chance.randrange(1, 400))
    sold = port.ok("pay", **chance.choice(tenders[:1] + tenders[2:4]))
    port.ok("void", receipt=sold["receipt"], reason="all of it")
    assert "basket" not in port.ok("status")
    sums = {}
    for body in port.bodies():
        if type(body).__name__ == "SaleCompleted":
            for part in body.payments:
                sums[part.tender, part.reference] = sums.get((part.tender, part.reference), 0) + part.amount_minor
    assert set(sums.values()) == {0}
    assert charged(terminal) == 0
    port.close()
