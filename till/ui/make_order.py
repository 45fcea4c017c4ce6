"""Make order: how, when and for whom, what the store asks beside it; then placed, or placed and paid."""

from typing import Any

from kivy.properties import ListProperty
from kivy.uix.boxlayout import BoxLayout

from till.presenters.make_order import MakeOrderState
from till.ui.fields import TextField
from till.ui.keys import AMOUNT_KEYS
from till.ui.screen import TillScreen


class MakeOrderScreen(TillScreen):
    """Shows a MakeOrderState."""

    keypad_layout = ListProperty(AMOUNT_KEYS)

    def __init__(self, **properties: Any) -> None:
        self._names: tuple[str, ...] = ()
        super().__init__(**properties)

    def update(self, state: MakeOrderState) -> None:
        """Make the store's own fields once; empty every field for the next order."""
        names = tuple(field.name for field in state.fields)
        if names != self._names:
            self._names = names
            self._make_fields(names)
        for field, text in (
            (self.ids.name, state.name),
            (self.ids.phone, state.phone),
            (self.ids.day_typed, state.day_typed),
            (self.ids.subject, state.subject),
        ):
            if not field.focus and field.text != text:
                field.text = text
        for field, shown in zip(reversed(self.ids.fields.children), state.fields, strict=True):
            if not field.focus and field.text != shown.text:
                field.text = shown.text

    def _make_fields(self, names: tuple[str, ...]) -> None:
        box: BoxLayout = self.ids.fields
        box.clear_widgets()
        for name in names:
            field = TextField(hint_text=name, kind="name")
            field.target = f"field:{name}"
            field.bind(text=lambda _field, text, name=name: self.presenter.type_field(name, text))
            box.add_widget(field)

    def typed(self, text: str) -> None:
        """Figures are the deposit, letters the customer's name."""
        if text.isalpha():
            self.ids.name.focus = True
            self.ids.name.text += text
        else:
            super().typed(text)

    def on_leave(self, *_: object) -> None:
        """Give the keyboard back."""
        for field in (self.ids.name, self.ids.phone, self.ids.subject, self.ids.day_typed, *self.ids.fields.children):
            field.focus = False
