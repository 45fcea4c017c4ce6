"""The card terminal's part of paying: ask it, show its words, adopt what it ended, say what that means for the sale."""

from typing import Any

from hardware.ports import CardKind
from schema.errors import CounterfoilError, as_sentence
from schema.events import Payment
from till.card.attempts import refund_instead
from till.card.payments import CardEnd, CardOrder
from till.journal.tables import READ_DRAFT
from till.paying.checkout import Paid, is_settled, tip_of
from till.presenters.pay_state import PayScreen
from till.selling.register import CURRENT, Sale, decode_sale
from till.words import RefusedInWords


class CardSteps:
    """Steps of the pay screen that wait for the terminal. One at a time: the screen is busy meanwhile."""

    def __init__(self, screen: PayScreen) -> None:
        self._screen = screen
        self._desk = screen.desk

    def begin(self, amount_minor: int, original: str = "") -> None:
        """Ask for a payment, or with a sum below zero for money back: a reversal where its payment is named."""
        if amount_minor > 0:
            tip = min(tip_of(self._desk.sale), amount_minor)
            self._order(CardOrder(amount_minor=amount_minor, tip_minor=tip))
            return
        reverses = bool(original) and self._desk.parts.cards.can("reversal")
        kind: CardKind = "reversal" if reverses else "refund"
        self._order(CardOrder(amount_minor=-amount_minor, kind=kind, original=original))

    def take_back(self, payment: Payment) -> None:
        """Let the terminal take back a payment of the sale in hand: reversed where it can, else refunded.

        Raises Refused("card_back") for money that went back to a card already.
        """
        if payment.amount_minor < 0:
            raise RefusedInWords("card_back", "That money went back to the card already. Take a new payment instead.")
        original = payment.card.receipt_number if payment.card else ""
        self.begin(-payment.amount_minor, original)

    def _order(self, order: CardOrder) -> None:
        desk, parts, sale = self._desk, self._desk.parts, self._desk.sale
        self._screen.show_sale(busy=True, may_cancel=True, terminal_text=desk.words("The terminal is asked …"))

        def on_text(text: str) -> None:
            desk.runner.post(lambda: self._terminal_says(text))

        def start(_: None) -> None:
            def run() -> CardEnd:
                return parts.cards.run(sale, order, on_text)

            desk.runner.run(run, self._ended, self._in_trouble, lane="terminal")

        # First through the journal's lane: a draft that still waits there must not overwrite the one with the payment.
        desk.runner.run(parts.journal.preflight, start, self._screen.fail)

    def _terminal_says(self, text: str) -> None:
        if self._screen.state.busy:
            self._screen.show_sale(terminal_text=self._desk.words(as_sentence(text)))

    def _ended(self, end: CardEnd) -> None:
        screen, words = self._screen, self._desk.words
        self._desk.take_sale(end.sale)
        screen.show_sale(busy=False, may_cancel=False, terminal_text="", panel="")
        if (amount := refund_instead(end)) and self._desk.parts.cards.can("refund"):
            screen.say("warn", words("The terminal does not reverse that payment. It is asked for a refund instead."))
            self.begin(-amount)
        elif end.outcome != "approved":
            text = words("No card payment was taken. {text}", text=words(as_sentence(end.text))).strip()
            screen.say("error", text, code=f"card_{end.outcome}")
        elif not end.adopted:
            screen.say("error", self._wrong_amount(end), code="wrong_amount", action="messages")
        else:
            self._say_less(end)
            if is_settled(Paid(sale=end.sale)):
                screen.taken(Paid(sale=end.sale))

    def _say_less(self, end: CardEnd) -> None:
        """A card that paid less than was asked is told: what is left is due, nothing is wrong."""
        if end.approved_minor < end.asked_minor:
            text = self._desk.words(
                "The terminal approved only {amount}. It counts; the rest is still due.",
                amount=self._desk.amount(end.approved_minor),
            )
            self._screen.say("warn", text, code="card_part")

    def _wrong_amount(self, end: CardEnd) -> str:
        return self._desk.words(
            "The terminal approved {amount}, more than was asked for. It is not booked yet: a supervisor looks at the "
            "slip and settles it in the messages. What is too much is given back in cash, or is a tip.",
            amount=self._desk.amount(end.approved_minor),
        )

    def _in_trouble(self, error: CounterfoilError) -> None:
        """The draft on the disk may know of a payment that this screen does not: a found one is adopted there."""
        journal, screen = self._desk.parts.journal, self._screen

        def saved(rows: list[tuple[Any, ...]]) -> None:
            if rows:
                self._desk.take_sale(_same_sale(decode_sale(rows[0][0]), self._desk.sale))
            screen.show_sale()
            screen.fail(error)

        self._desk.runner.run(lambda: journal.rows(READ_DRAFT, (CURRENT,)), saved, lambda _: screen.fail(error))


def _same_sale(saved: Sale, present: Sale) -> Sale:
    return saved if saved.sale_id == present.sale_id else present
