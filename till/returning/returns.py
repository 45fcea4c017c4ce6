"""Goods that come back, and receipts that are taken back whole. Values in, values out.

A finished receipt is never changed. Goods come back as negative lines that name the receipt's line; their price and tax
are those of the sale, its discounts included, so that all parts of a line together give back what it cost (domain §2).
A receipt that is taken back whole is `till.returning.voids`' business.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from schema.basket import LINES_MAX, Basket, Line, ReturnRef, price
from schema.catalogue import Article, PastLine, PastPayment, PastReceipt, ReturnRules
from schema.events import Tender
from schema.parties import Right
from schema.past import NOTHING_BACK, Back, returned_of, summed
from schema.quantity import check_quantity
from schema.tax import TaxRate
from schema.text import without_controls
from till.paying.checkout import part_of_due
from till.selling.register import NO_TAX, Sale, sums, with_basket
from till.selling.shares import coming_to, share
from till.words import Day, RefusedInWords

# What can come back by its line. A voucher, a tip, an open item or a prepayment is taken back with its whole receipt.
RETURNABLE = frozenset({"goods", "bottle_deposit"})
TEXT_LENGTH_MAX = 80
# Cash that is rounded may be a coin more than the receipt says.
ROUNDING_MINOR_MAX = 5
# Nobody knows how many were sold of what is brought without a receipt.
BROUGHT_MAX = Decimal(9999)
ZERO = Decimal(0)


class Wanted(Struct, frozen=True, kw_only=True):
    """A line of a receipt (from 1) that comes back, and how much of it; None is all that is left."""

    line: int
    quantity: Decimal | None = None


class Why(Struct, frozen=True, kw_only=True):
    """Why goods come back, and in what condition."""

    reason: str
    condition: str = ""


# -- what is known of a receipt


def with_returned(past: PastReceipt, returned: Mapping[int, Back], *, voided: bool = False) -> PastReceipt:
    """Return a receipt with what came back of its lines, by line, where that is more than it knows itself."""
    lines = tuple(
        replace(line, returned=back.quantity, returned_minor=back.minor)
        if (back := returned.get(line.line)) is not None and back.quantity > line.returned
        else line
        for line in past.lines
    )
    return replace(past, lines=lines, voided=past.voided or voided)


def left(line: PastLine) -> Decimal:
    """Return how much of a line may still come back."""
    if line.kind not in RETURNABLE or line.quantity <= 0:
        return ZERO
    return max(line.quantity - line.returned, ZERO)


def with_basket_counted(past: PastReceipt, basket: Basket) -> PastReceipt:
    """Return a receipt as it will be once the lines in the basket have come back."""
    back = summed(
        (line.returns.line, Back(quantity=-line.quantity, minor=-priced.total_minor))
        for priced in price(basket).lines
        if (line := priced.line).returns is not None and line.returns.receipt == past.receipt
    )
    return with_returned(
        past, {line.line: returned_of(line) + back.get(line.line, NOTHING_BACK) for line in past.lines}
    )


# -- goods that come back


def check_returnable(past: PastReceipt, rules: ReturnRules, today: date) -> None:
    """Raise Refused where nothing of a receipt may come back: receipt_voided, return_too_late, nothing_left."""
    if past.voided:
        raise was_voided(past)
    if rules.days_max and (today - date.fromisoformat(past.day)).days > rules.days_max:
        raise RefusedInWords(
            "return_too_late",
            "Receipt {receipt} is of {day}. Here goods come back within {days} days.",
            day=Day(past.day),
            days=rules.days_max,
            **_of(past),
        )
    if not any(left(line) for line in past.lines):
        raise RefusedInWords(
            "nothing_left", "Nothing is left to come back on receipt {receipt}: it came back already.", **_of(past)
        )


def was_voided(past: PastReceipt) -> RefusedInWords:
    """Return the refusal to take anything back of a void receipt."""
    return RefusedInWords("receipt_voided", "Receipt {receipt} was voided. Nothing is left on it.", **_of(past))


def _of(past: PastReceipt) -> dict[str, object]:
    return {"receipt": past.receipt}


def clean_why(why: Why) -> Why:
    """Return a reason and condition fit for paper. Raises Refused("no_reason")."""
    reason = without_controls(why.reason).strip()[:TEXT_LENGTH_MAX]
    if not reason:
        raise RefusedInWords("no_reason", "Say why the goods come back: it stands in the books.")
    return Why(reason=reason, condition=without_controls(why.condition).strip()[:TEXT_LENGTH_MAX])


def with_goods_back(sale: Sale, past: PastReceipt, wanted: Sequence[Wanted], why: Why, today: date) -> Sale:
    """Return the sale with goods of a receipt coming back on it; without `wanted` all that is left.

    A bottle deposit comes back with its article unless it is named itself. The receipt's customer is kept.
    Raises Refused: no_reason, unknown_line, too_much_back, nothing_left, other_currency, other_prices, basket_full.
    """
    why = clean_why(why)
    _check_fits(sale.basket, past)
    now = with_basket_counted(past, sale.basket)
    lines = [_line_back(now, *each, why) for each in _chosen(now, wanted)]
    if not lines:
        raise RefusedInWords(
            "nothing_left", "Nothing is left to come back on receipt {receipt}: it came back already.", **_of(past)
        )
    if len(sale.basket.lines) + len(lines) > LINES_MAX:
        raise RefusedInWords(
            "basket_full", "A receipt holds {count} lines. Take these back on one of their own.", count=LINES_MAX
        )
    basket = replace(
        sale.basket,
        includes_tax=past.includes_tax,
        lines=(*sale.basket.lines, *lines),
        customer=sale.basket.customer or past.customer,
    )
    return replace(with_basket(sale, basket), refunds=_with_refunds(sale, past, today))


def _check_fits(basket: Basket, past: PastReceipt) -> None:
    if past.currency != basket.currency:
        raise RefusedInWords(
            "other_currency", "Receipt {receipt} is in {currency}.", currency=past.currency, **_of(past)
        )
    if basket.lines and past.includes_tax != basket.includes_tax:
        raise RefusedInWords(
            "other_prices",
            "The prices of receipt {receipt} and of this basket differ in whether tax is in them. Take the goods back "
            "on a receipt of their own.",
            **_of(past),
        )


def _chosen(past: PastReceipt, wanted: Sequence[Wanted]) -> list[tuple[PastLine, Decimal]]:
    """Return the lines that come back with their quantities, in the receipt's order."""
    if not wanted:
        return [(line, left(line)) for line in past.lines if left(line)]
    quantities: dict[int, Decimal] = {}
    for each in wanted:
        line = line_of(past, each.line)
        quantity = left(line) if each.quantity is None else check_quantity(each.quantity)
        quantities[line.line] = quantities.get(line.line, ZERO) + quantity
        _check_left(past, line, quantities[line.line])
    return [(line, quantities[line.line]) for line in past.lines if line.line in quantities] + [
        (deposit, min(quantities[line.line], left(deposit)))
        for line, deposit in zip(past.lines, past.lines[1:], strict=False)
        if _follows(line, deposit) and line.line in quantities and deposit.line not in quantities and left(deposit)
    ]


def _follows(line: PastLine, deposit: PastLine) -> bool:
    return line.kind == "goods" and deposit.kind == "bottle_deposit" and deposit.line == line.line + 1


def line_of(past: PastReceipt, number: int) -> PastLine:
    """Return a line by its number on the receipt, from 1. Raises Refused("unknown_line")."""
    found = next((line for line in past.lines if line.line == number), None)
    if found is None:
        raise RefusedInWords(
            "unknown_line", "There is no line {line} on receipt {receipt}.", line=str(number)[:10], **_of(past)
        )
    return found


def _check_left(past: PastReceipt, line: PastLine, quantity: Decimal) -> None:
    if line.kind not in RETURNABLE or line.quantity <= 0:
        raise RefusedInWords(
            "not_returnable", "“{name}” does not come back by its line. Void the whole receipt.", name=line.name
        )
    if not ZERO < quantity <= left(line):
        raise RefusedInWords(
            "too_much_back",
            "Of “{name}” on receipt {receipt}, {left} of {sold} may still come back.",
            name=line.name,
            left=left(line),
            sold=line.quantity,
            **_of(past),
        )


def worth(line: PastLine, quantity: Decimal) -> int:
    """Return what is given back for a quantity of a line, after what came back of it already."""
    return share(line.total_minor, line.quantity, line.returned, quantity, line.returned_minor)


def _line_back(past: PastReceipt, line: PastLine, quantity: Decimal, why: Why) -> Line:
    tax = line.stated_tax_minor
    back = Line(
        article=line.article,
        name=line.name,
        quantity=-quantity,
        unit=line.unit,
        unit_price_minor=line.unit_price_minor,
        tax_code=line.tax_code,
        tax_percent=line.tax_percent,
        price_reason="return",
        kind="bottle_deposit" if line.kind == "bottle_deposit" else "goods",
        returns=ReturnRef(receipt=past.receipt, line=line.line, reason=why.reason, condition=why.condition),
        stated_tax_minor=None if tax is None else -share(tax, line.quantity, line.returned, quantity),
    )
    return coming_to(back, -worth(line, quantity))


def brought(article: Article, rate: TaxRate, number: int) -> PastLine:
    """Return an article that was brought without a receipt as a line that can come back, at today's price."""
    return PastLine(
        line=number,
        article=article.number,
        name=article.name,
        quantity=BROUGHT_MAX,
        unit=article.unit,
        unit_price_minor=article.price_minor,
        total_minor=article.price_minor * int(BROUGHT_MAX),
        tax_code=article.tax_code,
        tax_percent=rate.percent,
    )


def line_without_receipt(line: Line, why: Why) -> Line:
    """Return a line of goods that come back without a receipt, at today's price, from the line that would sell them."""
    why = clean_why(why)
    note = " · ".join(part for part in (why.reason, why.condition) if part)
    return replace(line, quantity=-line.quantity, price_reason="return", list_price_minor=None, note=note)


# -- what is paid back, and how


def _with_refunds(sale: Sale, past: PastReceipt, today: date) -> tuple[PastPayment, ...]:
    """Return how the receipts in the basket were paid, with this one's payments where it is new among them."""
    if any(line.returns is not None and line.returns.receipt == past.receipt for line in sale.basket.lines):
        return sale.refunds
    return (*sale.refunds, *refundable(past.payments, is_today=past.day == today.isoformat()))


def refundable(payments: Iterable[PastPayment], *, is_today: bool) -> tuple[PastPayment, ...]:
    """Return what was paid in. Only on its own day a card payment can be reversed by the terminal's number."""
    return tuple(part if is_today else replace(part, original="") for part in payments if part.amount_minor > 0)


def without_reversals(sale: Sale) -> Sale:
    """Return the sale after the terminal's end of day: what is paid back to a card now is a refund."""
    return replace(sale, refunds=tuple(replace(part, original="") for part in sale.refunds))


def right_to_refund(sale: Sale, tender: Tender, amount_minor: int, rules: ReturnRules) -> Right | None:
    """Tell which right paying out by a tender needs: none where the goods were paid by it, up to what was paid so."""
    if not rules.same_tender or not _takes_back(sale):
        return None
    paid = sum(part.amount_minor for part in sale.refunds if part.tender == tender)
    out = -sum(part.amount_minor for part in sale.payments if part.tender == tender and part.amount_minor < 0)
    return None if paid and out + abs(amount_minor) <= paid + ROUNDING_MINOR_MAX else "refund_other_tender"


def _takes_back(sale: Sale) -> bool:
    return sale.voids is not None or any(line.returns is not None for line in sale.basket.lines)


def card_to_reverse(sale: Sale, amount_minor: int | None) -> str:
    """Return the terminal's own number of a card payment that is given back whole; empty where it is a refund."""
    out = -sums(sale).due_minor if amount_minor is None else abs(amount_minor)
    parts = [part for part in sale.refunds if part.tender == "card" and part.original]
    return next((part.original for part in parts if part.amount_minor == out), "")


def with_voucher_instead(sale: Sale, amount_minor: int | None, code: str, name: str) -> Sale:
    """Return the sale with a new voucher for what the customer would get back. Raises Refused: void_fixed."""
    if sale.voids is not None:
        raise RefusedInWords("void_fixed", "A void gives back what was paid. Choose another tender.")
    line = voucher_for(-part_of_due(sale, amount_minor), code, name)
    return replace(sale, basket=replace(sale.basket, lines=(*sale.basket.lines, line)))


def voucher_for(amount_minor: int, code: str, name: str) -> Line:
    """Return the line of a voucher that is given instead of money."""
    return Line(
        article="",
        name=name,
        quantity=Decimal(1),
        unit_price_minor=amount_minor,
        tax_code=NO_TAX,
        tax_percent=ZERO,
        kind="voucher",
        reference=code,
    )
