"""A mail server on loopback that keeps what it takes, speaks TLS and sign-in, and misbehaves when it is told to.

It speaks as much of RFC 5321 as a submission needs, checks what a client must keep to (CRLF, dot-stuffing, TLS before
sign-in), and writes down every mail that it answered for. Faults are per command: an answer, silence, or a cut line.
"""

import base64
import contextlib
import datetime
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections import deque
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

MUTE, CUT, TRICKLE = "mute", "cut", "trickle"
CONNECTIONS_MAX = 32
LINE_BYTES_MAX = 1000
_ADDRESS = re.compile(rb"(?:FROM|TO):<([^<>\s]*)>", re.IGNORECASE)


class Taken:
    """A mail that the server has taken: its envelope and its bytes as they came."""

    def __init__(self, sender: str, recipients: list[str], data: bytes) -> None:
        self.sender, self.recipients, self.data = sender, recipients, data

    @property
    def message(self) -> EmailMessage:
        """Return the mail, parsed."""
        message = message_from_bytes(self.data, policy=policy.SMTP)
        assert isinstance(message, EmailMessage)
        return message

    def part(self, kind: str) -> str:
        """Return the text of one alternative: plain or html."""
        body = self.message.get_body(preferencelist=(kind,))
        assert body is not None
        return str(body.get_content())


class MailServer:
    """Listens from the moment it is made. `faults` maps a command to the answers or faults that come first.

    Commands are the verbs, CONNECT for the greeting and END for the answer to a mail's content. END with CUT takes the
    mail and then breaks the line: the client cannot know.
    """

    def __init__(
        self, *, user: str = "", password: str = "", tls: ssl.SSLContext | None = None, implicit: bool = False
    ):
        self.taken: list[Taken] = []
        self.commands: list[str] = []
        self.faults: dict[str, deque[str]] = {}
        self.refused: dict[str, str] = {}
        self._user, self._password = user, password
        self._tls, self._implicit = tls, implicit
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=CONNECTIONS_MAX)
        self.port = int(self._listener.getsockname()[1])
        self._listen()

    def fail(self, command: str, *answers: str) -> None:
        """Let the next answers to a command be these."""
        self.faults.setdefault(command, deque()).extend(answers)

    def refuse(self, address: str, answer: str) -> None:
        """Answer so to one recipient from now on."""
        self.refused[address] = answer

    def _listen(self) -> None:
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def off(self) -> None:
        """Break every line and refuse new ones."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for line in list(self._open):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def on(self) -> None:
        """Listen again, on the same port."""
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=CONNECTIONS_MAX)
        self._listen()

    def wait_for(self, count: int, seconds: float = 30) -> list[Taken]:
        """Wait until so many mails were taken."""
        deadline = time.monotonic() + seconds
        while len(self.taken) < count:
            assert time.monotonic() < deadline, f"{len(self.taken)} of {count} mails; heard {self.commands[-20:]}"
            time.sleep(0.02)
        return self.taken

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with contextlib.suppress(OSError, _OverError):
            session = _Session(self, self.held(line))
            try:
                if self._implicit:
                    session.protect()
                session.run()
            finally:
                session.close()

    def held(self, line: socket.socket) -> socket.socket:
        """Know a line, so that `off` can break it."""
        self._open.add(line)
        return line

    def wrapped(self, line: socket.socket) -> socket.socket:
        """Begin TLS on a line."""
        assert self._tls is not None
        self._open.discard(line)
        return self.held(self._tls.wrap_socket(line, server_side=True))

    def let_go(self, line: socket.socket) -> None:
        self._open.discard(line)
        line.close()

    @property
    def has_tls(self) -> bool:
        return self._tls is not None

    def features(self, *, is_protected: bool) -> list[str]:
        """Return what a greeting offers."""
        found = ["sample", "8BITMIME", "SIZE 10000000"]
        if self._tls and not is_protected:
            found.append("STARTTLS")
        if self._user and (is_protected or not self._tls):
            found.append("AUTH PLAIN")
        return found

    def knows(self, argument: str) -> bool:
        """Tell whether an AUTH PLAIN says the right user and password."""
        return base64.b64decode(argument) == f"\0{self._user}\0{self._password}".encode()

    @property
    def asks_for_user(self) -> bool:
        return bool(self._user)


class _OverError(Exception):
    """The conversation is over."""


class _Session:
    """One conversation."""

    def __init__(self, server: MailServer, line: socket.socket) -> None:
        self._server, self._line = server, line
        self._file = line.makefile("rb")
        self._sender, self._recipients = "", list[str]()
        self._is_known = False

    def protect(self) -> None:
        """Begin TLS."""
        self._file.close()
        self._line = self._server.wrapped(self._line)
        self._file = self._line.makefile("rb")

    def close(self) -> None:
        self._file.close()
        self._server.let_go(self._line)

    def run(self) -> None:
        self._answer("CONNECT", "220 sample ready")
        while True:
            read = self._read()
            verb, _, argument = read.partition(b" ")
            name = verb.decode("ascii", "replace").upper()
            self._server.commands.append(name)
            getattr(self, f"_do_{name.lower()}", self._do_unknown)(argument)

    def _read(self) -> bytes:
        read = self._file.readline(LINE_BYTES_MAX + 1)
        if not read:
            raise _OverError
        assert read.endswith(b"\r\n"), f"a line without CRLF: {read[:80]!r}"
        return read[:-2]

    def _answer(self, command: str, usual: str) -> bool:
        """Answer, or do what was asked for instead; tell whether the answer was the usual one."""
        waiting = self._server.faults.get(command)
        fault = waiting.popleft() if waiting else ""
        if fault == MUTE:
            while self._line.recv(1024):  # until the client has had enough
                pass
            raise _OverError
        if fault == CUT:
            raise _OverError
        if fault == TRICKLE:
            for byte in usual.encode():
                self._line.sendall(bytes([byte]))
                time.sleep(0.2)
        self._line.sendall((fault if fault and fault != TRICKLE else usual).encode() + b"\r\n")
        return not fault

    def _do_ehlo(self, _: bytes) -> None:
        features = self._server.features(is_protected=isinstance(self._line, ssl.SSLSocket))
        lines = [f"250-{each}" for each in features[:-1]] + [f"250 {features[-1]}"]
        self._answer("EHLO", "\r\n".join(lines))

    def _do_starttls(self, _: bytes) -> None:
        if not self._server.has_tls:
            self._answer("STARTTLS", "502 not here")
        elif self._answer("STARTTLS", "220 go on"):
            self.protect()

    def _do_auth(self, argument: bytes) -> None:
        _, _, proof = argument.decode().partition(" ")
        self._is_known = self._server.knows(proof)
        self._answer("AUTH", "235 welcome" if self._is_known else "535 5.7.8 wrong user or password")

    def _do_mail(self, argument: bytes) -> None:
        if self._server.asks_for_user and not self._is_known:
            self._answer("MAIL", "530 5.7.0 sign in first")
        elif self._answer("MAIL", "250 ok"):
            self._sender, self._recipients = _address(argument), []

    def _do_rcpt(self, argument: bytes) -> None:
        recipient = _address(argument)
        if recipient in self._server.refused:
            self._answer("REFUSED", self._server.refused[recipient])
        elif self._answer("RCPT", "250 ok"):
            self._recipients.append(recipient)

    def _do_data(self, _: bytes) -> None:
        if not self._recipients:
            self._answer("DATA", "503 no recipient")
        elif self._answer("DATA", "354 go on"):
            self._take()

    def _take(self) -> None:
        data = bytearray()
        while (read := self._read()) != b".":
            data += read.removeprefix(b".") + b"\r\n"
        waiting = self._server.faults.get("END")
        refuses = bool(waiting) and waiting is not None and waiting[0][0] in "45"
        if not refuses:
            self._server.taken.append(Taken(self._sender, self._recipients, bytes(data)))
        self._answer("END", "250 taken")

    def _do_rset(self, _: bytes) -> None:
        self._sender, self._recipients = "", []
        self._answer("RSET", "250 ok")

    def _do_quit(self, _: bytes) -> None:
        self._answer("QUIT", "221 bye")
        raise _OverError

    def _do_unknown(self, _: bytes) -> None:
        self._answer("UNKNOWN", "500 what?")


def _address(argument: bytes) -> str:
    match = _ADDRESS.match(argument)
    assert match, argument
    return match[1].decode("ascii")


def make_certificate(folder: Path, host: str = "127.0.0.1") -> tuple[Path, ssl.SSLContext]:
    """Make a certificate of its own for a host; return its file, to be trusted, and the server's side of TLS."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sample mail server")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True)
    public, private = folder / "mail.pem", folder / "mail.key"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return public, context
