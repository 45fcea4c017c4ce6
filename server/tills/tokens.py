"""Who asks: a device proves itself with a short-lived EdDSA token signed by its stream's key (schema.messages).

What a device may see follows from its key alone. A Raspberry Pi has no clock battery, so a token whose times do not
fit is answered with `bad_clock` and head office's time: the agent corrects itself and asks again.
"""

from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt.types import Options
from msgspec import Struct

from schema.device import public_key_of
from schema.errors import Refused
from schema.messages import TOKEN_AUDIENCE, TOKEN_LIFE_S
from server.db import Connection

LEEWAY_S = 30
TOKEN_LENGTH_MAX = 2000
_KNOWN = (
    "SELECT till.store, till.epoch, till.revoked_ms, stream.public_key FROM stream "
    "JOIN till ON till.id = stream.till_id WHERE stream.till_id = ? AND stream.epoch = ?"
)
# Times are checked by us, to tell a wrong clock from a wrong key.
_OPTIONS: Options = {
    "require": ["sub", "iat", "exp", "aud"],
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}


class Device(Struct, frozen=True, kw_only=True):
    """A till as its token proves it; `epoch` is the token's, `current_epoch` the till's."""

    till_id: str
    epoch: int
    current_epoch: int
    store: str
    revoked: bool

    @property
    def is_current(self) -> bool:
        return self.epoch == self.current_epoch


class BadClock(Refused):
    """The token's times do not fit head office's clock; `server_ms` is the right time."""

    def __init__(self, server_ms: int) -> None:
        super().__init__("bad_clock", "This till's clock is wrong. Head office's time comes with this answer.")
        self.server_ms = server_ms


def authenticate(connection: Connection, authorization: str, now_ms: int) -> Device:
    """Return who signed a request's token.

    Raises Refused("bad_token") for none, a foreign or a forged one, BadClock where only its times are wrong.
    """
    token = _bearer(authorization)
    till_id, epoch = _claimed(token)
    row = connection.row(_KNOWN, (till_id, epoch))
    if row is None:
        raise _bad_token()
    store, current_epoch, revoked_ms, public_key = row
    claims = _verified(token, public_key_of(public_key))
    _check_times(claims, now_ms)
    return Device(
        till_id=till_id, epoch=epoch, current_epoch=current_epoch, store=store, revoked=revoked_ms is not None
    )


def refuse_revoked(device: Device) -> None:
    """Raise Refused("revoked") for a till that was withdrawn, Refused("stale_epoch") for an older key of a till."""
    if device.revoked:
        raise Refused("revoked", "This till's access was withdrawn at head office. Ask there.")
    if not device.is_current:
        raise Refused("stale_epoch", "This till was enrolled again since, with a new key. This one is over.")


def _bearer(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token or len(token) > TOKEN_LENGTH_MAX:
        raise _bad_token()
    return token


def _claimed(token: str) -> tuple[str, int]:
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise _bad_token() from None
    till_id, epoch = claims.get("sub"), claims.get("epoch")
    if not isinstance(till_id, str) or "\0" in till_id or type(epoch) is not int or not 0 < epoch < 2**31:
        raise _bad_token()
    return till_id, epoch


def _verified(token: str, key: Ed25519PublicKey) -> dict[str, Any]:
    try:
        return jwt.decode(
            token,
            key,
            algorithms=["EdDSA"],
            audience=TOKEN_AUDIENCE,
            options=_OPTIONS,
        )
    except jwt.PyJWTError:
        raise _bad_token() from None


def _check_times(claims: dict[str, Any], now_ms: int) -> None:
    issued, expires = claims["iat"], claims["exp"]
    if not all(isinstance(value, int) for value in (issued, expires)) or expires - issued > TOKEN_LIFE_S:
        raise _bad_token()
    now_s = now_ms // 1000
    if issued > now_s + LEEWAY_S or expires < now_s - LEEWAY_S:
        raise BadClock(now_ms)


def _bad_token() -> Refused:
    return Refused("bad_token", "Head office does not know this till's key. Enrol the till again.")
