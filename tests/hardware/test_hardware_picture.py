"""Receipts as pictures: Euro sign and umlauts are drawn on a machine without fonts too, and codes are right."""

import pytest
from PIL import ImageFont
from sample_receipts import SALE

from hardware.emulators import picture
from hardware.emulators.paper import Run, Style, TextLine, decode
from hardware.emulators.picture import draw_receipt
from hardware.printer.encode import encode
from hardware.printer.profiles import profile_named

PROFILE = profile_named("generic-80")


@pytest.fixture(params=["system", "bundled"])
def font_source(request, monkeypatch):
    """The machine's own font, and the one that a dependency brings."""
    if request.param != "system":
        monkeypatch.setattr(picture, "_FONT_FILES", ())
    picture._font.cache_clear()
    yield request.param
    picture._font.cache_clear()


@pytest.mark.parametrize("char", "€äöüÄÖÜß")
def test_special_characters_have_glyphs(font_source, char):
    """A missing glyph is drawn as the same box for all; these are no boxes, and differ."""
    font = picture._font(20)
    assert isinstance(font, ImageFont.FreeTypeFont)
    assert bytes(font.getmask(char)) not in (bytes(font.getmask("\uffff")), bytes(font.getmask(" ")))


def test_a_whole_receipt_is_drawn(font_source):
    drawn = draw_receipt(decode(encode(SALE, PROFILE)), PROFILE)
    assert drawn.width == PROFILE.width_dots + 2 * (picture.MARGIN + picture.DESK)
    assert drawn.height > 600


def test_bold_and_large_type_carry_more_ink():
    def ink(style):
        drawn = draw_receipt([TextLine((Run("Sample", style),))], PROFILE).convert("L")
        return sum(drawn.crop((60, 60, 600, 160)).histogram()[:150])

    assert ink(Style()) < ink(Style(bold=True)) < ink(Style(bold=True, wide=2, high=2))


def test_the_bars_are_those_of_the_code():
    """Read back from the pixels: the run lengths of one row of bars are the code's own."""
    from barcode.codex import Code128

    strip = picture._barcode_strip(
        next(event for event in decode(encode(SALE, PROFILE)) if type(event).__name__ == "BarcodeDrawn"), PROFILE
    )
    row = "".join("1" if strip.getpixel((x, 40)) else "0" for x in range(strip.width)).strip("0")
    assert row == "".join(bit * 3 for bit in Code128("0007-2-000123").build()[0])


def test_the_qr_code_is_the_one_of_its_data():
    """Module by module from the pixels, against the code library's own matrix."""
    import qrcode

    event = next(event for event in decode(encode(SALE, PROFILE)) if type(event).__name__ == "QrDrawn")
    image = picture._qr_image(event)
    code = qrcode.QRCode(border=0, error_correction=qrcode.ERROR_CORRECT_M)
    code.add_data(b"https://shop.example/r/0007-2-000123")
    code.make(fit=True)
    size = event.module_dots
    drawn = [
        [bool(image.getpixel((x * size + 1, y * size + 1))) for x in range(image.width // size)]
        for y in range(image.height // size)
    ]
    assert drawn == [[bool(module) for module in row] for row in code.get_matrix()]
