"""The steps of a wish for a receipt by mail, for the screens that offer it: *Done* and *Take goods back*."""

from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from till.paper.letterhead import PRACTICE_TILL
from till.paper.mail import Asked, Wished, wish_mail
from till.presenters.screen import Screen
from till.selling.customers import find_customer
from till.words import RefusedInWords


class MailState(Struct, frozen=True, kw_only=True):
    """The address of a receipt is asked for (`address` is what is proposed), or the wish is written down.

    `text` says that in words, once it is on the disk.
    """

    step: Literal["none", "asking", "wanted"] = "none"
    receipt: str = ""
    address: str = ""
    text: str = ""


class Mailing:
    """Keeps where the wish stands; `show` gets every change of that."""

    def __init__(self, screen: Screen[Any], show: Callable[[MailState], None]) -> None:
        self._screen = screen
        self._desk = screen.desk
        self._show_state = show
        self._state = MailState()

    def begin(self) -> None:
        """Forget the last receipt's wish."""
        self._state = MailState()

    def ask(self, receipt: str, customer: str) -> None:
        """Ask for the address; that of the receipt's customer is proposed where this till knows it.

        Raises Refused: not_signed_in, mail_not_offered.
        """
        self._desk.signed_in()
        self._check_offered()
        parts = self._desk.parts

        def known() -> str:
            try:
                return find_customer(customer, parts.journal, parts.mirror).email if customer else ""
            except RefusedInWords:  # head office knows the customer, this till does not
                return ""

        def ask(address: str) -> None:
            self._show(MailState(step="asking", receipt=receipt, address=address))

        self._desk.runner.run(known, ask, self._screen.fail)

    def send(self, address: str, receipt: str) -> None:
        """Write down that a receipt is wanted by mail. Raises Refused: not_signed_in, mail_not_offered."""
        desk, parts, cashier = self._desk, self._desk.parts, self._desk.signed_in()
        self._check_offered()
        language = desk.paper_words.language
        asked = Asked(receipt=receipt, address=address, cashier=cashier.number, language=language)
        desk.runner.run(lambda: wish_mail(parts.journal, parts.device, asked), self._wanted, self._screen.fail)

    def drop(self) -> None:
        """Leave the question for the address."""
        if self._state.step == "asking":
            self._show(MailState())

    def _wanted(self, wished: Wished) -> None:
        known = MailState(step="wanted", receipt=wished.receipt, address=wished.address)
        self._show(replace(known, text=self._text(wished)))

    def _text(self, wished: Wished) -> str:
        words = self._desk.words
        if self._desk.parts.device.till_id == PRACTICE_TILL:
            return words("Practice: nothing is sent to {address}.", address=wished.address)
        if wished.is_repeat:
            return words("The receipt is on its way to {address} already. It is sent once.", address=wished.address)
        return words("The receipt goes to {address} as soon as head office has it.", address=wished.address)

    def _check_offered(self) -> None:
        if not self._desk.settings().design.mail:
            raise RefusedInWords(
                "mail_not_offered",
                "This store sends no receipts by mail. Print it, or let head office allow it in the store's settings.",
            )

    def _show(self, state: MailState) -> None:
        self._state = state
        self._show_state(state)
