"""Pay: quick amounts, keypad, tenders and their questions; the terminal's own words while a card is read."""

from typing import Any

from kivy.app import App
from kivy.properties import ColorProperty, ListProperty, NumericProperty, ObjectProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout

from till.presenters.pay_state import Panel as Ask
from till.presenters.pay_state import PayState, QuickAmount, TenderKey
from till.ui.keys import AMOUNT_KEYS, FlatButton, call
from till.ui.screen import TillScreen
from till.ui.widgets import Para
from till.ui.window import Panel

QUICK_AMOUNTS_MAX = 6
# The keyboard's key of each tender that has no place of its own on the screen.
HOTKEYS = {"voucher": "f2", "account": "f3", "card_manual": "f4"}


class PayScreen(TillScreen):
    """Shows a PayState. A tender's question, and the terminal while it works, lie over everything else."""

    keypad_layout = ListProperty(AMOUNT_KEYS)
    # The payment that *Take back* is about, from 1; 0 where nothing was paid.
    chosen = NumericProperty(0)

    def update(self, state: PayState) -> None:
        """Show what was paid, the quick amounts, the tenders and what lies over them."""
        if not 1 <= self.chosen <= len(state.payments):
            self.chosen = len(state.payments)
        self._show_payments(state)
        self._show_amounts(state.quick_amounts[:QUICK_AMOUNTS_MAX])
        self._show_tenders(tuple(tender for tender in state.tenders if tender.tender in HOTKEYS))
        self._show_panel(state)

    def scanned(self, code: str) -> None:
        """A voucher is looked at; an article goes back to the sale with it, unless money is on its way."""
        if self.shown.busy or not self.shown.may_go_back:
            super().scanned(code)
            return
        if self.presenter.is_voucher(code):
            self.presenter.look_at_voucher(code)
            return
        self.presenter.back()
        self.window.screens.sale.scan(code)

    def cash(self) -> None:
        """Take cash: what was typed, or exactly what is due."""
        self.presenter.cash()

    def choose(self, position: int) -> None:
        """Touch a payment."""
        self.chosen = position + 1
        self._show_payments(self.shown)

    def take_back(self) -> None:
        """Take the chosen payment back."""
        self.presenter.take_back(int(self.chosen) - 1)

    def _show_payments(self, state: PayState) -> None:
        self.ids.payments.show(
            [
                {
                    "title": payment.tender_text,
                    "detail": payment.about,
                    "figure": payment.amount_text,
                    "target": f"payment:{number}",
                    "chosen": number == self.chosen,
                }
                for number, payment in enumerate(state.payments, start=1)
            ]
        )

    def _show_amounts(self, amounts: tuple[QuickAmount, ...]) -> None:
        keys = self.ids.amounts
        while len(keys.children) < QUICK_AMOUNTS_MAX:
            position = len(keys.children)
            keys.add_widget(AmountKey(on_press=call(self._touched_amount, position)))
        for position, key in enumerate(reversed(keys.children)):
            amount = amounts[position] if position < len(amounts) else None
            key.disabled, key.opacity = amount is None, 1 if amount else 0
            key.text = amount.text if amount else ""
            key.target = f"amount:{amount.amount_minor}" if amount else ""

    def _touched_amount(self, position: int) -> None:
        self.presenter.cash(self.shown.quick_amounts[position].amount_minor)

    def _show_tenders(self, tenders: tuple[TenderKey, ...]) -> None:
        keys = self.ids.tenders
        if [key.target for key in reversed(keys.children)] != [tender.tender for tender in tenders]:
            keys.clear_widgets()
            for tender in tenders:
                keys.add_widget(TenderButton(target=tender.tender, on_press=call(self._ask, tender.tender)))
        for key, tender in zip(reversed(keys.children), tenders, strict=True):
            key.text, key.disabled = tender.text, not tender.enabled
            key.hotkey = HOTKEYS[tender.tender]

    def _ask(self, tender: str) -> None:
        asks: dict[str, Any] = {
            "voucher": self.presenter.voucher,
            "account": self.presenter.look_at_account,
            "card_manual": self.presenter.card_manual,
        }
        asks[tender]()

    def _show_panel(self, state: PayState) -> None:
        frame = self.window.frame
        wanted = TerminalPanel if state.busy and state.terminal_text else PANELS.get(state.panel)
        if not isinstance(frame.panel, PayPanel):
            if wanted:
                frame.open_panel(wanted(shown=state, presenter=self.presenter))
        elif wanted is type(frame.panel):
            frame.panel.shown = state
        elif wanted:
            frame.open_panel(wanted(shown=state, presenter=self.presenter))
        else:
            frame.close_panel()


class AmountKey(FlatButton):
    """A note or sum that a customer is likely to give."""


class TenderButton(FlatButton):
    """A means of payment beside cash and card."""


class LeavePanel(FlatButton):
    """The key that leaves a question."""

    leave = ObjectProperty(None, allownone=True)


class PanelFact(BoxLayout):
    """A figure with what it is."""

    label = StringProperty("")
    figure = StringProperty("")
    name = StringProperty("")
    tone = ColorProperty("#000000")


class Refusal(Para):
    """Why something was refused, where it can be read over the screen."""


class PayPanel(Panel):
    """What lies over the pay screen; it follows the same state."""

    shown = ObjectProperty(PayState(), rebind=True)
    presenter = ObjectProperty(None)

    def scanned(self, code: str) -> bool:
        """Nothing is scanned while something is asked, but for what the panel asks for."""
        del code
        return True


class TerminalPanel(PayPanel):
    """The terminal's own words, and the wish that it stops."""


class CardTypePanel(PayPanel):
    """Which card a stand-alone terminal took. Figures choose as fingers do."""

    def on_kv_post(self, _: object) -> None:
        """Make a key for each type."""
        named = zip(self.shown.card_types, self.shown.card_type_texts, strict=True)
        for number, (card_type, text) in enumerate(named, start=1):
            key = AmountKey(text=text, hint=str(number), target=f"card_type:{number}")
            key.bind(on_press=call(self.presenter.card_manual, card_type))
            self.ids.types.add_widget(key)

    def typed(self, text: str) -> None:
        """Choose by the type's number."""
        if text.isdigit() and 1 <= int(text) <= len(self.shown.card_types):
            self.presenter.card_manual(self.shown.card_types[int(text) - 1])


class AccountPanel(PayPanel):
    """How the customer stands, and whether the sale goes on the account."""

    def text_of(self, state: PayState) -> str:
        """Return how the customer stands, in lines."""
        account = state.account
        if account is None:
            return ""
        return "   ·   ".join(part for part in (account.since_text, account.overdue_text) if part)


class VoucherPanel(PayPanel):
    """Scan or type a voucher's code, see what it is worth, pay with it."""

    def scanned(self, code: str) -> bool:
        """A scan here is the voucher."""
        self.ids.code.text = code
        self.presenter.look_at_voucher(code)
        return True

    def enter(self) -> None:
        """Look the typed code up; pay with it once its worth is shown. Both end the typing: there is more to read."""
        App.get_running_app().typing.done()
        code = self.ids.code.text
        if self.shown.voucher is None:
            self.presenter.look_at_voucher(code)
        else:
            self.presenter.voucher(self.shown.voucher.code)

    def changed(self) -> None:
        """Another code: what was shown is not about it any more."""
        if self.shown.voucher is not None and not self.shown.busy:
            self.presenter.voucher()

    def closed(self) -> None:
        """Give the keyboard back."""
        self.ids.code.focus = False


class TipPanel(PayPanel):
    """Tips to touch; any other is typed on the pad before *Tip* is touched."""

    def on_kv_post(self, _: object) -> None:
        """Make a key for each tip."""
        for tip in self.shown.tips:
            key = AmountKey(text=tip.text, target=f"tip:{tip.amount_minor}")
            key.bind(on_press=call(self.presenter.tip, tip.amount_minor))
            self.ids.tips.add_widget(key)


PANELS: dict[Ask, type[PayPanel]] = {
    "card_type": CardTypePanel,
    "account": AccountPanel,
    "voucher": VoucherPanel,
    "tip": TipPanel,
}
