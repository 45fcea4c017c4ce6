"""What the sale screen shows: its state, and how a sale in hand becomes one."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct

from schema.basket import PricedLine
from schema.catalogue import Article
from schema.tax import TaxSum
from till.desk import Desk
from till.paper.letterhead import percent_text, quantity_text
from till.selling.register import Sums
from till.words import Words

NoticeKind = Literal["none", "added", "unknown", "error"]
REASONS = {"manual": "price set by hand", "order": "price as ordered", "code": "price from the label"}


class LineState(Struct, frozen=True, kw_only=True):
    """One line of the basket. `index` counts from 0 and is what the actions take."""

    index: int
    article: str
    name: str
    quantity: str
    unit: str
    unit_price_minor: int
    unit_price_text: str
    discount_minor: int
    discount_text: str
    total_minor: int
    total_text: str
    tax_code: str
    kind: str = "goods"
    # Why this price: empty for the list price.
    reason: str = ""
    note: str = ""
    # Quantity, price and discount can be changed: goods that no receipt has fixed.
    may_change: bool = True


class TaxState(Struct, frozen=True, kw_only=True):
    code: str
    rate_text: str
    net_text: str
    tax_text: str
    gross_text: str


class KeyState(Struct, frozen=True, kw_only=True):
    """One quick key; `place` counts within its page and is what editing takes."""

    article: str
    label: str
    price_text: str
    place: int = 0


class Hit(Struct, frozen=True, kw_only=True):
    """An article found by type-ahead, or one to go with the basket."""

    article: str
    name: str
    group: str
    price_minor: int
    price_text: str


class Notice(Struct, frozen=True, kw_only=True):
    """The line under the basket: what was read last and what came of it."""

    kind: NoticeKind = "none"
    text: str = ""


class UnknownCode(Struct, frozen=True, kw_only=True):
    """A code that nobody knows, or that was read in part: it stays until someone has dealt with it."""

    code: str
    text: str


class Ask(Struct, frozen=True, kw_only=True):
    """A question about an article, answered with `answer`: is the customer old enough, may expired goods be sold?"""

    kind: Literal["age", "expired"]
    article: str
    text: str
    detail: str = ""


class ChoiceState(Struct, frozen=True, kw_only=True):
    name: str
    price_text: str
    chosen: bool


class OptionState(Struct, frozen=True, kw_only=True):
    """Something to choose, and how many of its choices are wanted."""

    name: str
    hint: str
    choices: tuple[ChoiceState, ...]


class Choosing(Struct, frozen=True, kw_only=True):
    """An article whose options are being chosen."""

    article: str
    name: str
    price_text: str
    options: tuple[OptionState, ...]
    may_take: bool


class VoucherAsk(Struct, frozen=True, kw_only=True):
    """A voucher to be sold, of which the amount is still to be typed."""

    article: str
    name: str


class Offer(Struct, frozen=True, kw_only=True):
    """What a scanned paper leads to: goods back on a receipt, an order to take, a voucher to pay with."""

    kind: Literal["receipt", "order", "voucher"]
    code: str
    text: str


class SaleState(Struct, frozen=True, kw_only=True):
    """All that the screen shows. `keypad` is the pending entry as typed, e.g. "3 ×"; `changed` the line to show."""

    lines: tuple[LineState, ...] = ()
    selected: int = -1
    changed: int = -1
    currency: str = ""
    total_minor: int = 0
    total_text: str = ""
    count_text: str = ""
    bill_discount_minor: int = 0
    bill_discount_text: str = ""
    taxes: tuple[TaxState, ...] = ()
    paid_minor: int = 0
    paid_text: str = ""
    due_minor: int = 0
    due_text: str = ""
    keypad: str = ""
    pages: tuple[str, ...] = ()
    page: int = 0
    keys: tuple[KeyState, ...] = ()
    # The pages are being edited: a touched key is changed, not sold.
    editing: bool = False
    search_text: str = ""
    hits: tuple[Hit, ...] = ()
    customer: str = ""
    customer_name: str = ""
    customer_group: str = ""
    order_text: str = ""
    notice: Notice = Notice()
    unknown: UnknownCode | None = None
    unknown_count: int = 0
    ask: Ask | None = None
    choosing: Choosing | None = None
    voucher_ask: VoucherAsk | None = None
    offer: Offer | None = None
    suggestions: tuple[Hit, ...] = ()
    separate_lines: bool = False
    parked_count: int = 0
    may_pay: bool = False
    # Asked after *Cancel*: empty while nothing is asked.
    question: str = ""
    empty_text: str = ""


def sale_fields(desk: Desk, found: Sums, known: Sequence[tuple[PricedLine, LineState]] = ()) -> dict[str, Any]:
    """Return what the sale in hand puts into the state. `known` are the lines as they were shown last."""
    sale, words, totals = desk.sale, desk.words, found.totals
    basket = sale.basket
    goods = [line for line in basket.lines if line.kind == "goods"]
    count = sum((abs(line.quantity) if line.unit == "piece" else 1 for line in goods), Decimal(0))
    order = words("Order {number}, as ordered", number=basket.order.number) if basket.order else ""
    return {
        "lines": line_states(totals.lines, known, desk),
        "currency": basket.currency,
        "total_minor": totals.total_minor,
        "total_text": desk.amount(totals.total_minor),
        "count_text": words.count("{count} article", "{count} articles", count) if basket.lines else "",
        "bill_discount_minor": totals.bill_discount_minor,
        "bill_discount_text": _bill_text(desk, totals.bill_discount_minor),
        "taxes": tuple(tax_state(row, desk) for row in totals.taxes),
        "paid_minor": found.paid_minor,
        "paid_text": desk.amount(found.paid_minor) if found.paid_minor else "",
        "due_minor": found.due_minor,
        "due_text": desk.amount(found.due_minor),
        "customer": basket.customer,
        "customer_name": sale.customer_name,
        "customer_group": sale.customer_group,
        "order_text": order,
        "may_pay": bool(basket.lines),
        "empty_text": "" if basket.lines else words("Scan an article, search for it, or touch a key."),
    }


def _bill_text(desk: Desk, off_minor: int) -> str:
    """Return what is off the bill and why: the promotion's name, or the reason that a person gave."""
    if not off_minor:
        return ""
    given = desk.sale.basket.bill_discount
    return f"{given.reason}  {desk.amount(-off_minor)}" if given and given.reason else desk.amount(-off_minor)


def line_states(
    lines: Sequence[PricedLine], known: Sequence[tuple[PricedLine, LineState]], desk: Desk
) -> tuple[LineState, ...]:
    """Return the lines as shown; what has not changed is not written anew: amounts as text are what costs here."""
    return tuple(
        known[index][1] if index < len(known) and known[index][0] == priced else line_state(index, priced, desk)
        for index, priced in enumerate(lines)
    )


def line_state(index: int, priced: PricedLine, desk: Desk) -> LineState:
    """Return a line as the screen shows it."""
    line, words = priced.line, desk.words
    return LineState(
        index=index,
        article=line.article,
        name=line.name,
        quantity=quantity_text(line.quantity, line.unit, words),
        unit=line.unit,
        unit_price_minor=line.unit_price_minor,
        unit_price_text=desk.amount(line.unit_price_minor),
        discount_minor=priced.discount_minor,
        discount_text=_discount_text(priced, desk),
        total_minor=priced.base_minor - priced.discount_minor,
        total_text=desk.amount(priced.base_minor - priced.discount_minor),
        tax_code=line.tax_code,
        kind=line.kind,
        reason=_why(priced, words),
        note=line.note,
        may_change=line.kind == "goods" and line.returns is None,
    )


def _why(priced: PricedLine, words: Words) -> str:
    """Return what explains a line's price: its options, its price list, a hand, a label, a receipt."""
    line = priced.line
    parts = [*line.options]
    if line.returns is not None:
        parts.append(words("back from {receipt}", receipt=line.returns.receipt))
    elif line.price_reason in REASONS:
        parts.append(words(REASONS[line.price_reason]))
    elif line.why and not priced.discount_minor:
        parts.append(line.why)
    if line.reference:
        parts.append(line.reference)
    return ", ".join(parts)


def _discount_text(priced: PricedLine, desk: Desk) -> str:
    given = priced.line.discount
    if given is None or not priced.discount_minor:
        return ""
    share = f"−{percent_text(given.percent, desk.words)}" if given.percent is not None else desk.words("Discount")
    named = given.reason if given.automatic else f"{share} {given.reason}".strip()
    return f"{named}  {desk.amount(-priced.discount_minor)}"


def tax_state(row: TaxSum, desk: Desk) -> TaxState:
    return TaxState(
        code=row.code,
        rate_text=percent_text(row.percent, desk.words),
        net_text=desk.amount(row.net_minor),
        tax_text=desk.amount(row.tax_minor),
        gross_text=desk.amount(row.gross_minor),
    )


def hit(article: Article, desk: Desk) -> Hit:
    """Return an article as lists show it."""
    return Hit(
        article=article.number,
        name=article.name,
        group=article.group,
        price_minor=article.price_minor,
        price_text=desk.amount(article.price_minor),
    )
