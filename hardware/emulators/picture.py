"""A receipt as a picture: what a decoded stream looks like on thermal paper. One dot is one pixel.

The type is DejaVu Sans Mono where the machine has it, else the copy that python-barcode brings.
Pillow's own, the last resort, has neither Euro sign nor umlauts.
Bold is struck twice, one dot apart, as thermal printers do it.
"""

from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from hardware.emulators.paper import BarcodeDrawn, Cut, Event, PictureDrawn, QrDrawn, Run, Side, Style, TextLine
from hardware.printer.profiles import Profile

CHARACTER_HEIGHT = 24
LINE_GAP = 6
MARGIN = 44
DESK = 36
PAPER_COLOUR = (253, 252, 247)
INK_COLOUR = (38, 38, 44)
DESK_COLOUR = (226, 229, 233)
SHADOW_COLOUR = (170, 174, 182)
TOOTH = 8
# A stream without a cut must not ask for a picture of any height.
HEIGHT_MAX = 20_000
# What a QR code of the highest level holds (ISO/IEC 18004 table 7).
QR_BYTES_MAX = 1273
_FONT_FILES = (
    Path("/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf"),
    Path("/usr/share/fonts/TTF/DejaVuSansMono.ttf"),
    Path("/usr/share/fonts/truetype/liberation/LiberationMono-Regular.ttf"),
)


def draw_receipt(events: Sequence[Event], profile: Profile) -> Image.Image:
    """Draw what was printed, from the first line to the cut, lying on a desk."""
    strips = [strip for event in events if (strip := _strip(event, profile)) is not None]
    height = min(sum(strip.height for strip in strips), HEIGHT_MAX)
    ink = Image.new("L", (profile.width_dots, max(height, 1)), 0)
    top = 0
    for strip in strips:
        ink.paste(strip, (0, top))
        top += strip.height
    return _on_desk(_on_paper(ink, torn=not any(isinstance(event, Cut) for event in events)))


def _strip(event: Event, profile: Profile) -> Image.Image | None:
    match event:
        case TextLine():
            return _text_strip(event, profile)
        case BarcodeDrawn():
            return _barcode_strip(event, profile)
        case QrDrawn():
            if len(event.data) > QR_BYTES_MAX:
                return _note("QR code that is too large", event.side, profile)
            return _placed(_qr_image(event), event.side, profile.width_dots)
        case PictureDrawn():
            return _placed(_raster_image(event), event.side, profile.width_dots)
    return None


def _text_strip(line: TextLine, profile: Profile) -> Image.Image:
    cell = profile.width_dots // profile.width_chars
    high = max((run.style.high for run in line.runs), default=1)
    image = Image.new("L", (profile.width_dots, CHARACTER_HEIGHT * high + LINE_GAP), 0)
    left = _offset(sum(len(run.text) * run.style.wide * cell for run in line.runs), line.side, profile.width_dots)
    for run in line.runs:
        drawn = _run_image(run, cell)
        # All sizes of one line stand on one base line.
        image.paste(drawn, (left, CHARACTER_HEIGHT * high - drawn.height))
        left += drawn.width
    return image


def _run_image(run: Run, cell: int) -> Image.Image:
    style = run.style
    size = (max(1, cell * len(run.text) * style.wide), CHARACTER_HEIGHT * style.high)
    scale = min(style.wide, style.high)
    image = Image.new("L", (max(1, cell * len(run.text) * scale), CHARACTER_HEIGHT * scale), 0)
    pen = ImageDraw.Draw(image)
    font = _font(round(cell * scale / 0.602))
    for index, char in enumerate(run.text):
        middle = (index + 0.5) * cell * scale
        for shift in (0, scale) if style.bold else (0,):
            pen.text((middle + shift, CHARACTER_HEIGHT * scale * 0.8), char, fill=255, font=font, anchor="ms")
    if style.underline:
        pen.line((0, image.height - 2, image.width, image.height - 2), fill=255, width=scale)
    return image if image.size == size else image.resize(size)


def _barcode_strip(event: BarcodeDrawn, profile: Profile) -> Image.Image:
    if not (event.code and event.code.isascii() and event.code.isprintable()):
        return _note("bar code that cannot be drawn", event.side, profile)
    row = [module == "1" for module in _bars_of(event)]
    bars = _modules_image([row]).resize((len(row) * event.module_dots, event.height_dots), Image.Resampling.NEAREST)
    strip = _placed(bars, event.side, profile.width_dots)
    if not event.with_text:
        return strip
    text = _text_strip(TextLine((Run(event.code, Style()),), event.side), profile)
    return _stacked(strip, text)


def _bars_of(event: BarcodeDrawn) -> str:
    if event.symbology == "ean13":
        from barcode.ean import EAN13  # type: ignore[import-untyped]

        return str(EAN13(event.code).build()[0])
    from barcode.codex import Code128  # type: ignore[import-untyped]

    return str(Code128(event.code).build()[0])


def _note(text: str, side: Side, profile: Profile) -> Image.Image:
    """Say what a real printer would leave out."""
    return _text_strip(TextLine((Run(f"[{text}]", Style()),), side), profile)


def _qr_image(event: QrDrawn) -> Image.Image:
    import qrcode  # type: ignore[import-untyped]

    levels = {
        "L": qrcode.ERROR_CORRECT_L,
        "M": qrcode.ERROR_CORRECT_M,
        "Q": qrcode.ERROR_CORRECT_Q,
        "H": qrcode.ERROR_CORRECT_H,
    }
    code = qrcode.QRCode(border=0, error_correction=levels[event.level])
    code.add_data(event.data)
    code.make(fit=True)
    image = _modules_image([[bool(module) for module in row] for row in code.get_matrix()])
    side = image.width * event.module_dots
    return image.resize((side, side), Image.Resampling.NEAREST)


def _modules_image(rows: list[list[bool]]) -> Image.Image:
    image = Image.new("L", (len(rows[0]), len(rows)), 0)
    image.putdata([255 if module else 0 for row in rows for module in row])
    return image


def _raster_image(event: PictureDrawn) -> Image.Image:
    if not event.bytes_wide or not event.rows:
        return Image.new("L", (1, 1), 0)
    return Image.frombytes("1", (event.bytes_wide * 8, event.rows), event.bits).convert("L")


def _placed(image: Image.Image, side: Side, width: int) -> Image.Image:
    strip = Image.new("L", (width, image.height + 4 * LINE_GAP), 0)
    strip.paste(image, (_offset(image.width, side, width), 2 * LINE_GAP))
    return strip


def _stacked(above: Image.Image, below: Image.Image) -> Image.Image:
    both = Image.new("L", (above.width, above.height + below.height), 0)
    both.paste(above, (0, 0))
    both.paste(below, (0, above.height))
    return both


def _offset(wide: int, side: Side, width: int) -> int:
    return {"left": 0, "centre": (width - wide) // 2, "right": width - wide}[side]


def _on_paper(ink: Image.Image, *, torn: bool) -> Image.Image:
    """Put the ink on paper with margins; below a clean cut the edge is straight, else it is torn."""
    size = (ink.width + 2 * MARGIN, ink.height + 2 * MARGIN + TOOTH)
    paper = Image.new("RGBA", size, (*PAPER_COLOUR, 255))
    # Heat spreads a little: the softened copy below makes print look printed, not drawn.
    soft = ink.filter(ImageFilter.GaussianBlur(0.6)).point(lambda value: value * 3 // 4)
    for layer in (soft, ink.point(lambda value: value * 9 // 10)):
        paper.paste((*INK_COLOUR, 255), (MARGIN, MARGIN), layer)
    edge = ImageDraw.Draw(paper)
    if torn:
        edge.polygon(_teeth(size), fill=(0, 0, 0, 0))
    return paper


def _teeth(size: tuple[int, int]) -> list[tuple[int, int]]:
    wide, high = size
    points = [(at, high - (TOOTH if index % 2 else 1)) for index, at in enumerate(range(0, wide + TOOTH, TOOTH))]
    return [*points, (wide + TOOTH, high), (0, high)]


def _on_desk(paper: Image.Image) -> Image.Image:
    size = (paper.width + 2 * DESK, paper.height + 2 * DESK)
    shadow = Image.new("L", size, 0)
    shadow.paste(paper.getchannel("A"), (DESK + 3, DESK + 7))
    desk = Image.new("RGB", size, DESK_COLOUR)
    desk.paste(SHADOW_COLOUR, (0, 0), shadow.filter(ImageFilter.GaussianBlur(9)))
    desk.paste(paper, (DESK, DESK), paper.getchannel("A"))
    return desk


@lru_cache(maxsize=16)
def _font(size: int) -> Any:
    for file in (*_FONT_FILES, _bundled_font()):
        if file is not None and file.exists():
            return ImageFont.truetype(str(file), size)
    return ImageFont.load_default(size)


def _bundled_font() -> Path | None:
    try:
        return Path(str(resources.files("barcode") / "fonts" / "DejaVuSansMono.ttf"))
    except ModuleNotFoundError:
        return None
