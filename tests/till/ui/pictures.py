"""A till over sample data whose window is photographed: what `screenshots` and `more_pictures` share."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct


class Look(Struct, kw_only=True):
    """How the pictures look and where they go; with `only` all but the picture of that name are let go."""

    out: Path
    size: tuple[int, int]
    theme: str
    language: str
    only: str = ""
    is_done: bool = False

    def path(self, name: str) -> Path:
        """Return where a picture is saved."""
        width, height = self.size
        return self.out / f"{name}_{width}x{height}_{self.theme}_{self.language}.png"


class Pictures:
    """A till with its window, and a camera."""

    def __init__(self, folder: Path, look: Look, **devices: str) -> None:
        from driver import Driver

        from till.assemble import assemble
        from till.runner import ThreadRunner
        from till.ui.thread import post

        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self._look = folder, look
        environment = {f"COUNTERFOIL_{name.upper()}": value for name, value in devices.items()}
        self.till = assemble(folder, language=look.language, environment=environment)
        self.runner = ThreadRunner(post)
        self.screens = self.till.screens(self.runner)
        self.driver = Driver(self._app, look.size)

    def _app(self) -> Any:
        from till.ui.till_app import TillApp

        return TillApp(self.screens, self.till.words, mode=self._look.theme)

    def shot(self, name: str) -> None:
        """Save what the window shows now."""
        if self._look.only in ("", name):
            time.sleep(0.15)
            self.driver.frames(2)
            self.driver.shot(self._look.path(name))
            self._look.is_done = bool(self._look.only)

    def wait_for(self, screen: str) -> None:
        """Wait until a screen is in front."""
        self.driver.wait_until(lambda: self.driver.screen == screen, screen)

    def wait_for_text(self, target: str) -> None:
        """Wait until something stands on the screen."""
        self.driver.wait_until(lambda: target in self.driver.texts(), target)

    def close(self) -> None:
        """Close window and till."""
        self.driver.close()
        self.runner.stop()
        self.till.close()


@contextlib.contextmanager
def open_till(folder: Path, look: Look, **devices: str) -> Iterator[Pictures]:
    """Open a till for some pictures and close it."""
    pictures = Pictures(folder, look, **devices)
    try:
        yield pictures
    finally:
        pictures.close()


def lay_goods(folder: Path) -> None:
    """Lay goods of every kind, a customer and stock into the sample shop."""
    from sample_goods import GOODS, KIM, RULES, lay, stock

    now_ms = int(time.time() * 1000)
    levels = [
        stock("0007", "SH-1", "3", now_ms - 5 * 60_000),
        stock("0008", "SH-1", "7", now_ms - 3 * 3_600_000),
        stock("0008", "SH-3", "1", now_ms - 5 * 86_400_000),
    ]
    lay(folder, *GOODS, *RULES, KIM, *levels)
