"""A small head office for the agent's tests: a real HTTP server that keeps the protocol's table with schema.chain.

It keeps no books. It exists because a head office that misbehaves on purpose (another timeline, a wrong
acknowledgement, a bad feed, a clock ten years off) must not be part of the real one, which
`test_agent_real_office.py` runs against.
"""

import contextlib
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import jwt
import msgspec
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schema.catalogue import FEED_KINDS, key_of
from schema.chain import first_flaw, genesis_hash
from schema.device import base64_text, public_bytes, public_key_of, unbase64
from schema.messages import (
    NONCE_HEADER,
    SIGNATURE_HEADER,
    TOKEN_AUDIENCE,
    EnrolReply,
    EnrolRequest,
    FeedChange,
    FeedPage,
    Head,
    Problem,
    UploadReply,
    UploadRequest,
    from_wire,
    reply_bytes,
)

STORE = "0001"
CODE = "ABCD-1234"
TILL = "till-1"
KIND_OF = {struct: kind for kind, struct in FEED_KINDS.items()}


class StreamHere:
    """A stream as this office has it."""

    def __init__(self, public_key, genesis):
        self.public_key, self.rows, self.genesis, self.state = public_key, [], genesis, "open"
        self.evidence = []

    def high(self):
        return (self.rows[-1].event.seq, self.rows[-1].hash) if self.rows else (0, self.genesis)


class SmallOffice:
    """The office and its server thread. Attributes may be changed while it runs."""

    def __init__(self):
        self.key = Ed25519PrivateKey.generate()
        self.timeline = "timeline-1"
        self.clock_ahead_ms = 0
        self.streams = {}
        self.epoch = 0
        self.revoked = False
        self.batch_max = 500
        self.bytes_max = 10**9
        self.feed = {}
        self.rev = 0
        self.oldest_cursor = 0
        self.totals = None
        self.page_max = 1000
        self.allow_mass_delete = False
        self.uploads = []
        self.feed_cursors = []
        self.bend_reply = lambda reply: reply
        self.changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(0.02), daemon=True)
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def now_ms(self):
        return time.time_ns() // 1_000_000 + self.clock_ahead_ms

    def put(self, *rows):
        with self.changed:
            for row in rows:
                self.put_raw(KIND_OF[type(row)], key_of(row), msgspec.json.encode(row))
            self.changed.notify_all()

    def put_raw(self, kind, key, body):
        self.rev += 1
        self.feed[kind, key] = FeedChange(rev=self.rev, kind=kind, key=key, body=msgspec.Raw(body))

    def remove(self, kind, *keys):
        with self.changed:
            for key in keys:
                self.rev += 1
                self.feed[kind, key] = FeedChange(rev=self.rev, kind=kind, key=key, deleted=True)
            self.changed.notify_all()

    def restore_from_backup(self, seq):
        """Go back to an older state of the current stream, under a new timeline."""
        stream = self.streams[TILL, self.epoch]
        del stream.rows[seq:]
        self.timeline += "-restored"

    # one method per question; each returns (status, Struct)
    def enrol(self, request: EnrolRequest):
        if request.code != CODE:
            return 403, Problem(code="bad_code", message="This code is wrong or used up.")
        self.epoch += 1
        raw = unbase64(request.public_key)
        for stream in self.streams.values():
            stream.state = "closed"
        genesis = genesis_hash(TILL, self.epoch, raw, unbase64(request.nonce))
        self.streams[TILL, self.epoch] = StreamHere(raw, genesis)
        return 200, EnrolReply(
            till_id=TILL,
            epoch=self.epoch,
            store=STORE,
            store_name="Sample Shop",
            till_number=1,
            till_name="Till 1",
            currency="EUR",
            server_public_key=base64_text(public_bytes(self.key)),
            timeline=self.timeline,
        )

    def authenticate(self, header):
        token = header.removeprefix("Bearer ")
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
            stream = self.streams[claims["sub"], claims["epoch"]]
            options = {"verify_exp": False, "verify_iat": False}
            jwt.decode(
                token, public_key_of(stream.public_key), algorithms=["EdDSA"], audience=TOKEN_AUDIENCE, options=options
            )
        except (jwt.PyJWTError, KeyError):
            return 401, Problem(code="bad_token", message="Unknown key.")
        now_s = self.now_ms() // 1000
        if claims["exp"] < now_s - 30 or claims["iat"] > now_s + 30:
            return 401, Problem(code="bad_clock", message="Wrong clock.", server_ms=self.now_ms())
        if self.revoked:
            return 403, Problem(code="revoked", message="Withdrawn.")
        return None

    def head(self, till, epoch):
        stream = self.streams[till, epoch]
        seq, digest = stream.high()
        return 200, Head(
            seq=seq,
            hash=digest.hex(),
            durable_seq=seq,
            state=stream.state,
            timeline=self.timeline,
            server_ms=self.now_ms(),
        )

    def upload(self, till, epoch, request: UploadRequest, size):
        stream = self.streams[till, epoch]
        self.uploads.append((request.first_seq, request.count))
        if request.count > self.batch_max or size > self.bytes_max:
            return 413, Problem(code="too_large", message="Too much at once.")
        if stream.state == "closed":
            stream.evidence.append(request)
            return 409, Problem(code="stale_epoch", message="Kept as evidence.")
        if stream.state == "frozen":
            return 409, Problem(code="frozen", message="Stopped.")
        rows = [from_wire(event, till, epoch) for event in request.events]
        high, digest = stream.high()
        for row in rows:
            if row.event.seq <= high and stream.rows[row.event.seq - 1].hash != row.hash:
                return self._freeze(stream, request, 409, "fork", f"Event {row.event.seq} differs.")
        new = [row for row in rows if row.event.seq > high]
        if new and new[0].event.seq > high + 1:
            return 409, Problem(code="gap", message="Gap.", expected_seq=high + 1, expected_hash=digest.hex())
        key = public_key_of(stream.public_key)
        flaw = first_flaw(new, after_seq=high, after_hash=digest, key=key, every_signature=False)
        stream.rows += [row for row in new if flaw is None or row.event.seq < flaw.seq]
        if flaw is not None:
            return self._freeze(stream, request, 422, "bad_event", f"Event {flaw.seq} {flaw.what}.")
        seq, digest = stream.high()
        return 200, self.bend_reply(
            UploadReply(
                acked_seq=seq,
                acked_hash=digest.hex(),
                durable_seq=seq,
                timeline=self.timeline,
                server_ms=self.now_ms(),
                next_batch_max=500,
                wait_ms=0,
                nonce=request.nonce,
            )
        )

    def _freeze(self, stream, request, status, code, message):
        stream.state = "frozen"
        stream.evidence.append(request)
        return status, Problem(code=code, message=message)

    def page(self, cursor, limit, wait):
        self.feed_cursors.append(cursor)
        if (cursor < self.oldest_cursor and cursor) or cursor > self.rev:
            return 410, Problem(code="cursor_gone", message="Fetch anew.")
        with self.changed:
            if self.rev <= cursor and wait:
                self.changed.wait(wait)
            changes = sorted((row for row in self.feed.values() if row.rev > cursor), key=lambda row: row.rev)
        part = tuple(changes[: min(limit, self.page_max)])
        more = len(changes) > len(part)
        return 200, FeedPage(
            changes=part,
            cursor=part[-1].rev if more else self.rev,
            more=more,
            timeline=self.timeline,
            server_ms=self.now_ms(),
            totals=self.totals if self.totals is not None else self._totals(),
            allow_mass_delete=self.allow_mass_delete,
        )

    def _totals(self):
        counts = {}
        for row in self.feed.values():
            counts[row.kind] = counts.get(row.kind, 0) + (not row.deleted)
        return counts


def _handler(office):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self._answer(b"")

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "zstd":
                body = zstandard.ZstdDecompressor().decompressobj().decompress(body)
            self._answer(body)

        def _answer(self, body):
            status, reply = self._find(body)
            content = msgspec.json.encode(reply)
            nonce = self.headers.get(NONCE_HEADER, "")
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.send_header(SIGNATURE_HEADER, base64_text(office.key.sign(reply_bytes(nonce, content))))
            self.end_headers()
            self.wfile.write(content)

        def _find(self, body):
            parts = urlsplit(self.path)
            if parts.path == "/api/v1/enrol":
                return office.enrol(msgspec.json.decode(body, type=EnrolRequest))
            refused = office.authenticate(self.headers.get("Authorization", ""))
            if refused:
                return refused
            if parts.path == "/api/v1/feed":
                query = parse_qs(parts.query)
                return office.page(*(int(query[name][0]) for name in ("cursor", "limit", "wait")))
            _, _, _, _, till, epoch, what = parts.path.split("/")
            if what == "head":
                return office.head(till, int(epoch))
            return office.upload(till, int(epoch), msgspec.json.decode(body, type=UploadRequest), len(body))

        def log_message(self, *args):
            pass

        def handle(self):
            # The agent was killed, or a fault cut the line: that is what is tested.
            with contextlib.suppress(OSError):
                super().handle()

    return Handler
