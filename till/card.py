"""Card payments that are charged once and never lost (fault 47; protocol of hardware.ports.CardTerminal; ADR 7, 15).

`card.intended` is on the disk before the first byte goes to the terminal; `card.answered` is before the terminal hears
our acknowledgement. The sale holds the payment only when the terminal has ended it: an answer whose acknowledgement was
lost may be taken back by the terminal. After a crash or silence the attempt is in doubt: the terminal is asked at the
next start and before the next card payment, or a person settles it by its slip. Nothing here ever repeats a charge.
Refunds and reversals go the same way, for money that goes back can be lost as well.
"""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from hardware.ports import CardKind, CardRequest, CardResult, CardSlip, CardTerminal
from schema.clock import Clock, new_id
from schema.errors import CounterfoilError, Unready, Unsure
from schema.events import CardAnswered, CardIntended, CardSettled
from till.card_attempts import (
    Attempt,
    CardEnd,
    Doubtful,
    Slip,
    adopted,
    adopted_by_hand,
    answered,
    attempt_of,
    booked,
    kind_of,
    nothing_happened,
    prepared,
    request_of,
    settled,
    taken_off,
)
from till.journal import tables
from till.journal.journal import Journal, Statement
from till.register import CURRENT, Sale, encode_sale
from till.words import RefusedInWords

__all__ = ["Attempt", "CardEnd", "CardOrder", "Cards", "Doubtful", "Slip", "booked", "kind_of"]

OnText = Callable[[str], None]
PrintSlips = Callable[[tuple[CardSlip, ...]], list[Statement]]


class CardOrder(Struct, frozen=True, kw_only=True):
    """What the terminal shall do. `original`: the terminal's receipt number of the payment that is taken back."""

    amount_minor: int
    kind: CardKind = "payment"
    original: str = ""
    tip_minor: int = 0


class Cards:
    """The till's card payments. Every method may wait for the terminal or the disk: call them from a worker."""

    def __init__(
        self,
        journal: Journal,
        terminal: CardTerminal | None,
        terminal_name: str,
        clock: Clock,
        print_slips: PrintSlips = lambda _: [],
    ) -> None:
        self._journal = journal
        self._terminal = terminal
        self.terminal_name = terminal_name
        self._clock = clock
        self._print_slips = print_slips
        # The attempt that the terminal works at now: it is in nobody's doubt yet.
        self._under_way = ""

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

    # -- doubts

    def open_attempts(self) -> list[Attempt]:
        """Return what was asked of terminals and is in no receipt yet."""
        return [attempt_of(row) for row in self._journal.rows(tables.OPEN_ATTEMPTS)]

    def doubts(self, sale: Sale) -> list[tuple[Attempt, Doubtful]]:
        """Return the attempts that a person must look at: not those that the sale in hand holds as paid."""
        held = {part.card.attempt_id for part in sale.payments if part.card} | {self._under_way}
        return [(each, kind_of(each)) for each in self.open_attempts() if each.attempt_id not in held]

    def check_clear(self, sale: Sale) -> None:
        """Raise Refused("card_in_doubt") while a card payment of this very sale is unsettled."""
        if any(each.sale_id == sale.sale_id for each, _ in self.doubts(sale)):
            raise RefusedInWords(
                "card_in_doubt",
                "A card payment of this sale is in doubt: the customer may have paid. Ask the terminal again, or let a "
                "supervisor settle it in the messages.",
            )

    # -- paying, paying back

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
        for end in self._ask_all(sale)[1]:
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

    def recover(self, sale: Sale) -> Sale:
        """Ask about everything in doubt, as the till does at its start; return the sale with what was found paid.

        A terminal that cannot be reached or cannot tell leaves its doubts as they are.
        """
        if self._terminal is None or self._journal.fault is not None:
            return sale
        try:
            return self._ask_all(sale)[0]
        except CounterfoilError:
            return sale

    def _ask_all(self, sale: Sale) -> tuple[Sale, list[CardEnd]]:
        """Ask about each doubt of this terminal that has no last word yet; return the sale as it then stands, too."""
        ends: list[CardEnd] = []
        for attempt, kind in self.doubts(sale):
            if kind != "wrong_amount" and attempt.terminal == self.terminal_name and not attempt.is_final:
                ends.append(self.ask(attempt.attempt_id, sale))
                sale = ends[-1].sale
        return sale, ends

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
        return _end(sale, now, request, result)

    def _recover_now(self, sale: Sale, request: CardRequest) -> CardEnd:
        try:
            end = self.ask(request.attempt_id, sale)
        except (Unready, Unsure) as error:
            raise _in_doubt() from error
        if end.outcome == "unknown":
            raise _in_doubt()
        return end

    # -- settling

    def ask(self, attempt_id: str, sale: Sale) -> CardEnd:
        """Ask the terminal what became of an attempt. Raises Unready while it cannot be reached."""
        attempt = self._open_attempt(attempt_id, sale)
        request = request_of(attempt)
        result = self._connected().recover(request)
        if result.outcome == "unknown":
            return _end(sale, sale, request, result)
        now = adopted(sale, request, result) if attempt.sale_id == sale.sale_id else sale
        return self._settle(attempt, sale, now, result, "terminal")

    def settle(self, attempt_id: str, slip: Slip, decided_by: str, sale: Sale) -> CardEnd:
        """Settle by hand what the terminal's slip says; without an amount it is what the terminal named, or was asked.

        More than was due is kept as well: the difference is then given back in cash, or is a tip.
        """
        attempt = self._open_attempt(attempt_id, sale)
        amount = slip.amount_minor or attempt.approved_minor or attempt.amount_minor
        result = CardResult(
            outcome="approved" if slip.approved else "not_booked",
            approved_minor=amount if slip.approved else 0,
            facts=replace(attempt.facts, attempt_id=attempt_id),
            baseline=attempt.baseline,
        )
        now = sale
        if attempt.sale_id == sale.sale_id:
            now = adopted_by_hand(sale, attempt, result, slip.tip_name)
        return self._settle(attempt, sale, now, result, decided_by)

    def _settle(self, attempt: Attempt, before: Sale, now: Sale, result: CardResult, decided_by: str) -> CardEnd:
        body = CardSettled(
            attempt_id=attempt.attempt_id,
            sale_id=attempt.sale_id,
            outcome=result.outcome,
            currency=attempt.currency,
            approved_minor=result.approved_minor,
            decided_by=decided_by,
            facts=result.facts,
        )
        self._journal.append(
            body,
            *answered(attempt.attempt_id, result, self.terminal_name),
            settled(attempt),
            *self._changed(before, now, attempt.attempt_id),
            urgent=True,
        )
        return _end(before, now, request_of(attempt), result)

    # -- parts

    def _changed(self, before: Sale, now: Sale, attempt_id: str) -> list[Statement]:
        return [] if now is before else [*taken_off(before, now, attempt_id), self._draft(now)]

    def _draft(self, sale: Sale) -> Statement:
        return (tables.SAVE_DRAFT, (CURRENT, "", encode_sale(sale), self._clock.now_ms()))

    def _open_attempt(self, attempt_id: str, sale: Sale) -> Attempt:
        """Return an attempt in doubt; one that the sale in hand holds as paid is settled."""
        found = next((each for each, _ in self.doubts(sale) if each.attempt_id == attempt_id), None)
        if found is None:
            raise RefusedInWords("unknown_attempt", "That card payment is settled already.")
        return found

    def _connected(self) -> CardTerminal:
        if self._terminal is None:
            raise RefusedInWords("no_terminal", "This till has no card terminal. Take cash, or set up a terminal.")
        return self._terminal

    def _check_can(self, kind: CardKind) -> None:
        if kind != "payment" and not self.can(kind):
            raise RefusedInWords(
                "terminal_cannot", "This terminal cannot give money back. Give it back in cash, or another way."
            )


def _end(before: Sale, now: Sale, request: CardRequest, result: CardResult) -> CardEnd:
    return CardEnd(
        sale=now,
        outcome=result.outcome,
        asked_minor=request.amount_minor,
        approved_minor=result.approved_minor,
        kind=request.kind,
        adopted=now is not before,
        text=result.text,
    )


def _in_doubt() -> Unsure:
    return Unsure(
        "card_in_doubt",
        "The terminal fell silent: nobody knows yet whether the customer has paid. Look at the terminal. Ask it again "
        "in the messages; if it cannot tell, a supervisor settles it there. Do not take the amount a second time.",
    )
