"""A ZVT terminal's end of day as values: the total (field 04) and its parts by card (field 60). Pure.

Field 60 is: first and last receipt number (2 bytes each), then seven times a count (1 byte) and an amount (6 bytes), in
the order of `CARDS` (PA00P015 rev. 13.08, 06 50). Terminals leave it out, or shorten it, as they like.
"""

from collections.abc import Iterator

from hardware.ports import CardTotal, TerminalTotals
from hardware.terminal.zvt_codec import (
    AMOUNT,
    TERMINAL_ID,
    TOTALS,
    ZvtError,
    encode_fields,
    from_bcd,
    parse_fields,
    to_bcd,
)

CARDS = ("girocard", "JCB", "Mastercard", "American Express", "Visa", "Diners Club", "Others")
_RECEIPTS_BYTES, _PART_BYTES = 4, 7


def read_totals(data: bytes) -> TerminalTotals:
    """Read the status information of an end of day; what cannot be read stays empty."""
    values = parse_fields(data).values
    parts = values.get(TOTALS, b"")
    return TerminalTotals(
        total_minor=_number(values.get(AMOUNT, b"")),
        by_card=tuple(_by_card(parts[_RECEIPTS_BYTES:])),
        receipt_first=parts[:2].hex() if len(parts) >= _RECEIPTS_BYTES else "",
        receipt_last=parts[2:4].hex() if len(parts) >= _RECEIPTS_BYTES else "",
        terminal_id=values.get(TERMINAL_ID, b"").hex(),
    )


def encode_totals(totals: TerminalTotals) -> bytes:
    """Write the fields 04 and 60 (for the emulator)."""
    counted = {each.card_name: each for each in totals.by_card}
    parts = bytes.fromhex(totals.receipt_first + totals.receipt_last)
    for name in CARDS:
        part = counted.get(name, CardTotal(card_name=name, count=0, total_minor=0))
        parts += bytes([part.count]) + to_bcd(part.total_minor, 6)
    return encode_fields([(AMOUNT, to_bcd(totals.total_minor or 0, 6)), (TOTALS, parts)])


def _by_card(parts: bytes) -> Iterator[CardTotal]:
    """Yield the kinds of card that took part."""
    for name, at in zip(CARDS, range(0, len(parts) - _PART_BYTES + 1, _PART_BYTES), strict=False):
        count, amount = parts[at], _number(parts[at + 1 : at + _PART_BYTES])
        if amount is not None and (count or amount):
            yield CardTotal(card_name=name, count=count, total_minor=amount)


def _number(value: bytes) -> int | None:
    try:
        return from_bcd(value) if value else None
    except ZvtError:
        return None
