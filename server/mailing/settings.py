"""How head office reaches a mail server, from the environment. Without `SMTP_HOST` mails wait, and pages say so.

Beyond this machine nothing goes out unprotected: STARTTLS on the submission port by default, TLS from the first byte on
request. The password is read from the environment or from a file, and is never shown, logged or stored.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

from msgspec import Struct

from schema.errors import Refused
from schema.mail import read_address

Security = Literal["starttls", "tls", "none"]
# RFC 6409 (submission), RFC 8314 (TLS from the first byte), RFC 5321.
PORTS: Mapping[Security, int] = {"starttls": 587, "tls": 465, "none": 25}
HOST, FROM = "SMTP_HOST", "MAIL_FROM"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Secret:
    """A text that never shows itself: not in a log, a traceback or a page."""

    def __init__(self, value: str = "") -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the text, for the one who needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"


class MailSettings(Struct, frozen=True, kw_only=True):
    """The mail server and who the mails are from."""

    host: str
    port: int
    security: Security
    sender: str
    reply_to: str = ""
    user: str = ""
    password: Secret


def read_mail_settings(environ: Mapping[str, str]) -> MailSettings | None:
    """Read the mail settings; None where there are none. Raises Refused("bad_mail_settings")."""
    host = environ.get(HOST, "").strip()
    if not host:
        return None
    security = _security(environ.get("SMTP_SECURITY", "").strip().lower(), host)
    user = environ.get("SMTP_USER", "")
    if user and security == "none":
        raise _bad("SMTP_USER needs SMTP_SECURITY=starttls or tls: a password is never sent unprotected.")
    return MailSettings(
        host=host,
        port=_port(environ.get("SMTP_PORT", "").strip(), security),
        security=security,
        sender=_address(environ, FROM),
        reply_to=_address(environ, "MAIL_REPLY_TO") if environ.get("MAIL_REPLY_TO") else "",
        user=user,
        password=_password(environ) if user else Secret(),
    )


def _security(text: str, host: str) -> Security:
    security: Security | None = next((each for each in get_args(Security) if each == (text or "starttls")), None)
    if security is None:
        raise _bad(f"SMTP_SECURITY is “{text[:20]}”; it is starttls (usual), tls or none.")
    if security == "none" and host not in _LOOPBACK:
        raise _bad(
            "SMTP_SECURITY=none is for a mail server on this machine. Receipts never cross a network unprotected."
        )
    return security


def _port(text: str, security: Security) -> int:
    if not text:
        return PORTS[security]
    if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65536):
        raise _bad(f"SMTP_PORT is “{text[:20]}”; it is a number like {PORTS[security]}.")
    return int(text)


def _address(environ: Mapping[str, str], name: str) -> str:
    try:
        return read_address(environ.get(name, ""))
    except ValueError as error:
        raise _bad(f"{name} must be the address that mails come from, like till@example.org: {error}.") from error


def _password(environ: Mapping[str, str]) -> Secret:
    file = environ.get("SMTP_PASSWORD_FILE", "")
    if not file:
        return Secret(environ.get("SMTP_PASSWORD", ""))
    try:
        return Secret(Path(file).read_text(encoding="utf-8").rstrip("\r\n"))
    except (OSError, UnicodeDecodeError) as error:
        raise _bad(f"SMTP_PASSWORD_FILE cannot be read: {type(error).__name__}.") from error


def _bad(what: str) -> Refused:
    return Refused("bad_mail_settings", f"The mail settings are not right, so nothing was started. {what}")
