"""A device as the protocol sees it: a key, a journal in memory, tokens and batches. For tests of head office."""

import json
import os
import time

import jwt
import msgspec
import requests
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schema.chain import Event, genesis_hash, seal, signature_holds
from schema.clock import SystemClock, new_id
from schema.device import base64_text, public_bytes, public_key_of, unbase64
from schema.events import CashMoved, encode, money_of, type_of
from schema.messages import (
    NONCE_HEADER,
    SIGNATURE_HEADER,
    TOKEN_AUDIENCE,
    EnrolReply,
    EnrolRequest,
    UploadRequest,
    reply_bytes,
    to_wire,
)

CLOCK = SystemClock()


def sealed_events(till_id, epoch, key, prev_hash, first_seq, count, *, reason="float", amount=100):
    """Return a run of real, signed events that follows a hash."""
    rows = []
    for seq in range(first_seq, first_seq + count):
        body = CashMoved(
            move_id=new_id(CLOCK),
            kind="cash_in",
            shift_id="s1",
            cashier="1",
            currency="EUR",
            amount_minor=amount,
            reason=reason,
        )
        event = Event(
            till_id=till_id,
            epoch=epoch,
            seq=seq,
            event_id=new_id(CLOCK),
            type=type_of(body),
            version=1,
            recorded_ms=CLOCK.now_ms(),
            utc_offset_min=60,
            boot_id="boot",
            monotonic_ms=CLOCK.monotonic_ms(),
            business_day="2026-11-21",
            money=money_of(body),
            body=encode(body),
        )
        rows.append(seal(event, prev_hash, key.sign))
        prev_hash = rows[-1].hash
    return rows


class SendingDevice:
    """A till's key and journal, sending to a head office over HTTP or handing out batches."""

    def __init__(self, till_id, epoch, key, nonce):
        self.till_id, self.epoch, self.key = till_id, epoch, key
        self.genesis = genesis_hash(till_id, epoch, public_bytes(key), nonce)
        self.rows = []
        self.session = new_id(CLOCK)

    def record(self, count, **facts):
        """Write events to the journal and return them."""
        prev = self.rows[-1].hash if self.rows else self.genesis
        new = sealed_events(self.till_id, self.epoch, self.key, prev, len(self.rows) + 1, count, **facts)
        self.rows += new
        return new

    def batch(self, rows, **changes):
        """Return the upload of these rows."""
        first = rows[0].event.seq
        base = self.genesis if first == 1 else self.rows[first - 2].hash
        request = UploadRequest(
            first_seq=first,
            count=len(rows),
            base_hash=base.hex(),
            head_seq=len(self.rows),
            head_hash=self.rows[-1].hash.hex() if self.rows else self.genesis.hex(),
            nonce=base64_text(os.urandom(12)),
            session=self.session,
            events=tuple(to_wire(row) for row in rows),
        )
        return msgspec.structs.replace(request, **changes)

    def token(self, now_s=None, **claims):
        now_s = int(time.time()) if now_s is None else now_s
        own = {"sub": self.till_id, "epoch": self.epoch, "iat": now_s, "exp": now_s + 60, "aud": TOKEN_AUDIENCE}
        return jwt.encode({**own, **claims}, self.key, algorithm="EdDSA")


def till_in_database(database, store="0001"):
    """Make a store, a till and its first stream without HTTP; return its device."""
    from schema.catalogue import StoreSettings
    from server.catalogue.store_rows import put_store
    from server.tills.identity import Identity
    from server.tills.tills import add_till, enrol, issue_code

    key, nonce = Ed25519PrivateKey.generate(), os.urandom(16)
    identity = Identity(key=Ed25519PrivateKey.generate(), timeline="t1")
    with database.write() as connection:
        put_store(connection, StoreSettings(store=store, name="Sample Shop"))
        till = add_till(connection, CLOCK, store, "Front")
        code = issue_code(connection, CLOCK, till.id).code
        request = EnrolRequest(
            code=code, public_key=base64_text(public_bytes(key)), nonce=base64_text(nonce), software="test"
        )
        reply = enrol(connection, CLOCK, identity, request)
    return SendingDevice(reply.till_id, reply.epoch, key, nonce)


class Line:
    """HTTP to a head office, checking its signature on every reply."""

    def __init__(self, url, server_key=None):
        self.url = url
        self.server_key = server_key
        self.http = requests.Session()

    def ask(self, method, path, *, device=None, body=None, token=None, headers=None, **params):
        """Send a request; return (status, decoded reply)."""
        nonce = base64_text(os.urandom(12))
        sent = {NONCE_HEADER: nonce, "Accept-Encoding": "gzip", **(headers or {})}
        if device is not None:
            sent["Authorization"] = f"Bearer {token or device.token()}"
        if isinstance(body, msgspec.Struct):
            body = zstandard.compress(msgspec.json.encode(body))
            sent["Content-Encoding"] = "zstd"
        answer = self.http.request(method, self.url + path, data=body, headers=sent, params=params, timeout=30)
        if self.server_key is not None:
            signature = unbase64(answer.headers[SIGNATURE_HEADER])
            assert signature_holds(self.server_key, reply_bytes(nonce, answer.content), signature)
        return answer.status_code, json.loads(answer.content)

    def enrol(self, code):
        """Enrol a new device."""
        key, nonce = Ed25519PrivateKey.generate(), os.urandom(16)
        request = EnrolRequest(
            code=code, public_key=base64_text(public_bytes(key)), nonce=base64_text(nonce), software="test"
        )
        status, reply = self.ask("POST", "/api/v1/enrol", body=request)
        assert status == 200, reply
        made = msgspec.convert(reply, EnrolReply)
        self.server_key = public_key_of(unbase64(made.server_public_key))
        return SendingDevice(made.till_id, made.epoch, key, nonce)

    def upload(self, device, batch, **options):
        path = f"/api/v1/streams/{device.till_id}/{device.epoch}/events"
        return self.ask("POST", path, device=device, body=batch, **options)
