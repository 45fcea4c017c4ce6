"""What the message centre shows: card payments in doubt, paper that is missing, the terminal's day, notices."""

from typing import Literal

from msgspec import Struct

from till.card.payments import Attempt, Doubtful
from till.card.terminal_day import TerminalDay
from till.desk import Desk

# What the last run left, by its name in `Parts.notices`.
NOTICES = {
    "draft": "A basket from before was found and is back in hand.",
    "unprinted": "Not every receipt was printed. Print it from the list below.",
    "card_cut_off": "A card payment was cut off. It is asked about before the next one; see the list below.",
    "open_shift": "A shift is still open.",
}
DOUBT_TITLES: dict[Doubtful, str] = {
    "unanswered": "Card: no answer",
    "unbooked": "Card: its sale is gone",
    "wrong_amount": "Card: more than asked",
}
DOUBTS: dict[Doubtful, str] = {
    "unanswered": "The terminal never answered. Ask it, or settle by its slip.",
    "unbooked": "It was approved, but its sale is gone. Give the money back at the terminal, then settle as not paid.",
    "wrong_amount": "The terminal approved more than was asked for. Look at its slip. Settled as paid, all of it "
    "counts: give the difference back in cash, or book it as a tip.",
}
# The same for money that went back to a card.
DOUBTS_BACK: dict[Doubtful, str] = {
    "unanswered": "The terminal never answered whether money went back. Ask it, or settle by its slip.",
    "unbooked": "Money went back to a card, but its receipt is gone. Undo it at the terminal, then settle as not paid.",
    "wrong_amount": "More money went back to a card than was asked for. Look at the terminal's slip and settle by it.",
}


class Doubt(Struct, frozen=True, kw_only=True):
    """A card payment whose outcome, or whose sale, is not known. `kind` tells which buttons fit."""

    attempt_id: str
    kind: Literal["unanswered", "unbooked", "wrong_amount"]
    title: str
    amount_minor: int
    amount_text: str
    when_text: str
    text: str
    may_ask_terminal: bool
    may_settle: bool
    # What is too much may be booked as a tip.
    may_tip: bool = False


class TerminalDayState(Struct, frozen=True, kw_only=True):
    """The card terminal's last end of day, beside what the journal says. `difference_minor` is None where unsaid."""

    total_minor: int | None
    total_text: str
    expected_minor: int
    expected_text: str
    difference_minor: int | None
    difference_text: str
    text: str = ""


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
    may_close_terminal: bool = False
    terminal_text: str = ""
    terminal_day: TerminalDayState | None = None


def doubt_state(attempt: Attempt, kind: Doubtful, desk: Desk) -> Doubt:
    """Return a request in doubt, in words, and what may be done about it."""
    words, is_payment = desk.words, attempt.kind == "payment"
    takes_tip = desk.settings().tips and attempt.sale_id == desk.sale.sale_id
    return Doubt(
        attempt_id=attempt.attempt_id,
        kind=kind,
        title=words(DOUBT_TITLES[kind]),
        amount_minor=attempt.approved_minor or attempt.amount_minor,
        amount_text=desk.amount(attempt.approved_minor or attempt.amount_minor),
        when_text=desk.time(attempt.started_ms),
        text=words(DOUBTS[kind] if is_payment else DOUBTS_BACK[kind]),
        may_ask_terminal=kind != "wrong_amount" and not attempt.is_final and desk.parts.cards.available,
        may_settle=True,
        may_tip=kind == "wrong_amount" and is_payment and takes_tip,
    )


def day_state(day: TerminalDay, desk: Desk) -> TerminalDayState:
    """Return a closed terminal day, in words."""
    words, amount = desk.words, desk.amount
    said, difference = day.said_minor, day.difference_minor
    return TerminalDayState(
        total_minor=said,
        expected_minor=day.expected.total_minor,
        total_text=amount(said) if said is not None else words("not said, see its slip"),
        expected_text=amount(day.expected.total_minor),
        difference_minor=difference,
        difference_text=amount(difference) if difference is not None else "",
        text=day.totals.text,
    )
