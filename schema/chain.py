"""The chain that makes a journal tamper-evident: SHA-256 over a fixed, length-prefixed header, Ed25519 over the hash.

hash(n) = SHA-256(the lengths of header n's fields as 4-byte big-endian numbers, then the fields). The header holds
hash(n−1) and SHA-256(body). The first event's predecessor is `genesis_hash`, which binds the device's public key and
the nonce of its enrolment (protocol §1). Because of the chain, one good signature over the last hash of a batch vouches
for all before it; `first_flaw` can check just that one, or every one.
"""

import hashlib
import struct
from collections.abc import Callable, Iterable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct

from schema.events import MoneyChange

_EVENT_DOMAIN = b"counterfoil/event/1"
_GENESIS_DOMAIN = b"counterfoil/genesis/1"


class Event(Struct, frozen=True, kw_only=True):
    """One journal row without its links. `body` holds the exact bytes; nothing re-encodes them, anywhere, ever."""

    till_id: str
    epoch: int
    seq: int
    event_id: str
    type: str
    version: int
    recorded_ms: int
    utc_offset_min: int
    boot_id: str
    monotonic_ms: int
    business_day: str
    money: tuple[MoneyChange, ...]
    body: bytes


class Sealed(Struct, frozen=True, kw_only=True):
    """A journal row: the event, its hash and the device's signature over that hash."""

    event: Event
    hash: bytes
    signature: bytes


def _framed(*fields: bytes) -> bytes:
    """Put the fields' lengths before the fields: with a fixed number of fields, no two lists give the same bytes."""
    return struct.pack(f">{len(fields)}I", *map(len, fields)) + b"".join(fields)


def money_bytes(money: Iterable[MoneyChange]) -> bytes:
    """Return the money list in the form that is hashed and stored: `cash EUR 1250;card EUR -300`."""
    return ";".join(f"{tender} {currency} {amount}" for tender, currency, amount in money).encode()


def parse_money(text: str) -> tuple[MoneyChange, ...]:
    """Read what `money_bytes` wrote. Raises ValueError for anything else."""
    return tuple(_parse_change(part) for part in text.split(";")) if text else ()


def _parse_change(part: str) -> MoneyChange:
    tender, currency, amount = part.split(" ")
    return tender, currency, int(amount)


def genesis_hash(till_id: str, epoch: int, public_key: bytes, nonce: bytes) -> bytes:
    """Return the hash that the first event of a stream links to."""
    return hashlib.sha256(_framed(_GENESIS_DOMAIN, till_id.encode(), str(epoch).encode(), public_key, nonce)).digest()


def event_hash(event: Event, prev_hash: bytes) -> bytes:
    """Return an event's hash, given its predecessor's."""
    header = _framed(
        _EVENT_DOMAIN,
        event.till_id.encode(),
        str(event.epoch).encode(),
        str(event.seq).encode(),
        event.event_id.encode(),
        event.type.encode(),
        str(event.version).encode(),
        str(event.recorded_ms).encode(),
        str(event.utc_offset_min).encode(),
        event.boot_id.encode(),
        str(event.monotonic_ms).encode(),
        event.business_day.encode(),
        money_bytes(event.money),
        prev_hash,
        hashlib.sha256(event.body).digest(),
    )
    return hashlib.sha256(header).digest()


def seal(event: Event, prev_hash: bytes, sign: Callable[[bytes], bytes]) -> Sealed:
    """Hash an event and let `sign` (`schema.device.signer`, or a key's own method) sign the hash."""
    digest = event_hash(event, prev_hash)
    return Sealed(event=event, hash=digest, signature=sign(digest))


def signature_holds(key: Ed25519PublicKey, digest: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, digest)
    except InvalidSignature:
        return False
    return True


class Flaw(Struct, frozen=True, kw_only=True):
    """The first row of a run that does not hold, and which of its promises is broken."""

    seq: int
    what: str


def first_flaw(
    rows: Iterable[Sealed],
    *,
    after_seq: int,
    after_hash: bytes,
    key: Ed25519PublicKey,
    every_signature: bool = True,
) -> Flaw | None:
    """Check a run of rows that follows (after_seq, after_hash); return the first flaw or None.

    With every_signature=False only the last row's signature is checked: it covers all hashes before it.
    """
    seq, prev = after_seq, after_hash
    last: Sealed | None = None
    for row in rows:
        if row.event.seq != seq + 1:
            return Flaw(seq=seq + 1, what=f"is missing: {row.event.seq} follows {seq}")
        if event_hash(row.event, prev) != row.hash:
            return Flaw(seq=row.event.seq, what="was changed: its hash does not match its content or predecessor")
        if every_signature and not signature_holds(key, row.hash, row.signature):
            return Flaw(seq=row.event.seq, what="was not signed by this stream's key")
        seq, prev, last = row.event.seq, row.hash, row
    if last is not None and not every_signature and not signature_holds(key, last.hash, last.signature):
        return Flaw(seq=last.event.seq, what="was not signed by this stream's key")
    return None
