"""A journal of years: start, scan and pay with 1,000,000 events behind them, against an empty journal.

The till is its own process, driven through the script port; a figure is the time until its answer is here.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from msgspec import Struct

from bench.report import Figure, median
from rig.articles import articles, barcode
from rig.device import PIN, enrolled, fill_mirror, note_upload
from rig.long_journal import fill_long_journal
from rig.programs import ROOT

EVENTS = 1_000_000
ARTICLES = 115_000
SALES = 150
STARTS = 5
RATIO_MAX = 1.2


class Timed(Struct, frozen=True, kw_only=True):
    """Median seconds of one till."""

    start: float
    scan: float
    pay: float


def measure(folder: Path) -> list[Figure]:
    short, long = folder / "short", folder / "long"
    for till in (short, long):
        enrolled(till)
        fill_mirror(till, articles(ARTICLES))
    fill_long_journal(long, EVENTS)
    note_upload(long)  # a journal this long was forwarded long ago
    _sell(short, 5)
    _sell(long, 5)
    runs = [(_timed(short), _timed(long)) for _ in range(STARTS)]
    return [_figure(name, [getattr(a, name) for a, _ in runs], [getattr(b, name) for _, b in runs]) for name in WHAT]


WHAT = {"start": "till process start → first answer", "scan": "scan → answered", "pay": "pay in cash → answered"}


def _figure(name: str, short: list[float], long: list[float]) -> Figure:
    ratio = median(long) / median(short)
    return Figure(
        what=f"{WHAT[name]}, {EVENTS:,} events in the journal",
        measured=f"{median(long) * 1000:.1f} ms",
        target=f"≤ {RATIO_MAX} × with an empty journal",
        raw=f"{median(short) * 1000:.1f} ms with an empty journal",
        ratio=f"{ratio:.2f}",
        met=ratio <= RATIO_MAX,
    )


def _timed(till: Path) -> Timed:
    return _sell(till, SALES)


def _sell(folder: Path, sales: int) -> Timed:
    started = time.perf_counter()
    program = subprocess.Popen(
        [sys.executable, "-m", "till", "play", "-", "--data", str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        _ask(program, do="sign_in", cashier="1", pin=PIN)
        start = time.perf_counter() - started
        _ask(program, do="open_shift", float=10000)
        scans, pays = [], []
        for number in range(sales):
            scans.append(_seconds(program, do="scan", code=barcode(1 + number * 113 % ARTICLES)))
            pays.append(_seconds(program, do="pay", tender="cash"))
        _ask(program, do="close_shift", counted=_drawer(program))
    finally:
        program.stdin.close()  # type: ignore[union-attr]
        program.wait(timeout=60)
    return Timed(start=start, scan=median(scans), pay=median(pays))


def _drawer(program: "subprocess.Popen[str]") -> int:
    rows = _ask(program, do="count", total=0)
    return int(rows.get("expected") or 0)


def _seconds(program: "subprocess.Popen[str]", **command: Any) -> float:
    started = time.perf_counter()
    _ask(program, **command)
    return time.perf_counter() - started


def _ask(program: "subprocess.Popen[str]", **command: Any) -> dict[str, Any]:
    assert program.stdin and program.stdout
    program.stdin.write(json.dumps(command) + "\n")
    program.stdin.flush()
    answer = json.loads(program.stdout.readline())
    if not answer["ok"]:
        raise RuntimeError(f"{command}: {answer['error']}")
    return dict(answer)
