"""Paying a sale by any tender in any parts, in both directions, and the finished receipt. Values in, values out.

What is due may be below zero: goods came back, or a receipt is voided. Then the same tenders pay out; amounts are given
above zero in both directions. Cash rounding applies to what is paid in cash at the end only; it is its own figure on
the receipt (domain §1). Σ payments + paid on the order before = total + cash rounding, always.
"""

from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from schema.basket import Line
from schema.events import Payment, SaleCompleted, Tender, sold_lines
from schema.parties import Cashier
from schema.receipt_numbers import receipt_number
from till.paying.coins import round_cash
from till.selling.register import Sale, check_amount, sums
from till.words import RefusedInWords

# More change than this is a typing mistake: an amount with a barcode's digits must not open the drawer.
CHANGE_MINOR_MAX = 100_000
# The staff's money has no tax.
NO_TAX = "none"


class Paid(Struct, frozen=True, kw_only=True):
    """A sale after a payment. `rounding_minor` is what cash rounding added to (or took off) the total."""

    sale: Sale
    rounding_minor: int = 0
    change_minor: int = 0


class Completion(Struct, frozen=True, kw_only=True):
    """What the receipt needs from around the sale."""

    shift_id: str
    cashier: Cashier
    label: str
    completed_ms: int


# -- what is due


def check_payable(sale: Sale) -> int:
    """Return what is due, below zero where the customer gets money. Raises Refused: empty_basket, age_open."""
    if not sale.basket.lines:
        raise RefusedInWords("empty_basket", "There is nothing to pay yet. Scan an article first.")
    if sale.ages_open:
        raise RefusedInWords("age_open", "First say whether the customer is old enough.")
    return sums(sale).due_minor


def part_of_due(sale: Sale, amount_minor: int | None) -> int:
    """Return an amount with the sign of what is due; without one all of it.

    Raises Refused: empty_basket, nothing_to_pay, bad_amount for more than is due.
    """
    due = check_payable(sale)
    if due == 0:
        raise RefusedInWords("nothing_to_pay", "Nothing is due any more.")
    if amount_minor is None:
        return due
    if not 0 < check_amount(amount_minor) <= abs(due):
        raise RefusedInWords("bad_amount", "Except in cash, at most what is due can be paid, and more than nothing.")
    return amount_minor if due > 0 else -amount_minor


def with_payment(sale: Sale, payment: Payment) -> Sale:
    """Return the sale with one payment more."""
    return replace(sale, payments=(*sale.payments, payment))


def is_settled(paid: Paid) -> bool:
    """Tell whether nothing is due any more once rounding is counted in."""
    return sums(paid.sale).due_minor + paid.rounding_minor == 0


# -- cash


def take_cash(sale: Sale, given_minor: int | None, step_minor: int) -> Paid:
    """Take cash, or give it where the customer gets money: the exact amount without `given_minor`.

    Less than due is a part payment, and not rounded. Raises Refused: empty_basket, bad_amount, change_too_large.
    """
    due = check_payable(sale)
    exact = round_cash(due, step_minor)
    if given_minor is not None and check_amount(given_minor) == 0:
        raise RefusedInWords("bad_amount", "Type how much cash the customer gives.")
    if due <= 0:
        return _pay_out(sale, due, exact, given_minor)
    given = exact if given_minor is None else given_minor
    if given < exact:
        return Paid(sale=with_payment(sale, _cash(sale, given)))
    if given - exact > CHANGE_MINOR_MAX:
        raise RefusedInWords("change_too_large", "That is far more than what is due. Type what the customer gives.")
    if exact == 0:  # a rest that is rounded to nothing: all that was given goes back
        return Paid(sale=sale, rounding_minor=-due, change_minor=given)
    payment = replace(_cash(sale, exact), given_minor=given, change_minor=given - exact)
    return Paid(sale=with_payment(sale, payment), rounding_minor=exact - due, change_minor=given - exact)


def _pay_out(sale: Sale, due_minor: int, exact_minor: int, wanted_minor: int | None) -> Paid:
    """Give cash back; a sum that is rounded to nothing needs no payment at all."""
    if exact_minor == 0:
        return Paid(sale=sale, rounding_minor=-due_minor)
    amount = exact_minor if wanted_minor is None else -wanted_minor
    if amount < exact_minor:
        raise RefusedInWords("bad_amount", "That is more than the customer gets back.")
    payment = replace(_cash(sale, amount), change_minor=-amount)
    rounding = exact_minor - due_minor if amount == exact_minor else 0
    return Paid(sale=with_payment(sale, payment), rounding_minor=rounding, change_minor=-amount)


def _cash(sale: Sale, amount_minor: int) -> Payment:
    return Payment(tender="cash", currency=sale.basket.currency, amount_minor=amount_minor)


# -- other tenders


def take_by_hand(sale: Sale, card_type: str, amount_minor: int | None, card_types: tuple[str, ...]) -> Sale:
    """Book what a stand-alone terminal took, or gave back, with the card's type as the cashier saw it.

    Raises Refused: bad_card_type, bad_amount, nothing_to_pay, empty_basket.
    """
    known = next((each for each in card_types if each.casefold() == card_type.strip().casefold()), None)
    if known is None:
        raise RefusedInWords("bad_card_type", "Choose the type of the card: {types}.", types=", ".join(card_types))
    return with_payment(sale, replace(part_by(sale, "card_manual", amount_minor), card_type=known))


def part_by(sale: Sale, tender: Tender, amount_minor: int | None) -> Payment:
    """Return a payment of all that is due, or of a part of it, with its sign. Raises Refused as `part_of_due`."""
    return Payment(tender=tender, currency=sale.basket.currency, amount_minor=part_of_due(sale, amount_minor))


def take_back(sale: Sale, position: int) -> tuple[Sale, Payment]:
    """Return the sale without one of its payments (from 0), and that payment. Raises Refused("unknown_payment")."""
    if not 0 <= position < len(sale.payments):
        raise RefusedInWords("unknown_payment", "There is no such payment on this sale.")
    left = sale.payments[:position] + sale.payments[position + 1 :]
    return replace(sale, payments=left), sale.payments[position]


# -- tips


def tip_of(sale: Sale) -> int:
    return sum(line.unit_price_minor for line in sale.basket.lines if line.kind == "tip")


def with_tip(sale: Sale, tip_minor: int, name: str) -> Sale:
    """Return the sale with this tip instead of the one before; 0 takes it off. It is the staff's: no tax, no discount.

    Raises Refused: empty_basket, bad_amount, no_tip.
    """
    check_payable(sale)
    if sale.voids is not None or (tip_minor and sums(sale).totals.total_minor < 0):
        raise RefusedInWords("no_tip", "There is no tip where money goes back.")
    goods = tuple(line for line in sale.basket.lines if line.kind != "tip")
    tip = (tip_line(name, check_amount(tip_minor)),) if tip_minor else ()
    changed = replace(sale, basket=replace(sale.basket, lines=(*goods, *tip)))
    if sale.payments and sums(changed).due_minor < 0:
        raise RefusedInWords("no_tip", "The tip is paid already. Take the payment back first.")
    return changed


def tip_line(name: str, tip_minor: int) -> Line:
    return Line(
        article="",
        name=name,
        quantity=Decimal(1),
        unit_price_minor=tip_minor,
        tax_code=NO_TAX,
        tax_percent=Decimal(0),
        price_reason="manual",
        kind="tip",
    )


# -- the receipt


def completed(paid: Paid, completion: Completion, receipt_seq: int) -> SaleCompleted:
    """Return the finished receipt. The caller has seen `is_settled`."""
    sale = paid.sale
    totals = sums(sale).totals
    return SaleCompleted(
        sale_id=sale.sale_id,
        receipt=receipt_number(completion.label, receipt_seq),
        receipt_seq=receipt_seq,
        shift_id=completion.shift_id,
        cashier=completion.cashier.number,
        cashier_name=completion.cashier.name,
        currency=sale.basket.currency,
        includes_tax=sale.basket.includes_tax,
        lines=sold_lines(totals),
        taxes=totals.taxes,
        bill_discount_minor=totals.bill_discount_minor,
        total_minor=totals.total_minor,
        payments=sale.payments,
        started_ms=sale.started_ms,
        completed_ms=completion.completed_ms,
        customer=sale.basket.customer,
        order=sale.basket.order,
        cash_rounding_minor=sale.cash_rounding_minor + paid.rounding_minor,
        voids=sale.voids,
    )
