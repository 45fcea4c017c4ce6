"""Paying an open order at the till: its own prices, the rest, offline too, and never twice at one till."""

import time

import pytest
from msgspec.structs import replace
from sample_till import BOOK, MILK, ORDER, SETTINGS, Port, make_folder

from schema.basket import price
from till.ordering.pickup import basket_of

HOUR_MS = 3_600_000


def make(tmp_path, **mirror):
    make_folder(tmp_path / "till", **mirror)
    return Port(tmp_path / "till").morning()


def test_the_rest_is_paid_at_the_prices_as_ordered(port):
    port.morning()
    orders = port.ok("open_orders", search="sample")["orders"]
    assert [(each["order"], each["open"]) for each in orders] == [("SO-1", 2000)]
    basket = port.ok("take_order", order="SO-1")["basket"]
    assert (basket["total"], basket["paid"], basket["due"], basket["order"]) == (2900, 900, 2000, "SO-1")
    assert basket["lines"][0]["unit_price"] == 1500  # the article costs 1999 today
    port.ok("pay", amount=2000)
    sale = port.bodies()[-1]
    assert sale.order.version == ORDER.version
    assert sum(part.amount_minor for part in sale.payments) + sale.order.paid_minor == sale.total_minor


class LaterRunner:
    """Keeps what is asked of it until `catch_up`, as a busy disk does."""

    def __init__(self):
        self._kept = []

    def run(self, work, then, failed, *, lane="journal"):
        del failed, lane
        self._kept.append((work, then))

    def catch_up(self):
        for work, then in self._kept:
            then(work())
        self._kept.clear()


def test_an_order_that_is_chosen_while_the_list_is_read_stays_chosen(port):
    port.morning()
    orders = port.screens.orders
    orders.enter()
    orders.select("order-1")
    orders.search("sample")
    assert orders.state.selected == "", "another list begins without a choice"
    busy = port.till.desk.runner = LaterRunner()
    orders.enter()
    orders.select("order-1")
    busy.catch_up()
    assert [row.number for row in orders.state.rows] == ["SO-1"]
    assert (orders.state.selected, len(orders.state.selected_lines)) == ("order-1", 1)
    assert orders.state.may_hand_over
    orders.search("nobody")
    orders.select("order-1")
    busy.catch_up()
    assert (orders.state.selected, orders.state.rows) == ("", ()), "what is not in the list is not chosen in it"


def test_an_order_paid_here_is_not_paid_again(folder, port):
    """The mirror is behind until the next sync; the till's own journal is not, also after a new start."""
    port.morning()
    port.ok("take_order", order="order-1")
    receipt = port.ok("pay")["receipt"]
    assert receipt in port.refused("order_paid", "take_order", order="SO-1")["error"]["message"]
    assert port.ok("open_orders")["orders"][0]["open"] == 0
    port.close()
    again = Port(folder)
    again.ok("sign_in", cashier="1", pin="1111")
    again.refused("order_paid", "take_order", order="SO-1")
    again.close()


def test_lines_of_an_order_stay_as_ordered(port):
    port.morning()
    port.ok("take_order", order="SO-1")
    for command, fields in (
        ("scan", {"code": MILK}),
        ("remove", {"line": 1}),
        ("change", {"line": 1, "quantity": "3"}),
        ("bill_discount", {"amount": 1}),
        ("customer", {"number": "C1"}),
    ):
        port.refused("order_fixed", command, **fields)
    port.ok("cancel")
    port.ok("scan", code=MILK)


def test_unknown_and_closed_orders_are_refused(tmp_path):
    port = make(tmp_path, orders=(replace(ORDER, status="completed"),))
    port.refused("unknown_order", "take_order", order="SO-404")
    port.refused("order_not_open", "take_order", order="SO-1")
    assert port.ok("open_orders")["orders"] == []
    port.close()


def test_a_paid_order_is_handed_over_and_then_done(tmp_path):
    """Nothing is left to pay, yet the goods still wait: the receipt says that they left."""
    port = make(tmp_path, orders=(replace(ORDER, paid_minor=2900),))
    assert port.ok("take_order", order="SO-1")["basket"]["due"] == 0
    receipt = port.ok("pay")["receipt"]
    sale = port.bodies()[-1]
    assert (sale.payments, sale.order.paid_minor, sale.lines[0].order_line) == ((), 2900, 1)
    assert receipt in port.refused("order_paid", "take_order", order="SO-1")["error"]["message"]
    port.close()


def test_an_order_paid_and_handed_over_is_done(tmp_path):
    gone = replace(ORDER.lines[0], delivered=ORDER.lines[0].quantity)
    port = make(tmp_path, orders=(replace(ORDER, paid_minor=2900, lines=(gone,)),))
    port.refused("order_paid", "take_order", order="SO-1")
    port.close()


@pytest.mark.parametrize(
    ("policy", "taken", "warned"), [("allow", True, False), ("warn", True, True), ("deny", False, False)]
)
def test_offline_the_store_decides(tmp_path, policy, taken, warned):
    """Protocol §5: allow, warn (the default) or deny while head office cannot be asked."""
    long_ago = int(time.time() * 1000) - HOUR_MS
    settings = replace(SETTINGS, offline_orders=policy)
    port = make(tmp_path, settings=settings, state="offline", contact_ms=long_ago if policy != "allow" else None)
    answer = port.do("take_order", order="SO-1")
    assert answer["ok"] is taken
    assert bool(answer.get("messages")) is warned
    if not taken:
        assert answer["error"]["code"] == "offline_denied"
    port.close()


def test_orders_are_filtered_and_searched(tmp_path):
    orders = (
        ORDER,
        replace(ORDER, order_id="o2", number="SO-2", status="confirmed", customer_name="Jo Other", company=""),
    )
    port = make(tmp_path, orders=orders)
    assert [each["order"] for each in port.ok("open_orders", status="confirmed")["orders"]] == ["SO-2"]
    assert [each["order"] for each in port.ok("open_orders", search="KAFER kim")["orders"]] == []
    assert [each["order"] for each in port.ok("open_orders", search="kim kafer")["orders"]] == ["SO-1"]
    assert [each["order"] for each in port.ok("open_orders", search="100%")["orders"]] == []
    port.refused("bad_status", "open_orders", status="lost")
    port.close()


def test_a_basket_in_hand_is_not_overwritten(port):
    port.morning()
    port.ok("scan", code=BOOK)
    port.refused("basket_in_use", "take_order", order="SO-1")


@pytest.mark.parametrize("includes_tax", [True, False])
def test_an_order_prices_as_its_lines_say(includes_tax):
    basket = basket_of(replace(ORDER, includes_tax=includes_tax))
    assert price(basket).lines[0].total_minor == 2900
    assert price(basket).total_minor == (2900 if includes_tax else 3451)
