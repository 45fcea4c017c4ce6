"""Slips: the papers that are no receipt. A cash move, what goes to the safe, a voucher to give away."""

from hardware.document import Banner, Barcode, Block, Document, Feed, Row, Rule, Text
from schema.events import CashMoved, SaleCompleted, SoldLine
from till.paper.letterhead import MOVES, Letterhead, amount_text, document_of, signed_off, store_lines
from till.paying.vouchers import shown_code
from till.usual import usual_text
from till.words import Words


def cash_document(
    move: CashMoved, head: Letterhead, cashier_name: str, printed_at: str, *, number: str = ""
) -> Document:
    """Return the slip of a cash move, with a line to sign on; for the safe with two: who takes and who receives."""
    words = head.words
    blocks: list[Block] = [
        *store_lines(head),
        Rule(),
        *([Text(text=words("Safe slip"), align="centre", bold=True, size=2)] if move.kind == "skim" else []),
        *([Text(text=words("Slip {number}", number=number))] if number else []),
        Row(left=words(MOVES[move.kind]), right=amount_text(move.amount_minor, move.currency, words), bold=True),
        *_reason(move, number, words),
        *_signatures(move, head),
        Feed(),
        *signed_off(head, cashier_name, printed_at),
    ]
    if move.kind == "skim" and number:
        blocks.append(Barcode(code=number))
    return document_of(f"{words(MOVES[move.kind])} {number or printed_at}", blocks, head)


def _reason(move: CashMoved, number: str, words: Words) -> list[Block]:
    """Return why cash is moved, where that is not what the line above says."""
    text = usual_text(move.reason.removesuffix(f" · {number}"), words)
    return [Text(text=text)] if text != words(MOVES[move.kind]) else []


def _signatures(move: CashMoved, head: Letterhead) -> list[Block]:
    words = head.words
    names = (words("Handed over by"), words("Received by")) if move.kind == "skim" else (words("Signature"),)
    return [block for name in names for block in (Feed(lines=3), Rule(), Text(text=name))]


def voucher_documents(sale: SaleCompleted, head: Letterhead, printed_at: str, *, copy: bool = False) -> list[Document]:
    """Return a slip for each voucher that a sale issued: what is given away, and scanned when it is paid with."""
    if sale.voids is not None:
        return []
    issued = (line for line in sale.lines if line.kind == "voucher" and line.reference and line.quantity > 0)
    return [_voucher(line, sale, head, printed_at, copy=copy) for line in issued]


def _voucher(line: SoldLine, sale: SaleCompleted, head: Letterhead, printed_at: str, *, copy: bool) -> Document:
    words = head.words
    blocks: list[Block] = [
        *store_lines(head),
        Banner(text=words("Voucher {amount}", amount=amount_text(line.total_minor, sale.currency, words))),
        Text(text=line.name, align="centre"),
        Feed(),
        Barcode(code=line.reference),
        Text(text=shown_code(line.reference), align="centre", bold=True),
        Feed(),
        Text(text=words("Whoever hands it in may pay with it. Keep it like cash.")),
        Text(text=words("Receipt {number}", number=sale.receipt)),
        Text(text=f"{printed_at} · {head.till_name}"),
    ]
    title = words("Voucher of receipt {receipt}", receipt=f"{sale.receipt} {line.reference[-4:]}")
    return document_of(title, blocks, head, copy=copy)
