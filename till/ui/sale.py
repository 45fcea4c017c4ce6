"""The sale screen: home. Basket, total and *Pay*; keypad; tabs of quick keys. Panels search and change a line.

Its keys and rows are made once: a scan changes texts, it makes no widget.
"""

from typing import Any

from kivy.clock import Clock
from kivy.properties import ListProperty, NumericProperty, ObjectProperty, StringProperty

from schema.errors import Refused
from schema.money import parse_amount
from schema.quantity import parse_quantity, shortest
from till.keypad import typed
from till.presenters.sale import KEYS_PER_PAGE, KeyState, LineState, Notice, SaleState
from till.ui.screen import TillScreen
from till.ui.theme import TAB_COLOURS
from till.ui.widgets import NUMBER_KEYS, SALE_KEYS, QuickKey, Rows, call
from till.ui.window import Menu, Panel

NO_NOTICE = Notice()


class SaleScreen(TillScreen):
    """Shows a SaleState. The notice of an unknown barcode stays until it is dismissed or the next article comes."""

    dismissed = ObjectProperty(NO_NOTICE)
    keypad_layout = ListProperty(SALE_KEYS)

    def __init__(self, **properties: Any) -> None:
        self.pool: list[QuickKey] = []
        self._keys: tuple[KeyState, ...] = ()
        super().__init__(**properties)

    def update(self, state: SaleState) -> None:
        """Refill basket and keys; open or close what the state asks."""
        if not self.pool:
            self._make_pool()
        self._show_lines(state)
        self._show_keys(state)
        if state.hits and not state.search_text and not isinstance(self.window.frame.panel, SearchPanel):
            self.open_search()  # several articles carry the barcode that was read
        self.window.ask_about(self, state.question, yes=self.presenter.cancel, no=self.presenter.keep, kind="stop")
        panel = self.window.frame.panel
        if isinstance(panel, SearchPanel | LinePanel | CustomerPanel):
            panel.update(state)

    def notice_text(self, notice: Notice, dismissed: Notice) -> str:
        """Return what stands under the basket: a scan that found nothing, until it is dismissed."""
        return notice.text if notice.kind in {"unknown", "error"} and notice is not dismissed else ""

    def dismiss(self) -> None:
        """Put away what was said, or else what was read."""
        if self.window.said.text:
            self.window.hush()
        else:
            self.dismissed = self.shown.notice

    def scanned(self, code: str) -> None:
        """Scan; a panel that is open closes, because the customer goes on."""
        self.window.frame.close_panel()
        self.presenter.scan(code)

    def typed(self, text: str) -> None:
        """Type figures on the keypad; a letter begins a search."""
        if text.isalpha():
            self.open_search(text)
        else:
            super().typed(text)

    def key(self, name: str) -> bool:
        """Enter looks the keypad's entry up; Esc clears it."""
        if name in {"enter", "escape"} and self.shown.keypad:
            self.presenter.key("enter" if name == "enter" else "clear")
            return True
        return super().key(name)

    # -- panels

    def open_search(self, text: str = "") -> None:
        """Open the type-ahead."""
        panel = SearchPanel(screen=self)
        self.window.frame.open_panel(panel)
        panel.begin(text)

    def open_customer(self) -> None:
        """Open the search for a customer."""
        self.window.frame.open_panel(CustomerPanel(screen=self))

    def open_line(self, index: int = -1) -> None:
        """Open what can be done to a line: the touched one, the chosen one or the last."""
        if not self.shown.lines:
            return
        chosen = index if index >= 0 else self.shown.selected if self.shown.selected >= 0 else len(self.shown.lines) - 1
        if self.shown.selected != chosen:
            self.presenter.select(chosen)
        self.window.frame.open_panel(LinePanel(screen=self, line=chosen))

    def open_menu(self) -> None:
        """Open the ways to the other screens."""
        self.window.frame.open_panel(Menu(choose=self._chosen))

    def _chosen(self, name: str) -> None:
        self.window.frame.close_panel()
        presenters = self.window.screens
        others = {
            "lock": presenters.lock.lock,
            "sign_out": presenters.sign_in.sign_out,
            "cancel_sale": self.presenter.ask_cancel,
            "open_drawer": call(self.presenter.open_drawer, self.window.words("Without a sale")),
        }
        others.get(name, call(self.window.go, name))()

    # -- lists and keys

    def _make_pool(self) -> None:
        for position in range(KEYS_PER_PAGE):
            key = QuickKey(on_press=call(self._touched_key, position))
            self.pool.append(key)
            fill_key(key, None, "")
            self.ids.quick_keys.add_widget(key)

    def _touched_key(self, position: int) -> None:
        self.presenter.quick_key(position)

    def _show_keys(self, state: SaleState) -> None:
        if state.keys is self._keys:
            return  # a scan changes no key
        self._keys = state.keys
        colour = TAB_COLOURS[state.page % len(TAB_COLOURS)]
        for position, key in enumerate(self.pool):
            fill_key(key, state.keys[position] if position < len(state.keys) else None, colour)

    def _show_lines(self, state: SaleState) -> None:
        basket: Rows = self.ids.basket
        before = len(basket.data)
        basket.show([line_row(line, state) for line in state.lines])
        if state.changed >= 0 and (len(state.lines) > before or state.changed == len(state.lines) - 1):
            basket.show_end()
        elif state.changed >= 0:
            basket.show_row(state.changed)


def fill_key(key: QuickKey, state: KeyState | None, colour: str) -> None:
    """Put an article on a key of the pool, or take the key out of sight."""
    article = state.article if state else ""
    key.disabled, key.opacity = not state, 1 if state else 0
    key.article, key.target = article, f"quick:{article}" if article else ""
    if state:
        key.title, key.price, key.colour = state.label, state.price_text, colour


def line_row(line: LineState, state: SaleState) -> dict[str, Any]:
    """Return a basket line as its row shows it: what explains price and sum stands under the name."""
    reasons = [part for part in (line.reason, line.discount_text, line.note) if part]
    return {
        "quantity": line.quantity,
        "title": line.name,
        "detail": "  ·  ".join(reasons),
        "unit_price": line.unit_price_text,
        "figure": line.total_text,
        "chosen": line.index == (state.selected if state.selected >= 0 else state.changed),
        "target": f"line:{line.index + 1}",
    }


class SearchPanel(Panel):
    """Type-ahead over all articles: touch one, or Enter for the first."""

    screen = ObjectProperty(None)

    def begin(self, text: str) -> None:
        """Give the field the keyboard at once, so that no character is lost, and what was typed so far."""
        self.ids.field.focus = True
        self.ids.field.text = text

    def update(self, state: SaleState) -> None:
        """Show what was found."""
        self.ids.hits.show(
            [
                {"title": hit.name, "detail": f"{hit.article}  ·  {hit.group}", "figure": hit.price_text}
                | {"target": f"hit:{hit.article}"}
                for hit in state.hits
            ]
        )

    def find(self, text: str) -> None:
        """Search while typing."""
        if self.parent:
            self.screen.presenter.search(text)

    def pick(self, position: int) -> None:
        """Add a hit and close."""
        if position < len(self.screen.shown.hits):
            self.screen.presenter.pick(position)
            self.screen.window.frame.close_panel()

    def closed(self) -> None:
        """Leave the field, so that the keyboard belongs to the sale again."""
        self.ids.field.focus = False
        if self.screen.shown.search_text:
            self.screen.presenter.search("")


class CustomerPanel(Panel):
    """Find a customer and put it on the sale, or take it off."""

    screen = ObjectProperty(None)

    def __init__(self, **properties: Any) -> None:
        super().__init__(**properties)
        Clock.schedule_once(lambda _seconds: setattr(self.ids.field, "focus", True))

    def update(self, state: SaleState) -> None:
        """Show who was found."""
        self.ids.hits.show(
            [
                {"title": hit.company or hit.name, "detail": ", ".join(filter(None, (hit.name, hit.city)))}
                | {"figure": hit.number, "target": f"customer:{hit.number}"}
                for hit in state.customer_hits
            ]
        )

    def pick(self, position: int) -> None:
        """Choose a hit and close."""
        if position < len(self.screen.shown.customer_hits):
            self.choose(self.screen.shown.customer_hits[position].number)

    def choose(self, number: str) -> None:
        """Choose by number; nothing takes the customer off."""
        self.screen.window.frame.close_panel()
        self.screen.presenter.choose_customer(number)

    def closed(self) -> None:
        """Leave the field."""
        self.ids.field.focus = False


class LinePanel(Panel):
    """Change one line: quantity, discount in percent or as an amount, price, note; or take it off."""

    screen = ObjectProperty(None)
    line = NumericProperty(0)
    shown = ObjectProperty(None, rebind=True)
    mode = StringProperty("quantity")
    entry = StringProperty("")
    said = StringProperty("")
    keypad_layout = ListProperty(NUMBER_KEYS)

    def __init__(self, **properties: Any) -> None:
        self.shown = properties["screen"].shown.lines[properties["line"]]
        super().__init__(**properties)

    @property
    def words(self) -> Any:
        """Return the window's words."""
        return self.screen.window.words

    def modes(self) -> list[tuple[str, str]]:
        """Return what can be changed, as the choices show it."""
        words = self.words
        return [
            ("quantity", words("Quantity")),
            ("percent", words("Discount %")),
            ("amount", words("Discount")),
            ("price", words("Price")),
            ("note", words("Note")),
        ]

    def update(self, state: SaleState) -> None:
        """Follow the line; close when it is gone."""
        if self.line < len(state.lines):
            self.shown = state.lines[self.line]
        else:
            self.screen.window.frame.close_panel()

    def choose(self, mode: str) -> None:
        """Begin to type something else."""
        self.mode, self.entry, self.said = mode, "", ""
        self.ids.note.focus = mode == "note"

    def press(self, key: str) -> None:
        """Type on the pad."""
        self.entry, self.said = typed(self.entry, key), ""

    def typed(self, text: str) -> None:
        """Type on the keyboard."""
        self.press("." if text == "," else text)

    def key(self, name: str) -> bool:
        """Drop the last character with Backspace."""
        if name == "backspace":
            self.press("back")
        return name == "backspace"

    def step(self, pieces: int) -> None:
        """One more or one less."""
        presenter = self.screen.presenter
        self._do(lambda: presenter.change_quantity(self.line, stepped(self.shown.quantity, pieces)))

    def apply(self) -> None:
        """Do what was typed and close; nothing typed changes nothing."""
        if self.mode == "note":
            self._do(lambda: self.screen.presenter.note(self.line, self.ids.note.text))
        elif self.entry:
            self._do(self._apply_entry)
        if not self.said:
            self.screen.window.frame.close_panel()

    def _apply_entry(self) -> None:
        presenter, currency = self.screen.presenter, self.screen.shown.currency
        match self.mode:
            case "quantity":
                presenter.change_quantity(self.line, self.entry)
            case "percent":
                presenter.discount_percent(self.line, self.entry)
            case "amount":
                presenter.discount_amount(self.line, parse_amount(self.entry, currency))
            case "price":
                presenter.change_price(self.line, parse_amount(self.entry, currency))

    def _do(self, action: Any) -> None:
        self.said = ""
        try:
            action()
        except Refused as refusal:
            self.said = self.words.of_error(refusal)

    def remove(self) -> None:
        """Take the line off."""
        self.screen.window.frame.close_panel()
        self.screen.presenter.remove(self.line)

    def closed(self) -> None:
        """Take the mark off the line and leave the field."""
        self.ids.note.focus = False
        if self.screen.presenter.state.selected == self.line < len(self.screen.presenter.state.lines):
            self.screen.presenter.select(self.line)


def stepped(quantity: str, pieces: int) -> str:
    """Return a shown quantity changed by whole pieces; its fraction stays. The presenter judges the result."""
    return str(shortest(parse_quantity(quantity.split(maxsplit=1)[0]) + pieces))
