"""The basket: what a customer wants to buy, and what it comes to. Values in, values out.

A line's total is half_up(unit price × quantity) less half_up of its discount; a bill discount is rounded once and
allocated over the line totals by largest remainder, ties to the earlier line (domain §1). Prices include tax unless
the basket says otherwise. The till and head office price every document with `price`, so both see one result.
"""

from decimal import Decimal
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from schema.errors import Refused
from schema.money import allocate, half_up
from schema.quantity import check_quantity, multiply
from schema.tax import TaxedAmount, TaxSum, breakdown

LINES_MAX = 500
# What a line is, for the books: goods; a bottle deposit that follows its article; a tip (the staff's, not ours);
# a multi-purpose voucher that is issued; a customer's open item that is paid; a prepayment on an order, taken or (with
# a negative quantity) counted towards the final receipt.
LineKind = Literal["goods", "bottle_deposit", "tip", "voucher", "open_item", "prepayment"]
PriceReason = Literal["list", "price_list", "promotion", "manual", "code", "order", "return"]


class Discount(Struct, frozen=True, kw_only=True):
    """Either a percentage or an amount in minor units, and the words that a person reads beside it.

    `automatic` marks the price engine's own (schema.pricing); a person's discount is never touched by it.
    """

    percent: Decimal | None = None
    amount_minor: int | None = None
    reason: str = ""
    automatic: bool = False


class ReturnRef(Struct, frozen=True, kw_only=True):
    """Where goods that come back were sold: the receipt and its line (from 1), why, and in what condition."""

    receipt: str
    line: int
    reason: str = ""
    condition: str = ""


class Line(Struct, frozen=True, kw_only=True):
    """One line: an article's number (empty for free text), its name and price as they were when it was added.

    `list_price_minor` is the article's list price then; None keeps the price engine away. `why` names the price list
    or promotion that decided. `reference` is what a line of that kind needs: a voucher's code, an open item's number,
    a prepayment's receipt. A bottle deposit stands right behind its article's line and follows its quantity.
    """

    article: str
    name: str
    quantity: Decimal
    unit: str = "piece"
    unit_price_minor: int
    tax_code: str
    tax_percent: Decimal
    discount: Discount | None = None
    note: str = ""
    price_reason: str = "list"
    kind: LineKind = "goods"
    group: str = ""
    list_price_minor: int | None = None
    why: str = ""
    # What was chosen, and what that adds to the price of a unit: it stands in the list price too.
    options: tuple[str, ...] = ()
    extras_minor: int = 0
    reference: str = ""
    returns: ReturnRef | None = None
    # The order's line that this one delivers, from 1; 0 where there is none.
    order_line: int = 0
    # Of a prepayment that is counted back: its part of the tax that the prepayment's receipt showed.
    stated_tax_minor: int | None = None


class OrderRef(Struct, frozen=True, kw_only=True):
    """The order that a basket pays: the version that the till saw, and what had been paid by then.

    `paid_minor` is money without a prepayment receipt of its own; money with one stands in the basket as lines of kind
    "prepayment", so that its tax is counted once (UStG §14 (5): the final invoice deducts the advance ones).
    """

    order_id: str
    number: str
    version: int
    paid_minor: int = 0


class Basket(Struct, frozen=True, kw_only=True):
    """A basket in one currency. `order` is set when it was taken from an order."""

    currency: str
    includes_tax: bool = True
    lines: tuple[Line, ...] = ()
    bill_discount: Discount | None = None
    customer: str = ""
    order: OrderRef | None = None


class PricedLine(Struct, frozen=True, kw_only=True):
    """A line with its sums: base − discount − bill share = total."""

    line: Line
    base_minor: int
    discount_minor: int
    bill_share_minor: int
    total_minor: int


class Totals(Struct, frozen=True, kw_only=True):
    """What a basket comes to, tax included."""

    lines: tuple[PricedLine, ...]
    taxes: tuple[TaxSum, ...]
    bill_discount_minor: int
    total_minor: int


def add_line(basket: Basket, line: Line, *, deposit: Line | None = None, separate: bool = False) -> tuple[Basket, int]:
    """Add a line, or raise the quantity of an unchanged one of the same article; return the line's index too.

    `deposit` is what each unit's bottle deposit is; it stands right behind and takes the line's quantity. `separate`
    keeps equal articles on lines of their own. Raises Refused for a bad quantity or a full basket.
    """
    check_quantity(line.quantity)
    for index, present in enumerate(basket.lines):
        if not separate and _same_goods(present, line):
            return change_quantity(basket, index, present.quantity + line.quantity), index
    added = (line,) if deposit is None else (line, replace(deposit, quantity=line.quantity, kind="bottle_deposit"))
    if len(basket.lines) + len(added) > LINES_MAX:
        raise Refused("basket_full", f"A receipt holds {LINES_MAX} lines. Pay this one and go on with the next.")
    return replace(basket, lines=(*basket.lines, *added)), len(basket.lines)


def _same_goods(present: Line, line: Line) -> bool:
    """A line raises only if nobody has touched it: same article, list price, tax and note, no discount by hand."""
    return (
        present.article == line.article != ""
        and line.kind == "goods"
        and replace(_at_list_price(present), quantity=line.quantity) == line
    )


def _at_list_price(line: Line) -> Line:
    """Return a line as it was before the price engine looked at it."""
    if line.list_price_minor is None or line.price_reason not in ("list", "price_list", "promotion"):
        return line
    discount = None if line.discount is None or line.discount.automatic else line.discount
    return replace(line, unit_price_minor=line.list_price_minor, price_reason="list", why="", discount=discount)


def change_quantity(basket: Basket, index: int, quantity: Decimal) -> Basket:
    """Set a line's quantity, and that of the deposit behind it.

    Raises Refused for a bad quantity, an unknown line, or one that follows something else.
    """
    line = replace(_changeable(basket, index), quantity=check_quantity(quantity))
    if line.quantity < 0:  # the price engine leaves such a line alone, so what it gave before must go
        line = _at_list_price(line)
    changed = _change(basket, index, line)
    if (deposit := deposit_behind(basket, index)) is None:
        return changed
    return _change(changed, index + 1, replace(deposit, quantity=line.quantity))


def change_price(basket: Basket, index: int, unit_price_minor: int) -> Basket:
    """Override a line's price, visibly: its reason becomes "manual". Raises Refused for a negative price."""
    if unit_price_minor < 0:
        raise Refused("bad_amount", "A price is not negative. For a return, change the quantity.")
    line = _changeable(basket, index)
    manual = replace(line, unit_price_minor=unit_price_minor, price_reason="manual", why="", discount=None)
    return _change(basket, index, manual)


def discount_line(basket: Basket, index: int, discount: Discount | None) -> Basket:
    """Give a line a discount, or take it back with None. Raises Refused where it is more than the line.

    A discount by hand is taken from the list price: what the engine gave goes (domain §1).
    """
    line = _at_list_price(_changeable(basket, index))
    _check_discount(discount, abs(multiply(line.unit_price_minor, line.quantity)))
    return _change(basket, index, replace(line, discount=discount))


def discount_bill(basket: Basket, discount: Discount | None) -> Basket:
    """Give the whole bill a discount, or take it back with None. Raises Refused where it is more than its goods."""
    _check_discount(discount, sum(_line_net_of_discount(line)[2] for line in basket.lines if _is_discounted(line)))
    return replace(basket, bill_discount=discount)


def note_line(basket: Basket, index: int, note: str) -> Basket:
    return _change(basket, index, replace(line_at(basket, index), note=note[:200]))


def remove_line(basket: Basket, index: int) -> Basket:
    """Take a line off, and the deposit behind it. Raises Refused for a deposit: it goes with its article."""
    line_at(basket, index)
    if _follows(basket, index):
        raise _follows_article()
    end = index + 1 if deposit_behind(basket, index) is None else index + 2
    return replace(basket, lines=basket.lines[:index] + basket.lines[end:])


def deposit_behind(basket: Basket, index: int) -> Line | None:
    """Return the bottle deposit that follows a line, None where there is none."""
    return basket.lines[index + 1] if index + 1 < len(basket.lines) and _follows(basket, index + 1) else None


def _follows(basket: Basket, index: int) -> bool:
    """Tell whether a line is the deposit of the article before it. One that a receipt brought back stands alone."""
    line = basket.lines[index]
    return (
        line.kind == "bottle_deposit" and line.returns is None and index > 0 and basket.lines[index - 1].kind == "goods"
    )


def _changeable(basket: Basket, index: int) -> Line:
    """Return a line whose quantity and price a person may change: goods that no receipt has fixed."""
    line = line_at(basket, index)
    if _follows(basket, index):
        raise _follows_article()
    if line.kind != "goods" or line.returns is not None:
        raise Refused("fixed_line", "This line cannot be changed. Remove it and add it anew.")
    return line


def _follows_article() -> Refused:
    return Refused("deposit_follows", "The deposit belongs to the line above. Change or remove that one.")


def line_at(basket: Basket, index: int) -> Line:
    """Return a line by its index from 0. Raises Refused("unknown_line")."""
    if not 0 <= index < len(basket.lines):
        raise Refused("unknown_line", f"There is no line {index + 1} on this receipt.")
    return basket.lines[index]


def _change(basket: Basket, index: int, line: Line) -> Basket:
    return replace(basket, lines=(*basket.lines[:index], line, *basket.lines[index + 1 :]))


def _check_discount(discount: Discount | None, base_minor: int) -> None:
    if discount is None:
        return
    if (discount.percent is None) == (discount.amount_minor is None):
        raise Refused("bad_discount", "A discount is either a percentage or an amount.")
    if discount.percent is not None and not (discount.percent.is_finite() and 0 <= discount.percent <= 100):
        raise Refused("bad_discount", "A discount is between 0 and 100 percent.")
    if discount.amount_minor is not None and not 0 <= discount.amount_minor <= base_minor:
        raise Refused("bad_discount", "A discount is not more than what it is taken from.")


def discount_of(base_minor: int, discount: Discount | None) -> int:
    """Return what a discount takes off a base, rounded once; never more than the base, with the base's sign."""
    if discount is None:
        return 0
    if discount.percent is not None:
        numerator, denominator = discount.percent.as_integer_ratio()
        return half_up(base_minor * numerator, denominator * 100)
    amount = min(discount.amount_minor or 0, abs(base_minor))
    return amount if base_minor >= 0 else -amount


def _line_net_of_discount(line: Line) -> tuple[int, int, int]:
    base = multiply(line.unit_price_minor, line.quantity)
    discount = discount_of(base, line.discount)
    return base, discount, base - discount


def price(basket: Basket) -> Totals:
    """Compute a basket's line totals, discounts, taxes and total."""
    sums = [_line_net_of_discount(line) for line in basket.lines]
    goods = [total if _is_discounted(line) else 0 for line, (_, _, total) in zip(basket.lines, sums, strict=True)]
    bill = discount_of(sum(goods), basket.bill_discount)
    shares = _bill_shares(bill, goods)
    lines = tuple(
        PricedLine(
            line=line,
            base_minor=base,
            discount_minor=discount,
            bill_share_minor=share,
            total_minor=total - share,
        )
        for line, (base, discount, total), share in zip(basket.lines, sums, shares, strict=True)
    )
    taxes = breakdown(
        [
            TaxedAmount(
                code=priced.line.tax_code,
                percent=priced.line.tax_percent,
                amount_minor=priced.total_minor,
                tax_minor=priced.line.stated_tax_minor,
            )
            for priced in lines
        ],
        includes_tax=basket.includes_tax,
    )
    total = sum(row.gross_minor for row in taxes)
    return Totals(lines=lines, taxes=taxes, bill_discount_minor=bill, total_minor=total)


def _is_discounted(line: Line) -> bool:
    """Tell whether a bill discount is on a line: on goods that go, at a price that no receipt has fixed.

    Deposits, tips, vouchers and what was prepaid keep their worth, and goods come back for what they cost.
    """
    return line.kind == "goods" and line.returns is None


def _bill_shares(bill_minor: int, totals_minor: list[int]) -> list[int]:
    """A bill discount is carried by the lines that are sold, not by those that come back."""
    if not bill_minor:
        return [0] * len(totals_minor)
    weights = [max(total, 0) for total in totals_minor] if bill_minor > 0 else [min(total, 0) for total in totals_minor]
    return allocate(bill_minor, weights)
