"""From a finished sale to its receipt. Values in, a document out; how wide it is, the printer decides.

The least that the law asks for stands on every receipt, whatever a store's design leaves out:
- Germany, § 6 KassenSichV: full name and address of the business; day, beginning and end; quantity and kind of the
  goods; what is paid, and the tax in it with its rate; and of the security unit, where there is one, the number of the
  transaction, its serial number and the till's, the check value and the signature counter (a QR code may say so).
  § 33 UStDV (to 250 EUR) asks for no more of the tax than its rate and the gross sum.
- The Netherlands, art. 34d Wet OB with art. 6 of its Uitvoeringsbeschikking (simplified invoice, to 100 EUR): day, who
  supplies, what, and the tax or what it is computed from. The full invoice of art. 35a is head office's to write.

Names come from people and files: hardware.printer removes what could be a command.
"""

import binascii
from decimal import Decimal
from urllib.parse import quote

from hardware.document import Banner, Barcode, Block, Columns, Document, Feed, Picture, Qr, Row, Rule, Text
from schema.catalogue import ReceiptDesign
from schema.events import Payment, SaleCompleted, SoldLine
from schema.fiscal import FiscalFacts
from till.paper.letterhead import (
    TENDERS,
    Letterhead,
    amount_text,
    document_of,
    figure_text,
    local_text,
    percent_text,
    quantity_text,
    store_lines,
)
from till.usual import usual_text
from till.words import Words

# Of a voucher's code a receipt shows no more: receipts are thrown away, and the code is money.
CODE_SHOWN = 4
# A QR code of more bytes than this cannot be read from a till's screen by every telephone.
DIGITAL_BYTES_MAX = 900
Letters = dict[tuple[str, Decimal], str]


def sale_document(
    sale: SaleCompleted, head: Letterhead, printed_at: str, *, copy: bool = False, customer_name: str = ""
) -> Document:
    """Return a sale's receipt; `printed_at` is the sale's local time."""
    letters = _letters(sale)
    blocks: list[Block] = [
        *_top(sale, head),
        Rule(),
        *(block for line in sale.lines for block in _line(line, letters, sale.currency, head.words)),
        Rule(),
        *_sums(sale, head.words),
        *(block for payment in sale.payments for block in _payment(payment, head.words)),
        Feed(),
        *_taxes(sale, letters, head),
        Feed(),
        *_about(sale, head, printed_at, customer_name),
        *_fiscal(sale, head),
        *_bottom(sale, head),
    ]
    return document_of(sale.receipt, blocks, head, copy=copy)


def _letters(sale: SaleCompleted) -> Letters:
    return {(row.code, row.percent): chr(ord("A") + index) for index, row in enumerate(sale.taxes)}


# -- head


def _top(sale: SaleCompleted, head: Letterhead) -> list[Block]:
    words = head.words
    blocks: list[Block] = [*_logo(head.settings.design.logo_png), *store_lines(head)]
    blocks += [Text(text=text, align="centre") for text in head.settings.design.header]
    if sale.voids is not None:
        blocks.append(Banner(text=words("VOID")))
        reason = usual_text(sale.voids.reason, words)
        text = words("Takes back receipt {receipt}: {reason}", receipt=sale.voids.receipt, reason=reason)
        blocks.append(Text(text=text))
    elif any(line.returns is not None for line in sale.lines):
        blocks += [Feed(), Text(text=words("Goods returned"), align="centre", bold=True)]
    if sale.fiscal is not None and sale.fiscal.signature and not sale.fiscal.certified:
        blocks.append(Banner(text=words("NOT CERTIFIED")))
    return blocks


def _logo(png_base64: str) -> list[Block]:
    """Return the store's logo; one that is not even base64 is left out: it must not cost the receipt."""
    try:
        return [Picture(image=binascii.a2b_base64(png_base64))] if png_base64 else []
    except ValueError:
        return []


# -- lines


def _line(line: SoldLine, letters: Letters, currency: str, words: Words) -> list[Block]:
    letter = letters.get((line.tax_code, line.tax_percent), " ")
    sum_text = f"{figure_text(line.base_minor, currency, words)} {letter}"
    name = f"+ {line.name}" if line.kind == "bottle_deposit" else line.name
    if line.quantity == 1 and line.unit == "piece":
        blocks: list[Block] = [Row(left=name, right=sum_text)]
    else:
        quantity = quantity_text(line.quantity, line.unit, words)
        each = figure_text(line.unit_price_minor, currency, words)
        blocks = [Text(text=name), Row(left=f"  {quantity} × {each}", right=sum_text)]
    if line.discount_minor:
        reason = line.discount_reason or words("Discount")
        blocks.append(Row(left=f"  {reason}", right=_taken_off(line.discount_minor, currency, words)))
    return blocks + [Text(text=f"  {text}") for text in _remarks(line, words)]


def _remarks(line: SoldLine, words: Words) -> list[str]:
    """Say beside a line why it costs what it does, what was chosen, and what it refers to."""
    remarks = [", ".join(line.options), _price_remark(line, words), _reference(line, words), line.note]
    if line.returns is not None:
        remarks.append(words("from receipt {receipt}", receipt=line.returns.receipt))
        why = (usual_text(text, words) for text in (line.returns.reason, line.returns.condition) if text)
        remarks.append(" · ".join(why))
    return [remark for remark in remarks if remark]


def _price_remark(line: SoldLine, words: Words) -> str:
    if line.price_reason == "manual" and line.kind == "goods" and line.article:
        return words("price set by hand")
    return line.why if line.why != line.discount_reason else ""


def _reference(line: SoldLine, words: Words) -> str:
    match line.kind:
        case "voucher":
            return words("Voucher {code}", code=hidden_code(line.reference))
        case "prepayment" if line.reference:
            return words("paid with receipt {receipt}", receipt=line.reference)
        case "open_item":
            return line.reference
    return ""


def hidden_code(code: str) -> str:
    """Return the end of a voucher's code: enough to tell two apart, not enough to pay with."""
    return f"…{code[-CODE_SHOWN:]}"


def _taken_off(amount_minor: int, currency: str, words: Words) -> str:
    return figure_text(-amount_minor, currency, words) + "  "


# -- sums and payments


def _sums(sale: SaleCompleted, words: Words) -> list[Block]:
    blocks: list[Block] = []
    if sale.bill_discount_minor:
        off = _taken_off(sale.bill_discount_minor, sale.currency, words)
        blocks.append(Row(left=words("Discount on the bill"), right=off))
    total = amount_text(sale.total_minor, sale.currency, words)
    blocks.append(Row(left=words("Total"), right=total, bold=True, size=2))
    if sale.order is not None and sale.order.paid_minor:
        before = amount_text(-sale.order.paid_minor, sale.currency, words)
        blocks.append(Row(left=words("Paid before"), right=before))
    if sale.cash_rounding_minor:
        rounding = amount_text(sale.cash_rounding_minor, sale.currency, words)
        blocks.append(Row(left=words("Cash rounding"), right=rounding))
    return blocks


def _payment(payment: Payment, words: Words) -> list[Block]:
    name, amount = words(TENDERS[payment.tender]), payment.amount_minor
    if payment.tender == "cash" and payment.given_minor > 0:
        blocks: list[Block] = [Row(left=name, right=amount_text(payment.given_minor, payment.currency, words))]
        if payment.change_minor:
            change = amount_text(payment.change_minor, payment.currency, words)
            blocks.append(Row(left=words("Change"), right=change))
        return blocks
    left = words("{tender}, given back", tender=name) if amount < 0 else name
    row = Row(left=left, right=amount_text(abs(amount), payment.currency, words))
    return [row, *(Text(text=f"  {facts}") for facts in _payment_facts(payment, words) if facts)]


def _payment_facts(payment: Payment, words: Words) -> tuple[str, ...]:
    card = payment.card
    terminal = (
        (usual_text(card.card_name, words), card.terminal_id, card.receipt_number, card.trace)
        if card is not None
        else ()
    )
    code = hidden_code(payment.reference) if payment.tender == "voucher" and payment.reference else ""
    return (usual_text(payment.card_type, words), " · ".join(part for part in terminal if part), code)


# -- taxes


def _taxes(sale: SaleCompleted, letters: Letters, head: Letterhead) -> list[Block]:
    """Return the table, or for a store that does not want one what the law asks for: rate and tax in a line each."""
    words = head.words
    if head.settings.design.show_tax_table:
        return _tax_table(sale, letters, words)
    return [
        Row(
            left=f"{letters[row.code, row.percent]} "
            + words("VAT {rate} in {amount}", rate=percent_text(row.percent, words), amount=gross),
            right=figure_text(row.tax_minor, sale.currency, words),
        )
        for row in sale.taxes
        if (gross := figure_text(row.gross_minor, sale.currency, words))
    ]


def _tax_table(sale: SaleCompleted, letters: Letters, words: Words) -> list[Block]:
    def figure(amount_minor: int) -> str:
        return figure_text(amount_minor, sale.currency, words)

    blocks: list[Block] = [Columns(cells=(words("VAT"), words("Net"), words("Tax"), words("Gross")), bold=True)]
    for row in sale.taxes:
        name = f"{letters[row.code, row.percent]} {percent_text(row.percent, words)}"
        cells = (name, figure(row.net_minor), figure(row.tax_minor), figure(row.gross_minor))
        blocks.append(Columns(cells=cells))
    return blocks


# -- who, when, signed by what


def _about(sale: SaleCompleted, head: Letterhead, printed_at: str, customer_name: str) -> list[Block]:
    words = head.words
    customer = " · ".join(part for part in (customer_name, sale.customer) if part)
    blocks: list[Block] = []
    if customer:
        blocks.append(Text(text=words("Customer {customer}", customer=customer)))
    if sale.order is not None:
        blocks.append(Text(text=words("Order {number}", number=sale.order.number)))
    if sale.note:
        blocks.append(Text(text=sale.note))
    # A line each: side by side, number and time would not fit on 58 mm.
    blocks.append(Text(text=words("Receipt {number}", number=sale.receipt)))
    blocks.append(Text(text=f"{printed_at} · {head.till_name}"))
    blocks.append(Text(text=words("Served by {name}", name=sale.cashier_name)))
    if any(part.tender == "account" and part.amount_minor > 0 for part in sale.payments):
        blocks += [Feed(lines=3), Rule(), Text(text=words("Signature of the customer"))]
    return blocks


def _fiscal(sale: SaleCompleted, head: Letterhead) -> list[Block]:
    """Return what the fiscal unit signed, or that it was out; its QR code says the same as text and signature."""
    facts, words = sale.fiscal, head.words
    if facts is None:
        return []
    texts = [words("Till {serial}", serial=head.till_serial)] if head.till_serial else []
    texts += _outage(sale, head) if facts.outage else _signed(facts, head)
    signature = Qr(data=facts.qr) if facts.qr else Text(text=facts.signature)
    return [Feed(), *(Text(text=text) for text in texts), *([signature] if facts.qr or facts.signature else [])]


def _outage(sale: SaleCompleted, head: Letterhead) -> list[str]:
    return [head.words("The fiscal unit is out of order."), _times(sale.started_ms, sale.completed_ms, head)]


def _signed(facts: FiscalFacts, head: Letterhead) -> list[str]:
    words = head.words
    return [
        words("Fiscal unit {serial}", serial=facts.unit_serial),
        words("Transaction {number}, signature {counter}", number=facts.transaction, counter=facts.signature_counter),
        _times(facts.started_ms, facts.finished_ms, head),
    ]


def _times(begun_ms: int, ended_ms: int, head: Letterhead) -> str:
    return head.words(
        "Begun {begun}, ended {ended}", begun=local_text(begun_ms, head), ended=local_text(ended_ms, head)
    )


def _bottom(sale: SaleCompleted, head: Letterhead) -> list[Block]:
    design = head.settings.design
    blocks: list[Block] = [Feed(), *(Text(text=text, align="centre") for text in head.settings.receipt_footer)]
    if design.show_barcode:
        blocks.append(Barcode(code=sale.receipt))
    if design.link and not (sale.fiscal and sale.fiscal.qr):
        blocks.append(Qr(data=link_of(sale, design)))
    return blocks


def link_of(sale: SaleCompleted, design: ReceiptDesign) -> str:
    """Return where a store shows a receipt to its customer, empty for a store that does not."""
    return design.link.replace("{receipt}", quote(sale.receipt, safe=""))


# -- without paper


def digital_text(sale: SaleCompleted, head: Letterhead, printed_at: str) -> str:
    """Return a receipt as a short text that a QR code can hold: what is shown where a store has no link.

    Lines that there is no room for are counted, never cut: sum, tax and number are always there.
    """
    words, settings = head.words, head.settings
    top = [settings.name, ", ".join(settings.address), settings.tax_number]
    top += [words("VOID")] if sale.voids is not None else []
    top += [words("Receipt {number}", number=sale.receipt), printed_at]
    lines = [_short_line(line, sale.currency, words) for line in sale.lines]
    end = [f"{words('Total')} {amount_text(sale.total_minor, sale.currency, words)}"]
    end += [
        f"{words('VAT')} {percent_text(row.percent, words)} {figure_text(row.tax_minor, sale.currency, words)}"
        for row in sale.taxes
    ]
    end += [_short_payment(part, words) for part in sale.payments]
    end += [sale.fiscal.qr] if sale.fiscal is not None and sale.fiscal.qr else []
    return _fitted([text for text in top if text], lines, end, words)


def _fitted(top: list[str], lines: list[str], end: list[str], words: Words) -> str:
    for kept in range(len(lines), -1, -1):
        rest = [words("… and {count} more", count=len(lines) - kept)] if kept < len(lines) else []
        text = "\n".join((*top, *lines[:kept], *rest, *end))
        if len(text.encode()) <= DIGITAL_BYTES_MAX:
            return text
    return "\n".join((*top[-2:], *end[:1]))


def _short_line(line: SoldLine, currency: str, words: Words) -> str:
    total = figure_text(line.total_minor, currency, words)
    return f"{quantity_text(line.quantity, line.unit, words)} × {line.name} {total}"


def _short_payment(payment: Payment, words: Words) -> str:
    return f"{words(TENDERS[payment.tender])} {amount_text(payment.amount_minor, payment.currency, words)}"
