"""Sales orders: their states, what a till sees of them, and their balance.

A payment is a fact; an order's payment state is a pure function of the set of its facts, so the order in which
they arrive does not matter (protocol §5).
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from schema.basket import PricedLine
from schema.tax import TaxSum

OrderStatus = Literal[
    "draft",
    "confirmed",
    "partly_delivered",
    "ready_for_pickup",
    "completed",
    "partly_cancelled",
    "fully_cancelled",
]
PaymentStatus = Literal["unpaid", "part_paid", "paid", "overpaid"]
Delivery = Literal["pickup", "delivery"]

# A state machine is a set of allowed pairs.
TRANSITIONS: frozenset[tuple[OrderStatus, OrderStatus]] = frozenset(
    {
        ("draft", "confirmed"),
        ("draft", "fully_cancelled"),
        ("confirmed", "confirmed"),
        ("confirmed", "ready_for_pickup"),
        ("confirmed", "partly_delivered"),
        ("confirmed", "completed"),
        ("confirmed", "partly_cancelled"),
        ("confirmed", "fully_cancelled"),
        ("ready_for_pickup", "confirmed"),
        ("ready_for_pickup", "partly_delivered"),
        ("ready_for_pickup", "completed"),
        ("ready_for_pickup", "fully_cancelled"),
        ("partly_delivered", "completed"),
        ("partly_delivered", "partly_cancelled"),
        ("partly_cancelled", "completed"),
        ("partly_cancelled", "fully_cancelled"),
    }
)
# The states in which a till offers an order.
OPEN_STATUSES: frozenset[OrderStatus] = frozenset(
    {"confirmed", "ready_for_pickup", "partly_delivered", "partly_cancelled"}
)


class OrderLine(Struct, frozen=True, kw_only=True):
    """A line as ordered: its price is kept, whatever the article costs today. `delivered` has left the shop already.

    `delivered_minor` is what was charged for that; None where the one who fed it kept no such sum.
    """

    article: str
    name: str
    quantity: Decimal
    unit: str = "piece"
    unit_price_minor: int
    discount_minor: int = 0
    total_minor: int
    tax_code: str
    tax_percent: Decimal
    note: str = ""
    delivered: Decimal = Decimal(0)
    delivered_minor: int | None = None


def order_line(priced: PricedLine, note: str) -> OrderLine:
    """Return a priced line as an order keeps it: what a bill discount took off it is its own discount from now on."""
    line = priced.line
    return OrderLine(
        article=line.article,
        name=line.name,
        quantity=line.quantity,
        unit=line.unit,
        unit_price_minor=line.unit_price_minor,
        discount_minor=priced.discount_minor + priced.bill_share_minor,
        total_minor=priced.total_minor,
        tax_code=line.tax_code,
        tax_percent=line.tax_percent,
        note=note,
    )


class Prepayment(Struct, frozen=True, kw_only=True):
    """A prepayment's receipt and its tax table: the final receipt counts exactly these figures back."""

    receipt: str
    day: str
    taxes: tuple[TaxSum, ...]


class OpenOrder(Struct, frozen=True, kw_only=True):
    """An order as the feed carries it to the tills of its store. Totals include tax."""

    order_id: str
    number: str
    version: int
    store: str
    status: OrderStatus
    delivery: Delivery = "pickup"
    customer: str = ""
    customer_name: str = ""
    company: str = ""
    subject: str = ""
    ordered_day: str = ""
    expected_day: str = ""
    currency: str = "EUR"
    includes_tax: bool = True
    lines: tuple[OrderLine, ...] = ()
    total_minor: int
    # All that was paid; the part of it that has prepayment receipts stands there too.
    paid_minor: int = 0
    prepayments: tuple[Prepayment, ...] = ()
    # Without tax in its prices: the tax tables, summed, of the goods that left. The last of a rate brings what is left.
    charged: tuple[TaxSum, ...] = ()
    phone: str = ""
    fields: dict[str, str] = {}


class Balance(Struct, frozen=True, kw_only=True):
    """What the facts come to: paid = allocated + overpaid; none is negative."""

    status: PaymentStatus
    paid_minor: int
    open_minor: int
    overpaid_minor: int


def balance(due_minor: int, payments_minor: Iterable[int]) -> Balance:
    """Return an order's balance from what is due and the set of its payments."""
    paid = sum(payments_minor)
    open_minor = max(due_minor - paid, 0)
    overpaid = max(paid - due_minor, 0)
    status: PaymentStatus = "overpaid" if overpaid else "paid" if not open_minor else "part_paid" if paid else "unpaid"
    return Balance(status=status, paid_minor=paid, open_minor=open_minor, overpaid_minor=overpaid)


def may_become(present: OrderStatus, wanted: OrderStatus) -> bool:
    """Tell whether an order may go from one state to another."""
    return (present, wanted) in TRANSITIONS
