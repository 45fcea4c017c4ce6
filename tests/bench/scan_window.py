"""The child of `till_scan`: a till's window in this process, scanned at; prints its figures as one JSON line."""

import json
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "till" / "ui")]

# A till is installed without the server's parts (setup.cfg); here they lie in the same environment, and peewee would
# load PostgreSQL's driver.
for driver in ("psycopg", "psycopg2"):
    sys.modules[driver] = None  # type: ignore[assignment]
PIN = "1111"
SCREENS = ("pay", "orders", "cash", "messages", "close_shift", "lock", "done", "sale")
BASKET_LINES = 25
# Longer than the till's own wait for a pause (till.ui.till_app).
PAUSE_S = 2.5


def rss_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def main(folder: Path) -> None:
    codes = json.load(sys.stdin)
    from till.ui import env

    env.prepare(1280, 800, fullscreen=False)
    from driver import Driver, measure_scans
    from kivy.app import App
    from kivy.uix.widget import Widget

    class Empty(App):  # type: ignore[misc]
        def build(self) -> Widget:
            return Widget()

    empty = Driver(Empty)
    empty_mib = rss_mib()
    empty.window.remove_widget(empty.app.root)
    from till.assemble import assemble
    from till.runner import ThreadRunner
    from till.ui.thread import post
    from till.ui.till_app import TillApp

    till = assemble(folder)
    runner = ThreadRunner(post)
    screens = till.screens(runner)
    driver = Driver(lambda: TillApp(screens, till.words))
    _open(driver, screens)
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
        "empty_mib": empty_mib,
    }
    figures["all_screens_mib"] = _after_all_screens(driver)
    print(json.dumps(figures), flush=True)
    runner.stop()
    till.close()


def _open(driver: "object", screens: "object") -> None:
    screens.sign_in.sign_in("1", PIN)  # type: ignore[attr-defined]
    driver.wait_until(lambda: driver.screen == "open_shift", "the shift's screen")  # type: ignore[attr-defined]
    screens.open_shift.open_with(10000)  # type: ignore[attr-defined]
    driver.wait_until(lambda: driver.screen == "sale", "the sale screen")  # type: ignore[attr-defined]


def _after_all_screens(driver: "object") -> float:
    """Open every screen once and wait until the window has come to rest: it gives screens back in a pause."""
    for name in SCREENS:
        driver.app.go(name)  # type: ignore[attr-defined]
        driver.frames(5)  # type: ignore[attr-defined]
    end = time.monotonic() + PAUSE_S
    while time.monotonic() < end:
        driver.frames(1)  # type: ignore[attr-defined]
    return rss_mib()


def _frames(driver: "object") -> list[float]:
    """Measure a frame in which only the clock's text changed: what any change on this window costs."""
    times = []
    bar = driver.app.frame.ids.bar  # type: ignore[attr-defined]
    for number in range(100):
        started = time.thread_time()
        bar.clock_text = f"{number:02d}:00"
        driver.loop.idle()  # type: ignore[attr-defined]
        times.append((time.thread_time() - started) * 1000)
    return times


if __name__ == "__main__":
    main(Path(sys.argv[1]))
