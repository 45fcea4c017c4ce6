"""Who head office is: its Ed25519 key, which every till pins at enrolment, and the name of its history, the timeline.

On SQLite the key lies beside the database in `server.key` (mode 0600), so that a copy of the database alone cannot
speak for head office; on PostgreSQL several programs share it, so it stands in `meta`.
"""

import uuid
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct

from schema.device import base64_text, public_bytes, unbase64, write_whole
from schema.errors import Refused
from schema.messages import reply_bytes
from server.db import Connection, Database

KEY_FILE = "server.key"
_READ = "SELECT value FROM meta WHERE name = ?"
_WRITE = "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"


class Identity(Struct, frozen=True, kw_only=True):
    """Head office's key and the timeline of its data."""

    key: Ed25519PrivateKey
    timeline: str

    def public_text(self) -> str:
        """Return the public key as base64, as tills pin it."""
        return base64_text(public_bytes(self.key))

    def signature_text(self, nonce: str, body: bytes) -> str:
        """Sign a reply to a request's nonce; base64."""
        return base64_text(self.key.sign(reply_bytes(nonce, body)))


def read_meta(connection: Connection, name: str) -> str | None:
    """Return one of head office's own values, or None."""
    value = connection.value(_READ, (name,))
    return None if value is None else str(value)


def write_meta(connection: Connection, name: str, value: str) -> None:
    connection.run(_WRITE, (name, value))


def found_identity(database: Database, folder: Path) -> Identity:
    """Make head office's key and first timeline, or return those that are there already."""
    with database.write() as connection:
        connection.lock("counterfoil identity")
        timeline = read_meta(connection, "timeline") or new_timeline(connection)
        raw = _read_key(connection, folder)
        if raw is None:
            raw = Ed25519PrivateKey.generate().private_bytes_raw()
            _write_key(connection, folder, raw)
    return Identity(key=Ed25519PrivateKey.from_private_bytes(raw), timeline=timeline)


def load_identity(database: Database, folder: Path) -> Identity:
    """Return head office's identity. Raises Refused("no_head_office") before `init`, or where the key is missing."""
    with database.read() as connection:
        timeline = read_meta(connection, "timeline")
        raw = _read_key(connection, folder)
    if timeline is None or raw is None:
        missing = "is empty" if timeline is None else f"lacks head office's key ({KEY_FILE})"
        raise Refused(
            "no_head_office",
            f"The data in {folder} {missing}. Run “python -m server init --data {folder}” for a new head office, "
            f"or put {KEY_FILE} back from the backup: tills trust no other key.",
        )
    return Identity(key=Ed25519PrivateKey.from_private_bytes(raw), timeline=timeline)


def new_timeline(connection: Connection) -> str:
    """Begin a new history: at `init`, and after a restore, so that tills know to send again."""
    timeline = str(uuid.uuid4())
    write_meta(connection, "timeline", timeline)
    return timeline


def _read_key(connection: Connection, folder: Path) -> bytes | None:
    if connection.engine == "postgres":
        text = read_meta(connection, "server_key")
        return unbase64(text) if text else None
    path = folder / KEY_FILE
    return path.read_bytes() if path.exists() else None


def _write_key(connection: Connection, folder: Path, raw: bytes) -> None:
    if connection.engine == "postgres":
        write_meta(connection, "server_key", base64_text(raw))
    else:
        write_whole(folder / KEY_FILE, raw)
