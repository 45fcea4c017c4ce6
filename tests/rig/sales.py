"""Finished sales of any number, for journals that a benchmark or a test fills without a cashier."""

from decimal import Decimal

from rig.articles import article
from schema.basket import Basket, Line, price
from schema.events import CardFacts, Payment, SaleCompleted, sold_lines
from schema.receipt_numbers import receipt_number

PERCENT = {"reduced": Decimal(7), "standard": Decimal(19)}


def sale(number: int, *, shift_id: str, label: str, lines: int = 3, now_ms: int = 1_790_000_000_000) -> SaleCompleted:
    """Return the n-th sale of a till: a few lines, every third one paid by card."""
    totals = price(Basket(currency="EUR", lines=tuple(_line(number * 7 + place) for place in range(1, lines + 1))))
    card = CardFacts(attempt_id=f"attempt-{number}") if number % 3 == 0 else None
    paid = Payment(
        tender="card" if card else "cash",
        currency="EUR",
        amount_minor=totals.total_minor,
        given_minor=totals.total_minor,
        card=card,
    )
    return SaleCompleted(
        sale_id=f"sale-{label}-{number}",
        receipt=receipt_number(label, number),
        receipt_seq=number,
        shift_id=shift_id,
        cashier="1",
        cashier_name="Alex Example",
        currency="EUR",
        includes_tax=True,
        lines=sold_lines(totals),
        taxes=totals.taxes,
        bill_discount_minor=0,
        total_minor=totals.total_minor,
        payments=(paid,),
        started_ms=now_ms + number * 1000,
        completed_ms=now_ms + number * 1000 + 500,
    )


def _line(number: int) -> Line:
    sold = article(1 + number % 5000)
    return Line(
        article=sold.number,
        name=sold.name,
        quantity=Decimal(1 + number % 3),
        unit_price_minor=sold.price_minor,
        tax_code=sold.tax_code,
        tax_percent=PERCENT[sold.tax_code],
    )
