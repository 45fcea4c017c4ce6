"""The sales-order form: what was typed, what is wrong with it beside each field, and the wish it comes to.

The form keeps every text as it was typed. Lines travel in numbered fields (`line-3-quantity`), so the page needs no
memory on the server and several people may each have one open. Values in, values out.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

from msgspec import Struct
from msgspec.structs import replace

from schema.errors import Refused
from schema.locale import read_day
from schema.money import half_up, parse_amount
from schema.orders import Delivery
from schema.quantity import multiply, parse_quantity
from server.office.editing import rebased
from server.office.form import Form, typed
from server.office.formats import Formats
from server.office.words import Words
from server.orders.lists import Order
from server.orders.rules import LineWish, OrderWish

LINES_MAX = 500
TEXT_CHARS_MAX = 200
MANY_ROWS_MAX = 500
HEAD_FIELDS = (
    "store",
    "kind",
    "customer",
    "customer_name",
    "company",
    "ordered_day",
    "employee",
    "subject",
    "expected_day",
    "delivery",
    "includes_tax",
)
LINE_FIELDS = ("article", "name", "quantity", "price", "discount", "note", "tax_code")
DAY_FIELDS = ("ordered_day", "expected_day")
# The name under which a clash tells of the lines.
LINES = "lines"
_MANY_ROW = re.compile(r"\s*(?P<code>[^\s;,x×*]+)\s*(?:[\s;,x×*]\s*(?P<quantity>[\d.,]+))?\s*")
_LINE_FIELD = re.compile(r"line-(\d{1,4})-(\w+)", re.ASCII)


class LineText(Struct, frozen=True, kw_only=True):
    """A line as typed."""

    article: str = ""
    name: str = ""
    quantity: str = "1"
    price: str = ""
    discount: str = ""
    note: str = ""
    tax_code: str = ""


class OrderText(Form, frozen=True, kw_only=True):
    """The form as typed; `version` is the order's version that it was opened at (0: new)."""

    lines: tuple[LineText, ...] = ()
    add: str = ""
    add_quantity: str = "1"
    many: str = ""
    version: int = 0


def empty_form(*, store: str, employee: str, today: date) -> OrderText:
    """Return the form as it opens for a new order."""
    return OrderText(
        fields={
            "store": store,
            "kind": "order",
            "employee": employee,
            "ordered_day": today.isoformat(),
            "delivery": "pickup",
            "includes_tax": "1",
        }
    )


def form_of(order: Order, formats: Formats) -> OrderText:
    """Return the form as it opens to change an order."""
    fields = {name: str(getattr(order, name)) for name in HEAD_FIELDS if name != "includes_tax"}
    lines = tuple(
        LineText(
            article=line.article,
            name=line.name,
            quantity=formats.quantity(line.quantity),
            price=formats.plain(line.unit_price_minor, order.currency),
            discount=formats.plain(line.discount_minor, order.currency) if line.discount_minor else "",
            note=line.note,
            tax_code=line.tax_code,
        )
        for line in order.lines
    )
    fields["includes_tax"] = "1" if order.includes_tax else "0"
    return OrderText(fields=fields, lines=lines, version=order.version)


def shown_fields(form: OrderText) -> dict[str, str]:
    """Return the form's fields with its lines as one more, a line of text each."""
    return {**form.fields, LINES: "\n".join(_shown(line) for line in form.lines)}


def _shown(line: LineText) -> str:
    parts = (f"{line.quantity} × {line.name or line.article}", line.price, line.discount and f"-{line.discount}")
    return ", ".join(part for part in (*parts, line.note) if part)


def onto(now: OrderText, sent: OrderText, opened: Mapping[str, str]) -> OrderText:
    """Return the order as it is now with what was typed since the form opened; lines are taken as a whole."""
    mine = replace(sent, fields={**shown_fields(sent), **{name: _iso(sent.text(name)) for name in DAY_FIELDS}})
    fields = rebased(Form(fields=shown_fields(now)), mine, opened).fields
    is_mine = fields[LINES] == mine.text(LINES)
    return replace(now, fields=fields, lines=sent.lines if is_mine else now.lines)


def _iso(typed_day: str) -> str:
    try:
        found = read_day(typed_day)
    except Refused:
        return typed_day
    return found.isoformat() if found else typed_day


def read_form(data: Mapping[str, Sequence[str]]) -> OrderText:
    """Read a sent form, every text as typed but no longer than `TEXT_CHARS_MAX`, at most `LINES_MAX` lines."""
    texts = {name: values[0] for name, values in data.items() if values}
    numbered: dict[int, dict[str, str]] = {}
    for name, text in texts.items():
        match = _LINE_FIELD.fullmatch(name)
        if match and match[2] in LINE_FIELDS:
            numbered.setdefault(int(match[1]), {})[match[2]] = text[:TEXT_CHARS_MAX]
    version = texts.get("version", "0")
    return OrderText(
        fields={name: texts.get(name, "").strip()[:TEXT_CHARS_MAX] for name in HEAD_FIELDS},
        lines=tuple(LineText(**numbered[index]) for index in sorted(numbered))[:LINES_MAX],
        add=texts.get("add", "").strip()[:TEXT_CHARS_MAX],
        add_quantity=texts.get("add_quantity", "1").strip()[:20],
        many=texts.get("many", "")[: MANY_ROWS_MAX * 60],
        opened=typed(data).opened,
        version=int(version) if version.isascii() and version.isdigit() and len(version) < 10 else 0,
    )


def read_many(text: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Read pasted rows "number or barcode, quantity" and return them with the rows that cannot be read."""
    found: list[tuple[str, str]] = []
    unread: list[str] = []
    for row in [row for row in text.splitlines() if row.strip()][:MANY_ROWS_MAX]:
        match = _MANY_ROW.fullmatch(row)
        if match:
            found.append((match["code"], match["quantity"] or "1"))
        else:
            unread.append(row.strip()[:60])
    return found, unread


class Checked(Struct, frozen=True, kw_only=True):
    """A form after reading: the wish where everything could be read (else None), and what is wrong by field."""

    wish: OrderWish | None
    errors: dict[str, str]


def check_form(form: OrderText, currency: str, words: Words, formats: Formats) -> Checked:
    """Turn what was typed into a wish, or say beside each field what is wrong and what is expected."""
    errors: dict[str, str] = {}
    ordered = _day(form, "ordered_day", errors, words, formats)
    expected = _day(form, "expected_day", errors, words, formats)
    if not form.text("ordered_day"):
        errors["ordered_day"] = words("Say on which day it was ordered.")
    if ordered and expected and expected < ordered:
        errors["expected_day"] = words("The expected day lies before the day of the order.")
    if not form.text("store"):
        errors["store"] = words("Choose the store that the order belongs to.")
    if not any(form.text(name) for name in ("customer", "customer_name", "company")):
        errors["customer"] = words("Choose a customer, or type a name or company.")
    if not form.lines:
        errors["lines"] = words("The order has no lines yet. Add at least one article.")
    lines = [_line(index, line, currency, errors, words) for index, line in enumerate(form.lines)]
    wishes = tuple(line for line in lines if line)
    if errors or ordered is None:
        return Checked(wish=None, errors=errors)
    return Checked(wish=_wish(form, wishes, ordered, expected), errors={})


def _wish(form: OrderText, lines: tuple[LineWish, ...], ordered: date, expected: date | None) -> OrderWish:
    delivery: Delivery = "delivery" if form.text("delivery") == "delivery" else "pickup"
    return OrderWish(
        store=form.text("store"),
        lines=lines,
        kind=form.text("kind"),
        customer=form.text("customer"),
        customer_name=form.text("customer_name"),
        company=form.text("company"),
        employee=form.text("employee"),
        subject=form.text("subject"),
        ordered_day=ordered,
        expected_day=expected,
        delivery=delivery,
        includes_tax=form.text("includes_tax") != "0",
    )


def _day(form: OrderText, name: str, errors: dict[str, str], words: Words, formats: Formats) -> date | None:
    if not form.text(name):
        return None
    try:
        return read_day(form.text(name))
    except Refused:
        errors[name] = words("This is not a day. Type it like {example}.", example=formats.day_example())
        return None


def _line(index: int, line: LineText, currency: str, errors: dict[str, str], words: Words) -> LineWish | None:
    quantity = _read_quantity(line, f"line-{index}-quantity", errors, words)
    price = _read_price(line, f"line-{index}-price", currency, errors, words)
    if quantity is None or f"line-{index}-price" in errors:
        return None
    percent, amount = _read_discount(line, f"line-{index}-discount", currency, errors, words)
    whole = multiply(price, quantity) if price is not None else None
    if whole is not None and max(amount or 0, half_up(whole * int((percent or 0) * 100), 10_000)) > whole:
        errors[f"line-{index}-discount"] = words("The discount is more than the line.")
    return LineWish(
        article=line.article,
        quantity=quantity,
        name=line.name,
        unit_price_minor=price,
        discount_percent=percent,
        discount_minor=amount,
        tax_code="" if line.article else line.tax_code,
        note=line.note,
    )


def _read_quantity(line: LineText, name: str, errors: dict[str, str], words: Words) -> Decimal | None:
    try:
        quantity = parse_quantity(line.quantity)
    except Refused:
        errors[name] = words("Type a quantity such as 2 or 0.5, with at most three decimals.")
        return None
    if quantity < 0:
        errors[name] = words("An order's quantity is more than zero. A return is made at the till.")
        return None
    return quantity


def _read_price(line: LineText, name: str, currency: str, errors: dict[str, str], words: Words) -> int | None:
    if not line.price.strip():
        return None
    try:
        price = parse_amount(line.price, currency)
    except Refused:
        errors[name] = words("Type an amount such as 12.50.")
        return None
    if price < 0:
        errors[name] = words("A price is not negative. Give a discount instead.")
    return price


def _read_discount(
    line: LineText, name: str, currency: str, errors: dict[str, str], words: Words
) -> tuple[Decimal | None, int | None]:
    text = line.discount.strip()
    if not text:
        return None, None
    try:
        if text.endswith("%"):
            percent = Decimal(text[:-1].strip().replace(",", "."))
            if percent.is_finite() and 0 <= percent <= 100:
                return percent, None
        else:
            amount = parse_amount(text, currency)
            if amount >= 0:
                return None, amount
    except (Refused, InvalidOperation):
        pass
    errors[name] = words("Type a discount such as 10% or 2.50.")
    return None, None


# Where a Refused of the orders' room belongs in the form.
FIELD_OF_CODE = {
    "no_lines": "lines",
    "unknown_kind": "kind",
    "no_customer": "customer",
    "unknown_customer": "customer",
    "bad_date": "expected_day",
    "unknown_store": "store",
}
ELSEWHERE = "form"


def field_of(error: Refused) -> str:
    """Return the field beside which a refusal of the orders' room is told."""
    return FIELD_OF_CODE.get(error.code, ELSEWHERE)
