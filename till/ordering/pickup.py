"""An open order at the till: what of it is handed over and paid now, and what this till knows of it better. Pure.

Lines and prices are as ordered. Goods leave line by line, whole or in part; prepayments are counted back at the rates
they were taken at, as far as goods of those rates leave, and all of the rest with the last goods. What the mirror
cannot know yet - a payment or handover at this very till - the till's own journal knows, and it wins until the mirror
must have it. What another till did meanwhile becomes head office's worklist (protocol §5): no payment is lost.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from schema.basket import Basket, Line, OrderRef, price
from schema.catalogue import StoreSettings
from schema.events import SaleCompleted, SoldLine, taxed
from schema.money import allocate
from schema.orders import OPEN_STATUSES, OpenOrder, OrderLine, OrderStatus, Prepayment
from schema.quantity import check_quantity
from schema.tax import TaxSum, breakdown, summed
from till.paying.vouchers import Known
from till.selling.shares import coming_to, share
from till.words import RefusedInWords, Words

# An order list older than this may lack what head office knows by now.
FRESH_MS_MAX = 10 * 60 * 1000
ZERO = Decimal(0)
Rate = tuple[str, Decimal]


class OwnOrder(Struct, frozen=True, kw_only=True):
    """An order as this till left it: after making it, or after its last receipt for it (`receipt`)."""

    order: OpenOrder
    receipt: str
    epoch: int
    seq: int
    at_ms: int
    made_here: bool = False


class Freshness(Struct, frozen=True, kw_only=True):
    """Whether head office can be asked, and how old the list is."""

    online: bool
    age_ms: int


class Handed(Struct, frozen=True, kw_only=True):
    """A line of an order (from 1) and how much of it is handed over now."""

    line: int
    quantity: Decimal


# -- what is known of an order


def known_order(fed: OpenOrder | None, own: OwnOrder | None, known: Known) -> OpenOrder | None:
    """Return an order as far as this till can know; None where there is none (any more)."""
    if own is None or known.is_settled(own.epoch, own.seq, own.at_ms):
        return fed
    if fed is None:
        return own.order if own.made_here else None
    return _with_own(fed, own.order)


def _with_own(fed: OpenOrder, own: OpenOrder) -> OpenOrder:
    """Return head office's order with what this till did and head office may not have counted yet."""
    lines = fed.lines
    if len(fed.lines) == len(own.lines):
        lines = tuple(
            replace(line, delivered=ours.delivered, delivered_minor=ours.delivered_minor)
            if ours.delivered > line.delivered
            else line
            for line, ours in zip(fed.lines, own.lines, strict=True)
        )
    changed = replace(
        fed,
        lines=lines,
        charged=fed.charged if lines == fed.lines else own.charged,
        paid_minor=max(fed.paid_minor, own.paid_minor),
        prepayments=_prepayments_with_own(fed.prepayments, own.prepayments),
    )
    return replace(changed, status=status_of(changed))


def _prepayments_with_own(fed: Sequence[Prepayment], own: Sequence[Prepayment]) -> tuple[Prepayment, ...]:
    """Of one that both know, the smaller rest counts: what was counted back here is not counted twice."""
    found = {each.receipt: each for each in fed}
    for each in own:
        if each.receipt not in found or rest_of(each) < rest_of(found[each.receipt]):
            found[each.receipt] = each
    return tuple(found.values())


def rest_of(prepayment: Prepayment) -> int:
    """Return what of a prepayment has not been counted back, tax included."""
    return sum(row.gross_minor for row in prepayment.taxes)


def status_of(order: OpenOrder) -> OrderStatus:
    """Return the status that follows from what was handed over."""
    if order.status not in OPEN_STATUSES | {"completed"} or not any(line.delivered > 0 for line in order.lines):
        return order.status
    if all(line.delivered >= line.quantity for line in order.lines):
        return "completed"
    return "partly_cancelled" if order.status == "partly_cancelled" else "partly_delivered"


def left(line: OrderLine) -> Decimal:
    """Return how much of a line is still in the shop."""
    return max(line.quantity - line.delivered, ZERO)


def is_handed_over(order: OpenOrder) -> bool:
    return not any(left(line) for line in order.lines)


def open_minor(order: OpenOrder) -> int:
    """Return what is still to be paid for all of an order."""
    return max(order.total_minor - order.paid_minor, 0)


# -- may it be taken?


def check_takeable(order: OpenOrder, own_receipt: str, settings: StoreSettings) -> None:
    """Raise Refused where nothing is left to hand over or to pay, or where the order is another store's."""
    if is_handed_over(order) and not open_minor(order):
        raise _done(order, own_receipt)
    if order.store != settings.store:
        raise RefusedInWords("other_store", "Order {number} belongs to another store.", number=order.number)


def _done(order: OpenOrder, own_receipt: str) -> RefusedInWords:
    if own_receipt:
        return RefusedInWords(
            "order_paid",
            "Order {number} was paid at this till with receipt {receipt}. Nothing is left to pay.",
            number=order.number,
            receipt=own_receipt,
        )
    return RefusedInWords("order_paid", "Order {number} is paid. Nothing is left to pay.", number=order.number)


def check_offline(due_minor: int, settings: StoreSettings) -> bool:
    """Tell whether taking an order without head office needs a supervisor: where more is due than the store allows.

    Raises Refused("offline_denied") where the store does not allow it at all.
    """
    if settings.offline_orders == "deny":
        raise RefusedInWords(
            "offline_denied",
            "Head office cannot be asked now, and this store does not pay orders without it. Try again when online.",
        )
    return 0 < settings.offline_order_minor_max < due_minor


def warning(order: OpenOrder, own_receipt: str, freshness: Freshness, settings: StoreSettings, words: Words) -> str:
    """Say what a cashier should know before taking the order; empty where there is nothing."""
    parts = []
    if own_receipt:
        parts.append(words("Part of it was paid at this till with receipt {receipt}.", receipt=own_receipt))
    if settings.offline_orders == "warn" and not freshness.online:
        parts.append(words("Head office cannot be asked now: another till may have taken this order meanwhile."))
    elif freshness.age_ms > FRESH_MS_MAX:
        minutes = freshness.age_ms // 60_000
        parts.append(words.count("The list is {count} minute old.", "The list is {count} minutes old.", minutes))
    if price(goods_of(order)).total_minor != order.total_minor:
        parts.append(words("Its lines do not add up to its total; head office will see a difference."))
    return " ".join(parts)


def whole(order: OpenOrder) -> OpenOrder:
    """Return an order as it was before anything was handed over."""
    return replace(
        order, charged=(), lines=tuple(replace(line, delivered=ZERO, delivered_minor=0) for line in order.lines)
    )


# -- the basket


def everything_left(order: OpenOrder) -> tuple[Handed, ...]:
    return tuple(
        Handed(line=number, quantity=left(line)) for number, line in enumerate(order.lines, start=1) if left(line)
    )


def check_handed(order: OpenOrder, wanted: Sequence[Handed]) -> tuple[Handed, ...]:
    """Return what is handed over, each line once; without `wanted` all that is left.

    Raises Refused: unknown_line, bad_quantity, too_much_handed.
    """
    if not wanted:
        return everything_left(order)
    quantities: dict[int, Decimal] = {}
    for each in wanted:
        if not 1 <= each.line <= len(order.lines):
            raise RefusedInWords(
                "unknown_line", "There is no line {line} in order {number}.", line=each.line, number=order.number
            )
        quantities[each.line] = quantities.get(each.line, ZERO) + check_quantity(each.quantity)
    for number, quantity in quantities.items():
        line = order.lines[number - 1]
        if not ZERO < quantity <= left(line):
            raise RefusedInWords(
                "too_much_handed",
                "Of “{name}”, {left} of {ordered} are still to be handed over.",
                name=line.name,
                left=left(line),
                ordered=line.quantity,
            )
    return tuple(Handed(line=number, quantity=quantities[number]) for number in sorted(quantities))


def basket_of(order: OpenOrder, handed: Sequence[Handed] = (), *, words: Words | None = None) -> Basket:
    """Return the basket that hands goods over, prices as ordered, what was prepaid counted back. Default: all."""
    handed = check_handed(order, handed)
    goods = _with_rest_of_tax(order, _goods(order, order, handed))
    name = (words or Words())("Prepayment")
    is_last = is_handed_over(_delivered(order, handed))
    counted = _counted_back(order, goods, name, is_last=is_last)
    basket = replace(goods, lines=(*goods.lines, *counted))
    due = price(basket).total_minor
    return replace(basket, order=replace(_ref(order), paid_minor=min(unreceipted_minor(order), max(due, 0))))


def _with_rest_of_tax(order: OpenOrder, goods: Basket) -> Basket:
    """Return the goods with the tax stated that is left of a rate, where they are the last of it.

    Only without tax in the prices: each receipt rounds the tax on its goods, and all of them must come to the order's.
    """
    if not order.charged:
        return goods
    after_it = _delivered(order, [Handed(line=line.order_line, quantity=line.quantity) for line in goods.lines])
    open_rates = {(line.tax_code, line.tax_percent) for line in after_it.lines if left(line)}
    rest = {(row.code, row.percent): row.tax_minor for row in price(goods_of(order)).taxes}
    for row in order.charged:
        rest[row.code, row.percent] = rest.get((row.code, row.percent), 0) - row.tax_minor
    lines = list(goods.lines)
    totals = [priced.total_minor for priced in price(goods).lines]
    for rate in rest.keys() - open_rates:
        places = [place for place, line in enumerate(lines) if (line.tax_code, line.tax_percent) == rate]
        for place, tax in zip(places, _shares(rest[rate], [totals[place] for place in places]), strict=True):
            lines[place] = replace(lines[place], stated_tax_minor=tax)
    return replace(goods, lines=tuple(lines))


def _shares(total_minor: int, weights: list[int]) -> list[int]:
    return allocate(total_minor, weights) if weights else []


def _ref(order: OpenOrder) -> OrderRef:
    return OrderRef(order_id=order.order_id, number=order.number, version=order.version)


def goods_of(order: OpenOrder) -> Basket:
    """Return all goods of an order as a basket, also those that left already."""
    return _goods(order, whole(order))


def _goods(order: OpenOrder, before: OpenOrder, handed: Sequence[Handed] | None = None) -> Basket:
    """Return a basket of goods alone; `before` says what had been handed over."""
    chosen = everything_left(before) if handed is None else handed
    return Basket(
        currency=order.currency,
        includes_tax=order.includes_tax,
        lines=tuple(_line(before.lines[each.line - 1], each) for each in chosen),
        customer=order.customer,
    )


def _line(line: OrderLine, handed: Handed) -> Line:
    total = share(line.total_minor, line.quantity, line.delivered, handed.quantity, _gone_minor(line))
    return _as_ordered(line, handed, total)


def _as_ordered(line: OrderLine, handed: Handed, total_minor: int) -> Line:
    as_ordered = Line(
        article=line.article,
        name=line.name,
        quantity=handed.quantity,
        unit=line.unit,
        unit_price_minor=line.unit_price_minor,
        tax_code=line.tax_code,
        tax_percent=line.tax_percent,
        note=line.note,
        price_reason="order",
        order_line=handed.line,
    )
    return coming_to(as_ordered, total_minor)


def _gone_minor(line: OrderLine) -> int | None:
    """Return what was charged for what left of a line, None where nobody kept it."""
    return line.delivered_minor if line.delivered else 0


def _delivered(order: OpenOrder, handed: Sequence[Handed]) -> OpenOrder:
    gone = {each.line: each.quantity for each in handed}
    lines = tuple(
        replace(line, delivered=line.delivered + gone.get(number, ZERO)) for number, line in enumerate(order.lines, 1)
    )
    return replace(order, lines=lines)


# -- money paid before


def unreceipted_minor(order: OpenOrder) -> int:
    """Return money that waits for goods and has no prepayment receipt: deposits at head office, part payments.

    Of all that was paid, the goods that left took their part, and prepayments with receipts are counted back as lines.
    """
    gone = sum(row.gross_minor for row in order.charged) if order.charged else price(_gone(order)).total_minor
    return max(order.paid_minor - gone - sum(rest_of(each) for each in order.prepayments), 0)


def _gone(order: OpenOrder) -> Basket:
    """Return the goods that left already, for what they were handed over for."""
    lines = [
        (line, Handed(line=number, quantity=min(line.delivered, line.quantity)))
        for number, line in enumerate(order.lines, start=1)
        if line.delivered > 0
    ]
    return Basket(
        currency=order.currency,
        includes_tax=order.includes_tax,
        lines=tuple(
            _as_ordered(line, handed, share(line.total_minor, line.quantity, ZERO, handed.quantity))
            if line.delivered_minor is None or line.delivered > line.quantity
            else _as_ordered(line, handed, line.delivered_minor)
            for line, handed in lines
        ),
        customer=order.customer,
    )


def _counted_back(order: OpenOrder, goods: Basket, name: str, *, is_last: bool) -> list[Line]:
    """Return the prepayment lines of a handover; before the last one, no more of a rate than its goods come to."""
    room: dict[Rate, int] = {}
    for line in price(goods).lines:
        rate = (line.line.tax_code, line.line.tax_percent)
        room[rate] = room.get(rate, 0) + line.total_minor
    lines = []
    for prepayment in order.prepayments:
        for row in prepayment.taxes:
            rate = (row.code, row.percent)
            rest = row.gross_minor if order.includes_tax else row.net_minor
            counted = rest if is_last else min(rest, max(room.get(rate, 0), 0))
            room[rate] = room.get(rate, 0) - counted
            if counted:
                # In proportion, so that the last part has all the tax that is left.
                tax = share(row.tax_minor, Decimal(rest), ZERO, Decimal(counted))
                lines.append(prepayment_line(name, counted, rate, counts_back=prepayment.receipt, tax_minor=tax))
    return lines


def prepayment_line(
    name: str, amount_minor: int, rate: Rate, *, counts_back: str = "", tax_minor: int | None = None
) -> Line:
    """Return a prepayment's part at one tax rate: taken, or counted back with the receipt that took it and its tax."""
    return Line(
        article="",
        name=name,
        quantity=Decimal(-1 if counts_back else 1),
        unit_price_minor=amount_minor,
        tax_code=rate[0],
        tax_percent=rate[1],
        kind="prepayment",
        reference=counts_back,
        stated_tax_minor=None if tax_minor is None else -tax_minor,
    )


# -- after a receipt


def after(order: OpenOrder, body: SaleCompleted, day: str) -> OpenOrder:
    """Return an order as a receipt, or the void of one, leaves it."""
    left_now: dict[int, list[SoldLine]] = {}
    for sold in body.lines:
        if sold.returns is None:
            left_now.setdefault(sold.order_line, []).append(sold)
    lines = tuple(_line_after(line, left_now.get(number, [])) for number, line in enumerate(order.lines, start=1))
    changed = replace(
        order,
        lines=lines,
        charged=order.charged if order.includes_tax else summed([*order.charged, *_goods_taxes(body)]),
        paid_minor=order.paid_minor + _paid_for_order(body),
        prepayments=_prepayments_after(order.prepayments, body, day),
    )
    if changed.status == "completed" or body.voids is not None:
        changed = replace(changed, status="confirmed")
    return replace(changed, status=status_of(changed))


def _goods_taxes(body: SaleCompleted) -> tuple[TaxSum, ...]:
    return _taxes([line for line in body.lines if line.order_line and line.returns is None], body)


def _line_after(line: OrderLine, left_now: Sequence[SoldLine]) -> OrderLine:
    """Return an order's line after goods of it left, or (below zero) came back by a void."""
    gone = _gone_minor(line)
    return replace(
        line,
        delivered=line.delivered + sum((sold.quantity for sold in left_now), ZERO),
        delivered_minor=None if gone is None else gone + sum(sold.total_minor for sold in left_now),
    )


def _paid_for_order(body: SaleCompleted) -> int:
    """Return what a receipt's payments brought for the order: not for a tip beside it."""
    paid = sum(part.amount_minor for part in body.payments) - body.cash_rounding_minor
    return paid - sum(line.total_minor for line in body.lines if not (line.order_line or line.kind == "prepayment"))


def _prepayments_after(before: Sequence[Prepayment], body: SaleCompleted, day: str) -> tuple[Prepayment, ...]:
    """One that is used up stays with an empty table, so that head office's older row does not bring it back."""
    found = {each.receipt: each for each in before}
    for receipt, lines in _prepayment_lines(body).items():
        present = found.get(receipt, Prepayment(receipt=receipt, day=day, taxes=()))
        found[receipt] = replace(present, taxes=summed([*present.taxes, *_taxes(lines, body)]))
    return tuple(found.values())


def _prepayment_lines(body: SaleCompleted) -> Mapping[str, list[SoldLine]]:
    own = body.voids.receipt if body.voids else body.receipt
    receipts: dict[str, list[SoldLine]] = {}
    for line in body.lines:
        if line.kind == "prepayment":
            receipts.setdefault(line.reference or own, []).append(line)
    return receipts


def _taxes(lines: Sequence[SoldLine], body: SaleCompleted) -> tuple[TaxSum, ...]:
    return breakdown(taxed(lines), includes_tax=body.includes_tax)
