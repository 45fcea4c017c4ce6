"""A receipt as a document: what stands where, before any printer's bytes. The till composes it, an encoder prints it.

Widths are in characters of the printer's normal type (42 or 48 on 80 mm paper, 32 on 58 mm).
"""

from typing import Literal

from msgspec import Struct

Align = Literal["left", "centre", "right"]


class Text(Struct, frozen=True, kw_only=True, tag="text"):
    """A paragraph, wrapped at words."""

    text: str
    align: Align = "left"
    bold: bool = False
    # 1 is normal type, 2 is double width and height.
    size: int = 1


class Row(Struct, frozen=True, kw_only=True, tag="row"):
    """Left text and a right-aligned figure on one line; a left text that is too long wraps above its figure."""

    left: str
    right: str
    bold: bool = False
    size: int = 1


class Columns(Struct, frozen=True, kw_only=True, tag="columns"):
    """Equal columns, right-aligned but for the first: the tax table."""

    cells: tuple[str, ...]
    bold: bool = False


class Rule(Struct, frozen=True, tag="rule"):
    """A line across the paper."""


class Feed(Struct, frozen=True, kw_only=True, tag="feed"):
    """Empty lines."""

    lines: int = 1


class Barcode(Struct, frozen=True, kw_only=True, tag="barcode"):
    """A bar code with its text below: CODE128, or EAN-13 for what is one (else CODE128 all the same)."""

    code: str
    symbology: Literal["code128", "ean13"] = "code128"


class Qr(Struct, frozen=True, kw_only=True, tag="qr"):
    """A QR code."""

    data: str


class Picture(Struct, frozen=True, kw_only=True, tag="picture"):
    """A logo: the bytes of a PNG, JPEG or GIF file. Centred, shrunk to the paper, never enlarged; two colours remain.

    A picture that cannot be read is left out: a broken logo must not cost the receipt.
    """

    image: bytes


class Banner(Struct, frozen=True, kw_only=True, tag="banner"):
    """What nobody may overlook, large between two lines: PRACTICE, NOT CERTIFIED."""

    text: str


Block = Text | Row | Columns | Rule | Feed | Barcode | Qr | Picture | Banner


class Document(Struct, frozen=True, kw_only=True):
    """One piece of paper: its blocks from top to bottom, then a cut."""

    title: str
    blocks: tuple[Block, ...]
    # Printed large at head and foot of anything that is not the first print, in the paper's language.
    copy: bool = False
    copy_mark: str = "COPY"
    # Printed large at head and foot of every print, the first included: PRACTICE.
    marks: tuple[str, ...] = ()
