"""Card requests that nobody knows the end of: who must look at them, asking the terminal, settling by its slip.

What the terminal or a person says is journaled as `card.settled`, with the sale that adopts it in the same commit. What
one of them said last is the last word: it is not asked about again.
"""

from msgspec.structs import replace

from hardware.ports import CardRequest, CardResult, CardTerminal
from schema.clock import Clock
from schema.errors import CounterfoilError
from schema.events import CardSettled
from till.card.attempts import (
    Attempt,
    CardEnd,
    Doubtful,
    Slip,
    adopted,
    adopted_by_hand,
    answered,
    attempt_of,
    kind_of,
    request_of,
    settled,
    taken_off,
)
from till.journal import tables
from till.journal.journal import Journal, Statement
from till.selling.register import CURRENT, Sale, encode_sale
from till.words import RefusedInWords


class CardDoubts:
    """The requests in doubt of one till. Asking and settling wait for the terminal or the disk: call from a worker."""

    def __init__(self, journal: Journal, terminal: CardTerminal | None, terminal_name: str, clock: Clock) -> None:
        self._journal = journal
        self._terminal = terminal
        self.terminal_name = terminal_name
        self._clock = clock
        # The attempt that the terminal works at now: it is in nobody's doubt yet.
        self._under_way = ""

    def open_attempts(self) -> list[Attempt]:
        """Return what was asked of terminals and is in no receipt yet."""
        return [attempt_of(row) for row in self._journal.rows(tables.OPEN_ATTEMPTS)]

    def doubts(self, sale: Sale) -> list[tuple[Attempt, Doubtful]]:
        """Return the attempts that a person must look at: not those that the sale in hand holds as paid."""
        held = {part.card.attempt_id for part in sale.payments if part.card} | {self._under_way}
        return [(each, kind_of(each)) for each in self.open_attempts() if each.attempt_id not in held]

    def has_doubts(self, sale: Sale) -> bool:
        """Tell whether what this very terminal was asked for is in doubt."""
        return any(each.terminal == self.terminal_name for each, _ in self.doubts(sale))

    def check_clear(self, sale: Sale) -> None:
        """Raise Refused("card_in_doubt") while a card payment of this very sale is unsettled."""
        if any(each.sale_id == sale.sale_id for each, _ in self.doubts(sale)):
            raise RefusedInWords(
                "card_in_doubt",
                "A card payment of this sale is in doubt: the customer may have paid. Ask the terminal again, or let a "
                "supervisor settle it in the messages.",
            )

    def recover(self, sale: Sale) -> Sale:
        """Ask about everything in doubt, as the till does at its start; return the sale with what was found paid.

        A terminal that cannot be reached or cannot tell leaves its doubts as they are.
        """
        if self._terminal is None or self._journal.fault is not None:
            return sale
        try:
            return self.ask_all(sale)[0]
        except CounterfoilError:
            return sale

    def ask_all(self, sale: Sale) -> tuple[Sale, list[CardEnd]]:
        """Ask about each doubt of this terminal that has no last word yet; return the sale as it then stands, too."""
        ends: list[CardEnd] = []
        for attempt, kind in self.doubts(sale):
            if kind != "wrong_amount" and attempt.terminal == self.terminal_name and not attempt.is_final:
                ends.append(self.ask(attempt.attempt_id, sale))
                sale = ends[-1].sale
        return sale, ends

    def ask(self, attempt_id: str, sale: Sale) -> CardEnd:
        """Ask the terminal what became of an attempt. Raises Unready while it cannot be reached."""
        attempt = self._open_attempt(attempt_id, sale)
        request = request_of(attempt)
        result = self._connected().recover(request)
        if result.outcome == "unknown":
            return end_of(sale, sale, request, result)
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
            # A slip tells nothing of what the terminal did since: what is known of it stays.
            baseline="",
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
        return end_of(before, now, request_of(attempt), result)

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


def end_of(before: Sale, now: Sale, request: CardRequest, result: CardResult) -> CardEnd:
    return CardEnd(
        sale=now,
        outcome=result.outcome,
        asked_minor=request.amount_minor,
        approved_minor=result.approved_minor,
        kind=request.kind,
        adopted=result.outcome == "approved" and now is not before,
        text=result.text,
    )
