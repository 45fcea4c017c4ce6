"""A receipt by mail at the till: one fact for each receipt and address, on the disk before the screen promises it."""

import threading

import pytest
import sample_till as shop
from sample_till import BOOK, PINS, Port, Process, change_settings, make_folder
from test_till_journal import fill
from test_till_practice import PracticePort, agents_view

from schema.catalogue import ReceiptDesign
from schema.events import ReceiptMailWanted
from schema.parties import Customer
from till.journal import tables
from till.paper.mail import ADDRESSES_MAX, Asked, wish_mail
from till.presenters.mailing import MailState

KIM, LOU = "kim@example.org", "lou@example.org"


@pytest.fixture
def port(folder):
    change_settings(folder, design=ReceiptDesign(offer="none", mail=True))
    port = Port(folder).morning()
    yield port
    port.close()


def sell(port):
    port.ok("scan", code=BOOK)
    return port.ok("pay")["receipt"]


def wishes(port):
    return [body for body in port.bodies() if isinstance(body, ReceiptMailWanted)]


def test_the_wish_is_a_fact_with_the_receipt_its_event_and_the_address(port):
    receipt = sell(port)
    answer = port.ok("mail_receipt", address=f" {KIM} ")
    assert answer["address"] == KIM
    assert answer["told"] == f"The receipt goes to {KIM} as soon as head office has it."
    (wish,) = wishes(port)
    (event_id,) = port.till.desk.parts.journal.rows(
        "SELECT event_id FROM event WHERE type = 'sale.completed' ORDER BY seq DESC LIMIT 1"
    )[0]
    assert (wish.receipt, wish.sale_event, wish.address, wish.cashier) == (receipt, event_id, KIM, "1")
    assert wish.language == "en"


def test_the_same_receipt_and_address_are_wished_once_another_address_again(port):
    sell(port)
    port.ok("mail_receipt", address=KIM)
    again = port.ok("mail_receipt", address="KIM@Example.org")
    assert "already" in again["told"]
    assert port.ok("mail_receipt", address=LOU)["told"].startswith(f"The receipt goes to {LOU}")
    assert [wish.address for wish in wishes(port)] == [KIM, LOU]
    sell(port)
    assert "already" not in port.ok("mail_receipt", address=KIM)["told"]
    assert len(wishes(port)) == 3


def test_two_presses_at_once_are_one_wish(port):
    """The window's worker is one thread; even two would not double it."""
    receipt, parts = sell(port), port.till.desk.parts
    asked = Asked(receipt=receipt, address=KIM, cashier="1", language="en")
    start = threading.Barrier(8)

    def press():
        start.wait()
        wish_mail(parts.journal, parts.device, asked)

    threads = [threading.Thread(target=press) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(wishes(port)) == 1


def test_a_past_receipt_is_mailed_by_its_number_or_its_running_number(port):
    first, second = sell(port), sell(port)
    port.ok("mail_receipt", receipt=first, address=KIM)
    port.ok("mail_receipt", receipt="2", address=KIM)
    assert [wish.receipt for wish in wishes(port)] == [first, second]
    port.refused("unknown_receipt", "mail_receipt", receipt="0007-9-000001", address=KIM)
    port.refused("unknown_receipt", "mail_receipt", receipt="3", address=KIM)


@pytest.mark.parametrize(
    "address",
    ["", "kim", "kim@example", "kim@example.org, lou@example.org", f"{KIM}\r\nBcc: {LOU}", "a" * 3000, "\x1b"],
)
def test_what_is_no_address_is_refused_at_the_door(port, address):
    """Fault 61."""
    sell(port)
    answer = port.refused("bad_address", "mail_receipt", address=address)
    assert "\r" not in answer["error"]["message"]
    assert "\x1b" not in answer["error"]["message"]
    assert wishes(port) == []


def test_a_receipt_goes_to_so_many_addresses_and_no_more(port):
    sell(port)
    for number in range(ADDRESSES_MAX):
        port.ok("mail_receipt", address=f"kim{number}@example.org")
    port.refused("too_many_addresses", "mail_receipt", address="one-more@example.org")
    assert "already" in port.ok("mail_receipt", address="kim0@example.org")["told"]


def test_a_store_that_mails_nothing_offers_nothing(folder):
    port = Port(folder).morning()
    sell(port)
    assert "mail" not in port.screens.done.state.offered
    port.refused("mail_not_offered", "mail_receipt", address=KIM)
    port.screens.done.ask_mail()
    assert port.screens.done.state.mail.step == "none"
    port.close()


def test_nobody_mails_before_signing_in_or_before_a_sale(folder):
    change_settings(folder, design=ReceiptDesign(mail=True))
    port = Port(folder)
    port.refused("not_signed_in", "mail_receipt", address=KIM)
    port.ok("sign_in", cashier="1", pin=PINS["1"])
    port.refused("no_receipt", "mail_receipt", address=KIM)
    port.close()


@pytest.mark.parametrize(("offer", "ways"), [("none", ("mail",)), ("print", ("mail",)), ("ask", ("qr", "mail"))])
def test_the_store_offers_mail_beside_what_happens_by_itself(folder, offer, ways):
    change_settings(folder, design=ReceiptDesign(offer=offer, mail=True))
    port = Port(folder).morning()
    sell(port)
    assert port.screens.done.state.offered == ways
    port.close()


def test_a_known_customers_address_is_proposed(port):
    kim = Customer(number="C1", name="Kim Sample", email=KIM)
    shop.change_row(port.till.folder, "UPDATE party SET body = ? WHERE kind = 'customer'", kim)
    port.ok("customer", number="C1")
    sell(port)
    done = port.screens.done
    done.ask_mail()
    assert (done.state.mail.step, done.state.mail.address) == ("asking", KIM)
    done.drop_mail()
    assert (done.state.mail.step, done.state.mail.address) == ("none", "")
    done.ask_mail()
    done.send_mail(done.state.mail.address)
    assert done.state.mail.step == "wanted"
    assert [wish.address for wish in wishes(port)] == [KIM]


def test_without_a_customer_nothing_is_proposed_and_a_refusal_keeps_the_question(port):
    sell(port)
    done = port.screens.done
    done.ask_mail()
    assert (done.state.mail.step, done.state.mail.address) == ("asking", "")
    done.send_mail("nonsense")
    assert done.state.mail.step == "asking"
    assert port.stage.said[-1].code == "bad_address"


def test_the_next_sale_begins_without_the_last_ones_address(port):
    sell(port)
    port.ok("mail_receipt", address=KIM)
    sell(port)
    state = port.screens.done.state
    assert state.mail == MailState()


def test_the_address_stands_in_the_event_and_nowhere_else_in_the_journal(port):
    sell(port)
    port.ok("mail_receipt", address=KIM)
    journal = port.till.desk.parts.journal
    for (table,) in journal.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'event'"):
        for row in journal.rows(f"SELECT * FROM {table}"):
            assert not any(KIM.encode() in (cell if isinstance(cell, bytes) else str(cell).encode()) for cell in row)
    assert len(journal.rows(tables.MAIL_WISHES, (wishes(port)[0].receipt,))) == 1


def test_a_full_disk_promises_nothing(small_disk):
    """Fault 11: what is not written down is not said to go."""
    folder = small_disk / "till"
    make_folder(folder)
    change_settings(folder, design=ReceiptDesign(offer="none", mail=True))
    port = Port(folder).morning()
    sell(port)
    filler = fill(folder)
    port.refused("disk_full", "mail_receipt", address=KIM)
    assert port.screens.done.state.mail.step == "none"
    filler.unlink()
    port.ok("mail_receipt", address=KIM)
    assert len(wishes(port)) == 1
    port.close()


def test_a_killed_till_still_knows_the_wish_and_doubles_nothing(folder):
    """Fault 2: killed right after the answer."""
    change_settings(folder, design=ReceiptDesign(offer="none", mail=True))
    till = Process(folder, ballast_mb="1")
    till.ok("sign_in", cashier="1", pin="1111")
    till.ok("open_shift", float=0)
    till.ok("scan", code=BOOK)
    receipt = till.ok("pay")["receipt"]
    till.ok("mail_receipt", address=KIM)
    till.kill()
    port = Port(folder)
    port.ok("sign_in", cashier="1", pin="1111")
    assert "already" in port.ok("mail_receipt", address=KIM, receipt=receipt)["told"]
    assert len(wishes(port)) == 1
    port.close()


def test_practice_says_that_nothing_is_sent_and_the_agent_never_sees_it(folder):
    change_settings(folder, design=ReceiptDesign(offer="none", mail=True))
    real = Port(folder).morning()
    sell(real)
    real.close()
    before = agents_view(folder)
    port = PracticePort(folder).morning()
    sell(port)
    assert port.ok("mail_receipt", address=KIM)["told"] == f"Practice: nothing is sent to {KIM}."
    port.close()
    assert agents_view(folder) == before


def test_a_past_receipt_is_mailed_where_it_was_found(port):
    first, second = sell(port), sell(port)
    returns = port.screens.returns
    returns.find(first)
    assert returns.state.may_mail
    returns.ask_mail()
    assert (returns.state.mail.step, returns.state.mail.receipt) == ("asking", first)
    returns.send_mail(KIM, first)
    assert returns.state.mail.step == "wanted"
    assert port.stage.said[-1].text == f"The receipt goes to {KIM} as soon as head office has it."
    assert [(wish.receipt, wish.address) for wish in wishes(port)] == [(first, KIM)]
    assert second != first


def test_nothing_is_mailed_without_an_open_receipt_or_where_the_store_mails_nothing(port, tmp_path):
    returns = port.screens.returns
    returns.ask_mail()
    assert port.stage.said[-1].code == "no_receipt"
    make_folder(tmp_path / "silent")
    silent = Port(tmp_path / "silent").morning()
    receipt = sell(silent)
    silent.screens.returns.find(receipt)
    assert not silent.screens.returns.state.may_mail
    silent.close()
