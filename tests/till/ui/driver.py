"""Drives the real window in this process, one frame at a time, on the caller's thread.

No event loop runs, so nothing is timed: `tap` returns when its frame is drawn. Touches enter at the window like a
finger's, keys like a keyboard's; errors in callbacks reach the caller. Tests, pictures and the scan benchmark use it.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

KEY_CODES = {
    "tab": 9,
    "enter": 13,
    "escape": 27,
    "backspace": 8,
    "delete": 127,
    "up": 273,
    "down": 274,
    "right": 275,
    "left": 276,
} | {f"f{number}": 281 + number for number in range(1, 13)}
WAIT_S = 10.0


class Driver:
    """A running TillApp under the caller's control. `app` is made by `make_app` when the window is there.

    Without `draw` everything but the pixels is done: layouts, texts, touches. Software rendering costs by the pixel.
    """

    def __init__(self, make_app: Callable[[], Any], size: tuple[int, int] = (1280, 800), *, draw: bool = True) -> None:
        from kivy.base import EventLoop, ExceptionManager, runTouchApp
        from kivy.clock import Clock
        from kivy.core.window import Window

        self.window, self.loop, self.clock, self._manager = Window, EventLoop, Clock, ExceptionManager
        Clock._max_fps = 0  # no sleeping between frames
        self.draw = draw
        self.resize(*size)
        self.app = make_app()
        self.app._run_prepare()
        if EventLoop.status != "started":
            runTouchApp(embedded=True)
        self.frames(4)

    def resize(self, width: int, height: int) -> None:
        """Give the window another size and let the layouts follow."""
        self.window.system_size = (width, height)
        if hasattr(self, "app"):
            self.frames(4)

    def frames(self, count: int = 1) -> None:
        """Let the window draw some frames."""
        for _ in range(count):
            self._frame()

    def _frame(self) -> None:
        if self.draw:
            self.loop.idle()
            return
        from kivy.lang import Builder

        self.clock.tick()
        self.loop.dispatch_input()
        Builder.sync()
        self.clock.tick_draw()
        Builder.sync()

    def wait_until(self, predicate: Callable[[], Any], what: str = "") -> None:
        """Draw frames until something holds; slow work comes back meanwhile."""
        end = time.monotonic() + WAIT_S
        while not predicate():
            assert time.monotonic() < end, f"waited {WAIT_S} s for {what or predicate}"
            self._frame()
            time.sleep(0.001)
        self.frames(2)

    # -- what is on the screen

    @property
    def screen(self) -> str:
        """Return the name of the screen in front."""
        return self.app.frame.ids.screens.current

    def places(self) -> dict[str, Any]:
        """Return the listing that outside programs get."""
        from till.ui.places import listing

        self.frames(2)
        return listing(self.app.frame)

    def texts(self) -> dict[str, str]:
        """Return the words on every named thing in sight."""
        return {place["name"]: place["text"] for place in self.places()["targets"]}

    def find(self, target: str) -> Any:
        """Return the widget in sight with this target name."""
        from till.ui.places import roots, visible

        self.frames(1)
        found = [widget for root in roots(self.app.frame) for widget in visible(root)]
        named = {widget.target: widget for widget in found}
        assert target in named, f"no {target!r} among {sorted(named)}"
        return named[target]

    def pixel(self, x: float, y: float) -> tuple[int, ...]:
        """Return the colour at a point of the window."""
        from kivy.graphics.opengl import GL_RGB, GL_UNSIGNED_BYTE, glReadPixels

        return tuple(glReadPixels(int(x), int(y), 1, 1, GL_RGB, GL_UNSIGNED_BYTE))

    def shot(self, path: Path) -> None:
        """Save the window's picture as PNG."""
        from PIL import Image

        self.frames(3)
        self.window.canvas.ask_update()
        self.loop.idle()  # a picture is drawn in any case
        width, height = self.window.size
        from kivy.graphics.opengl import GL_RGB, GL_UNSIGNED_BYTE, glReadPixels

        data = glReadPixels(0, 0, width, height, GL_RGB, GL_UNSIGNED_BYTE)
        picture = Image.frombytes("RGB", (width, height), bytes(data)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        picture.save(path)

    # -- what a person does

    def tap(self, target: str | Any) -> None:
        """Touch something by its target name and let go."""
        widget = self.find(target) if isinstance(target, str) else target
        assert not widget.disabled, f"{widget.target} is disabled"
        self.touch(*widget.to_window(*widget.center))

    def touch(self, x: float, y: float) -> None:
        """Touch a point of the window and let go."""
        from kivy.tests.common import UnitTestTouch

        touch = UnitTestTouch(x, y)
        touch.touch_down()
        self.frames(1)
        touch.touch_up()
        self.frames(2)

    def type(self, text: str) -> None:
        """Strike keys as fast as a scanner does: all within a frame."""
        for character in text:
            self.window.dispatch("on_key_down", ord(character), 0, character, [])
            self.window.dispatch("on_textinput", character)
            self.window.dispatch("on_key_up", ord(character), 0)

    def type_slowly(self, text: str) -> None:
        """Strike keys as a person does: a pause that frames are drawn in follows every one."""
        from hardware.scanner.wedge import IDLE_FRAMES, PAUSE_MS

        for character in text:
            self.type(character)
            time.sleep(PAUSE_MS * 1.2 / 1000)
            self.frames(IDLE_FRAMES + 3)

    def press(self, key: str) -> None:
        """Strike a key by its name."""
        self.window.dispatch("on_key_down", KEY_CODES[key], 0, None, [])
        self.window.dispatch("on_key_up", KEY_CODES[key], 0)
        self.frames(2)

    def scan(self, code: str) -> None:
        """Scan with a keyboard-wedge scanner."""
        self.type(code)
        self.press("enter")

    def close(self) -> None:
        """Take the app off the window, so that another can have it."""
        from kivy.app import App

        self.app.dispatch("on_stop")
        for child in self.window.children[:]:
            self.window.remove_widget(child)
        self.loop.touches.clear()
        App._running_app = None


def measure_scans(driver: Driver, codes: list[str]) -> list[float]:
    """Return for each scan the milliseconds of UI-thread time from the barcode to its line on the screen.

    The clock is `time.thread_time`: what this thread works, whatever else the machine does. A scan ends with the frame
    that draws its line; the sale must be in front.
    """
    times_ms = []
    for code in codes:
        start_s = time.thread_time()
        driver.app.scan(code)
        driver.loop.idle()
        used_s = time.thread_time() - start_s
        driver.frames(1)
        times_ms.append(used_s * 1000)
    return times_ms
