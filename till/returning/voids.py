"""A receipt that is taken back whole: the counter-receipt of its lines and payments, negated. Values in, values out.

A finished receipt is never changed; its void is a receipt of its own, with a reason (domain §2). Each is voided once,
whole, and not after some of it came back: then the rest comes back as a return (till.returning.returns).
"""

from collections.abc import Callable

from msgspec.structs import replace

from schema.basket import Basket, Line, OrderRef, price
from schema.catalogue import PastPayment, PastReceipt
from schema.events import Payment, SaleCompleted, SoldLine, VoidRef
from till.paying.checkout import with_payment
from till.paying.vouchers import shown_code
from till.returning.returns import Why, clean_why, was_voided
from till.selling.register import Sale
from till.selling.shares import coming_to
from till.words import RefusedInWords


def check_voidable(sale: SaleCompleted, known: PastReceipt, voided_by: str) -> None:
    """Raise Refused where a receipt cannot be voided: voided once already, itself a void, or partly come back."""
    if voided_by:
        raise RefusedInWords(
            "receipt_voided",
            "Receipt {receipt} was voided already, by receipt {by}.",
            receipt=sale.receipt,
            by=voided_by,
        )
    if known.voided:
        raise was_voided(known)
    if sale.voids is not None:
        raise RefusedInWords(
            "is_void", "Receipt {receipt} is itself a void. Sell the goods again instead.", receipt=sale.receipt
        )
    if any(line.returned for line in known.lines):
        raise RefusedInWords(
            "partly_returned",
            "Goods of receipt {receipt} came back already. Take the rest back as a return.",
            receipt=sale.receipt,
        )


def check_unspent(original: SaleCompleted, held_minor: Callable[[str], int]) -> None:
    """Raise Refused("voucher_spent") where a voucher that a receipt issued holds less than it was issued for.

    `held_minor` tells what a voucher holds. Who has redeemed one has its worth already.
    """
    for line in original.lines:
        if line.kind == "voucher" and held_minor(line.reference) < line.total_minor:
            raise RefusedInWords(
                "voucher_spent",
                "Voucher {code} of receipt {receipt} was redeemed since. Void the receipt that redeemed it first.",
                code=shown_code(line.reference),
                receipt=original.receipt,
            )


def void_of(
    original: SaleCompleted, sale_id: str, started_ms: int, reason: str, refunds: tuple[PastPayment, ...] = ()
) -> Sale:
    """Return the counter-receipt of a whole receipt, nothing of it paid back yet; `refunds` is how it was paid.

    Raises Refused: no_reason, cannot_void where it would not come to the same, to the cent.
    """
    why = clean_why(Why(reason=reason))
    basket = Basket(
        currency=original.currency,
        includes_tax=original.includes_tax,
        lines=tuple(_counter_line(line) for line in original.lines),
        customer=original.customer,
        order=_counter_order(original.order),
    )
    totals = price(basket)
    if [(row.gross_minor, row.tax_minor) for row in totals.taxes] != [
        (-row.gross_minor, -row.tax_minor) for row in original.taxes
    ]:
        raise RefusedInWords(
            "cannot_void",
            "Receipt {receipt} cannot be voided to the cent. Take the goods back.",
            receipt=original.receipt,
        )
    return Sale(
        sale_id=sale_id,
        started_ms=started_ms,
        basket=basket,
        voids=VoidRef(receipt=original.receipt, sale_id=original.sale_id, reason=why.reason),
        cash_rounding_minor=-original.cash_rounding_minor,
        refunds=refunds,
    )


def _counter_line(line: SoldLine) -> Line:
    """Return a line negated. What a bill discount took off it stands on the line itself: it is not worked out anew."""
    counter = Line(
        article=line.article,
        name=line.name,
        quantity=-line.quantity,
        unit=line.unit,
        unit_price_minor=line.unit_price_minor,
        tax_code=line.tax_code,
        tax_percent=line.tax_percent,
        note=line.note,
        price_reason=line.price_reason,
        kind=line.kind,
        group=line.group,
        why=line.why,
        options=line.options,
        reference=line.reference,
        returns=line.returns,
        order_line=line.order_line,
        stated_tax_minor=None if line.stated_tax_minor is None else -line.stated_tax_minor,
    )
    return coming_to(counter, -line.total_minor, line.discount_reason)


def _counter_order(order: OrderRef | None) -> OrderRef | None:
    return None if order is None else replace(order, paid_minor=-order.paid_minor)


def counter_payment(payment: Payment) -> Payment:
    """Return a payment the other way round: cash and what the books alone hold. A card's goes through its terminal."""
    amount = -payment.amount_minor
    is_cash = payment.tender == "cash"
    return Payment(
        tender=payment.tender,
        currency=payment.currency,
        amount_minor=amount,
        given_minor=amount if is_cash and amount > 0 else 0,
        change_minor=-amount if is_cash and amount < 0 else 0,
        card_type=payment.card_type,
        reference=payment.reference,
    )


def paid_back(sale: Sale, original: SaleCompleted) -> Sale:
    """Return a void with every payment negated that no terminal is needed for."""
    for payment in original.payments:
        if payment.tender != "card":
            sale = with_payment(sale, counter_payment(payment))
    return sale
