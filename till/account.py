"""Sales on account: what a customer owes as far as this till can know, and whether one more fits under the limit.

Head office feeds the open items; this till's own newer sales and payments of open items come on top until the feed
must have them (contract with `till.vouchers.Known`). Another till's newer sales are head office's worklist.
"""

from collections.abc import Callable, Iterable

from msgspec import Struct

from schema.events import SaleCompleted
from schema.parties import Customer
from till.checkout import part_by, with_payment
from till.register import Sale
from till.vouchers import Known
from till.words import RefusedInWords


class AccountMove(Struct, frozen=True, kw_only=True):
    """What this till's journal knows of one open item: a sale on account (above zero), a payment of it (below)."""

    reference: str
    epoch: int
    seq: int
    amount_minor: int
    at_ms: int


class Standing(Struct, frozen=True, kw_only=True):
    """How a customer stands: what is owed, since when, and what may still be bought on account."""

    owed_minor: int
    limit_minor: int
    oldest_day: str = ""
    overdue_minor: int = 0

    @property
    def left_minor(self) -> int:
        return max(self.limit_minor - self.owed_minor, 0)


def standing(customer: Customer, moves: Iterable[AccountMove], known: Known, today: str) -> Standing:
    """Return how a customer stands: head office's open items with the own journal's newer moves on them."""
    items = {item.reference: item.open_minor for item in customer.open_items}
    fed = frozenset(items)
    for move in moves:
        if known.is_settled(move.epoch, move.seq, move.at_ms):
            continue
        if move.amount_minor < 0:
            items[move.reference] = max(items.get(move.reference, 0) + move.amount_minor, 0)
        elif move.reference not in fed:
            items[move.reference] = items.get(move.reference, 0) + move.amount_minor
    overdue = [item for item in customer.open_items if item.due_day and item.due_day < today]
    return Standing(
        owed_minor=sum(items.values()),
        limit_minor=customer.credit_limit_minor,
        oldest_day=min((item.day for item in customer.open_items), default=""),
        overdue_minor=sum(items[item.reference] for item in overdue),
    )


def put_on_account(sale: Sale, found: Standing, amount_minor: int | None, amount_text: Callable[[int], str]) -> Sale:
    """Leave what is due, or a part of it, open on the customer's account; below zero it is credited there.

    Raises Refused: credit_limit, bad_amount, nothing_to_pay, empty_basket.
    """
    payment = part_by(sale, "account", amount_minor)
    held = sum(part.amount_minor for part in sale.payments if part.tender == "account")
    if payment.amount_minor > 0 and held + payment.amount_minor > found.left_minor:
        raise RefusedInWords(
            "credit_limit",
            "This customer owes {owed} and may owe {limit} at most: {left} are left. Take the rest another way.",
            owed=amount_text(found.owed_minor),
            limit=amount_text(found.limit_minor),
            left=amount_text(max(found.left_minor - held, 0)),
        )
    return with_payment(sale, payment)


def check_customer(sale: Sale) -> str:
    """Return the sale's customer. Raises Refused("no_customer")."""
    if not sale.basket.customer:
        raise RefusedInWords("no_customer", "On account needs a customer. Choose one on the sale first.")
    return sale.basket.customer


def moved(body: SaleCompleted) -> dict[str, int]:
    """Return what a receipt does to its customer's open items, by their reference."""
    sums: dict[str, int] = {}
    for part in body.payments:
        if part.tender == "account":
            reference = body.voids.receipt if body.voids else body.receipt
            sums[reference] = sums.get(reference, 0) + part.amount_minor
    for line in body.lines:
        if line.kind == "open_item" and line.reference:
            sums[line.reference] = sums.get(line.reference, 0) - line.total_minor
    return {reference: amount for reference, amount in sums.items() if amount}
