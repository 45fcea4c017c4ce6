"""Where everything on the screen is, written to a file for programs outside: demo, end-to-end tests, measurements.

The file is one JSON object {"screen", "size", "ready", "panel", "targets": [{"name", "text", "x", "y", "w", "h",
"enabled"}]} with x and y of the middle, counted in pixels from the upper left of the display, so that a pointer finds
them wherever the window lies. Names are English in every language.
It is written whole, and only once the screen has settled: everything shown has been drawn.
"""

from pathlib import Path
from typing import Any

import msgspec
from kivy.clock import Clock
from kivy.core.window import Window
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.scrollview import ScrollView

from till.ui.fields import TextField
from till.ui.widgets import Para, Txt, Word

NAMED = (ButtonBehavior, Txt, Word, Para, TextField)
# Frames that must be drawn after a change before places are called settled: layouts settle in the frame after.
FRAMES_TO_SETTLE = 2


class Places:
    """Writes the listing after every change that has been drawn."""

    def __init__(self, path: Path, frame: Any) -> None:
        self._path, self._frame = path, frame
        self._written = b""
        self._look = Clock.create_trigger(self._settled)
        self._frames_left = 0
        Window.bind(on_flip=self._drawn)

    def close(self) -> None:
        """Stop writing."""
        self._look.cancel()
        Window.unbind(on_flip=self._drawn)

    def _drawn(self, *_: object) -> None:
        self._frames_left = FRAMES_TO_SETTLE
        self._look()

    def _settled(self, _seconds: float) -> None:
        self._frames_left -= 1
        if self._frames_left > 0:
            self._look()
            return
        data = msgspec.json.encode(listing(self._frame))
        if data != self._written:
            self._written = data
            temporary = self._path.with_name(self._path.name + ".new")
            temporary.write_bytes(data)
            temporary.replace(self._path)


def listing(frame: Any) -> dict[str, Any]:
    """Return the screen as programs see it: only what a person could see and touch now."""
    return {
        "screen": frame.ids.screens.current,
        "size": list(Window.size),
        "ready": True,
        "panel": type(frame.panel).__name__ if frame.panel else "",
        "targets": [place(widget) for root in roots(frame) for widget in visible(root)],
    }


def roots(frame: Any) -> list[Any]:
    """Return what lies in front: the panel or else top bar and screen, and the on-screen keyboard where it is open."""
    front = [frame.panel] if frame.panel else [frame.ids.bar, frame.ids.screens.current_screen]
    return [*front, frame.keys] if frame.keys else front


def visible(root: Any) -> list[Any]:
    """Return the named widgets under a root that are in sight, topmost parents first."""
    found = [root] if isinstance(root, NAMED) and root.target and root.width > 1 and root.height > 1 else []
    for child in reversed(root.children):
        if child.opacity > 0 and _in_sight(child):
            found += visible(child)
    return found


def _in_sight(widget: Any) -> bool:
    parent = widget.parent
    if not isinstance(parent.parent, ScrollView):
        return True
    _, bottom = widget.to_window(widget.x, widget.y)
    _, list_y = parent.parent.to_window(*parent.parent.pos)
    return bool(list_y - 1 <= bottom and bottom + widget.height <= list_y + parent.parent.height + 1)


def place(widget: Any) -> dict[str, Any]:
    """Return a widget's name, words and place."""
    x, y = widget.to_window(*widget.center)
    return {
        "name": widget.target,
        "text": words_on(widget),
        "x": round(Window.left + x),
        "y": round(Window.top + Window.height - y),
        "w": round(widget.width),
        "h": round(widget.height),
        "enabled": not widget.disabled,
    }


def words_on(widget: Any) -> str:
    """Return what a person reads on a widget."""
    parts = [getattr(widget, name, "") for name in ("quantity", "title", "text", "price", "detail", "figure")]
    return " | ".join(part for part in parts if part)
