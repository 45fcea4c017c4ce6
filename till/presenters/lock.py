"""Lock: the till waits for its cashier's PIN; the basket stays."""

from msgspec import Struct

from till.presenters.screen import Screen


class LockState(Struct, frozen=True, kw_only=True):
    cashier: str = ""
    pin_length: int = 0
    busy: bool = False
    hint: str = ""


class LockPresenter(Screen[LockState]):
    def lock(self) -> None:
        """Lock now; goes to `lock`."""

    def touched(self) -> None:
        """Note a touch or scan: the store's time to the lock begins anew."""

    def tick(self) -> None:
        """Lock when the store's time without a touch is over. Call every second."""

    def key(self, key: str) -> None:
        """Type a digit; "back", "clear", "enter"."""

    def unlock(self, pin: str) -> None:
        """Go on with the cashier's PIN; goes back to `sale`."""

    def other_cashier(self) -> None:
        """Sign the cashier out and go to `sign_in`; the basket stays."""
