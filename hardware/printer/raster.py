"""Pictures as a printer takes them: one bit a dot, rows padded to whole bytes. Pure; logos are drawn once and kept.

A logo comes from a settings page, so anything may be in the file: what cannot be read, or would unpack to something
huge, is no picture.
"""

import io
from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct

# A square as wide as the paper; higher ones are shrunk, for printers hold a picture in memory before they print it.
HEIGHT_DOTS_MAX = 576
FILE_BYTES_MAX = 2_000_000
PIXELS_MAX = 25_000_000
LOGOS_KEPT = 8


class Raster(Struct, frozen=True, kw_only=True):
    """Dots, row by row from the top; a set bit is black."""

    bytes_wide: int
    rows: int
    bits: bytes


def modules(pattern: Sequence[Sequence[bool]], wide: int, high: int) -> Raster:
    """Return a code's modules, each `wide` dots across and `high` dots down."""
    rows = [_packed([dot for dot in row for _ in range(wide)]) * high for row in pattern]
    return Raster(bytes_wide=len(rows[0]) // high, rows=len(rows) * high, bits=b"".join(rows))


def as_logo(image: bytes, width_dots: int) -> bytes:
    """Return an image file as a small PNG of exactly the dots that are printed; nothing when it cannot be read.

    Done once when a logo is set: each receipt in the print queue carries its logo, so that it had better be small.
    """
    from PIL import Image

    raster = draw(image, width_dots)
    if raster is None:
        return b""
    size = (raster.bytes_wide * 8, raster.rows)
    file = io.BytesIO()
    # PNG's 1 is white, the printer's 1 is black.
    Image.frombytes("1", size, bytes(byte ^ 0xFF for byte in raster.bits)).save(file, "PNG", optimize=True)
    return file.getvalue()


@lru_cache(maxsize=LOGOS_KEPT)
def draw(image: bytes, width_dots: int) -> Raster | None:
    """Return an image file as dots, shrunk to fit; None when it cannot be read."""
    from PIL import Image, UnidentifiedImageError  # a tenth of a second, and many shops have no logo

    if len(image) > FILE_BYTES_MAX:
        return None
    try:
        with Image.open(io.BytesIO(image), formats=("PNG", "JPEG", "GIF", "BMP")) as opened:
            if opened.width * opened.height > PIXELS_MAX:
                return None
            coloured = opened.convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    # What is transparent is paper.
    flat = Image.new("L", coloured.size, 255)
    flat.paste(coloured.convert("L"), mask=coloured.getchannel("A"))
    flat.thumbnail((width_dots, HEIGHT_DOTS_MAX))
    dots = flat.convert("1").point(lambda value: 0 if value else 255)
    return Raster(bytes_wide=-(-dots.width // 8), rows=dots.height, bits=dots.tobytes())


def _packed(row: Sequence[bool]) -> bytes:
    padded = [*row, *[False] * (-len(row) % 8)]
    bits = "".join("1" if dot else "0" for dot in padded)
    return int(bits, 2).to_bytes(len(padded) // 8, "big")
