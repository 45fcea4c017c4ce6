"""A long day: 5,000 sales in the real window, every screen now and then; memory and latencies must not creep.

Eight hours of a busy shop without its pauses. The first of eight parts is compared with the last: the window, the
journal and the mirror are the same process and files all the time.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.report import Figure, median
from rig.articles import articles
from rig.device import enrolled, fill_mirror
from rig.screen import virtual_display

ARTICLES = 115_000
SALES = 5_000
HOURS = 8
GROWTH_MAX = 1.10
# A median of hundreds of sales still moves by some percent from one hour to the next on a shared machine.
FLAT_MAX = 1.15
CHILD = Path(__file__).with_name("long_day_window.py")


def measure(folder: Path) -> list[Figure]:
    enrolled(folder)
    fill_mirror(folder, articles(ARTICLES))
    with virtual_display(folder / "logs", "1280x800") as display:
        hours = _child(folder, display)
    first, last = hours[0], hours[-1]
    growth = last["rss_mib"] / first["rss_mib"]
    figures = [
        Figure(
            what=f"memory over {SALES:,} sales with all screens: after the last hour against the first",
            measured=f"{last['rss_mib']:.0f} MiB",
            target="grows < 10 %",
            raw=f"{first['rss_mib']:.0f} MiB after the first hour",
            ratio=f"{growth:.2f}",
            met=growth < GROWTH_MAX,
        )
    ]
    for name, what in (("scan_ms", "scan → line on screen"), ("pay_ms", "cash → change on screen, durable")):
        before, after = median(first[name]), median(last[name])
        figures.append(
            Figure(
                what=f"{what}, p50 of the last hour against the first",
                measured=f"{after:.1f} ms",
                target=f"flat (≤ {FLAT_MAX} ×)",
                raw=f"{before:.1f} ms in the first hour",
                ratio=f"{after / before:.2f}",
                met=after / before <= FLAT_MAX,
            )
        )
    return figures


def _child(folder: Path, display: str) -> list[dict[str, Any]]:
    environment = {**os.environ, "DISPLAY": display, "SDL_VIDEODRIVER": "x11"}
    done = subprocess.run(
        [sys.executable, str(CHILD), str(folder), str(SALES), str(HOURS)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=3000,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
