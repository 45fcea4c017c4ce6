"""What was asked of a card terminal, and what a sale makes of the answer. Pure; `till.card.payments` does the asking.

An attempt is prepared (`intended`, on the disk before the terminal hears of it), answered, and in the end booked with
its receipt or closed. A sale adopts what the terminal approved: a payment above zero, a refund or reversal below. The
reversal of a payment that the sale in hand still holds takes that payment off it instead.
"""

from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from hardware.ports import CardKind, CardRequest, CardResult
from schema.events import CardFacts, CardOutcome, Payment
from till.journal import tables
from till.paying.checkout import tip_of, with_payment, with_tip
from till.selling.register import Sale, sums

Statement = tuple[str, tuple[Any, ...]]
# unanswered: nobody knows; unbooked: approved, and no sale holds it; wrong_amount: approved for more than was asked.
Doubtful = Literal["unanswered", "unbooked", "wrong_amount"]


class Attempt(Struct, frozen=True, kw_only=True):
    """One request to a terminal that is not yet part of a receipt.

    `is_final`: what the terminal or a person said of it last is its last word, and it is not asked again.
    """

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
    kind: CardKind = "payment"
    original: str = ""
    tip_minor: int = 0
    is_final: bool = False


class Slip(Struct, frozen=True, kw_only=True):
    """What a person reads off the terminal's slip: whether money moved, how much, and whether the rest is a tip."""

    approved: bool
    amount_minor: int | None = None
    tip_name: str = ""


class CardEnd(Struct, frozen=True, kw_only=True):
    """How a request ended: the sale as it stands now, the outcome and the terminal's own words.

    `adopted` tells whether the sale holds it; an approval that it does not hold waits for a supervisor.
    """

    sale: Sale
    outcome: CardOutcome
    asked_minor: int
    approved_minor: int
    kind: CardKind = "payment"
    adopted: bool = False
    text: str = ""


def attempt_of(row: tuple[Any, ...]) -> Attempt:
    """Read a row of `tables.OPEN_ATTEMPTS`."""
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
        kind=row[11],
        original=row[12],
        tip_minor=row[13],
        is_final=bool(row[14]),
    )


def request_of(attempt: Attempt) -> CardRequest:
    """Return what the terminal was asked, to ask what became of it."""
    return CardRequest(
        attempt_id=attempt.attempt_id,
        amount_minor=attempt.amount_minor,
        currency=attempt.currency,
        baseline=attempt.baseline,
        started_ms=attempt.started_ms,
        kind=attempt.kind,
        tip_minor=attempt.tip_minor,
        original=attempt.original,
    )


def kind_of(attempt: Attempt) -> Doubtful:
    """Tell what is wrong with an attempt that no sale holds."""
    if attempt.state == "intended":
        return "unanswered"
    return "wrong_amount" if attempt.approved_minor > attempt.amount_minor else "unbooked"


def nothing_happened(request: CardRequest) -> CardResult:
    """Return the result of a request that the terminal never took."""
    facts = CardFacts(attempt_id=request.attempt_id)
    return CardResult(outcome="not_booked", approved_minor=0, facts=facts, baseline="")


# -- what a sale makes of an answer


def adopted(sale: Sale, request: CardRequest, result: CardResult) -> Sale:
    """Return the sale with what the terminal approved, the same object where it may not hold it.

    Less than was asked is a fact: the customer's limit, coins on a prepaid card. It counts, and the rest stays due.
    More is taken by nobody's word but a supervisor's.
    """
    if result.outcome == "declined":
        return _not_reversed_again(sale, request)
    if result.outcome != "approved" or not 0 < result.approved_minor <= request.amount_minor:
        return sale
    if request.kind == "reversal" and (position := _held_original(sale, request.original)) is not None:
        return _without(sale, position, result.approved_minor)
    if request.kind == "payment" and result.approved_minor > sums(sale).due_minor:
        return sale
    return _with_card(_not_reversed_again(sale, request), request, result)


def adopted_by_hand(sale: Sale, attempt: Attempt, result: CardResult, tip_name: str) -> Sale:
    """Return the sale with what a person read off the slip, whatever it is; the excess is a tip where it has a name."""
    if result.outcome != "approved":
        return sale
    request = request_of(attempt)
    if request.kind == "reversal" and (position := _held_original(sale, request.original)) is not None:
        return _without(sale, position, result.approved_minor)
    excess = result.approved_minor - attempt.amount_minor
    if tip_name and excess > 0:
        sale = with_tip(sale, tip_of(sale) + excess, tip_name)
    return _with_card(_not_reversed_again(sale, request), request, result)


def refund_instead(end: CardEnd) -> int:
    """Return what is refunded because the terminal refused to reverse a payment of another receipt; 0 for nothing.

    It reverses none of a day that it closed, nor one that it took back already.
    """
    if end.kind != "reversal" or end.outcome != "declined":
        return 0
    return min(end.asked_minor, max(-sums(end.sale).due_minor, 0))


def _not_reversed_again(sale: Sale, request: CardRequest) -> Sale:
    """Return the sale without the terminal's number of a payment that it was asked to reverse: once is enough.

    The same object where the number is none of the receipts' whose money goes back.
    """
    if request.kind != "reversal" or not any(part.original == request.original for part in sale.refunds):
        return sale
    parts = (replace(part, original="") if part.original == request.original else part for part in sale.refunds)
    return replace(sale, refunds=tuple(parts))


def _with_card(sale: Sale, request: CardRequest, result: CardResult) -> Sale:
    sign = 1 if request.kind == "payment" else -1
    payment = Payment(
        tender="card",
        currency=sale.basket.currency,
        amount_minor=sign * result.approved_minor,
        card=replace(result.facts, attempt_id=request.attempt_id),
    )
    return with_payment(sale, payment)


def _held_original(sale: Sale, original: str) -> int | None:
    """Return the position of the sale's own payment that the terminal knows by this receipt number."""
    for position, part in enumerate(sale.payments):
        if original and part.amount_minor > 0 and part.card is not None and part.card.receipt_number == original:
            return position
    return None


def _without(sale: Sale, position: int, amount_minor: int) -> Sale:
    if sale.payments[position].amount_minor != amount_minor:
        return sale
    return replace(sale, payments=sale.payments[:position] + sale.payments[position + 1 :])


# -- what the journal's tables say of it


def prepared(request: CardRequest, sale: Sale, terminal: str) -> list[Statement]:
    """Return what writes an attempt down beside its event."""
    row = (
        request.attempt_id,
        sale.sale_id,
        request.amount_minor,
        request.currency,
        terminal,
        request.baseline,
        request.started_ms,
    )
    statements: list[Statement] = [(tables.ADD_ATTEMPT, row)]
    if request.kind != "payment" or request.tip_minor:
        kind = (request.attempt_id, request.kind, request.original, request.tip_minor)
        statements.append((tables.ADD_ATTEMPT_KIND, kind))
    return statements


def answered(attempt_id: str, result: CardResult, terminal: str) -> list[Statement]:
    """Return what an answer changes: an approval waits for its receipt, a refusal is closed."""
    state = {"approved": "answered", "unknown": "intended"}.get(result.outcome, "closed")
    end = (state, result.outcome, result.approved_minor, msgspec.json.encode(result.facts), attempt_id)
    statements: list[Statement] = [(tables.END_ATTEMPT, end)]
    if result.baseline:
        statements.append((tables.SAVE_BASELINE, (terminal, result.baseline)))
    return statements


def settled(attempt: Attempt) -> Statement:
    """Return what says that this was the last word on an attempt."""
    return (tables.FINISH_ATTEMPT, (attempt.attempt_id, attempt.kind, attempt.original, attempt.tip_minor))


def taken_off(before: Sale, after: Sale, attempt_id: str) -> list[Statement]:
    """Return what closes a payment that its reversal took off the sale, and the reversal with it."""
    held = {part.card.attempt_id for part in after.payments if part.card}
    gone = [part.card.attempt_id for part in before.payments if part.card and part.card.attempt_id not in held]
    return [(tables.CLOSE_ATTEMPT, (each,)) for each in (*gone, attempt_id)] if gone else []


def booked(sale: Sale) -> list[Statement]:
    """Return what a finished sale's commit says of its card payments."""
    return [(tables.BOOK_ATTEMPT, (part.card.attempt_id,)) for part in sale.payments if part.card]
