"""Voiding a receipt: its counter-receipt becomes the sale in hand, and is paid back by the tenders it was paid with.

Cash and what the books alone hold are negated at once; a card's money goes through its terminal. Where that is refused,
the rest is paid out on the pay screen, by another tender with the right to it.
"""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from schema.catalogue import PastReceipt
from schema.clock import new_id
from schema.events import SaleCompleted
from till.paying.checkout import Paid, is_settled
from till.presenters.pay import PayPresenter
from till.presenters.screen import Screen
from till.returning.returns import refundable
from till.returning.voids import check_unspent, check_voidable, paid_back, void_of
from till.selling.customers import name_of
from till.selling.register import Sale
from till.words import RefusedInWords


class Voiding:
    """The steps of a void, for the screen that offers it."""

    def __init__(self, screen: Screen[Any], pay: PayPresenter, close: Callable[[], None]) -> None:
        self._screen = screen
        self._close = close
        self._desk = screen.desk
        self._pay = pay

    def begin(self, receipt: str, reason: str) -> None:
        """Find a receipt of this till and void it (right: void)."""
        desk, screen = self._desk, self._screen
        self._check_free()

        def found(known: tuple[SaleCompleted, PastReceipt]) -> None:
            desk.with_right("void", lambda: self._void(*known, reason), screen.fail)

        desk.runner.run(lambda: self._look(receipt), found, screen.fail, lane="agent")

    def _look(self, receipt: str) -> tuple[SaleCompleted, PastReceipt]:
        """Find a receipt, and ask what other tills have done since with what it gave out. Runs on a worker."""
        parts = self._desk.parts
        found = parts.receipts.find_own(receipt)
        original = found.own
        assert original is not None  # noqa: S101 - what `find_own` found
        check_voidable(original, found.past, found.voided_by)
        check_unspent(original, parts.balances.held_minor)
        parts.orders.check_uncounted(original)
        return original, found.past

    def _check_free(self) -> None:
        """A second touch comes here while the first one's void is in hand."""
        self._desk.ready_to_sell()
        self._desk.check_free()
        if not self._desk.sale.is_empty:
            raise RefusedInWords("basket_in_use", "There is a basket in hand. Pay or cancel it first.")

    def _void(self, original: SaleCompleted, past: PastReceipt, reason: str) -> None:
        self._check_free()
        desk = self._desk
        # Once more: the first of two touches may have voided it since it was looked up.
        check_voidable(original, past, desk.parts.receipts.voided_by(original.receipt))
        desk.take_sale(self._counter_sale(original, past, reason))
        self._close()
        self._pay_back(Paid(sale=desk.sale), original)

    def _counter_sale(self, original: SaleCompleted, past: PastReceipt, reason: str) -> Sale:
        desk, parts = self._desk, self._desk.parts
        refunds = refundable(past.payments, is_today=past.day == desk.today().isoformat())
        sale = void_of(original, new_id(desk.clock), desk.clock.now_ms(), reason, refunds)
        return replace(
            paid_back(sale, original),
            taken=parts.orders.of_void(original),
            cashier=desk.sale.cashier,
            customer_name=name_of(original.customer, parts.journal, parts.mirror) if original.customer else "",
        )

    def _pay_back(self, paid: Paid, original: SaleCompleted) -> None:
        change = -sum(part.amount_minor for part in paid.sale.payments if part.tender == "cash")
        paid = replace(paid, change_minor=max(change, 0))
        if is_settled(paid):
            self._pay.taken(paid)
            return
        self._desk.save_draft(self._screen.fail)
        self._screen.go("pay")
        cards = [part.amount_minor for part in original.payments if part.tender == "card" and part.amount_minor > 0]
        if cards and self._desk.parts.cards.available:
            self._pay.card(cards[0])
