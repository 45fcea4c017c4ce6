"""A shift: what was in the drawer, what came and went, what should be in it now. A fold over the journal's bodies.

Expected cash = float + Σ cash payments + Σ cash moves. Nothing is kept beside the journal that could disagree with it.
"""

from collections.abc import Iterable

from msgspec import Struct

from schema.events import CashMoved, SaleCompleted, ShiftClosed, ShiftOpened, TenderTotal, cash_change
from schema.tax import TaxSum
from till.journal.journal import OpenShift, Position
from till.register import check_amount
from till.words import RefusedInWords


class ShiftFigures(Struct, frozen=True, kw_only=True):
    """An X report's figures; with a count they become the Z report's."""

    expected_minor: int
    float_minor: int
    sales_count: int
    sales_minor: int
    tenders: tuple[TenderTotal, ...]
    moves: tuple[TenderTotal, ...]
    taxes: tuple[TaxSum, ...]
    first_receipt: str = ""
    last_receipt: str = ""


def figures(shift: OpenShift, bodies: Iterable[object]) -> ShiftFigures:
    """Fold what happened since the shift was opened."""
    happened = list(bodies)
    sales = [body for body in happened if isinstance(body, SaleCompleted)]
    moves = [body for body in happened if isinstance(body, CashMoved)]
    tenders = _totals((part.tender, part.amount_minor) for sale in sales for part in sale.payments)
    cash = next((total.amount_minor for total in tenders if total.tender == "cash"), 0)
    return ShiftFigures(
        expected_minor=shift.float_minor + cash + sum(cash_change(move) for move in moves),
        float_minor=shift.float_minor,
        sales_count=len(sales),
        sales_minor=sum(sale.total_minor for sale in sales),
        tenders=tenders,
        moves=_totals((move.kind, cash_change(move)) for move in moves),
        taxes=_tax_totals(sales),
        first_receipt=sales[0].receipt if sales else "",
        last_receipt=sales[-1].receipt if sales else "",
    )


def _totals(parts: Iterable[tuple[str, int]]) -> tuple[TenderTotal, ...]:
    found: dict[str, tuple[int, int]] = {}
    for name, amount in parts:
        total, count = found.get(name, (0, 0))
        found[name] = (total + amount, count + 1)
    return tuple(TenderTotal(tender=name, amount_minor=found[name][0], count=found[name][1]) for name in sorted(found))


def _tax_totals(sales: list[SaleCompleted]) -> tuple[TaxSum, ...]:
    """Sum the receipts' own tables: what was printed is what is reported."""
    found: dict[tuple[str, object], TaxSum] = {}
    for row in (row for sale in sales for row in sale.taxes):
        present = found.get((row.code, row.percent))
        found[row.code, row.percent] = row if present is None else _added(present, row)
    return tuple(sorted(found.values(), key=lambda row: (-row.percent, row.code)))


def _added(one: TaxSum, other: TaxSum) -> TaxSum:
    return TaxSum(
        code=one.code,
        percent=one.percent,
        net_minor=one.net_minor + other.net_minor,
        tax_minor=one.tax_minor + other.tax_minor,
        gross_minor=one.gross_minor + other.gross_minor,
    )


def opened(position: Position, shift_id: str, cashier: str, currency: str, float_minor: int) -> ShiftOpened:
    """Return the event that opens the next shift. Raises Refused("shift_open"), Refused("bad_amount")."""
    if position.shift is not None:
        raise RefusedInWords(
            "shift_open",
            "The shift of {day} is still open. Count and close it before a new one begins.",
            day=position.shift.business_day,
        )
    check_amount(float_minor)
    return ShiftOpened(
        shift_id=shift_id,
        number=position.shift_number + 1,
        cashier=cashier,
        currency=currency,
        float_minor=float_minor,
        expected_minor=position.drawer_minor,
        difference_minor=float_minor - position.drawer_minor,
    )


def closed(shift: OpenShift, found: ShiftFigures, position: Position, cashier: str, counted_minor: int) -> ShiftClosed:
    """Return the event that closes a shift. Raises Refused("bad_amount")."""
    check_amount(counted_minor)
    return ShiftClosed(
        shift_id=shift.shift_id,
        z_number=position.z_number + 1,
        cashier=cashier,
        currency=shift.currency,
        expected_minor=found.expected_minor,
        counted_minor=counted_minor,
        difference_minor=counted_minor - found.expected_minor,
        sales_count=found.sales_count,
        sales_minor=found.sales_minor,
        tenders=found.tenders,
        taxes=found.taxes,
        first_receipt=found.first_receipt,
        last_receipt=found.last_receipt,
    )


def open_shift(position: Position) -> OpenShift:
    """Return the open shift. Raises Refused("no_shift")."""
    if position.shift is None:
        raise RefusedInWords("no_shift", "No shift is open. Count the float into the drawer and open one.")
    return position.shift
