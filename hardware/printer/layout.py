"""A document set in lines of a printer's width. Pure; the encoder prints these lines and a preview shows them.

A set line is padded with spaces rather than aligned by the printer, so screen, text file and paper cannot differ.
"""

import textwrap
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from hardware.document import Align, Banner, Barcode, Block, Columns, Document, Feed, Picture, Qr, Row, Rule, Text
from hardware.printer.characters import NO_BREAK_SPACE, printable
from hardware.printer.profiles import Profile
from hardware.printer.raster import draw

SIZE_MAX = 4
FEED_LINES_MAX = 20
# Between a text and its figure, or between two figures.
GAP = 1


class Line(Struct, frozen=True, kw_only=True):
    """One line of type, already padded; at size n it takes n times the room of its characters."""

    text: str
    bold: bool = False
    size: int = 1


Set = Line | Barcode | Qr | Picture


def lay_out(document: Document, profile: Profile) -> tuple[Set, ...]:
    """Set a document in a profile's width and characters."""
    body = [piece for block in document.blocks for piece in _set_block(block, profile)]
    marks = [line for mark in _marks(document) for line in _set_text(_large(mark), profile)]
    return (*marks, *body, *marks)


def _marks(document: Document) -> tuple[str, ...]:
    return (document.copy_mark, *document.marks) if document.copy else document.marks


def text_lines(document: Document, profile: Profile) -> list[str]:
    """Return what the paper will say, line by line without trailing spaces; codes are shown in square brackets."""
    return [_shown(piece, profile.width_chars) for piece in lay_out(document, profile)]


def _shown(piece: Set, width: int) -> str:
    match piece:
        case Line():
            return piece.text.replace(NO_BREAK_SPACE, " ").rstrip()
        case Barcode():
            return f"[{piece.code}]".center(width).rstrip()
        case Qr():
            return "[QR]".center(width).rstrip()
        case Picture():
            return "[picture]".center(width).rstrip()


def _large(text: str) -> Text:
    return Text(text=text, align="centre", bold=True, size=2)


def _set_block(block: Block, profile: Profile) -> Iterator[Set]:
    match block:
        case Text():
            yield from _set_text(block, profile)
        case Row():
            yield from _set_row(block, profile)
        case Columns():
            yield from _set_columns(block, profile)
        case Rule():
            yield Line(text="-" * profile.width_chars)
        case Feed():
            yield from [Line(text="")] * min(max(block.lines, 0), FEED_LINES_MAX)
        case Banner():
            yield Line(text="=" * profile.width_chars)
            yield from _set_text(_large(block.text), profile)
            yield Line(text="=" * profile.width_chars)
        case Picture():
            # One that cannot be drawn is neither on paper nor on the preview.
            if draw(block.image, profile.width_dots) is not None:
                yield block
        case Barcode() | Qr():
            yield block


def _set_text(block: Text, profile: Profile) -> Iterator[Line]:
    size = _size(block.size)
    width = profile.width_chars // size
    # An author's line break is kept; any other control character is dropped with `printable`.
    for paragraph in block.text.replace("\r\n", "\n").split("\n"):
        for text in _wrapped(printable(paragraph, profile.codec), width):
            yield Line(text=_aligned(text, block.align, width), bold=block.bold, size=size)


def _set_row(block: Row, profile: Profile) -> Iterator[Line]:
    """Set the figure on the last line of its text, or on a line of its own when both do not fit."""
    size = _size(block.size)
    width = profile.width_chars // size
    right = printable(block.right, profile.codec)
    plain = Line(text="", bold=block.bold, size=size)
    for text in _row_lines(printable(block.left, profile.codec), right, width):
        yield replace(plain, text=text)


def _row_lines(left: str, right: str, width: int) -> list[str]:
    if not right:
        return _wrapped(left, width)
    # Wrapped at full width the last line may have no room for the figure; then all lines keep clear of it.
    room = width - len(right) - GAP
    if room < width // 3:
        return [
            *(_wrapped(left, width) if left.strip() else []),
            *(part.rjust(width) for part in _wrapped(right, width)),
        ]
    *above, last = _wrapped(left, room)
    return [*above, last + right.rjust(width - len(last))]


def _set_columns(block: Columns, profile: Profile) -> Iterator[Line]:
    cells = [printable(cell, profile.codec) for cell in block.cells]
    if not cells:
        return
    for text in _column_lines(cells, profile.width_chars):
        yield Line(text=text, bold=block.bold)


def _column_lines(cells: list[str], width: int) -> list[str]:
    share = width // len(cells)
    first = width - share * (len(cells) - 1)
    if len(cells[0]) <= first and all(len(cell) <= share - GAP for cell in cells[1:]):
        return [cells[0].ljust(first) + "".join(cell.rjust(share) for cell in cells[1:])]
    # Too wide for equal columns: the figures stay whole and close up instead of being cut.
    return _row_lines(cells[0], " ".join(cells[1:]), width)


def _wrapped(text: str, width: int) -> list[str]:
    lines = textwrap.wrap(text, width, drop_whitespace=True, break_on_hyphens=False)
    return lines or [""]


def _aligned(text: str, align: Align, width: int) -> str:
    if align == "right":
        return text.rjust(width)
    return text.center(width).rstrip() if align == "centre" else text


def _size(size: int) -> int:
    return min(max(size, 1), SIZE_MAX)
