"""Posting rules: from a task to the entries that it comes to. Values in, values out.

A rule speaks in purposes (`tender:cash`, `revenue:reduced`), never in account numbers; `account_map` turns them into
a chart's accounts when an entry is posted. Amounts are signed here: positive is debit, negative is credit, so every
rule holds in both directions and an entry balances when its legs sum to zero.

A receipt owes `due`, and its payments settle that on the clearing account:

    entry                   debit                    credit
    receipt (when made)     clearing:receipts        revenue:<code>, tax:<code>, rounding
    order-cash              tender:cash              clearing:receipts
    order-non-cash          tender:<tender>          clearing:receipts
    cash-in                 tender:cash              cash-in
    cash-out                cash-out, or safe        tender:cash
    opening/close-diff      tender:cash              opening-diff / close-diff
"""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from schema.events import CashMoved, SaleCompleted, ShiftClosed, ShiftOpened, cash_change
from schema.tax import TaxSum

TaskType = Literal["order-cash", "order-non-cash", "cash-in", "cash-out", "opening-diff", "close-diff"]
TASK_TYPES: tuple[TaskType, ...] = (
    "order-cash",
    "order-non-cash",
    "cash-in",
    "cash-out",
    "opening-diff",
    "close-diff",
)
CLEARING = "clearing:receipts"
REVENUE_EFFECT = 0


class Revenue(Struct, frozen=True, kw_only=True):
    """What a receipt sold. Σ gross + rounding = due + prepaid. `suspense`: for an order that nobody knows."""

    taxes: tuple[TaxSum, ...]
    rounding_minor: int = 0
    prepaid_minor: int = 0
    suspense: bool = False


class Task(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One accounting job's payload: a signed change of one tender, and where it comes from or goes to."""

    type: TaskType
    day: str
    store: str
    till_id: str | None
    source_event: str
    effect_no: int
    currency: str
    amount_minor: int
    text: str
    tender: str = "cash"
    purpose: str = CLEARING
    receipt: str = ""
    till_receipt: str = ""
    at_ms: int = 0


class Leg(Struct, frozen=True, kw_only=True):
    """One side of an entry: positive is debit, negative credit, never zero."""

    purpose: str
    amount_minor: int
    currency: str
    tender: str = ""
    tax_code: str = ""


class Draft(Struct, frozen=True, kw_only=True):
    """An entry before it has accounts and a number."""

    kind: str
    day: str
    text: str
    store: str
    till_id: str | None
    receipt: str
    source_event: str
    effect_no: int
    legs: tuple[Leg, ...]


def draft_of(task: Task) -> Draft | None:
    """Return a task's entry, or None where no money moved."""
    if not task.amount_minor:
        return None
    return Draft(
        kind=task.type,
        day=task.day,
        text=task.text,
        store=task.store,
        till_id=task.till_id,
        receipt=task.receipt,
        source_event=task.source_event,
        effect_no=task.effect_no,
        legs=money_legs(task),
    )


def revenue_draft(
    sale: SaleCompleted, *, event_id: str, day: str, store: str, till_id: str, receipt: str, suspense: bool = False
) -> Draft | None:
    """Return the entry that a receipt posts when it is made, or None for a receipt of nothing."""
    revenue = Revenue(
        taxes=sale.taxes,
        rounding_minor=sale.cash_rounding_minor,
        prepaid_minor=sale.order.paid_minor if sale.order else 0,
        suspense=suspense,
    )
    legs = revenue_legs(revenue, sale.currency)
    if not legs:
        return None
    return Draft(
        kind="receipt",
        day=day,
        text=_receipt_text(receipt, sale),
        store=store,
        till_id=till_id,
        receipt=receipt,
        source_event=event_id,
        effect_no=REVENUE_EFFECT,
        legs=legs,
    )


def _receipt_text(receipt: str, sale: SaleCompleted) -> str:
    return f"Receipt {receipt}, till receipt {sale.receipt}"


def revenue_legs(revenue: Revenue, currency: str) -> tuple[Leg, ...]:
    """Return a receipt's legs: what is owed against what was sold."""
    gross = sum(row.gross_minor for row in revenue.taxes)
    owed = gross + revenue.rounding_minor - revenue.prepaid_minor
    legs = [("", CLEARING, owed), ("", "deposits", revenue.prepaid_minor), ("", "rounding", -revenue.rounding_minor)]
    if revenue.suspense:
        legs.append(("", "suspense", -gross))
    else:
        legs += [(row.code, f"revenue:{row.code}", -row.net_minor) for row in revenue.taxes]
        legs += [(row.code, f"tax:{row.code}", -row.tax_minor) for row in revenue.taxes]
    return tuple(
        Leg(purpose=purpose, amount_minor=amount, currency=currency, tax_code=code)
        for code, purpose, amount in legs
        if amount
    )


def money_legs(task: Task) -> tuple[Leg, ...]:
    """Return the two legs of a tender's change."""
    return (
        Leg(
            purpose=f"tender:{task.tender}",
            amount_minor=task.amount_minor,
            currency=task.currency,
            tender=task.tender,
        ),
        Leg(purpose=task.purpose, amount_minor=-task.amount_minor, currency=task.currency),
    )


def is_balanced(legs: Iterable[Leg]) -> bool:
    """Tell whether debit equals credit in every currency, and there is something at all."""
    sums: dict[str, int] = {}
    for leg in legs:
        sums[leg.currency] = sums.get(leg.currency, 0) + leg.amount_minor
    return bool(sums) and not any(sums.values())


def sale_tasks(
    sale: SaleCompleted, *, event_id: str, day: str, store: str, till_id: str, receipt: str
) -> tuple[Task, ...]:
    """Return a receipt's tasks, one per payment."""
    return tuple(
        Task(
            type="order-cash" if part.tender == "cash" else "order-non-cash",
            day=day,
            store=store,
            till_id=till_id,
            source_event=event_id,
            effect_no=index,
            currency=part.currency,
            amount_minor=part.amount_minor,
            text=_receipt_text(receipt, sale),
            tender=part.tender,
            receipt=receipt,
            till_receipt=sale.receipt,
            at_ms=sale.completed_ms,
        )
        for index, part in enumerate(sale.payments, start=1)
    )


_MOVE_TYPES: dict[str, tuple[TaskType, str]] = {
    "cash_in": ("cash-in", "cash-in"),
    "cash_out": ("cash-out", "cash-out"),
    "skim": ("cash-out", "safe"),
}


def cash_task(
    body: CashMoved | ShiftOpened | ShiftClosed, *, event_id: str, day: str, store: str, till_id: str
) -> Task | None:
    """Return the task of a cash move or of a difference in the drawer; None where the drawer holds what it should."""
    match body:
        case CashMoved():
            amount = cash_change(body)
            kind, purpose = _MOVE_TYPES.get(body.kind, ("cash-in", "cash-in"))
            text = body.reason or kind
        case ShiftOpened():
            amount, kind, purpose = body.difference_minor, "opening-diff", "opening-diff"
            text = f"Difference at opening shift {body.number}"
        case ShiftClosed():
            amount, kind, purpose = body.difference_minor, "close-diff", "close-diff"
            text = f"Difference at closing, Z {body.z_number}"
    if not amount:
        return None
    return Task(
        type=kind,
        day=day,
        store=store,
        till_id=till_id,
        source_event=event_id,
        effect_no=1,
        currency=body.currency,
        amount_minor=amount,
        text=text,
        purpose=purpose,
    )
