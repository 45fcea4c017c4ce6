"""Shows the on-screen keyboard and lets its keys write: made when it is first needed, one for all fields.

It takes the foot of the window; the screen above it gives way (`theme.foot`, `theme.squeezed`). It opens when a field
gets the focus or is touched, and closes when no field has the focus, on *Done*, or when a person types on a real
keyboard. A scanner that types is no person: the wedge tells them apart.
"""

import time
from pathlib import Path
from typing import Any

from kivy.clock import Clock
from kivy.properties import NumericProperty, ObjectProperty
from kivy.uix.behaviors import FocusBehavior
from kivy.uix.widget import Widget

from till import onscreen
from till.ui.fields import TextField
from till.ui.keyboard import focused_field
from till.ui.keys import FlatButton
from till.ui.lists import Scroller
from till.ui.rules import load_rules
from till.ui.walk import reading_order

# A key that is held goes on after the first time, then so often.
HOLD_S, REPEAT_S = 0.45, 0.08
KINDS = {"writes": "key", "tool": "tool", "chosen": "chosen", "done": "tool"}
# Between keys, as on the keypads: of the theme's gap.
KEY_GAP = 0.75
# Frames until the layouts have given way and a field can be scrolled to.
FRAMES_TO_GIVE_WAY = 2


class BoardKey(FlatButton):
    """A key of the on-screen keyboard."""

    name = ""


class OnScreenKeyboard(Widget):
    """The keys of a `Board`, in a pool that is refilled for every page."""

    board = ObjectProperty(None)
    gap = NumericProperty(4)

    def __init__(self, take: Any, words: Any, **properties: Any) -> None:
        self._take, self.words = take, words
        self._repeat = Clock.create_trigger(self._again, REPEAT_S)
        self._hold = Clock.create_trigger(self._again, HOLD_S)
        self._held: BoardKey | None = None
        self._held_name = ""
        self.pool: list[BoardKey] = []
        super().__init__(**properties)
        self.bind(board=self._lay, pos=self._lay, size=self._lay)

    def on_touch_down(self, touch: Any) -> bool:
        """Take touches on and between the keys; the focus stays with the field."""
        if not self.collide_point(*touch.pos):
            return False
        FocusBehavior.ignored_touch.append(touch)
        super().on_touch_down(touch)
        return True

    def _lay(self, *_: object) -> None:
        if self.board is None:
            return
        found = onscreen.places(self.board, self.width, self.height, self.gap)
        while len(self.pool) < len(found):
            key = BoardKey()
            key.bind(on_press=self._struck, state=self._let_go)
            self.pool.append(key)
        for key, place in zip(self.pool, found, strict=False):
            self._fill(key, place)
        for key in self.pool[len(found) :]:
            if key.parent:
                self.remove_widget(key)

    def _fill(self, key: BoardKey, place: onscreen.Place) -> None:
        shown = place.key
        key.name, key.target = shown.name, f"type:{shown.name}"
        key.text = self.words("Done") if shown.role == "done" else shown.label
        key.picture, key.kind = shown.picture, KINDS[shown.role]
        key.pos, key.size = (self.x + place.x, self.y + place.y), (place.width, place.height)
        if not key.parent:
            self.add_widget(key)

    def _struck(self, key: BoardKey) -> None:
        self._held, self._held_name = key, key.name
        if key.name in onscreen.REPEATING:
            self._hold()
        self._take(key.name)

    def _let_go(self, key: BoardKey, state: str) -> None:
        if state == "normal" and key is self._held:
            self._held = None
            self._hold.cancel()
            self._repeat.cancel()

    def _again(self, _seconds: float) -> None:
        if self._held is not None and self._held.parent:
            self._take(self._held_name)
            self._repeat()


class Typing:
    """Opens the keyboard for the field that has the focus, and closes it. `close` lets go of the window."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._shown: OnScreenKeyboard | None = None
        self._field: TextField | None = None
        self._last_key_s: float | None = None
        self._follow = Clock.create_trigger(lambda _seconds: self._look())
        self._reveal = Clock.create_trigger(lambda _seconds: self._scroll())
        self._frames = 0

    @property
    def widget(self) -> OnScreenKeyboard | None:
        """Return the keyboard where it is open."""
        return self._shown if self._field is not None else None

    @property
    def is_wanted(self) -> bool:
        """Tell whether the keyboard would open for a field now."""
        return onscreen.opens(self._app.screens.settings.look().keyboard, self._last_key_s, time.monotonic())

    def follow(self) -> None:
        """Look in the next frame which field has the focus: it may go from one to another meanwhile."""
        self._follow()

    def struck(self) -> None:
        """Note that a person struck a key of a real keyboard."""
        self._last_key_s = time.monotonic()
        if self._field is not None and not self.is_wanted:
            self._close()

    def done(self) -> None:
        """Close, and take the focus from the field."""
        field = self._field
        self._close()
        if field is not None:
            field.focus = False

    def leave(self) -> None:
        """Take the focus from any field: its screen goes, and what is typed next is not meant for it."""
        field = focused_field()
        if field is not None:
            field.focus = False
        self._close()

    def close(self) -> None:
        """Stop looking."""
        self._follow.cancel()
        self._reveal.cancel()

    def fit(self) -> None:
        """Follow the window's size."""
        if self._field is not None:
            self._open(self._field)

    # -- opening and closing

    def _look(self) -> None:
        field = focused_field()
        if isinstance(field, TextField) and field.kind != "pad" and self.is_wanted:
            if field is not self._field:
                self._open(field)
        else:
            self._close()

    def _open(self, field: TextField) -> None:
        theme, frame = self._app.theme, self._app.frame
        shown = self._made()
        self._field = field
        shown.words, shown.gap = self._app.words, theme.gap * KEY_GAP
        shown.width, shown.height = frame.width, onscreen.height(theme.touch, shown.gap, tall=theme.tall)
        several = _next_field(self._app, field) is not None
        shown.board = onscreen.begin(
            self._app.words.language, field.kind, _before(field), tall=theme.tall, several=several
        )
        frame.show_keys(shown)
        self._frames = FRAMES_TO_GIVE_WAY
        self._reveal()

    def _made(self) -> OnScreenKeyboard:
        if self._shown is None:
            load_rules(str(Path(__file__)))
            self._shown = OnScreenKeyboard(self._take, self._app.words)
        return self._shown

    def _close(self) -> None:
        self._field = None
        if self._shown is not None:
            self._app.frame.hide_keys()

    def _scroll(self) -> None:
        """Scroll to the field where it lies in something that scrolls."""
        self._frames -= 1
        if self._frames > 0:
            self._reveal()
        elif self._field is not None and (around := _scroller(self._field)) is not None:
            around.reveal(self._field)

    # -- what a key does

    def _take(self, name: str) -> None:
        field, shown = self._field, self._shown
        if field is None or shown is None:
            return
        board, act = onscreen.pressed(shown.board, name)
        if act is not None:
            self._do(field, act)
        if self._field is field:
            shown.board = onscreen.capital(board, _before(field)) if act is not None else board

    def _do(self, field: TextField, act: onscreen.Act) -> None:
        if act.write:
            field.write(act.write)
        elif act.move == "back":
            field.erase()
        elif act.move in ("left", "right"):
            field.step(act.move)
        elif act.move == "next":
            following = _next_field(self._app, field)
            if following is not None:
                following.focus = True
        else:
            self.done()


def _before(field: TextField) -> str:
    return str(field.text[: field.cursor_index()])


def _next_field(app: Any, field: TextField) -> TextField | None:
    """Return the field after this one in reading order, the first one after the last; None where there is no other."""
    root = app.frame.panel or app.frame.ids.screens.current_screen
    found = [each for each in root.walk() if isinstance(each, TextField) and not each.disabled and each.height > 1]
    fields = sorted(found, key=reading_order)
    if field not in fields or len(fields) < 2:
        return None
    return fields[(fields.index(field) + 1) % len(fields)]


def _scroller(widget: Any) -> Any:
    while widget is not None and widget.parent is not widget:
        if isinstance(widget, Scroller):
            return widget
        widget = widget.parent
    return None
