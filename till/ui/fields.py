"""What is typed into: the text field, and the system's text input that follows it."""

from typing import Any

from kivy.app import App
from kivy.clock import Clock
from kivy.core.window import Window
from kivy.properties import (
    StringProperty,
)
from kivy.uix.textinput import TextInput

from till.ui.text import BEFORE_THE_FRAME


class TextField(TextInput):
    """A field for words. When it loses the keyboard the window takes it back, else a scanner's text is lost.

    `kind` says what the on-screen keyboard offers for it, see `till.onscreen`.
    """

    target = StringProperty("")
    kind = StringProperty("words")
    text: Any

    def __init__(self, **properties: Any) -> None:
        self._cursor_at = (0, 0)
        self._show_cursor = Clock.create_trigger(self._show_cursor_now, BEFORE_THE_FRAME)
        super().__init__(**properties)

    def on_focus(self, _: object, focused: bool) -> None:
        """Let the on-screen keyboard know; give the keyboard back to the window on leaving."""
        _call_for_keys()
        if not focused:
            Clock.schedule_once(lambda _seconds: keep_text_coming())

    def on_touch_down(self, touch: Any) -> bool:
        """A touch calls for the on-screen keyboard even where the field has the focus already."""
        taken = bool(super().on_touch_down(touch))
        if taken and self.focus:
            _call_for_keys()
        return taken

    def write(self, text: str) -> None:
        """Put text in at the caret, in place of what is selected."""
        self._drop_selection()
        self.insert_text(text)

    def erase(self) -> None:
        """Take away what is selected, or what stands before the caret."""
        if not self._drop_selection():
            self.do_backspace()

    def step(self, way: str) -> None:
        """Move the caret `left` or `right`."""
        self.cancel_selection()
        self.do_cursor_movement(f"cursor_{way}")

    def take_out(self, text: str) -> None:
        """Take out what a scanner typed before the caret."""
        end = self.cursor_index()
        if text and self.text[:end].endswith(text):
            start = end - len(text)
            self.text = self.text[:start] + self.text[end:]
            self.cursor = self.get_cursor_from_index(start)

    def _drop_selection(self) -> bool:
        was_selected = bool(self.selection_text)
        if was_selected:
            self.delete_selection()
        return was_selected

    def keyboard_on_key_down(self, window: Any, keycode: tuple[int, str], text: str, modifiers: list[str]) -> bool:
        """Leave the function keys, Enter and Esc to the screen."""
        if keycode[1] in {"enter", "numpadenter", "escape"} or (keycode[1][:1] == "f" and keycode[1][1:].isdigit()):
            return False
        return bool(super().keyboard_on_key_down(window, keycode, text, modifiers))

    def _adjust_viewport(self, column: int, row: int) -> None:
        """Keep the cursor in sight, at the end of the frame.

        Kivy has one such trigger for all fields and remembers the last one for ever, and so the screen around it.
        """
        self._cursor_at = column, row
        self._show_cursor()

    def _show_cursor_now(self, _seconds: float) -> None:
        TextInput._adjust_viewport.__wrapped__(self, *self._cursor_at)


def _call_for_keys() -> None:
    app = App.get_running_app()
    if app is not None:
        app.typing.follow()


def keep_text_coming() -> None:
    """Ask the system for text input as long as no field holds the keyboard."""
    if not any(isinstance(top, TextInput) and top.focus for root in Window.children for top in root.walk()):
        # Each request starts one more watch of the system's keyboard, five times a second; Kivy never ends it.
        Clock.unschedule(Window._check_keyboard_shown)
        # Not for the field: Kivy would hold on to it, and to the screen around it.
        Window.request_keyboard(lambda: None, None, "text")
