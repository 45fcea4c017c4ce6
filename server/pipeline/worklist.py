"""The worklist: what only a person can decide, once per kind, subject and source.

A row is raised again when its figures change, and closes by itself when its cause is gone; a row that a person closed
stays closed as long as nothing changes.
"""

from collections.abc import Sequence

from msgspec import Struct

from schema.errors import Sentence
from server.db import Connection
from server.kept import to_keep

_RAISE = """
INSERT INTO worklist (kind, subject, detail, worded, amount_minor, source_event, created_ms)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (kind, subject, source_event) DO UPDATE
SET detail = excluded.detail, worded = excluded.worded, amount_minor = excluded.amount_minor, done_ms = NULL
WHERE worklist.amount_minor <> excluded.amount_minor OR worklist.detail <> excluded.detail
"""
_CLOSE = """
UPDATE worklist SET done_ms = ? WHERE kind = ? AND subject = ? AND source_event = ? AND done_ms IS NULL
"""


class Matter(Struct, frozen=True, kw_only=True):
    """Something to decide: what it is, about whom, the amount in doubt, and the event or order it comes from.

    `detail` tells what happened and what to do; its text is marked with `kept`.
    """

    kind: str
    subject: str
    detail: Sentence
    amount_minor: int
    source: str


def raise_matters(connection: Connection, matters: Sequence[Matter], now_ms: int) -> None:
    """Put matters on the worklist, or bring their figures up to date."""
    rows = [
        (one.kind, one.subject, str(one.detail), to_keep(one.detail), one.amount_minor, one.source, now_ms)
        for one in matters
    ]
    if rows:
        connection.many(_RAISE, rows)


def close_matters(connection: Connection, keys: Sequence[tuple[str, str, str]], now_ms: int) -> None:
    """Close matters (kind, subject, source) whose cause is gone."""
    if keys:
        connection.many(_CLOSE, [(now_ms, *key) for key in keys])


def close_by_hand(connection: Connection, matter: int, now_ms: int) -> bool:
    """Close one row by its id, as a person decided; tell whether it was open."""
    return connection.run("UPDATE worklist SET done_ms = ? WHERE id = ? AND done_ms IS NULL", (now_ms, matter)) > 0
