"""The line to the mail server: the only file of this room with a network. Every wait has a deadline.

`open_line` connects, protects the line and signs in; what fails there says nothing about any mail. `Line.send` hands
one mail over and tells how that ended by how far it came: before the server asked for the content nothing happened,
after the first byte of it only the server's answer tells (RFC 5321 section 4.2.5, section 6.1).
"""

import contextlib
import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator

from schema.errors import Unready
from schema.mail import mask_addresses
from schema.text import without_controls
from server.mailing.rules import ANSWER_CHARS_MAX, Outcome
from server.mailing.settings import MailSettings

# Each answer, and one mail or the sign-in as a whole: a server that sends a byte a second holds nobody up for long.
ANSWER_S_MAX = 20.0
WHOLE_S_MAX = 60.0
_GO_AHEAD = 354
_BARE_NEWLINE = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_DOT = re.compile(rb"(?m)^\.")


class Deadlines:
    """How long to wait: for one answer, and for everything about one mail."""

    def __init__(self, answer_s: float = ANSWER_S_MAX, whole_s: float = WHOLE_S_MAX) -> None:
        self.answer_s = answer_s
        self.whole_s = whole_s


class Line:
    """An open line, signed in. One mail at a time; after an outcome that `is_over` it can only be closed."""

    def __init__(self, smtp: smtplib.SMTP, deadlines: Deadlines) -> None:
        self._smtp = smtp
        self._deadlines = deadlines

    def send(self, sender: str, recipient: str, content: bytes) -> Outcome:
        """Hand a mail over. Never raises for what a server or a line does."""
        with _bounded(self._smtp, self._deadlines.whole_s):
            return self._addressed(sender, recipient) or self._handed_over(content)

    def _addressed(self, sender: str, recipient: str) -> Outcome | None:
        """Name sender and recipient; return how it ended where it did."""
        try:
            code, answer = self._smtp.mail(sender)
            if code != 250:
                return Outcome(ending="line", answer=_words(code, answer), is_over=True)
            code, answer = self._smtp.rcpt(recipient)
            if code not in (250, 251):
                return self._refused(code, answer)
            code, answer = self._smtp.docmd("DATA")
            return None if code == _GO_AHEAD else self._refused(code, answer)
        except (OSError, smtplib.SMTPException) as error:
            return Outcome(ending="later", answer=_trouble(error), is_over=True)

    def _handed_over(self, content: bytes) -> Outcome:
        """Send the content; from its first byte on only the answer tells whether the mail is on its way."""
        try:
            self._smtp.send(_DOT.sub(b"..", _BARE_NEWLINE.sub(b"\r\n", content)))
            self._smtp.send(b".\r\n" if content.endswith(b"\n") else b"\r\n.\r\n")
            code, answer = self._smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            return Outcome(ending="lost", answer=_trouble(error), is_over=True)
        if 200 <= code < 300:
            return Outcome(ending="sent")
        # Half an answer, or none that the standard knows, tells nothing.
        told = 400 <= code < 600
        return (
            self._refused(code, answer) if told else Outcome(ending="lost", answer=_words(code, answer), is_over=True)
        )

    def _refused(self, code: int, answer: bytes) -> Outcome:
        """Tell a final no (5xx) from one for now (4xx, RFC 5321 section 4.2.1); ready the line for the next mail."""
        final = 500 <= code < 600
        return Outcome(ending="refused" if final else "later", answer=_words(code, answer), is_over=not self._reset())

    def _reset(self) -> bool:
        try:
            return self._smtp.rset()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False

    def close(self) -> None:
        """Say goodbye, and hang up in any case."""
        with _bounded(self._smtp, self._deadlines.answer_s), contextlib.suppress(OSError, smtplib.SMTPException):
            self._smtp.quit()
        self._smtp.close()


def open_line(settings: MailSettings, deadlines: Deadlines | None = None) -> Line:
    """Connect, protect the line, sign in. Raises Unready: mail_unreachable, mail_no_tls, mail_sign_in."""
    deadlines = deadlines or Deadlines()
    smtp = smtplib.SMTP(local_hostname=_own_name(), timeout=deadlines.answer_s)
    try:
        with _bounded(smtp, deadlines.whole_s):
            _connect(smtp, settings, deadlines.answer_s)
            if settings.security == "starttls":
                _begin_tls(smtp, settings.host)
            _sign_in(smtp, settings)
    except BaseException:
        smtp.close()
        raise
    return Line(smtp, deadlines)


def _own_name() -> str:
    """Return how we greet: the machine's name where it is a full one; asking for it could wait for a name server."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"


def _connect(smtp: smtplib.SMTP, settings: MailSettings, answer_s: float) -> None:
    try:
        # Held by `smtp` before the first byte is read, so that the deadline for everything holds from here.
        smtp.sock = socket.create_connection((settings.host, settings.port), answer_s)
        if settings.security == "tls":
            _wrap(smtp, settings.host)
        _expect(220, *smtp.getreply())
        smtp.ehlo_or_helo_if_needed()
    except ssl.SSLError as error:
        raise Unready("mail_no_tls", _trouble(error)) from error
    except (OSError, smtplib.SMTPException) as error:
        raise Unready("mail_unreachable", _trouble(error)) from error


def _begin_tls(smtp: smtplib.SMTP, host: str) -> None:
    """Begin TLS; a server that has none is not spoken to: nobody in between may talk us out of it."""
    try:
        _expect(220, *smtp.docmd("STARTTLS"))
        _wrap(smtp, host)
        _expect(250, *smtp.ehlo())
    except (ssl.SSLError, smtplib.SMTPResponseException) as error:
        raise Unready("mail_no_tls", _trouble(error)) from error
    except (OSError, smtplib.SMTPException) as error:
        raise Unready("mail_unreachable", _trouble(error)) from error


def _wrap(smtp: smtplib.SMTP, host: str) -> None:
    """Check the certificate against the system's authorities (or those of SSL_CERT_FILE) and the server's name.

    What came before in plain text is forgotten (RFC 3207 section 4.2).
    """
    if (plain := smtp.sock) is None:
        raise smtplib.SMTPServerDisconnected("the line is gone")
    smtp.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=host)
    smtp.file = None


def _expect(wanted: int, code: int, answer: bytes) -> None:
    if code != wanted:
        raise smtplib.SMTPResponseException(code, answer)


def _sign_in(smtp: smtplib.SMTP, settings: MailSettings) -> None:
    if not settings.user:
        return
    try:
        smtp.login(settings.user, settings.password.reveal())
    except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError) as error:
        # Without its cause: the exchange that failed may stand in there.
        raise Unready("mail_sign_in", _trouble(error)) from None
    except (OSError, smtplib.SMTPException, UnicodeError) as error:
        raise Unready("mail_unreachable", _trouble(error)) from None


@contextlib.contextmanager
def _bounded(smtp: smtplib.SMTP, seconds: float) -> Iterator[None]:
    """Cut the line when everything together takes too long: whoever waits for it then hears that it is gone."""

    def cut() -> None:
        line = smtp.sock
        if line is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(line, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _words(code: int, answer: bytes) -> str:
    return _clean(f"{code} {answer.decode('utf-8', 'replace')}")


def _trouble(error: BaseException) -> str:
    """Say what an error says, in one line and without anybody's address."""
    if isinstance(error, smtplib.SMTPResponseException):
        raw = error.smtp_error
        return _words(error.smtp_code, raw if isinstance(raw, bytes) else str(raw).encode())
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return _clean(str(error) or type(error).__name__)


def _clean(text: str) -> str:
    one_line = " ".join(without_controls(text.replace("\n", " ")).split())
    return mask_addresses(one_line)[:ANSWER_CHARS_MAX]
