"""Card payments that are charged once and never lost (fault 47; protocol of hardware.ports.CardTerminal; ADR 7, 15).

`card.intended` is on the disk before the first byte goes to the terminal; `card.answered` is before the terminal hears
our acknowledgement. The sale holds the payment only when the terminal has ended it: an answer whose acknowledgement was
lost may be taken back by the terminal. After a crash or silence the attempt is in doubt: the terminal is asked at the
next start and before the next card payment, or a person settles it by its slip. Nothing here ever repeats a charge.
Refunds and reversals go the same way, for money that goes back can be lost as well.
"""

from collections.abc import Callable

from msgspec import Struct

from hardware.ports import CardKind, CardRequest, CardResult, CardSlip, CardTerminal
from schema.clock import Clock, new_id
from schema.errors import Unready, Unsure
from schema.events import CardAnswered, CardIntended
from till.card.attempts import (
    Attempt,
    CardEnd,
    Doubtful,
    Slip,
    adopted,
    answered,
    nothing_happened,
    prepared,
)
from till.card.doubts import CardDoubts, end_of
from till.journal import tables
from till.journal.journal import Journal, Statement
from till.selling.register import Sale
from till.words import RefusedInWords

__all__ = ["Attempt", "CardEnd", "CardOrder", "Cards", "Doubtful", "Slip"]

OnText = Callable[[str], None]
PrintSlips = Callable[[tuple[CardSlip, ...]], list[Statement]]


class CardOrder(Struct, frozen=True, kw_only=True):
    """What the terminal shall do. `original`: the terminal's receipt number of the payment that is taken back."""

    amount_minor: int
    kind: CardKind = "payment"
    original: str = ""
    tip_minor: int = 0


class Cards(CardDoubts):
    """The till's card payments. Every method may wait for the terminal or the disk: call them from a worker."""

    def __init__(
        self,
        journal: Journal,
        terminal: CardTerminal | None,
        terminal_name: str,
        clock: Clock,
        print_slips: PrintSlips = lambda _: [],
    ) -> None:
        super().__init__(journal, terminal, terminal_name, clock)
        self._print_slips = print_slips

    @property
    def available(self) -> bool:
        return self._terminal is not None

    def can(self, kind: str) -> bool:
        """Tell whether the terminal can refund, reverse or close its day."""
        return self._terminal is not None and kind in self._terminal.capabilities()

    def cancel(self) -> None:
        """Wish that the payment under way be aborted. Safe from any thread."""
        if self._terminal is not None:
            self._terminal.cancel()

    def run(self, sale: Sale, order: CardOrder, on_text: OnText) -> CardEnd:
        """Let the terminal take a payment for a sale, or give money back.

        Raises Refused (no terminal, journal, a doubt that stands), Unready (the terminal never took it), Unsure (in
        doubt: it is asked again before the next card payment, or settled by hand).
        """
        terminal = self._connected()
        self._check_can(order.kind)
        self._clear_doubts(sale)
        self._journal.preflight()
        request = self._intend(sale, order)
        try:
            result = self._ask_for(terminal, sale, request, on_text)
        except Unready:
            self._write_down(sale, request, nothing_happened(request))
            raise
        except Unsure:
            # Also after an approval that was written down: the terminal may have taken it back since.
            return self._recover_now(sale, request)
        return self._adopt(sale, request, result)

    def _ask_for(self, terminal: CardTerminal, sale: Sale, request: CardRequest, on_text: OnText) -> CardResult:
        call = {"payment": terminal.pay, "refund": terminal.refund, "reversal": terminal.reverse}[request.kind]
        self._under_way = request.attempt_id
        try:
            return call(request, on_text=on_text, on_result=lambda answer: self._write_down(sale, request, answer))
        finally:
            self._under_way = ""

    def _clear_doubts(self, sale: Sale) -> None:
        """Ask about every request without a last word before another is made (invariant I11)."""
        for end in self.ask_all(sale)[1]:
            if end.adopted:
                raise RefusedInWords(
                    "card_found_paid",
                    "An earlier card payment turned out to be approved. It is booked; look what is still due.",
                )
            if end.outcome == "unknown":
                raise RefusedInWords(
                    "card_in_doubt",
                    "An earlier card payment is in doubt, and the terminal cannot tell. Take cash, or let a "
                    "supervisor settle it in the messages before the next card payment.",
                )
        self.check_clear(sale)

    def _intend(self, sale: Sale, order: CardOrder) -> CardRequest:
        baseline = next((row[0] for row in self._journal.rows(tables.READ_BASELINE, (self.terminal_name,))), "")
        request = CardRequest(
            attempt_id=new_id(self._clock),
            amount_minor=order.amount_minor,
            currency=sale.basket.currency,
            baseline=baseline,
            started_ms=self._clock.now_ms(),
            kind=order.kind,
            tip_minor=order.tip_minor,
            original=order.original,
        )
        body = CardIntended(
            attempt_id=request.attempt_id,
            sale_id=sale.sale_id,
            currency=request.currency,
            amount_minor=request.amount_minor,
            terminal=self.terminal_name,
            baseline=baseline,
            kind=request.kind,
            original=request.original,
            tip_minor=request.tip_minor,
        )
        self._journal.append(body, *prepared(request, sale, self.terminal_name), self._draft(sale))
        return request

    def _write_down(self, sale: Sale, request: CardRequest, result: CardResult) -> None:
        """Write the terminal's answer down; only when this returned does the terminal hear our acknowledgement."""
        body = CardAnswered(
            attempt_id=request.attempt_id,
            sale_id=sale.sale_id,
            outcome=result.outcome,
            currency=request.currency,
            approved_minor=result.approved_minor,
            facts=result.facts,
            terminal_text=result.text,
        )
        self._journal.append(body, *answered(request.attempt_id, result, self.terminal_name), urgent=True)

    def _adopt(self, sale: Sale, request: CardRequest, result: CardResult) -> CardEnd:
        """Let the sale hold what the terminal has ended, on the disk first; its slips are queued with that."""
        now = adopted(sale, request, result)
        changed = [*self._changed(sale, now, request.attempt_id), *self._print_slips(result.slips)]
        if changed:
            self._journal.change(*changed, urgent=True)
        return end_of(sale, now, request, result)

    def _recover_now(self, sale: Sale, request: CardRequest) -> CardEnd:
        try:
            end = self.ask(request.attempt_id, sale)
        except (Unready, Unsure) as error:
            raise _in_doubt() from error
        if end.outcome == "unknown":
            raise _in_doubt()
        return end

    def _check_can(self, kind: CardKind) -> None:
        if kind != "payment" and not self.can(kind):
            raise RefusedInWords(
                "terminal_cannot", "This terminal cannot give money back. Give it back in cash, or another way."
            )


def _in_doubt() -> Unsure:
    return Unsure(
        "card_in_doubt",
        "The terminal fell silent: nobody knows yet whether the customer has paid. Look at the terminal. Ask it again "
        "in the messages; if it cannot tell, a supervisor settles it there. Do not take the amount a second time.",
    )
