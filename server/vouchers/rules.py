"""What a sale does to multi-purpose vouchers. Values in, values out.

A voucher's balance is the sum of its moves: issued by a line of kind `voucher` for what was paid for it, used by a
payment with it, and the other way round for voids and refunds. Head office is the keeper; a till that is offline
redeems up to a limit, so two may spend the same money. Nothing is refused for that: a person has to decide.
"""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from schema.events import SaleCompleted

MoveKind = Literal["issue", "redeem"]
OVERDRAWN = "voucher overdrawn"
UNKNOWN = "voucher unknown"
ISSUED_TWICE = "voucher issued twice"
KINDS = (OVERDRAWN, UNKNOWN, ISSUED_TWICE)
# Payments come after all lines of their receipt in the numbering of an event's effects.
PAYMENT_EFFECTS_FROM = 1000


class Move(Struct, frozen=True, kw_only=True):
    """One fact about a voucher: positive when it holds more."""

    effect_no: int
    code: str
    kind: MoveKind
    amount_minor: int
    offline: bool = False


class Standing(Struct, frozen=True, kw_only=True):
    """What a voucher's facts come to."""

    balance_minor: int
    issued_minor: int
    matters: dict[str, int]


def moves_of(sale: SaleCompleted) -> tuple[Move, ...]:
    """Return what a sale does to vouchers; a payment that names none changes none."""
    issued = [
        Move(effect_no=number, code=line.reference, kind="issue", amount_minor=line.total_minor)
        for number, line in enumerate(sale.lines, start=1)
        if line.kind == "voucher"
    ]
    used = [
        Move(
            effect_no=PAYMENT_EFFECTS_FROM + number,
            code=part.reference,
            kind="redeem",
            amount_minor=-part.amount_minor,
            offline=part.offline,
        )
        for number, part in enumerate(sale.payments, start=1)
        if part.tender == "voucher" and part.reference
    ]
    return tuple(move for move in (*issued, *used) if move.amount_minor)


def standing(moves: Sequence[tuple[MoveKind, int]]) -> Standing:
    """Return what a voucher comes to from the set of its facts (kind, amount)."""
    balance = sum(amount for _, amount in moves)
    issues = [amount for kind, amount in moves if kind == "issue"]
    credited = any(amount > 0 for _, amount in moves)
    matters = {}
    if balance < 0:
        matters[OVERDRAWN if credited else UNKNOWN] = -balance
    if sum(1 if amount > 0 else -1 for amount in issues) > 1:
        matters[ISSUED_TWICE] = sum(issues)
    return Standing(balance_minor=balance, issued_minor=sum(issues), matters=matters)
