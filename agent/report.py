"""How the sync stands, read from the files alone: for `status`, and for the till by way of the loopback endpoint."""

from pathlib import Path
from typing import Any

import apsw
from msgspec import Struct

from agent.journal import JournalReader, Waiting
from schema.device import JOURNAL, MIRROR, load_device
from schema.errors import CounterfoilError
from schema.mirror_file import (
    ACKED,
    CLOCK_SKEW_MS,
    FEED_CURSOR,
    LAST_CONTACT_MS,
    LAST_FETCH_MS,
    STATE,
    STATE_TEXT,
    SYNC_VALUES,
)
from schema.sqlite import open_reader


class Status(Struct, frozen=True, kw_only=True):
    """The sync of one till. Instants in milliseconds of this machine's clock; None: never, or not known."""

    till_id: str
    epoch: int
    store: str
    store_name: str
    till_name: str
    server_url: str
    state: str
    state_text: str
    last_contact_ms: int | None
    last_fetch_ms: int | None
    clock_skew_ms: int | None
    feed_cursor: int
    articles: int
    acked_seq: int
    waiting: int
    oldest_waiting_ms: int | None


def read_status(folder: Path) -> Status:
    """Read how the sync stands. Raises Refused("not_enrolled"), Unready where a file cannot be read."""
    device = load_device(folder)
    values, acked_seq, articles = _mirror_facts(folder / MIRROR, device.till_id, device.epoch)
    waiting = _waiting(folder / JOURNAL, device.till_id, device.epoch, acked_seq)
    return Status(
        till_id=device.till_id,
        epoch=device.epoch,
        store=device.store,
        store_name=device.store_name,
        till_name=device.till_name,
        server_url=device.server_url,
        state=values.get(STATE, "offline"),
        state_text=values.get(STATE_TEXT, "The agent has not run yet."),
        last_contact_ms=_number(values, LAST_CONTACT_MS),
        last_fetch_ms=_number(values, LAST_FETCH_MS),
        clock_skew_ms=_number(values, CLOCK_SKEW_MS),
        feed_cursor=_number(values, FEED_CURSOR) or 0,
        articles=articles,
        acked_seq=acked_seq,
        waiting=waiting.count,
        oldest_waiting_ms=waiting.oldest_ms,
    )


def status_lines(status: Status) -> list[tuple[str, str]]:
    """Return what a person wants to know, as label and text."""
    return [
        ("Till", f"{status.till_name} in {status.store} {status.store_name} (epoch {status.epoch})"),
        ("Head office", status.server_url),
        ("State", f"{status.state}. {status.state_text}".strip()),
        ("Waiting", f"{status.waiting} events; {status.acked_seq} are at head office"),
        ("Articles", f"{status.articles} (feed cursor {status.feed_cursor})"),
        ("Clock", "not compared yet" if status.clock_skew_ms is None else _clock_text(status.clock_skew_ms)),
    ]


def _clock_text(skew_ms: int) -> str:
    if abs(skew_ms) < 1000:
        return "right"
    return f"{abs(skew_ms) // 1000} s {'behind' if skew_ms > 0 else 'ahead of'} head office"


def _mirror_facts(path: Path, till_id: str, epoch: int) -> tuple[dict[str, str], int, int]:
    try:
        connection = open_reader(path)
    except apsw.Error:
        return {}, 0, 0
    try:
        values: list[Any] = connection.execute(SYNC_VALUES).fetchall()
        acked: list[Any] = connection.execute(ACKED, (till_id, epoch)).fetchall()
        articles: list[Any] = connection.execute("SELECT count(*) FROM article").fetchall()
        return dict(values), acked[0][0] if acked else 0, articles[0][0]
    except apsw.Error:
        return {}, 0, 0
    finally:
        connection.close()


def _waiting(path: Path, till_id: str, epoch: int, acked_seq: int) -> Waiting:
    reader = JournalReader(path)
    try:
        return reader.waiting(till_id, epoch, acked_seq)
    except CounterfoilError:
        return Waiting(count=0, oldest_ms=None)
    finally:
        reader.close()


def _number(values: dict[str, str], name: str) -> int | None:
    return int(values[name]) if name in values else None
