"""Sign-in: names and a PIN pad."""

from msgspec import Struct

from till.presenters.screen import Screen


class CashierName(Struct, frozen=True, kw_only=True):
    """One name to touch."""

    number: str
    name: str
    role_text: str


class SignInState(Struct, frozen=True, kw_only=True):
    """`pin_length` dots; `busy` while the PIN is checked; `hint`: why there are no names, or who is locked."""

    cashiers: tuple[CashierName, ...] = ()
    chosen: str = ""
    chosen_name: str = ""
    pin_length: int = 0
    busy: bool = False
    hint: str = ""


class SignInPresenter(Screen[SignInState]):
    def choose(self, number: str) -> None:
        """Touch a name."""

    def key(self, key: str) -> None:
        """Type a digit; "back" drops the last one, "clear" all, "enter" submits."""

    def submit(self) -> None:
        """Check the typed PIN of the chosen name; goes to `open_shift` or `sale`."""

    def sign_in(self, number: str, pin: str) -> None:
        """Check a name and a PIN at once."""

    def sign_out(self) -> None:
        """Sign the cashier out; a basket in hand stays for the next one. Goes to `sign_in`."""
