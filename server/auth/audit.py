"""The audit log: who did what to which thing, written in the same transaction as the deed, never changed."""

from collections.abc import Sequence

from msgspec import Struct

from server.db import Connection

_WRITE = "INSERT INTO audit (at_ms, actor, action, subject, detail) VALUES (?, ?, ?, ?, ?)"
DETAIL_LENGTH_MAX = 2000
_LAST = """
SELECT COALESCE(s.display, a.actor), a.at_ms FROM audit a LEFT JOIN staff s ON s.name = a.actor
WHERE a.subject = ? AND a.at_ms >= ? AND a.action IN ({marks}) ORDER BY a.id DESC LIMIT 1
"""


class Deed(Struct, frozen=True, kw_only=True):
    """Who did something, and when."""

    who: str
    at_ms: int


def audit(connection: Connection, actor: str, action: str, subject: str, detail: str = "", *, now_ms: int) -> None:
    """Write down a deed. No secret, PIN or card number goes in here."""
    connection.run(_WRITE, (now_ms, actor, action, subject, detail[:DETAIL_LENGTH_MAX]))


def last_deed(connection: Connection, subject: str, actions: Sequence[str], since_ms: int) -> Deed | None:
    """Return who did one of some things to a subject last, since an instant, or None."""
    sql = _LAST.format(marks=", ".join("?" * len(actions)))
    row = connection.row(sql, (subject, since_ms, *actions))
    return Deed(who=row[0], at_ms=row[1]) if row else None
