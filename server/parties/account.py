"""On account: bring open items to what the set of their facts comes to, and tell the tills what a customer owes.

It runs in the transaction that applies the sale. The receipt in invoicing becomes paid as its item is.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from schema.events import SaleCompleted
from schema.money import format_plain
from server.accounting.tables import pay_till_receipts
from server.catalogue.people import put_open_items
from server.db import Connection
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
    ITEM_UNKNOWN: "Receipt {receipt} took {amount} {currency} for open item {number}, which head office does not know: "
    "find the sale that was meant, or refund the customer.",
    ITEM_OVERPAID: "Open item {number} was paid {amount} {currency} too much: refund the customer, or credit it.",
}


class Sold(Struct, frozen=True, kw_only=True):
    """A sale that changes open items, and where it comes from."""

    sale: SaleCompleted
    event_id: str
    store: str
    day: str


def book(connection: Connection, sold: Sequence[Sold], now_ms: int) -> None:
    """Store what sales do to open items, and settle these and their customers."""
    found = [(one, move) for one in sold for move in moves_of(one.sale)]
    if not found:
        return
    tables.begin(
        connection,
        [
            (move.reference, one.sale.customer, one.store, one.sale.currency, one.day, now_ms)
            for one, move in {move.reference: (one, move) for one, move in found}.values()
        ],
    )
    tables.add_moves(connection, [_row(one, move) for one, move in found])
    references = sorted({move.reference for _, move in found})
    known = _settle(connection, references, now_ms)
    pay_till_receipts(
        connection,
        [
            (move.reference, -move.amount_minor, one.sale.completed_ms)
            for one, move in found
            if move.kind != "sale" and move.reference in known
        ],
    )


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


def _settle(connection: Connection, references: Sequence[str], now_ms: int) -> set[str]:
    """Bring items to what their facts come to; return those whose sale is known."""
    facts = tables.moves(connection, references)
    customers = sorted({moves[0].customer for moves in facts.values()})
    agreed = tables.terms(connection, customers)
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
    publish(connection, customers, now_ms)
    return {reference for reference, moves in facts.items() if moves[0].kind == "sale"}


def _head(move: StoredMove, agreed: dict[str, Terms]) -> tuple[str, ...]:
    """Return an item's own figures: those of its sale, or of the first that is known of it."""
    known = agreed.get(move.customer)
    due = due_day(move.day, known.payment_days if known else PAYMENT_DAYS)
    return (move.customer, move.store, move.currency, move.day, due)


def _matter(kind: str, reference: str, amount: int, moves: Sequence[StoredMove]) -> Matter:
    words = _WORDS[kind].format(
        number=reference,
        amount=format_plain(amount, moves[0].currency),
        currency=moves[0].currency,
        receipt=moves[-1].receipt,
    )
    return Matter(kind=kind, subject=reference, detail=words, amount_minor=amount, source=reference)


def publish(connection: Connection, customers: Iterable[str], now_ms: int) -> None:
    """Feed what customers owe now, and put who owes more than agreed on the worklist."""
    agreed = tables.terms(connection, sorted({number for number in customers if number}))
    for number in sorted({known.merged_into or known.number for known in agreed.values()}):
        owed = tables.owed(connection, number)
        put_open_items(connection, number, owed.items)
        terms = agreed.get(number) or tables.terms(connection, [number]).get(number)
        over_minor = excess(owed.items, terms.credit_limit_minor) if terms else 0
        _watch_limit(connection, number, over_minor, owed.currency, now_ms)


def _watch_limit(connection: Connection, number: str, over_minor: int, currency: str, now_ms: int) -> None:
    if not over_minor:
        close_matters(connection, [(LIMIT_EXCEEDED, number, number)], now_ms)
        return
    words = (
        f"Customer {number} owes {format_plain(over_minor, currency)} {currency} more than the credit limit allows. "
        "The sales stand; ask for payment, or raise the limit."
    )
    matter = Matter(kind=LIMIT_EXCEEDED, subject=number, detail=words, amount_minor=over_minor, source=number)
    raise_matters(connection, [matter], now_ms)
