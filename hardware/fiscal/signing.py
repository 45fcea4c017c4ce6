"""What a software unit signs, and how: ECDSA over P-384 with SHA-384, the signature as r and s in one (BSI TR-03111).

The message is our own: every field with its length before it, so that no two transactions share one. A certified unit
signs the log message of BSI TR-03153 instead, and nobody but it can tell that it is right.
"""

import base64
import hashlib
import os
from pathlib import Path
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from msgspec import Struct

from schema.errors import Refused

# The name that the QR code of a receipt uses (DSFinV-K annex I).
ALGORITHM = "ecdsa-plain-SHA384"
_SIGNED = b"counterfoil fiscal 1"
_NUMBER_BYTES = 48  # of r and of s on P-384


class Signed(Struct, frozen=True, kw_only=True):
    """One thing that a unit signs: that a transaction began, or what it ended with."""

    operation: Literal["start", "finish"]
    unit_serial: str
    client_id: str
    transaction: int
    signature_counter: int
    at_ms: int
    process_type: str = ""
    process_data: str = ""

    def message(self) -> bytes:
        """Return the bytes that are signed."""
        fields = [str(getattr(self, name)).encode() for name in self.__struct_fields__]
        return b"".join(len(field).to_bytes(4, "big") + field for field in (_SIGNED, *fields))


class Signer:
    """A unit's key: its serial number is the hash of its public half, as a certified unit's is."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.public_key = base64.b64encode(point).decode()
        self.serial = hashlib.sha256(point).hexdigest()

    def sign(self, signed: Signed) -> str:
        """Return a signature in base64."""
        r, s = decode_dss_signature(self._key.sign(signed.message(), ec.ECDSA(hashes.SHA384())))
        return base64.b64encode(r.to_bytes(_NUMBER_BYTES, "big") + s.to_bytes(_NUMBER_BYTES, "big")).decode()


def verify(signed: Signed, signature: str, public_key: str) -> bool:
    """Tell whether a signature is of this message and this key (both in base64)."""
    plain = base64.b64decode(signature)
    r, s = int.from_bytes(plain[:_NUMBER_BYTES], "big"), int.from_bytes(plain[_NUMBER_BYTES:], "big")
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP384R1(), base64.b64decode(public_key))
    try:
        key.verify(encode_dss_signature(r, s), signed.message(), ec.ECDSA(hashes.SHA384()))
    except InvalidSignature:
        return False
    return True


def make_key(file: Path) -> Signer:
    """Make a key and write it whole to a file that only its owner can read; a kill leaves all of it or none."""
    key = ec.generate_private_key(ec.SECP384R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    part = file.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(pem)
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)
    return Signer(key)


def load_key(file: Path) -> Signer:
    """Read a unit's key. Raises Refused("fiscal_key") for anything that is none, OSError where there is no file."""
    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except ValueError:
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP384R1):
        raise Refused("fiscal_key", f"{file} holds no key of a fiscal unit. Put it back from a backup.")
    return Signer(key)
