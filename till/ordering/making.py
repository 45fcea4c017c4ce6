"""A customer's order taken at the till: the basket becomes its lines, and what is paid now a prepayment. Pure.

The order is an event with a number from the till's own gapless sequence (`<label>-O-000001`); what is paid at once is a
sale of its own that names the order, one prepayment line for each tax rate: the tax is due when the money comes.
"""

from collections.abc import Mapping
from datetime import date
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from schema.basket import Basket, OrderRef, price
from schema.errors import Refused
from schema.events import OrderMade
from schema.locale import read_day
from schema.money import allocate
from schema.orders import Delivery, OpenOrder, order_line
from schema.text import without_controls
from till.ordering.pickup import goods_of, open_minor, prepayment_line
from till.selling.register import Sale, check_amount
from till.words import Day, RefusedInWords

TEXT_LENGTH_MAX = 200
DAY_EXAMPLE = Day("2026-12-31")
PayWhen = Literal["later", "all"]
# What an order holds: things that can wait on a shelf.
ORDERABLE = frozenset({"goods", "bottle_deposit"})


class Form(Struct, frozen=True, kw_only=True):
    """What is asked beside the basket. Without a customer a name will do; `expected_day` may be as it was typed."""

    delivery: Delivery = "pickup"
    expected_day: str = ""
    customer_name: str = ""
    phone: str = ""
    subject: str = ""
    fields: Mapping[str, str] = {}


class Maker(Struct, frozen=True, kw_only=True):
    """Who makes the order, and when."""

    order_id: str
    label: str
    shift_id: str
    cashier: str
    today: date


def order_number(label: str, order_seq: int) -> str:
    """Return an order's number: never a receipt's, never head office's."""
    return f"{label}-O-{order_seq:06d}"


def check_orderable(sale: Sale) -> None:
    """Raise Refused where a basket cannot become an order: empty_basket, sale_part_paid, not_orderable."""
    basket = sale.basket
    if not basket.lines:
        raise RefusedInWords("empty_basket", "There is nothing to order yet. Scan an article first.")
    if sale.payments:
        raise RefusedInWords("sale_part_paid", "Part of this sale is paid. Take the rest; then begin the next one.")
    if basket.order is not None or sale.voids is not None:
        raise RefusedInWords("not_orderable", "This basket is an order or a void already.")
    for line in basket.lines:
        if line.kind not in ORDERABLE or line.quantity <= 0 or line.returns is not None:
            raise RefusedInWords(
                "not_orderable", "“{name}” cannot be ordered. Sell it by itself, or take it off.", name=line.name
            )


def check_form(form: Form, sale: Sale, today: date, asked: tuple[str, ...]) -> Form:
    """Return a form fit for paper. Raises Refused: bad_delivery, bad_date, no_customer, unknown_field."""
    if form.delivery not in ("pickup", "delivery"):
        raise RefusedInWords("bad_delivery", "An order is picked up or delivered. Choose one.")
    name = _clean(form.customer_name) or sale.customer_name
    if not name and not sale.basket.customer:
        raise RefusedInWords("no_customer", "An order needs a customer: choose one, or type a name.")
    for field in form.fields:
        if field not in asked:
            raise RefusedInWords("unknown_field", "This store does not ask for “{field}”.", field=field[:40])
    return Form(
        delivery=form.delivery,
        expected_day=check_day(form.expected_day, today),
        customer_name=name,
        phone=_clean(form.phone),
        subject=_clean(form.subject),
        fields={field: _clean(text) for field, text in form.fields.items() if _clean(text)},
    )


def check_day(text: str, today: date) -> str:
    """Return the day an order is wanted for as ISO text, empty for none; typed in any locale's form, or ISO.

    Raises Refused("bad_date") for the past and for what is no day.
    """
    if not text.strip():
        return ""
    try:
        day = read_day(text)
    except Refused:
        raise RefusedInWords(
            "bad_date", "“{text}” is not a day. Type it like {example}.", text=text[:20], example=DAY_EXAMPLE
        ) from None
    if day < today:
        raise RefusedInWords("bad_date", "{day} is past. Choose a day from today on.", day=day)
    return day.isoformat()


def _clean(text: str) -> str:
    return without_controls(text).strip()[:TEXT_LENGTH_MAX]


def order_made(sale: Sale, form: Form, maker: Maker, order_seq: int) -> OrderMade:
    """Return the event of an order: lines as priced now, a bill discount shared out over them."""
    totals = price(sale.basket)
    return OrderMade(
        order_id=maker.order_id,
        number=order_number(maker.label, order_seq),
        order_seq=order_seq,
        shift_id=maker.shift_id,
        cashier=maker.cashier,
        currency=sale.basket.currency,
        delivery=form.delivery,
        expected_day=form.expected_day,
        lines=tuple(
            order_line(each, " · ".join(part for part in (*each.line.options, each.line.note) if part))
            for each in totals.lines
        ),
        total_minor=totals.total_minor,
        includes_tax=sale.basket.includes_tax,
        customer=sale.basket.customer,
        customer_name=form.customer_name,
        phone=form.phone,
        subject=form.subject,
        fields=dict(form.fields),
    )


def open_order(made: OrderMade, store: str, today: date) -> OpenOrder:
    """Return an order that was just made as head office will feed it: the till offers it at once."""
    return OpenOrder(
        order_id=made.order_id,
        number=made.number,
        version=1,
        store=store,
        status="confirmed",
        delivery=made.delivery,
        customer=made.customer,
        customer_name=made.customer_name,
        subject=made.subject,
        ordered_day=today.isoformat(),
        expected_day=made.expected_day,
        currency=made.currency,
        includes_tax=made.includes_tax,
        lines=made.lines,
        total_minor=made.total_minor,
        phone=made.phone,
        fields=made.fields,
    )


# -- paying before the goods are there


def amount_now(order: OpenOrder, wanted: PayWhen | int) -> int:
    """Return how much is paid now. Raises Refused("bad_amount") for nothing, or more than is open."""
    due = open_minor(order)
    if wanted == "later":
        return 0
    amount = due if wanted == "all" else check_amount(wanted)
    if not 0 < amount <= due:
        raise RefusedInWords("bad_amount", "A deposit is more than nothing, and at most what is open.")
    return amount


def prepayment_sale(order: OpenOrder, amount_minor: int, sale: Sale, name: str) -> Sale:
    """Return the sale that takes a prepayment: shared out over the order's tax rates, so that the sums hold."""
    rates = [row for row in price(goods_of(order)).taxes if row.gross_minor > 0]
    shares = allocate(amount_minor, [row.gross_minor for row in rates])
    basket = Basket(
        currency=order.currency,
        lines=tuple(
            prepayment_line(name, part, (row.code, row.percent))
            for row, part in zip(rates, shares, strict=True)
            if part
        ),
        customer=order.customer,
        order=OrderRef(order_id=order.order_id, number=order.number, version=order.version),
    )
    return replace(sale, basket=basket, customer_name=order.company or order.customer_name, taken=order)
