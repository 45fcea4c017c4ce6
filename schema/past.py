"""Receipts that goods may come back on: what one looks like to whoever takes them, and what came back of it so far.

The till makes them from its own journal, head office from the events that it holds, and both must see the same.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import TypeVar

from msgspec import Struct

from schema.catalogue import PastLine, PastPayment, PastReceipt
from schema.events import Payment, SaleCompleted, SoldLine

Key = TypeVar("Key")


class Back(Struct, frozen=True, kw_only=True):
    """How much of a line came back, and what was given for it; `minor` is None where nobody kept it."""

    quantity: Decimal = Decimal(0)
    minor: int | None = 0

    def __add__(self, other: "Back") -> "Back":
        known = self.minor is not None and other.minor is not None
        return Back(
            quantity=self.quantity + other.quantity, minor=(self.minor or 0) + (other.minor or 0) if known else None
        )


NOTHING_BACK = Back()


def summed(rows: Iterable[tuple[Key, Back]]) -> dict[Key, Back]:
    """Return what came back by whatever it is told of."""
    sums: dict[Key, Back] = {}
    for key, back in rows:
        sums[key] = sums.get(key, NOTHING_BACK) + back
    return sums


def goods_back(sale: SaleCompleted) -> dict[tuple[str, int], Back]:
    """Return what a receipt takes back of others, by receipt and line; below zero where it voids such a return."""
    return summed(
        ((line.returns.receipt, line.returns.line), Back(quantity=-line.quantity, minor=-line.total_minor))
        for line in sale.lines
        if line.returns is not None
    )


def returned_of(line: PastLine) -> Back:
    """Return what a receipt knows to have come back of a line."""
    return Back(quantity=line.returned, minor=line.returned_minor)


def past_of(sale: SaleCompleted, store: str, till_id: str, day: str) -> PastReceipt:
    """Return a receipt as one that goods may come back on, nothing of it come back yet."""
    return PastReceipt(
        receipt=sale.receipt,
        store=store,
        till_id=till_id,
        day=day,
        currency=sale.currency,
        includes_tax=sale.includes_tax,
        customer=sale.customer,
        total_minor=sale.total_minor,
        lines=tuple(_past_line(number, line) for number, line in enumerate(sale.lines, start=1)),
        payments=tuple(past_payment(payment) for payment in sale.payments),
    )


def _past_line(number: int, line: SoldLine) -> PastLine:
    # A void of a return shows goods again, but the receipt that sold them is the one that they come back on.
    elsewhere = line.returns is not None and line.quantity > 0
    return PastLine(
        line=number,
        article=line.article,
        name=line.name,
        quantity=line.quantity,
        unit=line.unit,
        unit_price_minor=line.unit_price_minor,
        total_minor=line.total_minor,
        tax_code=line.tax_code,
        tax_percent=line.tax_percent,
        kind=line.kind,
        returned=line.quantity if elsewhere else Decimal(0),
        returned_minor=line.total_minor if elsewhere else 0,
        stated_tax_minor=line.stated_tax_minor,
    )


def past_payment(payment: Payment) -> PastPayment:
    """Return how a part was paid; only a terminal's payment has a number to refund it by."""
    original = payment.card.receipt_number if payment.card else ""
    return PastPayment(tender=payment.tender, amount_minor=payment.amount_minor, original=original)
