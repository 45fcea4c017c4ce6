"""Enrolment: a one-time code becomes this till's keys and identity (protocol §6).

The till makes its own key; only the public half leaves it. Head office's answer is signed with the key it carries: a
person compares both fingerprints with head office's screen, and from then on that key is pinned. A till that was
enrolled before keeps its old identity under `retired/`, so that what its old stream still holds can be sent.
"""

import logging
import os
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from agent.config import RETIRED
from agent.link import HeadOffice
from schema.device import (
    DEVICE,
    Device,
    base64_text,
    fingerprint,
    load_device,
    load_key,
    public_bytes,
    public_key_of,
    save_device,
    unbase64,
)
from schema.errors import CounterfoilError, Unready, Unsure
from schema.messages import EnrolReply, EnrolRequest

ENROL_PATH = "/api/v1/enrol"
NONCE_BYTES = 32
TRIES = 3
PAUSE_S = 0.5
log = logging.getLogger("counterfoil.agent")


class Enrolled(Struct, frozen=True, kw_only=True):
    """What enrolment came to: the identity and both fingerprints, as head office's screen shows them."""

    device: Device
    till_fingerprint: str
    server_fingerprint: str


class Identity(Struct, frozen=True, kw_only=True):
    """A stream that this till has or had, and its key."""

    device: Device
    key: Ed25519PrivateKey


def enrol(folder: Path, *, server_url: str, code: str, software: str, link: HeadOffice) -> Enrolled:
    """Enrol this till and write `device.key` and `device.json`.

    Raises Answer (a wrong or used code), Unready (not reached; nothing happened here), Unsure (unreadable answer).
    """
    key = Ed25519PrivateKey.generate()
    nonce = base64_text(os.urandom(NONCE_BYTES))
    request = EnrolRequest(code=code, public_key=base64_text(public_bytes(key)), nonce=nonce, software=software)
    reply = _decode(_ask(link, msgspec.json.encode(request)))
    device = _device(reply, request, server_url)
    retire(folder)
    save_device(folder, device, key)
    return Enrolled(
        device=device,
        till_fingerprint=fingerprint(unbase64(device.public_key)),
        server_fingerprint=fingerprint(unbase64(device.server_public_key)),
    )


def key_in_reply(body: bytes) -> Ed25519PublicKey:
    """Return the key that an enrolment's answer carries. Raises ValueError where there is none."""
    return public_key_of(unbase64(msgspec.json.decode(body, type=EnrolReply).server_public_key))


def retire(folder: Path) -> None:
    """Keep a copy of the present identity, if there is one that can be read."""
    if not (folder / DEVICE).exists():
        return
    try:
        device, key = load_device(folder), load_key(folder)
    except CounterfoilError as error:
        # Being damaged may be why the till is enrolled again.
        log.warning("the old identity could not be kept: %s", error.message)
        return
    save_device(folder / RETIRED / f"{device.till_id}-{device.epoch}", device, key)


def identities(folder: Path) -> list[Identity]:
    """Return this till's streams, retired ones first and the present one last. Raises Refused where it has none."""
    present = Identity(device=load_device(folder), key=load_key(folder))
    found = [_load(path) for path in sorted((folder / RETIRED).glob("*"))]
    known = (present.device.till_id, present.device.epoch)
    older = [old for old in found if old is not None and (old.device.till_id, old.device.epoch) != known]
    return [*sorted(older, key=lambda old: (old.device.till_id, old.device.epoch)), present]


def _ask(link: HeadOffice, request: bytes) -> bytes:
    """Ask again with the very same key and nonce where an answer was lost: head office knows them by then."""
    retrying = Retrying(
        retry=retry_if_exception_type(Unready), stop=stop_after_attempt(TRIES), wait=wait_fixed(PAUSE_S), reraise=True
    )
    return retrying(link.post, ENROL_PATH, request).body


def _load(path: Path) -> Identity | None:
    try:
        return Identity(device=load_device(path), key=load_key(path))
    except CounterfoilError as error:
        log.warning("%s", error.message)
        return None


def _decode(body: bytes) -> EnrolReply:
    try:
        return msgspec.json.decode(body, type=EnrolReply)
    except msgspec.DecodeError as error:
        raise Unsure(
            "bad_reply",
            f"Head office's answer cannot be read ({error}). The code may be used up: ask for a new one and try again.",
        ) from error


def _device(reply: EnrolReply, request: EnrolRequest, server_url: str) -> Device:
    return Device(
        till_id=reply.till_id,
        epoch=reply.epoch,
        store=reply.store,
        store_name=reply.store_name,
        till_number=reply.till_number,
        till_name=reply.till_name,
        currency=reply.currency,
        server_url=server_url.rstrip("/"),
        server_public_key=reply.server_public_key,
        public_key=request.public_key,
        nonce=request.nonce,
        timeline=reply.timeline,
    )
