"""Receipts in bytes: read back by the emulator's decoder they say what the layout says, on every shipped printer."""

import io
import json
import logging
import unicodedata
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from PIL import Image
from sample_receipts import SALE

from hardware.document import Banner, Barcode, Columns, Document, Feed, Picture, Qr, Row, Rule, Text
from hardware.emulators.paper import (
    BarcodeDrawn,
    Cut,
    Decoder,
    PictureDrawn,
    Pulse,
    QrDrawn,
    Reset,
    TextLine,
    Unknown,
    decode,
    pages_of,
    receipt_lines,
)
from hardware.emulators.picture import draw_receipt
from hardware.printer import commands
from hardware.printer.encode import drawer_pulse, encode, qr_modules
from hardware.printer.layout import text_lines
from hardware.printer.profiles import PROFILES, profile_named
from hardware.printer.raster import as_logo, draw
from schema.errors import Refused

GOLDEN = Path(__file__).parents[1] / "golden"
profiles = pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
words = st.text(max_size=60)
blocks = st.one_of(
    st.builds(Text, text=words, align=st.sampled_from(["left", "centre", "right"]), size=st.integers(1, 3)),
    st.builds(Row, left=words, right=words, bold=st.booleans(), size=st.integers(1, 2)),
    st.builds(Columns, cells=st.lists(words, max_size=6).map(tuple)),
    st.builds(Rule),
    st.builds(Feed, lines=st.integers(0, 3)),
    st.builds(Barcode, code=words),
    st.builds(Qr, data=words),
    st.builds(Banner, text=words),
    st.builds(Picture, image=st.one_of(st.binary(max_size=60), st.just(b""))),
)
CATALOGUES = Path(__file__).parents[2] / "till" / "locale"
LETTERS = "€ÄÖÜäöüßéèëïçÆØåñ"


def paper(job, profile):
    """Return what this very model puts on paper."""
    return decode(job, pages_of(profile.name))


def logo(width, height, kind="PNG"):
    """Return a file with a black frame and a transparent middle."""
    picture = Image.new("RGBA", (width, height), (0, 0, 0, 255))
    picture.paste((0, 0, 0, 0), (8, 8, width - 8, height - 8))
    file = io.BytesIO()
    picture.convert("RGBA" if kind == "PNG" else "RGB").save(file, kind)
    return file.getvalue()


@profiles
def test_bytes_are_the_golden_ones(profile):
    """What leaves the house changes only on purpose: delete the file and run again to accept a change."""
    file = GOLDEN / f"receipt_{profile.name}.bin"
    job = encode(SALE, profile)
    if not file.exists():
        file.write_bytes(job)
        pytest.fail(f"{file.name} was missing and is written now: look at it and commit it")
    assert job == file.read_bytes()


@profiles
def test_golden_bytes_say_euro_and_umlauts(profile):
    """Fault 49's ground: the page is fixed per model, so € and umlauts come out right on every one."""
    events = paper((GOLDEN / f"receipt_{profile.name}.bin").read_bytes(), profile)
    text = "\n".join(receipt_lines(events, profile.width_chars))
    assert "16,49 €" in text
    assert "20,00 €" in text
    assert "ÄÖÜ äöü ß" in text
    assert 'Käse "Gouda" jung - am' in text
    assert "Musterstraße 1" in text
    assert not [event for event in events if isinstance(event, Unknown)]


@profiles
def test_preview_equals_paper(profile):
    """The layout's lines are the decoded ones; what a model cannot draw itself comes as a picture."""
    printed = [
        line for line in receipt_lines(paper(encode(SALE, profile), profile), profile.width_chars) if line.strip()
    ]
    shown = [line for line in text_lines(SALE, profile) if line.strip()]
    if not profile.draws_codes:
        pictures = [line for line in printed if "[picture]" in line]
        assert len(pictures) == 2
        printed = [line for line in printed if "[picture]" not in line]
        assert printed[-1].strip() == "0007-2-000123"
        printed, shown = printed[:-1], shown[:-2]
    assert printed == shown


@profiles
@settings(max_examples=15, deadline=None)
@given(parts=st.lists(blocks, max_size=8))
def test_no_text_can_command_the_printer(profile, parts):
    """Fault 60: whatever stands in names, the only commands are ours: one reset, one cut at the end, no pulse."""
    events = paper(encode(Document(title="t", blocks=tuple(parts)), profile), profile)
    assert sum(isinstance(event, Reset) for event in events) == 1
    assert not [event for event in events if isinstance(event, Unknown | Pulse)]
    cuts = [at for at, event in enumerate(events) if isinstance(event, Cut)]
    assert cuts == ([] if profile.cutter == "none" else [len(events) - 1])


@profiles
@settings(max_examples=15, deadline=None)
@given(parts=st.lists(blocks, max_size=8))
def test_no_line_is_wider_than_the_paper(profile, parts):
    """A printer breaks a long line anywhere; none may come to that."""
    for event in paper(encode(Document(title="t", blocks=tuple(parts)), profile), profile):
        if isinstance(event, TextLine):
            assert sum(len(run.text) * run.style.wide for run in event.runs) <= profile.width_chars


@pytest.mark.parametrize("name", ["\x1bp\x00\x19\xfaKäse", "a\x1dV\x00b", "\x10\x14\x01\x00\x01", "x\x9bp\x00y\x1c."])
def test_escape_sequences_in_names_are_plain_text(name):
    """Fault 60: ESC p, GS V, DLE DC4, FS and C1 controls print as what is left of them."""
    events = decode(encode(Document(title="t", blocks=(Row(left=name, right="1,00"),)), profile_named("generic-80")))
    assert not [event for event in events if isinstance(event, Pulse | Unknown)]
    assert len([event for event in events if isinstance(event, Cut)]) == 1


def test_no_control_byte_is_printed_on_any_model():
    """Fault 60: DEL and the C1 range are commands to some printers, though code pages may draw them."""
    for profile in PROFILES.values():
        lines = text_lines(Document(title="t", blocks=(Text(text="a\x7fb\x80\x9fc\u200bd\u00ade"),)), profile)
        assert lines == ["abcde"]


def test_figures_stay_whole():
    """A tax table too wide for equal columns closes up; no digit is lost, on the narrowest paper."""
    cells = ("normal 19 %", "123.456,78", "23.456,79", "146.913,57")
    lines = text_lines(Document(title="t", blocks=(Columns(cells=cells),)), profile_named("generic-58"))
    assert all(cell in " ".join(lines) for cell in cells[1:])


def test_a_copy_says_so_at_head_and_foot():
    """Fault 3: anything that is not the first print is marked, large, above and below."""
    profile = profile_named("generic-80")
    printed = [
        event for event in paper(encode(replace(SALE, copy=True), profile), profile) if isinstance(event, TextLine)
    ]
    marks = [at for at, line in enumerate(printed) if line.text.strip() == "COPY"]
    assert marks == [0, len(printed) - 1]
    assert all(printed[at].runs[0].style.wide == 2 for at in marks)
    assert not [
        event for event in paper(encode(SALE, profile), profile) if isinstance(event, TextLine) and "COPY" in event.text
    ]


def test_codes_carry_their_data():
    events = decode(encode(SALE, profile_named("generic-80")))
    assert [event.data for event in events if isinstance(event, QrDrawn)] == [b"https://shop.example/r/0007-2-000123"]
    assert [event.code for event in events if isinstance(event, BarcodeDrawn)] == ["0007-2-000123"]
    pictures = [event for event in decode(encode(SALE, profile_named("generic-58"))) if isinstance(event, PictureDrawn)]
    assert [picture.bytes_wide * 8 <= 384 for picture in pictures] == [True, True]


def test_a_barcode_too_wide_for_the_paper_is_printed_as_text():
    """A printer draws nothing at all of a bar code that does not fit; its text must not be lost with it."""
    document = Document(title="t", blocks=(Barcode(code="A" * 60),))
    events = decode(encode(document, profile_named("generic-80")))
    assert not [event for event in events if isinstance(event, BarcodeDrawn)]


def test_braces_in_a_barcode_are_doubled_on_the_way():
    events = decode(encode(Document(title="t", blocks=(Barcode(code="a{b}{{c"),)), profile_named("generic-80")))
    assert [event.code for event in events if isinstance(event, BarcodeDrawn)] == ["a{b}{{c"]


@profiles
@pytest.mark.parametrize("code", ["A\u00a01", "\u00a0", "Größe €", "\x00", ""])
def test_a_barcode_of_odd_characters_is_drawn_with_those_it_can_have(profile, code):
    """CODE128 knows ASCII only; a no-break space once went through to the bars."""
    events = paper(encode(Document(title="t", blocks=(Barcode(code=code),)), profile), profile)
    assert not [event for event in events if isinstance(event, Unknown)]
    assert all(event.code.isascii() for event in events if isinstance(event, BarcodeDrawn))


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=300))
def test_the_emulator_draws_whatever_it_is_sent(data):
    """Another program's bytes, or noise on the line, end in a picture and never in a crash."""
    sizes = b"\x1d(k\x03\x001C\xff\x1dw\x00\x1dh\x00"
    codes = b"\x1d(k\x04\x001P0x\x1d(k\x03\x001Q0\x1dkI\x03{Bx\n"
    events = decode(b"\x1b@" + sizes + codes + data + b"\n")
    assert draw_receipt(events, profile_named("generic-58")).width > 384


@profiles
def test_the_drawer_gets_50_on_and_500_off(profile):
    """The times are spelled out, else a printer takes the next two bytes for them."""
    assert decode(drawer_pulse(profile)) == [Pulse(profile.drawer_pin, 50, 500)]


def test_the_second_pin_is_addressed():
    assert decode(drawer_pulse(replace(profile_named("generic-80"), drawer_pin=5))) == [Pulse(5, 50, 500)]


def test_an_unknown_profile_is_refused_with_the_known_ones():
    with pytest.raises(Refused, match="generic-80"):
        profile_named("laser")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 40), max_size=60))
def test_the_decoder_does_not_care_how_the_stream_is_cut(sizes):
    """Any pieces give the same paper as the whole (runs of one line may be split, its text not)."""
    job = encode(SALE, profile_named("epson-tm-t20iii"))
    decoder, events, at = Decoder(), [], 0
    for size in sizes:
        events += decoder.feed(job[at : at + size])
        at += size
    events += decoder.feed(job[at:])
    assert receipt_lines(events, 48) == receipt_lines(decode(job), 48)


# --- every character on every model -----------------------------------------------------------------------------------


@profiles
@pytest.mark.parametrize("size", [1, 2])
def test_every_letter_that_matters_comes_back(profile, size):
    """€ and umlauts, read back with the pages that this model has, at both sizes."""
    document = Document(title="t", blocks=tuple(Text(text=char * 3, size=size) for char in LETTERS))
    events = paper(encode(document, profile), profile)
    assert [event.text.strip() for event in events if isinstance(event, TextLine)][: len(LETTERS)] == [
        char * 3 for char in LETTERS
    ]
    assert not [event for event in events if isinstance(event, Unknown)]


@profiles
def test_every_letter_that_the_till_says_comes_back(profile):
    """All letters and figures of the three languages' catalogues; typographic marks have plain stand-ins."""
    said = "".join("".join([*words, *words.values()]) for words in map(_catalogue, ("de", "nl")))
    characters = sorted({char for char in said if unicodedata.category(char)[0] in "LN"})
    assert set("ÄÜäöüßé") <= set(characters)
    document = Document(title="t", blocks=tuple(Text(text=char) for char in characters))
    lines = [event.text for event in paper(encode(document, profile), profile) if isinstance(event, TextLine)]
    assert lines[: len(characters)] == characters


def _catalogue(language):
    return json.loads((CATALOGUES / f"{language}.json").read_text())


@profiles
@settings(max_examples=30, deadline=None)
@given(st.text(max_size=80))
def test_only_the_models_own_characters_are_sent(profile, text):
    """Fault 60: no byte below 20h and none that the model's page does not draw leaves the encoder as text."""
    document = Document(title="t", blocks=(Text(text=text), Row(left=text, right=text), Banner(text=text)))
    printed = "".join(event.text for event in paper(encode(document, profile), profile) if isinstance(event, TextLine))
    assert "\ufffd" not in printed
    assert not [char for char in printed if unicodedata.category(char) == "Cc"]


def test_models_have_the_pages_that_their_profiles_name():
    assert {name: pages_of(name)[profile.code_page] for name, profile in PROFILES.items()} == {
        name: profile.codec for name, profile in PROFILES.items()
    }


# --- against other people's code -------------------------------------------------------------------------------------


def other_encoder():
    """Return python-escpos' collector; its import takes over the root logger, which is given back."""
    handlers = list(logging.root.handlers)
    from escpos.printer import Dummy

    logging.root.handlers[:] = handlers
    return Dummy()


def test_the_commands_are_those_of_another_encoder(tmp_path, monkeypatch, capsys):
    """Written from the maker's reference by others, byte for byte the same."""
    monkeypatch.setenv("ESCPOS_CAPABILITIES_PICKLE_DIR", str(tmp_path))
    other = other_encoder()
    other.hw("INIT")
    other.set(custom_size=True, width=2, height=2)
    other.set(bold=True)
    other.set(bold=False)
    other.set(align="center")
    other.qr("https://shop.example/r/1", ec=1, size=6, native=True)
    other.set(align="left")
    for code, kind in (("{Ba{{b", "CODE128"), ("2000000000015", "EAN13")):
        other._hw_barcode(code, kind, 64, 3, "BELOW", "A", True, "B", False)
        other.set(align="left")
    other.print_and_feed(4)
    other.cut(feed=False)
    ours = (
        commands.INITIALISE,
        commands.size(2),
        commands.bold(True),
        commands.bold(False),
        commands.qr(b"https://shop.example/r/1", module_dots=6),
        commands.code128("a{b", module_dots=3, height_dots=64),
        commands.ean13("2000000000015", module_dots=3, height_dots=64),
        commands.feed(4),
        commands.PARTIAL_CUT,
    )
    assert b"".join(ours) == other.output


@pytest.mark.parametrize("length", [1, 14, 15, 26, 62, 63, 331, 332, 1000, 2213, 2214, 2331])
def test_the_size_of_a_qr_code_is_known_before_it_is_drawn(length):
    """Against the code library, for bytes that no denser mode holds."""
    import qrcode

    code = qrcode.QRCode(border=0, error_correction=qrcode.ERROR_CORRECT_M)
    code.add_data(b"\xe4" * length)
    code.make(fit=True)
    assert qr_modules(length) == len(code.get_matrix())


# --- logos, banners, marks --------------------------------------------------------------------------------------------


@profiles
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_logo_fits_the_paper(profile, kind):
    """A large one is shrunk in proportion; its frame is black and its transparent middle is paper."""
    document = Document(title="t", blocks=(Picture(image=logo(1200, 400, kind)),))
    (drawn,) = [event for event in paper(encode(document, profile), profile) if isinstance(event, PictureDrawn)]
    assert profile.width_dots - 8 < drawn.bytes_wide * 8 <= profile.width_dots + 7
    assert abs(drawn.rows - profile.width_dots / 3) <= 1
    assert drawn.side == "centre"
    black = sum(byte.bit_count() for byte in drawn.bits)
    assert (black < drawn.rows * profile.width_dots / 4) is (kind == "PNG")
    assert drawn.bits[0] == 0xFF


def test_a_small_logo_is_not_enlarged():
    document = Document(title="t", blocks=(Picture(image=logo(100, 50)),))
    events = decode(encode(document, profile_named("generic-80")))
    assert [(event.bytes_wide, event.rows) for event in events if isinstance(event, PictureDrawn)] == [(13, 50)]


@pytest.mark.parametrize("width_dots", [384, 576])
def test_a_logo_made_small_prints_the_same_dots(width_dots):
    """What is stored with each receipt is small; dithering it a second time must not change it."""
    noise = Image.effect_noise((900, 300), 80).convert("L")
    file = io.BytesIO()
    noise.save(file, "PNG")
    small = as_logo(file.getvalue(), width_dots)
    assert len(small) < len(file.getvalue()) / 4
    assert draw(small, width_dots) == draw(file.getvalue(), width_dots)
    assert as_logo(b"no picture", width_dots) == b""


@pytest.mark.parametrize("image", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", logo(64, 64)[:60], b"x" * 2_000_001])
def test_a_broken_logo_does_not_cost_the_receipt(image):
    document = Document(title="t", blocks=(Picture(image=image), Text(text="TOTAL")))
    profile = profile_named("generic-80")
    assert text_lines(document, profile) == ["TOTAL"]
    events = decode(encode(document, profile))
    assert not [event for event in events if isinstance(event, PictureDrawn | Unknown)]


@profiles
def test_marks_stand_at_head_and_foot(profile):
    """A practice receipt says so on every print, and a copy of it says both, in the paper's language."""
    document = replace(SALE, copy=True, copy_mark="KOPIE", marks=("ÜBUNG",))
    printed = paper(encode(document, profile), profile)
    lines = [text for event in printed if isinstance(event, TextLine) and (text := event.text.strip())]
    assert lines[:2] == lines[-2:] == ["KOPIE", "ÜBUNG"]


@profiles
def test_a_banner_is_large_between_two_lines(profile):
    document = Document(title="t", blocks=(Banner(text="NICHT ZERT."),))
    above, text, below, *_ = [
        event for event in paper(encode(document, profile), profile) if isinstance(event, TextLine)
    ]
    assert above.text == below.text == "=" * profile.width_chars
    assert text.text.strip() == "NICHT ZERT."
    assert (text.runs[0].style.wide, text.runs[0].style.bold) == (2, True)


def test_documents_survive_the_print_queue():
    """A queued document is JSON on the disk, its logo included."""
    document = replace(SALE, blocks=(Picture(image=logo(64, 64)), Banner(text="x"), *SALE.blocks), marks=("y",))
    assert msgspec.json.decode(msgspec.json.encode(document), type=Document) == document
