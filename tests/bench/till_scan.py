"""Scan: from the barcode to its line on the screen, in UI-thread time, and the memory that the till takes.

The window runs in a child process under Xvfb with software rendering; the figure is what the UI thread works
(`time.thread_time`), so that it does not depend on what else the machine does.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import apsw

from bench.report import Figure, median, percentile
from rig.articles import articles, barcode, promotions
from rig.device import add_promotions, enrolled, fill_mirror
from rig.screen import virtual_display
from schema.barcode import lookup_key
from schema.device import MIRROR
from schema.mirror_file import ARTICLE_BY_CODE
from schema.sqlite import open_reader

ARTICLES = 115_000
SCANS = 600
PROMOTIONS = 50
ABOUT = f"{ARTICLES:,} articles, {PROMOTIONS} promotions, baskets of 60 lines, Xvfb"
TARGET_MS = 16
MEMORY_MAX_MB = 250
CHILD = Path(__file__).with_name("scan_window.py")


def measure(folder: Path) -> list[Figure]:
    enrolled(folder)
    fill_mirror(folder, articles(ARTICLES))
    add_promotions(folder, promotions(PROMOTIONS))
    with virtual_display(folder / "logs", "1280x800") as display:
        found = _child(folder, display)
    scans, idle = found["scan_ms"], found["frame_ms"]
    raw_ms = _lookup_ms(folder)
    p99 = percentile(scans, 0.99)
    return [
        Figure(
            what=f"barcode → line on screen, {ABOUT}: p99 of {len(scans)} scans",
            measured=f"{p99:.1f} ms of UI-thread time (p50 {median(scans):.1f} ms)",
            target=f"≤ {TARGET_MS} ms",
            raw=f"{median(idle):.1f} ms for a frame with one changed text, {raw_ms * 1000:.0f} µs for the look-up",
            ratio=f"{p99 / median(idle):.1f}",
            met=p99 <= TARGET_MS,
        ),
        Figure(
            what=f"memory of the till with {ARTICLES:,} articles, after {len(scans)} scans",
            measured=_mib(found["rss_mib"]),
            target=f"≤ {MEMORY_MAX_MB} MB RSS",
            raw=f"{_mib(found['empty_mib'])} (an empty Kivy window)",
            ratio=f"{found['rss_mib'] / found['empty_mib']:.2f}",
            met=found["rss_mib"] * 1.048576 <= MEMORY_MAX_MB,
        ),
        Figure(
            what="the same after every screen was opened once, for information",
            measured=_mib(found["all_screens_mib"]),
            target="none set",
            raw=f"{_mib(found['empty_mib'])} (an empty Kivy window; about 100 MiB of each is the software renderer)",
            ratio=f"{found['all_screens_mib'] / found['empty_mib']:.2f}",
            met=None,
        ),
    ]


def _mib(value: float) -> str:
    return f"{value:.0f} MiB"


def _child(folder: Path, display: str) -> dict[str, Any]:
    environment = {**os.environ, "DISPLAY": display, "SDL_VIDEODRIVER": "x11"}
    codes = [barcode(1 + (number * 7919) % ARTICLES) for number in range(SCANS)]
    done = subprocess.run(
        [sys.executable, str(CHILD), str(folder)],
        input=json.dumps(codes),
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _lookup_ms(folder: Path) -> float:
    mirror: apsw.Connection = open_reader(folder / MIRROR)
    times = []
    for number in range(1, 1000):
        started = time.perf_counter()
        mirror.execute(ARTICLE_BY_CODE, (lookup_key(barcode(number * 113)),)).fetchall()
        times.append((time.perf_counter() - started) * 1000)
    mirror.close()
    return median(times)
