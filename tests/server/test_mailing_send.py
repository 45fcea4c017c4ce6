"""The postman: every wish is sent once, whatever the mail server does, and what is not sent says why."""

import threading

import pytest
from mail_shop import KIM, LOU, QUICK, TILL, MailShop

from rig.mail_server import CUT, MUTE, MailServer
from schema.errors import Unready
from schema.events import ReceiptMailWanted
from server.jobs.worker import kick
from server.mailing import tables
from server.mailing.rules import DOUBTS_MAX, RETRY_MS, TRIES_MAX
from server.mailing.send import LINE_RETRY_MS, Postman, line_state, send_again
from server.reports.rebuild import check


@pytest.fixture
def server():
    running = MailServer()
    yield running
    running.off()


@pytest.fixture
def shop(database, server):
    return MailShop(database, server)


@pytest.fixture
def wished(shop):
    """A receipt that is issued and wished by mail."""
    receipt, event = shop.sell()
    shop.wish(receipt, event)
    shop.kick()
    return receipt


def state_of_line(shop):
    with shop.database.read() as connection:
        return line_state(connection)


def again(shop, mail=1):
    with shop.database.write() as connection:
        return send_again(connection, mail, shop.clock.now)


def test_a_wish_is_sent_once(shop, server, wished):
    assert shop.step() == 1
    assert shop.step() == shop.step(minutes=60) == 0
    (mail,) = server.taken
    assert (mail.sender, mail.recipients) == (TILL, [KIM])
    assert mail.message["Subject"] == f"Your receipt {wished} from Sample Shop 0001"
    assert mail.message["To"] == KIM
    assert mail.message["Message-ID"] == "<t1-1-2.1@example.com>"
    assert shop.mails() == [(KIM, "sent", "", 1, 0)]
    assert shop.matters() == []


def test_a_wish_waits_for_its_receipt_without_a_try(shop, server):
    receipt, event = shop.sell()
    shop.wish(receipt, event)
    assert shop.step() == 0
    shop.kick()
    assert shop.step() == 1
    assert shop.mails() == [(KIM, "sent", "", 1, 0)]


def test_a_wish_that_comes_before_its_sale_waits(shop, server):
    till = shop.till()
    sale = till.sale()
    shop.wish(sale.receipt, "t1-1-2")
    shop.kick()
    assert shop.step() == 0
    till.send(sale)
    shop.kick()
    assert shop.step() == 1


def test_the_same_receipt_and_address_go_out_once_whoever_tells_it(shop, server):
    """Fault 35: a cloned till tells the same wish under another event."""
    receipt, event = shop.sell()
    for address in (KIM, "KIM@example.org", LOU):
        shop.wish(receipt, event, address)
    shop.kick()
    assert shop.step() == 2
    assert [mail.recipients for mail in server.taken] == [[KIM], [LOU]]


def test_a_till_mails_no_other_tills_receipt(shop, server):
    """Invariant I14: a stolen till cannot have other receipts sent to itself."""
    receipt, event = shop.sell(till="t1")
    shop.wish(receipt, event, till="t2")
    shop.till("t3", store="0002")
    shop.wish(receipt, event, LOU, till="t3")
    shop.kick()
    assert shop.step() == 0
    assert server.taken == []
    assert shop.states() == ["waiting", "waiting"]
    # Nor does it keep the right till from it.
    shop.wish(receipt, event, till="t1")
    shop.kick()
    assert shop.step() == 1


@pytest.mark.parametrize(
    "address",
    ["nonsense", "kim@example.org\r\nBcc: lou@example.org", "kim@example.org>\r\nRCPT TO:<lou@example.org", "\x00" * 9],
)
def test_what_is_no_address_is_refused_and_holds_nothing_up(shop, server, address):
    """Faults 38 and 61: whatever a till signed, no second header and no second recipient."""
    receipt, event = shop.sell()
    shop.wish(receipt, event, address)
    shop.wish(receipt, event, LOU)
    shop.kick()
    assert shop.step() == 1
    assert [mail.recipients for mail in server.taken] == [[LOU]]
    assert server.taken[0].message["Bcc"] is None
    assert [row[1:3] for row in shop.mails()] == [("refused", "bad_address"), ("sent", "")]
    assert len(shop.matters()) == 1
    assert not again(shop)


def test_whatever_else_a_till_signed_holds_nothing_up(shop, server):
    """Fault 38."""
    long = "\x00\x1b" + "x" * 5000
    body = ReceiptMailWanted(receipt=f"{long}\r\n", sale_event=long, address=KIM, cashier=long, language=long)
    shop.till().send(body)
    receipt, event = shop.sell()
    shop.wish(receipt, event, language="kl")
    shop.kick()
    assert shop.step() == 1
    assert len(server.taken) == 1
    assert shop.value("SELECT COUNT(*) FROM parked") == 0


def test_names_from_people_write_no_header(shop, server):
    """Fault 61."""
    with shop.database.write() as connection:
        connection.run(
            "UPDATE store SET settings = ? WHERE code = '0001'",
            ('{"store":"0001","name":"Shop\\r\\nBcc: lou@example.org\\u0000 \\"x\\" <a@b.cd>"}',),
        )
    receipt, event = shop.sell()
    shop.wish(receipt, event)
    shop.kick()
    assert shop.step() == 1
    (mail,) = server.taken
    assert mail.recipients == [KIM]
    assert mail.message["Bcc"] is None
    assert mail.message["From"].addresses[0].addr_spec == TILL


# -- what the mail server does


def test_a_recipient_that_does_not_exist_stops_with_the_servers_reason(shop, server, wished):
    server.fail("RCPT", "550 5.1.1 <kim@example.org>: no such person")
    shop.step()
    assert shop.mails() == [(KIM, "refused", "refused", 1, 0)]
    assert shop.value("SELECT answer FROM mail") == "550 5.1.1 <k…@example.org>: no such person"
    assert len(shop.matters()) == 1
    assert KIM not in shop.matters()[0][0]
    assert shop.step(minutes=10_000) == 0


def test_put_off_and_then_taken(shop, server, wished):
    server.fail("RCPT", "451 4.7.1 greylisted", "452 full")
    shop.step()
    assert shop.mails() == [(KIM, "waiting", "later", 1, 0)]
    assert shop.step() == 0
    shop.step(minutes=1)
    assert shop.mails() == [(KIM, "waiting", "later", 2, 0)]
    shop.step(minutes=5)
    assert shop.mails() == [(KIM, "sent", "", 3, 0)]
    assert len(server.taken) == 1


def test_put_off_too_often_stops_and_a_person_sends_it_again(shop, server, wished):
    server.fail("RCPT", *["451 later"] * TRIES_MAX)
    for _ in range(TRIES_MAX + 3):
        shop.step(minutes=max(RETRY_MS) // 60_000)
    assert shop.mails() == [(KIM, "stopped", "too_often", TRIES_MAX, 0)]
    assert len(shop.matters()) == 1
    assert again(shop)
    assert shop.matters() == []
    shop.step()
    assert shop.mails() == [(KIM, "sent", "", 1, 0)]
    assert server.taken[0].message["Message-ID"] == "<t1-1-2.1@example.com>"


def test_refused_again_is_a_matter_again(shop, server, wished):
    server.fail("RCPT", "550 no", "550 no")
    shop.step()
    assert again(shop)
    assert shop.matters() == []
    shop.step()
    assert len(shop.matters()) == 1


def test_a_line_cut_after_the_mail_is_told_as_doubt_and_sent_again_under_the_same_id(shop, server, wished):
    server.fail("END", CUT)
    shop.step()
    assert shop.mails() == [(KIM, "waiting", "lost", 1, 1)]
    shop.step(minutes=5)
    assert shop.mails() == [(KIM, "sent", "", 2, 1)]
    first, second = server.taken
    assert first.message["Message-ID"] == second.message["Message-ID"]


def test_doubt_is_bounded_and_then_a_person_decides(shop, server, wished):
    server.fail("END", *[CUT] * 20)
    for _ in range(20):
        shop.step(minutes=60)
    assert shop.mails() == [(KIM, "unsure", "lost", DOUBTS_MAX, DOUBTS_MAX)]
    assert len(server.taken) == DOUBTS_MAX
    assert len({mail.message["Message-ID"] for mail in server.taken}) == 1
    assert "not known whether it arrived" in shop.matters()[0][0]


def test_what_was_sent_is_sent_again_as_another_mail(shop, server, wished):
    shop.step()
    assert again(shop)
    shop.step()
    assert [mail.message["Message-ID"] for mail in server.taken] == ["<t1-1-2.1@example.com>", "<t1-1-2.2@example.com>"]


def test_one_refused_recipient_keeps_nobody_else_waiting(shop, server):
    receipt, event = shop.sell()
    for number in range(5):
        shop.wish(receipt, event, f"kim{number}@example.org")
    shop.kick()
    server.fail("RCPT", "550 no")
    assert shop.step() == 5
    assert shop.states() == ["refused", "sent", "sent", "sent", "sent"]
    assert server.commands.count("EHLO") == 1


# -- what is wrong with the line


def test_without_settings_the_wish_waits_and_says_so(shop, server, wished):
    shop.postman = shop.new_postman(settings=None)
    assert shop.step() == 0
    assert state_of_line(shop).trouble == "unset"
    assert shop.mails() == [(KIM, "waiting", "", 0, 0)]
    shop.postman = shop.new_postman()
    assert shop.step() == 1
    assert state_of_line(shop).trouble == ""


def test_a_process_without_settings_says_so_once_and_leaves_it_to_one_that_has_them(shop, server, wished):
    without = shop.new_postman(settings=None)
    without.step()
    shop.step()
    without.step()
    assert state_of_line(shop).trouble == ""


@pytest.mark.parametrize("fault", ["off", "mute"])
def test_a_server_that_does_not_answer_costs_no_mail_a_try(shop, server, wished, fault):
    if fault == "off":
        server.off()
    else:
        server.fail("CONNECT", MUTE)
    assert shop.step() == 0
    assert state_of_line(shop).trouble == "mail_unreachable"
    assert shop.mails() == [(KIM, "waiting", "", 0, 0)]
    if fault == "off":
        server.on()
    assert shop.step() == 0, "a pause follows"
    shop.clock.now += LINE_RETRY_MS[0]
    assert shop.step() == 1
    assert state_of_line(shop).trouble == ""


def test_a_refused_sender_is_the_settings_fault_not_the_mails(shop, server, wished):
    server.fail("MAIL", "553 5.1.8 sender is not yours")
    shop.step()
    assert shop.mails() == [(KIM, "waiting", "", 0, 0)]
    state = state_of_line(shop)
    assert (state.trouble, state.answer) == ("mail_sender", "553 5.1.8 sender is not yours")


def test_a_clock_set_back_does_not_hold_the_line_for_years(shop, server, wished):
    """Fault 19."""
    server.off()
    shop.step()
    server.on()
    shop.clock.now -= 10 * 365 * 86_400_000
    assert shop.step() == 1


# -- crashes, several workers, all that must not send


def test_a_postman_that_died_in_the_middle_leaves_doubt_not_loss(shop, server, wished):
    """Fault 6: the claim was committed, the end was not."""
    with shop.database.write() as connection:
        assert tables.claim(connection, "elsewhere:1:1:dead", shop.clock.now)
    assert shop.step() == 0
    assert shop.states() == ["sending"]
    shop.clock.now += tables.CLAIM_MS_MAX + 1
    shop.step()
    assert shop.mails() == [(KIM, "waiting", "lost", 1, 1)]
    shop.step(minutes=5)
    assert shop.states() == ["sent"]


def test_two_postmen_send_nothing_twice(shop, server):
    receipt, event = shop.sell()
    for number in range(30):
        shop.wish(receipt, event, f"kim{number}@example.org")
    shop.kick()
    postmen = [shop.new_postman() for _ in range(3)]
    start = threading.Barrier(3)

    def work(postman):
        start.wait()
        while postman.step():
            pass

    threads = [threading.Thread(target=work, args=(postman,)) for postman in postmen]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(mail.recipients[0] for mail in server.taken) == sorted(f"kim{n}@example.org" for n in range(30))
    assert set(shop.states()) == {"sent"}


def test_kick_sends_nothing_and_waits_for_no_mail(shop, server, wished):
    assert kick(shop.database, shop.clock, timeout_s=5).is_idle
    assert server.taken == []


def test_a_running_postman_hears_of_a_wish_and_ends_when_told(shop, server):
    postman = Postman(shop.database, shop.clock, shop.settings(), deadlines=QUICK, poll_s=0.05)
    postman.start()
    receipt, event = shop.sell()
    shop.wish(receipt, event)
    shop.kick()
    server.wait_for(1)
    postman.stop()
    assert not any(thread.name == "postman" for thread in threading.enumerate())


def test_a_mail_that_cannot_be_written_stops_and_the_rest_flows(shop, server, wished):
    """Fault 38."""
    receipt, event = shop.sell()
    shop.wish(receipt, event, LOU)
    shop.kick()
    with shop.database.write() as connection:
        connection.run("UPDATE event SET version = 99 WHERE event_id = 't1-1-1'")
    shop.step()
    assert [row[1:3] for row in shop.mails()] == [("stopped", "unreadable"), ("sent", "")]


def test_a_database_that_is_away_is_waited_for(shop, server, wished, monkeypatch):
    postman = shop.postman
    postman._stopping.set()  # no pause
    monkeypatch.setattr(postman, "step", lambda: (_ for _ in ()).throw(Unready("database_busy", "busy")))
    assert postman._tried_step(), "it paused already"
    monkeypatch.undo()
    postman._stopping.clear()
    assert shop.step() == 1


def test_the_logs_hold_no_address_and_no_password(shop, server, wished, caplog):
    """Fault 61."""
    server.fail("RCPT", "550 <kim@example.org> is not here", "451 no")
    shop.step()
    again(shop)
    shop.step()
    server.off()
    again(shop)
    shop.step()
    assert caplog.records
    assert KIM not in caplog.text
    assert "sample-secret" not in caplog.text
    assert "sample-secret" not in repr(shop.settings())


def test_the_address_stands_in_the_event_and_the_mail_and_nowhere_else(shop, server, wished):
    server.fail("RCPT", "550 <kim@example.org> is not here")
    shop.step()
    for table in ("worklist", "audit", "meta", "job", "receipt", "orders", "applied", "parked", "till_note", "feed"):
        assert not any(KIM in str(cell) for row in shop.rows(f"SELECT * FROM {table}") for cell in row), table


def test_a_rebuild_finds_the_same_wishes_and_sends_nothing(sqlite_database, server):
    """Invariant I9."""
    shop = MailShop(sqlite_database, server)
    receipt, event = shop.sell()
    shop.wish(receipt, event)
    shop.wish(receipt, event, "nonsense")
    shop.kick()
    server.fail("RCPT", "550 no")
    shop.step()
    assert server.taken == []
    assert check(shop.database, shop.clock).differences == ()
    assert server.taken == []
    with shop.database.write() as connection:
        connection.run("DELETE FROM mail WHERE address = ?", (KIM,))
    assert len(check(shop.database, shop.clock).differences) == 1
