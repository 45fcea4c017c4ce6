"""What is pressed: keys, keypads, quick keys, choices. They report; they decide nothing.

Whatever a person can touch carries `target`, a stable English name by which tests and outside programs find it in any
language, and may carry `hotkey`, the key that does the same; the key's name is drawn on it.
"""

from collections.abc import Callable
from typing import Any

from kivy.properties import (
    ColorProperty,
    ListProperty,
    NumericProperty,
    ObjectProperty,
    OptionProperty,
    StringProperty,
)
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.gridlayout import GridLayout

from till.ui.text import Text

KEY_NAMES = {"enter": "Enter", "escape": "Esc", "delete": "Del"}
# Layouts of keypads by what is typed on them.
PIN_KEYS = ["7", "8", "9", "4", "5", "6", "1", "2", "3", "clear", "0", "back"]
AMOUNT_KEYS = ["7", "8", "9", "4", "5", "6", "1", "2", "3", ".", "0", "00", "clear", "back"]
SALE_KEYS = ["7", "8", "9", "4", "5", "6", "1", "2", "3", ".", "0", "back", "clear", "times", "enter"]
NUMBER_KEYS = ["7", "8", "9", "4", "5", "6", "1", "2", "3", ".", "0", "back"]
KEYS_PER_ROW = 3
KEY_TEXTS = {"back": "", "clear": "C", "times": "×", "enter": ""}
KEY_PICTURES = {"back": "backspace", "enter": "enter"}


class FlatButton(ButtonBehavior, Text):
    """A key with words and, where there is a keyboard key for it, that key's name in the corner."""

    kind = OptionProperty(
        "key", options=["key", "accent", "go", "stop", "warn", "danger", "bare", "chosen", "bar", "tool"]
    )
    target = StringProperty("")
    hotkey = StringProperty("")
    hint = StringProperty("")
    picture = StringProperty("")
    ground = ColorProperty("#FFFFFF")
    type_size = NumericProperty(18)

    def __init__(self, **properties: Any) -> None:
        self._drawn: set[type[Text]] = set()
        super().__init__(**properties)

    def on_kv_post(self, _: object) -> None:
        """Draw what was given before there was anything to draw on."""
        self.on_hint()
        self.on_picture()

    def on_hotkey(self, _: object, hotkey: str) -> None:
        """Show the keyboard's key."""
        self.hint = KEY_NAMES.get(hotkey, hotkey.upper())

    def on_hint(self, *_: object) -> None:
        """Write the keyboard's key into the corner."""
        if self.hint:
            self._draw(KeyHint)

    def on_picture(self, *_: object) -> None:
        """Draw the picture."""
        if self.picture:
            self._draw(KeyPicture)

    def _draw(self, part: "type[KeyHint | KeyPicture]") -> None:
        # Only when there is something to show: most keys have neither, and a label weighs as much as the key itself.
        if self.canvas and part not in self._drawn:
            self._drawn.add(part)
            self.add_widget(part(key=self))

    def press(self) -> None:
        """Do what a touch does."""
        self.dispatch("on_press")


class KeyHint(Text):
    """The name of the keyboard's key in a button's corner."""

    key = ObjectProperty()


class KeyPicture(Text):
    """A button's picture: before its words, or in the middle where it has none."""

    key = ObjectProperty()


class QuickKey(ButtonBehavior, BoxLayout):
    """An article on a key. The pool's keys are made once and refilled."""

    title = StringProperty("")
    price = StringProperty("")
    colour = ColorProperty("#888888")
    type_size = NumericProperty(15)
    article = StringProperty("")
    target = StringProperty("")


class Keypad(BoxLayout):
    """Keys in rows of three, named as the presenters' `key` takes them; `take` gets the name.

    `mark` is what stands on the key of the decimal mark: the language's own.
    """

    layout = ListProperty([])
    mark = StringProperty(".")
    take = ObjectProperty(None, allownone=True)

    def on_layout(self, *_: object) -> None:
        """Make the keys anew; a screen does this once. A short last row shares the width."""
        self.clear_widgets()
        for start in range(0, len(self.layout), KEYS_PER_ROW):
            row = PadRow()
            for name in self.layout[start : start + KEYS_PER_ROW]:
                row.add_widget(self._key(name))
            self.add_widget(row)

    def on_mark(self, *_: object) -> None:
        """Write the decimal mark's key in the language."""
        self.on_layout()

    def _key(self, name: str) -> "PadKey":
        text = self.mark if name == "." else KEY_TEXTS.get(name, name)
        key = PadKey(text=text, picture=KEY_PICTURES.get(name, ""), target=f"key:{name}")
        key.bind(on_press=call(self.report, name))
        return key

    def report(self, key: str) -> None:
        """Hand a key on to whoever listens."""
        if self.take:
            self.take(key)


class PadRow(BoxLayout):
    """A row of a keypad."""


class PadKey(FlatButton):
    """A key of a keypad: large figures."""


def call(action: Callable[..., None], *values: Any) -> Callable[..., None]:
    """Return a callback for kv and bind that drops the widget it is called with."""
    return lambda *_: action(*values)


class Choices(GridLayout):
    """A row of keys of which one is chosen: tabs, filters. `options` are (name, text) pairs."""

    options = ListProperty([])
    chosen = StringProperty("")
    prefix = StringProperty("tab")
    lines = NumericProperty(1)
    take = ObjectProperty(None, allownone=True)

    def on_lines(self, *_: object) -> None:
        """Share the keys out over the lines."""
        self.cols = max(1, -(-len(self.options) // int(self.lines)))

    def on_options(self, *_: object) -> None:
        """Keep the keys that are there; make or drop only the difference."""
        while len(self.children) > len(self.options):
            self.remove_widget(self.children[0])
        while len(self.children) < len(self.options):
            self.add_widget(FlatButton(on_press=self._picked))
        self.on_lines()
        self._name_keys()

    def on_chosen(self, *_: object) -> None:
        """Mark the chosen key."""
        self._name_keys()

    def _name_keys(self) -> None:
        for key, (name, text) in zip(reversed(self.children), self.options, strict=False):
            key.text, key.target = text, f"{self.prefix}:{name}"
            key.kind = "chosen" if name == self.chosen else "key"

    def _picked(self, key: FlatButton) -> None:
        if self.take:
            self.take(key.target.removeprefix(f"{self.prefix}:"))


# Of a bold sans-serif letter's width to its height, on average, and how far type may shrink to keep a word whole.
LETTER_WIDTH, TYPE_SHRINK_MIN = 0.57, 0.66


def fitted(text: str, size: float, width: float) -> float:
    """Return the type size at which the longest word of a text stays whole in a width."""
    longest = max(map(len, text.split()), default=0)
    if not longest or width <= 0:
        return size
    return size * max(TYPE_SHRINK_MIN, min(1.0, width / (longest * LETTER_WIDTH * size)))
