"""Journal append: seal, hash, sign, one durable commit, against a raw apsw commit of the same rows.

A sale is two rows in one commit, the event and its receipt number; both are written raw as well.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw

from bench.report import Figure, median, percentile
from rig.device import enrolled
from rig.sales import sale
from schema.clock import SystemClock
from schema.device import Device, unbase64
from schema.events import ShiftOpened
from schema.journal_file import APPEND, LAYOUT, READ_AFTER
from schema.sqlite import WRITER_PRAGMAS
from till.journal import tables
from till.journal.journal import Journal, open_journal
from till.journal.reserve import Reserve

SALES = 2000
RATIO_MAX = 1.5


def measure(folder: Path) -> list[Figure]:
    device, key = enrolled(folder)
    journal = open_journal(folder, device, key, SystemClock(), Reserve(folder))
    _open_shift(journal)
    raw_file = _raw_file(folder, device)
    ours: list[float] = []
    raw: list[float] = []
    waiting: tuple[Any, ...] | None = None
    for number in range(1, SALES + 1):
        # Who goes first changes every turn: the second of two commits finds the disk and the caches warmer.
        if waiting:
            raw.append(_seconds(lambda row=waiting, number=number - 1: _commit(raw_file, row, number)))
            waiting = None
        body = sale(number, shift_id="shift", label=device.label())
        ours.append(_seconds(lambda body=body: journal.append(body)))
        row = journal.rows(READ_AFTER, (device.till_id, device.epoch, journal.position.seq - 1, 1))[0]
        if number % 2:
            raw.append(_seconds(lambda row=row, number=number: _commit(raw_file, row, number)))
        else:
            waiting = row
    journal.close()
    raw_file.close()
    ratio = median(ours) / median(raw)
    return [
        Figure(
            what=f"journal append (sign, hash, fsync), {SALES} sales: p50",
            measured=f"{median(ours) * 1000:.3f} ms (p99 {percentile(ours, 0.99) * 1000:.2f} ms)",
            target=f"≤ {RATIO_MAX} × a raw apsw commit of the same bytes",
            raw=f"{median(raw) * 1000:.3f} ms (p99 {percentile(raw, 0.99) * 1000:.2f} ms)",
            ratio=f"{ratio:.2f}",
            met=ratio <= RATIO_MAX,
        )
    ]


def _seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _open_shift(journal: Journal) -> None:
    journal.append(
        ShiftOpened(
            shift_id="shift",
            number=1,
            cashier="1",
            currency="EUR",
            float_minor=10000,
            expected_minor=10000,
            difference_minor=0,
        )
    )


def _raw_file(folder: Path, device: Device) -> apsw.Connection:
    """Make a file with the same tables, constraints and settings, and nothing of ours in front of it."""
    connection = apsw.Connection(str(folder / "raw.db"))
    for name, value in WRITER_PRAGMAS.items():
        connection.pragma(name, value)
    connection.execute(LAYOUT)
    connection.execute(tables.LAYOUT)
    stream = (device.till_id, device.epoch, unbase64(device.public_key), device.genesis())
    connection.execute("INSERT INTO stream VALUES (?, ?, ?, ?)", stream)
    return connection


def _commit(connection: apsw.Connection, row: tuple[Any, ...], number: int) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(APPEND, row)
    connection.execute(tables.ADD_RECEIPT, (row[0], row[1], number, f"0001-1-{number:06d}", row[2]))
    connection.execute("COMMIT")
