"""The keyboard of the window: what a scanner types, what a person types, and the keys that stand for a button.

A keyboard-wedge scanner types like a person, only faster, and ends in Enter. Its characters are held back until it is
clear who typed; a scan goes to the screen whatever has the focus, and never presses a button. Function keys, Enter,
Esc and Delete press the button that shows their name.
"""

import time
from collections.abc import Callable
from typing import Any

from kivy.clock import Clock
from kivy.core.window import Window
from kivy.uix.textinput import TextInput

from till.ui.keystrokes import Typing

# SDL key codes. 271 is the Enter of a number pad.
KEYS = {
    8: "backspace",
    9: "tab",
    13: "enter",
    27: "escape",
    127: "delete",
    271: "enter",
    273: "up",
    274: "down",
    **{281 + number: f"f{number}" for number in range(1, 13)},
}
# Keys that belong to a field while it has the keyboard.
FIELD_KEYS = frozenset({"backspace", "delete"})


class Keyboard:
    """Binds the window's keys; `close` lets go of them."""

    def __init__(
        self, on_scan: Callable[[str], None], on_typed: Callable[[str], None], on_key: Callable[[str], bool]
    ) -> None:
        self._on_scan, self._on_typed, self._on_key = on_scan, on_typed, on_key
        self._typing = Typing()
        self._watch = Clock.create_trigger(self._look, 0)
        Window.bind(on_key_down=self._key_down, on_textinput=self._text)

    def close(self) -> None:
        """Let go of the window."""
        self._watch.cancel()
        Window.unbind(on_key_down=self._key_down, on_textinput=self._text)

    def _text(self, _window: object, text: str) -> None:
        for character in text:
            self._typing.feed(character, time.monotonic(), Clock.frames)
        self._watch()

    def _look(self, _seconds: float) -> None:
        """Once a frame while characters are held back: after a pause they were a person's."""
        typed = self._typing.paused(time.monotonic(), Clock.frames)
        if typed and focused_field() is None:
            self._on_typed(typed)
        if self._typing.held:
            self._watch()

    def _key_down(self, _window: object, code: int, _scancode: int, _text: str, modifiers: list[str]) -> bool:
        name = KEYS.get(code, "")
        field = focused_field()
        if name == "enter" and self._scan_ended(field):
            return True
        if not name or (field is not None and name in FIELD_KEYS) or {"alt", "ctrl"} & set(modifiers):
            return False
        return self._on_key(name) or name in {"escape", "enter"}

    def _scan_ended(self, field: Any) -> bool:
        held = self._typing.held
        code = self._typing.enter(time.monotonic(), Clock.frames)
        if code is None:
            if held and field is None:
                self._on_typed(held)
            return False
        if field is not None and field.text.endswith(code):
            field.text = field.text.removesuffix(code)
        self._on_scan(code)
        return True


def focused_field() -> Any:
    """Return the text field that has the keyboard, or None."""
    field = next((field for field in _fields() if field.focus), None)
    return field


def _fields() -> Any:
    return (widget for root in Window.children for widget in root.walk() if isinstance(widget, TextInput))
