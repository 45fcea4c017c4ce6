"""Pay: quick amounts, keypad, tenders; the terminal's own words while a card is read."""

from kivy.properties import ListProperty, ObjectProperty

from till.presenters.pay import PayState, QuickAmount
from till.ui.screen import TillScreen
from till.ui.widgets import AMOUNT_KEYS, FlatButton, call
from till.ui.window import Panel

QUICK_AMOUNTS_MAX = 6


class PayScreen(TillScreen):
    """Shows a PayState. While the terminal works its panel lies over everything else."""

    keypad_layout = ListProperty(AMOUNT_KEYS)

    def update(self, state: PayState) -> None:
        """Show what was paid, the quick amounts and the terminal."""
        self.ids.payments.show(
            [
                {"title": payment.tender_text, "figure": payment.amount_text, "target": f"payment:{number}"}
                for number, payment in enumerate(state.payments, start=1)
            ]
        )
        self._show_amounts(state.quick_amounts[:QUICK_AMOUNTS_MAX])
        self._show_terminal(state)

    def scanned(self, code: str) -> None:
        """An article more: back to the sale with it, unless money is on its way."""
        if self.shown.busy or not self.shown.may_go_back:
            super().scanned(code)
            return
        self.presenter.back()
        self.window.screens.sale.scan(code)

    def cash(self) -> None:
        """Take cash: what was typed, or exactly what is due."""
        self.presenter.cash()

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

    def _show_terminal(self, state: PayState) -> None:
        frame = self.window.frame
        if isinstance(frame.panel, TerminalPanel):
            frame.panel.shown = state
            if not state.busy:
                frame.close_panel()
        elif state.busy:
            frame.open_panel(TerminalPanel(shown=state, presenter=self.presenter))


class AmountKey(FlatButton):
    """A note or sum that a customer is likely to give."""


class TerminalPanel(Panel):
    """The terminal's own words, and the wish that it stops."""

    shown = ObjectProperty(PayState(), rebind=True)
    presenter = ObjectProperty(None)

    def scanned(self, code: str) -> bool:
        """Nothing is scanned while a card is read."""
        del code
        return True
