"""A receipt by mail on real processes and sockets: wished offline, told again, delivered exactly once.

The till is killed behind its promise, the line is cut, the mail server is off, head office is killed: one mail comes.
"""

import json
import time

import pytest

from rig.mail_server import CUT, MailServer, make_certificate
from rig.programs import ProgramError, call
from rig.shop import Shop

pytestmark = pytest.mark.timeout(240)
KIM, LOU, PASSWORD = "kim.sample@example.org", "lou@example.org", "sample-mail-secret"
ARRIVES_S_MAX = 60


@pytest.fixture(scope="module")
def mail_server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mail")
    certificate, context = make_certificate(folder)
    running = MailServer(user="till", password=PASSWORD, tls=context)
    running.certificate, running.folder = certificate, folder
    yield running
    running.off()


@pytest.fixture(scope="module")
def shop(mail_server, tmp_path_factory):
    secret = mail_server.folder / "password"
    secret.write_text(PASSWORD + "\n", encoding="utf-8")
    made = Shop(
        tmp_path_factory.mktemp("shop"),
        office_extra={
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(mail_server.port),
            "SMTP_USER": "till",
            "SMTP_PASSWORD_FILE": str(secret),
            "MAIL_FROM": "till@example.com",
            "SSL_CERT_FILE": str(mail_server.certificate),
        },
    )
    yield made
    made.close()


@pytest.fixture(scope="module")
def told(shop, mail_server):
    """Sell and wish offline, with everything going wrong on the way."""
    told = {}
    mail_server.off()
    till = shop.play()
    till.do("sign_in", cashier="3", pin="3333")
    till.do("open_shift", float=20000)
    shop.line.cut()
    article = till.do("search", text="bread")["articles"][0]["article"]
    till.do("add", article=article, quantity="3")
    told["sale"] = till.do("pay", tender="cash", amount=5000)
    told["wish"] = till.do("mail_receipt", address=KIM)
    till.kill()
    till = shop.play()
    till.do("sign_in", cashier="3", pin="3333")
    told["again"] = till.do("mail_receipt", address=KIM, receipt=told["sale"]["receipt"])
    shop.line.mend()
    shop.wait_until_synced()
    shop.programs["office"].kill()
    mail_server.on()
    shop.programs["office"] = shop.office.start()
    told["mails"] = list(mail_server.wait_for(1, ARRIVES_S_MAX))
    # In doubt: the mail was taken, the line broke before the answer.
    mail_server.fail("END", CUT)
    till.do("mail_receipt", address=LOU, receipt=told["sale"]["receipt"])
    told["till"] = till
    mail_server.wait_for(2, ARRIVES_S_MAX)
    till.close()
    return told


def test_the_till_promises_only_what_is_written_down(told):
    assert told["wish"]["told"] == f"The receipt goes to {KIM} as soon as head office has it."
    assert "already" in told["again"]["told"]


def test_one_mail_came_with_the_figures_of_the_receipt(told):
    (mail,) = told["mails"]
    assert mail.recipients == [KIM]
    text = mail.part("plain")
    total = f"{told['sale']['total'] / 100:.2f}"
    assert told["sale"]["receipt"] in text
    assert f"€{total}" in text
    assert f"€{told['sale']['change'] / 100:.2f}" in text
    assert total in mail.part("html")
    assert mail.message["From"].addresses[0].addr_spec == "till@example.com"


def test_nothing_comes_twice_also_after_a_rebuild(shop, mail_server, told):
    checked = json.loads(shop.office.call("rebuild", "--check", "--json"))
    assert checked["differences"] == []
    time.sleep(3)
    assert [mail.recipients for mail in mail_server.taken].count([KIM]) == 1


def test_doubt_is_told_as_doubt(shop, told):
    """What may have arrived is waiting to be sent again under the same Message-ID, and says so."""
    status = json.loads(shop.office.call("mail", "status", "--json"))
    assert status["mails"] == {"sent": 1, "waiting": 1}
    assert status["trouble"] == ""


def test_no_log_holds_an_address_or_the_password(shop, told):
    """Fault 61."""
    logs = [*shop.logs.rglob("*.log"), *shop.office.folder.rglob("*.log")]
    assert logs
    for log in logs:
        text = log.read_text(encoding="utf-8", errors="replace")
        assert not any(secret in text for secret in (KIM, LOU, PASSWORD)), log


def test_the_settings_are_checked_by_a_command(shop, mail_server, told):
    assert "takes mails" in shop.office.call("mail", "check")
    with pytest.raises(ProgramError, match="refuses the sign-in"):
        call(
            "server",
            "mail",
            "check",
            "--data",
            str(shop.office.folder / "data"),
            extra={**shop.office._extra, "SMTP_PASSWORD_FILE": "/dev/null"},
        )
