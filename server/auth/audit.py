"""The audit log: who did what to which thing, written in the same transaction as the deed, never changed."""

from server.db import Connection

_WRITE = "INSERT INTO audit (at_ms, actor, action, subject, detail) VALUES (?, ?, ?, ?, ?)"
DETAIL_LENGTH_MAX = 2000


def audit(connection: Connection, actor: str, action: str, subject: str, detail: str = "", *, now_ms: int) -> None:
    """Write down a deed. No secret, PIN or card number goes in here."""
    connection.run(_WRITE, (now_ms, actor, action, subject, detail[:DETAIL_LENGTH_MAX]))
