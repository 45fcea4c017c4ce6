"""The roles of cashiers and what each may do at the till, in words."""

from collections.abc import Mapping

from msgspec import Struct

from schema.parties import RIGHTS, Right, Role
from server.office.visit import Visit
from server.office.words import say

ROLES: Mapping[Role, str] = {
    "cashier": say("Cashier"),
    "supervisor": say("Supervisor"),
    "store_manager": say("Store manager"),
}
# In the order of a day at the till.
RIGHT_WORDS: Mapping[Right, str] = {
    "sell": say("Sell"),
    "discount": say("Give a discount"),
    "override_price": say("Change a price"),
    "free_article": say("Sell an article without a number"),
    "on_account": say("Sell on account"),
    "add_customer": say("Write down a new customer"),
    "make_order": say("Take a customer's order"),
    "order_offline": say("Hand over an order while head office cannot be asked"),
    "return_goods": say("Take goods back with their receipt"),
    "return_without_receipt": say("Take goods back without a receipt"),
    "refund_other_tender": say("Give money back another way than it was paid"),
    "negative_line": say("Put goods that come back into a sale"),
    "void": say("Void a receipt"),
    "shift": say("Open and close a shift"),
    "cash_move": say("Put cash in and take it out"),
    "open_drawer": say("Open the drawer without a sale"),
    "see_expected_cash": say("See how much cash is expected"),
    "terminal_day": say("Close the card terminal's day"),
    "settle_card_by_hand": say("Settle a card payment that is in doubt"),
    "quick_keys": say("Change quick keys at the till"),
    "settings": say("Change the till's settings"),
}


class RightRow(Struct, frozen=True, kw_only=True):
    """A right in words, and for each role in the order of `ROLES` whether it has it."""

    words: str
    held: tuple[bool, ...]


def rights_table(visit: Visit) -> list[RightRow]:
    """Return what each role may do."""
    return [
        RightRow(words=visit.words(label), held=tuple(right in RIGHTS[role] for role in ROLES))
        for right, label in RIGHT_WORDS.items()
    ]


def role_labels(visit: Visit) -> dict[Role, str]:
    """Return the roles in the user's words."""
    return {role: visit.words(label) for role, label in ROLES.items()}
