"""The message centre: what waits for head office, what is in doubt, what was not printed, and what to do about it."""

from typing import Literal

from msgspec import Struct

from till.presenters.screen import Screen


class Doubt(Struct, frozen=True, kw_only=True):
    """A card payment whose outcome, or whose sale, is not known. `kind` tells which buttons fit."""

    attempt_id: str
    kind: Literal["unanswered", "unbooked", "wrong_amount"]
    amount_minor: int
    amount_text: str
    when_text: str
    text: str
    may_ask_terminal: bool
    may_settle: bool


class PrintRow(Struct, frozen=True, kw_only=True):
    """A piece of paper that did not (surely) come out. A `copy` says so on paper."""

    job_id: int
    title: str
    state: str
    text: str
    copy: bool


class MessagesState(Struct, frozen=True, kw_only=True):
    connection_text: str = ""
    waiting: int = 0
    waiting_text: str = ""
    oldest_text: str = ""
    contact_text: str = ""
    data_text: str = ""
    doubts: tuple[Doubt, ...] = ()
    prints: tuple[PrintRow, ...] = ()
    # Told at the start of the day: a basket that was found again, yesterday's shift that is still open.
    notices: tuple[str, ...] = ()
    journal_text: str = ""
    busy: bool = False
    empty_text: str = ""


class MessagesPresenter(Screen[MessagesState]):
    def refresh(self) -> None:
        """Read everything anew."""

    def sync_now(self) -> None:
        """Ask the agent to send and fetch now."""

    def ask_terminal(self, attempt_id: str) -> None:
        """Ask the terminal what became of a payment."""

    def settle(self, attempt_id: str, paid: bool) -> None:
        """Say what the terminal's slip says (right: settle_card_by_hand)."""

    def print_job(self, job_id: int) -> None:
        """Print a waiting piece of paper now, as a copy where it may have come out before."""

    def drop_job(self, job_id: int) -> None:
        """Take a piece of paper off the list; the receipt stays in the journal."""

    def back(self) -> None:
        """Go back to `sale` or `sign_in`."""
