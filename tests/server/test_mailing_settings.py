"""The mail settings: what is missing or wrong is said before anything starts, and no secret is ever shown."""

import msgspec
import pytest

from schema.errors import Refused
from server.config import read_config
from server.mailing.settings import MailSettings, Secret, read_mail_settings

USUAL = {"SMTP_HOST": "mail.example.com", "MAIL_FROM": "till@example.com"}


def test_without_a_host_there_are_none():
    assert read_mail_settings({}) is None
    assert read_mail_settings({"MAIL_FROM": "till@example.com"}) is None
    assert read_config(None, {}, host="h", port=1).mail is None


@pytest.mark.parametrize(
    ("more", "security", "port"),
    [
        ({}, "starttls", 587),
        ({"SMTP_SECURITY": "tls"}, "tls", 465),
        ({"SMTP_SECURITY": "TLS", "SMTP_PORT": "4650"}, "tls", 4650),
        ({"SMTP_HOST": "localhost", "SMTP_SECURITY": "none"}, "none", 25),
    ],
)
def test_security_decides_the_usual_port(more, security, port):
    read = read_mail_settings(USUAL | more)
    assert (read.security, read.port, read.sender) == (security, port, "till@example.com")


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"MAIL_FROM": ""}, "MAIL_FROM"),
        ({"MAIL_FROM": "till@example.com\nBcc: x@example.com"}, "MAIL_FROM"),
        ({"MAIL_REPLY_TO": "nobody"}, "MAIL_REPLY_TO"),
        ({"SMTP_PORT": "0"}, "SMTP_PORT"),
        ({"SMTP_PORT": "99999"}, "SMTP_PORT"),
        ({"SMTP_PORT": "25 "}, None),
        ({"SMTP_PORT": "mail"}, "SMTP_PORT"),
        ({"SMTP_SECURITY": "ssl"}, "SMTP_SECURITY"),
        ({"SMTP_SECURITY": "none"}, "SMTP_SECURITY"),
        ({"SMTP_HOST": "localhost", "SMTP_SECURITY": "none", "SMTP_USER": "till"}, "SMTP_USER"),
        ({"SMTP_USER": "till", "SMTP_PASSWORD_FILE": "/nowhere/at/all"}, "SMTP_PASSWORD_FILE"),
    ],
)
def test_what_is_wrong_is_named(more, named):
    if named is None:
        assert read_mail_settings(USUAL | more)
        return
    with pytest.raises(Refused, match=named) as told:
        read_mail_settings(USUAL | more)
    assert told.value.code == "bad_mail_settings"


def test_the_password_comes_from_a_file_or_the_environment_and_shows_itself_nowhere(tmp_path):
    file = tmp_path / "password"
    file.write_text("sample-secret\n", encoding="utf-8")
    for source in ({"SMTP_PASSWORD": "sample-secret"}, {"SMTP_PASSWORD_FILE": str(file)}):
        read = read_mail_settings(USUAL | {"SMTP_USER": "till"} | source)
        assert read.password.reveal() == "sample-secret"
        assert "sample-secret" not in f"{read!r} {read.password} {read.password!r}"
        with pytest.raises(TypeError):
            msgspec.json.encode(read)


def test_a_password_without_a_user_is_not_kept():
    assert read_mail_settings(USUAL | {"SMTP_PASSWORD": "sample-secret"}).password.reveal() == ""
    assert isinstance(read_mail_settings(USUAL), MailSettings)
    assert Secret().reveal() == ""
