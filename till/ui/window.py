"""The window's frame: the top bar, the screens under it, and the panels that lie over a screen and wait for an answer.

A panel blocks what lies under it, for touches and for keys; there is one at a time.
"""

from typing import Any

from kivy.app import App
from kivy.properties import ListProperty, ObjectProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.floatlayout import FloatLayout

from till.keypad import typed
from till.presenters.bar import BarState
from till.ui.keyboard import focused_field
from till.ui.keys import PIN_KEYS
from till.ui.memory import clear_what_went


class TopBar(BoxLayout):
    """Store and till, cashier, connection in words and shape, clock."""

    shown = ObjectProperty(BarState(), rebind=True)
    clock_text = StringProperty("")


class WindowFrame(FloatLayout):
    """The root: a column of top bar and screens, and above it room for one panel."""

    panel = ObjectProperty(None, allownone=True)
    # The on-screen keyboard where it is open: it stands at the foot, everything else above it.
    keys = ObjectProperty(None, allownone=True)

    def __init__(self, **properties: Any) -> None:
        # A panel was closed: the collector clears it when somebody waits for the next one to be made.
        self._went = False
        super().__init__(**properties)
        self.bind(size=self._make_room, panel=self._make_room)

    def _make_room(self, *_: object) -> None:
        foot = self.keys.height if self.keys else 0
        for widget in (self.ids.column, self.panel):
            if widget is not None:
                widget.size_hint_y, widget.y, widget.height = None, foot, self.height - foot

    def show_keys(self, keys: Any) -> None:
        """Stand the on-screen keyboard at the foot, above any panel, and move all else up."""
        if self.keys is None:
            self.keys = keys
            self.add_widget(keys)
        App.get_running_app().theme.foot = keys.height
        self._make_room()

    def hide_keys(self) -> None:
        """Take the on-screen keyboard away."""
        if self.keys is not None:
            self.remove_widget(self.keys)
            self.keys = None
            App.get_running_app().theme.foot = 0
            self._make_room()

    def on_touch_down(self, touch: Any) -> bool:
        """Let the app know of every touch before it acts: the lock's time begins anew."""
        App.get_running_app().touched(touch)
        return bool(super().on_touch_down(touch))

    def on_touch_up(self, touch: Any) -> bool:
        """Let the app know when a touch has done what it does."""
        taken = super().on_touch_up(touch)
        App.get_running_app().released()
        return bool(taken)

    def open_panel(self, panel: "Panel") -> None:
        """Lay a panel over the screen; one that is there already goes."""
        self.close_panel()
        if self._went:
            clear_what_went()
            self._went = False
        self.panel = panel
        self.add_widget(panel, index=1 if self.keys else 0)
        field = focused_field()
        if field is not None and not is_inside(field, panel):
            field.focus = False  # what is typed now is meant for the panel

    def close_panel(self) -> None:
        """Take the panel away and let it tidy up."""
        panel, self.panel = self.panel, None
        if panel:
            self.remove_widget(panel)
            panel.closed()
            self._went = True


def is_inside(widget: Any, around: Any) -> bool:
    """Tell whether a widget is a part of another."""
    while widget is not None and widget.parent is not widget:
        if widget is around:
            return True
        widget = widget.parent
    return False


class Panel(FloatLayout):
    """Something over the screen. Its own content goes into a card in the middle."""

    def on_touch_down(self, touch: Any) -> bool:
        """Keep touches from what lies under."""
        super().on_touch_down(touch)
        return True

    def on_touch_move(self, touch: Any) -> bool:
        """Keep touches from what lies under."""
        super().on_touch_move(touch)
        return True

    def on_touch_up(self, touch: Any) -> bool:
        """Keep touches from what lies under."""
        super().on_touch_up(touch)
        return True

    def closed(self) -> None:
        """Tidy up after closing."""

    def scanned(self, code: str) -> bool:
        """Take a scan; tell whether it was meant for this panel. Otherwise it goes to the screen."""
        del code
        return False

    def typed(self, text: str) -> None:
        """Take a character that a person typed."""

    def key(self, name: str) -> bool:
        """Take a keyboard key that no button stands for."""
        del name
        return False


class Question(Panel):
    """Asks once and says what the answer will do. Enter says yes, Esc says no."""

    text = StringProperty("")
    warning = StringProperty("")
    yes_text = StringProperty("")
    no_text = StringProperty("")
    yes_kind = StringProperty("accent")
    yes = ObjectProperty(None)
    no = ObjectProperty(None)

    def scanned(self, code: str) -> bool:
        """A question is answered before anything else happens."""
        del code
        return True


class PinPanel(Panel):
    """Asks for a supervisor's PIN and hands it on. The PIN is never shown, kept or logged."""

    title = StringProperty("")
    dots = StringProperty("")
    submit = ObjectProperty(None)
    layout = ListProperty(PIN_KEYS)

    def __init__(self, **properties: Any) -> None:
        self._pin = ""
        super().__init__(**properties)

    def press(self, key: str) -> None:
        """Type on the pad."""
        self._pin = typed(self._pin, key)
        self.dots = "•" * len(self._pin)

    def typed(self, text: str) -> None:
        """Type on the keyboard."""
        self.press(text)

    def key(self, name: str) -> bool:
        """Drop the last digit with Backspace."""
        if name == "backspace":
            self.press("back")
            return True
        return False

    def enter(self) -> None:
        """Hand the PIN on and close."""
        pin, self._pin = self._pin, ""
        App.get_running_app().frame.close_panel()
        self.submit(pin)

    def closed(self) -> None:
        """Forget what was typed."""
        self._pin = ""


class Menu(Panel):
    """The menu's panel: where else one can go from the sale."""

    choose = ObjectProperty(None)
