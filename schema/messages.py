"""What agent and head office say to each other (protocol §2, §4, §6): one Struct per request and reply.

Every reply to a device is signed: the header `Counterfoil-Signature` is base64 of Ed25519 over
`reply_bytes(nonce, body)`, where the nonce is the request's header `Counterfoil-Nonce`. So a captive portal's 200, a
cache or a stale reply can never be mistaken for head office.

A request from a device carries `Authorization: Bearer <JWT>`, EdDSA with the device's key: claims `sub` = till id,
`epoch`, `iat`, `exp` (at most TOKEN_LIFE_S later), `aud` = TOKEN_AUDIENCE.
"""

import msgspec
from msgspec import Struct

from schema.catalogue import Voucher
from schema.chain import Event, Sealed, money_bytes, parse_money
from schema.device import base64_text, unbase64

PROTOCOL = 1
NONCE_HEADER = "Counterfoil-Nonce"
SIGNATURE_HEADER = "Counterfoil-Signature"
TOKEN_AUDIENCE = "counterfoil"  # noqa: S105 - a name, not a secret
TOKEN_LIFE_S = 120
BATCH_EVENTS_MAX = 500
BATCH_BYTES_MAX = 1024 * 1024
EVENT_BYTES_MAX = 256 * 1024
FEED_PAGE_MAX = 1000
FEED_WAIT_S_MAX = 25
# Head office's clock minus the till's machine's, in milliseconds, as the agent measured it (protocol §6).
SKEW_HEADER = "Counterfoil-Skew"
CLAIM_LEASE_MS = 120_000
CUSTOMERS_FOUND_MAX = 20
_REPLY_DOMAIN = b"counterfoil/reply/1\x00"


def reply_bytes(nonce: str, body: bytes) -> bytes:
    """Return what head office signs: the request's nonce and the exact body."""
    return _REPLY_DOMAIN + nonce.encode() + b"\x00" + body


class EnrolRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /api/v1/enrol. The public key is base64 of 32 bytes."""

    code: str
    public_key: str
    nonce: str
    software: str


class EnrolReply(Struct, frozen=True, kw_only=True):
    """What `device.json` is made of."""

    till_id: str
    epoch: int
    store: str
    store_name: str
    till_number: int
    till_name: str
    currency: str
    server_public_key: str
    timeline: str


class WireEvent(Struct, frozen=True, kw_only=True):
    """An event on its way. `body` is the exact text of the body's bytes; hash is hex, signature base64."""

    seq: int
    event_id: str
    type: str
    version: int
    recorded_ms: int
    utc_offset_min: int
    boot_id: str
    monotonic_ms: int
    business_day: str
    money: str
    body: str
    hash: str
    signature: str


class UploadRequest(Struct, frozen=True, kw_only=True):
    """POST /api/v1/streams/{till_id}/{epoch}/events. `base_hash` is the hash of the event before the first."""

    first_seq: int
    count: int
    base_hash: str
    head_seq: int
    head_hash: str
    nonce: str
    session: str
    events: tuple[WireEvent, ...]


class UploadReply(Struct, frozen=True, kw_only=True):
    """The acknowledgement. It counts only if signature and nonce match and `acked_hash` is the till's own there."""

    acked_seq: int
    acked_hash: str
    durable_seq: int
    timeline: str
    server_ms: int
    next_batch_max: int
    wait_ms: int
    nonce: str


class Head(Struct, frozen=True, kw_only=True):
    """GET /api/v1/streams/{till_id}/{epoch}/head: how far head office has this stream."""

    seq: int
    hash: str
    durable_seq: int
    state: str
    timeline: str
    server_ms: int


class Problem(Struct, frozen=True, kw_only=True):
    """Any refusal. `code`: fork, gap, bad_event, stale_epoch, fenced, frozen, revoked, bad_request, too_large …"""

    code: str
    message: str
    expected_seq: int | None = None
    expected_hash: str | None = None
    server_ms: int | None = None


class FeedChange(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row of the feed: the Struct named by `kind` (see schema.catalogue.FEED_KINDS), or its tombstone."""

    rev: int
    kind: str
    key: str
    body: msgspec.Raw = msgspec.Raw(b"null")
    deleted: bool = False


class FeedPage(Struct, frozen=True, kw_only=True):
    """GET /api/v1/feed?cursor=&limit=&wait=&since=. `cursor` is the next one; `more`: another page is there now.

    `newest` is the newest revision there is. A full fetch sends its first page's as `since`, so that tombstones of rows
    which had ended before it began are left out.
    """

    changes: tuple[FeedChange, ...]
    cursor: int
    more: bool
    timeline: str
    server_ms: int
    newest: int = 0
    # How many live rows of each kind the store has in all: the agent checks a full fetch against it.
    totals: dict[str, int] = {}
    # A person at head office means it: without this an agent refuses a page that would empty its till (protocol §4).
    allow_mass_delete: bool = False


class Claim(Struct, frozen=True, kw_only=True):
    """POST /api/v1/store/orders/{order_id}/claim: the lease under which one till may take money for an order (§5).

    `granted`: it is the asking till's until `until_ms`, and `token` is greater than that of any lease before. Else
    another till has it, which `till` names, or the order is not open any more: `status` is head office's. Asking again
    renews; POST …/release gives it back before its time.
    """

    order_id: str
    granted: bool
    token: int = 0
    until_ms: int = 0
    till: str = ""
    status: str = ""


class VoucherClaim(Struct, frozen=True, kw_only=True):
    """POST /api/v1/store/vouchers/{code}/claim: a voucher as it is now, and the lease under which one till redeems it.

    A balance that is only read may be read by two tills before either of their receipts has come. `granted`: nobody
    else is told so until `until_ms`, or until the till's receipt is here. Else `till` names who has it. Asking again
    renews; POST …/release gives it back before its time. The balance holds what the asking till's stream has brought up
    to `applied_seq`, and nothing after it; None where head office cannot say: an event of it is parked.
    """

    voucher: Voucher
    granted: bool
    until_ms: int = 0
    till: str = ""
    applied_seq: int | None = None


def to_wire(row: Sealed) -> WireEvent:
    """Turn a journal row into its wire form."""
    event = row.event
    return WireEvent(
        seq=event.seq,
        event_id=event.event_id,
        type=event.type,
        version=event.version,
        recorded_ms=event.recorded_ms,
        utc_offset_min=event.utc_offset_min,
        boot_id=event.boot_id,
        monotonic_ms=event.monotonic_ms,
        business_day=event.business_day,
        money=money_bytes(event.money).decode(),
        body=event.body.decode(),
        hash=row.hash.hex(),
        signature=base64_text(row.signature),
    )


def from_wire(wire: WireEvent, till_id: str, epoch: int) -> Sealed:
    """Read a wire event. Raises ValueError where hash, signature or money are not in their form."""
    event = Event(
        till_id=till_id,
        epoch=epoch,
        seq=wire.seq,
        event_id=wire.event_id,
        type=wire.type,
        version=wire.version,
        recorded_ms=wire.recorded_ms,
        utc_offset_min=wire.utc_offset_min,
        boot_id=wire.boot_id,
        monotonic_ms=wire.monotonic_ms,
        business_day=wire.business_day,
        money=parse_money(wire.money),
        body=wire.body.encode(),
    )
    return Sealed(event=event, hash=bytes.fromhex(wire.hash), signature=unbase64(wire.signature))
