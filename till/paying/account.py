"""Sales on account: what a customer owes as far as this till can know, and whether one more fits under the limit.

Head office feeds the open items; this till's own newer sales and payments of open items come on top until the feed
must have them (contract with `till.paying.vouchers.Known`). Another till's newer sales are head office's worklist.
"""

from collections.abc import Callable, Iterable

from msgspec import Struct
from msgspec.structs import replace

from schema.basket import Basket
from schema.events import SaleCompleted, account_item
from schema.parties import Customer, OpenItem
from till.paying.checkout import part_by, with_payment
from till.paying.vouchers import Known
from till.selling.register import Sale, sums
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
    items = _open_sums(customer, moves, known)
    overdue = [item for item in customer.open_items if item.due_day and item.due_day < today]
    return Standing(
        owed_minor=sum(items.values()),
        limit_minor=customer.credit_limit_minor,
        oldest_day=min((item.day for item in customer.open_items if items[item.reference]), default=""),
        overdue_minor=sum(items[item.reference] for item in overdue),
    )


def still_open(customer: Customer, moves: Iterable[AccountMove], known: Known) -> tuple[OpenItem, ...]:
    """Return the customer's open items as they are once what was paid at this very till is taken off."""
    sums = _open_sums(customer, moves, known)
    items = (replace(item, open_minor=sums[item.reference]) for item in customer.open_items)
    return tuple(item for item in items if item.open_minor > 0)


def _open_sums(customer: Customer, moves: Iterable[AccountMove], known: Known) -> dict[str, int]:
    """Return what is open of each item, by reference; of one that head office fed, what was sold is in its sum."""
    fed = {item.reference: item.open_minor for item in customer.open_items}
    own: dict[str, int] = {}
    for move in moves:
        if known.is_settled(move.epoch, move.seq, move.at_ms):
            continue
        # Never past nothing: below it for what a feed holds, where a void gives a payment back at most; above it else.
        total = own.get(move.reference, 0) + move.amount_minor
        own[move.reference] = min(total, 0) if move.reference in fed else max(total, 0)
    return {reference: max(fed.get(reference, 0) + own.get(reference, 0), 0) for reference in fed | own}


def put_on_account(sale: Sale, found: Standing, amount_minor: int | None, amount_text: Callable[[int], str]) -> Sale:
    """Leave what is due, or a part of it, open on the customer's account; below zero it is credited there.

    Raises Refused: debt_by_debt, credit_limit, bad_amount, nothing_to_pay, empty_basket.
    """
    payment = part_by(sale, "account", amount_minor)
    held = on_account(sale)
    if payment.amount_minor > 0 and held + payment.amount_minor > room(sale):
        raise RefusedInWords(
            "debt_by_debt",
            "An open item is not paid by a new one: at most {amount} of this sale may go on the account.",
            amount=amount_text(max(room(sale) - held, 0)),
        )
    if payment.amount_minor > 0 and held + payment.amount_minor > found.left_minor:
        raise RefusedInWords(
            "credit_limit",
            "This customer owes {owed} and may owe {limit} at most: {left} are left. Take the rest another way.",
            owed=amount_text(found.owed_minor),
            limit=amount_text(found.limit_minor),
            left=amount_text(max(found.left_minor - held, 0)),
        )
    return with_payment(sale, payment)


def on_account(sale: Sale) -> int:
    """Return what of a sale is on the account already."""
    return sum(part.amount_minor for part in sale.payments if part.tender == "account")


def room(sale: Sale) -> int:
    """Return how much of a sale may go on the account at all: not what pays the account itself."""
    totals = sums(sale).totals
    return totals.total_minor - sum(each.total_minor for each in totals.lines if each.line.kind == "open_item")


def check_same_customer(basket: Basket, number: str) -> None:
    """Raise Refused("item_of_another") where a basket pays open items, and another customer is to be put on it."""
    item = next((line.reference for line in basket.lines if line.kind == "open_item"), "")
    if item and number != basket.customer:
        raise RefusedInWords(
            "item_of_another",
            "Open item {reference} in the basket belongs to its customer. Take it off first.",
            reference=item,
        )


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
            reference = account_item(body, part)
            sums[reference] = sums.get(reference, 0) + part.amount_minor
    for line in body.lines:
        if line.kind == "open_item" and line.reference:
            sums[line.reference] = sums.get(line.reference, 0) - line.total_minor
    return {reference: amount for reference, amount in sums.items() if amount}
