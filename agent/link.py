"""The only file that speaks to the network: one signed request to head office, one proven reply (protocol §2, §6).

A reply counts only if head office's key, pinned at enrolment, signed it together with this request's nonce. Whatever
else answers – a captive portal, a proxy's error page, a cache – is told apart by what to do about it:
`Portal` and other `Postponed` (try later), `Answer` (head office itself refuses, with its signed problem).

Every request has three limits: connecting, silence, and the whole (a watchdog shuts the socket, so that a byte per
second cannot hold it open). No redirect is followed; without TLS only loopback is spoken to.
"""

import ipaddress
import logging
import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

import jwt
import msgspec
import requests
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from schema.chain import signature_holds
from schema.clock import Clock
from schema.device import base64_text, unbase64
from schema.errors import Refused, Unready
from schema.messages import (
    NONCE_HEADER,
    SIGNATURE_HEADER,
    SKEW_HEADER,
    TOKEN_AUDIENCE,
    TOKEN_LIFE_S,
    Problem,
    reply_bytes,
)

REPLY_BYTES_MAX = 64 * 1024 * 1024
CHUNK_BYTES = 64 * 1024
COMPRESS_FROM_BYTES = 512
# A clock that was measured over a slow line is a little off; a token must not seem to come from the future.
TOKEN_BACK_S = 2
_PROBLEM = msgspec.json.Decoder(Problem)
log = logging.getLogger("counterfoil.agent")
_Headers = CaseInsensitiveDict[str]


class Limits(Struct, frozen=True, kw_only=True):
    """How long a request may take: to connect, in silence, and in all."""

    connect_s: float = 5.0
    silence_s: float = 15.0
    total_s: float = 60.0


class Postponed(Unready):
    """Head office was not reached. `retry_after_ms` is set where a server asked for patience."""

    def __init__(self, code: str, message: str, retry_after_ms: int | None = None) -> None:
        super().__init__(code, message)
        self.retry_after_ms = retry_after_ms


class Portal(Postponed):
    """Something between this till and head office wants a person to log in first."""


class Answer(Refused):
    """Head office itself said no, proven by its signature."""

    def __init__(self, status: int, problem: Problem) -> None:
        super().__init__(problem.code, problem.message)
        self.status = status
        self.problem = problem


class Proven(Struct, frozen=True, kw_only=True):
    """A reply that head office signed for this request."""

    status: int
    body: bytes
    nonce: str


class ServerClock:
    """Head office's time, measured from its replies and carried on by the monotonic clock.

    So neither a till without a clock battery nor a jump of its wall clock makes a token invalid.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead_ms: int | None = None

    def measure(self, server_ms: int, asked_monotonic_ms: int) -> None:
        """Take head office's time from a reply to a request that was made at `asked_monotonic_ms`."""
        middle_ms = (asked_monotonic_ms + self._clock.monotonic_ms()) // 2
        self._ahead_ms = server_ms - middle_ms

    def now_ms(self) -> int:
        """Return head office's time as far as it is known, else this machine's."""
        return self._clock.now_ms() if self._ahead_ms is None else self._clock.monotonic_ms() + self._ahead_ms

    def skew_ms(self) -> int | None:
        """Return head office's clock minus this machine's, None before the first reply."""
        return None if self._ahead_ms is None else self.now_ms() - self._clock.now_ms()


class Signer(Struct, frozen=True, kw_only=True):
    """Who asks: a stream and its key."""

    till_id: str
    epoch: int
    key: Ed25519PrivateKey

    def token(self, now_ms: int) -> str:
        """Return a short-lived token for one request."""
        issued = now_ms // 1000 - TOKEN_BACK_S
        claims = {
            "sub": self.till_id,
            "epoch": self.epoch,
            "iat": issued,
            "exp": issued + TOKEN_LIFE_S,
            "aud": TOKEN_AUDIENCE,
        }
        return jwt.encode(claims, self.key, algorithm="EdDSA")


class HeadOffice(Protocol):
    """What forwarding and fetching ask of the network."""

    def get(self, path: str, params: dict[str, str] | None = None, wait_s: int = 0) -> Proven: ...

    def post(self, path: str, body: bytes, nonce: str | None = None) -> Proven: ...


class Link:
    """One connection to head office. Used by one thread."""

    def __init__(
        self,
        *,
        base_url: str,
        server_key: Ed25519PublicKey | Callable[[bytes], Ed25519PublicKey],
        signer: Signer | None,
        clock: Clock,
        server_clock: ServerClock,
        limits: Limits,
        ca_file: str = "",
    ) -> None:
        check_url(base_url)
        self._base_url = base_url.rstrip("/")
        self._server_key = server_key
        self._signer = signer
        self._clock = clock
        self._server_clock = server_clock
        self._limits = limits
        self._lines = _Lines()
        self._session = _session(self._lines, ca_file)

    def get(self, path: str, params: dict[str, str] | None = None, wait_s: int = 0) -> Proven:
        """Ask; head office may keep the question open for `wait_s`. Raises Postponed or Answer."""
        return self._prove(_Request(method="GET", path=path, nonce=new_nonce(), params=params, wait_s=wait_s))

    def post(self, path: str, body: bytes, nonce: str | None = None) -> Proven:
        """Send a JSON body. Raises Postponed or Answer."""
        return self._prove(_Request(method="POST", path=path, nonce=nonce or new_nonce(), body=body))

    def close(self) -> None:
        """Give the connection back and end a request that is still under way."""
        self._lines.close()
        self._session.close()

    def _prove(self, request: "_Request") -> Proven:
        try:
            return self._once(request)
        except Answer as answer:
            if answer.status != 401 or answer.problem.server_ms is None:
                raise
            # Signed with a wrong clock; the refusal brought the right time.
            return self._once(request)

    def _once(self, request: "_Request") -> Proven:
        asked_ms = self._clock.monotonic_ms()
        status, headers, content = self._exchange(request)
        if not self._is_signed(headers, request.nonce, content):
            raise self._unproven(status, headers, content)
        if status >= 400:
            raise self._refusal(status, headers, content, asked_ms)
        if request.wait_s == 0:
            self._measure_from(content, asked_ms)
        return Proven(status=status, body=content, nonce=request.nonce)

    def _unproven(self, status: int, headers: _Headers, content: bytes) -> Unready | Answer:
        if callable(self._server_key) and 400 <= status < 500:
            # Before enrolment no key is pinned: a refusal cannot be proven, and only tells a person to look again.
            with suppress(msgspec.DecodeError):
                return Answer(status, _PROBLEM.decode(content))
        return _stranger(status, headers, content)

    def _refusal(self, status: int, headers: _Headers, content: bytes, asked_ms: int) -> Postponed | Answer:
        problem = _problem(status, content)
        if problem.server_ms is not None:
            self._server_clock.measure(problem.server_ms, asked_ms)
        if status == 429 or status >= 500:
            return Postponed(problem.code, problem.message, _retry_after_ms(headers))
        return Answer(status, problem)

    def _measure_from(self, content: bytes, asked_ms: int) -> None:
        with suppress(msgspec.DecodeError):
            stamped = msgspec.json.decode(content, type=_Stamped)
            if stamped.server_ms is not None:
                self._server_clock.measure(stamped.server_ms, asked_ms)

    def _exchange(self, request: "_Request") -> tuple[int, _Headers, bytes]:
        body, headers = request.body, self._headers(request)
        if "Content-Encoding" in headers:
            body = zstandard.ZstdCompressor(level=3).compress(body)
        self._lines.start(self._limits.total_s + request.wait_s)
        try:
            with self._session.request(
                request.method,
                self._base_url + request.path,
                params=request.params,
                data=body or None,
                headers=headers,
                timeout=(self._limits.connect_s, self._limits.silence_s + request.wait_s),
                allow_redirects=False,
                stream=True,
            ) as response:
                return response.status_code, response.headers, _read_bounded(response)
        except (requests.RequestException, HTTPError, OSError) as error:
            raise _unreachable(error, self._lines.late) from error
        finally:
            self._lines.finish()

    def _headers(self, request: "_Request") -> dict[str, str]:
        headers = {NONCE_HEADER: request.nonce, "Accept": "application/json", "Accept-Encoding": "gzip"}
        if self._signer is not None:
            headers["Authorization"] = f"Bearer {self._signer.token(self._server_clock.now_ms())}"
            headers |= self._skew()
        if request.body:
            headers["Content-Type"] = "application/json"
        if len(request.body) > COMPRESS_FROM_BYTES:
            headers["Content-Encoding"] = "zstd"
        return headers

    def _skew(self) -> dict[str, str]:
        """Tell head office how far this machine's clock is off, once that was measured."""
        skew_ms = self._server_clock.skew_ms()
        return {} if skew_ms is None else {SKEW_HEADER: str(skew_ms)}

    def _is_signed(self, headers: _Headers, nonce: str, content: bytes) -> bool:
        try:
            key = self._server_key(content) if callable(self._server_key) else self._server_key
            return signature_holds(key, reply_bytes(nonce, content), unbase64(headers.get(SIGNATURE_HEADER, "")))
        except ValueError:
            return False


class _Request(Struct, frozen=True, kw_only=True):
    method: str
    path: str
    nonce: str
    params: dict[str, str] | None = None
    body: bytes = b""
    wait_s: int = 0


class _Stamped(Struct):
    server_ms: int | None = None


def new_nonce() -> str:
    """Make a request's nonce from the system's entropy."""
    return base64_text(os.urandom(18))


def check_url(url: str) -> None:
    """Raise Refused("bad_url") unless the address is HTTPS, or plain HTTP to this very machine."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and parts.hostname and _is_loopback(parts.hostname):
        return
    raise Refused(
        "bad_url",
        f"“{url}” is not a safe address of head office: sales would cross the network unprotected. "
        "Use one that begins with https:// (plain http:// only on this very machine).",
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _session(lines: "_Lines", ca_file: str) -> requests.Session:
    session = requests.Session()
    # The environment's netrc would replace our Authorization header.
    session.trust_env = False
    if ca_file:
        session.verify = ca_file
    session.mount("https://", _WatchedAdapter(lines))
    session.mount("http://", _WatchedAdapter(lines))
    return session


def _read_bounded(response: requests.Response) -> bytes:
    parts: list[bytes] = []
    size = 0
    for chunk in response.iter_content(CHUNK_BYTES):
        size += len(chunk)
        if size > REPLY_BYTES_MAX:
            raise Postponed("reply_too_large", "An answer grew beyond all bounds and was dropped. It is tried again.")
        parts.append(chunk)
    return b"".join(parts)


def _problem(status: int, content: bytes) -> Problem:
    try:
        return _PROBLEM.decode(content)
    except msgspec.DecodeError:
        return Problem(code=f"http_{status}", message=f"Head office answered {status} without saying why.")


def _stranger(status: int, headers: _Headers, content: bytes) -> Unready:
    """Return what an answer means that head office has not signed for this request."""
    html = "html" in headers.get("Content-Type", "").lower() or content[:64].lstrip().lower().startswith(b"<")
    if 300 <= status < 400 or status == 511 or (status < 300 and html):
        return Portal(
            "portal",
            "Internet login needed: the network answers with a page of its own instead of head office. "
            "Open a browser on this network and sign in. Sales go on.",
        )
    if status == 413:
        return Postponed("too_large", "Something on the way to head office refuses so large a request.")
    if status in (429, 502, 503, 504) or status >= 500:
        message = f"Head office is busy or down ({status}). Sales go on; it is tried again."
        return Postponed("busy", message, _retry_after_ms(headers))
    return Postponed(
        "not_head_office",
        f"The answer ({status}) is not signed by head office and was ignored. Sales go on; it is tried again.",
    )


def _unreachable(error: Exception, late: bool) -> Postponed:
    log.debug("no answer from head office", exc_info=error)
    if isinstance(error, requests.exceptions.SSLError):
        return Postponed(
            "tls",
            "The secure connection to head office could not be proven, so nothing was sent. Check this machine's date "
            "and head office's certificate. Sales go on.",
        )
    if late or isinstance(error, requests.exceptions.Timeout):
        return Postponed("timeout", "Head office did not answer in time. Sales go on; it is tried again.")
    return Postponed(
        "unreachable",
        "Head office cannot be reached: is the network up and its address right? Sales go on; it is tried again.",
    )


def _retry_after_ms(headers: _Headers) -> int | None:
    """Read Retry-After (RFC 9110 §10.2.3): seconds, or a date, which is compared with the reply's own Date."""
    value = headers.get("Retry-After", "")
    if value.isascii() and value.isdigit() and len(value) < 9:
        return int(value) * 1000
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("Date", ""))
    except (TypeError, ValueError):
        return None
    return max(0, int(wait.total_seconds() * 1000))


class _Lines:
    """The sockets of one link and the watchdog that shuts them when a request outlives its time."""

    def __init__(self) -> None:
        self._sockets: list[socket.socket] = []
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()
        self._closed = False
        self.late = False

    def add(self, line: socket.socket) -> None:
        with self._lock:
            self._sockets = [known for known in self._sockets if known.fileno() >= 0]
            self._sockets.append(line)
        if self._closed:
            self.cut_all()

    def close(self) -> None:
        """Cut what is open, and whatever a request under way opens after that."""
        self._closed = True
        self.cut_all()

    def start(self, total_s: float) -> None:
        self.late = False
        self._timer = threading.Timer(total_s, self._expire)
        self._timer.daemon = True
        self._timer.start()

    def finish(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def cut_all(self) -> None:
        with self._lock:
            for line in self._sockets:
                with suppress(OSError):
                    # The plain socket's shutdown: an SSLSocket's own would pull the TLS object from under the reader.
                    socket.socket.shutdown(line, socket.SHUT_RDWR)

    def _expire(self) -> None:
        self.late = True
        self.cut_all()


class _WatchedAdapter(HTTPAdapter):
    """Transport whose connections tell the watchdog of their sockets. Never retries by itself."""

    def __init__(self, lines: _Lines) -> None:
        self._lines = lines
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Put the watched connections in place of the library's own."""
        super().init_poolmanager(*args, **kwargs)
        lines = self._lines

        class Plain(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                lines.add(self.sock)

        class Secure(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                lines.add(self.sock)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
