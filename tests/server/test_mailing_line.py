"""The line to a mail server, on real sockets: how an attempt ended is told by how far it came."""

import ssl
import time

import pytest

from rig.mail_server import CUT, MUTE, TRICKLE, MailServer, make_certificate
from schema.errors import Unready
from server.mailing.line import Deadlines, open_line
from server.mailing.settings import MailSettings, Secret

KIM, TILL = "kim@example.org", "till@example.com"
QUICK = Deadlines(answer_s=0.5, whole_s=2.0)
CONTENT = b"Subject: sample\r\n\r\n.a line that begins with a dot\r\nlast line\r\n"


@pytest.fixture
def server():
    running = MailServer()
    yield running
    running.off()


def settings(server, **changed):
    return MailSettings(
        **{
            "host": "127.0.0.1",
            "port": server.port,
            "security": "none",
            "sender": TILL,
            "password": Secret(),
            **changed,
        }
    )


def sent(server, recipient=KIM, content=CONTENT, **changed):
    line = open_line(settings(server, **changed), QUICK)
    try:
        return line.send(TILL, recipient, content)
    finally:
        line.close()


def test_a_mail_is_handed_over_byte_for_byte(server):
    assert sent(server).ending == "sent"
    (mail,) = server.taken
    assert (mail.sender, mail.recipients, mail.data) == (TILL, [KIM], CONTENT)
    assert server.commands[-1] == "QUIT"


@pytest.mark.parametrize("content", [b"a\nb\n", b"a\rb", b"a\r\nb", b"a\r\n.\r\nQUIT\r\nb\r\n", b"\n.\n.\n"])
def test_no_content_ends_a_mail_early_or_begins_a_command(server, content):
    """What some servers take for an end of a mail must not stand inside one (SMTP smuggling)."""
    assert sent(server, content=content).ending == "sent"
    assert server.commands.count("QUIT") == 1
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").removesuffix(b"\n").split(b"\n")
    assert server.taken[0].data == b"".join(line + b"\r\n" for line in lines)


@pytest.mark.parametrize(
    ("command", "fault", "ending", "is_over"),
    [
        ("MAIL", "550 not you", "line", True),
        ("MAIL", "451 not now", "line", True),
        ("RCPT", "550 5.1.1 <kim@example.org>: nobody here", "refused", False),
        ("RCPT", "451 4.7.1 greylisted", "later", False),
        ("RCPT", "421 closing", "later", False),
        ("RCPT", MUTE, "later", True),
        ("RCPT", CUT, "later", True),
        ("DATA", "554 no", "refused", False),
        ("DATA", "452 full", "later", False),
        ("DATA", CUT, "later", True),
        ("END", "554 5.7.1 spam", "refused", False),
        ("END", "451 4.3.0 try later", "later", False),
        ("END", CUT, "lost", True),
        ("END", MUTE, "lost", True),
        ("END", "nonsense", "lost", True),
    ],
)
def test_how_it_ended_is_told_by_how_far_it_came(server, command, fault, ending, is_over):
    server.fail(command, fault)
    outcome = sent(server)
    assert (outcome.ending, outcome.is_over) == (ending, is_over)
    assert KIM not in outcome.answer
    taken = command == "END" and ending == "lost"
    assert len(server.taken) == (1 if taken else 0)


def test_after_a_refusal_the_next_mail_goes_over_the_same_line(server):
    server.fail("RCPT", "550 no", "250 ok")
    line = open_line(settings(server), QUICK)
    assert line.send(TILL, KIM, CONTENT).ending == "refused"
    server.faults.clear()
    assert line.send(TILL, KIM, CONTENT).ending == "sent"
    line.close()
    assert server.commands.count("EHLO") == 1


def test_an_answer_is_kept_in_one_line_and_without_an_address(server):
    """Fault 61."""
    server.fail("RCPT", "550-first of <kim@example.org>\r\n550 second\x1b[2J")
    assert sent(server).answer == "550 first of <k…@example.org> second[2J"


@pytest.mark.parametrize("fault", [MUTE, CUT, "554 no", "nonsense"])
def test_a_server_that_does_not_greet_is_not_ready(server, fault):
    server.fail("CONNECT", fault)
    began = time.monotonic()
    with pytest.raises(Unready) as told:
        open_line(settings(server), QUICK)
    assert told.value.code == "mail_unreachable"
    assert time.monotonic() - began < 3


def test_a_server_that_is_off_is_not_ready(server):
    server.off()
    with pytest.raises(Unready) as told:
        open_line(settings(server), QUICK)
    assert told.value.code == "mail_unreachable"


@pytest.mark.parametrize(("command", "ending"), [("RCPT", "later"), ("END", "lost")])
def test_a_byte_now_and_then_holds_nobody_up(server, command, ending):
    """Fault 26: every byte comes in time, the answer does not."""
    line = open_line(settings(server), Deadlines(answer_s=5, whole_s=0.3))
    server.fail(command, TRICKLE)
    began = time.monotonic()
    assert line.send(TILL, KIM, CONTENT).ending == ending
    assert time.monotonic() - began < 3
    line.close()


def test_a_greeting_that_trickles_holds_nobody_up(server):
    """Fault 26."""
    server.fail("CONNECT", TRICKLE)
    began = time.monotonic()
    with pytest.raises(Unready):
        open_line(settings(server), Deadlines(answer_s=5, whole_s=0.6))
    assert time.monotonic() - began < 3


@pytest.fixture
def protected(tmp_path, monkeypatch):
    """A server with TLS and a sign-in, whose authority is trusted."""
    certificate, context = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    servers = []

    def start(**options):
        servers.append(MailServer(user="till", password="sample-secret", tls=context, **options))
        return servers[-1]

    yield start
    for each in servers:
        each.off()


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_protected_line_signs_in(protected, security):
    server = protected(implicit=security == "tls")
    signed = {"security": security, "user": "till", "password": Secret("sample-secret")}
    assert sent(server, **signed).ending == "sent"
    assert ("STARTTLS" in server.commands) == (security == "starttls")


def test_a_wrong_password_is_told_without_the_password(protected):
    server = protected()
    with pytest.raises(Unready) as told:
        open_line(settings(server, security="starttls", user="till", password=Secret("wrong-secret")), QUICK)
    assert told.value.code == "mail_sign_in"
    assert told.value.message.startswith("535")
    assert "wrong-secret" not in told.value.message
    assert told.value.__cause__ is None


def test_a_server_without_tls_gets_neither_mail_nor_password(server):
    """Fault 27: nobody in between talks us out of TLS."""
    with pytest.raises(Unready) as told:
        open_line(settings(server, security="starttls", user="till", password=Secret("sample-secret")), QUICK)
    assert told.value.code == "mail_no_tls"
    assert "AUTH" not in server.commands


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_of_an_unknown_authority_gets_nothing(tmp_path, security):
    """Fault 27."""
    _, context = make_certificate(tmp_path)
    server = MailServer(tls=context, implicit=security == "tls")
    with pytest.raises(Unready) as told:
        open_line(settings(server, security=security), QUICK)
    assert told.value.code == "mail_no_tls"
    assert not {"AUTH", "MAIL"} & set(server.commands)
    server.off()


def test_a_server_under_another_name_gets_nothing(tmp_path, monkeypatch):
    """Fault 27."""
    certificate, context = make_certificate(tmp_path, host="127.0.0.2")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    server = MailServer(tls=context, implicit=True)
    with pytest.raises(Unready) as told:
        open_line(settings(server, security="tls"), QUICK)
    assert told.value.code == "mail_no_tls"
    assert isinstance(told.value.__cause__, ssl.SSLError)
    server.off()
