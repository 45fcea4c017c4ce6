"""From facts to paper: the receipt of a sale, the shift report, the slip of a cash move. Values in, a document out.

What a receipt must show in Germany stands in § 6 KassenSichV and § 14 UStG / § 33 UStDV; Dutch and Belgian ones need
no more. Names come from people and files: hardware.printer removes what could be a command.
"""

from decimal import Decimal

from msgspec import Struct

from hardware.document import Barcode, Block, Columns, Document, Feed, Row, Rule, Text
from schema.catalogue import StoreSettings
from schema.events import CashMoved, Payment, SaleCompleted, ShiftClosed, SoldLine
from schema.money import MARKS, format_amount, format_number
from till.shift import ShiftFigures
from till.words import Words

TENDERS = {
    "cash": "Cash",
    "card": "Card",
    "card_manual": "Card (by hand)",
    "account": "On account",
    "voucher": "Voucher",
    "deposit": "Deposit",
}
MOVES = {"cash_in": "Cash in", "cash_out": "Cash out", "skim": "To the safe", "change_money": "Change money"}


class Letterhead(Struct, frozen=True, kw_only=True):
    """Who prints: the store, the till, and the words of the paper's language."""

    settings: StoreSettings
    till_name: str
    words: Words


def quantity_text(quantity: Decimal, unit: str, words: Words) -> str:
    """Write a quantity with the language's decimal mark: "3", "0,350 kg"."""
    number = f"{quantity:f}".replace(".", MARKS.get(words.language, MARKS["en"])[0])
    return number if unit == "piece" else f"{number} {unit}"


def percent_text(percent: Decimal, words: Words) -> str:
    return f"{percent.normalize():f}".replace(".", MARKS.get(words.language, MARKS["en"])[0]) + " %"


def sale_document(sale: SaleCompleted, head: Letterhead, printed_at: str, *, copy: bool = False) -> Document:
    """Return a sale's receipt; `printed_at` is the sale's local time."""
    words = head.words
    blocks: list[Block] = [*_header(head), Rule()]
    letters = {(row.code, row.percent): chr(ord("A") + index) for index, row in enumerate(sale.taxes)}
    for line in sale.lines:
        blocks += _line(line, letters[line.tax_code, line.tax_percent], sale.currency, words)
    blocks.append(Rule())
    blocks += _sums(sale, words)
    blocks += [block for payment in sale.payments for block in _payment(payment, words)]
    blocks += [Feed(), *_tax_table(sale, letters, words), Feed()]
    if sale.order is not None:
        blocks.append(Text(text=words("Order {number}", number=sale.order.number)))
    blocks += [
        Row(left=words("Receipt {number}", number=sale.receipt), right=printed_at),
        Text(text=words("{till} · served by {name}", till=head.till_name, name=sale.cashier_name)),
        Feed(),
        *(Text(text=text, align="centre") for text in head.settings.receipt_footer),
        Barcode(code=sale.receipt),
    ]
    return Document(title=sale.receipt, blocks=tuple(blocks), copy=copy)


def _header(head: Letterhead) -> list[Block]:
    settings = head.settings
    blocks: list[Block] = [Text(text=settings.name, align="centre", bold=True, size=2)]
    blocks += [Text(text=text, align="centre") for text in settings.address]
    if settings.tax_number:
        blocks.append(Text(text=head.words("Tax number {number}", number=settings.tax_number), align="centre"))
    return blocks


def _line(line: SoldLine, letter: str, currency: str, words: Words) -> list[Block]:
    sum_text = f"{format_number(line.base_minor, currency, words.language)} {letter}"
    if line.quantity == 1 and line.unit == "piece":
        blocks: list[Block] = [Row(left=line.name, right=sum_text)]
    else:
        each = format_number(line.unit_price_minor, currency, words.language)
        quantity = quantity_text(line.quantity, line.unit, words)
        blocks = [Text(text=line.name), Row(left=f"  {quantity} × {each}", right=sum_text)]
    if line.discount_minor:
        reason = line.discount_reason or words("Discount")
        blocks.append(Row(left=f"  {reason}", right=_taken_off(line.discount_minor, currency, words)))
    if line.price_reason == "manual":
        blocks.append(Text(text="  " + words("price set by hand")))
    if line.note:
        blocks.append(Text(text=f"  {line.note}"))
    return blocks


def _taken_off(amount_minor: int, currency: str, words: Words) -> str:
    return format_number(-amount_minor, currency, words.language) + "  "


def _sums(sale: SaleCompleted, words: Words) -> list[Block]:
    blocks: list[Block] = []
    if sale.bill_discount_minor:
        off = _taken_off(sale.bill_discount_minor, sale.currency, words)
        blocks.append(Row(left=words("Discount on the bill"), right=off))
    total = format_amount(sale.total_minor, sale.currency, words.language)
    blocks.append(Row(left=words("Total"), right=total, bold=True, size=2))
    if sale.order is not None and sale.order.paid_minor:
        before = format_amount(-sale.order.paid_minor, sale.currency, words.language)
        blocks.append(Row(left=words("Paid before"), right=before))
    if sale.cash_rounding_minor:
        rounding = format_amount(sale.cash_rounding_minor, sale.currency, words.language)
        blocks.append(Row(left=words("Cash rounding"), right=rounding))
    return blocks


def _payment(payment: Payment, words: Words) -> list[Block]:
    def amount(amount_minor: int) -> str:
        return format_amount(amount_minor, payment.currency, words.language)

    name = words(TENDERS[payment.tender])
    if payment.tender == "cash" and payment.given_minor:
        given: list[Block] = [Row(left=name, right=amount(payment.given_minor))]
        if payment.change_minor:
            given.append(Row(left=words("Change"), right=amount(payment.change_minor)))
        return given
    blocks: list[Block] = [Row(left=name, right=amount(payment.amount_minor))]
    if payment.card is not None:
        known = (payment.card.card_name, payment.card.terminal_id, payment.card.receipt_number)
        if facts := " · ".join(part for part in known if part):
            blocks.append(Text(text=f"  {facts}"))
    return blocks


def _tax_table(sale: SaleCompleted, letters: dict[tuple[str, Decimal], str], words: Words) -> list[Block]:
    def figure(amount_minor: int) -> str:
        return format_number(amount_minor, sale.currency, words.language)

    blocks: list[Block] = [Columns(cells=(words("VAT"), words("Net"), words("Tax"), words("Gross")), bold=True)]
    for row in sale.taxes:
        name = f"{letters[row.code, row.percent]} {percent_text(row.percent, words)}"
        cells = (name, figure(row.net_minor), figure(row.tax_minor), figure(row.gross_minor))
        blocks.append(Columns(cells=cells))
    return blocks


class ReportHead(Struct, frozen=True, kw_only=True):
    """What stands above a report's figures. `z_number` is 0 on an X report."""

    shift_number: int
    business_day: str
    z_number: int
    cashier_name: str
    printed_at: str
    currency: str


def report_rows(found: ShiftFigures, closed: ShiftClosed | None, words: Words) -> list[tuple[str, int]]:
    """Return a report's figures in the order they are read, on the screen and on paper."""
    rows = [(words("Sales ({count})", count=found.sales_count), found.sales_minor)]
    rows += [(words(TENDERS.get(each.tender, each.tender)), each.amount_minor) for each in found.tenders]
    rows += [(words(MOVES.get(each.tender, each.tender)), each.amount_minor) for each in found.moves]
    rows += [(words("VAT {rate}", rate=percent_text(row.percent, words)), row.tax_minor) for row in found.taxes]
    rows += [(words("Float"), found.float_minor), (words("Expected in the drawer"), found.expected_minor)]
    if closed is not None:
        rows += [(words("Counted"), closed.counted_minor), (words("Difference"), closed.difference_minor)]
    return rows


def report_title(head: ReportHead, words: Words) -> str:
    return words("Z report {number}", number=head.z_number) if head.z_number else words("X report")


def report_document(
    found: ShiftFigures, closed: ShiftClosed | None, head: ReportHead, letterhead: Letterhead
) -> Document:
    """Return the X report of an open shift or the Z report of a closed one."""
    words = letterhead.words
    rows = [
        Row(left=label, right=format_amount(amount, head.currency, words.language))
        for label, amount in report_rows(found, closed, words)
    ]
    about = words("Shift {number} of {day}", number=head.shift_number, day=head.business_day)
    receipts = f"{found.first_receipt} – {found.last_receipt}" if found.first_receipt else words("no receipts")
    blocks: list[Block] = [
        *_header(letterhead),
        Rule(),
        Text(text=report_title(head, words), align="centre", bold=True, size=2),
        Text(text=about),
        Text(text=receipts),
        Rule(),
        *rows,
        Rule(),
        _signed_off(letterhead, head.cashier_name, head.printed_at),
    ]
    return Document(title=f"Z {head.z_number}" if head.z_number else f"X {head.printed_at}", blocks=tuple(blocks))


def cash_document(move: CashMoved, head: Letterhead, cashier_name: str, printed_at: str) -> Document:
    """Return the slip of a cash move, with a line to sign on."""
    words = head.words
    amount = format_amount(move.amount_minor, move.currency, words.language)
    blocks: list[Block] = [
        *_header(head),
        Rule(),
        Row(left=words(MOVES[move.kind]), right=amount, bold=True),
        Text(text=move.reason),
        Feed(lines=3),
        Rule(),
        Text(text=words("Signature")),
        _signed_off(head, cashier_name, printed_at),
    ]
    return Document(title=f"{move.kind} {printed_at}", blocks=tuple(blocks))


def _signed_off(head: Letterhead, cashier_name: str, printed_at: str) -> Row:
    return Row(left=f"{head.till_name} · {cashier_name}", right=printed_at)
