"""The keyboard of the window: what a scanner types, what a person types, and the keys that stand for a button.

A keyboard-wedge scanner types like a person, only faster, and ends in Enter. The wedge holds characters back until it
is clear whose they are; a scan goes to the screen whatever has the focus, and never presses a button. Function keys,
Enter, Esc and Delete press the button that shows their name; Tab walks through the buttons, Shift and Tab back.
"""

import time
from collections.abc import Callable
from typing import Any, Protocol

from kivy.clock import Clock
from kivy.core.window import Window
from kivy.uix.textinput import TextInput

from hardware.scanner.wedge import ENTER, Garbled, Outcome, Read, Typed, Wedge

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
    275: "right",
    276: "left",
    **{281 + number: f"f{number}" for number in range(1, 13)},
}
# Keys that belong to a field while it has the keyboard.
FIELD_KEYS = frozenset({"backspace", "delete", "left", "right"})


class Takes(Protocol):
    """Who takes what comes from the keyboard."""

    def scan(self, code: str) -> None:
        """Take a scan."""

    def garbled(self, message: str) -> None:
        """Take note of a scan that must not be executed."""

    def typed(self, text: str) -> None:
        """Take what a person typed while no field had the keyboard."""

    def press(self, key: str) -> bool:
        """Take a key by its name; tell whether it meant something."""

    def struck(self) -> None:
        """Take note that a person, not a scanner, struck a key."""


class Keyboard:
    """Binds the window's keys; `close` lets go of them."""

    def __init__(self, taker: Takes) -> None:
        self._taker = taker
        self._wedge = Wedge()
        self._struck = False
        # For each character that the wedge holds: has a field taken it already, when it was struck?
        self._in_field: list[bool] = []
        self._watch: Callable[[float], None] = self._each_frame
        Clock.schedule_interval(self._watch, 0)
        Window.bind(on_key_down=self._key_down, on_textinput=self._text)

    def close(self) -> None:
        """Let go of the window."""
        Clock.unschedule(self._watch)
        Window.unbind(on_key_down=self._key_down, on_textinput=self._text)

    def _text(self, _window: object, text: str) -> None:
        self._struck = True
        in_field = focused_field() is not None
        for character in text:
            self._act(self._wedge.character(character, now_ms(), Clock.frames))
            self._in_field.append(in_field)

    def _each_frame(self, _seconds: float) -> None:
        if not self._struck:
            self._act(self._wedge.idle(now_ms(), Clock.frames))
        self._struck = False

    def _key_down(self, _window: object, code: int, _scancode: int, _text: str, modifiers: list[str]) -> bool:
        name = KEYS.get(code, "")
        if name == "enter":
            self._struck = True
            self._act(self._wedge.enter(now_ms(), Clock.frames))
            return True
        if name == "tab" and "shift" in modifiers:
            name = "back_tab"
        if not name or {"alt", "ctrl"} & set(modifiers):
            return False
        if name in FIELD_KEYS and focused_field() is not None:
            self._taker.struck()
            return False
        if not self._wedge.is_holding:  # else a scanner ends its code with it
            self._taker.struck()
        return self._taker.press(name) or name == "escape"

    def _act(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            match outcome:
                case Read(code):
                    self._in_field.clear()
                    _take_out(code)
                    self._taker.scan(code)
                case Garbled(text, message):
                    self._in_field.clear()
                    _take_out(text)
                    self._taker.garbled(message)
                case Typed(text):
                    self._taker.struck()
                    if text == ENTER:
                        self._taker.press("enter")
                    else:
                        self._hand_over(text)

    def _hand_over(self, text: str) -> None:
        """Hand over what no field has taken; a field that has come meanwhile takes it now."""
        for character in text:
            if self._in_field and self._in_field.pop(0):
                continue
            field = focused_field()
            if field is None:
                self._taker.typed(character)
            else:
                field.insert_text(character)


def now_ms() -> float:
    """Return the clock that bursts are measured with."""
    return time.monotonic() * 1000


def _take_out(scan: str) -> None:
    """Take a scan's characters out of the field that they were typed into."""
    field = focused_field()
    if field is not None:
        field.take_out(scan)


def focused_field() -> Any:
    """Return the text field that has the keyboard, or None."""
    fields = (widget for root in Window.children for widget in root.walk() if isinstance(widget, TextInput))
    return next((field for field in fields if field.focus), None)
