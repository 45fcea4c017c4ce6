"""Orders made and handed over at a till: numbers without gaps, prepayments to the cent, parts, and what survives."""

import http.server
import json
import threading
import time
from decimal import Decimal

import apsw
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sample_goods import lay
from sample_till import BOOK, BREAD, MILK, ORDER, SETTINGS, Port, Process, make_folder, make_mirror

from schema.basket import price
from schema.device import AGENT, MIRROR, AgentAddress
from schema.messages import Claim
from schema.orders import OrderLine, Prepayment
from schema.tax import TaxSum
from till.connection import SILENT_MS_MAX
from till.ordering.making import prepayment_sale
from till.ordering.pickup import Handed, after, basket_of, is_handed_over, left, open_minor
from till.paying.checkout import Completion, Paid, completed
from till.selling.register import new_sale, sums

HOUR_MS = 3_600_000
TWO = (
    replace(ORDER.lines[0], quantity=Decimal(2), total_minor=2900),
    OrderLine(
        article="A1",
        name="Milk 1 l",
        quantity=Decimal(10),
        unit_price_minor=129,
        total_minor=1290,
        tax_code="reduced",
        tax_percent=Decimal(7),
    ),
)
UNPAID = replace(ORDER, lines=TWO, total_minor=4190, paid_minor=0)


def make(tmp_path, cashier="1", **mirror):
    make_folder(tmp_path / "till", **mirror)
    return Port(tmp_path / "till").morning(cashier)


def acknowledge(folder, fetched_ms=None):
    """Let head office have all of the journal, and the mirror be fetched long after it."""
    connection = apsw.Connection(str(folder / MIRROR))
    now_ms = fetched_ms or int(time.time() * 1000) + HOUR_MS
    connection.execute("INSERT OR REPLACE INTO upload VALUES ('till-1', 1, 10000, x'', 10000)")
    connection.execute("UPDATE sync SET value = ? WHERE name = 'last_fetch_ms'", (str(now_ms),))
    connection.close()


# -- made


def test_an_order_is_placed_and_paid_later(port):
    port.morning()
    port.ok("scan", code=BOOK)
    port.ok("scan", code=MILK)
    port.ok("bill_discount", percent="10")
    total = port.do("status")["basket"]["total"]
    answer = port.ok("make_order", delivery="pickup", date="2099-01-31", name="Kim Käfer", phone="030 1", pay="later")
    made = port.bodies()[-1]
    assert answer["order"] == made.number == "0007-2-O-000001"
    assert (made.total_minor, sum(line.total_minor for line in made.lines)) == (total, total)
    assert (made.expected_day, made.customer_name, made.phone, made.delivery) == (
        "2099-01-31", "Kim Käfer", "030 1", "pickup",
    )  # fmt: skip
    assert "basket" not in answer
    assert [row["order"] for row in port.ok("open_orders", search="kim")["orders"]] == ["SO-1", made.number]


@pytest.mark.parametrize("typed", ["24.12.2099", "24-12-2099", "24/12/2099", "24 Dec 2099", "2099-12-24"])
def test_the_day_of_pickup_is_typed_as_a_locale_has_it_or_in_iso(port, typed):
    port.morning()
    port.ok("scan", code=BOOK)
    port.ok("make_order", name="Kim", date=typed)
    assert port.bodies()[-1].expected_day == "2099-12-24"


@pytest.mark.parametrize(("language", "example"), [("en", "31 Dec 2026"), ("de", "31.12.2026"), ("nl", "31-12-2026")])
def test_what_is_no_day_is_answered_with_the_languages_own_example(folder, language, example):
    port = Port(folder, language=language).morning()
    port.ok("scan", code=BOOK)
    told = port.refused("bad_date", "make_order", name="Kim", date="tomorrow")["error"]["message"]
    assert told.endswith(f"{example}.")
    port.close()


def test_orders_are_numbered_without_gaps_over_starts(folder, port):
    port.morning()
    numbers = []
    for _ in range(2):
        port.ok("scan", code=BOOK)
        numbers.append(port.ok("make_order", name="Kim")["order"])
    port.close()
    port = Port(folder)
    port.ok("sign_in", cashier="1", pin="1111")
    port.ok("scan", code=BOOK)
    numbers.append(port.ok("make_order", name="Kim")["order"])
    assert numbers == ["0007-2-O-000001", "0007-2-O-000002", "0007-2-O-000003"]
    port.close()


def test_place_and_pay_takes_a_prepayment_at_each_rate(port):
    port.morning()
    port.ok("scan", code=BOOK)
    port.ok("scan", code=MILK)
    basket = port.ok("make_order", customer="C1", pay=1000)["basket"]
    assert (basket["total"], basket["due"], basket["order"]) == (1000, 1000, "0007-2-O-000001")
    port.ok("pay")
    sale = port.bodies()[-1]
    assert [(line.kind, line.total_minor, line.tax_code) for line in sale.lines] == [
        ("prepayment", 939, "standard"),
        ("prepayment", 61, "reduced"),
    ]
    assert sale.order.number == "0007-2-O-000001"
    assert port.types()[-2:] == ["OrderMade", "SaleCompleted"]
    row = port.ok("open_orders", search="0007-2-O-000001")["orders"][0]
    assert (row["total"], row["open"]) == (2128, 1128)


def test_the_rest_is_paid_with_the_goods_and_the_prepayment_counted_back(port):
    port.morning()
    port.ok("scan", code=BOOK)
    port.ok("scan", code=MILK)
    port.ok("make_order", customer="C1", pay=1000)
    first = port.ok("pay")["receipt"]
    order = "0007-2-O-000001"
    basket = port.ok("take_order", order=order)["basket"]
    assert (basket["total"], basket["due"]) == (1128, 1128)
    port.ok("pay")
    final = port.bodies()[-1]
    counted = [line for line in final.lines if line.kind == "prepayment"]
    assert [(line.quantity, line.total_minor, line.reference) for line in counted] == [
        (-1, -939, first),
        (-1, -61, first),
    ]
    assert [line.order_line for line in final.lines] == [1, 2, 0, 0]
    assert sum(part.amount_minor for part in final.payments) == final.total_minor == 1128
    port.refused("order_paid", "take_order", order=order)


def test_all_of_it_paid_at_once_leaves_nothing_due_at_the_pickup(port):
    port.morning()
    port.ok("scan", code=BOOK)
    port.ok("make_order", customer="C1", pay="all")
    port.ok("pay")
    assert port.ok("take_order", order="0007-2-O-000001")["basket"]["due"] == 0
    port.ok("pay")
    assert port.bodies()[-1].total_minor == 0


def test_an_empty_basket_a_return_or_a_voucher_is_no_order(port):
    port.morning(cashier="9")
    port.refused("empty_basket", "make_order", name="Kim")
    port.ok("add", article="A3", quantity="-1")
    port.refused("not_orderable", "make_order", name="Kim")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": "Kim", "date": "2020-01-01"}, "bad_date"),
        ({"name": "Kim", "date": "tomorrow"}, "bad_date"),
        ({"name": "Kim", "delivery": "drone"}, "bad_delivery"),
        ({}, "no_customer"),
        ({"name": "Kim", "pay": 2000}, "bad_amount"),
        ({"name": "Kim", "pay": 0}, "bad_amount"),
        ({"name": "Kim", "pay": -5}, "bad_amount"),
        ({"name": "Kim", "fields": {"colour": "red"}}, "unknown_field"),
    ],
)
def test_what_cannot_be_is_refused_and_the_basket_stays(port, fields, code):
    port.morning()
    port.ok("scan", code=BOOK)
    answer = port.refused(code, "make_order", **fields)
    assert answer["basket"]["total"] == 1999
    assert "OrderMade" not in port.types()


def test_the_stores_own_fields_are_kept(tmp_path):
    port = make(tmp_path, settings=replace(SETTINGS, order_fields=("engraving",)))
    port.ok("scan", code=BOOK)
    port.ok("make_order", name="Kim", fields={"engraving": "K\x1bK"})
    assert port.bodies()[-1].fields == {"engraving": "KK"}
    port.close()


# -- taken in parts


def test_a_part_is_handed_over_and_the_rest_stays(tmp_path):
    port = make(tmp_path, orders=(UNPAID,))
    basket = port.ok("take_order", order="SO-1", lines=[{"line": 2, "quantity": "4"}])["basket"]
    assert basket["total"] == 516
    port.ok("pay")
    assert [(line.order_line, line.quantity) for line in port.bodies()[-1].lines] == [(2, 4)]
    found = port.ok("order", order="SO-1")
    assert [(line["line"], line["left"]) for line in found["lines"]] == [(1, "2"), (2, "6")]
    assert found["open"] == 4190 - 516
    assert port.ok("open_orders", status="partly_delivered")["orders"][0]["order"] == "SO-1"
    port.refused("too_much_handed", "take_order", order="SO-1", lines=[{"line": 2, "quantity": "7"}])
    assert port.ok("take_order", order="SO-1")["basket"]["total"] == 4190 - 516
    port.ok("pay")
    port.refused("order_paid", "take_order", order="SO-1")
    port.close()


def test_a_deposit_is_taken_for_head_offices_order_too(tmp_path):
    port = make(tmp_path, orders=(UNPAID,))
    port.ok("take_order", order="SO-1", deposit=1000)
    port.ok("pay")
    assert port.ok("open_orders")["orders"][0]["open"] == 3190
    port.refused("bad_amount", "take_order", order="SO-1", deposit=3191)
    port.ok("take_order", order="SO-1", deposit="all")
    port.ok("pay")
    assert port.ok("take_order", order="SO-1")["basket"]["due"] == 0
    port.close()


def test_money_without_a_receipt_of_its_own_is_counted_once_over_parts(tmp_path):
    """900 were paid at head office: the first part uses them up, the second pays in full."""
    port = make(tmp_path, orders=(replace(UNPAID, paid_minor=900),))
    basket = port.ok("take_order", order="SO-1", lines=[{"line": 2, "quantity": "5"}])["basket"]
    assert (basket["total"], basket["due"]) == (645, 0)
    port.ok("pay")
    assert port.ok("take_order", order="SO-1", lines=[{"line": 2, "quantity": "5"}])["basket"]["due"] == 645 - 255
    port.ok("pay")
    assert port.ok("take_order", order="SO-1")["basket"]["due"] == 2900
    port.ok("pay")
    for sale in port.bodies()[-3:]:
        paid = sum(part.amount_minor for part in sale.payments)
        assert paid + sale.order.paid_minor == sale.total_minor + sale.cash_rounding_minor
    port.close()


def test_a_voided_pickup_is_open_again(tmp_path):
    port = make(tmp_path, cashier="9", orders=(UNPAID,))
    port.ok("take_order", order="SO-1")
    receipt = port.ok("pay")["receipt"]
    port.refused("order_paid", "take_order", order="SO-1")
    port.ok("void", receipt=receipt, reason="wrong customer")
    assert port.bodies()[-1].lines[0].order_line == 1
    assert port.ok("take_order", order="SO-1")["basket"]["due"] == 4190
    port.close()


def test_a_prepayment_that_was_counted_back_is_not_voided(tmp_path):
    port = make(tmp_path, cashier="9", orders=(UNPAID,))
    port.ok("take_order", order="SO-1", deposit=1000)
    first = port.ok("pay")["receipt"]
    port.ok("take_order", order="SO-1")
    final = port.ok("pay")["receipt"]
    port.refused("prepayment_counted", "void", receipt=first, reason="mistake")
    port.ok("void", receipt=final, reason="mistake")
    port.ok("void", receipt=first, reason="mistake")
    assert port.ok("take_order", order="SO-1")["basket"]["due"] == 4190
    port.close()


@given(
    st.lists(st.tuples(st.integers(1, 12), st.integers(0, 3000), st.booleans()), min_size=1, max_size=5),
    st.lists(st.integers(1, 40_000), max_size=3),
    st.integers(0, 5000),
    st.data(),
)
@settings(max_examples=60)
def test_however_an_order_is_paid_and_handed_over_the_sums_hold(goods, deposits, office_minor, data):
    """Property: over all receipts of an order, what was paid is what the order comes to, and all goods have left."""
    lines = tuple(
        OrderLine(
            article="A", name="Thing", quantity=Decimal(pieces), unit_price_minor=minor, total_minor=pieces * minor,
            tax_code="standard" if full else "reduced", tax_percent=Decimal(19 if full else 7),
        )
        for pieces, minor, full in goods
    )  # fmt: skip
    total = sum(line.total_minor for line in lines)
    order = replace(ORDER, lines=lines, total_minor=total, paid_minor=min(office_minor, total))
    paid, count = order.paid_minor, 0
    steps = [min(deposit, total) for deposit in deposits]
    while steps or not is_handed_over(order):
        count += 1
        if steps and open_minor(order) > 0:
            sale = prepayment_sale(order, min(steps.pop(), open_minor(order)), new_sale("s", 0, "EUR"), "Prepayment")
        elif not is_handed_over(order):
            steps = steps[1:]
            number = data.draw(st.sampled_from([n for n, line in enumerate(order.lines, 1) if left(line)]))
            pieces = data.draw(st.integers(1, int(left(order.lines[number - 1]))))
            handed = (Handed(line=number, quantity=Decimal(pieces)),)
            sale = replace(new_sale("s", 0, "EUR"), basket=basket_of(order, handed))
        else:
            break
        order, now = _completed(order, sale, count)
        paid += now
    assert (order.status, paid, order.paid_minor) == ("completed", total, total)
    assert not any(prepayment.taxes for prepayment in order.prepayments)


def _completed(order, sale, count):
    from sample_till import CASHIERS

    from schema.events import Payment

    due = sums(sale).due_minor
    sale = replace(sale, payments=(Payment(tender="cash", currency="EUR", amount_minor=due),) if due else ())
    body = completed(Paid(sale=sale), Completion(shift_id="s", cashier=CASHIERS[0], label="7-1", completed_ms=0), count)
    assert due + body.order.paid_minor == body.total_minor
    return after(order, body, "2026-11-22"), due


def test_prepayments_at_other_rates_wait_for_their_goods():
    """What was prepaid at 19 % is not counted towards milk, until the last goods leave."""
    prepaid = Prepayment(receipt="R1", day="2026-11-01", taxes=(_tax("standard", 19, 500),))
    order = replace(UNPAID, prepayments=(prepaid,), paid_minor=500)
    milk = basket_of(order, (Handed(line=2, quantity=Decimal(10)),))
    assert price(milk).total_minor == 1290
    book = basket_of(order, (Handed(line=1, quantity=Decimal(1)),))
    assert price(book).total_minor == 1450 - 500


def _tax(code, percent, gross_minor):
    net = round(gross_minor * 100 / (100 + percent))
    return TaxSum(
        code=code, percent=Decimal(percent), net_minor=net, tax_minor=gross_minor - net, gross_minor=gross_minor
    )


# -- what this till knows better, and until when


def test_own_knowledge_ends_when_head_office_must_have_it(folder, port):
    """Afterwards the mirror is the truth: an order that it lacks is closed, one that it has is as it says."""
    port.morning()
    port.ok("scan", code=BOOK)
    port.ok("make_order", name="Kim")
    port.ok("take_order", order="SO-1")
    port.ok("pay")
    assert len(port.ok("open_orders")["orders"]) == 2
    acknowledge(folder)
    orders = port.ok("open_orders")["orders"]
    assert [(row["order"], row["open"]) for row in orders] == [("SO-1", 2000)]
    port.refused("unknown_order", "take_order", order="0007-2-O-000001")


def test_an_order_that_was_changed_meanwhile_keeps_both(folder, port):
    port.morning()
    port.ok("take_order", order="SO-1", lines=[{"line": 1, "quantity": "1"}])
    port.ok("pay")
    changed = replace(ORDER, version=4, subject="engraved", paid_minor=1000)
    (folder / MIRROR).unlink()
    make_mirror(folder / MIRROR, orders=(changed,))
    found = port.ok("order", order="SO-1")
    assert found["lines"][0]["left"] == "1"
    assert found["open"] == 2900 - 900 - 550  # what was paid here at the pickup counts as well


# -- without head office


def offline(tmp_path, **changes):
    long_ago = int(time.time() * 1000) - SILENT_MS_MAX - HOUR_MS
    make_folder(tmp_path / "till", settings=replace(SETTINGS, **changes), state="offline", contact_ms=long_ago)
    return Port(tmp_path / "till").morning()


def test_offline_a_large_order_needs_a_supervisor(tmp_path):
    """Protocol §5: amount limit, supervisor PIN."""
    port = offline(tmp_path, offline_order_minor_max=1500)
    port.refused("needs_supervisor", "take_order", order="SO-1")
    port.ok("supervisor", pin="9999")
    port.ok("take_order", order="SO-1")
    assert port.types()[-1] == "ActionLifted"
    port.close()


def test_offline_a_small_order_needs_nobody(tmp_path):
    port = offline(tmp_path, offline_order_minor_max=2000)
    port.ok("take_order", order="SO-1")
    port.close()


class Agent(http.server.ThreadingHTTPServer):
    """An agent's loopback endpoint that answers claims as head office would, on a real socket."""

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), _Answer)
        self.asked, self.holder, self.status, self.delay_s = [], "", "", 0.0
        address = AgentAddress(port=self.server_address[1], token="sample")
        (folder / AGENT).write_bytes(msgspec.json.encode(address))
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.asked.append(self.path)
        time.sleep(self.server.delay_s)
        held, status = self.server.holder, self.server.status
        claim = Claim(order_id="order-1", granted=not (held or status), token=1, until_ms=1, till=held, status=status)
        body = msgspec.json.encode(claim)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def agent(folder):
    server = Agent(folder)
    yield server
    server.shutdown()
    server.server_close()


def test_the_lease_is_taken_kept_and_given_back(folder, agent, port):
    port.morning()
    port.ok("take_order", order="SO-1")
    assert agent.asked == ["/claim/order-1"]
    orders = port.screens.orders
    orders.tick()
    assert len(agent.asked) == 1
    orders._renewed_ms -= 61_000
    orders.tick()
    assert agent.asked == ["/claim/order-1"] * 2
    port.ok("cancel")
    orders.tick()
    orders.tick()
    assert agent.asked == ["/claim/order-1"] * 2 + ["/release/order-1"]


def test_a_parked_order_is_free_and_leased_again_when_it_is_taken_up(agent, port):
    port.morning()
    orders = port.screens.orders
    port.ok("take_order", order="SO-1")
    port.ok("park", title="Waits")
    orders.tick()
    assert agent.asked == ["/claim/order-1", "/release/order-1"]
    agent.holder = "Till 5"
    port.refused("order_claimed", "resume", parked="Waits")
    assert port.till.desk.sale.is_empty
    agent.holder = ""
    agent.asked.clear()
    port.ok("resume", parked="Waits")
    orders.tick()
    # Once to be sure that it may be taken up, once to keep it from then on.
    assert agent.asked == ["/claim/order-1"] * 2
    port.ok("pay")
    orders.tick()
    assert agent.asked == ["/claim/order-1"] * 2 + ["/release/order-1"]


def test_an_order_in_hand_at_another_till_is_refused_with_its_name(agent, port):
    port.morning()
    agent.holder = "Till 5"
    assert "Till 5" in port.refused("order_claimed", "take_order", order="SO-1")["error"]["message"]


def test_an_order_that_is_done_at_head_office_is_not_handed_over_again(agent, port):
    """Another till has just handed it over; the list is not fed yet, but the lease is asked for."""
    port.morning()
    agent.status = "completed"
    port.refused("order_not_open", "take_order", order="SO-1")


def test_a_prepayment_that_another_till_has_counted_back_is_not_voided(folder, agent):
    port = Port(folder).morning(cashier="9")
    port.ok("take_order", order="SO-1", deposit=1000)
    receipt = port.ok("pay")["receipt"]
    agent.status = "completed"
    port.refused("prepayment_counted", "void", receipt=receipt, reason="mistake")
    agent.status = ""
    port.ok("void", receipt=receipt, reason="mistake")
    assert agent.asked[-2:] == ["/claim/order-1", "/release/order-1"]
    port.close()


def test_a_prepayment_that_is_counted_back_in_the_feed_is_not_voided(tmp_path):
    """Another till has handed a part over, and head office's feed says so before this till's own time is over."""
    port = make(tmp_path, cashier="9", orders=(UNPAID,))
    port.ok("take_order", order="SO-1", deposit=1000)
    receipt = port.ok("pay")["receipt"]
    order, _ = port.till.desk.parts.orders.find("SO-1")
    counted = tuple(replace(each, taxes=()) for each in order.prepayments)
    lay(tmp_path / "till", replace(order, prepayments=counted, status="partly_delivered"))
    port.refused("prepayment_counted", "void", receipt=receipt, reason="mistake")
    port.close()


def test_a_mute_agent_is_offline_after_two_seconds(folder, agent, tmp_path):
    """Fault 29: the lease is asked for off the screen's thread, and no answer is the store's offline policy."""
    agent.delay_s = 5
    port = Port(folder).morning()
    began = time.monotonic()
    port.ok("take_order", order="SO-1")
    assert time.monotonic() - began < 3.5
    port.close()


# -- power cuts


def test_killed_between_the_order_and_its_payment_the_basket_is_there(folder):
    """Fault 1, 2: the order and the basket that pays for it are one commit."""
    port = Port(folder).morning()
    port.close()
    process = Process(folder)
    process.ok("sign_in", cashier="1", pin="1111")
    process.ok("scan", code=BOOK)
    process.ok("make_order", customer="C1", pay=500)
    process.kill()
    process = Process(folder)
    process.ok("sign_in", cashier="1", pin="1111")
    answer = process.ok("pay")
    assert answer["total"] == 500
    process.kill()
    port = Port(folder)
    port.ok("sign_in", cashier="1", pin="1111")
    assert port.types().count("OrderMade") == 1
    row = port.ok("open_orders", search="0007-2-O")["orders"][0]
    assert (row["order"], row["open"]) == ("0007-2-O-000001", 1499)
    port.close()


def test_killed_after_placing_the_basket_is_gone_and_the_order_is_there(folder):
    port = Port(folder).morning()
    port.close()
    process = Process(folder)
    process.ok("sign_in", cashier="1", pin="1111")
    process.ok("scan", code=BREAD)
    process.ok("make_order", customer="C1")
    process.kill()
    port = Port(folder)
    port.ok("sign_in", cashier="1", pin="1111")
    assert "basket" not in port.do("status")
    assert len(port.ok("open_orders", search="0007-2-O")["orders"]) == 1
    port.close()


# -- lists


def test_the_thousandth_order_is_listed(tmp_path):
    orders = tuple(replace(ORDER, order_id=f"o{n}", number=f"SO-{n:05}") for n in range(1200))
    port = make(tmp_path, orders=orders)
    answer = port.ok("open_orders")
    assert (len(answer["orders"]), answer["more"]) == (1000, True)
    assert answer["orders"][999]["order"] == "SO-00999"
    port.close()


def test_orders_are_filtered_by_the_day_they_are_due(tmp_path):
    days = {"SO-1": "2020-01-01", "SO-2": "2099-01-01", "SO-3": ""}
    orders = tuple(
        replace(ORDER, order_id=number, number=number, expected_day=expected) for number, expected in days.items()
    )
    port = make(tmp_path, orders=orders)
    assert [row["order"] for row in port.ok("open_orders", due="today")["orders"]] == ["SO-3", "SO-1"]
    assert len(port.ok("open_orders")["orders"]) == 3
    port.close()


def test_a_double_touch_takes_an_order_once(port):
    port.morning()
    orders = port.screens.orders
    orders.enter()
    orders.ask("SO-1")
    orders.confirm()
    orders.confirm()
    assert port.till.desk.sale.basket.order.number == "SO-1"
    assert not port.stage.said


def test_a_double_touch_places_an_order_once(port):
    port.morning()
    port.ok("scan", code=BOOK)
    make_order = port.screens.make_order
    make_order.enter()
    make_order.type_name("Kim")
    make_order.place()
    make_order.place()
    assert port.types().count("OrderMade") == 1


def test_the_slip_says_that_it_is_no_receipt(folder):
    from till.ordering.slip import order_document
    from till.paper.letterhead import Letterhead
    from till.words import Words

    port = Port(folder).morning()
    port.ok("scan", code=BOOK)
    port.ok("make_order", name="Kim", date="2099-01-31")
    head = Letterhead(settings=SETTINGS, till_name="Till 2", words=Words())
    document = order_document(port.bodies()[-1], head, "Alex", "2026-11-22 10:00:00")
    text = json.dumps([msgspec.to_builtins(block) for block in document.blocks])
    assert "0007-2-O-000001" in text
    assert "This is no receipt" in text
    assert "Kim" in text
    port.close()


def test_a_fiscal_unit_signs_what_is_paid_and_holds_nothing_open(tmp_path):
    """The basket that became an order is closed at the unit; its prepayment, pickup and void are signed."""
    port = make(tmp_path, cashier="9", settings=replace(SETTINGS, fiscal="software"))
    port.ok("scan", code=BOOK)
    port.ok("make_order", name="Kim", pay=500)
    port.ok("pay")
    port.ok("take_order", order="0007-2-O-000001")
    receipt = port.ok("pay")["receipt"]
    port.ok("void", receipt=receipt, reason="mistake")
    sales = [body for body in port.bodies() if type(body).__name__ == "SaleCompleted"]
    assert [bool(sale.fiscal and sale.fiscal.signature) for sale in sales] == [True] * 3
    assert "AVBelegstorno" in sales[-1].fiscal.process_data
    fiscal = port.till.desk.parts.fiscal
    assert fiscal.flush()
    assert not fiscal._unit.status().open_transactions
    port.close()
