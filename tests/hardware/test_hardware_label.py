"""Shelf labels: on receipt paper and in ZPL, read back as what would be on the label; nothing commands the printer."""

import pytest
from emulated_device import eventually
from hypothesis import given
from hypothesis import strategies as st

from hardware import connect
from hardware.document import Barcode, Document
from hardware.emulators.label_printer import LabelPrinterEmulator, read_label
from hardware.emulators.paper import BarcodeDrawn, Cut, PictureDrawn, TextLine, decode
from hardware.emulators.picture import draw_receipt
from hardware.label.on_paper import PaperLabels, label_document
from hardware.label.zpl import LabelSize, encode_zpl, read_host_status
from hardware.ports import ShelfLabel
from hardware.printer.encode import encode
from hardware.printer.profiles import profile_named
from schema.errors import Refused, Unready

CHEESE = ShelfLabel(
    name="Käse „Gouda“ jung am Stück",
    price="3,99 €",
    unit_price="1 kg = 13,30 €",
    number="4711",
    code="2000000000015",
)
SIZE = LabelSize()


# --- on receipt paper ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["generic-80", "epson-tm-m30iii"])
def test_a_label_on_receipt_paper(name):
    events = decode(encode(label_document(CHEESE), profile_named(name)))
    printed = " ".join(event.text for event in events if isinstance(event, TextLine))
    for text in ("Käse", "3,99 €", "1 kg = 13,30 €", "4711"):
        assert text in printed
    (bars,) = [event for event in events if isinstance(event, BarcodeDrawn)]
    assert (bars.code, bars.symbology) == (CHEESE.code, "ean13")
    assert draw_receipt(events, profile_named(name)).height > 300


@pytest.mark.parametrize("code", ["2000000000016", "12345", "200000000001", "ABC"])
def test_what_is_no_ean_is_code128(code):
    """A wrong check digit must not become another article's code."""
    document = Document(title="t", blocks=(Barcode(code=code, symbology="ean13"),))
    (bars,) = [
        event for event in decode(encode(document, profile_named("generic-80"))) if isinstance(event, BarcodeDrawn)
    ]
    assert (bars.code, bars.symbology) == (code, "code128")


def test_a_printer_without_codes_gets_the_ean_as_a_picture():
    """Bar by bar: start, middle and end guard, 95 modules of two or three dots."""
    events = decode(encode(label_document(CHEESE), profile_named("generic-58")))
    (picture,) = [event for event in events if isinstance(event, PictureDrawn)]
    first_row = "".join(f"{byte:08b}" for byte in picture.bits[: picture.bytes_wide]).rstrip("0")
    assert len(first_row) == 95 * 3
    assert first_row[:9] == first_row[-9:] == "111000111"


def test_copies_are_one_job(tmp_path):
    printer = connect.printer(f"file://{tmp_path}")
    PaperLabels(printer, profile_named("generic-80")).print_label(CHEESE, copies=3)
    (job,) = tmp_path.iterdir()
    assert len([event for event in decode(job.read_bytes()) if isinstance(event, Cut)]) == 3


# --- ZPL -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dpi", [203, 300, 600])
def test_a_zpl_label_holds_everything_within_its_edges(dpi):
    size = LabelSize(dpi=dpi)
    label = read_label(encode_zpl(CHEESE, size, copies=2).decode())
    assert label.unknown == ()
    assert (label.width, label.height, label.copies) == (size.dots(50), size.dots(30), 2)
    texts = {field.data for field in label.fields if field.kind == "text"}
    assert texts == {CHEESE.name, CHEESE.price, CHEESE.unit_price, CHEESE.number}
    (bars,) = [field for field in label.fields if field.kind == "ean13"]
    # The printer adds the check digit, which is why it must have been right.
    assert bars.data == CHEESE.code[:12]
    assert all(0 <= field.left < label.width and field.top + field.height <= label.height for field in label.fields)
    tops = {field.data: (field.top, field.top + field.height) for field in label.fields}
    assert tops[CHEESE.price][1] <= tops[CHEESE.unit_price][0]
    assert tops[CHEESE.unit_price][1] <= bars.top


texts = st.text(max_size=60)


@given(st.builds(ShelfLabel, name=texts, price=texts, unit_price=texts, number=texts, code=texts), st.integers(-5, 999))
def test_no_text_can_command_the_label_printer(label, copies):
    """Fault 60's sibling: ^XZ, ~JA and control characters in names are text or nothing."""
    job = encode_zpl(label, SIZE, copies).decode()
    assert job.count("^XA") == job.count("^XZ") == 1
    assert "~" not in job
    assert not [char for char in job if ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0]
    read = read_label(job)
    assert read.unknown == ()
    assert 1 <= read.copies <= 100


@pytest.mark.parametrize("text", ["50 % ^ 2_5 ~ x", "a^XZ^XA", "~JA", "_5E"])
def test_signs_that_begin_commands_are_printed_as_they_are(text):
    (field,) = read_label(encode_zpl(ShelfLabel(name=text, price=""), SIZE).decode()).fields
    assert field.data == text


@pytest.mark.parametrize("answer", [b"", b"\x02", b"\x02030,0\x03", b"\x02a\x03\x02b\x03", b"noise" * 100])
def test_half_an_answer_is_none(answer):
    assert read_host_status(answer) is None


# --- on a socket -----------------------------------------------------------------------------------------------------


@pytest.fixture
def zebra():
    emulator = LabelPrinterEmulator(port=0)
    emulator.start()
    yield emulator, connect.label_printer(f"zpl+tcp://127.0.0.1:{emulator.facts()['port']}?width=60&height=40")
    emulator.stop()


@pytest.mark.parametrize("fault", ["none", "mute"])
def test_a_label_comes_out(zebra, fault):
    """One that says nothing is printed on all the same: many answer only over some of their connectors."""
    emulator, printer = zebra
    emulator.set_fault(fault)
    assert printer.print_label(CHEESE) == "unknown"
    assert eventually(lambda: [label.width for label in emulator.labels]) == [LabelSize().dots(60)]


@pytest.mark.parametrize(
    ("fault", "code"),
    [("paper-out", "label_paper_out"), ("head-open", "label_head_open"), ("paused", "label_paused")],
)
def test_a_label_printer_that_cannot_print_is_refused(zebra, fault, code):
    emulator, printer = zebra
    emulator.set_fault(fault)
    with pytest.raises(Unready) as refused:
        printer.print_label(CHEESE)
    assert refused.value.code == code
    assert printer.trouble().code == code
    emulator.set_fault("none")
    printer.print_label(CHEESE)
    assert eventually(lambda: len(emulator.labels)) == 1


def test_addresses_of_label_printers():
    made = connect.label_printer("zpl+tcp://192.0.2.12?width=80&height=50&dpi=300")
    assert made.size == LabelSize(width_mm=80, height_mm=50, dpi=300)
    assert isinstance(connect.label_printer("escpos+tcp://192.0.2.10"), PaperLabels)
    assert connect.label_printer("none:") is None
    for bad in (
        "zpl+tcp://host?width=a",
        "zpl+tcp://host?width=0",
        "zpl+tcp://host?height=20",
        "zpl://host",
        "zpl+tcp://",
    ):
        with pytest.raises(Refused):
            connect.label_printer(bad)
