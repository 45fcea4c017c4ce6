"""The demo's morning: what the till's window holds at its end, with all programs and devices real.

Every screen that the story goes through is drawn and touched, the line is cut, a card terminal and a printer answer.
"""

import os
import subprocess
import sys
from pathlib import Path

from bench.report import Figure
from bench.start import EMPTY_WINDOW
from bench.till_scan import MEMORY_MAX_MB
from demo.morning import CARD_DELAY_S, Morning, codes
from demo.story import Story
from rig.screen import TillWindow, virtual_display
from rig.shop import Shop

SIZE = "1280x800"


def measure(folder: Path) -> list[Figure]:
    shop = Shop(folder / "shop", card_delay_s=CARD_DELAY_S)
    try:
        with virtual_display(shop.logs, SIZE) as display:
            now_mib, peak_mib = _play(shop, display, folder)
            empty_mib = _empty_window_mib(display)
    finally:
        shop.close()
    return [
        Figure(
            what="memory of the till at the end of the demo's morning",
            measured=f"{now_mib:.0f} MiB (at most {peak_mib:.0f} MiB on the way)",
            target=f"≤ {MEMORY_MAX_MB} MB RSS",
            raw=f"{empty_mib:.0f} MiB (an empty Kivy window)",
            ratio=f"{now_mib / empty_mib:.2f}",
            met=now_mib * 1.048576 <= MEMORY_MAX_MB,
        )
    ]


def _play(shop: Shop, display: str, folder: Path) -> tuple[float, float]:
    window = TillWindow(shop.till, shop.logs, display, size=SIZE)
    try:
        with (folder / "story.txt").open("w", encoding="utf-8") as out:
            morning = Morning(shop, window, Story(out), folder / "pictures", codes())
            morning.play()
        return morning.memory_mib
    finally:
        window.close()


def _empty_window_mib(display: str) -> float:
    environment = {**os.environ, "DISPLAY": display, "SDL_VIDEODRIVER": "x11"}
    done = subprocess.run(
        [sys.executable, str(EMPTY_WINDOW)], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    return float(done.stdout.splitlines()[-1])
