"""Sign-in: touch a name, type the PIN."""

from kivy.properties import ListProperty

from till.presenters.sign_in import SignInState
from till.ui.keys import PIN_KEYS
from till.ui.screen import TillScreen


class SignInScreen(TillScreen):
    """Shows a SignInState; the PIN is only ever dots."""

    keypad_layout = ListProperty(PIN_KEYS)

    def update(self, state: SignInState) -> None:
        """Show the names."""
        self.ids.names.show(
            [
                {"title": cashier.name, "detail": cashier.role_text, "picture": "account", "strong": True}
                | {"chosen": cashier.number == state.chosen, "target": f"cashier:{cashier.number}"}
                for cashier in state.cashiers
            ]
        )

    def choose(self, position: int) -> None:
        """Touch a name."""
        self.presenter.choose(self.shown.cashiers[position].number)

    def key(self, name: str) -> bool:
        """Choose the next or previous name with the arrow keys."""
        if name in {"up", "down"} and self.shown.cashiers:
            numbers = [cashier.number for cashier in self.shown.cashiers]
            here = numbers.index(self.shown.chosen) if self.shown.chosen in numbers else -1
            self.presenter.choose(numbers[(here + (1 if name == "down" else -1)) % len(numbers)])
            return True
        return super().key(name)
