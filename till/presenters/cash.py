"""Cash in, cash out, skim to the safe, change money; and the drawer without a sale."""

from msgspec import Struct

from schema.events import CashMove
from till.presenters.screen import Screen


class MoveKind(Struct, frozen=True, kw_only=True):
    kind: CashMove
    text: str
    reasons: tuple[str, ...]


class CashState(Struct, frozen=True, kw_only=True):
    """`reasons` are those of the chosen kind; `reason` may also be typed freely."""

    kinds: tuple[MoveKind, ...] = ()
    kind: CashMove = "cash_in"
    reasons: tuple[str, ...] = ()
    reason: str = ""
    keypad: str = ""
    amount_minor: int | None = None
    amount_text: str = ""
    busy: bool = False
    # Said after a move is in the journal.
    done_text: str = ""


class CashPresenter(Screen[CashState]):
    def choose(self, kind: CashMove) -> None:
        """Choose what happens to the cash."""

    def choose_reason(self, reason: str) -> None:
        """Choose or type the reason."""

    def key(self, key: str) -> None:
        """Type an amount: digits, "00", ".", "back", "clear"; "enter" submits."""

    def submit(self) -> None:
        """Book the chosen kind, typed amount and reason."""

    def move(self, kind: CashMove, amount_minor: int, reason: str) -> None:
        """Book a cash move (right: cash_move)."""

    def open_drawer(self, reason: str) -> None:
        """Open the drawer without a sale (right: open_drawer)."""

    def back(self) -> None:
        """Go back to `sale`."""
