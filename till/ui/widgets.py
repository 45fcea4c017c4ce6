"""The pieces that every screen is made of: texts, keys, fields, lists. They show and report; they decide nothing.

Whatever a person can touch carries `target`, a stable English name by which tests and outside programs find it in any
language, and may carry `hotkey`, the key that does the same; the key's name is drawn on it.
"""

from collections.abc import Callable, Sequence
from typing import Any

from kivy.app import App
from kivy.clock import Clock
from kivy.core.window import Window
from kivy.properties import (
    BooleanProperty,
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
from kivy.uix.recycleboxlayout import RecycleBoxLayout
from kivy.uix.recycleview import RecycleView
from kivy.uix.recycleview.views import RecycleDataAdapter, RecycleDataViewBehavior
from kivy.uix.relativelayout import RelativeLayout
from kivy.uix.scrollview import ScrollView
from kivy.uix.textinput import TextInput

from till.ui.text import BEFORE_THE_FRAME, Text

KEY_NAMES = {"enter": "Enter", "escape": "Esc", "delete": "Del"}
# Layouts of keypads by what is typed on them.
PIN_KEYS = ["7", "8", "9", "4", "5", "6", "1", "2", "3", "clear", "0", "back"]
AMOUNT_KEYS = ["7", "8", "9", "4", "5", "6", "1", "2", "3", ".", "0", "00", "clear", "back"]
SALE_KEYS = ["7", "8", "9", "4", "5", "6", "1", "2", "3", ".", "0", "back", "clear", "times", "enter"]
NUMBER_KEYS = ["7", "8", "9", "4", "5", "6", "1", "2", "3", ".", "0", "back"]
KEYS_PER_ROW = 3
KEY_TEXTS = {"back": "", "clear": "C", "times": "×", "enter": ""}
KEY_PICTURES = {"back": "backspace", "enter": "enter"}


class Txt(Text):
    """One line of text that ends in dots where there is no room; `target` makes it readable from outside."""

    target = StringProperty("")


class Word(Text):
    """Text that is as wide as it needs."""

    target = StringProperty("")


class Para(Text):
    """Text that wraps and is as high as it needs."""

    target = StringProperty("")


class Icon(Text):
    """A picture from the icon font, by its meaning."""

    name = StringProperty("information")


class Card(BoxLayout):
    """A surface with rounded corners."""


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


class Recedes(BoxLayout):
    """Something that gives its room away, with all that is in it, while `away`: it is not there for any finger or key.

    A rule sets `away` last, after the hints and the size that it comes back with.
    """

    away = BooleanProperty(False)
    size: Any
    size_hint: Any

    def __init__(self, **properties: Any) -> None:
        self._kept: list[Any] = []
        self._hint: Any = (1, 1)
        self._size: Any = (0, 0)
        super().__init__(**properties)

    def on_away(self, *_: object) -> None:
        """Take what is in it off, or bring it back."""
        if self.away:
            self._kept, self._hint, self._size = self.children[::-1], tuple(self.size_hint), tuple(self.size)
            self.clear_widgets()
            self.size_hint, self.size = (None, None), (0, 0)
            return
        self.size_hint, self.size = self._hint, self._size
        for widget in self._kept:
            self.add_widget(widget)

    def on_size(self, *_: object) -> None:
        """Keep no room while away, whatever a rule says of the size."""
        if self.away and any(self.size):
            self.size = (0, 0)


class PlainScroll(ScrollView):
    """What scrolls. Half a second after the last move its bar pales, at once.

    Kivy's fades: thirty frames are drawn for it after every scan, and the list is held for so long. Kivy also binds the
    bar's colour anew with every move and lets go of it once: after a day's sales thousands of bindings hang there.
    """

    def update_from_scroll(self, *values: Any) -> None:
        """Move what is scrolled."""
        self.funbind("bar_color", self._change_bar_color)
        super().update_from_scroll(*values)

    def _bind_inactive_bar_color(self, *_: object) -> None:
        self.funbind("bar_color", self._change_bar_color)
        self.fbind("bar_inactive_color", self._change_bar_color)
        self._bar_color = self.bar_inactive_color


class Scroller(PlainScroll):
    """What may be higher than its room; while it is not, it stands at the top."""

    def __init__(self, **properties: Any) -> None:
        super().__init__(**properties)
        self.bind(height=self._stand, viewport_size=self._stand)

    def _stand(self, *_: object) -> None:
        if self.viewport_size[1] <= self.height:
            self.scroll_y = 1

    def reveal(self, widget: Any) -> None:
        """Bring something in it into sight."""
        if self.viewport_size[1] > self.height:
            self.scroll_to(widget, animate=False)


class PadRow(BoxLayout):
    """A row of a keypad."""


class PadKey(FlatButton):
    """A key of a keypad: large figures."""


class MessageBar(BoxLayout):
    """What happened, what it means, what to do; it stays until it is read. `kind` is told by word and shape."""

    text = StringProperty("")
    kind = OptionProperty("info", options=["info", "warn", "error"])
    action_text = StringProperty("")
    tone = ColorProperty("#000000")
    take_action = ObjectProperty(None, allownone=True)
    take_dismiss = ObjectProperty(None, allownone=True)

    def act(self) -> None:
        """Do what the message offers."""
        if self.take_action:
            self.take_action()

    def dismiss(self) -> None:
        """Put the message away because a person has read it."""
        if self.take_dismiss:
            self.take_dismiss()


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


class Row(RecycleDataViewBehavior, ButtonBehavior):
    """What every row of a list shows, and how it is touched; the classes below say how it is laid out."""

    title = StringProperty("")
    detail = StringProperty("")
    figure = StringProperty("")
    figure_detail = StringProperty("")
    picture = StringProperty("")
    target = StringProperty("")
    chosen = BooleanProperty(False)
    strong = BooleanProperty(False)
    index = NumericProperty(0)

    def refresh_view_attrs(self, rows: Any, index: int, data: dict[str, Any]) -> Any:
        """Remember which row this is."""
        self.index = index
        return super().refresh_view_attrs(rows, index, data)

    def on_press(self) -> None:
        """Tell the list which row was touched."""
        self.parent.parent.dispatch("on_choose", self.index)


class ListRow(Row, BoxLayout):
    """A row of a list: a title with a line of detail, at the right a figure with a line of detail."""


class BasketRow(Row, RelativeLayout):
    """A line of the basket: quantity, name with the reasons, unit price, sum.

    Its parts are placed within it: a scan moves every row up, and none is laid out anew for that.
    """

    quantity = StringProperty("")
    unit_price = StringProperty("")


class SteadyRows(RecycleDataAdapter):
    """Keeps a row's widgets with its index when the data changes, so that only what is new is drawn anew.

    Kivy's own adapter throws all widgets on a heap and deals them out again in another order: every text in sight is
    rendered again for each scan, and rendering text is what a frame costs.
    """

    views: Any
    dirty_views: Any

    def __init__(self, **properties: Any) -> None:
        super().__init__(**properties)
        self._kept: dict[int, Any] = {}

    def invalidate(self) -> None:
        """Take the widgets out of use and remember which index each had."""
        for views in (*self.dirty_views.values(), self.views):
            self._kept.update(views)
        self.views = {}
        self.dirty_views.clear()

    def get_view(self, index: int, data_item: dict[str, Any], viewclass: Any) -> Any:
        """Return the index's own widget, or one whose row has gone out of sight, brought up to date."""
        for dirty in self.dirty_views.values():
            self._kept.update(dirty)
        self.dirty_views.clear()
        if index not in self._kept and not self._kept:
            return self.create_view(index, data_item, viewclass)
        view = self._kept.pop(index if index in self._kept else min(self._kept, key=lambda kept: -abs(kept - index)))
        self.refresh_view_attrs(index, data_item, view)
        return view

    def set_visible_views(self, indices: Any, data: Any, viewclasses: Any) -> Any:
        """Take widgets out of the list that are left over."""
        new, remaining, old = super().set_visible_views(indices, data, viewclasses)
        for view in self._kept.values():
            if view.parent is not None:
                view.parent.remove_widget(view)
        return new, remaining, old


class SteadyColumn(RecycleBoxLayout):
    """Leaves the rows' widgets where they hang when the rows change; `SteadyRows` deals each its own row again.

    Kivy's own column takes every widget off and hangs it up again for one new row, and each does its layout anew.
    """

    recycleview: Any
    view_indices: dict[Any, int]

    def clear_layout(self) -> None:
        """Forget which widget shows which row; the widgets stay."""
        if self.recycleview is not None:
            self.recycleview.view_adapter.invalidate()
        self.view_indices = {}
        self._size_needs_update = False


class Rows(PlainScroll, RecycleView):
    """A list of any length in a handful of widgets; says `empty_text` when there is nothing in it."""

    empty_text = StringProperty("")
    row_height = NumericProperty(48)
    at_end = BooleanProperty(False)
    data: Any
    __events__ = ("on_choose",)

    def __init__(self, **properties: Any) -> None:
        super().__init__(**properties)
        self.view_adapter = SteadyRows()

    def on_choose(self, index: int) -> None:
        """Called with the index of the row that was touched."""

    def show(self, rows: Sequence[dict[str, Any]]) -> None:
        """Show these rows, doing no more than what changed: one row is added, or a few are exchanged."""
        present = self.data
        if len(rows) < len(present) or len(rows) > len(present) + 1:
            self.data = list(rows)
            return
        for index, row in enumerate(rows[: len(present)]):
            if row != present[index]:
                present[index] = row
        if len(rows) > len(present):
            present.append(rows[-1])

    def on_height(self, *_: object) -> None:
        """Keep the end in sight when the list becomes higher or lower."""
        if self.at_end:
            self.show_end()

    def show_end(self) -> None:
        """Bring the last row into sight, where the rows are higher than the list; stay there in any size."""
        self.at_end = True
        self.scroll_y = 0 if len(self.data) * self.row_height > self.height else 1

    def show_row(self, index: int) -> None:
        """Bring a row into sight, moving the list no further than that takes."""
        room = len(self.data) * self.row_height - self.height
        if room <= 0:
            return
        top, bottom = index * self.row_height, (index + 1) * self.row_height - self.height
        above = (1 - self.scroll_y) * room
        wanted = min(max(above, bottom), top)
        if wanted != above:
            self.at_end = False
            self.scroll_y = 1 - wanted / room


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
