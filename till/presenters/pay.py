"""Pay: cash with quick amounts and change, card through the terminal with its own words, or a split of both."""

from msgspec import Struct

from till.presenters.screen import Screen


class QuickAmount(Struct, frozen=True, kw_only=True):
    amount_minor: int
    text: str


class PaymentState(Struct, frozen=True, kw_only=True):
    """A payment that was taken already."""

    tender: str
    tender_text: str
    amount_minor: int
    amount_text: str


class PayState(Struct, frozen=True, kw_only=True):
    """`due_minor` is left to pay, `cash_due_minor` the same rounded for cash; while `busy` the terminal works."""

    total_minor: int = 0
    total_text: str = ""
    paid_minor: int = 0
    paid_text: str = ""
    due_minor: int = 0
    due_text: str = ""
    cash_due_minor: int = 0
    cash_due_text: str = ""
    payments: tuple[PaymentState, ...] = ()
    quick_amounts: tuple[QuickAmount, ...] = ()
    keypad: str = ""
    entry_minor: int | None = None
    card_available: bool = False
    busy: bool = False
    # The terminal's own words while it works, e.g. "Please insert card".
    terminal_text: str = ""
    may_cancel: bool = False
    may_go_back: bool = True


class PayPresenter(Screen[PayState]):
    def key(self, key: str) -> None:
        """Type an amount: digits, "00", ".", "back", "clear"; "enter" pays it in cash."""

    def cash(self, given_minor: int | None = None) -> None:
        """Take cash: what the customer gave, without it the keypad's entry or the exact amount.

        Less than due is a part payment; otherwise the sale completes and goes to `done`.
        """

    def card(self, amount_minor: int | None = None) -> None:
        """Ask the terminal: without an amount the keypad's entry or all that is due."""

    def cancel_card(self) -> None:
        """Wish that the terminal stops; its answer still comes."""

    def back(self) -> None:
        """Go back to `sale`; payments that were taken stay with it."""
