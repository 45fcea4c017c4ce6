"""The panels over the sale screen: search, a line, options, amounts, a free article, suggestions, quick keys, the rest.

Each is a picture of the sale's state; `update` follows it while the panel is open.
"""

from pathlib import Path
from typing import Any

from kivy.properties import BooleanProperty, ListProperty, NumericProperty, ObjectProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.gridlayout import GridLayout

from schema.errors import Refused
from schema.money import parse_amount
from schema.quantity import parse_quantity, shortest
from till.keypad import typed
from till.presenters.sale_state import Choosing, OptionState, SaleState
from till.ui.keys import NUMBER_KEYS, FlatButton, call
from till.ui.widgets import Txt
from till.ui.window import Panel, Question

RULES = str(Path(__file__))


class SalePanel(Panel):
    """What every panel over the sale has: the screen under it."""

    screen = ObjectProperty(None)

    @property
    def words(self) -> Any:
        """Return the window's words."""
        return self.screen.window.words

    @property
    def presenter(self) -> Any:
        """Return the sale's presenter."""
        return self.screen.presenter

    def update(self, state: SaleState) -> None:
        """Follow the sale's state."""

    def close(self) -> None:
        """Close this panel, where it is still the one in front."""
        if self.screen.window.frame.panel is self:
            self.screen.window.frame.close_panel()


class SearchPanel(SalePanel):
    """Type-ahead over all articles: touch one, or Enter for the first."""

    def begin(self, text: str) -> None:
        """Give the field the keyboard at once, so that no character is lost, and what was typed so far."""
        self.ids.field.focus = True
        self.ids.field.text = text

    def update(self, state: SaleState) -> None:
        """Show what was found."""
        self.ids.hits.show(
            [
                {"title": hit.name, "detail": "  ·  ".join(filter(None, (hit.article, hit.group)))}
                | {"figure": hit.price_text, "target": f"hit:{hit.article}"}
                for hit in state.hits
            ]
        )

    def find(self, text: str) -> None:
        """Search while typing."""
        if self.parent:
            self.presenter.search(text)

    def pick(self, position: int) -> None:
        """Add a hit and close."""
        if position < len(self.screen.shown.hits):
            self.presenter.pick(position)
            self.close()

    def leave(self) -> None:
        """Close without an article; an unknown code stays unknown."""
        self.presenter.search("")
        self.close()

    def closed(self) -> None:
        """Leave the field, so that the keyboard belongs to the sale again."""
        self.ids.field.focus = False
        if self.presenter.state.search_text:
            self.presenter.search("")


class FiguresPanel(SalePanel):
    """Something to type on a keypad, in one of several modes; `take` says what is done with it."""

    title = StringProperty("")
    detail = StringProperty("")
    mode = StringProperty("")
    entry = StringProperty("")
    said = StringProperty("")
    keypad_layout = ListProperty(NUMBER_KEYS)

    def modes(self) -> list[tuple[str, str]]:
        """Return what can be typed, as the choices show it."""
        return []

    def empty(self) -> str:
        """Return what stands where nothing is typed yet."""
        return dict(self.modes()).get(self.mode, "")

    def choose(self, mode: str) -> None:
        """Begin to type something else."""
        self.mode, self.entry, self.said = mode, "", ""

    def press(self, key: str) -> None:
        """Type on the pad."""
        self.entry, self.said = typed(self.entry, key), ""

    def typed(self, text: str) -> None:
        """Type on the keyboard."""
        self.press("." if text == "," else text)

    def key(self, name: str) -> bool:
        """Drop the last character with Backspace; walk through the modes with the arrows."""
        names = [mode for mode, _ in self.modes()]
        if name == "backspace":
            self.press("back")
        elif name in {"up", "down"} and self.mode in names:
            self.choose(names[(names.index(self.mode) + (1 if name == "down" else -1)) % len(names)])
        else:
            return False
        return True

    def apply(self) -> None:
        """Do what was typed and close; nothing typed changes nothing."""
        if self.entry:
            self.do(self.take)
        if not self.said:
            self.close()

    def take(self) -> None:
        """Do what was typed."""

    def amount(self) -> int:
        """Return the entry as minor units. Raises Refused."""
        return parse_amount(self.entry, self.screen.shown.currency)

    def do(self, action: Any) -> None:
        """Do something; what it refuses stands on this panel."""
        self.said = ""
        try:
            action()
        except Refused as refusal:
            self.said = self.words.of_error(refusal)


class BillPanel(FiguresPanel):
    """A discount on the whole bill."""

    def __init__(self, **properties: Any) -> None:
        super().__init__(mode="percent", **properties)
        self.title = self.words("Discount on the bill")
        self.detail = self.screen.shown.bill_discount_text

    def modes(self) -> list[tuple[str, str]]:
        """In percent, or an amount."""
        return [("percent", self.words("Percent off")), ("amount", self.words("Amount off"))]

    def take(self) -> None:
        """Give the discount; nothing off takes it back."""
        if self.mode == "percent":
            self.presenter.bill_discount_percent(self.entry)
        else:
            self.presenter.bill_discount_amount(self.amount())


class VoucherAmountPanel(FiguresPanel):
    """The amount of a voucher that is sold."""

    def __init__(self, **properties: Any) -> None:
        super().__init__(mode="amount", **properties)
        self.title = self.screen.shown.voucher_ask.name

    def empty(self) -> str:
        """Ask for the amount."""
        return str(self.words("Worth of the voucher"))

    def update(self, state: SaleState) -> None:
        """Close when it was sold."""
        if state.voucher_ask is None:
            self.close()

    def take(self) -> None:
        """Sell it."""
        self.presenter.voucher_amount(self.amount())

    def closed(self) -> None:
        """Without an amount no voucher is sold."""
        if self.screen.presenter.state.voucher_ask is not None:
            self.presenter.leave_voucher()


class LinePanel(FiguresPanel):
    """Change one line: quantity, discount in percent or as an amount, price, note; or take it off."""

    line = NumericProperty(0)
    shown = ObjectProperty(None, rebind=True)
    stock = StringProperty("")

    def __init__(self, **properties: Any) -> None:
        screen = properties["screen"]
        self.shown = screen.shown.lines[properties["line"]]
        self.stock = screen.presenter.stock_text(self.shown.article)
        super().__init__(mode="quantity" if self.shown.may_change else "note", **properties)
        if self.mode == "note":
            self.choose("note")

    def modes(self) -> list[tuple[str, str]]:
        """Return what can be changed, as the choices show it."""
        words = self.words
        changes = [
            ("quantity", words("Quantity")),
            ("percent", words("Discount %")),
            ("amount", words("Discount")),
            ("price", words("Price")),
        ]
        return [*(changes if self.shown.may_change else []), ("note", words("Note"))]

    def update(self, state: SaleState) -> None:
        """Follow the line; close when it is gone."""
        if self.line < len(state.lines):
            self.shown = state.lines[self.line]
        else:
            self.close()

    def choose(self, mode: str) -> None:
        """Begin to type something else."""
        super().choose(mode)
        self.ids.note.focus = mode == "note"

    def step(self, pieces: int) -> None:
        """One more or one less."""
        self.do(lambda: self.presenter.change_quantity(self.line, stepped(self.shown.quantity, pieces)))

    def apply(self) -> None:
        """Do what was typed and close; nothing typed changes nothing."""
        if self.mode == "note":
            self.do(lambda: self.presenter.note(self.line, self.ids.note.text))
            if not self.said:
                self.close()
        else:
            super().apply()

    def take(self) -> None:
        """Change the line."""
        match self.mode:
            case "quantity":
                self.presenter.change_quantity(self.line, self.entry)
            case "percent":
                self.presenter.discount_percent(self.line, self.entry)
            case "amount":
                self.presenter.discount_amount(self.line, self.amount())
            case "price":
                self.presenter.change_price(self.line, self.amount())

    def remove(self) -> None:
        """Take the line off."""
        self.close()
        self.presenter.remove(self.line)

    def closed(self) -> None:
        """Take the mark off the line and leave the field."""
        self.ids.note.focus = False
        if self.presenter.state.selected == self.line < len(self.presenter.state.lines):
            self.presenter.select(self.line)


def stepped(quantity: str, pieces: int) -> str:
    """Return a shown quantity changed by whole pieces; its fraction stays. The presenter judges the result."""
    return str(shortest(parse_quantity(quantity.split(maxsplit=1)[0]) + pieces))


class FreePanel(SalePanel):
    """An article without a number: its name, price and tax. For an unknown code, that code goes with it."""

    taxes = ListProperty([])
    tax = StringProperty("")
    said = StringProperty("")
    code = StringProperty("")
    keypad_layout = ListProperty(NUMBER_KEYS)

    def __init__(self, **properties: Any) -> None:
        super().__init__(**properties)
        self.taxes = [list(each) for each in self.presenter.free_taxes()]
        self.tax = self.taxes[0][0] if self.taxes else ""
        self.ids.name.focus = True

    def press(self, key: str) -> None:
        """Type the price on the pad."""
        self.ids.price.text = typed(self.ids.price.text, key)

    def apply(self) -> None:
        """Add it and close."""
        name, code = self.ids.name.text, self.code
        try:
            amount = parse_amount(self.ids.price.text or "-", self.screen.shown.currency)
        except Refused as refusal:
            self.said = self.words.of_error(refusal)
            return
        self.close()
        if code:
            self.presenter.free_unknown(name, amount, self.tax)
        else:
            self.presenter.add_text(name, amount, self.tax)

    def closed(self) -> None:
        """Leave the fields."""
        self.ids.name.focus = self.ids.price.focus = False


class OptionsPanel(SalePanel):
    """The options of an article, each with its choices; a figure on the keyboard is the choice with that number."""

    shown = ObjectProperty(None, rebind=True)

    def __init__(self, **properties: Any) -> None:
        self.shown = properties["screen"].shown.choosing
        self._keys: list[FlatButton] = []
        self._places: list[tuple[int, int]] = []
        super().__init__(**properties)
        for place, option in enumerate(self.shown.options):
            self.ids.options.add_widget(self._block(place, option))
        self._mark(self.shown)

    def _block(self, place: int, option: OptionState) -> "OptionBlock":
        block = OptionBlock(title=option.name, hint=option.hint)
        for number, _ in enumerate(option.choices):
            key = ChoiceKey(hint=str(len(self._keys) + 1) if len(self._keys) < 9 else "")
            key.bind(on_press=call(self.presenter.choose_option, place, number))
            self._keys.append(key)
            self._places.append((place, number))
            block.ids.choices.add_widget(key)
        return block

    def _mark(self, choosing: Choosing) -> None:
        for key, (place, number) in zip(self._keys, self._places, strict=True):
            choice = choosing.options[place].choices[number]
            key.text = f"{choice.name}  {choice.price_text}".strip()
            key.target = f"choice:{choice.name}"
            key.kind = "chosen" if choice.chosen else "key"

    def update(self, state: SaleState) -> None:
        """Mark what was chosen; close when the article is taken."""
        if state.choosing is None or state.choosing.article != self.shown.article:
            self.close()
            return
        self.shown = state.choosing
        self._mark(self.shown)

    def typed(self, text: str) -> None:
        """Choose by number."""
        if text.isdigit() and 0 < int(text) <= len(self._places):
            self.presenter.choose_option(*self._places[int(text) - 1])

    def take(self) -> None:
        """Add the article as chosen."""
        self.presenter.take_options(self.ids.note.text)

    def closed(self) -> None:
        """Without an answer the article is not added."""
        self.ids.note.focus = False
        if self.presenter.state.choosing is not None:
            self.presenter.leave_options()


class OptionBlock(BoxLayout):
    """An option: its name, how many are wanted, its choices."""

    title = StringProperty("")
    hint = StringProperty("")


class ChoiceGrid(GridLayout):
    """The choices of an option, as many in a row as fit."""


class ChoiceKey(FlatButton):
    """One choice."""


class OptionTitle(Txt):
    """An option's name."""


class SuggestPanel(SalePanel):
    """What goes well with the goods: touch to add, or go on to *Pay*."""

    def __init__(self, **properties: Any) -> None:
        super().__init__(**properties)
        self.update(self.screen.shown)

    def update(self, state: SaleState) -> None:
        """Show what is left of it."""
        if not state.suggestions:
            self.close()
            return
        self.ids.hits.show(
            [
                {"title": hit.name, "detail": hit.group, "figure": hit.price_text, "target": f"suggested:{hit.article}"}
                for hit in state.suggestions
            ]
        )

    def pay(self) -> None:
        """Go on without more of it."""
        self.presenter.pay()

    def closed(self) -> None:
        """Back in the basket nothing is offered any more."""
        if self.presenter.state.suggestions:
            self.presenter.leave_suggestions()


class ArticleQuestion(Question):
    """A question about an article: a scan goes on meanwhile, the question comes back after it."""

    def scanned(self, code: str) -> bool:
        """Leave the scan to the sale."""
        del code
        return False


class MorePanel(SalePanel):
    """What is needed less often at the sale."""

    separate = BooleanProperty(False)

    def do(self, action: Any, *values: Any) -> None:
        """Close and do something."""
        self.close()
        action(*values)


class NamePanel(SalePanel):
    """A name to type."""

    title = StringProperty("")
    text = StringProperty("")
    submit = ObjectProperty(None)

    def __init__(self, **properties: Any) -> None:
        super().__init__(**properties)
        self.ids.name.text = self.text
        self.ids.name.focus = True

    def apply(self) -> None:
        """Hand the name on and close."""
        text = self.ids.name.text
        self.close()
        self.submit(text)

    def closed(self) -> None:
        """Leave the field."""
        self.ids.name.focus = False


class KeyPanel(SalePanel):
    """One quick key that is edited: move it, or take it off the page."""

    article = StringProperty("")
    title = StringProperty("")

    def place(self) -> int:
        """Return where the key stands now on the shown page."""
        return next((at for at, key in enumerate(self.screen.shown.keys) if key.article == self.article), -1)

    def move(self, step: int) -> None:
        """Move the key."""
        self.presenter.key_move(self.place(), step)

    def remove(self) -> None:
        """Take it off."""
        place = self.place()
        self.close()
        self.presenter.key_remove(place)
