"""Cash in and out: what happens to the cash, why, how much."""

from kivy.properties import ListProperty

from till.presenters.cash import CashState
from till.ui.keys import AMOUNT_KEYS
from till.ui.screen import TillScreen


class CashScreen(TillScreen):
    """Shows a CashState. A reason is one of the list or typed."""

    keypad_layout = ListProperty(AMOUNT_KEYS)

    def update(self, state: CashState) -> None:
        """Show the reasons of the chosen kind, and in the field the one that was chosen."""
        self.ids.reasons.show(
            [
                {"title": reason, "chosen": reason == state.reason, "target": f"reason:{number}"}
                for number, reason in enumerate(state.reasons, start=1)
            ]
        )
        if not self.ids.reason.focus and self.ids.reason.text != state.reason:
            self.ids.reason.text = state.reason

    def choose(self, position: int) -> None:
        """Touch a reason."""
        self.ids.reason.focus = False
        self.presenter.choose_reason(self.shown.reasons[position])

    def typed_reason(self, text: str) -> None:
        """Take over what is typed in the field."""
        if self.ids.reason.focus:
            self.presenter.choose_reason(text)

    def book_text(self, state: CashState) -> str:
        """Return what the large key does."""
        if state.kind == "drawer":
            return str(self.window.words("Open drawer"))
        return "   ".join(filter(None, (self.window.words("Book"), state.amount_text if state.amount_minor else "")))

    def on_leave(self, *_: object) -> None:
        """Give the keyboard back."""
        self.ids.reason.focus = False
