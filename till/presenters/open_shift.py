"""Open a shift: the float that is counted into the drawer."""

from msgspec import Struct

from till.presenters.screen import Screen


class OpenShiftState(Struct, frozen=True, kw_only=True):
    """`expected_text` is what the last closing left; `difference_text` is empty while the entry agrees with it."""

    cashier: str = ""
    expected_minor: int = 0
    expected_text: str = ""
    entry: str = ""
    float_minor: int = 0
    float_text: str = ""
    difference_text: str = ""
    busy: bool = False


class OpenShiftPresenter(Screen[OpenShiftState]):
    def key(self, key: str) -> None:
        """Type a digit, "00", "." or "back", "clear", "enter"."""

    def submit(self) -> None:
        """Open with the typed float; goes to `sale`."""

    def open_with(self, float_minor: int) -> None:
        """Open with this float; goes to `sale`."""
