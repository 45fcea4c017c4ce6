"""A shift's report: X while it is open, Z when it is closed. Its figures in reading order, for screen, paper and files.

A report is made from the journal each time it is looked at (till.shifts.shift); nothing of it is kept.
"""

import csv
import io
from datetime import datetime
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from hardware.document import Block, Document, Feed, Row, Rule, Text
from schema.events import ShiftClosed, TenderTotal
from schema.locale import day_text, instant_text
from schema.money import format_plain
from schema.tax import TaxSum
from till.journal.journal import Journal, OpenShift, shift_of
from till.journal.tables import CLOSED_SHIFTS
from till.paper.letterhead import (
    MOVES,
    TENDERS,
    Letterhead,
    amount_text,
    document_of,
    figure_text,
    percent_text,
    signed_off,
    store_lines,
)
from till.shifts.shift import ShiftFigures, figures_of
from till.words import Day, RefusedInWords, Words

LISTED_MAX = 60
# Lines that are no turnover, by their kind (schema.basket.LineKind).
OTHERS = {
    "tip": "Tips",
    "voucher": "Vouchers issued",
    "open_item": "Open items paid",
    "prepayment": "Prepayments",
}
SectionName = Literal["sums", "groups", "cashiers", "hours", "notes", "pieces"]
SECTIONS = {
    "sums": "Sums",
    "groups": "By article group",
    "cashiers": "By cashier",
    "hours": "By hour",
    "notes": "Noted",
    "pieces": "Counted coins and notes",
}


class ReportHead(Struct, frozen=True, kw_only=True):
    """What stands above a report's figures. `z_number` is 0 on an X report; `printed_at` is local, without a zone."""

    shift_number: int
    business_day: str
    z_number: int
    cashier_name: str
    printed_at: datetime
    currency: str


class Report(Struct, frozen=True, kw_only=True):
    """A report's figures with what stands above them; an X report has no closing."""

    figures: ShiftFigures
    event: ShiftClosed | None
    head: ReportHead


class Shift(Struct, frozen=True, kw_only=True):
    """A shift to report on: the open one (z_number 0), or one that was closed."""

    shift: OpenShift
    z_number: int
    closed_ms: int = 0


class ReportRow(Struct, frozen=True, kw_only=True):
    """A figure with its label. One that counts and sums nothing has no amount; `key` is the same in every language.

    `part` keeps figures of one kind together: paper leaves a line free between parts.
    """

    label: str
    amount_minor: int | None = None
    count: int | None = None
    key: str = ""
    part: str = ""


class Section(Struct, frozen=True, kw_only=True):
    name: SectionName
    title: str
    rows: tuple[ReportRow, ...]


# -- from the journal


def closed_shifts(journal: Journal, till_id: str, limit: int = LISTED_MAX) -> list[Shift]:
    """Return the shifts that were closed at this till, the last one first."""
    rows = journal.rows(CLOSED_SHIFTS, (till_id, limit))
    return [Shift(shift=shift_of(row), z_number=row[9], closed_ms=row[12]) for row in rows]


def last_closed(journal: Journal, till_id: str) -> Shift:
    """Return the shift that was closed last. Raises Refused("no_z_report")."""
    if found := closed_shifts(journal, till_id, 1):
        return found[0]
    raise RefusedInWords("no_z_report", "No shift has been closed at this till yet.")


def report_of(journal: Journal, till_id: str, shift: Shift, cashier_name: str, printed_at: datetime) -> Report:
    """Fold a shift into its report. It reads the disk: call it from a worker. Raises Refused("no_z_report")."""
    found, event = figures_of(journal, till_id, shift.shift)
    if shift.z_number and event is None:
        raise RefusedInWords("no_z_report", "The closing of that shift is not in the journal.")
    head = head_of(shift.shift, event.z_number if event else 0, cashier_name, printed_at)
    return Report(figures=found, event=event, head=head)


def head_of(shift: OpenShift, z_number: int, cashier_name: str, printed_at: datetime) -> ReportHead:
    return ReportHead(
        shift_number=shift.number,
        business_day=shift.business_day,
        z_number=z_number,
        cashier_name=cashier_name,
        printed_at=printed_at,
        currency=shift.currency,
    )


# -- in reading order


def report_title(head: ReportHead, words: Words) -> str:
    return words("Z report {number}", number=head.z_number) if head.z_number else words("X report")


def sections(report: Report, words: Words) -> tuple[Section, ...]:
    """Return a report's figures by what they share out; sections without figures are left out."""
    found = report.figures
    groups = _by_amount(found.groups)
    named = dict(found.names)
    rows: dict[SectionName, tuple[ReportRow, ...]] = {
        "sums": _sums(report, words),
        "groups": tuple(_row(each.tender or words("Without a group"), each) for each in groups),
        "cashiers": tuple(_row(named.get(each.tender, each.tender), each) for each in _by_amount(found.cashiers)),
        "hours": tuple(_row(f"{each.tender}:00", each) for each in found.hours),
        "notes": _notes(found, words),
        "pieces": _pieces(report, words),
    }
    return tuple(Section(name=name, title=words(SECTIONS[name]), rows=part) for name, part in rows.items() if part)


def _sums(report: Report, words: Words) -> tuple[ReportRow, ...]:
    found, event = report.figures, report.event
    parts = {
        "sales": _sales(found, words),
        "tenders": [_amount(words(TENDERS[each.tender]), each.amount_minor, each.tender) for each in found.tenders],
        "moves": [_amount(words(MOVES[each.tender]), each.amount_minor, each.tender) for each in found.moves],
        "taxes": [_tax(tax, report.head.currency, words) for tax in found.taxes],
        "drawer": [
            _amount(words("Float"), found.float_minor, "float"),
            _amount(words("Expected in the drawer"), found.expected_minor, "expected"),
        ],
    }
    if event is not None:
        parts["drawer"].append(_amount(words("Counted"), event.counted_minor, "counted"))
        parts["drawer"].append(_amount(words("Difference"), event.difference_minor, "difference"))
    return tuple(replace(row, part=part) for part, rows in parts.items() for row in rows)


def _sales(found: ShiftFigures, words: Words) -> list[ReportRow]:
    rows = [_amount(words("Sales ({count})", count=found.sales_count), found.sales_minor, "sales")]
    if found.returns_minor:
        rows.append(_amount("  " + words("of which returned"), found.returns_minor, "returns"))
    if found.voids_count:
        voids = words("of which voids ({count})", count=found.voids_count)
        rows.append(_amount("  " + voids, found.voids_minor, "voids"))
    rows += [_amount(words(OTHERS[each.tender]), each.amount_minor, each.tender) for each in found.others]
    if found.rounding_minor:
        rows.append(_amount(words("Cash rounding"), found.rounding_minor, "rounding"))
    return rows


def _tax(tax: TaxSum, currency: str, words: Words) -> ReportRow:
    rate, gross = percent_text(tax.percent, words), figure_text(tax.gross_minor, currency, words)
    key = f"vat {tax.percent.normalize():f}"
    return _amount(words("VAT {rate} in {amount}", rate=rate, amount=gross), tax.tax_minor, key)


def _notes(found: ShiftFigures, words: Words) -> tuple[ReportRow, ...]:
    """Return what a manager looks at: drawers without a sale, cancelled baskets, copies."""
    rows = (
        ReportRow(label=words("Drawer opened without a sale"), count=found.drawer_count, key="drawer"),
        ReportRow(
            label=words("Baskets cancelled"), count=found.dropped_count, amount_minor=found.dropped_minor, key="dropped"
        ),
        ReportRow(label=words("Copies of receipts"), count=found.copies_count, key="copies"),
    )
    return tuple(row for row in rows if row.count)


def _pieces(report: Report, words: Words) -> tuple[ReportRow, ...]:
    pieces = report.event.denominations if report.event else ()
    return tuple(
        ReportRow(
            label=amount_text(value, report.head.currency, words),
            count=count,
            amount_minor=value * count,
            key=str(value),
        )
        for value, count in pieces
    )


def _amount(label: str, amount_minor: int, key: str) -> ReportRow:
    return ReportRow(label=label, amount_minor=amount_minor, key=key)


def _row(label: str, total: TenderTotal) -> ReportRow:
    return ReportRow(label=label, amount_minor=total.amount_minor, count=total.count, key=total.tender)


def _by_amount(totals: tuple[TenderTotal, ...]) -> list[TenderTotal]:
    return sorted(totals, key=lambda total: (-total.amount_minor, total.tender))


# -- on paper


def report_document(report: Report, letterhead: Letterhead, *, copy: bool = False) -> Document:
    """Return the X report of an open shift or the Z report of a closed one."""
    words, head, found = letterhead.words, report.head, report.figures
    receipts = f"{found.first_receipt} – {found.last_receipt}" if found.first_receipt else words("no receipts")
    title = report_title(head, words)
    blocks: list[Block] = [
        *store_lines(letterhead),
        Rule(),
        Text(text=title, align="centre", bold=True, size=2),
        Text(text=words("Shift {number} of {day}", number=head.shift_number, day=Day(head.business_day))),
        Text(text=receipts),
        Rule(),
    ]
    for section in sections(report, words):
        blocks += [] if section.name == "sums" else [Feed(), Text(text=section.title, bold=True)]
        blocks += _rows(section, head.currency, words)
    blocks += [Rule(), *signed_off(letterhead, head.cashier_name, printed_text(head, words))]
    return document_of(document_title(head, words), blocks, letterhead, copy=copy)


def _rows(section: Section, currency: str, words: Words) -> list[Block]:
    blocks: list[Block] = []
    for before, row in zip((None, *section.rows), section.rows, strict=False):
        if before is not None and before.part != row.part:
            blocks.append(Feed())
        blocks.append(Row(left=_left(row), right=_right(row, currency, words)))
    return blocks


def document_title(head: ReportHead, words: Words) -> str:
    """Return a report's name in the print queue: a Z report keeps its own for ever."""
    when = day_text(head.business_day, words.language) if head.z_number else printed_text(head, words)
    return f"{report_title(head, words)} · {when}"


def printed_text(head: ReportHead, words: Words) -> str:
    """Write when a report was made."""
    return instant_text(head.printed_at, words.language, seconds=True)


def _left(row: ReportRow) -> str:
    return row.label if row.count is None or row.amount_minor is None else f"{row.count} × {row.label}"


def _right(row: ReportRow, currency: str, words: Words) -> str:
    return str(row.count) if row.amount_minor is None else amount_text(row.amount_minor, currency, words)


# -- as a file


def file_name(report: Report, kind: str) -> str:
    """Return a report's file name, its days in ISO: an X report says when it was made, a Z report says which it is."""
    head = report.head
    which = f"Z{head.z_number}" if head.z_number else f"X-{head.printed_at:%Y-%m-%d-%H%M%S}"
    return f"{head.business_day}-shift{head.shift_number}-{which}.{kind}"


def csv_bytes(report: Report, letterhead: Letterhead) -> bytes:
    """Write a report for a spreadsheet; amounts have a point, and a byte order mark tells Excel that it is UTF-8."""
    text, words = io.StringIO(), letterhead.words
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(("section", "key", "label", "count", "amount", "currency"))
    if letterhead.practice:
        writer.writerow(("practice", "", words("PRACTICE"), "", "", ""))
    for section in sections(report, words):
        for row in section.rows:
            amount = "" if row.amount_minor is None else format_plain(row.amount_minor, report.head.currency)
            count = "" if row.count is None else row.count
            writer.writerow((section.name, row.key, _inert(row.label.strip()), count, amount, report.head.currency))
    return text.getvalue().encode("utf-8-sig")


def _inert(label: str) -> str:
    """Keep a spreadsheet from running a name as a formula (CWE-1236)."""
    return f"'{label}" if label[:1] in ("=", "+", "-", "@") else label
