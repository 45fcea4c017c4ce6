"""A till's window in this process, ready to sell: what the children of `till_scan` and `long_day` share."""

import sys
from pathlib import Path
from typing import Any

from msgspec import Struct

PIN = "1111"


class Opened(Struct, frozen=True, kw_only=True):
    """The till with its window. `empty_mib` is what an empty Kivy window took before."""

    till: Any
    runner: Any
    screens: Any
    driver: Any
    empty_mib: float


def rss_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def open_till(folder: Path) -> Opened:
    """Open the window, sign in and open a shift: the sale screen is in front."""
    # As the program itself does: what peewee would load of PostgreSQL is in this environment, not on a till.
    from till.__main__ import FOREIGN_DRIVERS

    for name in FOREIGN_DRIVERS:
        sys.modules[name] = None  # type: ignore[assignment]
    from till.ui import env

    env.prepare(1280, 800, fullscreen=False)
    from driver import Driver

    empty_mib = _empty_window_mib(Driver)
    from till.assemble import assemble
    from till.runner import ThreadRunner
    from till.ui.thread import post
    from till.ui.till_app import TillApp

    till = assemble(folder)
    runner = ThreadRunner(post)
    screens = till.screens(runner)
    driver = Driver(lambda: TillApp(screens, till.words))
    _open_shift(driver, screens)
    return Opened(till=till, runner=runner, screens=screens, driver=driver, empty_mib=empty_mib)


def _empty_window_mib(driver: Any) -> float:
    from kivy.app import App
    from kivy.uix.widget import Widget

    class Empty(App):  # type: ignore[misc]
        def build(self) -> Widget:
            return Widget()

    empty = driver(Empty)
    found = rss_mib()
    empty.window.remove_widget(empty.app.root)
    return found


def _open_shift(driver: Any, screens: Any) -> None:
    screens.sign_in.sign_in("1", PIN)
    driver.wait_until(lambda: driver.screen == "open_shift", "the shift's screen")
    screens.open_shift.open_with(10000)
    driver.wait_until(lambda: driver.screen == "sale", "the sale screen")
