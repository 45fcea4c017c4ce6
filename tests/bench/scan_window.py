"""The child of `till_scan`: a till's window in this process, scanned at; prints its figures as one JSON line."""

import json
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "till" / "ui")]

from bench.till_window import open_till, rss_mib

SCREENS = ("pay", "orders", "cash", "messages", "close_shift", "lock", "done", "sale")
BASKET_LINES = 60
# Longer than the till's own wait for a pause (till.ui.till_app).
PAUSE_S = 2.5


def main(folder: Path) -> None:
    codes = json.load(sys.stdin)
    opened = open_till(folder)
    from driver import measure_scans

    driver, screens = opened.driver, opened.screens
    scan_ms: list[float] = []
    for first in range(0, len(codes), BASKET_LINES):
        part = codes[first : first + BASKET_LINES]
        scan_ms += measure_scans(driver, part)
        lines = len(screens.sale.state.lines)
        assert lines == len(set(part)), f"{lines} lines of {len(set(part))} articles"
        screens.sale.cancel()
        driver.wait_until(lambda: not screens.sale.state.lines, "an empty basket")
    figures: dict[str, object] = {
        "scan_ms": scan_ms,
        "frame_ms": _frames(driver),
        "rss_mib": rss_mib(),
        "empty_mib": opened.empty_mib,
    }
    figures["all_screens_mib"] = _after_all_screens(driver)
    print(json.dumps(figures), flush=True)
    opened.runner.stop()
    opened.till.close()


def _after_all_screens(driver: Any) -> float:
    """Open every screen once and wait until the window has come to rest: it gives screens back in a pause."""
    for name in SCREENS:
        driver.app.go(name)
        driver.frames(5)
    end = time.monotonic() + PAUSE_S
    while time.monotonic() < end:
        driver.frames(1)
    return rss_mib()


def _frames(driver: Any) -> list[float]:
    """Measure a frame in which only the clock's text changed: what any change on this window costs."""
    times = []
    bar = driver.app.frame.ids.bar
    for number in range(100):
        started = time.thread_time()
        bar.clock_text = f"{number:02d}:00"
        driver.loop.idle()
        times.append((time.thread_time() - started) * 1000)
    return times


if __name__ == "__main__":
    main(Path(sys.argv[1]))
