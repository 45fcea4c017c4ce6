"""The child of `long_day`: sells in a window in this process; prints one JSON line of figures for each hour."""

import json
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "till" / "ui")]

from bench.till_window import open_till, rss_mib
from rig.articles import barcode

SCANS = 3
# Pixels cost by far the most under software rendering: every tenth sale is drawn, the others are only laid out.
DRAWN_EVERY = 10
ROUND_EVERY = 50


def main(folder: Path, sales: int, hours: int) -> None:
    opened = open_till(folder)
    driver, screens = opened.driver, opened.screens
    names = [name for name in screens.__struct_fields__ if name not in ("first", "bar", "setup", "sign_in", "sale")]
    number = 0
    for _ in range(hours):
        scan_ms: list[float] = []
        pay_ms: list[float] = []
        for _ in range(sales // hours):
            number += 1
            driver.draw = number % DRAWN_EVERY == 0
            sell(driver, screens, number, scan_ms, pay_ms)
            if number % ROUND_EVERY == 0:
                visit(driver, names)
        print(json.dumps({"rss_mib": rss_mib(), "scan_ms": scan_ms, "pay_ms": pay_ms}), flush=True)
    opened.runner.stop()
    opened.till.close()


def sell(driver: Any, screens: Any, number: int, scan_ms: list[float], pay_ms: list[float]) -> None:
    """Sell three articles for cash. Only sales that are not drawn are timed: they are all of one kind."""
    drawn = driver.draw
    for place in range(SCANS):
        started = time.thread_time()
        driver.app.scan(barcode(1 + (number * 7919 + place * 104_729) % 115_000))
        driver.frames(1)
        if not drawn:
            scan_ms.append((time.thread_time() - started) * 1000)
    started = time.perf_counter()
    screens.sale.pay()
    screens.pay.cash(100_00)
    driver.wait_until(lambda: driver.screen == "done", "the change")
    if not drawn:
        pay_ms.append((time.perf_counter() - started) * 1000)


def visit(driver: Any, names: list[str]) -> None:
    """Go through all screens and back to the sale, drawn."""
    driver.draw = True
    for name in (*names, "sale"):
        driver.app.go(name)
        driver.frames(2)
    if driver.screen == "lock":
        raise RuntimeError("the round ended at the lock")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
