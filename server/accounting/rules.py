"""Posting rules: from a task to the entries that it comes to. Values in, values out.

A rule speaks in purposes (`tender:cash`, `revenue:reduced`), never in account numbers; `account_map` turns them into
a chart's accounts when an entry is posted. Amounts are signed here: positive is debit, negative is credit, so every
rule holds in both directions and an entry balances when its legs sum to zero.

A receipt owes `due`, and its payments settle that on the clearing account:

    entry                   debit                    credit
    receipt (when made)     clearing:receipts        revenue:<code>, tax:<code>, rounding, and by kind of line:
                                                     prepayment:<code> (net), tip, voucher:issued, open-item
    order-cash              tender:cash              clearing:receipts
    order-non-cash          tender:<tender>          clearing:receipts
    cash-in                 tender:cash              cash-in
    cash-out                cash-out, or safe        tender:cash
    opening/close-diff      tender:cash              opening-diff / close-diff

Goods and bottle deposits are revenue. A prepayment is a liability (its net part) whose tax is due when the money comes;
the final receipt counts it back with a negative line, so its tax stands in the books once (ADR 16). A tip is owed to
the staff, a voucher to its holder, and a paid open item lowers what the customer owes. A return, a void and a refund
are the same legs with the other sign.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from schema.events import CashMoved, SaleCompleted, ShiftClosed, ShiftOpened, SoldLine, cash_change, taxed
from schema.tax import TaxSum, breakdown
from server.parties.rules import is_own_item

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


# Who is owed a line's amount that is no revenue; such lines bear no tax.
_OWED_TO = {"tip": "tip", "voucher": "voucher:issued", "open_item": "open-item"}
_Rate = tuple[str, Decimal]


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
    # On account, but against another receipt's open item: nothing stays open on this one.
    is_settled: bool = False


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
    legs = receipt_legs(sale, suspense=suspense)
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


def receipt_legs(sale: SaleCompleted, *, suspense: bool = False) -> tuple[Leg, ...]:
    """Return a receipt's legs: what is owed against what was sold. `suspense`: for an order that nobody knows."""
    prepaid_minor = sale.order.paid_minor if sale.order else 0
    owed_to = _owed_to(sale.lines)
    sold_minor = sale.total_minor + sum(owed_to.values())
    legs = [
        ("", CLEARING, sale.total_minor + sale.cash_rounding_minor - prepaid_minor),
        ("", "deposits", prepaid_minor),
        ("", "rounding", -sale.cash_rounding_minor),
    ]
    legs += [("", "suspense", -sold_minor)] if suspense else _sold_legs(sale)
    legs += [("", purpose, amount) for purpose, amount in owed_to.items()]
    return tuple(
        Leg(purpose=purpose, amount_minor=amount, currency=sale.currency, tax_code=code)
        for code, purpose, amount in legs
        if amount
    )


def _owed_to(lines: Sequence[SoldLine]) -> dict[str, int]:
    """Return purpose → amount of the lines that are no revenue. A voucher is worth what was paid for it."""
    sums: dict[str, int] = {}
    for line in lines:
        if line.kind in _OWED_TO:
            purpose = _OWED_TO[line.kind]
            sums[purpose] = sums.get(purpose, 0) - line.total_minor
    return sums


def _sold_legs(sale: SaleCompleted) -> list[tuple[str, str, int]]:
    """Return what was sold, per rate of the receipt's own tax table.

    A prepayment's net is reckoned by itself: counted back it states the tax that was shown when it was taken, so that
    in the end nothing of it is left, in however many parts.
    """
    prepaid = _prepaid_nets(sale)
    other = _other_nets(sale.lines)
    legs = []
    for row in sale.taxes:
        rate = (row.code, row.percent)
        revenue = row.net_minor - prepaid.get(rate, 0) - other.get(rate, 0)
        legs.append((row.code, f"revenue:{row.code}", -revenue))
        legs.append((row.code, f"prepayment:{row.code}", -prepaid.get(rate, 0)))
    legs += [(row.code, f"tax:{row.code}", -row.tax_minor) for row in sale.taxes]
    return legs


def _prepaid_nets(sale: SaleCompleted) -> dict[_Rate, int]:
    by_receipt: dict[str, list[SoldLine]] = {}
    for line in sale.lines:
        if line.kind == "prepayment":
            by_receipt.setdefault(line.reference, []).append(line)
    nets: dict[_Rate, int] = {}
    for lines in by_receipt.values():
        _add_nets(nets, breakdown(taxed(lines), includes_tax=sale.includes_tax))
    return nets


def _other_nets(lines: Sequence[SoldLine]) -> Mapping[_Rate, int]:
    nets: dict[_Rate, int] = {}
    for line in lines:
        if line.kind in _OWED_TO:
            rate = (line.tax_code, line.tax_percent)
            nets[rate] = nets.get(rate, 0) + line.total_minor
    return nets


def _add_nets(nets: dict[_Rate, int], rows: Iterable[TaxSum]) -> None:
    for row in rows:
        nets[row.code, row.percent] = nets.get((row.code, row.percent), 0) + row.net_minor


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
            is_settled=part.tender == "account" and not is_own_item(sale, part),
        )
        for index, part in enumerate(sale.payments, start=1)
    )


_MOVE_TYPES: dict[str, tuple[TaskType, str]] = {
    "cash_in": ("cash-in", "cash-in"),
    "cash_out": ("cash-out", "cash-out"),
    "skim": ("cash-out", "safe"),
}


_REASON_CHARS_MAX = 100


def cash_task(
    body: CashMoved | ShiftOpened | ShiftClosed, *, event_id: str, day: str, store: str, till_id: str
) -> Task | None:
    """Return the task of a cash move or of a difference in the drawer; None where the drawer holds what it should."""
    match body:
        case CashMoved():
            amount = cash_change(body)
            kind, purpose = _MOVE_TYPES.get(body.kind, ("cash-in", "cash-in"))
            text = body.reason or kind
            if purpose in ("cash-in", "cash-out") and body.reason:
                purpose = f"{purpose}:{body.reason[:_REASON_CHARS_MAX]}"
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
