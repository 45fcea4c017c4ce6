"""Receipts by mail at the office: what waits, what failed and why, and sending it again; over pages and the API."""

import pytest
from mail_shop import KIM, LOU, QUICK, TILL

from rig.mail_server import CUT, MailServer
from schema.events import ReceiptMailWanted
from server.catalogue.store_rows import store_settings
from server.mailing.send import Postman
from server.mailing.settings import MailSettings, Secret

MASKED = "k…@example.org"


@pytest.fixture
def server():
    running = MailServer()
    yield running
    running.off()


@pytest.fixture
def mailed(signed, server):
    """An office with one receipt that is wished by mail, and a postman who is stepped by hand."""
    shop = signed.shop
    settings = MailSettings(host="127.0.0.1", port=server.port, security="none", sender=TILL, password=Secret())
    signed.postman = Postman(shop.database, shop.clock, settings, deadlines=QUICK)
    signed.idle_postman = Postman(shop.database, shop.clock, None)
    signed.server = server
    sale = shop.till().sale()
    signed.receipt, event = sale.receipt, shop.till().send(sale)[3]
    shop.till().send(ReceiptMailWanted(receipt=sale.receipt, sale_event=event, address=KIM, cashier="7"))
    shop.kick()
    return signed


def number_of(office):
    return office.shop.value("SELECT number FROM receipt WHERE till_receipt = ?", office.receipt)


def test_a_mail_is_seen_waiting_and_then_sent(mailed):
    assert "Waiting" in mailed.get("/mails")
    mailed.postman.step()
    page = mailed.get("/mails")
    assert "Sent" in page
    assert "Mails go out" in page
    assert "The mail server has taken it." in mailed.get("/mails/1")


def test_lists_mask_the_address_and_the_mail_itself_shows_it(mailed):
    for path in ("/mails", "/mails?format=csv", f"/invoicing/{number_of(mailed)}"):
        page = mailed.get(path)
        assert MASKED in page
        assert KIM not in page
    assert KIM in mailed.get("/mails/1")


def test_the_receipt_names_its_mails_with_their_state(mailed):
    path = f"/invoicing/{number_of(mailed)}"
    assert "Waiting" in mailed.get(path)
    assert "Send again" not in mailed.get(path)
    mailed.postman.step()
    assert "Sent" in mailed.get(path)
    assert "/mails/1/again" in mailed.get(path)


def test_without_settings_the_pages_say_what_to_set(mailed):
    mailed.idle_postman.step()
    for path in ("/mails", "/mails/1", "/settings"):
        page = mailed.get(path)
        assert "Head office sends no mails yet" in page
        assert "SMTP_HOST" in page


def test_a_refusal_is_on_the_worklist_and_leads_to_its_mail(mailed):
    mailed.server.fail("RCPT", "550 5.1.1 <kim@example.org>: no such person")
    mailed.postman.step()
    worklist = mailed.get("/worklist")
    assert "Receipt not mailed" in worklist
    assert f"/mails?q={mailed.receipt}" in worklist
    assert "Receipt not mailed" in mailed.get("/")
    page = mailed.get("/mails/1")
    assert "550 5.1.1" in page
    assert "no such person" in page
    assert "refuses it for good" in page
    for path in ("/worklist", "/", "/mails"):
        assert KIM not in mailed.get(path)


def test_sending_again_asks_once_is_audited_and_takes_it_off_the_worklist(mailed):
    mailed.server.fail("RCPT", "550 no")
    mailed.postman.step()
    assert KIM in mailed.get("/mails/1/again")
    answer = mailed.post("/mails/1/again")
    assert answer.headers["location"] == "/mails/1?told=mailing"
    assert "Receipt not mailed" not in mailed.get("/worklist")
    assert mailed.shop.value("SELECT state FROM mail") == "waiting"
    mailed.postman.step()
    assert mailed.shop.value("SELECT state FROM mail") == "sent"
    assert mailed.shop.rows("SELECT actor, action, subject, detail FROM audit WHERE action = 'mail sent again'") == [
        ("admin", "mail sent again", "1", mailed.receipt)
    ]


def test_what_may_have_arrived_says_so_before_it_is_sent_again(mailed):
    mailed.server.fail("END", *[CUT] * 9)
    for _ in range(4):
        mailed.postman.step()
        mailed.shop.clock.now += 1_800_000
    mailed.client.cookies.clear()  # the session has ended meanwhile
    mailed.sign_in()
    assert "Perhaps arrived" in mailed.get("/mails")
    assert "may have arrived" in mailed.get("/mails/1/again")
    assert "Ask the customer" in mailed.get("/mails/1")


def test_what_has_no_address_cannot_be_sent(mailed):
    shop = mailed.shop
    event = shop.value("SELECT source_event FROM receipt")
    shop.till().send(ReceiptMailWanted(receipt=mailed.receipt, sale_event=event, address="<b>no</b>", cashier="7"))
    shop.kick()
    page = mailed.get("/mails/2")
    assert "<b>no</b>" not in page
    assert "Send again" not in page
    assert mailed.post("/mails/2/again").status_code == 409


def test_a_clerk_sees_mails_and_sends_none(mailed):
    mailed.postman.step()
    mailed.client.cookies.clear()
    mailed.sign_in("office")
    assert "Send again" not in mailed.get("/mails/1")
    mailed.get("/mails/1/again", 403)
    assert mailed.post("/mails/1/again").status_code == 403
    assert mailed.shop.value("SELECT state FROM mail") == "sent"


def test_a_mail_that_is_not_there(mailed):
    for path in ("/mails/99", "/mails/99/again", f"/mails/{10**30}"):
        mailed.get(path, 404)


@pytest.mark.parametrize("language", ["de", "nl"])
def test_every_state_reads_in_every_language(mailed, language):
    with mailed.shop.database.write() as connection:
        connection.run("UPDATE staff SET language = ? WHERE name = 'admin'", (language,))
    states = [
        ("waiting", "later"),
        ("waiting", "lost"),
        ("sending", ""),
        ("refused", "refused"),
        ("refused", "bad_address"),
        ("stopped", "too_often"),
        ("stopped", "unreadable"),
        ("unsure", "lost"),
    ]
    for state, reason in states:
        with mailed.shop.database.write() as connection:
            connection.run("UPDATE mail SET state = ?, reason = ?", (state, reason))
        assert " the " not in mailed.get("/mails/1").partition("<main")[2]


def test_the_list_costs_a_constant_number_of_statements(mailed):
    before = mailed.statements("/mails")
    event = mailed.shop.value("SELECT source_event FROM receipt")
    for number in range(8):
        wish = ReceiptMailWanted(
            receipt=mailed.receipt, sale_event=event, address=f"kim{number}@example.org", cashier="7"
        )
        mailed.shop.till().send(wish)
    mailed.shop.kick()
    assert mailed.statements("/mails") == before


def test_a_store_lets_its_tills_offer_mails(mailed):
    page = mailed.get("/stores/0001/settings")
    assert 'name="mail"' in page
    with mailed.shop.database.read() as connection:
        assert store_settings(connection, "0001").design.mail is False


def token(office, name="admin"):
    answer = office.client.post("/api/v1/session", json={"name": name, "password": "sample-shop"})
    return {"Authorization": f"Bearer {answer.json()['token']}"}


def test_the_api_lists_mails_masked_and_sends_again(mailed):
    mailed.server.fail("RCPT", "550 no")
    mailed.postman.step()
    headers = token(mailed)
    rows = mailed.client.get("/api/v1/mails", headers=headers).json()["rows"]
    assert [(row["till_receipt"], row["masked"], row["state"]) for row in rows] == [(mailed.receipt, MASKED, "refused")]
    assert KIM not in str(rows)
    assert mailed.client.post("/api/v1/mails/1/again", headers=headers).status_code == 202
    mailed.postman.step()
    assert mailed.server.taken[0].recipients == [KIM]
    assert mailed.client.post("/api/v1/mails/77/again", headers=headers).status_code == 404
    assert mailed.client.post("/api/v1/mails/1/again", headers=token(mailed, "office")).status_code == 403
    assert mailed.client.get("/api/v1/mails").status_code == 401


def test_another_address_is_another_mail_of_the_same_receipt(mailed):
    event = mailed.shop.value("SELECT source_event FROM receipt")
    mailed.shop.till().send(ReceiptMailWanted(receipt=mailed.receipt, sale_event=event, address=LOU, cashier="7"))
    mailed.shop.kick()
    page = mailed.get(f"/invoicing/{number_of(mailed)}")
    assert MASKED in page
    assert "l…@example.org" in page
