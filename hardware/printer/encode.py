"""A document in a printer's bytes (ESC/POS). Pure: the same document and profile give the same bytes.

python-escpos writes the commands (its `Dummy` collects bytes); texts are written in the profile's one code page by
ourselves, never by its automatic encoder, which takes the Euro sign from pages that most printers do not have.
"""

import logging
import os
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hardware.document import Barcode, Document, Picture, Qr
from hardware.printer.characters import NO_BREAK_SPACE, encoded, printable
from hardware.printer.layout import Line, Set, lay_out
from hardware.printer.profiles import Profile
from hardware.printer.raster import Raster, draw, modules
from schema.barcode import has_check_digit

ESC = b"\x1b"
GS = b"\x1d"
# Lines between the print head and the tear-off edge of a printer without a cutter.
TEAR_OFF_LINES = 4
# 50 ms on and 500 ms off, in steps of 2 ms: long enough for every drawer, short enough for every coil. Spelled out,
# for without the times a printer takes the next two bytes for them.
PULSE_ON = 25
PULSE_OFF = 250
# A QR code of level M holds at most 2331 (ISO/IEC 18004 table 7).
QR_BYTES_MAX = 2331
BARCODE_HEIGHT_DOTS = 64
QR_MODULE_DOTS_MAX = 6
QR_LEVEL_M = 1
# ISO/IEC 15420, without its quiet zones.
EAN13_MODULES = 95
PLAIN = Line(text="")


def encode(document: Document, profile: Profile) -> bytes:
    """Return one whole print job: set-up, lines, cut. The drawer is a job of its own (`drawer_pulse`)."""
    dummy = _dummy()
    dummy.hw("INIT")
    # INIT falls back to the printer's own page, so the page is chosen after it, once.
    dummy._raw(ESC + b"t" + bytes([profile.code_page]))
    style = PLAIN
    for piece in lay_out(document, profile):
        style = _write(dummy, piece, style, profile)
    _finish(dummy, profile)
    return bytes(dummy.output)


def drawer_pulse(profile: Profile) -> bytes:
    """Return the job that opens the drawer."""
    pin = 0 if profile.drawer_pin == 2 else 1
    return ESC + b"p" + bytes([pin, PULSE_ON, PULSE_OFF])


def _write(dummy: Any, piece: Set, style: Line, profile: Profile) -> Line:
    """Write one piece; return the style in which the printer is left."""
    # The text below a code is in normal type, whatever stood above it.
    wanted = piece if isinstance(piece, Line) else PLAIN
    _style(dummy, wanted, style)
    match piece:
        case Line():
            dummy._raw(encoded(piece.text.rstrip(" "), profile.codec) + b"\n")
        case Barcode():
            _barcode(dummy, piece, profile)
        case Qr():
            _qr(dummy, piece, profile)
        case Picture():
            if (raster := draw(piece.image, profile.width_dots)) is not None:
                _picture(dummy, raster)
    return wanted


def _style(dummy: Any, line: Line, before: Line) -> None:
    if line.size != before.size:
        dummy.set(custom_size=True, width=line.size, height=line.size)
    if line.bold != before.bold:
        dummy.set(bold=line.bold)


def _barcode(dummy: Any, block: Barcode, profile: Profile) -> None:
    """Print a bar code with its text below; one that is too wide is not drawn at all, so then only its text."""
    code = printable(block.code, "ascii").replace(NO_BREAK_SPACE, " ").strip()
    is_ean = block.symbology == "ean13" and _is_ean13(code)
    modules_wide = EAN13_MODULES if is_ean else _code128_modules(code)
    module_dots = next((dots for dots in (3, 2) if modules_wide * dots <= profile.width_dots), 0)
    if code and module_dots and profile.draws_codes:
        # "{" is the escape sign of CODE128's data, so it is doubled.
        kind, data = ("EAN13", code) if is_ean else ("CODE128", "{B" + code.replace("{", "{{"))
        # Its `barcode` prints to standard output.
        dummy._hw_barcode(data, kind, BARCODE_HEIGHT_DOTS, module_dots, "BELOW", "A", True, "B", False)
        dummy.set(align="left")
        return
    if code and module_dots:
        _picture(dummy, modules([_ean13_row(code) if is_ean else _code128_row(code)], module_dots, BARCODE_HEIGHT_DOTS))
    for part in textwrap.wrap(code, profile.width_chars):
        dummy._raw(encoded(part.center(profile.width_chars).rstrip(), profile.codec) + b"\n")


def _is_ean13(code: str) -> bool:
    return len(code) == 13 and code.isdecimal() and has_check_digit(code)


def _code128_modules(code: str) -> int:
    # Start, characters and check of 11 modules, stop of 13 (ISO/IEC 15417); the paper's margins are its quiet zones.
    return 11 * (len(code) + 2) + 13


def _code128_row(code: str) -> list[bool]:
    from barcode.codex import Code128  # type: ignore[import-untyped]  # comes with python-escpos

    return [module == "1" for module in Code128(code).build()[0]]


def _ean13_row(code: str) -> list[bool]:
    from barcode.ean import EAN13  # type: ignore[import-untyped]  # comes with python-escpos

    return [module == "1" for module in EAN13(code).build()[0]]


def _qr(dummy: Any, block: Qr, profile: Profile) -> None:
    data = block.data.encode()[:QR_BYTES_MAX].decode(errors="ignore")
    if not data:
        return
    rows = _qr_rows(data)
    module_dots = max(1, min(QR_MODULE_DOTS_MAX, profile.width_dots // (len(rows) + 8)))
    if not profile.draws_codes:
        _picture(dummy, modules(rows, module_dots, module_dots))
        return
    dummy.set(align="center")
    dummy.qr(data, ec=QR_LEVEL_M, size=module_dots, native=True)
    dummy.set(align="left")


def _qr_rows(data: str) -> list[list[bool]]:
    import qrcode  # type: ignore[import-untyped]  # comes with python-escpos; kept off the start path

    code = qrcode.QRCode(border=0, error_correction=qrcode.ERROR_CORRECT_M)
    code.add_data(data.encode())
    code.make(fit=True)
    return [[bool(module) for module in row] for row in code.get_matrix()]


def _picture(dummy: Any, raster: Raster) -> None:
    """Send dots as a centred picture: GS v 0."""
    dummy.set(align="center")
    size = raster.bytes_wide.to_bytes(2, "little") + raster.rows.to_bytes(2, "little")
    dummy._raw(GS + b"v0\x00" + size + raster.bits)
    dummy.set(align="left")


def _finish(dummy: Any, profile: Profile) -> None:
    if profile.cutter == "none":
        dummy.print_and_feed(TEAR_OFF_LINES)
    elif profile.cutter == "partial":
        # GS V 66 0: feeds to the cutter by itself and cuts.
        dummy.cut(feed=False)
    else:
        dummy._raw(GS + b"V\x41\x00")


def _dummy() -> Any:
    with _quiet_import():
        from escpos.printer import Dummy  # a third of a second, so only when the first receipt is encoded
    return Dummy()


@contextmanager
def _quiet_import() -> Iterator[None]:
    """Keep python-escpos' import from taking over the root logger and from leaving a folder behind at each start."""
    if "escpos.printer" in sys.modules:
        yield
        return
    before, handlers = os.environ.get("ESCPOS_CAPABILITIES_PICKLE_DIR"), list(logging.root.handlers)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ESCPOS_CAPABILITIES_PICKLE_DIR"] = before or folder
        yield
    if before is None:
        del os.environ["ESCPOS_CAPABILITIES_PICKLE_DIR"]
    logging.root.handlers[:] = handlers
