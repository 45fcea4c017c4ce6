"""Tills and their enrolment: a one-time code from the office makes a device's key the next epoch of its stream.

A code is ten characters of an alphabet without look-alikes (50 bits), valid for ten minutes and for one device; only
its hash is stored. Whoever asks twice with the same code and key gets the same answer, since the first may have been
lost on the way; a second device does not.
"""

import hashlib
import secrets

from msgspec import Struct

from schema.chain import genesis_hash
from schema.clock import Clock, new_id
from schema.device import public_key_of, unbase64
from schema.errors import Refused
from schema.messages import EnrolReply, EnrolRequest
from schema.text import without_controls
from server.db import Connection
from server.tills.identity import Identity

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
CODE_LENGTH = 10
CODE_LIFE_MS = 10 * 60_000
NONCE_BYTES_MIN = 16
NAME_LENGTH_MAX = 60
TILLS_PER_STORE_MAX = 999
_TILL = (
    "SELECT till.id, till.store, store.name, till.number, till.name, till.epoch, till.revoked_ms, store.currency "
    "FROM till JOIN store ON store.code = till.store WHERE till.id = ?"
)
_STREAM = "INSERT INTO stream (till_id, epoch, public_key, genesis, high_hash) VALUES (?, ?, ?, ?, ?)"  # high_seq 0


class Till(Struct, frozen=True, kw_only=True):
    """A till as head office knows it. `epoch` 0: never enrolled."""

    id: str
    store: str
    store_name: str
    number: int
    name: str
    epoch: int
    revoked: bool
    currency: str


class Code(Struct, frozen=True, kw_only=True):
    """A one-time code to be typed at the till. It is shown once and stored nowhere."""

    till_id: str
    code: str
    expires_ms: int


def add_till(connection: Connection, clock: Clock, store: str, name: str) -> Till:
    """Add a till to a store under the store's next number.

    Raises Refused("unknown_store") or Refused("bad_name").
    """
    name = without_controls(name).strip()
    if not 0 < len(name) <= NAME_LENGTH_MAX:
        raise Refused("bad_name", f"A till needs a name of 1 to {NAME_LENGTH_MAX} characters.")
    if connection.row("SELECT 1 FROM store WHERE code = ?" + connection.for_update, (store,)) is None:
        known = ", ".join(code for (code,) in connection.rows("SELECT code FROM store ORDER BY code LIMIT 20"))
        raise Refused("unknown_store", f"There is no store “{store}”. The stores are: {known or 'none yet'}.")
    number = 1 + int(connection.value("SELECT coalesce(max(number), 0) FROM till WHERE store = ?", (store,)))
    if number > TILLS_PER_STORE_MAX:
        raise Refused("too_many_tills", f"Store {store} has {TILLS_PER_STORE_MAX} tills; there is no number left.")
    till_id = new_id(clock)
    connection.run(
        "INSERT INTO till (id, store, number, name, created_ms) VALUES (?, ?, ?, ?, ?)",
        (till_id, store, number, name, clock.now_ms()),
    )
    return get_till(connection, till_id)


def get_till(connection: Connection, till_id: str) -> Till:
    """Return a till. Raises Refused("not_found")."""
    row = connection.row(_TILL, (till_id,))
    if row is None:
        raise Refused("not_found", "There is no such till.")
    return Till(
        id=row[0],
        store=row[1],
        store_name=row[2],
        number=row[3],
        name=row[4],
        epoch=row[5],
        revoked=row[6] is not None,
        currency=row[7],
    )


def find_till(connection: Connection, text: str) -> Till:
    """Return a till by its id, or by store and number like 0001-1. Raises Refused("not_found")."""
    store, _, number = text.rpartition("-")
    if store and number.isdecimal() and len(number) <= 3:
        till_id = connection.value("SELECT id FROM till WHERE store = ? AND number = ?", (store, int(number)))
        if till_id is not None:
            return get_till(connection, till_id)
    return get_till(connection, text)


def issue_code(connection: Connection, clock: Clock, till_id: str) -> Code:
    """Make a till's one-time code; an older one of the same till is void. Raises Refused("revoked")."""
    till = get_till(connection, till_id)
    if till.revoked:
        raise Refused("revoked", f"Till {till.name} was withdrawn. Add a new till in its place.")
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    expires_ms = clock.now_ms() + CODE_LIFE_MS
    connection.run("DELETE FROM enrolment WHERE till_id = ? AND used_ms IS NULL", (till_id,))
    connection.run(
        "INSERT INTO enrolment (code_hash, till_id, expires_ms) VALUES (?, ?, ?)",
        (_code_hash(code), till_id, expires_ms),
    )
    return Code(till_id=till_id, code=f"{code[:5]}-{code[5:]}", expires_ms=expires_ms)


def _code_hash(code: str) -> str:
    return hashlib.sha256(code.upper().replace("-", "").replace(" ", "").encode()).hexdigest()


def enrol(connection: Connection, clock: Clock, identity: Identity, request: EnrolRequest) -> EnrolReply:
    """Open a till's next epoch for a device's key.

    Raises Refused("bad_code") for a code that is wrong, used or too old, Refused("bad_request") for a bad key or nonce.
    """
    public_key, nonce = _key_and_nonce(request)
    code_hash = _code_hash(request.code)
    found = connection.row(
        "SELECT till_id, expires_ms, used_ms FROM enrolment WHERE code_hash = ?" + connection.for_update, (code_hash,)
    )
    if found is None or found[1] < clock.now_ms():
        raise _bad_code()
    till_id, _, used_ms = found
    connection.rows("SELECT 1 FROM till WHERE id = ?" + connection.for_update, (till_id,))
    till = get_till(connection, till_id)
    if till.revoked:
        raise _bad_code()
    if used_ms is None:
        epoch = _open_epoch(connection, clock, till, public_key=public_key, nonce=nonce, software=request.software)
        connection.run("UPDATE enrolment SET used_ms = ? WHERE code_hash = ?", (clock.now_ms(), code_hash))
    elif _has_epoch(connection, till, public_key, nonce):
        epoch = till.epoch
    else:
        raise _bad_code()
    return EnrolReply(
        till_id=till.id,
        epoch=epoch,
        store=till.store,
        store_name=till.store_name,
        till_number=till.number,
        till_name=till.name,
        currency=till.currency,
        server_public_key=identity.public_text(),
        timeline=identity.timeline,
    )


def _key_and_nonce(request: EnrolRequest) -> tuple[bytes, bytes]:
    try:
        public_key, nonce = unbase64(request.public_key), unbase64(request.nonce)
        public_key_of(public_key)
    except ValueError:
        raise Refused("bad_request", "The device's key or nonce is not in its form.") from None
    if not NONCE_BYTES_MIN <= len(nonce) <= 64:
        raise Refused("bad_request", f"An enrolment needs a nonce of at least {NONCE_BYTES_MIN} bytes.")
    return public_key, nonce


def _open_epoch(
    connection: Connection, clock: Clock, till: Till, *, public_key: bytes, nonce: bytes, software: str
) -> int:
    epoch = till.epoch + 1
    genesis = genesis_hash(till.id, epoch, public_key, nonce)
    connection.run(
        "UPDATE stream SET state = 'closed', state_reason = 'enrolled again' WHERE till_id = ? AND state = 'open'",
        (till.id,),
    )
    connection.run(_STREAM, (till.id, epoch, public_key, genesis, genesis))
    connection.run(
        "UPDATE till SET epoch = ?, software = ?, last_contact_ms = ? WHERE id = ?",
        (epoch, without_controls(software)[:80], clock.now_ms(), till.id),
    )
    return epoch


def _has_epoch(connection: Connection, till: Till, public_key: bytes, nonce: bytes) -> bool:
    genesis = genesis_hash(till.id, till.epoch, public_key, nonce)
    found = connection.value("SELECT genesis FROM stream WHERE till_id = ? AND epoch = ?", (till.id, till.epoch))
    return found is not None and bytes(found) == genesis


def _bad_code() -> Refused:
    return Refused("bad_code", "This code is wrong, used or older than ten minutes. Ask head office for a new one.")


def revoke(connection: Connection, clock: Clock, till_id: str) -> Till:
    """Withdraw a till's access at once. What it still sends is kept as evidence. Raises Refused("not_found")."""
    till = get_till(connection, till_id)
    connection.run("UPDATE till SET revoked_ms = coalesce(revoked_ms, ?) WHERE id = ?", (clock.now_ms(), till_id))
    connection.run("DELETE FROM enrolment WHERE till_id = ? AND used_ms IS NULL", (till_id,))
    return till


def saw_till(connection: Connection, till_id: str, now_ms: int, skew_ms: int | None = None) -> None:
    """Note that a till was heard of just now, and how far its clock is off where its agent said so."""
    connection.run(
        "UPDATE till SET last_contact_ms = ?, clock_skew_ms = coalesce(?, clock_skew_ms) WHERE id = ?",
        (now_ms, skew_ms, till_id),
    )


def till_to_enrol(connection: Connection, clock: Clock, store: str, name: str) -> Till:
    """Return the store's till of this name that no device was ever enrolled as, or add one.

    So asking twice for a till makes one till. Raises Refused("unknown_store") or Refused("bad_name").
    """
    sql = (
        "SELECT id FROM till WHERE store = ? AND name = ? AND epoch = 0 AND revoked_ms IS NULL ORDER BY number LIMIT 1"
    )
    till_id = connection.value(sql, (store, name.strip().replace("\0", "")))
    return add_till(connection, clock, store, name) if till_id is None else get_till(connection, till_id)
