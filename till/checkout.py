"""Paying a sale: cash and its change, cash rounding, and the finished receipt. Values in, values out.

Cash rounding applies to what is paid in cash at the end only; it is its own figure on the receipt (domain §1).
Σ payments + paid on the order before = total + cash rounding, always.
"""

from msgspec import Struct
from msgspec.structs import replace

from schema.events import Payment, SaleCompleted, sold_lines
from schema.money import half_up
from schema.parties import Cashier
from schema.receipt_numbers import receipt_number
from till.register import Sale, check_amount, sums
from till.words import RefusedInWords

# More change than this is a typing mistake: an amount with a barcode's digits must not open the drawer.
CHANGE_MINOR_MAX = 100_000
# Coins and notes a customer may hold out, in major units times 100 of a two-digit currency.
_NOTES = (500, 1000, 2000, 5000, 10000, 20000)
QUICK_AMOUNTS_MAX = 5


class Paid(Struct, frozen=True, kw_only=True):
    """A sale after a cash payment. `rounding_minor` is what rounding added to (or took off) the total."""

    sale: Sale
    rounding_minor: int = 0
    change_minor: int = 0


class Completion(Struct, frozen=True, kw_only=True):
    """What the receipt needs from around the sale."""

    shift_id: str
    cashier: Cashier
    label: str
    completed_ms: int


def round_cash(amount_minor: int, step_minor: int) -> int:
    """Round an amount to the smallest coin, halves away from zero."""
    return half_up(amount_minor, step_minor) * step_minor if step_minor > 1 else amount_minor


def quick_amounts(due_minor: int, step_minor: int) -> tuple[int, ...]:
    """Return what customers are likely to hold out: exact, the next five, ten, twenty, fifty …"""
    exact = round_cash(due_minor, step_minor)
    if exact <= 0:
        return ()
    rounded_up = {-(-exact // note) * note for note in _NOTES}
    return (exact, *sorted(amount for amount in rounded_up if amount > exact))[:QUICK_AMOUNTS_MAX]


def take_cash(sale: Sale, given_minor: int | None, step_minor: int) -> Paid:
    """Take cash: the exact amount without `given_minor`. Less than due is a part payment, and not rounded.

    Raises Refused: nothing_to_pay, bad_amount, change_too_large.
    """
    due = check_payable(sale)
    exact = round_cash(due, step_minor)
    given = exact if given_minor is None else given_minor
    if exact <= 0:
        return _pay_out(sale, due, exact)
    if check_amount(given) == 0:
        raise RefusedInWords("bad_amount", "Type how much cash the customer gives.")
    if given < exact:
        return Paid(sale=_with(sale, Payment(tender="cash", currency=_currency(sale), amount_minor=given)))
    if given - exact > CHANGE_MINOR_MAX:
        raise RefusedInWords("change_too_large", "That is far more than what is due. Type what the customer gives.")
    payment = Payment(
        tender="cash",
        currency=_currency(sale),
        amount_minor=exact,
        given_minor=given,
        change_minor=given - exact,
    )
    return Paid(sale=_with(sale, payment), rounding_minor=exact - due, change_minor=given - exact)


def _pay_out(sale: Sale, due_minor: int, exact_minor: int) -> Paid:
    """Nothing to take, or goods came back: the customer gets cash; a sum of nothing needs no payment at all."""
    if exact_minor == 0:
        return Paid(sale=sale, rounding_minor=-due_minor)
    payment = Payment(
        tender="cash", currency=_currency(sale), amount_minor=exact_minor, given_minor=0, change_minor=-exact_minor
    )
    return Paid(sale=_with(sale, payment), rounding_minor=exact_minor - due_minor, change_minor=-exact_minor)


def check_card_amount(sale: Sale, amount_minor: int | None) -> int:
    """Return what the terminal shall be asked for: all that is due unless less is said. Raises Refused."""
    due = check_payable(sale)
    if due <= 0:
        raise RefusedInWords("nothing_to_pay", "There is nothing to pay by card. Give money back in cash.")
    amount = due if amount_minor is None else check_amount(amount_minor)
    if not 0 < amount <= due:
        raise RefusedInWords("bad_amount", "By card at most what is due can be paid, and more than nothing.")
    return amount


def check_payable(sale: Sale) -> int:
    """Return what is due. Raises Refused("empty_basket")."""
    if not sale.basket.lines:
        raise RefusedInWords("empty_basket", "There is nothing to pay yet. Scan an article first.")
    return sums(sale).due_minor


def is_settled(paid: Paid) -> bool:
    """Tell whether nothing is due any more once rounding is counted in."""
    return sums(paid.sale).due_minor + paid.rounding_minor == 0


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
        cash_rounding_minor=paid.rounding_minor,
    )


def _with(sale: Sale, payment: Payment) -> Sale:
    return replace(sale, payments=(*sale.payments, payment))


def _currency(sale: Sale) -> str:
    return sale.basket.currency
