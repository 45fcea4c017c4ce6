"""SQL of `payment_order`, `payment_order_move` and `customer_added`. Written by this room only."""

from collections.abc import Sequence

from msgspec import Struct

from schema.parties import OpenItem
from server.db import Connection
from server.parties.rules import MoveKind

_MOVE = (
    "source_event",
    "effect_no",
    "reference",
    "kind",
    "customer",
    "store",
    "currency",
    "amount_minor",
    "receipt",
    "day",
    "at_ms",
)
_BEGIN = """
INSERT INTO payment_order (reference, customer, store, currency, day, due_day, modified_ms) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (reference) DO NOTHING
"""
_HOLD = "SELECT reference FROM payment_order WHERE reference IN ({marks}) ORDER BY reference{for_update}"
# A fact keeps the number that it was told; who stands for a merged one today is looked up.
_MOVES = """
SELECT p.reference, p.kind, p.amount_minor, COALESCE(m.into_number, p.customer), p.store, p.currency, p.day, p.receipt,
    p.at_ms FROM payment_order_move p LEFT JOIN customer_merge m ON m.number = p.customer
WHERE p.reference IN ({marks})
ORDER BY CASE WHEN p.kind = 'sale' THEN 0 ELSE 1 END, p.at_ms, p.source_event, p.effect_no
"""
_STAND = """
UPDATE payment_order SET customer = ?, store = ?, currency = ?, day = ?, due_day = ?, amount_minor = ?, open_minor = ?,
    modified_ms = ? WHERE reference = ?
"""
_CUSTOMERS = "SELECT number, payment_days, credit_limit_minor FROM customer WHERE number IN ({marks})"
_HELD_CUSTOMERS = _CUSTOMERS + " ORDER BY number{for_update}"
_ITEMS = """
SELECT reference, day, due_day, open_minor, currency FROM payment_order
WHERE open_minor <> 0 AND customer = ? ORDER BY day, reference
"""
_OF_CUSTOMER = "SELECT reference FROM payment_order WHERE customer = ? ORDER BY reference"
_ADD = """
INSERT INTO customer_added (source_event, number, store, till_id, day, cashier, added_ms, is_new)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""


class Owed(Struct, frozen=True, kw_only=True):
    """What a customer owes, oldest first."""

    items: tuple[OpenItem, ...]
    currency: str


class StoredMove(Struct, frozen=True, kw_only=True):
    """A fact about an open item as it is kept."""

    reference: str
    kind: MoveKind
    amount_minor: int
    customer: str
    store: str
    currency: str
    day: str
    receipt: str
    at_ms: int


class Terms(Struct, frozen=True, kw_only=True):
    """What is agreed with a customer."""

    number: str
    payment_days: int
    credit_limit_minor: int


def begin(connection: Connection, rows: Sequence[tuple[str, str, str, str, str, int]]) -> None:
    """Make sure that items (reference, customer, store, currency, day, now) are there, and hold them."""
    ordered = sorted(rows)
    connection.many(_BEGIN, [(*row[:5], row[4], row[5]) for row in ordered])
    hold(connection, [row[0] for row in ordered])


def hold(connection: Connection, references: Sequence[str]) -> set[str]:
    """Lock items, always in the order of their references, and return those that exist."""
    if not references:
        return set()
    sql = _HOLD.format(marks=", ".join("?" * len(references)), for_update=connection.for_update)
    return {reference for (reference,) in connection.rows(sql, sorted(references))}


def customers_of(connection: Connection, references: Sequence[str]) -> set[str]:
    """Return whose items these are, as far as is known."""
    sql = f"SELECT DISTINCT customer FROM payment_order WHERE reference IN ({', '.join('?' * len(references))})"
    return {customer for (customer,) in connection.rows(sql, references)}


def hand_over(connection: Connection, goes: str, stays: str, now_ms: int) -> None:
    """Make one customer's items another's."""
    connection.rows(_OF_CUSTOMER + connection.for_update, (goes,))
    connection.run("UPDATE payment_order SET customer = ?, modified_ms = ? WHERE customer = ?", (stays, now_ms, goes))


def add_moves(connection: Connection, rows: Sequence[Sequence[object]]) -> None:
    """Store facts. Raises ConstraintBrokenError for one that is there already."""
    marks = ", ".join("?" * len(_MOVE))
    connection.many(f"INSERT INTO payment_order_move ({', '.join(_MOVE)}) VALUES ({marks})", rows)


def moves(connection: Connection, references: Sequence[str]) -> dict[str, list[StoredMove]]:
    """Return all facts of items, the sale itself first."""
    found: dict[str, list[StoredMove]] = {reference: [] for reference in references}
    names = StoredMove.__struct_fields__
    for row in connection.rows(_MOVES.format(marks=", ".join("?" * len(references))), references):
        found[row[0]].append(StoredMove(**dict(zip(names, row, strict=True))))
    return found


def payments_on(connection: Connection, references: Sequence[str]) -> list[tuple[str, int, int]]:
    """Hold items and return what other receipts paid or credited on them: (reference, amount, when)."""
    held = sorted(hold(connection, references))
    if not held:
        return []
    return [
        (move.reference, -move.amount_minor, move.at_ms)
        for found in moves(connection, held).values()
        for move in found
        if move.receipt != move.reference
    ]


def write_standing(connection: Connection, rows: Sequence[Sequence[object]]) -> None:
    """Bring items (customer, store, currency, day, due, amount, open, now, reference) to what their facts come to."""
    connection.many(_STAND, rows)


def terms(connection: Connection, numbers: Sequence[str], *, held: bool = False) -> dict[str, Terms]:
    """Return what is agreed with customers that head office knows, on demand holding them in order of their numbers."""
    if not numbers:
        return {}
    sql = _HELD_CUSTOMERS if held else _CUSTOMERS
    rows = connection.rows(sql.format(marks=", ".join("?" * len(numbers)), for_update=connection.for_update), numbers)
    return {row[0]: Terms(**dict(zip(Terms.__struct_fields__, row, strict=True))) for row in rows}


def owed(connection: Connection, number: str) -> Owed:
    """Return what a customer owes."""
    rows = connection.rows(_ITEMS, (number,))
    items = tuple(
        OpenItem(reference=reference, day=day, due_day=due, open_minor=open_minor)
        for reference, day, due, open_minor, _ in rows
    )
    return Owed(items=items, currency=rows[0][4] if rows else "")


def add_customer_source(connection: Connection, row: Sequence[object]) -> None:
    """Note which event brought a customer. Raises ConstraintBrokenError for one that did already."""
    connection.run(_ADD, row)


def customer_is_there(connection: Connection, number: str) -> bool:
    return connection.row("SELECT 1 FROM customer WHERE number = ?", (number,)) is not None
