"""Draining a till that was offline: 10,000 sales from its journal into SQLite head office, then into the ledger."""

import time
from pathlib import Path

import apsw

from bench.report import Figure
from rig.head_office import HeadOffice
from rig.journal import fill_journal
from rig.programs import call
from schema.device import JOURNAL
from schema.journal_file import APPEND, LAYOUT
from schema.sqlite import WRITER_PRAGMAS

SALES = 10_000
BATCH = 500
ACCEPTED_MIN = 3000
APPLIED_MIN = 300


def measure(folder: Path) -> list[Figure]:
    office = HeadOffice(folder / "office")
    till = folder / "till"
    program = office.start("api")
    try:
        office.enrol(till)
        idle = _seconds_to_sync(till)
        events = fill_journal(till, SALES)
        accepted = events / (_seconds_to_sync(till) - idle)
    finally:
        program.stop()
    raw_stored = events / _raw_seconds(till, folder / "raw.db")
    started = time.perf_counter()
    office.call("sync", "kick")
    applied = SALES / (time.perf_counter() - started)
    return [
        Figure(
            what=f"draining {SALES:,} sales from one till, accepted by head office",
            measured=f"{accepted:,.0f} events/s",
            target=f"≥ {ACCEPTED_MIN:,} events/s",
            raw=f"{raw_stored:,.0f} events/s (the same rows stored by apsw, {BATCH} a commit)",
            ratio=f"{accepted / raw_stored:.2f}",
            met=accepted >= ACCEPTED_MIN,
        ),
        Figure(
            what=f"{SALES:,} sales applied to the ledger by one worker (order, receipt, jobs, entries)",
            measured=f"{applied:,.0f} sales/s",
            target=f"≥ {APPLIED_MIN} sales/s",
            raw=f"{raw_stored:,.0f} rows/s stored",
            ratio=f"{applied / raw_stored:.3f}",
            met=applied >= APPLIED_MIN,
        ),
    ]


def _seconds_to_sync(till: Path) -> float:
    started = time.perf_counter()
    call("agent", "sync-once", "--data", str(till))
    return time.perf_counter() - started


def _raw_seconds(till: Path, path: Path) -> float:
    """Store the same rows without our code, as head office would: durable, in batches."""
    source = apsw.Connection(str(till / JOURNAL))
    rows = list(source.execute("SELECT * FROM event"))
    source.close()
    raw = apsw.Connection(str(path))
    for name, value in WRITER_PRAGMAS.items():
        raw.pragma(name, value)
    raw.pragma("foreign_keys", False)
    raw.execute(LAYOUT)
    started = time.perf_counter()
    for first in range(0, len(rows), BATCH):
        with raw:
            raw.executemany(APPEND, rows[first : first + BATCH])
    seconds = time.perf_counter() - started
    raw.close()
    return seconds
