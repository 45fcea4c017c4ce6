"""Returns and voids at a till, through the script port: found, counted, paid back, and never twice as far as known."""

import http.server
import threading
import time
from decimal import Decimal

import apsw
import msgspec
import pytest
from msgspec.structs import replace
from sample_goods import lay
from sample_till import BOOK, BREAD, CUSTOMERS, MILK, SETTINGS, Port, Process, make_folder

from schema.catalogue import PastLine, PastPayment, PastReceipt, ReturnRules, Voucher
from schema.device import AGENT, MIRROR, AgentAddress
from till.returning.voids import void_of

DAY_MS = 86_400_000
FOREIGN = "0007-5-000042"


def day(ago=0):
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() - ago * 86_400))


def foreign(**changes):
    """A receipt of another till of the store, as head office feeds it."""
    lines = (
        PastLine(
            line=1,
            article="A3",
            name="Käse book",
            quantity=Decimal(3),
            unit="piece",
            unit_price_minor=1999,
            total_minor=5398,
            tax_code="standard",
            tax_percent=Decimal(19),
        ),
    )
    receipt = PastReceipt(
        receipt=FOREIGN,
        store="0007",
        till_id="till-5",
        day=day(),
        currency="EUR",
        customer="C1",
        total_minor=5398,
        lines=lines,
        payments=(PastPayment(tender="cash", amount_minor=5398),),
    )
    return replace(receipt, **changes)


def feed(folder, *receipts, acked=None):
    connection = apsw.Connection(str(folder / MIRROR))
    with connection:
        for receipt in receipts:
            row = (receipt.receipt, receipt.day, msgspec.json.encode(receipt))
            connection.execute("INSERT OR REPLACE INTO past_receipt VALUES (?, ?, ?)", row)
        if acked is not None:
            connection.execute("INSERT OR REPLACE INTO upload VALUES ('till-1', 1, ?, x'', ?)", (acked, acked))
    connection.close()


def sell(port, *codes, tender="cash", **fields):
    for code in codes:
        port.ok("scan", code=code)
    return port.ok("pay", tender=tender, **fields)["receipt"]


def back(port, receipt, *lines, **fields):
    wanted = {"lines": [{"line": line, "quantity": quantity} for line, quantity in lines]} if lines else {}
    return port.ok("return", receipt=receipt, reason="defect", condition="opened", **wanted, **fields)


# -- by receipt


def test_goods_come_back_for_cash_at_the_price_they_were_sold_for(port):
    port.morning()
    port.ok("scan", code=BOOK)
    port.ok("scan", code=MILK)
    port.ok("bill_discount", percent="10")
    receipt = port.ok("pay")["receipt"]
    sale = port.bodies()[-1]
    answer = back(port, receipt, (1, "1"), refund="cash")
    body = port.bodies()[-1]
    assert answer["total"] == -sale.lines[0].total_minor == body.total_minor == body.payments[0].amount_minor
    line = body.lines[0]
    assert (line.quantity, line.returns.receipt, line.returns.line) == (-1, receipt, 1)
    assert (line.returns.reason, line.returns.condition, line.group) == ("defect", "opened", "Books")
    assert answer["change"] == sale.lines[0].total_minor  # what the cashier hands out


def test_the_running_number_is_enough_for_an_own_receipt(port):
    port.morning()
    sell(port, BOOK)
    assert port.ok("find_receipt", receipt="1")["lines"][0]["left"] == "1"


def test_no_more_comes_back_than_is_left_over_all_receipts_and_starts(folder, port):
    port.morning()
    port.ok("add", article="A3", quantity="3")
    receipt = port.ok("pay")["receipt"]
    back(port, receipt, (1, "2"), refund="cash")
    port.refused("too_much_back", "return", receipt=receipt, lines=[{"line": 1, "quantity": "2"}], reason="defect")
    port.close()
    port = Port(folder)
    port.ok("sign_in", cashier="1", pin="1111")
    assert port.ok("find_receipt", receipt=receipt)["lines"][0]["left"] == "1"
    back(port, receipt, refund="cash")
    port.refused("nothing_left", "return", receipt=receipt, reason="defect")
    assert sum(body.total_minor for body in port.bodies() if hasattr(body, "taxes") and hasattr(body, "receipt")) == 0
    port.close()


def test_goods_that_wait_in_the_basket_are_counted(port):
    port.morning()
    receipt = sell(port, BOOK)
    back(port, receipt)
    port.refused("nothing_left", "return", receipt=receipt, reason="defect")
    assert len(port.do("status")["basket"]["lines"]) == 1


def test_an_exchange_is_one_receipt(port):
    """Goods come back and others go: the difference is paid."""
    port.morning()
    receipt = sell(port, BREAD)
    back(port, receipt)
    basket = port.ok("scan", code=BOOK)["basket"]
    assert basket["due"] == 1999 - 349
    assert port.ok("pay", amount=2000)["change"] == 350
    assert [line.quantity for line in port.bodies()[-1].lines] == [-1, 1]


def test_a_bill_discount_is_not_taken_off_what_comes_back(port):
    port.morning()
    receipt = sell(port, BREAD)
    back(port, receipt)
    port.ok("scan", code=BOOK)
    basket = port.ok("bill_discount", percent="10")["basket"]
    assert basket["due"] == 1999 - 200 - 349


def test_a_reason_is_asked_for(port):
    port.morning()
    receipt = sell(port, BOOK)
    port.refused("no_reason", "return", receipt=receipt)


def test_lines_that_came_back_cannot_be_changed_but_taken_off(port):
    port.morning()
    receipt = sell(port, BOOK)
    back(port, receipt)
    port.refused("fixed_line", "change", line=1, quantity="-5")
    port.refused("fixed_line", "change", line=1, discount_percent="5")
    port.ok("remove", line=1)
    back(port, receipt, refund="cash")


def test_weighed_goods_come_back_in_parts_to_the_cent(port):
    port.morning()
    port.ok("add", article="A4", quantity="0.333")
    receipt = port.ok("pay")["receipt"]
    parts = [back(port, receipt, (1, part), refund="cash")["total"] for part in ("0.111", "0.111", "0.111")]
    assert -sum(parts) == port.bodies()[-4].total_minor


# -- how it is paid back


def test_another_tender_needs_a_supervisor(port):
    port.morning()
    receipt = sell(port, BOOK, tender="card_manual", card_type="Visa")
    refused = port.refused("needs_supervisor", "return", receipt=receipt, reason="defect", refund="cash")
    assert refused["basket"]["due"] == -1999  # the goods wait in the basket
    port.ok("supervisor", pin="9999")
    port.ok("pay", tender="cash")
    assert port.types()[-2:] == ["ActionLifted", "SaleCompleted"]


def test_the_same_tender_needs_nobody(port):
    port.morning()
    receipt = sell(port, BOOK, tender="card_manual", card_type="Visa")
    answer = back(port, receipt, refund="card_manual", card_type="Visa")
    assert answer["payments"][0]["amount"] == -1999


def test_a_voucher_is_given_instead_of_money(port):
    port.morning()
    receipt = sell(port, BOOK)
    answer = back(port, receipt, refund="voucher")
    body = port.bodies()[-1]
    assert (answer["total"], body.payments) == (0, ())
    assert [(line.kind, line.total_minor) for line in body.lines] == [("goods", -1999), ("voucher", 1999)]
    assert answer["vouchers"] == [{"code": body.lines[1].reference, "amount": 1999}]
    port.ok("scan", code=BOOK)
    port.ok("pay", tender="voucher", code=body.lines[1].reference)


# -- receipts of other tills


def test_another_tills_receipt_is_found_in_the_mirror(folder):
    feed(folder, foreign(lines=(replace(foreign().lines[0], returned=Decimal(1)),)))
    port = Port(folder).morning()
    assert port.ok("find_receipt", receipt=FOREIGN)["lines"][0]["left"] == "2"
    answer = back(port, FOREIGN, refund="cash")
    assert answer["total"] == -(5398 - 1799)
    assert port.bodies()[-1].customer == "C1"
    port.refused("nothing_left", "return", receipt=FOREIGN, reason="defect")
    port.close()


def test_what_came_back_here_is_counted_once_when_head_office_knows_it_too(folder):
    feed(folder, foreign())
    port = Port(folder).morning()
    back(port, FOREIGN, (1, "1"), refund="cash")
    assert port.ok("find_receipt", receipt=FOREIGN)["lines"][0]["left"] == "2"
    head = port.till.desk.parts.journal.position.seq
    feed(folder, foreign(lines=(replace(foreign().lines[0], returned=Decimal(1)),)), acked=head)
    assert port.ok("find_receipt", receipt=FOREIGN)["lines"][0]["left"] == "2"
    # Another till took one back as well.
    feed(folder, foreign(lines=(replace(foreign().lines[0], returned=Decimal(2)),)))
    assert port.ok("find_receipt", receipt=FOREIGN)["lines"][0]["left"] == "1"
    port.close()


def test_without_head_office_an_unknown_receipt_says_so(port):
    port.morning()
    refused = port.refused("unknown_receipt", "return", receipt="0009-1-000001", reason="defect")
    assert "cannot be asked" in refused["error"]["message"]


class HeadOffice(http.server.ThreadingHTTPServer):
    """An agent's loopback endpoint that knows one receipt of another store, on a real socket."""

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), _Answer)
        address = AgentAddress(port=self.server_address[1], token="sample")
        (folder / AGENT).write_bytes(msgspec.json.encode(address))
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        known = self.path == "/receipt/0009-1-000042"
        body = msgspec.json.encode(foreign(receipt="0009-1-000042", store="0009")) if known else b"{}"
        self.send_response(200 if known else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


def test_head_office_knows_the_receipts_of_other_stores(folder):
    office = HeadOffice(folder)
    port = Port(folder).morning()
    assert back(port, "0009-1-000042", (1, "1"), refund="cash")["total"] == -1799
    assert port.ok("find_receipt", receipt="0009-1-000042")["lines"][0]["left"] == "2"
    message = port.refused("unknown_receipt", "return", receipt="0009-1-000043", reason="x")["error"]["message"]
    assert "neither here nor at head office" in message
    port.close()
    office.shutdown()
    office.server_close()


def test_a_voided_receipt_takes_nothing_back(folder):
    feed(folder, foreign(voided=True))
    port = Port(folder).morning()
    port.refused("receipt_voided", "return", receipt=FOREIGN, reason="defect")
    port.close()


def test_too_late_is_too_late(tmp_path):
    settings = replace(SETTINGS, returns=ReturnRules(days_max=14))
    make_folder(tmp_path / "till", settings=settings)
    feed(tmp_path / "till", foreign(day=day(ago=16)))
    port = Port(tmp_path / "till").morning()
    port.refused("return_too_late", "return", receipt=FOREIGN, reason="defect")
    port.close()


def test_another_tills_receipt_is_not_voided_here(folder):
    feed(folder, foreign())
    port = Port(folder).morning(cashier="9")
    port.refused("other_till", "void", receipt=FOREIGN, reason="mistake")
    port.close()


# -- without a receipt


def test_without_a_receipt_a_supervisor_is_asked(port):
    port.morning()
    wanted = {"lines": [{"article": "A3", "quantity": "1"}], "reason": "no receipt"}
    port.refused("needs_supervisor", "return", **wanted)
    port.ok("supervisor", pin="9999")
    port.ok("return", refund="cash", **wanted)
    line = port.bodies()[-1].lines[0]
    assert (line.quantity, line.total_minor, line.returns, line.note) == (-1, -1999, None, "no receipt")


def test_a_store_may_take_back_without_a_receipt(tmp_path):
    settings = replace(SETTINGS, returns=ReturnRules(allow_unknown_receipt=True))
    make_folder(tmp_path / "till", settings=settings)
    port = Port(tmp_path / "till").morning()
    port.ok("return", lines=[{"article": "A3"}], reason="gift", refund="cash")
    port.close()


# -- voids


def test_a_void_is_a_counter_receipt_with_its_own_number(port):
    port.morning(cashier="9")
    port.ok("scan", code=BOOK)
    port.ok("add", article="A4", quantity="0.333")
    port.ok("bill_discount", percent="7")
    receipt = port.ok("pay")["receipt"]
    sale = port.bodies()[-1]
    answer = port.ok("void", receipt=receipt, reason="wrong customer")
    void = port.bodies()[-1]
    assert answer["receipt"] == void.receipt != receipt
    assert (void.voids.receipt, void.voids.sale_id, void.voids.reason) == (receipt, sale.sale_id, "wrong customer")
    assert [line.total_minor for line in void.lines] == [-line.total_minor for line in sale.lines]
    assert [(row.code, row.tax_minor) for row in void.taxes] == [(row.code, -row.tax_minor) for row in sale.taxes]
    assert sum(part.amount_minor for part in void.payments) == -sum(part.amount_minor for part in sale.payments)
    assert "basket" not in answer


def test_a_void_gives_back_every_tender_and_the_rounding(tmp_path):
    make_folder(tmp_path / "till", settings=replace(SETTINGS, cash_step_minor=5))
    port = Port(tmp_path / "till").morning(cashier="9")
    port.ok("scan", code=BOOK)
    port.ok("pay", tender="card_manual", card_type="Visa", amount=1000)
    receipt = port.ok("pay")["receipt"]
    sale = port.bodies()[-1]
    answer = port.ok("void", receipt=receipt, reason="mistake")
    void = port.bodies()[-1]
    assert void.cash_rounding_minor == -sale.cash_rounding_minor == -1
    assert [(part.tender, part.amount_minor) for part in void.payments] == [("card_manual", -1000), ("cash", -1000)]
    assert answer["change"] == 1000
    port.close()


def test_each_receipt_is_voided_once_and_no_void_is_voided(folder, port):
    port.morning(cashier="9")
    receipt = sell(port, BOOK)
    void = port.ok("void", receipt=receipt, reason="mistake")["receipt"]
    assert void in port.refused("receipt_voided", "void", receipt=receipt, reason="mistake")["error"]["message"]
    port.refused("receipt_voided", "return", receipt=receipt, reason="defect")
    port.refused("is_void", "void", receipt=void, reason="mistake")
    port.close()
    port = Port(folder)
    port.ok("sign_in", cashier="9", pin="9999")
    port.refused("receipt_voided", "void", receipt=receipt, reason="mistake")
    port.close()


def test_what_came_back_in_part_is_not_voided_unless_that_is_voided_first(port):
    port.morning(cashier="9")
    port.ok("add", article="A3", quantity="2")
    receipt = port.ok("pay")["receipt"]
    partly = back(port, receipt, (1, "1"), refund="cash")["receipt"]
    port.refused("partly_returned", "void", receipt=receipt, reason="mistake")
    port.ok("void", receipt=partly, reason="mistake")
    port.ok("void", receipt=receipt, reason="mistake")


def test_a_void_needs_its_right_and_an_empty_basket(port):
    port.morning()
    receipt = sell(port, BOOK)
    port.refused("needs_supervisor", "void", receipt=receipt, reason="mistake")
    port.ok("supervisor", pin="9999")
    port.ok("scan", code=MILK)
    port.refused("basket_in_use", "void", receipt=receipt, reason="mistake")
    port.ok("cancel")
    port.ok("void", receipt=receipt, reason="mistake")


def test_a_void_cannot_be_added_to(port):
    """While its money has not gone back yet, the void of a receipt stays what it is."""
    port.morning(cashier="9")
    sell(port, BOOK, tender="card_manual", card_type="Visa")
    sale = port.bodies()[-1]
    port.till.desk.take_sale(void_of(sale, "s-2", 0, "mistake"))
    port.refused("void_fixed", "scan", code=MILK)
    port.refused("void_fixed", "customer", number="C1")


def test_the_void_of_a_voucher_payment_gives_the_voucher_its_money_back(port):
    port.morning(cashier="9")
    code = back(port, sell(port, BOOK), refund="voucher")["vouchers"][0]["code"]
    receipt = sell(port, BREAD, tender="voucher", code=code)
    port.ok("void", receipt=receipt, reason="mistake")
    assert port.bodies()[-1].payments[0].amount_minor == -349
    port.ok("scan", code=BOOK)
    port.ok("pay", tender="voucher", code=code)  # 19.99 again


def test_a_receipt_whose_voucher_was_redeemed_since_is_not_voided(port):
    """The goods that were bought with the voucher would be free: its worth would be paid out once more."""
    port.morning(cashier="9")
    returned = back(port, sell(port, BOOK), refund="voucher")
    code = returned["vouchers"][0]["code"]
    spent = sell(port, BREAD, tender="voucher", code=code)
    port.refused("voucher_spent", "void", receipt=returned["receipt"], reason="mistake")
    port.ok("void", receipt=spent, reason="mistake")
    port.ok("void", receipt=returned["receipt"], reason="mistake")
    port.ok("scan", code=BREAD)
    port.refused("voucher_empty", "pay", tender="voucher", code=code)


def test_a_voucher_that_another_till_redeemed_is_not_paid_out(folder):
    """Head office fed what is left of it."""
    port = Port(folder).morning(cashier="9")
    returned = back(port, sell(port, BOOK), refund="voucher")
    lay(folder, Voucher(code=returned["vouchers"][0]["code"], balance_minor=1650, currency="EUR"))
    feed(folder, acked=10_000)
    long_fetched(folder)
    port.refused("voucher_spent", "void", receipt=returned["receipt"], reason="mistake")
    port.close()


def long_fetched(folder):
    """Let the mirror be fetched long after everything in the journal."""
    connection = apsw.Connection(str(folder / MIRROR))
    later = str(int(time.time() * 1000) + DAY_MS)
    connection.execute("INSERT OR REPLACE INTO sync (name, value) VALUES ('last_fetch_ms', ?)", (later,))
    connection.close()


def test_what_a_voided_return_gave_back_does_not_come_back_once_more(port):
    """A void of a return shows goods sold again; they come back on the receipt that sold them, and on no other."""
    port.morning(cashier="9")
    receipt = sell(port, BOOK)
    returned = back(port, receipt, refund="cash")["receipt"]
    void = port.ok("void", receipt=returned, reason="mistake")["receipt"]
    port.refused("nothing_left", "return", receipt=void, reason="defect")
    back(port, receipt, refund="cash")
    port.refused("nothing_left", "return", receipt=void, reason="defect")


def test_the_void_of_a_sale_on_account_takes_it_off_again(tmp_path):
    make_folder(tmp_path / "till")
    limited = replace(CUSTOMERS[0], credit_limit_minor=2000)
    connection = apsw.Connection(str(tmp_path / "till" / MIRROR))
    connection.execute("UPDATE party SET body = ? WHERE key = 'C1'", (msgspec.json.encode(limited),))
    connection.close()
    port = Port(tmp_path / "till").morning(cashier="9")
    port.ok("customer", number="C1")
    receipt = sell(port, BOOK, tender="account")
    port.ok("customer", number="C1")
    port.ok("scan", code=BOOK)
    port.refused("credit_limit", "pay", tender="account")
    port.ok("cancel")
    port.ok("void", receipt=receipt, reason="mistake")
    port.ok("customer", number="C1")
    sell(port, BOOK, tender="account")
    port.close()


# -- power cuts


def test_a_power_cut_after_a_return_counts_it_once(folder):
    """Fault 1, 2: killed before the commit it never happened, after it is there once."""
    port = Port(folder).morning()
    receipt = sell(port, BOOK)
    port.close()
    process = Process(folder)
    process.ok("sign_in", cashier="1", pin="1111")
    process.ok("return", receipt=receipt, reason="defect")
    process.kill()
    process = Process(folder)
    process.ok("sign_in", cashier="1", pin="1111")
    process.do("status")
    answer = process.ok("pay")  # the basket with the goods is back in hand
    assert answer["total"] == -1999
    process.kill()
    port = Port(folder)
    port.ok("sign_in", cashier="1", pin="1111")
    port.refused("nothing_left", "return", receipt=receipt, reason="defect")
    assert [type(body).__name__ for body in port.bodies()].count("SaleCompleted") == 2
    port.close()


@pytest.mark.parametrize(
    "lines", ["x", [1], [{"line": "1.5"}], [{"line": 1, "quantity": "x"}], [{"line": 99}], [{"line": 0}], [{}]]
)
def test_bad_lines_are_refused_in_words(port, lines):
    port.morning()
    receipt = sell(port, BOOK)
    answer = port.do("return", receipt=receipt, lines=lines, reason="defect")
    assert not answer["ok"]
    assert answer["error"]["message"]


def test_two_tills_that_cannot_ask_each_take_the_goods_back(tmp_path):
    """Offline neither can know of the other: both pay, and head office sees that too much came back."""
    for number in (1, 2):
        folder = tmp_path / f"till-{number}"
        make_folder(folder, state="offline")
        feed(folder, foreign())
        port = Port(folder).morning()
        assert back(port, FOREIGN, refund="cash")["total"] == -5398
        assert [line.returns.receipt for line in port.bodies()[-1].lines] == [FOREIGN]
        port.close()


def test_what_was_bought_on_account_is_credited_there(tmp_path):
    make_folder(tmp_path / "till")
    connection = apsw.Connection(str(tmp_path / "till" / MIRROR))
    limited = replace(CUSTOMERS[0], credit_limit_minor=2000)
    connection.execute("UPDATE party SET body = ? WHERE key = 'C1'", (msgspec.json.encode(limited),))
    connection.close()
    port = Port(tmp_path / "till").morning()
    port.ok("customer", number="C1")
    receipt = sell(port, BOOK, tender="account")
    answer = back(port, receipt, refund="account")
    assert [(part["tender"], part["amount"]) for part in answer["payments"]] == [("account", -1999)]
    assert port.bodies()[-1].customer == "C1"
    port.close()


def test_articles_that_are_scanned_on_the_returns_screen_come_back_without_a_receipt(port):
    port.morning(cashier="9")
    returns = port.screens.returns
    returns.scan(BOOK)
    returns.scan(MILK)
    assert [(line.name, line.back_text, line.sold_text) for line in returns.state.lines] == [
        ("Käse book", "1", ""),
        ("Milk 1 l", "1", ""),
    ]
    assert (returns.state.back_minor, returns.state.may_void) == (2128, False)
    returns.step(2)
    assert returns.state.back_minor == 1999 + 3 * 129
    returns.choose_reason("defect")
    returns.refund()
    port.ok("pay")
    assert [(line.quantity, line.returns) for line in port.bodies()[-1].lines] == [(-1, None), (-3, None)]
