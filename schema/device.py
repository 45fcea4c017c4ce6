"""A till's identity on its own disk: `device.json` (who it is) and `device.key` (its Ed25519 key, mode 0600).

Enrolment writes both; the till and the agent read them. Together they share a data folder and nothing else
(protocol §7); this module and its neighbours `journal_file` and `mirror_file` name what lies in it.
"""

import base64
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from msgspec import Struct
from nacl.signing import SigningKey

from schema.chain import genesis_hash
from schema.errors import Refused
from schema.receipt_numbers import till_label

JOURNAL = "journal.db"
MIRROR = "mirror.db"
DEVICE = "device.json"
KEY = "device.key"
# Where the agent listens on loopback and the token to ask it with; mode 0600.
AGENT = "agent.json"


class Device(Struct, frozen=True, kw_only=True):
    """What enrolment settled. Keys and the nonce are base64 of the raw bytes."""

    till_id: str
    epoch: int
    store: str
    store_name: str
    till_number: int
    till_name: str
    currency: str
    server_url: str
    server_public_key: str
    public_key: str
    nonce: str
    timeline: str

    def label(self) -> str:
        """Return the first part of this device's receipt numbers."""
        return till_label(self.store, self.till_number, self.epoch)

    def genesis(self) -> bytes:
        """Return the hash that this stream's first event links to."""
        return genesis_hash(self.till_id, self.epoch, unbase64(self.public_key), unbase64(self.nonce))


class AgentAddress(Struct, frozen=True, kw_only=True):
    """The agent's loopback endpoint, as it writes it to `agent.json` when it starts."""

    port: int
    token: str


def base64_text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def unbase64(text: str) -> bytes:
    """Read base64. Raises ValueError for anything else."""
    return base64.b64decode(text, validate=True)


def public_key_of(raw: bytes) -> Ed25519PublicKey:
    """Read a raw 32-byte public key. Raises ValueError for anything else."""
    return Ed25519PublicKey.from_public_bytes(raw)


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def signer(key: Ed25519PrivateKey) -> Callable[[bytes], bytes]:
    """Return what signs with this key at libsodium's speed: the till signs every event while a customer waits (ADR 13).

    Ed25519 is deterministic (RFC 8032), so both libraries give the same 64 bytes.
    """
    signing_key = SigningKey(key.private_bytes_raw())
    return lambda message: signing_key.sign(message).signature


def fingerprint(public_key: bytes) -> str:
    """Return what both screens show at enrolment: the key's first eight bytes in groups a person can compare."""
    digest = public_key[:8].hex().upper()
    return " ".join(digest[index : index + 4] for index in range(0, 16, 4))


def load_device(folder: Path) -> Device:
    """Read `device.json`. Raises Refused("not_enrolled") where there is none, Refused("bad_device") if unreadable."""
    path = folder / DEVICE
    if not path.exists():
        raise Refused(
            "not_enrolled",
            f"This till is not enrolled yet: {folder} has no {DEVICE}. Ask head office for a code and run "
            f"“python -m agent enrol --data {folder} --server URL --code CODE”.",
        )
    try:
        return msgspec.json.decode(path.read_bytes(), type=Device)
    except msgspec.DecodeError as error:
        raise Refused("bad_device", f"{path} cannot be read ({error}). Enrol this till again.") from error


def load_key(folder: Path) -> Ed25519PrivateKey:
    """Read `device.key`. Raises Refused("bad_device") where it is missing or damaged."""
    path = folder / KEY
    try:
        return Ed25519PrivateKey.from_private_bytes(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Refused("bad_device", f"{path} cannot be read ({error}). Enrol this till again.") from error


def save_device(folder: Path, device: Device, key: Ed25519PrivateKey) -> None:
    """Write the key first and the identity last, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    raw = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    write_whole(folder / KEY, raw)
    write_whole(folder / DEVICE, msgspec.json.format(msgspec.json.encode(device)))


def write_whole(path: Path, data: bytes) -> None:
    """Write a private file (0600) so that a power cut leaves the old content or the new, never half."""
    temporary = path.with_name(path.name + ".new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):  # Windows cannot open a folder; its rename is durable on its own
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
