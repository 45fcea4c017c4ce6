"""People: customers, and cashiers with their roles and rights.

A right is named; a role is a set of rights (domain §3). A supervisor's PIN lifts one action once.
"""

from typing import Literal

from msgspec import Struct

Role = Literal["cashier", "supervisor", "store_manager"]
Right = Literal[
    "sell",
    "discount",
    "override_price",
    "negative_line",
    "open_drawer",
    "cash_move",
    "shift",
    "see_expected_cash",
    "return_goods",
    "return_without_receipt",
    "refund_other_tender",
    "void",
    "free_article",
    "on_account",
    "make_order",
    "order_offline",
    "add_customer",
    "quick_keys",
    "terminal_day",
    "settle_card_by_hand",
    "settings",
]

_CASHIER: frozenset[Right] = frozenset(
    {"sell", "discount", "cash_move", "shift", "return_goods", "on_account", "make_order", "add_customer"}
)
_SUPERVISOR: frozenset[Right] = _CASHIER | {
    "override_price",
    "negative_line",
    "open_drawer",
    "see_expected_cash",
    "return_without_receipt",
    "refund_other_tender",
    "void",
    "free_article",
    "order_offline",
    "terminal_day",
    "settle_card_by_hand",
}
RIGHTS: dict[Role, frozenset[Right]] = {
    "cashier": _CASHIER,
    "supervisor": _SUPERVISOR,
    "store_manager": _SUPERVISOR | {"settings", "quick_keys"},
}


class Cashier(Struct, frozen=True, kw_only=True):
    """Someone who signs in at a till. `pin_hash` is Argon2id in PHC format; the PIN itself is stored nowhere."""

    number: str
    name: str
    role: Role
    pin_hash: str
    active: bool = True
    language: str = ""


class OpenItem(Struct, frozen=True, kw_only=True):
    """What a customer owes for one sale on account: the receipt's number, its day, when it is due, what is open."""

    reference: str
    day: str
    due_day: str = ""
    open_minor: int


class Customer(Struct, frozen=True, kw_only=True):
    """A customer as a till may see one: to find and to name, no bank data.

    `group` chooses price lists and promotions. On account a customer may owe up to `credit_limit_minor`; 0 is nothing.
    """

    number: str
    name: str
    company: str = ""
    street: str = ""
    postcode: str = ""
    city: str = ""
    country: str = ""
    email: str = ""
    phone: str = ""
    card_code: str = ""
    group: str = ""
    credit_limit_minor: int = 0
    payment_days: int = 14
    open_items: tuple[OpenItem, ...] = ()


def may(role: Role, right: Right) -> bool:
    """Tell whether a role holds a right."""
    return right in RIGHTS[role]
