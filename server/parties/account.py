"""On account: bring open items to what the set of their facts comes to, and tell the tills what a customer owes.

It runs in the transaction that applies the sale: first `hold`, with all other locks on rows, then `book`, which ends
with the feed. The receipt in invoicing becomes paid as its item is.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from schema.errors import Sentence
from schema.events import SaleCompleted
from server.accounting.tables import pay_till_receipts
from server.catalogue.people import put_open_items
from server.db import Connection
from server.kept import Amount, kept
from server.parties import tables
from server.parties.rules import (
    ITEM_OVERPAID,
    ITEM_UNKNOWN,
    LIMIT_EXCEEDED,
    SETTLED_KINDS,
    Move,
    due_day,
    excess,
    moves_of,
    standing,
)
from server.parties.tables import StoredMove, Terms
from server.pipeline.worklist import Matter, close_matters, raise_matters

PAYMENT_DAYS = 14
_WORDS = {
    ITEM_UNKNOWN: kept(
        "Receipt {receipt} took {amount} for open item {number}, which head office does not know: find the sale that "
        "was meant, or refund the customer."
    ),
    ITEM_OVERPAID: kept("Open item {number} was paid {amount} too much: refund the customer, or credit it."),
}
_OVER_LIMIT = kept(
    "Customer {number} owes {amount} more than the credit limit allows. The sales stand; ask for payment, or raise the "
    "limit."
)


class Sold(Struct, frozen=True, kw_only=True):
    """A sale that changes open items, and where it comes from."""

    sale: SaleCompleted
    event_id: str
    store: str
    day: str


class Booking(Struct, frozen=True, kw_only=True):
    """What sales do to open items, which are held."""

    found: tuple[tuple[Sold, Move], ...]


def hold(connection: Connection, sold: Sequence[Sold], now_ms: int) -> Booking:
    """Hold the open items that sales change, new ones too, and the customers who owe them."""
    found = tuple((one, move) for one in sold for move in moves_of(one.sale))
    items = {move.reference: one for one, move in found}
    rows = [
        (reference, one.sale.customer, one.store, one.sale.currency, one.day, now_ms)
        for reference, one in items.items()
    ]
    if rows:
        tables.begin(connection, rows)
        owing = {one.sale.customer for one in items.values()} | tables.customers_of(connection, sorted(items))
        _held_terms(connection, owing)
    return Booking(found=found)


def _held_terms(connection: Connection, customers: Iterable[str]) -> dict[str, Terms]:
    """Hold customers and return what is agreed with them."""
    return tables.terms(connection, sorted({number for number in customers if number}), held=True)


def book(connection: Connection, booking: Booking, now_ms: int) -> None:
    """Store what sales do to open items, and settle these and their customers."""
    found = booking.found
    if not found:
        return
    tables.add_moves(connection, [_row(one, move) for one, move in found])
    references = sorted({move.reference for _, move in found})
    facts = tables.moves(connection, references)
    opened = {reference for reference, moves in facts.items() if any(move.receipt == reference for move in moves)}
    pay_till_receipts(
        connection,
        [
            (move.reference, -move.amount_minor, one.sale.completed_ms)
            for one, move in found
            if move.reference != one.sale.receipt and move.reference in opened
        ],
    )
    _settle(connection, facts, now_ms)
    publish(connection, {moves[0].customer for moves in facts.values()}, now_ms)


def _row(one: Sold, move: Move) -> tuple[object, ...]:
    return (
        one.event_id,
        move.effect_no,
        move.reference,
        move.kind,
        one.sale.customer,
        one.store,
        one.sale.currency,
        move.amount_minor,
        one.sale.receipt,
        one.day,
        one.sale.completed_ms,
    )


def _settle(connection: Connection, facts: Mapping[str, Sequence[StoredMove]], now_ms: int) -> None:
    """Bring items to what their facts come to."""
    agreed = tables.terms(connection, sorted({moves[0].customer for moves in facts.values()}))
    states = {reference: standing([(move.kind, move.amount_minor) for move in facts[reference]]) for reference in facts}
    tables.write_standing(
        connection,
        [
            (*_head(facts[reference][0], agreed), state.amount_minor, state.open_minor, now_ms, reference)
            for reference, state in states.items()
        ],
    )
    raise_matters(
        connection,
        [
            _matter(kind, reference, amount, facts[reference])
            for reference, state in states.items()
            for kind, amount in state.matters.items()
        ],
        now_ms,
    )
    gone = [
        (kind, reference, reference)
        for reference, state in states.items()
        for kind in SETTLED_KINDS
        if kind not in state.matters
    ]
    close_matters(connection, gone, now_ms)


def _head(move: StoredMove, agreed: dict[str, Terms]) -> tuple[str, ...]:
    """Return an item's own figures: those of its sale, or of the first that is known of it."""
    known = agreed.get(move.customer)
    due = due_day(move.day, known.payment_days if known else PAYMENT_DAYS)
    return (move.customer, move.store, move.currency, move.day, due)


def _matter(kind: str, reference: str, amount: int, moves: Sequence[StoredMove]) -> Matter:
    money = Amount(amount, moves[0].currency)
    detail = Sentence(_WORDS[kind], number=reference, amount=money, receipt=moves[-1].receipt)
    return Matter(kind=kind, subject=reference, detail=detail, amount_minor=amount, source=reference)


def publish(connection: Connection, customers: Iterable[str], now_ms: int) -> None:
    """Feed what customers owe now, and put who owes more than agreed on the worklist.

    They are held before their items are read: two sales at once must not feed one of them without the other.
    """
    for number, terms in _held_terms(connection, customers).items():
        owed = tables.owed(connection, number)
        put_open_items(connection, number, owed.items)
        _watch_limit(connection, number, excess(owed.items, terms.credit_limit_minor), owed.currency, now_ms)


def forget_limit(connection: Connection, number: str, now_ms: int) -> None:
    """Close what was said of a customer's limit: nobody owes anything under this number any more."""
    close_matters(connection, [(LIMIT_EXCEEDED, number, number)], now_ms)


def _watch_limit(connection: Connection, number: str, over_minor: int, currency: str, now_ms: int) -> None:
    if not over_minor:
        forget_limit(connection, number, now_ms)
        return
    detail = Sentence(_OVER_LIMIT, number=number, amount=Amount(over_minor, currency))
    matter = Matter(kind=LIMIT_EXCEEDED, subject=number, detail=detail, amount_minor=over_minor, source=number)
    raise_matters(connection, [matter], now_ms)
