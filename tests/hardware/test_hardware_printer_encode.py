"""Receipts in bytes: read back by the emulator's decoder they say what the layout says, on every shipped printer."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sample_receipts import SALE

from hardware.document import Barcode, Columns, Document, Feed, Qr, Row, Rule, Text
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
    receipt_lines,
)
from hardware.emulators.picture import draw_receipt
from hardware.printer.encode import drawer_pulse, encode
from hardware.printer.layout import text_lines
from hardware.printer.profiles import PROFILES, profile_named
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
)


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
    events = decode((GOLDEN / f"receipt_{profile.name}.bin").read_bytes())
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
    printed = [line for line in receipt_lines(decode(encode(SALE, profile)), profile.width_chars) if line.strip()]
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
    events = decode(encode(Document(title="t", blocks=tuple(parts)), profile))
    assert sum(isinstance(event, Reset) for event in events) == 1
    assert not [event for event in events if isinstance(event, Unknown | Pulse)]
    cuts = [at for at, event in enumerate(events) if isinstance(event, Cut)]
    assert cuts == ([] if profile.cutter == "none" else [len(events) - 1])


@profiles
@settings(max_examples=15, deadline=None)
@given(parts=st.lists(blocks, max_size=8))
def test_no_line_is_wider_than_the_paper(profile, parts):
    """A printer breaks a long line anywhere; none may come to that."""
    for event in decode(encode(Document(title="t", blocks=tuple(parts)), profile)):
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
    printed = [event for event in decode(encode(replace(SALE, copy=True), profile)) if isinstance(event, TextLine)]
    marks = [at for at, line in enumerate(printed) if line.text.strip() == "COPY"]
    assert marks == [0, len(printed) - 1]
    assert all(printed[at].runs[0].style.wide == 2 for at in marks)
    assert not [
        event for event in decode(encode(SALE, profile)) if isinstance(event, TextLine) and "COPY" in event.text
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
    events = decode(encode(Document(title="t", blocks=(Barcode(code=code),)), profile))
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
