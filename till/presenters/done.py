"""Done: the change due in large figures until the next scan or touch; the receipt's number; print again."""

from typing import Literal

from msgspec import Struct

from till.presenters.screen import Screen


class DoneState(Struct, frozen=True, kw_only=True):
    """`print_state` follows the receipt on paper; `print_text` says it in words."""

    receipt: str = ""
    total_minor: int = 0
    total_text: str = ""
    change_minor: int = 0
    change_text: str = ""
    currency: str = ""
    print_state: Literal["none", "waiting", "printing", "printed", "failed"] = "none"
    print_text: str = ""


class DonePresenter(Screen[DoneState]):
    def print_again(self) -> None:
        """Print the receipt: the first print where none came out, otherwise a copy that says so."""

    def reprint(self, receipt: str) -> None:
        """Print a copy of any receipt of this till by its number."""

    def next(self) -> None:
        """Begin the next sale; goes to `sale`."""

    def scan(self, code: str) -> None:
        """Begin the next sale with a scan."""
