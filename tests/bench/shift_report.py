"""Reports: a shift of 2,000 sales folded into its X report, and closed into its Z report, with the paper set in lines.

The raw limit is reading the same rows from the journal without looking into them.
"""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from bench.report import Figure, median
from hardware.printer.layout import lay_out
from hardware.printer.profiles import profile_named
from rig.device import enrolled
from rig.sales import sale
from schema.catalogue import StoreSettings
from schema.clock import SystemClock
from schema.device import Device
from schema.events import ShiftOpened
from till.journal.journal import Entry, Journal, Position, open_journal
from till.journal.reserve import Reserve
from till.journal.tables import SHIFT_EVENTS
from till.paper.letterhead import letterhead_of
from till.shifts.reports import Report, Shift, head_of, report_document, report_of, sections
from till.shifts.shift import closed, figures_of, open_shift
from till.words import Words

SALES = 2000
TARGET_MS = 300
TIMES = 7
PRINTED_AT = datetime(2026, 11, 22, 18, 0)


def measure(folder: Path) -> list[Figure]:
    device, key = enrolled(folder)
    journal = open_journal(folder, device, key, SystemClock(), Reserve(folder))
    _sell(journal, device)
    shift = open_shift(journal.position)
    listed = Shift(shift=shift, z_number=0)
    reading_ms = _median_ms(
        lambda: journal.rows(SHIFT_EVENTS, (device.till_id, shift.opened_epoch, shift.opened_seq, SALES))
    )
    x_ms = _median_ms(lambda: _put_on_paper(report_of(journal, device.till_id, listed, "Alex", PRINTED_AT), device))
    z_ms = _timed_ms(lambda: _close(journal, device))
    journal.close()
    return [_figure("X", x_ms, reading_ms), _figure("Z", z_ms, reading_ms)]


def _figure(name: str, took_ms: float, reading_ms: float) -> Figure:
    what = "fold, sections, paper" + (", commit" if name == "Z" else f": median of {TIMES}")
    return Figure(
        what=f"{name} report of a shift with {SALES:,} sales ({what})",
        measured=f"{took_ms:.0f} ms",
        target=f"≤ {TARGET_MS} ms",
        raw=f"{reading_ms:.1f} ms to read the rows",
        ratio=f"{took_ms / reading_ms:.1f}",
        met=took_ms <= TARGET_MS,
    )


def _sell(journal: Journal, device: Device) -> None:
    opened = ShiftOpened(
        shift_id="shift",
        number=1,
        cashier="1",
        currency="EUR",
        float_minor=10000,
        expected_minor=0,
        difference_minor=10000,
    )
    journal.append(opened)
    for number in range(1, SALES + 1):
        journal.append(sale(number, shift_id="shift", label=device.label()))


def _close(journal: Journal, device: Device) -> None:
    def make(position: Position) -> Entry:
        shift = open_shift(position)
        found, _ = figures_of(journal, device.till_id, shift)
        body = closed(shift, found, position, "1", found.expected_minor)
        _put_on_paper(Report(figures=found, event=body, head=head_of(shift, 1, "Alex", PRINTED_AT)), device)
        return Entry(body=body)

    journal.record(make)


def _put_on_paper(report: Report, device: Device) -> None:
    letterhead = letterhead_of(StoreSettings(store="0007", name="Bench"), device, Words(), SystemClock())
    assert sections(report, letterhead.words)[0].rows[0].amount_minor
    lay_out(report_document(report, letterhead), profile_named("generic-80"))


def _median_ms(work: Callable[[], object]) -> float:
    return median([_timed_ms(work) for _ in range(TIMES)])


def _timed_ms(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000
