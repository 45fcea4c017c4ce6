"""Reads cut out of a scanner's stream of bytes, and judged before anything acts on them. Pure.

A scanner ends each read with its suffix; without one, silence ends it. A read that is not clean - control characters,
too long, two codes glued together - is reported to the cashier and never executed (fault 51).
"""

import re
from collections.abc import Mapping

from msgspec import Struct

from schema.barcode import READ_LENGTH_MAX, clean_read, has_check_digit
from schema.errors import Refused

ENDS: Mapping[str, bytes] = {
    "none": b"",
    "cr": b"\r",
    "lf": b"\n",
    "crlf": b"\r\n",
    # The Enter key of a scanner that types.
    "enter": b"\n",
    "tab": b"\t",
    "stx": b"\x02",
    "etx": b"\x03",
}
# Separates the parts of a GS1 code; the one control character that belongs into a read.
GROUP_SEPARATOR = "\x1d"
# More than the longest code (7089 digits in a QR code): a cable that rattles must not fill memory.
HELD_BYTES_MAX = 8192
_GLUED_LENGTHS = (26, 24, 16)


class Cut(Struct, frozen=True):
    """What a piece of the stream completed: whole reads, and whether bytes were thrown away."""

    reads: tuple[bytes, ...]
    overflowed: bool = False


class ReadSplitter:
    """Cuts a stream that comes in any pieces into reads without prefix and suffix."""

    def __init__(self, prefix: bytes, suffix: bytes) -> None:
        self._prefix, self._suffix = prefix, suffix
        self._held = b""
        self._skipping = False

    @property
    def is_within(self) -> bool:
        """Tell whether a read has begun and not ended."""
        return bool(self._held) or self._skipping

    def feed(self, piece: bytes) -> Cut:
        """Take a piece of the stream and return the reads that it ended."""
        self._held += piece
        if not self._suffix:
            return self._bounded(())
        *reads, self._held = self._held.split(self._suffix)
        if reads and self._skipping:
            # The tail of what was too long is no read of its own.
            reads, self._skipping = reads[1:], False
        return self._bounded(tuple(bare for read in reads if (bare := self._bare(read))))

    def silence(self) -> bytes:
        """Take what stands there after a pause: a read without a suffix, or the torso of one with it."""
        held, self._held, self._skipping = self._held, b"", False
        return self._bare(held)

    def _bare(self, read: bytes) -> bytes:
        # A scanner set to CR LF leaves the other half of its suffix at the next read.
        return read.strip(b"\r\n").removeprefix(self._prefix)

    def _bounded(self, reads: tuple[bytes, ...]) -> Cut:
        if len(self._held) <= HELD_BYTES_MAX:
            return Cut(reads)
        self._held, self._skipping = b"", bool(self._suffix)
        return Cut(reads, overflowed=True)


def judge(read: str) -> str:
    """Return a clean read as the till looks it up. Raises Refused("bad_barcode") or ("glued_barcodes").

    Parts of a GS1 code keep their separators; its length may exceed that of a plain bar code.
    """
    if GROUP_SEPARATOR in read:
        for part in read.split(GROUP_SEPARATOR):
            if part:
                clean_read(part)
        # Not a bare strip(): Python counts the separator itself as white space.
        return read.strip(" \t\r\n")
    code = clean_read(read)
    if _is_glued(code):
        message = f"“{code[:READ_LENGTH_MAX]}” is two codes read as one. Scan the articles one after the other."
        raise Refused("glued_barcodes", message)
    return code


def _is_glued(code: str) -> bool:
    """Tell two whole GTINs of one length in a row from a longer code."""
    if len(code) not in _GLUED_LENGTHS or not re.fullmatch("[0-9]+", code):
        return False
    if len(code) == 16 and code.startswith("01") and has_check_digit(code[2:]):
        return False  # GS1: identifier 01 and a GTIN-14
    half = len(code) // 2
    return has_check_digit(code[:half]) and has_check_digit(code[half:])
