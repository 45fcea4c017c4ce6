"""The connection in words: "Online · all sent", "Offline · 14 waiting since 09:12". From facts on the disk alone.

The agent writes what it knows into the mirror; where it has been silent for a while it is not running, whatever it
said last.
"""

from typing import Literal

from msgspec import Struct

from schema.clock import Clock
from schema.device import Device
from schema.journal_file import READ_WAITING
from till.journal.journal import Journal
from till.mirror import Mirror, SyncFacts
from till.moment import clock_time
from till.words import Words

Kind = Literal["online", "offline", "trouble"]
# The agent writes at least once a minute, even when nothing happens.
SILENT_MS_MAX = 3 * 60 * 1000
_TROUBLE = {
    "portal": "Internet login needed",
    "refused": "Head office refuses this till",
    "frozen": "Head office has stopped this till's data",
    "revoked": "This till is revoked",
    "rolled_back": "This till was restored from an old copy",
}


class Connection(Struct, frozen=True, kw_only=True):
    """What waits for head office and whether it can be reached."""

    kind: Kind
    waiting: int
    oldest_ms: int
    last_contact_ms: int
    last_fetch_ms: int
    reason: str = ""
    state: str = ""


def read_connection(journal: Journal, mirror: Mirror, device: Device, clock: Clock) -> Connection:
    """Read how many events wait since when, and how the agent fares."""
    facts = mirror.sync_facts(device.till_id, device.epoch)
    waiting, oldest_ms = journal.rows(READ_WAITING, (device.till_id, device.epoch, facts.acked_seq))[0]
    return Connection(
        kind=_kind(facts, clock.now_ms()),
        waiting=max(waiting, 0),
        oldest_ms=oldest_ms or 0,
        last_contact_ms=facts.last_contact_ms,
        last_fetch_ms=facts.last_fetch_ms,
        reason=facts.text,
        state=facts.state,
    )


def _kind(facts: SyncFacts, now_ms: int) -> Kind:
    if facts.state in _TROUBLE:
        return "trouble"
    silent = abs(now_ms - facts.last_contact_ms) > SILENT_MS_MAX
    return "online" if facts.state == "online" and not silent else "offline"


def in_words(connection: Connection, words: Words, clock: Clock) -> str:
    """Say it: the state, then what waits and since when."""
    return f"{_state_text(connection, words)} · {waiting_text(connection, words, clock)}"


def waiting_text(connection: Connection, words: Words, clock: Clock) -> str:
    if not connection.waiting:
        return words("all sent")
    if connection.kind == "online":
        return words("{count} waiting", count=connection.waiting)
    since = clock_time(connection.oldest_ms, clock, words.language)
    return words("{count} waiting since {time}", count=connection.waiting, time=since)


def _state_text(connection: Connection, words: Words) -> str:
    if connection.kind == "trouble":
        return words(_TROUBLE[connection.state])
    return words("Online") if connection.kind == "online" else words("Offline")
