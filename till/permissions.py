"""Who may do what: a role's rights, and a supervisor's PIN that lifts one action once (domain §3).

A lift is journaled when it is used, before the action, with the right that it gave.
"""

from schema.events import ActionLifted
from schema.parties import Cashier, Right, may
from till.words import RefusedInWords, Term, Words

_NAMES: dict[Right, str] = {
    "sell": "selling",
    "discount": "a discount",
    "override_price": "a changed price",
    "negative_line": "goods that come back",
    "open_drawer": "opening the drawer",
    "cash_move": "moving cash",
    "shift": "opening and closing a shift",
    "see_expected_cash": "seeing the expected cash",
    "return_goods": "taking goods back",
    "return_without_receipt": "taking goods back without a receipt",
    "refund_other_tender": "giving money back by another tender",
    "void": "a void",
    "free_article": "an article without a number",
    "on_account": "selling on account",
    "make_order": "making an order",
    "order_offline": "such an order without head office",
    "add_customer": "a new customer",
    "quick_keys": "changing quick keys",
    "terminal_day": "the terminal's end of day",
    "settle_card_by_hand": "settling a card payment by hand",
    "settings": "the settings",
}


def holds(cashier: Cashier | None, right: Right) -> bool:
    return cashier is not None and may(cashier.role, right)


def lifted(cashier: Cashier, supervisor: Cashier | None, right: Right) -> ActionLifted:
    """Return the event that a lift leaves. Raises Refused("needs_supervisor") where there is no lift for this right."""
    if supervisor is None or not may(supervisor.role, right):
        raise RefusedInWords(
            "needs_supervisor",
            "{action} needs a supervisor. Ask one to type the PIN, then do it again.",
            action=Term(_NAMES[right]),
        )
    return ActionLifted(supervisor=supervisor.number, cashier=cashier.number, right=right)


def name_of(right: Right, words: Words) -> str:
    return words(_NAMES[right])
