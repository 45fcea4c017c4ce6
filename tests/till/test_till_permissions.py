"""Rights at the till: through the script port, which knows no way but the screens', nobody does what is not theirs."""

from typing import get_args

import pytest
from msgspec.structs import replace
from sample_till import MILK, PINS, SETTINGS, Port, make_folder
from test_till_paying import feed_customer

from schema import parties
from schema.catalogue import ReturnRules
from schema.parties import Right
from till.play.port import ANYBODY

RIGHTS = get_args(Right)
ORDERED = replace(SETTINGS, offline_orders="allow", offline_order_minor_max=1, returns=ReturnRules(same_tender=True))


def sold(port):
    port.ok("scan", code=MILK)
    return port.ok("pay")["receipt"]


def in_hand(port):
    port.ok("scan", code=MILK)


def returning(port):
    receipt = sold(port)
    port.ok("return", receipt=receipt, lines=[], reason="defect")


def on_account(port):
    in_hand(port)
    port.ok("customer", number="C1")


def never_opened(_):
    """The shift is what is asked for."""


# right → what leads there, and what then needs it.
NEEDS = {
    "sell": [(None, "scan", {"code": MILK}), (None, "add", {"article": "A1"})],
    "discount": [
        (in_hand, "change", {"line": 1, "discount_percent": "10", "reason": "x"}),
        (in_hand, "change", {"line": 1, "discount_amount": 10, "reason": "x"}),
        (in_hand, "bill_discount", {"percent": "10", "reason": "x"}),
        (in_hand, "bill_discount", {"amount": 10, "reason": "x"}),
    ],
    "override_price": [(in_hand, "change", {"line": 1, "price": 1})],
    "negative_line": [
        (in_hand, "change", {"line": 1, "quantity": "-1"}),
        (None, "add", {"article": "A1", "quantity": "-1"}),
    ],
    "open_drawer": [(None, "open_drawer", {"reason": "change"})],
    "cash_move": [(None, do, {"amount": 100, "reason": "x"}) for do in ("cash_in", "cash_out", "skim", "change_money")],
    "shift": [(never_opened, "open_shift", {"float": 100}), (None, "close_shift", {"counted": 10000})],
    "see_expected_cash": [(None, "x_report", {})],
    "return_goods": [(sold, "return", {"receipt": "1", "lines": [], "reason": "x"})],
    "return_without_receipt": [(None, "return", {"lines": [{"article": "A1", "quantity": "1"}], "reason": "x"})],
    "refund_other_tender": [(returning, "pay", {"tender": "card_manual", "card_type": "Visa"})],
    "void": [(sold, "void", {"receipt": "1", "reason": "x"})],
    "free_article": [(None, "add", {"text": "Odd", "price": 100, "tax_code": "standard"})],
    "on_account": [(on_account, "pay", {"tender": "account"})],
    "make_order": [(in_hand, "make_order", {"name": "Kim Sample"})],
    "order_offline": [(None, "take_order", {"order": "SO-1"})],
    "add_customer": [(None, "new_customer", {"name": "Kim Sample"})],
    "quick_keys": [(None, "quick_keys", {"action": "new", "name": "Page", "article": "A1"})],
    "terminal_day": [(None, "terminal_day", {})],
    "settle_card_by_hand": [(None, "settle_card", {"attempt": "none", "paid": True})],
    "settings": [
        (None, "set_language", {"language": "nl"}),
        (None, "set_device", {"device": "printer", "address": ""}),
    ],
}
CASES = [(right, *case) for right, cases in NEEDS.items() for case in cases]


def test_every_right_is_asked_for_somewhere():
    assert set(NEEDS) == set(RIGHTS)


@pytest.fixture
def port(tmp_path):
    folder = tmp_path / "till"
    make_folder(folder, settings=ORDERED, state="offline", contact_ms=1)
    feed_customer(folder, credit_limit_minor=100_000)
    port = Port(folder)
    yield port
    port.close()


@pytest.mark.parametrize(("right", "before", "do", "fields"), CASES, ids=[f"{case[0]}-{case[2]}" for case in CASES])
def test_without_its_right_nothing_is_done(monkeypatch, port, right, before, do, fields):
    """A cashier who may do all but this is refused, and nothing is written; a supervisor's PIN lifts it once."""
    port.ok("sign_in", cashier="1", pin=PINS["1"])
    if before is not never_opened:
        port.ok("open_shift", float=10_000)
    monkeypatch.setitem(parties.RIGHTS, "cashier", frozenset(RIGHTS))
    if before:
        before(port)
    monkeypatch.setitem(parties.RIGHTS, "cashier", frozenset(RIGHTS) - {right})
    monkeypatch.setitem(parties.RIGHTS, "supervisor", frozenset(RIGHTS))
    events, basket = len(port.bodies()), port.do("status").get("basket")
    refused = port.refused("needs_supervisor", do, **fields)
    assert refused.get("basket") == basket
    assert len(port.bodies()) == events
    port.ok("supervisor", pin=PINS["9"])
    answer = port.do(do, **fields)
    assert answer["ok"] or answer["error"]["code"] != "needs_supervisor"
    lifts = [body for body in port.bodies() if type(body).__name__ == "ActionLifted"]
    assert [(lift.right, lift.supervisor, lift.cashier) for lift in lifts] == [(right, "9", "1")]


@pytest.mark.parametrize("locked", [False, True])
def test_nobody_and_a_locked_till_do_nothing(port, locked):
    """Every command of the port, with fields that would do it: refused before anything else is looked at."""
    port.morning()
    receipt = sold(port)
    if locked:
        port.ok("lock")
    else:
        port.ok("sign_out")
    events = port.bodies()
    fields = {
        "code": MILK,
        "article": "A1",
        "text": "milk",
        "line": 1,
        "quantity": "2",
        "receipt": receipt,
        "reason": "x",
        "amount": 100,
        "tender": "cash",
        "order": "SO-1",
        "name": "Kim",
        "number": "C1",
        "counted": 100,
        "total": 100,
        "float": 100,
        "payment": 1,
        "device": "printer",
        "address": "none:",
    }
    commands = set(port.player._commands)
    done = {do for do in sorted(commands - ANYBODY) if port.do(do, **fields)["ok"]}
    assert sorted(done) == []
    assert port.bodies() == events
