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
    "void",
    "settle_card_by_hand",
    "settings",
]

_CASHIER: frozenset[Right] = frozenset({"sell", "discount", "cash_move", "shift"})
_SUPERVISOR: frozenset[Right] = _CASHIER | {
    "override_price",
    "negative_line",
    "open_drawer",
    "see_expected_cash",
    "void",
    "settle_card_by_hand",
}
RIGHTS: dict[Role, frozenset[Right]] = {
    "cashier": _CASHIER,
    "supervisor": _SUPERVISOR,
    "store_manager": _SUPERVISOR | {"settings"},
}


class Cashier(Struct, frozen=True, kw_only=True):
    """Someone who signs in at a till. `pin_hash` is Argon2id in PHC format; the PIN itself is stored nowhere."""

    number: str
    name: str
    role: Role
    pin_hash: str
    active: bool = True
    language: str = ""


class Customer(Struct, frozen=True, kw_only=True):
    """A customer as a till may see one: to find and to name, no bank data."""

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


def may(role: Role, right: Right) -> bool:
    """Tell whether a role holds a right."""
    return right in RIGHTS[role]
