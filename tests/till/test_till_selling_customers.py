"""Customers at the till: found here, at head office or written down offline; their group, credit and open items."""

import http.server
import threading

import msgspec
import pytest
from msgspec.structs import replace
from sample_goods import GOODS, KIM, RULES, lay
from sample_till import BOOK, MILK, PINS, Port, make_folder
from test_till_paying import acknowledge, now_ms

from schema.device import AGENT, AgentAddress, write_whole
from schema.events import CustomerAdded, SaleCompleted
from schema.parties import OpenItem
from till.selling.customers import NewCustomer, customer_number


@pytest.fixture
def folder(tmp_path):
    make_folder(tmp_path / "till")
    lay(tmp_path / "till", *GOODS, *RULES, KIM)
    return tmp_path / "till"


@pytest.fixture
def customer(port):
    port.morning()
    return port.screens.customer


def test_a_search_shows_whom_it_found_and_what_they_owe(customer):
    customer.search("kim")
    assert [(row.number, row.group, row.open_text) for row in customer.state.rows] == [
        ("C1", "", ""),
        ("K1", "Friends", "€42.00"),
    ]
    customer.search("zzz")
    assert (customer.state.rows, bool(customer.state.hint)) == ((), True)


def test_a_customer_is_looked_at(customer, port):
    customer.select("K1")
    detail = customer.state.detail
    assert (detail.group, detail.limit_text, detail.open_text, detail.left_text) == (
        "Friends",
        "€500.00",
        "€42.00",
        "€458.00",
    )
    assert [(item.reference, item.overdue) for item in detail.items] == [("0007-1-000009", True)]
    assert "overdue" in detail.items[0].age_text
    customer.choose("K1")
    assert (port.stage.screen, port.till.desk.sale.customer_name) == ("sale", "Kim Friend")
    customer.enter()
    assert customer.state.detail.number == "K1", "the sale's customer is shown at once"


def test_an_open_item_is_paid_at_the_till(customer, port):
    port.ok("pay_open_item", customer="K1", reference="0007-1-000009")
    line = port.till.desk.sale.basket.lines[0]
    assert (line.kind, line.reference, line.tax_code, line.unit_price_minor) == (
        "open_item",
        "0007-1-000009",
        "none",
        4200,
    )
    port.refused("item_there", "pay_open_item", customer="K1", reference="0007-1-000009")
    port.refused("unknown_item", "pay_open_item", customer="K1", reference="0007-1-000008")
    port.refused("fixed_line", "change", line=1, price=1)
    port.ok("scan", code=MILK)
    assert port.ok("pay")["total"] == 4200 + 129
    sold = port.bodies()[-1]
    assert isinstance(sold, SaleCompleted)
    assert sold.customer == "K1"


def test_an_open_item_is_paid_once_before_the_feed_knows(customer, port):
    port.ok("pay_open_item", customer="K1", reference="0007-1-000009")
    port.ok("pay")
    port.refused("unknown_item", "pay_open_item", customer="K1", reference="0007-1-000009")
    customer.search("friend")
    assert customer.state.rows[0].open_text == ""
    customer.select("K1")
    assert (customer.state.detail.items, customer.state.detail.left_text) == ((), "€500.00")


def test_the_void_of_a_payment_opens_the_item_again(port):
    port.morning("9")
    port.ok("pay_open_item", customer="K1", reference="0007-1-000009")
    receipt = port.ok("pay")["receipt"]
    port.ok("void", receipt=receipt, reason="wrong customer")
    port.ok("pay_open_item", customer="K1", reference="0007-1-000009")
    assert port.ok("pay")["total"] == 4200


def test_a_debt_is_not_paid_by_a_new_one(customer, port):
    """What is sold beside an open item may go on the account, the item itself may not, in whatever parts."""
    port.ok("pay_open_item", customer="K1", reference="0007-1-000009")
    port.refused("debt_by_debt", "pay", tender="account")
    port.ok("scan", code=MILK)
    port.refused("debt_by_debt", "pay", tender="account")
    port.ok("pay", tender="account", amount=100)
    port.screens.pay.look_at_account()
    assert not port.screens.pay.state.account.fits
    refused = port.refused("debt_by_debt", "pay", tender="account", amount=30)
    assert "0.29" in refused["error"]["message"]
    port.ok("pay", tender="account", amount=29)
    port.ok("pay")
    assert [(part.tender, part.amount_minor) for part in port.bodies()[-1].payments] == [
        ("account", 100),
        ("account", 29),
        ("cash", 4200),
    ]


def test_an_open_item_keeps_its_customer(port):
    """Under another's name this till would not know that it was paid."""
    port.morning()
    port.ok("pay_open_item", customer="K1", reference="0007-1-000009")
    port.refused("item_of_another", "customer", number="C1")
    port.refused("item_of_another", "customer", number="")
    port.ok("customer", number="K1")
    port.ok("remove", line=1)
    port.ok("customer", number="C1")


def test_a_new_customer_works_without_head_office(customer, port):
    answer = port.ok("new_customer", name="Lou Sample", city="Testham", phone="0123", card_code="CARD-5")
    number = answer["number"]
    assert number.startswith("0007-2-C-")
    assert port.till.desk.sale.customer_name == "Lou Sample"
    added = [body for body in port.bodies() if isinstance(body, CustomerAdded)]
    assert [(body.number, body.name, body.cashier) for body in added] == [(number, "Lou Sample", "1")]
    assert [row["number"] for row in port.ok("customer", search="testham lou")["customers"]] == [number], (
        "found at once"
    )
    port.ok("customer", number="")
    port.ok("customer", number=number)
    port.ok("scan", code=BOOK)
    port.ok("pay")
    assert port.bodies()[-1].customer == number


def test_a_new_customer_is_found_after_a_restart_and_once_when_the_feed_brings_it(folder):
    port = Port(folder)
    port.morning()
    number = port.ok("new_customer", name="Lou Sample")["number"]
    port.close()
    lay(folder, replace(KIM, number=number, name="Lou Sample", group="Friends", open_items=()))
    again = Port(folder)
    again.ok("sign_in", cashier="1", pin="1111")
    found = again.ok("customer", search="lou")["customers"]
    assert [(row["number"], row["group"]) for row in found] == [(number, "Friends")], "head office's row counts"
    again.close()


@pytest.mark.parametrize("fields", [{}, {"name": "  "}, {"name": "Lou", "email": "nowhere"}])
def test_a_customer_that_nobody_could_find_again_is_refused(customer, port, fields):
    port.refused("bad_text", "new_customer", **fields)
    assert not any(isinstance(body, CustomerAdded) for body in port.bodies())


def test_numbers_do_not_repeat_within_a_till():
    assert customer_number("0007-2", 0x1_0000_0000) == "0007-2-C-1Z141Z4"
    assert len({customer_number("0007-2", 1_700_000_000_000 + each) for each in range(1000)}) == 1000


def test_control_characters_of_a_name_go_nowhere(customer, port):
    customer.save_new(NewCustomer(name="Lou\x1b@\nSample"))
    assert port.till.desk.sale.customer_name == "Lou@Sample"


def test_a_form_is_left_before_the_screen(customer, port):
    port.stage.go("customer")
    customer.write_new()
    assert customer.state.writing
    customer.back()
    assert (customer.state.writing, port.stage.screen) == (False, "customer")
    customer.back()
    assert port.stage.screen == "sale"


class Agent:
    """The agent's loopback endpoint with one customer, on a real socket."""

    def __init__(self, folder, answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = msgspec.json.encode(answer)
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        address = AgentAddress(port=self._server.server_address[1], token="t")
        write_whole(folder / AGENT, msgspec.json.encode(address))

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


def test_head_office_is_asked_for_those_who_are_not_here(customer, port, folder):
    far = replace(KIM, number="FAR", name="Kim Faraway", open_items=(OpenItem(reference="X", day="bad", open_minor=1),))
    agent = Agent(folder, [far, KIM])
    answer = port.ok("customer", search="kim", head_office=True)
    assert [row["number"] for row in answer["customers"]] == ["C1", "K1", "FAR"]
    customer.choose("FAR")
    assert port.till.desk.sale.customer_name == "Kim Faraway"
    agent.stop()
    port.ok("customer", number="")
    port.ok("customer", number="FAR")
    assert port.till.desk.sale.customer_group == "Friends", "known here from now on, also without head office"


def test_an_item_of_a_customer_whom_no_feed_keeps_is_paid_once(customer, port, folder):
    """Long after head office has the payment, too: what it once said of the customer stays here as it was."""
    item = OpenItem(reference="0009-1-000001", day="2026-11-01", open_minor=700)
    agent = Agent(folder, [replace(KIM, number="FAR", name="Kim Faraway", open_items=(item,))])
    port.ok("customer", search="faraway", head_office=True)
    agent.stop()
    customer.select("FAR")
    customer.pay_item("0009-1-000001")
    assert port.ok("pay")["total"] == 700
    acknowledge(folder, 999, now_ms() + 11 * 60 * 1000)
    port.refused("unknown_item", "pay_open_item", customer="FAR", reference="0009-1-000001")
    port.screens.customer._remote.clear()  # as after a new start
    port.refused("unknown_item", "pay_open_item", customer="FAR", reference="0009-1-000001")


def test_without_head_office_what_is_here_stays(customer, port):
    port.ok("customer", search="kim", head_office=True)
    assert len(customer.state.rows) == 2
    assert customer.state.hint
    assert not customer.state.asking


def test_without_the_right_nobody_is_written_down(folder, monkeypatch):
    from schema import parties

    monkeypatch.setitem(parties.RIGHTS, "cashier", parties.RIGHTS["cashier"] - {"add_customer"})
    port = Port(folder)
    port.morning()
    port.refused("needs_supervisor", "new_customer", name="Lou")
    port.ok("supervisor", pin=PINS["9"])
    assert port.ok("new_customer", name="Lou")["number"]
    port.close()
