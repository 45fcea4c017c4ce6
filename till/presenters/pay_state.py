"""What the pay screen shows: what is due, what was paid, the tenders, and the questions that a tender asks first."""

from typing import Any, Literal, Protocol

from msgspec import Struct

from schema.catalogue import StoreSettings
from schema.errors import CounterfoilError
from schema.events import Payment
from schema.money import half_up, minor_digits
from schema.parties import Customer
from till.desk import Desk
from till.keypad import amount_so_far, shown
from till.paper.letterhead import TENDERS
from till.paying.account import Standing, on_account, room
from till.paying.checkout import Paid, tip_of
from till.paying.coins import quick_amounts, round_cash
from till.paying.vouchers import Worth, shown_code
from till.presenters.screen import Action, Kind
from till.selling.register import Sale, Sums, sums
from till.usual import usual_text
from till.words import Day

Panel = Literal["", "card_type", "account", "voucher", "tip"]
# Percentages that customers name; the amounts are rounded to what one says aloud.
TIP_PERCENTS = (5, 10, 15)


class QuickAmount(Struct, frozen=True, kw_only=True):
    amount_minor: int
    text: str


class PaymentState(Struct, frozen=True, kw_only=True):
    """A payment that was taken already. `about` tells which card, which voucher."""

    tender: str
    tender_text: str
    amount_minor: int
    amount_text: str
    about: str = ""


class TenderKey(Struct, frozen=True, kw_only=True):
    """A means of payment that the store takes."""

    tender: str
    text: str
    enabled: bool


class AccountState(Struct, frozen=True, kw_only=True):
    """How the sale's customer stands. `fits` tells whether all that is due may be put on the account."""

    name: str
    owed_text: str
    limit_text: str
    left_text: str
    since_text: str = ""
    overdue_text: str = ""
    fits: bool = True


class VoucherState(Struct, frozen=True, kw_only=True):
    """A voucher that was looked at, and what of it may be taken now."""

    code: str
    code_text: str
    balance_text: str
    limit_minor: int
    limit_text: str
    valid_text: str = ""
    # Head office could not be asked: what the mirror says, up to the store's cap.
    offline: bool = False


class PayState(Struct, frozen=True, kw_only=True):
    """`due_minor` is left to pay, below zero to give back; `due_text` is without its sign, `pays_out` tells.

    `cash_due_minor` is the same rounded for cash; while `busy` the terminal works or the disk writes.
    """

    total_minor: int = 0
    total_text: str = ""
    paid_minor: int = 0
    paid_text: str = ""
    due_minor: int = 0
    due_text: str = ""
    cash_due_minor: int = 0
    cash_due_text: str = ""
    pays_out: bool = False
    payments: tuple[PaymentState, ...] = ()
    tenders: tuple[TenderKey, ...] = ()
    quick_amounts: tuple[QuickAmount, ...] = ()
    keypad: str = ""
    entry_minor: int | None = None
    card_available: bool = False
    busy: bool = False
    # The terminal's own words while it works, e.g. "Please insert card"; empty while only the disk is waited for.
    terminal_text: str = ""
    may_cancel: bool = False
    may_go_back: bool = True
    # A tender's question, over the keys.
    panel: Panel = ""
    card_types: tuple[str, ...] = ()
    # The same as they are shown.
    card_type_texts: tuple[str, ...] = ()
    account: AccountState | None = None
    voucher: VoucherState | None = None
    may_tip: bool = False
    tip_minor: int = 0
    tip_text: str = ""
    tips: tuple[QuickAmount, ...] = ()


class PayScreen(Protocol):
    """What the steps of paying that wait for somebody (`pay_card`, `pay_balances`) need of their screen."""

    desk: Desk
    state: PayState

    def show_sale(self, **fields: Any) -> None:
        """Show the sale in hand as it stands, with these fields besides."""

    def say(self, kind: Kind, text: str, *, code: str = "", action: Action = "") -> None:
        """Say something that is translated already."""

    def fail(self, error: CounterfoilError) -> None:
        """Tell an error, and let go of what was begun."""

    def taken(self, paid: Paid) -> None:
        """Go on with a sale that another payment was taken for."""


def pay_fields(desk: Desk, entry: str) -> dict[str, Any]:
    """Return what the sale in hand and the store's settings put into the state."""
    sale, settings = desk.sale, desk.settings()
    found = sums(sale)
    cash_due = round_cash(found.due_minor, settings.cash_step_minor)
    tip = tip_of(sale)
    return {
        "total_minor": found.totals.total_minor,
        "total_text": desk.amount(found.totals.total_minor),
        "paid_minor": found.paid_minor,
        "paid_text": desk.amount(found.paid_minor) if found.paid_minor else "",
        "due_minor": found.due_minor,
        "due_text": desk.amount(abs(found.due_minor)),
        "cash_due_minor": cash_due,
        "cash_due_text": desk.amount(abs(cash_due)),
        "pays_out": found.due_minor < 0,
        "payments": tuple(payment_state(part, desk) for part in sale.payments),
        "tenders": tender_keys(sale, found, settings, desk),
        "quick_amounts": quick_keys(desk, quick_amounts(found.due_minor, settings.cash_step_minor, desk.currency)),
        "keypad": shown(entry, desk.words.language),
        "entry_minor": amount_so_far(entry, desk.currency) if entry else None,
        "card_available": desk.parts.cards.available,
        "may_go_back": True,
        "card_types": settings.card_types,
        "card_type_texts": tuple(usual_text(each, desk.words) for each in settings.card_types),
        "may_tip": settings.tips and sale.voids is None and found.totals.total_minor > 0,
        "tip_minor": tip,
        "tip_text": desk.amount(tip) if tip else "",
        "tips": tip_keys(desk, found.totals.total_minor - tip) if settings.tips else (),
    }


def quick_keys(desk: Desk, amounts: tuple[int, ...]) -> tuple[QuickAmount, ...]:
    return tuple(QuickAmount(amount_minor=amount, text=desk.amount(amount)) for amount in amounts)


def tender_keys(sale: Sale, found: Sums, settings: StoreSettings, desk: Desk) -> tuple[TenderKey, ...]:
    """Return the store's tenders but cash, which has keys of its own; what cannot be used now is there, but dead."""
    usable = {
        "card": desk.parts.cards.available and (found.due_minor > 0 or desk.parts.cards.can("refund")),
        "card_manual": True,
        "account": bool(sale.basket.customer),
        # Paid out it is a new one; a void gives back what there was.
        "voucher": found.due_minor > 0 or (found.due_minor < 0 and sale.voids is None),
    }
    return tuple(
        TenderKey(tender=tender, text=desk.words(TENDERS[tender]), enabled=usable[tender])
        for tender in settings.tenders
        if tender in usable
    )


def payment_state(payment: Payment, desk: Desk) -> PaymentState:
    card = payment.card.card_name if payment.card else payment.card_type
    return PaymentState(
        tender=payment.tender,
        tender_text=desk.words(TENDERS[payment.tender]),
        amount_minor=payment.amount_minor,
        amount_text=desk.amount(payment.amount_minor),
        about=usual_text(card, desk.words) or shown_code(payment.reference),
    )


def account_state(customer: Customer, found: Standing, sale: Sale, desk: Desk) -> AccountState:
    """Return how a customer stands, in words, with what is on the account in this very sale already."""
    words, held, due = desk.words, on_account(sale), sums(sale).due_minor
    left = max(found.left_minor - held, 0)
    return AccountState(
        name=customer.company or customer.name,
        owed_text=desk.amount(found.owed_minor),
        limit_text=desk.amount(found.limit_minor),
        left_text=desk.amount(left),
        since_text=words("oldest of {day}", day=Day(found.oldest_day)) if found.oldest_day else "",
        overdue_text=words("{amount} overdue", amount=desk.amount(found.overdue_minor)) if found.overdue_minor else "",
        fits=due <= min(left, room(sale) - held),
    )


def voucher_state(found: Worth, due_minor: int, desk: Desk) -> VoucherState:
    """Return what a voucher is worth, in words, and what of it this sale takes."""
    limit = min(found.limit_minor, due_minor)
    return VoucherState(
        code=found.code,
        code_text=shown_code(found.code),
        balance_text=desk.amount(found.balance_minor),
        limit_minor=limit,
        limit_text=desk.amount(limit),
        valid_text=desk.words("valid until {day}", day=Day(found.valid_to)) if found.valid_to else "",
        offline=not found.asked,
    )


def tip_keys(desk: Desk, total_minor: int) -> tuple[QuickAmount, ...]:
    """Return tips to touch, each with what the customer then pays in all."""
    return tuple(
        QuickAmount(amount_minor=tip, text=f"+ {desk.amount(tip)} = {desk.amount(total_minor + tip)}")
        for tip in tips(total_minor, desk.currency)
    )


def tips(total_minor: int, currency: str) -> tuple[int, ...]:
    """Return tips that customers give: up to a round sum, and usual percentages to the half of a unit."""
    unit = 10 ** minor_digits(currency)
    half = max(unit // 2, 1)
    round_up = {-(-total_minor // step) * step - total_minor for step in (unit, 5 * unit)}
    shares = {half_up(total_minor * percent, 100 * half) * half for percent in TIP_PERCENTS}
    return tuple(sorted(amount for amount in round_up | shares if amount > 0))[:5]
