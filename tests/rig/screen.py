"""A person at the till: finds what is on the screen by its name and touches it, with a real pointer and real keys.

The till writes where its touch targets are (`--places`); the touches themselves go through the X server, as a finger's
or a scanner's would. Without a display the till gets a virtual one (Xvfb).
"""

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from rig.programs import Program, ProgramError, module

SCREEN_S_MAX = 30
KEY_DELAY_MS = 4


@contextlib.contextmanager
def virtual_display(folder: Path, size: str) -> Iterator[str]:
    """Start a virtual screen and give its DISPLAY."""
    read, write = os.pipe()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "xvfb.log").open("ab") as log:
        xvfb = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{size}x24", "-nolisten", "tcp", "-noreset"],
            pass_fds=[write],
            stderr=log,
        )
    os.close(write)
    try:
        with os.fdopen(read) as ready:
            number = ready.readline().strip()
        if not number:
            raise ProgramError(f"Xvfb did not start; see {folder / 'xvfb.log'}")
        yield f":{number}"
    finally:
        xvfb.terminate()
        xvfb.wait(10)


class TillWindow:
    """The till's window in its own process, on a display."""

    def __init__(self, data: Path, logs: Path, display: str, *, size: str, language: str = "en", theme: str = "light"):
        self._places = logs / "places.json"
        self._places.unlink(missing_ok=True)
        self._environment = {"DISPLAY": display, "SDL_VIDEODRIVER": "x11"}
        arguments = ["run", "--data", str(data), "--size", size, "--language", language, "--theme", theme]
        self.program = Program(
            "till-window",
            module("till", *arguments, "--places", str(self._places)),
            logs,
            extra=self._environment,
        )

    def look(self) -> dict[str, Any]:
        """Return what is on the screen now; an empty dict before there is anything."""
        try:
            return dict(json.loads(self._places.read_bytes()))
        except (OSError, ValueError):
            return {}

    def wait(self, condition: Callable[[dict[str, Any]], Any], what: str, seconds: float = SCREEN_S_MAX) -> Any:
        """Wait until the screen fulfils a condition; return what the condition gave."""
        return self.program.wait_for(lambda: condition(self.look()), what, seconds)

    def wait_for_screen(self, name: str) -> None:
        self.wait(lambda seen: seen.get("screen") == name and not seen.get("panel"), f"screen {name}")

    def target(self, name: str) -> dict[str, Any]:
        """Wait for a target that can be touched and return it."""
        return dict(self.wait(lambda seen: _find(seen, name), f"target {name}"))

    def text(self, name: str) -> str:
        return str(self.target(name)["text"])

    def tap(self, name: str) -> None:
        """Touch a target in its middle."""
        place = self.target(name)
        self._xdotool("mousemove", str(round(place["x"])), str(round(place["y"])), "click", "1")

    def tap_all(self, *names: str) -> None:
        for name in names:
            self.tap(name)

    def type_keys(self, keys: Iterable[str]) -> None:
        """Touch the keypad."""
        for key in keys:
            self.tap(f"key:{key}")

    def scan(self, code: str) -> None:
        """Send a barcode as a keyboard scanner does."""
        self._xdotool("type", "--delay", str(KEY_DELAY_MS), code)
        self._xdotool("key", "Return")

    def press(self, key: str) -> None:
        self._xdotool("key", key)

    def picture(self, path: Path) -> None:
        """Take what a person sees."""
        from PIL import ImageGrab

        path.parent.mkdir(parents=True, exist_ok=True)
        self._settle()
        ImageGrab.grab(xdisplay=self._environment["DISPLAY"]).save(path)

    def _settle(self) -> None:
        before = self.look()
        while True:
            time.sleep(0.15)
            if (now := self.look()) == before:
                return
            before = now

    def _xdotool(self, *arguments: str) -> None:
        done = subprocess.run(
            ["xdotool", *arguments],
            env={**os.environ, **self._environment},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        if done.returncode:
            raise ProgramError(f"xdotool {arguments[0]}: {done.stderr}")

    def close(self) -> None:
        self.program.stop()


def _find(seen: dict[str, Any], name: str) -> dict[str, Any] | None:
    for each in seen.get("targets", ()):
        if each["name"] == name and each.get("enabled", True):
            return dict(each)
    return None
