"""Check a journal from outside, read-only, also while the till runs: `python -m till verify`.

Every stream in the file is walked from its genesis: gapless numbers, links, hashes, signatures. The projections must
not know of more than the chain holds: a cut-off tail would otherwise look like a shorter, valid journal.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
from msgspec import Struct

from schema.chain import Flaw, Sealed, first_flaw
from schema.device import DEVICE, JOURNAL, load_device, public_key_of
from schema.errors import Refused
from schema.journal_file import READ_AFTER, sealed_row
from schema.sqlite import open_reader

BATCH_ROWS = 500
_COUNT = "SELECT count(*) FROM event"
_STREAMS = "SELECT till_id, epoch, public_key, genesis FROM stream ORDER BY till_id, epoch"
_LAST_KNOWN = (
    "SELECT max(coalesce((SELECT max(seq) FROM receipt WHERE till_id = ?1 AND epoch = ?2), 0), "
    "coalesce((SELECT max(opened_seq) FROM shift WHERE till_id = ?1 AND epoch = ?2), 0))"
)


class StreamReport(Struct, frozen=True, kw_only=True):
    """One stream's result: how many rows hold from its beginning, and the first that does not."""

    till_id: str
    epoch: int
    rows: int
    flaw: Flaw | None


class Report(Struct, frozen=True, kw_only=True):
    """A whole journal's result."""

    folder: str
    streams: tuple[StreamReport, ...]

    @property
    def holds(self) -> bool:
        return all(stream.flaw is None for stream in self.streams)

    @property
    def first_flaw(self) -> Flaw | None:
        return next((stream.flaw for stream in self.streams if stream.flaw), None)


class _UnreadableError(Exception):
    """A row whose bytes are no row any more."""

    def __init__(self, seq: int, reason: object) -> None:
        super().__init__(str(reason))
        self.seq = seq


def check_folder(folder: Path, progress: Callable[[int, int], None] = lambda _done, _all: None) -> Report:
    """Check the journal in a till's folder. `progress` gets rows done and rows in all.

    Raises Refused("no_journal") where there is none, Refused("journal_broken") where it is no database at all.
    """
    if not (folder / JOURNAL).exists():
        raise Refused("no_journal", f"There is no {JOURNAL} in {folder}. Give the till's folder with --data.")
    try:
        connection = open_reader(folder / JOURNAL)
        streams = list(connection.execute(_STREAMS))
        total = next(iter(connection.execute(_COUNT)))[0]
    except apsw.Error as error:
        raise Refused("journal_broken", f"{folder / JOURNAL} cannot be read as a journal: {error}") from error
    genesis = _enrolled_genesis(folder)
    try:
        reports = [_check_stream(connection, stream, genesis, lambda done: progress(done, total)) for stream in streams]
    finally:
        connection.close()
    return Report(folder=str(folder), streams=tuple(reports))


def _enrolled_genesis(folder: Path) -> dict[tuple[str, int], bytes]:
    """The present stream's genesis follows from the enrolment, not from what the journal says of itself."""
    if not (folder / DEVICE).exists():
        return {}
    device = load_device(folder)
    return {(device.till_id, device.epoch): device.genesis()}


def _check_stream(
    connection: apsw.Connection,
    stream: tuple[Any, ...],
    enrolled: dict[tuple[str, int], bytes],
    progress: Callable[[int], None],
) -> StreamReport:
    till_id, epoch, public_key, genesis = stream
    rows, flaw = 0, None
    if enrolled.get((till_id, epoch), genesis) != genesis:
        flaw = Flaw(seq=1, what="does not follow from this till's enrolment: the stream's genesis was changed")
    prev = genesis
    try:
        while flaw is None and (batch := list(_batch(connection, till_id, epoch, rows))):
            flaw = first_flaw(batch, after_seq=rows, after_hash=prev, key=public_key_of(public_key))
            if flaw is None:
                rows, prev = batch[-1].event.seq, batch[-1].hash
                progress(rows)
        flaw = flaw or _cut_off(connection, till_id, epoch, rows)
    except _UnreadableError as error:
        flaw = Flaw(seq=error.seq, what=f"cannot be read: {error}")
    except ValueError as error:
        flaw = Flaw(seq=rows + 1, what=f"cannot be checked: {error}")
    held = flaw.seq - 1 if flaw else rows
    return StreamReport(till_id=till_id, epoch=epoch, rows=held, flaw=flaw)


def _batch(connection: apsw.Connection, till_id: str, epoch: int, after: int) -> Iterator[Sealed]:
    seq = after
    try:
        for values in connection.execute(READ_AFTER, (till_id, epoch, after, BATCH_ROWS)):
            seq = values[2] - 1
            yield sealed_row(values)
            seq = values[2]
    except (apsw.Error, ValueError) as error:
        raise _UnreadableError(seq + 1, error) from error


def _cut_off(connection: apsw.Connection, till_id: str, epoch: int, rows: int) -> Flaw | None:
    try:
        known = next(iter(connection.execute(_LAST_KNOWN, (till_id, epoch))))[0]
    except apsw.Error as error:
        raise _UnreadableError(rows + 1, error) from error
    if known > rows:
        return Flaw(seq=rows + 1, what=f"is missing: the till's own tables know of events up to {known}")
    return None
