"""The sale screen: home. Basket, total and *Pay*; keypad; tabs of quick keys. What it opens stands in sale_panels.

Its keys and rows are made once: a scan changes texts, it makes no widget.
"""

from typing import Any

from kivy.properties import BooleanProperty, ListProperty, NumericProperty, ObjectProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout

from till.presenters.sale_state import Ask, KeyState, LineState, Notice, Offer, SaleState, UnknownCode
from till.selling.quick_keys import KEYS_PER_PAGE
from till.ui import sale_panels
from till.ui.keys import SALE_KEYS, QuickKey, call
from till.ui.lists import Rows
from till.ui.rules import load_rules
from till.ui.sale_panels import (
    ArticleQuestion,
    BillPanel,
    FreePanel,
    KeyPanel,
    LinePanel,
    MorePanel,
    NamePanel,
    OptionsPanel,
    SalePanel,
    SearchPanel,
    SuggestPanel,
    VoucherAmountPanel,
)
from till.ui.screen import TillScreen
from till.ui.theme import TAB_COLOURS
from till.ui.window import Menu, Question

NO_NOTICE = Notice()


class SaleScreen(TillScreen):
    """Shows a SaleState. What was read and is not known stays until somebody has dealt with it."""

    dismissed = ObjectProperty(NO_NOTICE)
    # While keys are edited: the one that the arrows have reached.
    marked_key = NumericProperty(-1)
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
        panel = self.window.frame.panel
        if isinstance(panel, SalePanel):
            panel.update(state)
        self._ask(state)
        self._open_what_is_wanted(state)

    # -- what the state asks

    def _ask(self, state: SaleState) -> None:
        """Keep the question in line with the state: about the basket, an article, or a paper that was scanned."""
        self.window.ask_about(self, state.question, yes=self.presenter.cancel, no=self.presenter.keep, kind="stop")
        if not state.question:
            self._ask_about_article(state.ask or state.offer)

    def _ask_about_article(self, asked: Ask | Offer | None) -> None:
        panel = self.window.frame.panel
        if asked is None or not self._is_in_front():
            return
        if isinstance(panel, Question) and panel.text == asked.text:
            return
        is_ask = isinstance(asked, Ask)
        yes = call(self.presenter.answer, True) if is_ask else self.presenter.accept_offer
        no = call(self.presenter.answer, False) if is_ask else self.presenter.decline_offer
        words = {"yes_text": self.window.words("Yes"), "no_text": self.window.words("No")}
        warning = asked.detail if isinstance(asked, Ask) else ""
        self.window.frame.open_panel(ArticleQuestion(text=asked.text, warning=warning, yes=yes, no=no, **words))

    def _is_in_front(self) -> bool:
        return bool(self.window.frame.ids.screens.current_screen is self)

    def _open_what_is_wanted(self, state: SaleState) -> None:
        panel = self.window.frame.panel
        if not self._is_in_front():
            return
        if state.choosing and not isinstance(panel, OptionsPanel):
            self.open_over(OptionsPanel)
        elif state.voucher_ask and not isinstance(panel, VoucherAmountPanel):
            self.open_over(VoucherAmountPanel)
        elif state.suggestions and not isinstance(panel, SuggestPanel | OptionsPanel):
            self.open_over(SuggestPanel)
        elif state.hits and not state.search_text and not isinstance(panel, SearchPanel):
            self.open_search()  # several articles carry the barcode that was read

    # -- what is said

    def notice_text(self, notice: Notice, dismissed: Notice) -> str:
        """Return what stands under the basket: a scan that went wrong, until it is dismissed."""
        return notice.text if notice.kind == "error" and notice is not dismissed else ""

    def said_text(self, said: str, unknown: UnknownCode | None) -> str:
        """Return what was said, where it is not what the unknown code's own words say."""
        return "" if unknown is not None and said == unknown.text else said

    def unknown_text(self, unknown: UnknownCode | None, count: int) -> str:
        """Return what is said of an unknown code, and how many wait behind it."""
        if unknown is None:
            return ""
        more = self.window.words("{count} more", count=count - 1) if count > 1 else ""
        text = unknown.text if unknown.code in unknown.text else f"{unknown.code}: {unknown.text}"
        return f"{text}  ({more})" if more else text

    def dismiss(self) -> None:
        """Put away what was said, or else what was read."""
        if self.window.said.text:
            self.window.hush()
        else:
            self.dismissed = self.shown.notice

    def dismiss_unknown(self) -> None:
        """Put the unknown code away."""
        self.window.hush()
        self.presenter.dismiss_unknown()

    def search_unknown(self) -> None:
        """Search for what was read."""
        if self.shown.unknown:
            code = self.shown.unknown.code
            self.presenter.search_unknown()
            self.open_search(code)

    # -- what a person does

    def scanned(self, code: str) -> None:
        """Scan; a panel that is open closes, because the customer goes on. Options chosen so far are taken."""
        if not isinstance(self.window.frame.panel, OptionsPanel):
            self.window.frame.close_panel()
        self.presenter.scan(code)

    def typed(self, text: str) -> None:
        """Type figures on the keypad; a letter begins a search."""
        if text.isalpha():
            self.open_search(text)
        else:
            super().typed(text)

    def key(self, name: str) -> bool:
        """Enter looks the keypad's entry up, Esc clears it; the arrows walk through the basket; some keys go places."""
        places = {"f5": call(self.window.go, "parked"), "f9": self.window.screens.lock.lock}
        if name in {"enter", "escape"} and self.shown.keypad:
            self.presenter.key("enter" if name == "enter" else "clear")
        elif name in {"up", "down"}:
            self._move_mark(-1 if name == "up" else 1)
        elif name == "enter" and self.shown.editing and self.marked_key >= 0:
            self._touched_key(self.marked_key)
        elif name in places:
            places[name]()
        elif name == "escape" and self.shown.editing:
            self.presenter.edit_keys()
        else:
            return super().key(name)
        return True

    def _move_mark(self, step: int) -> None:
        """Move the mark: through the basket, or through the keys while they are edited."""
        if self.shown.editing and self.shown.keys:
            before_first = 0 if step < 0 else -1
            place = self.marked_key if self.marked_key >= 0 else before_first
            self.marked_key = (place + step) % len(self.shown.keys)
        else:
            self.presenter.select_next(step)

    def on_marked_key(self, *_: object) -> None:
        """Show the mark as a key that is held down."""
        for position, key in enumerate(self.pool):
            key.state = "down" if position == self.marked_key else "normal"

    # -- panels

    def open_over(self, panel: type[SalePanel], **properties: Any) -> SalePanel:
        """Lay one of the sale's panels over it."""
        load_rules(sale_panels.RULES)
        made = panel(screen=self, **properties)
        self.window.frame.open_panel(made)
        return made

    def open_search(self, text: str = "") -> None:
        """Open the type-ahead."""
        panel = self.open_over(SearchPanel)
        assert isinstance(panel, SearchPanel)  # noqa: S101 - what was asked for
        panel.update(self.shown)
        panel.begin(text)

    def open_line(self, index: int = -1) -> None:
        """Open what can be done to a line: the touched one, the chosen one or the last; a deposit's is its article."""
        if not self.shown.lines:
            return
        chosen = index if index >= 0 else self.shown.selected if self.shown.selected >= 0 else len(self.shown.lines) - 1
        if chosen and self.shown.lines[chosen].kind == "bottle_deposit":
            chosen -= 1
        if self.shown.selected != chosen:
            self.presenter.select(chosen)
        self.open_over(LinePanel, line=chosen)

    def open_bill(self) -> None:
        """Open the discount on the bill."""
        self.open_over(BillPanel)

    def open_free(self, code: str = "") -> None:
        """Open the free article; an unknown code that waits is sold by that."""
        waiting = self.shown.unknown.code if self.shown.unknown else ""
        self.open_over(FreePanel, code=code or waiting)

    def open_more(self) -> None:
        """Open what is needed less often."""
        self.open_over(MorePanel, separate=self.shown.separate_lines)

    def rename_page(self) -> None:
        """Ask the shown page's new name."""
        name = self.shown.pages[self.shown.page]
        title = self.window.words("Name of the page")
        self.open_over(NamePanel, title=title, text=name, submit=self.presenter.page_rename)

    def new_page(self) -> None:
        """Ask the name of a new page; the selected or last article is its first."""
        self.open_over(NamePanel, title=self.window.words("Name of the page"), submit=self.presenter.page_add)

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
            "open_drawer": self._ask_drawer,
        }
        others.get(name, call(self.window.go, name))()

    def _ask_drawer(self) -> None:
        """Ask why the drawer is opened: the journal wants a reason."""
        self.window.go("cash")
        self.window.screens.cash.choose("drawer")

    # -- lists and keys

    def _make_pool(self) -> None:
        for position in range(KEYS_PER_PAGE):
            key = QuickKey(on_press=call(self._touched_key, position))
            self.pool.append(key)
            fill_key(key, None, "")
            self.ids.quick_keys.add_widget(key)

    def _touched_key(self, position: int) -> None:
        if not self.shown.editing:
            self.presenter.quick_key(position)
        elif position < len(self.shown.keys):
            key = self.shown.keys[position]
            self.open_over(KeyPanel, article=key.article, title=key.label)

    def _show_keys(self, state: SaleState) -> None:
        if not state.editing:
            self.marked_key = -1
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
        shown = state.changed if state.selected < 0 else state.selected
        if state.changed >= 0 and (len(state.lines) > before or shown == len(state.lines) - 1):
            basket.show_end()
        elif shown >= 0:
            basket.show_row(shown)


class UnknownBar(BoxLayout):
    """A code that nobody knows: what was read, and what can be done about it."""

    screen = ObjectProperty(None)
    code = StringProperty("")
    text = StringProperty("")
    # Nothing else is said beside it.
    alone = BooleanProperty(True)


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
