"""A shelf label in ZPL II, the language of Zebra's label printers and many others, and what such a printer answers.

Pure. Only fields, one font, two bar codes and a count are used. Texts are UTF-8 (^CI28); the three characters that
begin or escape a command are written as hexadecimal, and control characters are dropped, so that no article's name can
command the printer. Source: Zebra's ZPL II programming guide (^FH, ^FB, ^BE, ^BC, ^PQ, ~HS).
"""

from msgspec import Struct

from hardware.ports import ShelfLabel
from schema.barcode import has_check_digit
from schema.text import without_controls

COPIES_MAX = 100
HOST_STATUS = b"~HS"
# The answer to ~HS: three lines, each between these.
STX, ETX = b"\x02", b"\x03"
_MM_PER_INCH = 25.4
# They fill a label of the least height; on a higher one the bar code moves down.
_NAME_MM, _PRICE_MM, _SMALL_MM, _BARS_MM, _MARGIN_MM = 3.4, 6.5, 2.8, 5.5, 2.0
HEIGHT_MM_MIN = 30
_NAME_LINES = 2
# In a text: the sign of hexadecimal, and what begins commands.
_WRITTEN_AS_HEX = "_^~"


class LabelSize(Struct, frozen=True, kw_only=True):
    """A label's size and the printer's resolution (203, 300 or 600 dots an inch)."""

    width_mm: int = 50
    height_mm: int = 30
    dpi: int = 203

    def dots(self, mm: float) -> int:
        """Return a length in dots."""
        return round(mm * self.dpi / _MM_PER_INCH)


class ZplStatus(Struct, frozen=True, kw_only=True):
    """What a label printer says of itself."""

    paper_out: bool
    paused: bool
    head_open: bool


def encode_zpl(label: ShelfLabel, size: LabelSize, copies: int = 1) -> bytes:
    """Return one job: name on top, the bar code at the foot on the left, the price large above it on the right."""
    price_top = _MARGIN_MM + _NAME_LINES * (_NAME_MM + 0.4)
    small_top = price_top + _PRICE_MM + 0.6
    bars_top = size.height_mm - _MARGIN_MM - _BARS_MM - _SMALL_MM
    fields = [
        _text(label.name, size, top=_MARGIN_MM, high=_NAME_MM, lines=_NAME_LINES),
        _text(label.price, size, top=price_top, high=_PRICE_MM, side="R"),
        _text(label.unit_price, size, top=small_top, high=_SMALL_MM, side="R"),
        _text(label.number, size, top=small_top, high=_SMALL_MM),
        _bars(label.code, size, top=bars_top),
    ]
    head = f"^XA^CI28^PW{size.dots(size.width_mm)}^LL{size.dots(size.height_mm)}^LH0,0"
    count = min(max(copies, 1), COPIES_MAX)
    return f"{head}{''.join(fields)}^PQ{count}^XZ".encode()


def read_host_status(answer: bytes) -> ZplStatus | None:
    """Read the answer to ~HS; None while it is not whole, or is none."""
    lines = [part.split(ETX)[0].split(b",") for part in answer.split(STX)[1:] if ETX in part]
    if len(lines) < 2 or len(lines[0]) < 3 or len(lines[1]) < 3:
        return None
    return ZplStatus(paper_out=lines[0][1] == b"1", paused=lines[0][2] == b"1", head_open=lines[1][2] == b"1")


def _text(text: str, size: LabelSize, *, top: float, high: float, side: str = "L", lines: int = 1) -> str:
    if not text:
        return ""
    height, width = size.dots(high), size.dots(size.width_mm - 2 * _MARGIN_MM)
    return f"{_at(size, top)}^A0N,{height},{height}^FB{width},{lines},0,{side},0^FH_^FD{_escaped(text)}^FS"


def _bars(code: str, size: LabelSize, *, top: float) -> str:
    height = size.dots(_BARS_MM)
    begin = f"{_at(size, top)}^BY{max(2, size.dots(0.25))}"
    if len(code) == 13 and code.isascii() and code.isdecimal() and has_check_digit(code):
        # The printer adds the check digit itself.
        return f"{begin}^BEN,{height},Y,N^FD{code[:12]}^FS"
    plain = "".join(char for char in code if " " <= char <= "~")
    # ">" begins CODE128's own commands and is written as ">0".
    data = _escaped(plain).replace(">", ">0")
    return f"{begin}^BCN,{height},Y,N,N^FH_^FD{data}^FS" if plain else ""


def _at(size: LabelSize, top: float) -> str:
    return f"^FO{size.dots(_MARGIN_MM)},{size.dots(top)}"


def _escaped(text: str) -> str:
    """Write a text so that it is nothing else; a backslash would break the line of a field block."""
    plain = without_controls(text).replace("\\", "/")
    return "".join(f"_{ord(char):02X}" if char in _WRITTEN_AS_HEX else char for char in plain)
