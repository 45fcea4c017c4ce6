"""Card payments that are charged once and never lost (fault 47; protocol of hardware.ports.CardTerminal).

`card.intended` is on the disk before the first byte goes to the terminal; `card.answered` is before the terminal hears
our acknowledgement. The sale holds the payment only when the terminal has ended it: an answer whose acknowledgement was
lost may be taken back by the terminal. After a crash or silence the attempt is in doubt: the terminal is asked before
the next card payment, or a person settles it by its slip. Nothing here ever repeats a charge.
"""

from collections.abc import Callable
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from hardware.ports import CardRequest, CardResult, CardTerminal
from schema.clock import Clock, new_id
from schema.errors import Unready, Unsure
from schema.events import CardAnswered, CardFacts, CardIntended, CardOutcome, CardSettled, Payment
from till.journal import tables
from till.journal.journal import Journal, Statement
from till.register import CURRENT, Sale, encode_sale, sums
from till.words import RefusedInWords

Doubtful = Literal["unanswered", "unbooked", "wrong_amount"]


class Attempt(Struct, frozen=True, kw_only=True):
    """One payment asked of a terminal that is not yet part of a receipt."""

    attempt_id: str
    sale_id: str
    amount_minor: int
    currency: str
    terminal: str
    baseline: str
    started_ms: int
    state: str
    outcome: str
    approved_minor: int
    facts: CardFacts


class CardEnd(Struct, frozen=True, kw_only=True):
    """How a payment ended: the sale as it stands now, the outcome and the terminal's own words."""

    sale: Sale
    outcome: CardOutcome
    approved_minor: int
    text: str = ""


class Cards:
    """The till's card payments. Every method may wait for the terminal or the disk: call them from a worker."""

    def __init__(self, journal: Journal, terminal: CardTerminal | None, terminal_name: str, clock: Clock) -> None:
        self._journal = journal
        self._terminal = terminal
        self._name = terminal_name
        self._clock = clock
        # The attempt that the terminal works at now: it is in nobody's doubt yet.
        self._under_way = ""

    @property
    def available(self) -> bool:
        return self._terminal is not None

    def cancel(self) -> None:
        """Wish that the payment under way be aborted. Safe from any thread."""
        if self._terminal is not None:
            self._terminal.cancel()

    def open_attempts(self) -> list[Attempt]:
        """Return what was asked of terminals and is in no receipt yet."""
        return [_attempt(row) for row in self._journal.rows(tables.OPEN_ATTEMPTS)]

    def doubts(self, sale: Sale) -> list[tuple[Attempt, Doubtful]]:
        """Return the attempts that a person must look at: not those that the sale in hand holds as paid."""
        settled = {part.card.attempt_id for part in sale.payments if part.card} | {self._under_way}
        return [(each, kind_of(each)) for each in self.open_attempts() if each.attempt_id not in settled]

    def check_clear(self, sale: Sale) -> None:
        """Raise Refused("card_in_doubt") while a card payment of this very sale is unsettled."""
        if any(each.sale_id == sale.sale_id for each, _ in self.doubts(sale)):
            raise RefusedInWords(
                "card_in_doubt",
                "A card payment of this sale is in doubt: the customer may have paid. Ask the terminal again, or let a "
                "supervisor settle it in the messages.",
            )

    # -- paying

    def pay(self, sale: Sale, amount_minor: int, on_text: Callable[[str], None]) -> CardEnd:
        """Take a card payment for a sale.

        Raises Refused (no terminal, journal, a doubt that stands), Unready (the terminal never took it), Unsure (in
        doubt: it is asked again before the next card payment, or settled by hand).
        """
        terminal = self._connected()
        self._clear_doubts(sale)
        self._journal.preflight()
        request = self._intend(sale, amount_minor)
        try:
            result = self._ask_for(terminal, sale, request, on_text)
        except Unready:
            self._write_down(sale, request, _nothing_happened(request))
            raise
        except Unsure:
            # Also after an approval that was written down: the terminal may have taken it back since.
            return self._recover_now(sale, request)
        return self._adopt(sale, request, result)

    def _ask_for(
        self, terminal: CardTerminal, sale: Sale, request: CardRequest, on_text: Callable[[str], None]
    ) -> CardResult:
        self._under_way = request.attempt_id
        try:
            return terminal.pay(
                request, on_text=on_text, on_result=lambda answer: self._write_down(sale, request, answer)
            )
        finally:
            self._under_way = ""

    def _clear_doubts(self, sale: Sale) -> None:
        """Ask about every payment without an answer before another is asked for (invariant I11)."""
        for attempt, kind in self.doubts(sale):
            if kind != "wrong_amount" and attempt.terminal == self._name:
                end = self.ask(attempt.attempt_id, sale)
                if end.outcome == "approved":
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

    def _intend(self, sale: Sale, amount_minor: int) -> CardRequest:
        baseline = next((row[0] for row in self._journal.rows(tables.READ_BASELINE, (self._name,))), "")
        request = CardRequest(
            attempt_id=new_id(self._clock),
            amount_minor=amount_minor,
            currency=sale.basket.currency,
            baseline=baseline,
            started_ms=self._clock.now_ms(),
        )
        body = CardIntended(
            attempt_id=request.attempt_id,
            sale_id=sale.sale_id,
            currency=request.currency,
            amount_minor=amount_minor,
            terminal=self._name,
            baseline=baseline,
        )
        row = (body.attempt_id, body.sale_id, amount_minor, body.currency, self._name, baseline, request.started_ms)
        self._journal.append(body, (tables.ADD_ATTEMPT, row), self._draft(sale))
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
        self._journal.append(body, *self._after(request.attempt_id, result), urgent=True)

    def _adopt(self, sale: Sale, request: CardRequest, result: CardResult) -> CardEnd:
        """Let the sale hold a payment that the terminal has ended, on the disk first."""
        paid = self._with_payment(sale, request.attempt_id, request.amount_minor, result)
        if paid is not sale:
            self._journal.change(self._draft(paid), urgent=True)
        return CardEnd(sale=paid, outcome=result.outcome, approved_minor=result.approved_minor, text=result.text)

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
        result = self._connected().recover(_request(attempt))
        if result.outcome == "unknown":
            return CardEnd(sale=sale, outcome="unknown", approved_minor=0, text=result.text)
        return self._settle(attempt, sale, result, "terminal")

    def settle(self, attempt_id: str, paid: bool, decided_by: str, sale: Sale) -> CardEnd:
        """Settle by hand what the terminal's slip says. The amount is the terminal's where it named one."""
        attempt = self._open_attempt(attempt_id, sale)
        amount = attempt.approved_minor or attempt.amount_minor
        result = CardResult(
            outcome="approved" if paid else "not_booked",
            approved_minor=amount if paid else 0,
            facts=replace(attempt.facts, attempt_id=attempt_id),
            baseline=attempt.baseline,
        )
        return self._settle(attempt, sale, result, decided_by)

    def _settle(self, attempt: Attempt, sale: Sale, result: CardResult, decided_by: str) -> CardEnd:
        by_hand = decided_by != "terminal"
        asked = result.approved_minor if by_hand else attempt.amount_minor
        adopted = sale
        if attempt.sale_id == sale.sale_id:
            adopted = self._with_payment(sale, attempt.attempt_id, asked, result)
        body = CardSettled(
            attempt_id=attempt.attempt_id,
            sale_id=attempt.sale_id,
            outcome=result.outcome,
            currency=attempt.currency,
            approved_minor=result.approved_minor,
            decided_by=decided_by,
            facts=result.facts,
        )
        self._journal.append(body, *self._after(attempt.attempt_id, result), *self._changed(sale, adopted), urgent=True)
        return CardEnd(sale=adopted, outcome=result.outcome, approved_minor=result.approved_minor, text=result.text)

    # -- parts

    def _with_payment(self, sale: Sale, attempt_id: str, asked_minor: int, result: CardResult) -> Sale:
        """Adopt an approved payment of the amount that was asked; any other amount waits for a supervisor."""
        due = sums(sale).due_minor
        if result.outcome != "approved" or result.approved_minor != asked_minor or asked_minor > due:
            return sale
        payment = Payment(
            tender="card",
            currency=sale.basket.currency,
            amount_minor=result.approved_minor,
            card=replace(result.facts, attempt_id=attempt_id),
        )
        return replace(sale, payments=(*sale.payments, payment))

    def _changed(self, sale: Sale, paid: Sale) -> list[Statement]:
        return [] if paid is sale else [self._draft(paid)]

    def _after(self, attempt_id: str, result: CardResult) -> list[Statement]:
        match result.outcome:
            case "approved":
                state = "answered"
            case "unknown":
                state = "intended"
            case _:
                state = "closed"
        end = (state, result.outcome, result.approved_minor, msgspec.json.encode(result.facts), attempt_id)
        statements: list[Statement] = [(tables.END_ATTEMPT, end)]
        if result.baseline:
            statements.append((tables.SAVE_BASELINE, (self._name, result.baseline)))
        return statements

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


def kind_of(attempt: Attempt) -> Doubtful:
    """Tell what is wrong with an attempt that no sale holds."""
    if attempt.state == "intended":
        return "unanswered"
    return "unbooked" if attempt.approved_minor == attempt.amount_minor else "wrong_amount"


def booked(sale: Sale) -> list[Statement]:
    """Return what a finished sale's commit says of its card payments."""
    return [(tables.BOOK_ATTEMPT, (part.card.attempt_id,)) for part in sale.payments if part.card]


def _attempt(row: tuple[Any, ...]) -> Attempt:
    return Attempt(
        attempt_id=row[0],
        sale_id=row[1],
        amount_minor=row[2],
        currency=row[3],
        terminal=row[4],
        baseline=row[5],
        started_ms=row[6],
        state=row[7],
        outcome=row[8],
        approved_minor=row[9],
        facts=msgspec.json.decode(row[10], type=CardFacts) if row[10] else CardFacts(attempt_id=row[0]),
    )


def _request(attempt: Attempt) -> CardRequest:
    return CardRequest(
        attempt_id=attempt.attempt_id,
        amount_minor=attempt.amount_minor,
        currency=attempt.currency,
        baseline=attempt.baseline,
        started_ms=attempt.started_ms,
    )


def _nothing_happened(request: CardRequest) -> CardResult:
    facts = CardFacts(attempt_id=request.attempt_id)
    return CardResult(outcome="not_booked", approved_minor=0, facts=facts, baseline="")


def _in_doubt() -> Unsure:
    return Unsure(
        "card_in_doubt",
        "The terminal fell silent: nobody knows yet whether the customer has paid. Look at the terminal. Ask it again "
        "in the messages; if it cannot tell, a supervisor settles it there. Do not take the amount a second time.",
    )
