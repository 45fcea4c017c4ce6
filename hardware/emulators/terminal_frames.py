"""What the card terminal emulator says, as frames. Pure."""

from collections.abc import Iterator
from datetime import datetime

from hardware.emulators.charges import Closing, Last
from hardware.emulators.terminal_modes import Options
from hardware.ports import CardTotal, TerminalTotals
from hardware.terminal import zvt_codec as code
from hardware.terminal.zvt_codec import Apdu, TlvObject, encode_fields, encode_tlv, to_bcd
from hardware.terminal.zvt_slips import RECEIPT_TYPE, TEXT_LINE, TEXT_LINES
from hardware.terminal.zvt_totals import encode_totals

CARD_TYPE = 0x05
APPROVED, DECLINED, CANCELLED, DAY_NOT_CLOSED = 0x00, 0x05, 0x6C, 0x77
NORMAL, CENTRED, LAST_CENTRED = 0x00, 0x40, 0xC0
MERCHANT, CUSTOMER, REPORT = 1, 2, 3
# Masked as real terminals print it; the till must not keep even this.
MASKED_PAN = "############4771"
_TITLES = {"payment": "Zahlung", "refund": "Gutschrift", "reversal": "Storno"}


def progress(status: int, words: str = "") -> Apdu:
    """Report progress, with own words where they are given."""
    data = bytes([status])
    if words:
        shown = encode_tlv([TlvObject(0x24, encode_tlv([TlvObject(0x07, words.encode("cp437"))]))])
        data += b"\x00" + encode_fields([(code.TLV, shown)])
    return Apdu(code.INTERMEDIATE_STATUS, data)


def status_information(last: Last, options: Options) -> Apdu:
    """Tell how a transaction ended."""
    fields = [(code.RESULT, bytes([last.result]))]
    if last.result in (APPROVED, DECLINED):
        fields.append((code.AMOUNT, to_bcd(last.amount_minor, 6)))
    if last.receipt:
        fields += _booking(last, options.card_name)
    fields += identity(options)[1:]
    if options.mode == "text":
        said = "Zahlung erfolgt" if last.result == APPROVED else "Karte abgelehnt"
        fields.append((code.ADDITIONAL_TEXT, said.encode("cp437")))
    # FF is no field of any edition; what stands behind it cannot be read.
    unknown = b"\xff\x01\x02" if options.mode == "unknown-bmp" else b""
    return Apdu(code.STATUS_INFORMATION, encode_fields(fields) + unknown)


def day_closed(closing: Closing, options: Options) -> Apdu:
    """Tell the totals of an end of day: all cards of this emulator are girocards. A sum below zero has no field."""
    total = max(0, closing.total_minor)
    totals = TerminalTotals(
        total_minor=total,
        by_card=(CardTotal(card_name="girocard", count=min(255, closing.count), total_minor=total),),
        receipt_first=f"{closing.receipt_first:04d}",
        receipt_last=f"{closing.receipt_last:04d}",
    )
    fields = encode_fields([(code.RESULT, bytes([APPROVED]))]) + encode_totals(totals)
    return Apdu(code.STATUS_INFORMATION, fields + encode_fields(identity(options)[1:]))


def identity(options: Options) -> list[tuple[int, bytes]]:
    return [
        (code.STATUS, b"\0"),
        (code.TERMINAL_ID, bytes.fromhex(options.terminal_id)),
        (code.CURRENCY, b"\x09\x78"),
    ]


def slips_of(last: Last, options: Options, *, in_blocks: bool) -> Iterator[Apdu]:
    """Print a merchant's and a customer's slip, in blocks for a till that permits them, else line by line."""
    for kind, title in ((MERCHANT, "H-Ä-N-D-L-E-R-B-E-L-E-G"), (CUSTOMER, "K-U-N-D-E-N-B-E-L-E-G")):
        lines = [title, *_slip_lines(last, options)]
        yield from ([_block(kind, lines)] if in_blocks else _lines(lines))


def report_slip(closing: Closing, *, in_blocks: bool) -> Iterator[Apdu]:
    """Print the slip of an end of day."""
    lines = ["KASSENSCHNITT", f"Anzahl {closing.count}", f"Summe EUR {closing.total_minor / 100:.2f}"]
    yield from ([_block(REPORT, lines)] if in_blocks else _lines(lines))


def _slip_lines(last: Last, options: Options) -> list[str]:
    return [
        options.card_name,
        f"Karte {MASKED_PAN}",
        f"Terminal-ID {options.terminal_id}",
        f"Beleg-Nr. {last.receipt:04d}  Trace {last.trace:06d}",
        f"{_TITLES[last.kind]} EUR {last.amount_minor // 100},{last.amount_minor % 100:02d}",
        "** Zahlung erfolgt **",
    ]


def _lines(lines: list[str]) -> Iterator[Apdu]:
    """Line by line: a title in the middle, and a last line that says that it is the last."""
    for index, line in enumerate(lines):
        attribute = LAST_CENTRED if index == len(lines) - 1 else CENTRED if index == 0 else NORMAL
        yield Apdu(code.PRINT_LINE, bytes([attribute]) + line.encode("cp437"))


def _block(kind: int, lines: list[str]) -> Apdu:
    text = encode_tlv([TlvObject(TEXT_LINE, line.encode("cp437")) for line in lines])
    container = [TlvObject(RECEIPT_TYPE, bytes([kind])), TlvObject(TEXT_LINES, text)]
    return Apdu(code.PRINT_BLOCK, encode_fields([(code.TLV, encode_tlv(container))]))


def _booking(last: Last, card_name: str) -> list[tuple[int, bytes]]:
    at = datetime.fromisoformat(last.at)
    original = [(code.ORIGINAL_TRACE, to_bcd(last.original, 3))] if last.original else []
    return [
        (code.TRACE, to_bcd(last.trace, 3)),
        *original,
        (code.TIME, bytes.fromhex(at.strftime("%H%M%S"))),
        (code.DATE, bytes.fromhex(at.strftime("%m%d"))),
        (code.STATUS, b"\x70"),
        (code.PAN, bytes.fromhex("eeeeeeeeeeee4771")),
        (code.RECEIPT_NUMBER, to_bcd(last.receipt, 2)),
        (code.TURNOVER_NUMBER, to_bcd(last.trace, 3)),
        (code.CARD_TYPE, bytes([CARD_TYPE])),
        (code.CARD_NAME, card_name.encode("cp437") + b"\0"),
    ]
