"""The slips that a ZVT terminal leaves to the till: print lines (06 D1) and text blocks (06 D3), collected as text.

Lines are taken at once into memory, for a terminal whose print is not acknowledged reverses a good payment; paper is
the till's matter later. Source: PA00P015 rev. 13.08 chapters 3.5 and 3.6, table of print attributes, TLV 1F07 and 25.
"""

from hardware.ports import CardSlip, SlipOwner
from hardware.terminal.zvt_codec import TLV, find_tlv, parse_fields, parse_tlv
from schema.scrub import scrub

RECEIPT_TYPE, TEXT_LINES, TEXT_LINE = 0x1F07, 0x25, 0x07
# The first byte of a print line: feeds, and "this is the slip's last line" (80 alone is reserved).
LINE_FEEDS, RESERVED, LAST_LINE = 0xFF, 0x80, 0x80
_OWNERS: dict[int, SlipOwner] = {1: "merchant", 2: "customer"}
LINES_MAX = 300
LINE_CHARS_MAX = 64
FEEDS_MAX = 5


class SlipCollector:
    """Collects what comes during one conversation; more than a bound of lines is acknowledged and dropped."""

    def __init__(self, charset: str) -> None:
        self._charset = charset
        self._slips: list[CardSlip] = []
        self._lines: list[str] = []
        self._count = 0

    def take_line(self, data: bytes) -> None:
        """Take a print line: an attribute byte and text; the last line of a slip says so in its attribute."""
        if not data:
            return
        attribute, text = data[0], data[1:]
        if attribute == LINE_FEEDS:
            self._add([""] * min(text[0] if text else 1, FEEDS_MAX))
            return
        self._add([self._words(text)])
        if attribute & LAST_LINE and attribute != RESERVED:
            self._end("unknown")

    def take_block(self, data: bytes) -> None:
        """Take a text block: one whole slip that says whose it is."""
        self._end("unknown")
        container = parse_fields(data).values.get(TLV, b"")
        lines = parse_tlv(find_tlv(container, TEXT_LINES) or b"")
        self._add([self._words(each.value) for each in lines if each.tag == TEXT_LINE])
        kind = find_tlv(container, RECEIPT_TYPE) or b"\0"
        self._end(_OWNERS.get(kind[0], "unknown"))

    def collected(self) -> tuple[CardSlip, ...]:
        """Return the slips so far; one without a marked end ends here."""
        self._end("unknown")
        return tuple(self._slips)

    def _add(self, lines: list[str]) -> None:
        kept = lines[: max(0, LINES_MAX - self._count)]
        self._count += len(kept)
        self._lines += kept

    def _end(self, whose: SlipOwner) -> None:
        if any(self._lines):
            text = "\n".join(self._lines).strip("\n")
            self._slips.append(CardSlip(whose=whose, lines=tuple(text.split("\n"))))
        self._lines = []

    def _words(self, value: bytes) -> str:
        """Read one line; some terminals append TLV objects to it (06 …) or close it with a zero."""
        text = value.split(b"\x06")[0].split(b"\0")[0].decode(self._charset, "replace")
        tidy = "".join(char if char.isprintable() else " " for char in text).rstrip()
        return scrub(tidy)[:LINE_CHARS_MAX]
