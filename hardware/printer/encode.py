"""A document in a printer's bytes (ESC/POS). Pure: the same document and profile give the same bytes.

Texts are written in the profile's one code page. A library that chooses a page per character takes the Euro sign from
pages that most printers do not have, and the commands of a receipt are few: `commands` has them all.
"""

import textwrap

from hardware.document import Barcode, Document, Picture, Qr
from hardware.printer import commands
from hardware.printer.characters import NO_BREAK_SPACE, encoded, printable
from hardware.printer.layout import Line, Set, lay_out
from hardware.printer.profiles import Profile
from hardware.printer.raster import draw, modules
from schema.barcode import has_check_digit

# Lines between the print head and the tear-off edge of a printer without a cutter.
TEAR_OFF_LINES = 4
BARCODE_HEIGHT_DOTS = 64
# ISO/IEC 15420, without its quiet zones: the paper's margins are those.
EAN13_MODULES = 95
QR_MODULE_DOTS_MAX = 6
QR_QUIET_MODULES = 8
# Bytes that a QR code of level M holds, by version from 1 to 40 (ISO/IEC 18004 table 7).
_QR_BYTES = (
    *(14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412, 450, 504, 560, 624, 666),
    *(
        711,
        779,
        857,
        911,
        997,
        1059,
        1125,
        1190,
        1264,
        1370,
        1452,
        1538,
        1628,
        1722,
        1809,
        1911,
        1989,
        2099,
        2213,
        2331,
    ),
)
QR_BYTES_MAX = _QR_BYTES[-1]
PLAIN = Line(text="")


def encode(document: Document, profile: Profile) -> bytes:
    """Return one whole print job: set-up, lines, cut. The drawer is a job of its own (`drawer_pulse`)."""
    # INITIALISE falls back to the printer's own page, so the page is chosen after it, once.
    parts = [commands.INITIALISE, commands.choose_page(profile.code_page)]
    before = PLAIN
    for piece in lay_out(document, profile):
        # The text below a code is in normal type, whatever stood above it.
        style = piece if isinstance(piece, Line) else PLAIN
        parts += [_restyled(style, before), _drawn(piece, profile)]
        before = style
    return b"".join((*parts, _finish(profile)))


def drawer_pulse(profile: Profile) -> bytes:
    """Return the job that opens the drawer."""
    return commands.pulse(profile.drawer_pin)


def _restyled(line: Line, before: Line) -> bytes:
    size = commands.size(line.size) if line.size != before.size else b""
    return size + (commands.bold(line.bold) if line.bold != before.bold else b"")


def _drawn(piece: Set, profile: Profile) -> bytes:
    match piece:
        case Line():
            return encoded(piece.text.rstrip(" "), profile.codec) + b"\n"
        case Barcode():
            return _barcode(piece, profile)
        case Qr():
            return _qr(piece, profile)
        case Picture():
            raster = draw(piece.image, profile.width_dots)
            return commands.picture(raster) if raster is not None else b""


def _barcode(block: Barcode, profile: Profile) -> bytes:
    """Print a bar code with its text below; one that is too wide is not drawn at all, so then only its text."""
    code = printable(block.code, "ascii").replace(NO_BREAK_SPACE, " ").strip()
    is_ean = block.symbology == "ean13" and _is_ean13(code)
    modules_wide = EAN13_MODULES if is_ean else _code128_modules(code)
    module_dots = next((dots for dots in (3, 2) if modules_wide * dots <= profile.width_dots), 0)
    if code and module_dots and profile.draws_codes:
        draw_bars = commands.ean13 if is_ean else commands.code128
        return draw_bars(code, module_dots=module_dots, height_dots=BARCODE_HEIGHT_DOTS)
    bars = b""
    if code and module_dots:
        row = _ean13_row(code) if is_ean else _code128_row(code)
        bars = commands.picture(modules([row], module_dots, BARCODE_HEIGHT_DOTS))
    lines = (part.center(profile.width_chars).rstrip() for part in textwrap.wrap(code, profile.width_chars))
    return bars + b"".join(encoded(line, profile.codec) + b"\n" for line in lines)


def _is_ean13(code: str) -> bool:
    return len(code) == 13 and code.isdecimal() and has_check_digit(code)


def _code128_modules(code: str) -> int:
    # Start, characters and check of 11 modules, stop of 13 (ISO/IEC 15417); the paper's margins are its quiet zones.
    return 11 * (len(code) + 2) + 13


def _code128_row(code: str) -> list[bool]:
    from barcode.codex import Code128  # type: ignore[import-untyped]  # only for printers without codes of their own

    return [module == "1" for module in Code128(code).build()[0]]


def _ean13_row(code: str) -> list[bool]:
    from barcode.ean import EAN13  # type: ignore[import-untyped]  # only for printers without codes of their own

    return [module == "1" for module in EAN13(code).build()[0]]


def _qr(block: Qr, profile: Profile) -> bytes:
    data = block.data.encode()[:QR_BYTES_MAX].decode(errors="ignore").encode()
    if not data:
        return b""
    module_dots = max(1, min(QR_MODULE_DOTS_MAX, profile.width_dots // (qr_modules(len(data)) + QR_QUIET_MODULES)))
    if profile.draws_codes:
        return commands.qr(data, module_dots=module_dots)
    return commands.picture(modules(_qr_rows(data), module_dots, module_dots))


def qr_modules(length: int) -> int:
    """Return how many modules wide a QR code of so many bytes is at most; a printer may find a smaller one."""
    version = next(place for place, room in enumerate(_QR_BYTES, start=1) if length <= room)
    return 17 + 4 * version


def _qr_rows(data: bytes) -> list[list[bool]]:
    import qrcode  # type: ignore[import-untyped]  # only for printers without codes of their own

    code = qrcode.QRCode(border=0, error_correction=qrcode.ERROR_CORRECT_M)
    code.add_data(data)
    code.make(fit=True)
    return [[bool(module) for module in row] for row in code.get_matrix()]


def _finish(profile: Profile) -> bytes:
    if profile.cutter == "none":
        return commands.feed(TEAR_OFF_LINES)
    return commands.PARTIAL_CUT if profile.cutter == "partial" else commands.FULL_CUT
