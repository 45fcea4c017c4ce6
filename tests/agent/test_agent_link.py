"""The line to head office: TLS, tokens, limits, and who is believed."""

import datetime
import gzip
import socket
import ssl
import threading
import time

import jwt
import pytest
from agent_fault_proxy import answer, read_message
from agent_small_office import TILL
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID
from msgspec.structs import replace

from agent.enrol import identities
from agent.link import Limits, Link, Postponed, ServerClock, Signer, check_url
from schema.clock import SystemClock
from schema.device import load_device, load_key, public_key_of, save_device, unbase64
from schema.errors import Refused, Unready
from schema.messages import TOKEN_AUDIENCE, TOKEN_LIFE_S

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


def certificate(folder, *, host="localhost", until=NOW + DAY, issuer=None):
    """Make a certificate (of its own, or of an authority) and return its files and key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    authority_name, authority_key = issuer or (name, key)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(authority_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 10 * DAY)
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    stem = f"{host}-{made.serial_number}"
    certificate_file, key_file = folder / f"{stem}.pem", folder / f"{stem}.key"
    certificate_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return certificate_file, key_file, (name, key)


class TlsFront:
    """A TLS port before the office: decrypts and passes on, or trickles by itself."""

    def __init__(self, office, certificate_file, key_file, trickle=False):
        self.received = b""
        self._port_behind, self._trickle = office.port, trickle
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate_file, key_file)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            try:
                with self._context.wrap_socket(line, server_side=True) as secure:
                    secure.settimeout(10)
                    self._answer(secure)
            except OSError:
                continue

    def _answer(self, secure):
        request = read_message(secure)
        self.received += request
        while self._trickle:
            secure.sendall(b"H")
            time.sleep(0.1)
        with socket.create_connection(("127.0.0.1", self._port_behind), timeout=10) as behind:
            behind.sendall(request.replace(b"Connection: keep-alive", b"Connection: close"))
            secure.sendall(read_message(behind).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


@pytest.fixture
def authority(tmp_path):
    return certificate(tmp_path, host="authority.example")


def tls_front(room, office, files, **settings):
    front = TlsFront(office, files[0], files[1], **settings)
    room.opened.append(front.close)
    device, key = load_device(room.folder), load_key(room.folder)
    save_device(room.folder, replace(device, server_url=f"https://localhost:{front.port}"), key)
    return front


def test_head_office_is_reached_by_tls_with_an_own_authority(room, office, authority, tmp_path):
    room.journal().append(1)
    tls_front(room, office, certificate(tmp_path, issuer=authority[2]))
    assert room.parts(ca_file=str(authority[0])).forwarder.drain().sent == 1


@pytest.mark.parametrize("flaw", ["unknown authority", "expired", "other host"])
def test_an_unproven_certificate_gets_no_data(room, office, authority, tmp_path, flaw):
    """Row 27."""
    room.journal().append(1)
    settings = {
        "unknown authority": {},
        "expired": {"issuer": authority[2], "until": NOW - DAY},
        "other host": {"issuer": authority[2], "host": "other.example"},
    }
    front = tls_front(room, office, certificate(tmp_path, **settings[flaw]))
    with pytest.raises(Unready) as caught:
        room.parts(ca_file=str(authority[0])).forwarder.drain()
    assert caught.value.code == "tls"
    assert "nothing was sent" in caught.value.message
    assert front.received == b""


def test_a_trickle_through_tls_is_cut_off_too(room, office, authority, tmp_path):
    """Row 26."""
    room.journal().append(1)
    tls_front(room, office, certificate(tmp_path, issuer=authority[2]), trickle=True)
    began = time.monotonic()
    with pytest.raises(Unready) as caught:
        room.parts(ca_file=str(authority[0])).forwarder.drain()
    assert caught.value.code == "timeout"
    assert time.monotonic() - began < 4


@pytest.mark.parametrize(
    "url", ["http://office.example", "ftp://office.example", "office.example", "https://", "http://127.0.0.1.evil.com"]
)
def test_only_tls_or_this_machine(url):
    with pytest.raises(Refused) as caught:
        check_url(url)
    assert caught.value.code == "bad_url"


@pytest.mark.parametrize(
    "url", ["https://office.example/x", "http://127.0.0.1:8000", "http://[::1]:1", "http://localhost"]
)
def test_what_is_safe_is_taken(url):
    check_url(url)


def test_the_token_names_the_stream_and_lives_two_minutes():
    key = Ed25519PrivateKey.generate()
    token = Signer(till_id=TILL, epoch=3, key=key).token(1_700_000_000_500)
    options = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(token, key.public_key(), algorithms=["EdDSA"], audience=TOKEN_AUDIENCE, options=options)
    assert (claims["sub"], claims["epoch"]) == (TILL, 3)
    assert claims["exp"] - claims["iat"] == TOKEN_LIFE_S
    assert claims["iat"] <= 1_700_000_000


class HandClock(SystemClock):
    """A clock that a test sets."""

    wall_ms, since_ms = 5_000, 100

    def now_ms(self):
        return self.wall_ms

    def monotonic_ms(self):
        return self.since_ms


def test_head_offices_time_goes_on_when_the_wall_clock_jumps():
    """Rows 19, 20: an NTP step changes the skew that is shown, not the time that is signed."""
    clock = HandClock()
    server_clock = ServerClock(clock)
    assert (server_clock.now_ms(), server_clock.skew_ms()) == (5_000, None)
    clock.since_ms = 300
    server_clock.measure(1_000_000, asked_monotonic_ms=100)
    assert server_clock.now_ms() == 1_000_100
    clock.wall_ms, clock.since_ms = 900_000, 1_300
    assert server_clock.now_ms() == 1_001_100
    assert server_clock.skew_ms() == 101_100


def link_to(room, url):
    identity = identities(room.folder)[-1]
    link = Link(
        base_url=url,
        server_key=public_key_of(unbase64(identity.device.server_public_key)),
        signer=Signer(till_id=TILL, epoch=1, key=identity.key),
        clock=room.clock,
        server_clock=ServerClock(room.clock),
        limits=Limits(connect_s=1, silence_s=1, total_s=2),
    )
    room.opened.append(link.close)
    return link


@pytest.mark.parametrize(
    ("headers", "wait_ms"),
    [
        (["Retry-After: 3"], 3000),
        (["Retry-After: Wed, 21 Oct 2015 07:28:30 GMT", "Date: Wed, 21 Oct 2015 07:28:00 GMT"], 30_000),
        (["Retry-After: soon"], None),
        ([], None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(room, headers, wait_ms):
    """Row 25."""
    proxy = room.proxy()
    proxy.faults.append(answer(503, headers))
    with pytest.raises(Postponed) as caught:
        link_to(room, proxy.url).get("/api/v1/feed")
    assert caught.value.retry_after_ms == wait_ms


def test_nobody_listening_is_unreachable(room):
    with pytest.raises(Postponed) as caught:
        link_to(room, "http://127.0.0.1:9").get("/api/v1/feed")
    assert caught.value.code == "unreachable"


def test_a_server_that_accepts_and_says_nothing_times_out(room):
    """Row 31: half a partition."""
    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(Postponed) as caught:
        link_to(room, f"http://127.0.0.1:{mute.getsockname()[1]}").get("/api/v1/feed")
    assert caught.value.code == "timeout"


def test_a_reply_that_inflates_without_end_is_dropped(room):
    """Row 23, downwards: a gzip bomb."""
    bomb = gzip.compress(b"\0" * (65 * 1024 * 1024), 9)
    proxy = room.proxy()
    proxy.faults.append(answer(200, ["Content-Encoding: gzip"], bomb))
    with pytest.raises(Unready) as caught:
        link_to(room, proxy.url).get("/api/v1/feed")
    assert caught.value.code == "reply_too_large"


def test_closing_the_link_ends_a_long_poll_at_once(room, office):
    link = link_to(room, office.url)
    timer = threading.Timer(0.3, link.close)
    timer.start()
    began = time.monotonic()
    with pytest.raises(Postponed):
        link.get("/api/v1/feed", {"cursor": "0", "limit": "10", "wait": "20"}, 20)
    assert time.monotonic() - began < 3
    timer.join()
