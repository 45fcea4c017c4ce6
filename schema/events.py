"""The journal's event types: what happened at a till, once, for ever.

A body is the JSON of one Struct below. Fields are only ever added, with defaults; a changed meaning is a new version.
`money` is what a journal row's header carries: per tender the signed change of what the till holds, so that totals
stay right even where a body is not understood (protocol §1).
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

import msgspec
from msgspec import Struct

from schema.basket import LineKind, OrderRef, PricedLine, ReturnRef, Totals
from schema.fiscal import FiscalFacts
from schema.orders import Delivery, OrderLine
from schema.tax import ROUNDING_METHOD, TaxedAmount, TaxSum

Tender = Literal["cash", "card", "card_manual", "account", "voucher", "deposit"]
CashMove = Literal["cash_in", "cash_out", "change_money", "skim"]
CardOutcome = Literal["approved", "declined", "cancelled", "not_booked", "unknown"]
CardKind = Literal["payment", "refund", "reversal"]
MoneyChange = tuple[str, str, int]

ENCODER = msgspec.json.Encoder(order="deterministic")


class SoldLine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line as it was sold: base − discount − bill share = total. The fields after `note` are schema.basket.Line's."""

    article: str
    name: str
    quantity: Decimal
    unit: str
    unit_price_minor: int
    base_minor: int
    discount_minor: int
    bill_share_minor: int
    total_minor: int
    tax_code: str
    tax_percent: Decimal
    price_reason: str = "list"
    discount_reason: str = ""
    note: str = ""
    kind: LineKind = "goods"
    group: str = ""
    why: str = ""
    options: tuple[str, ...] = ()
    reference: str = ""
    returns: ReturnRef | None = None
    order_line: int = 0
    stated_tax_minor: int | None = None


class CardFacts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a terminal said of a payment. No card number, not even a masked one (fault I16)."""

    attempt_id: str
    terminal_id: str = ""
    receipt_number: str = ""
    trace: str = ""
    card_name: str = ""
    offline: bool = False


class Payment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One tender's part of a receipt. For cash: amount = given − change.

    `reference`: the voucher's code. `card_type`: what a cashier chose for a card taken by hand. `offline`: head office
    could not be asked (a voucher).
    """

    tender: Tender
    currency: str
    amount_minor: int
    given_minor: int = 0
    change_minor: int = 0
    card: CardFacts | None = None
    card_type: str = ""
    reference: str = ""
    offline: bool = False


class VoidRef(Struct, frozen=True, kw_only=True):
    """The receipt that a counter-receipt takes back whole, and why."""

    receipt: str
    sale_id: str
    reason: str


class SaleCompleted(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="sale.completed"):
    """A finished receipt. Σ payments + what was paid on the order before = total + cash rounding.

    What its lines are decides what it is for the books (schema.basket.LineKind); `voids` makes it a counter-receipt.
    `customer` is a customer's number, also of one whom this till added (CustomerAdded) and head office may not know.
    """

    sale_id: str
    receipt: str
    receipt_seq: int
    shift_id: str
    cashier: str
    cashier_name: str
    currency: str
    includes_tax: bool
    lines: tuple[SoldLine, ...]
    taxes: tuple[TaxSum, ...]
    bill_discount_minor: int
    total_minor: int
    payments: tuple[Payment, ...]
    started_ms: int
    completed_ms: int
    customer: str = ""
    order: OrderRef | None = None
    cash_rounding_minor: int = 0
    rounding_method: str = ROUNDING_METHOD
    voids: VoidRef | None = None
    fiscal: FiscalFacts | None = None
    note: str = ""


class ShiftOpened(Struct, frozen=True, kw_only=True, tag_field="event", tag="shift.opened"):
    """difference = float − what the last closing left in the drawer."""

    shift_id: str
    number: int
    cashier: str
    currency: str
    float_minor: int
    expected_minor: int
    difference_minor: int


class TenderTotal(Struct, frozen=True, kw_only=True):
    """What one tender took in a shift."""

    tender: str
    amount_minor: int
    count: int


class ShiftClosed(Struct, frozen=True, kw_only=True, tag_field="event", tag="shift.closed"):
    """The Z report's figures. difference = counted − expected; the counted cash stays in the drawer."""

    shift_id: str
    z_number: int
    cashier: str
    currency: str
    expected_minor: int
    counted_minor: int
    difference_minor: int
    sales_count: int
    sales_minor: int
    tenders: tuple[TenderTotal, ...]
    taxes: tuple[TaxSum, ...]
    first_receipt: str = ""
    last_receipt: str = ""
    groups: tuple[TenderTotal, ...] = ()
    cashiers: tuple[TenderTotal, ...] = ()
    hours: tuple[TenderTotal, ...] = ()
    returns_minor: int = 0
    voids_count: int = 0
    denominations: tuple[tuple[int, int], ...] = ()


class CashMoved(Struct, frozen=True, kw_only=True, tag_field="event", tag="cash.moved"):
    """Cash put in or taken out; the amount is positive, the kind tells the direction. Change money has no effect."""

    move_id: str
    kind: CashMove
    shift_id: str
    cashier: str
    currency: str
    amount_minor: int
    reason: str


class CardIntended(Struct, frozen=True, kw_only=True, tag_field="event", tag="card.intended"):
    """Written before the first byte goes to the terminal. `baseline` is the terminal's last payment before this one."""

    attempt_id: str
    sale_id: str
    currency: str
    amount_minor: int
    terminal: str
    baseline: str = ""
    kind: CardKind = "payment"
    # The terminal's receipt number of the payment that is taken back.
    original: str = ""
    tip_minor: int = 0


class CardAnswered(Struct, frozen=True, kw_only=True, tag_field="event", tag="card.answered"):
    """Written before the terminal's result is acknowledged: from here on the money is known to have moved, or not."""

    attempt_id: str
    sale_id: str
    outcome: CardOutcome
    currency: str
    approved_minor: int
    facts: CardFacts
    terminal_text: str = ""


class CardSettled(Struct, frozen=True, kw_only=True, tag_field="event", tag="card.settled"):
    """A payment in doubt was settled: by the terminal's own memory or by a person who looked at its slip."""

    attempt_id: str
    sale_id: str
    outcome: CardOutcome
    currency: str
    approved_minor: int
    decided_by: str
    facts: CardFacts


class CashierSigned(Struct, frozen=True, kw_only=True, tag_field="event", tag="cashier.signed"):
    """Someone signed in or out, or failed to: five wrong PINs lock the name for a while."""

    cashier: str
    action: Literal["in", "out", "wrong_pin", "locked"]


class SaleDropped(Struct, frozen=True, kw_only=True, tag_field="event", tag="sale.dropped"):
    """A basket with lines was cancelled before it was paid."""

    sale_id: str
    cashier: str
    currency: str
    total_minor: int
    lines: int


class DrawerOpened(Struct, frozen=True, kw_only=True, tag_field="event", tag="drawer.opened"):
    """The drawer was opened without a sale."""

    cashier: str
    reason: str


class ReceiptPrinted(Struct, frozen=True, kw_only=True, tag_field="event", tag="receipt.reprinted"):
    """A copy of a receipt was asked for; it says so on paper."""

    receipt: str
    cashier: str


class ReceiptMailWanted(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="receipt.mail_wanted"
):
    """A customer wants a receipt by mail: head office sends it once per receipt and address.

    `sale_event` is the id of the sale's own event, `language` the language of the till's paper. The address is personal
    data: it stands here and in head office's mail, nowhere else.
    """

    receipt: str
    sale_event: str
    address: str
    cashier: str
    language: str = ""


class CustomerAdded(Struct, frozen=True, kw_only=True, tag_field="event", tag="customer.added"):
    """A customer was written down at the till; head office may find that it knows them already, and merges by hand."""

    number: str
    cashier: str
    name: str
    company: str = ""
    street: str = ""
    postcode: str = ""
    city: str = ""
    country: str = ""
    email: str = ""
    phone: str = ""
    card_code: str = ""


class OrderMade(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag="order.made"):
    """A customer's order, taken at the till. Its payments come as sales that name the order."""

    order_id: str
    number: str
    order_seq: int
    shift_id: str
    cashier: str
    currency: str
    delivery: Delivery
    expected_day: str
    lines: tuple[OrderLine, ...]
    total_minor: int
    includes_tax: bool = True
    customer: str = ""
    customer_name: str = ""
    phone: str = ""
    subject: str = ""
    fields: dict[str, str] = {}


class AgeChecked(Struct, frozen=True, kw_only=True, tag_field="event", tag="age.checked"):
    """Whether a customer was old enough for an article; nothing about who they are."""

    sale_id: str
    cashier: str
    article: str
    age_min: int
    passed: bool


class QuickKeysChanged(Struct, frozen=True, kw_only=True, tag_field="event", tag="quick_keys.changed"):
    """A page of quick keys was edited at the till; without keys it was taken away. Keys are (article, label)."""

    cashier: str
    name: str
    position: int
    keys: tuple[tuple[str, str], ...]


class TerminalClosed(Struct, frozen=True, kw_only=True, tag_field="event", tag="terminal.closed"):
    """The card terminal's end of day: what it says it took, to compare with what the till says."""

    shift_id: str
    cashier: str
    terminal: str
    currency: str
    total_minor: int
    count: int
    expected_minor: int
    text: str = ""


class FiscalOutage(Struct, frozen=True, kw_only=True, tag_field="event", tag="fiscal.outage"):
    """The fiscal unit did not sign from `started_ms` on; `ended_ms` is 0 while that goes on."""

    unit: str
    started_ms: int
    ended_ms: int
    cause: str
    # The stable name of the cause; `cause` says it in English, for evidence.
    code: str = ""


class DrawerFault(Struct, frozen=True, kw_only=True, tag_field="event", tag="drawer.fault"):
    """The drawer did not open, or stands open, when the sale needed otherwise."""

    cashier: str
    text: str


class ActionLifted(Struct, frozen=True, kw_only=True, tag_field="event", tag="action.lifted"):
    """A supervisor's PIN allowed one action once."""

    supervisor: str
    cashier: str
    right: str


Body = (
    SaleCompleted
    | ShiftOpened
    | ShiftClosed
    | CashMoved
    | CardIntended
    | CardAnswered
    | CardSettled
    | CashierSigned
    | SaleDropped
    | DrawerOpened
    | ReceiptPrinted
    | ActionLifted
    | CustomerAdded
    | OrderMade
    | AgeChecked
    | QuickKeysChanged
    | TerminalClosed
    | FiscalOutage
    | DrawerFault
    | ReceiptMailWanted
)
_DECODER: msgspec.json.Decoder[Body] = msgspec.json.Decoder(Body)


class UnknownEventError(ValueError):
    """A type or version that this program does not know: park it, never drop it."""


# On the path of every sale: a look-up here costs a fraction of asking the Struct for its configuration.
_TYPE_BY_STRUCT: dict[type[Body], str] = {
    struct: str(struct.__struct_config__.tag)
    for struct in (
        SaleCompleted,
        ShiftOpened,
        ShiftClosed,
        CashMoved,
        CardIntended,
        CardAnswered,
        CardSettled,
        CashierSigned,
        SaleDropped,
        DrawerOpened,
        ReceiptPrinted,
        ActionLifted,
        CustomerAdded,
        OrderMade,
        AgeChecked,
        QuickKeysChanged,
        TerminalClosed,
        FiscalOutage,
        DrawerFault,
        ReceiptMailWanted,
    )
}
TYPES: frozenset[str] = frozenset(_TYPE_BY_STRUCT.values())


def type_of(body: Body) -> str:
    """Return an event body's dotted, stable type."""
    return _TYPE_BY_STRUCT[type(body)]


VERSION = 1


def encode(body: Body) -> bytes:
    """Return the exact bytes that the journal keeps and signs."""
    return ENCODER.encode(body)


def decode(event_type: str, version: int, data: bytes) -> Body:
    """Read a body. Raises UnknownEventError for a type or version from the future, ValueError for a broken one."""
    if version != VERSION or event_type not in TYPES:
        raise UnknownEventError(f"unknown event {event_type} version {version}")
    body = _DECODER.decode(data)
    if type_of(body) != event_type:
        raise ValueError(f"the body of a {event_type} says it is a {type_of(body)}")
    return body


def sold_line(priced: PricedLine) -> SoldLine:
    """Turn a priced basket line into the line of a receipt."""
    line = priced.line
    return SoldLine(
        article=line.article,
        name=line.name,
        quantity=line.quantity,
        unit=line.unit,
        unit_price_minor=line.unit_price_minor,
        base_minor=priced.base_minor,
        discount_minor=priced.discount_minor,
        bill_share_minor=priced.bill_share_minor,
        total_minor=priced.total_minor,
        tax_code=line.tax_code,
        tax_percent=line.tax_percent,
        price_reason=line.price_reason,
        discount_reason=line.discount.reason if line.discount else "",
        note=line.note,
        kind=line.kind,
        group=line.group,
        why=line.why,
        options=line.options,
        reference=line.reference,
        returns=line.returns,
        order_line=line.order_line,
        stated_tax_minor=line.stated_tax_minor,
    )


def taxed(lines: Iterable[SoldLine]) -> list[TaxedAmount]:
    """Return lines as the parts of a tax table (schema.tax.breakdown)."""
    return [
        TaxedAmount(
            code=line.tax_code,
            percent=line.tax_percent,
            amount_minor=line.total_minor,
            tax_minor=line.stated_tax_minor,
        )
        for line in lines
    ]


def sold_lines(totals: Totals) -> tuple[SoldLine, ...]:
    return tuple(sold_line(priced) for priced in totals.lines)


def account_item(sale: SaleCompleted, part: Payment) -> str:
    """Return whose open item a payment on account changes, by its receipt: the rule of the tills and of head office.

    A receipt's own, or that of the one receipt whose goods come back; a void changes what its receipt has changed.
    """
    own, amount_minor = (sale.voids.receipt, -part.amount_minor) if sale.voids else (sale.receipt, part.amount_minor)
    returned = {line.returns.receipt for line in sale.lines if line.returns is not None}
    return returned.pop() if amount_minor < 0 and len(returned) == 1 else own


_CASH_SIGN: dict[CashMove, int] = {"cash_in": 1, "cash_out": -1, "change_money": 0, "skim": -1}


def cash_change(move: CashMoved) -> int:
    """Return what a cash move does to the drawer, signed."""
    return _CASH_SIGN[move.kind] * move.amount_minor


def money_of(body: Body) -> tuple[MoneyChange, ...]:
    """Return a body's money changes for the row's header: one per tender and currency, no zeros."""
    match body:
        case SaleCompleted():
            return _summed([(part.tender, part.currency, part.amount_minor) for part in body.payments])
        case ShiftOpened() | ShiftClosed():
            return _summed([("cash", body.currency, body.difference_minor)])
        case CashMoved():
            return _summed([("cash", body.currency, cash_change(body))])
        case _:
            return ()


def _summed(changes: list[MoneyChange]) -> tuple[MoneyChange, ...]:
    if len(changes) == 1:  # nearly every receipt
        return tuple(changes) if changes[0][2] else ()
    sums: dict[tuple[str, str], int] = {}
    for tender, currency, amount in changes:
        sums[tender, currency] = sums.get((tender, currency), 0) + amount
    return tuple((tender, currency, amount) for (tender, currency), amount in sorted(sums.items()) if amount)
