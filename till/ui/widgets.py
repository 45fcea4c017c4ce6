"""The plain pieces that every screen is made of: texts, cards, messages. They show; they decide nothing."""

from typing import Any

from kivy.properties import (
    BooleanProperty,
    ColorProperty,
    ObjectProperty,
    OptionProperty,
    StringProperty,
)
from kivy.uix.boxlayout import BoxLayout

from till.ui.text import Text


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
