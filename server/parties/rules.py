"""What a sale does to what customers owe. Values in, values out.

A sale on account opens an item under the till's receipt number. Lines of kind `open_item` pay it; a void or a return on
account lowers the item of the receipt that it takes back. An item is the sum of these facts, so they may come in any
order: what is not known yet stands as owed less than nothing until it comes.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Literal

from msgspec import Struct

from schema.events import Payment, SaleCompleted, account_item
from schema.parties import OpenItem

MoveKind = Literal["sale", "payment", "credit"]
ITEM_UNKNOWN = "open item unknown"
ITEM_OVERPAID = "open item overpaid"
LIMIT_EXCEEDED = "credit limit exceeded"
NUMBER_CLASH = "customer number clash"
SETTLED_KINDS = (ITEM_UNKNOWN, ITEM_OVERPAID)
# Payments come after all lines of their receipt in the numbering of an event's effects.
PAYMENT_EFFECTS_FROM = 1000


class Move(Struct, frozen=True, kw_only=True):
    """One fact about an open item: positive when the customer owes more."""

    effect_no: int
    reference: str
    kind: MoveKind
    amount_minor: int


class Standing(Struct, frozen=True, kw_only=True):
    """What an item's facts come to; `amount_minor` is what was sold, `open_minor` what is left of it."""

    amount_minor: int
    open_minor: int
    matters: dict[str, int]


def moves_of(sale: SaleCompleted) -> tuple[Move, ...]:
    """Return what a sale does to open items."""
    paid = [
        Move(effect_no=number, reference=line.reference, kind="payment", amount_minor=-line.total_minor)
        for number, line in enumerate(sale.lines, start=1)
        if line.kind == "open_item"
    ]
    sold = [
        _sold(sale, part, PAYMENT_EFFECTS_FROM + number)
        for number, part in enumerate(sale.payments, start=1)
        if part.tender == "account"
    ]
    return tuple(move for move in (*paid, *sold) if move.amount_minor)


def _sold(sale: SaleCompleted, part: Payment, effect_no: int) -> Move:
    kind: MoveKind = "sale" if part.amount_minor > 0 and not sale.voids else "credit"
    return Move(effect_no=effect_no, reference=account_item(sale, part), kind=kind, amount_minor=part.amount_minor)


def is_own_item(sale: SaleCompleted, part: Payment) -> bool:
    """Tell whether a payment on account leaves an item open under the receipt's own number."""
    return account_item(sale, part) == sale.receipt


def standing(moves: Sequence[tuple[MoveKind, int]]) -> Standing:
    """Return what an item comes to from the set of its facts (kind, amount)."""
    sold = sum(amount for kind, amount in moves if kind == "sale")
    is_sold = any(kind == "sale" for kind, _ in moves)
    open_minor = sum(amount for _, amount in moves)
    is_paid = any(kind == "payment" for kind, _ in moves)
    matters = {}
    if is_paid and not is_sold and open_minor:
        matters[ITEM_UNKNOWN] = -open_minor
    elif is_paid and open_minor < 0:
        matters[ITEM_OVERPAID] = -open_minor
    return Standing(amount_minor=sold, open_minor=open_minor, matters=matters)


def due_day(day: str, payment_days: int) -> str:
    """Return when an item of a day is due; an item of no readable day is due on it."""
    try:
        return (date.fromisoformat(day) + timedelta(days=payment_days)).isoformat()
    except (ValueError, OverflowError):
        return day


def excess(items: Sequence[OpenItem], limit_minor: int) -> int:
    """Return by how much a customer owes more than allowed."""
    return max(sum(item.open_minor for item in items) - limit_minor, 0)
