"""ZVT in bytes: frames (APDUs), data fields (BMPs), TLV objects and BCD. Pure; driver and emulator share it.

A frame is CLASS INSTR LEN DATA, LEN 00-FE or FF and two bytes little-endian; over TCP nothing else is around it, and it
comes in arbitrary pieces. Its data are fields of known length, one after another without a count, so a field of an
unknown number ends the reading: what was read before it stands, the rest is kept apart.
Source: ZVT protocol PA00P015 rev. 13.08 (chapters 2 and 3, table of BMPs) and PA00P016 (TCP).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from msgspec import Struct

LONG_LENGTH = 0xFF
DATA_BYTES_MAX = 0xFFFF
AMOUNT_DIGITS = 12


class ZvtError(ValueError):
    """Bytes that are no ZVT, or a value that a field cannot hold."""


class Apdu(Struct, frozen=True):
    """One frame: its two command bytes as a number (0x0601 is a payment) and its data."""

    code: int
    data: bytes = b""


# --- commands, till to terminal and back -------------------------------------------------------------------------
REGISTRATION = 0x0600
AUTHORISATION = 0x0601
COMPLETION = 0x060F
ABORTED = 0x061E
REPEAT_RECEIPT = 0x0620
REVERSAL = 0x0630
REFUND = 0x0631
END_OF_DAY = 0x0650
ABORT = 0x06B0
PRINT_LINE = 0x06D1
PRINT_BLOCK = 0x06D3
STATUS_INFORMATION = 0x040F
INTERMEDIATE_STATUS = 0x04FF
STATUS_ENQUIRY = 0x0501
POSITIVE = 0x8000
POSITIVE_84 = 0x8400
NOT_POSSIBLE = 0x8483
BUSY = 0x849C

# --- data fields --------------------------------------------------------------------------------------------------
SERVICE = 0x03
AMOUNT = 0x04
TLV = 0x06
TRACE = 0x0B
TIME = 0x0C
DATE = 0x0D
STATUS = 0x19
PAN = 0x22
RESULT = 0x27
TERMINAL_ID = 0x29
ORIGINAL_TRACE = 0x37
ADDITIONAL_TEXT = 0x3C
CURRENCY = 0x49
TOTALS = 0x60
RECEIPT_NUMBER = 0x87
TURNOVER_NUMBER = 0x88
CARD_TYPE = 0x8A
CARD_NAME = 0x8B

Kind = Literal["ll", "lll", "tlv"]
_FIXED = {
    **dict.fromkeys((0x01, 0x02, 0x03, 0x05, 0x19, 0x27, 0x8A, 0x8C, 0xA0, 0xD0, 0xD2, 0xD3, 0xE0, 0xE9, 0xEA), 1),
    **dict.fromkeys((0xF0, 0xF9, 0xFA, 0xFB, 0xFC, 0xFD), 1),
    **dict.fromkeys((0x0D, 0x0E, 0x17, 0x3A, 0x49, 0x87), 2),
    **dict.fromkeys((0x0B, 0x0C, 0x37, 0x3D, 0x88, 0xAA), 3),
    **dict.fromkeys((0x29,), 4),
    **dict.fromkeys((0xBA,), 5),
    **dict.fromkeys((0x04,), 6),
    **dict.fromkeys((0x3B, 0xEB), 8),
    0x2A: 15,
}
_VARIABLE: dict[int, Kind] = {
    **dict.fromkeys((0x22, 0x23, 0x2D, 0x4C, 0x8B, 0xA7, 0xD1, *range(0xE1, 0xE9), *range(0xF1, 0xF9)), "ll"),
    **dict.fromkeys((0x24, 0x2E, 0x3C, 0x60, 0x9A, 0xAF), "lll"),
    TLV: "tlv",
}
FIELDS: Mapping[int, int | Kind] = {**_FIXED, **_VARIABLE}
_LENGTH_DIGITS = {"ll": 2, "lll": 3}
# Card number and tracks, even masked: they are neither kept nor logged (fault I16).
CARD_FIELDS = frozenset({0x22, 0x23, 0x24, 0x2D})


class Fields(Struct, frozen=True, kw_only=True):
    """The fields of one frame by number; `rest` begins with the first field whose length nobody knows."""

    values: Mapping[int, bytes]
    rest: bytes = b""


class TlvObject(Struct, frozen=True):
    """One TLV object; a constructed one (bit 6 of its tag's first byte) holds others in its value."""

    tag: int
    value: bytes


def encode_apdu(apdu: Apdu) -> bytes:
    """Write a frame. Raises ZvtError when the data are too long for one."""
    length = len(apdu.data)
    if length > DATA_BYTES_MAX:
        raise ZvtError(f"{length} bytes do not fit into one frame")
    size = bytes([length]) if length < LONG_LENGTH else bytes([LONG_LENGTH]) + length.to_bytes(2, "little")
    return apdu.code.to_bytes(2, "big") + size + apdu.data


class Splitter:
    """Cuts a stream that comes in any pieces into frames. Never holds more than one frame and one piece."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, piece: bytes) -> list[Apdu]:
        """Take a piece of the stream and return the frames that it completed."""
        self._held += piece
        return list(self._complete())

    @property
    def is_within(self) -> bool:
        """Tell whether a frame has begun and not ended."""
        return bool(self._held)

    def _complete(self) -> Iterator[Apdu]:
        while (end := _frame_end(self._held)) is not None:
            start, stop = end
            yield Apdu(int.from_bytes(self._held[:2], "big"), bytes(self._held[start:stop]))
            del self._held[:stop]


def _frame_end(held: bytearray) -> tuple[int, int] | None:
    if len(held) < 3:
        return None
    start, length = 3, held[2]
    if length == LONG_LENGTH:
        if len(held) < 5:
            return None
        start, length = 5, int.from_bytes(held[3:5], "little")
    return (start, start + length) if len(held) >= start + length else None


def encode_fields(values: Iterable[tuple[int, bytes]]) -> bytes:
    """Write fields in the given order. Raises ZvtError for an unknown number or a wrong length."""
    return b"".join(_encode_field(number, value) for number, value in values)


def _encode_field(number: int, value: bytes) -> bytes:
    shape = FIELDS.get(number)
    if shape is None:
        raise ZvtError(f"unknown field {number:02X}")
    if isinstance(shape, int):
        if len(value) != shape:
            raise ZvtError(f"field {number:02X} has {shape} bytes, not {len(value)}")
        return bytes([number]) + value
    if shape == "tlv":
        return bytes([number]) + encode_length(len(value)) + value
    return bytes([number]) + _encode_digits(len(value), _LENGTH_DIGITS[shape]) + value


def _encode_digits(length: int, count: int) -> bytes:
    digits = f"{length:0{count}d}"
    if len(digits) > count:
        raise ZvtError(f"{length} bytes do not fit into a field with {count} length digits")
    return bytes(0xF0 | int(digit) for digit in digits)


def parse_fields(data: bytes) -> Fields:
    """Read fields until the end or until one whose length is unknown or broken; never raises."""
    values: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        span = _field_span(data, at)
        if span is None or span[1] > len(data):
            return Fields(values=values, rest=data[at:])
        values[data[at]] = data[span[0] : span[1]]
        at = span[1]
    return Fields(values=values)


def _field_span(data: bytes, at: int) -> tuple[int, int] | None:
    shape = FIELDS.get(data[at])
    if shape is None:
        return None
    if isinstance(shape, int):
        return at + 1, at + 1 + shape
    if shape == "tlv":
        return _length_span(data, at + 1)
    start = at + 1 + _LENGTH_DIGITS[shape]
    digits = data[at + 1 : start]
    if start > len(data) or any(digit & 0xF0 != 0xF0 or digit & 0x0F > 9 for digit in digits):
        return None
    return start, start + int("".join(str(digit & 0x0F) for digit in digits))


def encode_length(length: int) -> bytes:
    """Write a BER length."""
    if length > DATA_BYTES_MAX:
        raise ZvtError(f"{length} bytes do not fit into a TLV object")
    if length < 0x80:
        return bytes([length])
    return bytes([0x81, length]) if length < 0x100 else b"\x82" + length.to_bytes(2, "big")


def _length_span(data: bytes, at: int) -> tuple[int, int] | None:
    """Return where the value behind a BER length begins and ends."""
    if at >= len(data):
        return None
    first = data[at]
    if first < 0x80:
        return at + 1, at + 1 + first
    size = first & 0x7F
    if size not in (1, 2) or at + 1 + size > len(data):
        return None
    start = at + 1 + size
    return start, start + int.from_bytes(data[at + 1 : start], "big")


def encode_tlv(objects: Iterable[TlvObject]) -> bytes:
    """Write TLV objects one after another (the value of field 06)."""
    return b"".join(_tag_bytes(each.tag) + encode_length(len(each.value)) + each.value for each in objects)


def _tag_bytes(tag: int) -> bytes:
    return tag.to_bytes(max(1, (tag.bit_length() + 7) // 8), "big")


def parse_tlv(data: bytes) -> tuple[TlvObject, ...]:
    """Read TLV objects of one level; reading ends quietly where they are broken, for only hints are taken from them."""
    objects: list[TlvObject] = []
    at = 0
    while at < len(data):
        after = _tag_end(data, at)
        span = _length_span(data, after)
        if span is None or span[1] > len(data):
            break
        objects.append(TlvObject(int.from_bytes(data[at:after], "big"), data[span[0] : span[1]]))
        at = span[1]
    return tuple(objects)


def _tag_end(data: bytes, at: int) -> int:
    """A tag whose first byte ends in five ones goes on while bit 8 of the next byte is set."""
    if data[at] & 0x1F != 0x1F:
        return at + 1
    end = at + 1
    while end < len(data) and data[end] & 0x80:
        end += 1
    return end + 1


def find_tlv(data: bytes, *path: int) -> bytes | None:
    """Return the value of the object at a path of tags, or None."""
    for each in parse_tlv(data):
        if each.tag == path[0]:
            return each.value if len(path) == 1 else find_tlv(each.value, *path[1:])
    return None


def to_bcd(number: int, length: int) -> bytes:
    """Write a number in packed decimal digits, two a byte. Raises ZvtError when it does not fit."""
    digits = f"{number:0{2 * length}d}"
    if number < 0 or len(digits) > 2 * length:
        raise ZvtError(f"{number} does not fit into {2 * length} digits")
    return bytes.fromhex(digits)


def from_bcd(value: bytes) -> int:
    """Read packed decimal digits. Raises ZvtError for anything else."""
    digits = value.hex()
    if not digits.isdecimal():
        raise ZvtError("not packed decimal digits")
    return int(digits)


def describe(apdu: Apdu) -> str:
    """Say what a frame is, for a log: command, length and result, never its data (they may hold card numbers)."""
    text = f"{apdu.code:04X} ({len(apdu.data)} bytes)"
    if apdu.code == STATUS_INFORMATION:
        result = parse_fields(apdu.data).values.get(RESULT)
        text += f" result {result.hex()}" if result else ""
    return text
