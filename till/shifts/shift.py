"""A shift: what was in the drawer, what came and went, what should be in it now. A fold over the journal's bodies.

Expected cash = float + Σ cash payments + Σ cash moves. Nothing is kept beside the journal that could disagree with it.
Of each event only what a report counts is decoded (`Fact`), so that a shift of thousands of sales is folded at once.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

import msgspec
from msgspec import Struct

from schema.events import (
    VERSION,
    CashMoved,
    DrawerOpened,
    ReceiptPrinted,
    SaleDropped,
    ShiftClosed,
    ShiftOpened,
    TenderTotal,
    UnknownEventError,
    cash_change,
)
from schema.money import allocate
from schema.tax import TaxSum
from till.journal.journal import Journal, OpenShift, Position
from till.journal.tables import SHIFT_EVENTS
from till.selling.register import check_amount
from till.words import Day, RefusedInWords

# Said at the sign-in and above the count.
OLD_SHIFT = "The shift of {day} is still open. Count and close it, or sell on in it: what is sold counts for that day."
READ_ROWS = 500
HOUR_MS = 3_600_000
# What counts as turnover; the other kinds of line are liabilities or pay what was sold before.
TURNOVER = frozenset({"goods", "bottle_deposit"})


class LineFact(Struct, frozen=True, kw_only=True):
    """Of a receipt's line: what it adds, where it belongs, and whether it goes out or comes back."""

    quantity: str
    total_minor: int
    tax_code: str
    tax_percent: Decimal
    kind: str = "goods"
    group: str = ""


class PaymentFact(Struct, frozen=True, kw_only=True):
    tender: str
    amount_minor: int


class VoidFact(Struct, frozen=True, kw_only=True):
    receipt: str


class SaleFact(Struct, frozen=True, kw_only=True, tag_field="event", tag="sale.completed"):
    """Of a receipt: what a report counts. The names are those of schema.events.SaleCompleted."""

    receipt: str
    cashier: str
    cashier_name: str
    includes_tax: bool
    lines: tuple[LineFact, ...]
    taxes: tuple[TaxSum, ...]
    total_minor: int
    payments: tuple[PaymentFact, ...]
    completed_ms: int
    cash_rounding_minor: int = 0
    voids: VoidFact | None = None


Fact = SaleFact | CashMoved | ShiftClosed | DrawerOpened | SaleDropped | ReceiptPrinted
# A fact and how far the till's clock was ahead of UTC then, in minutes.
Happened = tuple[Fact, int]
_DECODER: msgspec.json.Decoder[Fact] = msgspec.json.Decoder(Fact)
Part = tuple[str, int]


class ShiftFigures(Struct, frozen=True, kw_only=True):
    """An X report's figures; with a count they become the Z report's.

    `groups` are turnover by article group, `others` the lines of other kinds (tips, vouchers …); Σ groups + Σ others =
    sales. `cashiers` and `hours` (local, "00" to "23") share out the same sum. A count is of lines in groups and
    others, of receipts in cashiers and hours.
    """

    expected_minor: int
    float_minor: int
    sales_count: int
    sales_minor: int
    tenders: tuple[TenderTotal, ...]
    moves: tuple[TenderTotal, ...]
    taxes: tuple[TaxSum, ...]
    first_receipt: str = ""
    last_receipt: str = ""
    groups: tuple[TenderTotal, ...] = ()
    others: tuple[TenderTotal, ...] = ()
    cashiers: tuple[TenderTotal, ...] = ()
    hours: tuple[TenderTotal, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    returns_minor: int = 0
    voids_count: int = 0
    voids_minor: int = 0
    rounding_minor: int = 0
    drawer_count: int = 0
    dropped_count: int = 0
    dropped_minor: int = 0
    copies_count: int = 0


# -- from the journal


def happened_in(journal: Journal, till_id: str, shift: OpenShift) -> Iterator[Happened]:
    """Yield what a report of this shift counts, from its opening to its closing or to now, in order."""
    after = (shift.opened_epoch, shift.opened_seq)
    while rows := journal.rows(SHIFT_EVENTS, (till_id, *after, READ_ROWS)):
        after = rows[-1][:2]
        for _, _, version, offset_min, body in rows:
            fact = decode_fact(version, body)
            yield fact, offset_min
            if isinstance(fact, ShiftClosed) and fact.shift_id == shift.shift_id:
                return


def decode_fact(version: int, body: bytes) -> Fact:
    """Read of a body what a report counts. Raises UnknownEventError for one of a later program: none is left out."""
    if version != VERSION:
        raise UnknownEventError(f"an event of version {version} cannot be counted")
    return _DECODER.decode(body)


def figures_of(journal: Journal, till_id: str, shift: OpenShift) -> tuple[ShiftFigures, ShiftClosed | None]:
    """Return a shift's figures, and its closing where it was closed. It reads the disk: call it from a worker."""
    happened = list(happened_in(journal, till_id, shift))
    last = happened[-1][0] if happened else None
    return figures(shift, happened), last if isinstance(last, ShiftClosed) else None


# -- the fold


def figures(shift: OpenShift, happened: Iterable[Happened]) -> ShiftFigures:
    """Fold what happened since the shift was opened."""
    events = list(happened)
    sales = [(fact, offset_min) for fact, offset_min in events if isinstance(fact, SaleFact)]
    facts = [fact for fact, _ in events]
    receipts = [sale for sale, _ in sales]
    moves = [fact for fact in facts if isinstance(fact, CashMoved)]
    voids = [sale for sale in receipts if sale.voids is not None]
    dropped = [fact for fact in facts if isinstance(fact, SaleDropped)]
    tenders = _totals((part.tender, part.amount_minor) for sale in receipts for part in sale.payments)
    cash = next((total.amount_minor for total in tenders if total.tender == "cash"), 0)
    lines = [(line, amount) for sale in receipts for line, amount in _gross_lines(sale)]
    return ShiftFigures(
        expected_minor=shift.float_minor + cash + sum(cash_change(move) for move in moves),
        float_minor=shift.float_minor,
        sales_count=len(receipts),
        sales_minor=sum(sale.total_minor for sale in receipts),
        tenders=tenders,
        moves=_totals((move.kind, cash_change(move)) for move in moves),
        taxes=_tax_totals(receipts),
        first_receipt=receipts[0].receipt if receipts else "",
        last_receipt=receipts[-1].receipt if receipts else "",
        groups=_totals((line.group, amount) for line, amount in lines if line.kind in TURNOVER),
        others=_totals((line.kind, amount) for line, amount in lines if line.kind not in TURNOVER),
        cashiers=_totals((sale.cashier, sale.total_minor) for sale in receipts),
        hours=_totals((_hour(sale.completed_ms, offset_min), sale.total_minor) for sale, offset_min in sales),
        names=tuple(sorted({sale.cashier: sale.cashier_name for sale in receipts}.items())),
        returns_minor=sum(_returned(sale) for sale in receipts if sale.voids is None),
        voids_count=len(voids),
        voids_minor=sum(sale.total_minor for sale in voids),
        rounding_minor=sum(sale.cash_rounding_minor for sale in receipts),
        drawer_count=sum(isinstance(fact, DrawerOpened) for fact in facts),
        dropped_count=len(dropped),
        dropped_minor=sum(drop.total_minor for drop in dropped),
        copies_count=sum(isinstance(fact, ReceiptPrinted) for fact in facts),
    )


def _totals(parts: Iterable[Part]) -> tuple[TenderTotal, ...]:
    found: dict[str, tuple[int, int]] = {}
    for name, amount in parts:
        total, count = found.get(name, (0, 0))
        found[name] = (total + amount, count + 1)
    return tuple(TenderTotal(tender=name, amount_minor=found[name][0], count=found[name][1]) for name in sorted(found))


def _gross_lines(sale: SaleFact) -> Iterator[tuple[LineFact, int]]:
    """Yield a receipt's lines with what each adds to its total, tax included."""
    if sale.includes_tax:
        yield from ((line, line.total_minor) for line in sale.lines)
        return
    for row in sale.taxes:
        taxed = [each for each in sale.lines if (each.tax_code, each.tax_percent) == (row.code, row.percent)]
        yield from zip(taxed, _shares(row.gross_minor, [each.total_minor for each in taxed]), strict=True)


def _shares(gross_minor: int, nets_minor: list[int]) -> list[int]:
    """Share a rate's gross out over its net lines; sold and returned ones keep their signs."""
    net = sum(nets_minor)
    if not nets_minor:
        return []
    if min(nets_minor) >= 0 or max(nets_minor) <= 0:
        return allocate(gross_minor, nets_minor)
    taxes = allocate(gross_minor - net, [abs(each) for each in nets_minor])
    return [each + tax for each, tax in zip(nets_minor, taxes, strict=True)]


def _returned(sale: SaleFact) -> int:
    return sum(amount for line, amount in _gross_lines(sale) if line.kind == "goods" and line.quantity.startswith("-"))


def _hour(at_ms: int, offset_min: int) -> str:
    return f"{(at_ms + offset_min * 60_000) // HOUR_MS % 24:02d}"


def _tax_totals(sales: list[SaleFact]) -> tuple[TaxSum, ...]:
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
            day=Day(position.shift.business_day),
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


def closed(
    shift: OpenShift,
    found: ShiftFigures,
    position: Position,
    cashier: str,
    counted_minor: int,
    *,
    pieces: Mapping[int, int] | None = None,
) -> ShiftClosed:
    """Return the event that closes a shift; `pieces` are how many of each coin and note were counted, if they were.

    Raises Refused("bad_amount").
    """
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
        groups=found.groups,
        cashiers=found.cashiers,
        hours=found.hours,
        returns_minor=found.returns_minor,
        voids_count=found.voids_count,
        denominations=tuple((value, count) for value, count in sorted((pieces or {}).items(), reverse=True) if count),
    )


def open_shift(position: Position) -> OpenShift:
    """Return the open shift. Raises Refused("no_shift")."""
    if position.shift is None:
        raise RefusedInWords("no_shift", "No shift is open. Count the float into the drawer and open one.")
    return position.shift
