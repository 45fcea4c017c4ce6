"""A terminal that is mute, half-open, late or breaks off, seen from the till: in the end charged = booked (fault 47).

The driver is the real one with short deadlines; the sockets are real. What the terminal's memory cannot prove is
settled as a person would, by the terminal's slip, which here is the emulator's list of charges.
"""

import pytest
from sample_till import BOOK, MILK, Port

from hardware.terminal.zvt import ZvtTerminal
from hardware.terminal.zvt_conversation import Deadlines

SHORT = Deadlines(connect_s=1.0, reply_s=0.6, progress_s=0.8, payment_s=3.0, register_s=1.5, recover_s=2.0, abort_s=0.5)
MODES = [
    "mute",
    "mute-payment",
    "half-open",
    "late",
    "drop-registration",
    "drop-at-command",
    "drop-after-taking",
    "drop-in-progress",
    "drop-in-print",
]


@pytest.fixture
def till(folder, terminal):
    port = Port(folder, terminal=terminal.url).morning(cashier="9")
    port.till.desk.parts.cards._terminal = ZvtTerminal("127.0.0.1", terminal.port, deadlines=SHORT)
    port.ok("scan", code=MILK)
    port.ok("pay", tender="card")
    yield port
    port.close()


def moved(terminal):
    """What the terminal's own list says: the slip that a person would look at."""
    return terminal.control("/charges")["charged_minor"]


def settle_by_slip(port, terminal, before_minor):
    for doubt in port.ok("status")["card_in_doubt"]:
        if not port.do("settle_card", attempt=doubt["attempt"])["ok"] or port.ok("status")["card_in_doubt"]:
            port.ok("settle_card", attempt=doubt["attempt"], paid=moved(terminal) != before_minor)


def journaled(port):
    sales = [body for body in port.bodies() if type(body).__name__ == "SaleCompleted"]
    return sum(part.amount_minor for sale in sales for part in sale.payments if part.tender == "card")


@pytest.mark.parametrize("policy", ["keep", "reverse"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ["payment", "refund"])
def test_whatever_the_line_does_the_books_agree(till, terminal, kind, mode, policy):
    if kind == "payment":
        till.ok("scan", code=BOOK)
    else:
        till.ok("add", article="A3", quantity="-1")
    before = moved(terminal)
    terminal.control("/mode", mode=mode, policy=policy)
    till.do("pay", tender="card")
    terminal.control("/mode", mode="ok")
    settle_by_slip(till, terminal, before)
    assert till.ok("status")["card_in_doubt"] == []
    if "basket" in till.ok("status"):
        till.ok("pay")
    assert journaled(till) == moved(terminal)
    assert sum(type(body).__name__ == "SaleCompleted" for body in till.bodies()) == 2


@pytest.mark.parametrize("mode", ["mute", "busy", "drop-registration"])
def test_a_terminal_that_never_took_it_leaves_no_intent_open(till, terminal, mode):
    """Fault 48: cash can be taken at once."""
    till.ok("scan", code=BOOK)
    terminal.control("/mode", mode=mode)
    assert till.do("pay", tender="card")["error"]["code"].startswith("terminal_")
    assert till.ok("status")["card_in_doubt"] == []
    assert till.ok("pay")["payments"][0]["tender"] == "cash"
