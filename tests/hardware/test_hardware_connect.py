"""Device addresses: what they make, and that a bad one is refused with what is expected."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware import connect
from hardware.printer.device_file import FileTransport
from hardware.printer.encode import drawer_pulse
from hardware.printer.folder import FolderPrinter
from hardware.printer.jobs import EscPosPrinter
from hardware.printer.network import NetworkTransport
from hardware.printer.serial_port import SerialTransport
from hardware.printer.usb import UsbName, UsbTransport
from hardware.scanner.listening import ListeningScanner
from hardware.terminal.zvt import Settings, ZvtTerminal
from schema.errors import Refused, Unready


@pytest.mark.parametrize("make", [connect.printer, connect.terminal, connect.scanner])
@pytest.mark.parametrize("url", ["", "none:", " none: "])
def test_no_device_is_an_answer(make, url):
    assert make(url) is None


def test_a_scanner_that_types_needs_no_driver():
    assert connect.scanner("wedge:") is None


def test_a_network_printer():
    made = connect.printer("escpos+tcp://192.0.2.10:9101?profile=epson-tm-t88ii&drawer=open_low&pin=5")
    assert isinstance(made, EscPosPrinter)
    assert isinstance(made.transport, NetworkTransport)
    assert (made.transport.host, made.transport.port) == ("192.0.2.10", 9101)
    assert (made.profile.name, made.profile.drawer_sensor, made.profile.drawer_pin) == ("epson-tm-t88ii", "open_low", 5)
    assert connect.printer("escpos+tcp://printer").transport.port == 9100
    other_page = connect.printer_profile("escpos+tcp://printer?profile=generic-80&page=16")
    assert (other_page.width_chars, other_page.code_page, other_page.codec) == (48, 16, "cp1252")
    assert connect.printer("escpos+tcp://[::1]:9100").transport.host == "::1"
    assert connect.printer_profile("none:").name == "generic-80"


def test_a_usb_printer():
    made = connect.printer("escpos+usb://04b8/0E28?serial=X1&profile=epson-tm-t20iii").transport
    assert isinstance(made, UsbTransport)
    assert made.name == UsbName(vendor=0x04B8, product=0x0E28, serial="X1")
    assert connect.printer("escpos+usb:").transport.name == UsbName()


def test_a_serial_printer():
    made = connect.printer("escpos+serial:///dev/ttyS1?baud=38400&flow=xon&profile=generic-58").transport
    assert isinstance(made, SerialTransport)
    assert (made.port, made.baud, made.flow) == ("/dev/ttyS1", 38400, "xon")
    assert connect.printer("escpos+serial:///COM3").transport.port == "COM3"


def test_a_printer_behind_a_device_file():
    made = connect.printer("escpos+file:///dev/usb/lp0").transport
    assert isinstance(made, FileTransport)
    assert str(made.path) == "/dev/usb/lp0"


def test_a_folder_printer_keeps_its_jobs(tmp_path):
    made = connect.printer(f"file://{tmp_path}/jobs?profile=generic-58")
    assert isinstance(made, FolderPrinter)
    assert made.send(b"one") == "yes"
    made.open_drawer()
    jobs = sorted((tmp_path / "jobs").iterdir())
    assert [job.read_bytes() for job in jobs] == [b"one", drawer_pulse(made.profile)]
    assert made.status().online == "yes"
    assert connect.printer(f"file://{tmp_path}/jobs").send(b"three") == "yes"
    assert len(list((tmp_path / "jobs").iterdir())) == 3


def test_a_folder_that_takes_no_files_is_unready(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unready):
        connect.printer(f"file://{tmp_path}/file").send(b"one")


def test_a_terminal():
    made = connect.terminal("zvt://192.0.2.11?password=123456&config=BE&charset=iso8859-15")
    assert isinstance(made, ZvtTerminal)
    assert (made.host, made.port) == ("192.0.2.11", 20007)
    assert made._settings == Settings(password="123456", config=0xBE, charset="iso8859-15")


def test_a_serial_scanner():
    made = connect.scanner("serial:///dev/ttyUSB0?baud=115200&suffix=crlf&prefix=stx")
    assert isinstance(made, ListeningScanner)
    assert (made.source.port, made.source.baud) == ("/dev/ttyUSB0", 115200)
    assert (made.suffix, made.prefix) == (b"\r\n", b"\x02")


def test_a_grabbed_scanner():
    made = connect.scanner("evdev:///dev/input/by-id/usb-x-event-kbd?layout=de&suffix=tab")
    assert (made.source.path, made.source.layout, made.suffix) == ("/dev/input/by-id/usb-x-event-kbd", "de", b"\t")
    made = connect.scanner("evdev:?name=Barcode%20Scanner")
    assert (made.source.name, made.source.layout, made.suffix) == ("Barcode Scanner", "us", b"\n")


@pytest.mark.parametrize(
    ("make", "url"),
    [
        (connect.printer, "usb://04b8"),
        (connect.printer, "escpos+usb://04b8"),
        (connect.printer, "escpos+usb://epson/tm"),
        (connect.printer, "escpos+usb:?baud=9600"),
        (connect.printer, "escpos+serial:///dev/ttyS1?baud=fast"),
        (connect.printer, "escpos+serial:///dev/ttyS1?flow=tide"),
        (connect.printer, "escpos+serial://ttyS1"),
        (connect.printer, "escpos+file://lp0"),
        (connect.printer, "escpos+tcp://host?pin=3"),
        (connect.printer, "escpos+tcp://host?page=15"),
        (connect.printer, "192.0.2.10:9100"),
        (connect.printer, "escpos+tcp://"),
        (connect.printer, "escpos+tcp://host:port"),
        (connect.printer, "escpos+tcp://host:0"),
        (connect.printer, "escpos+tcp://host:99999"),
        (connect.printer, "escpos+tcp://host/path"),
        (connect.printer, "escpos+tcp://host?profil=x"),
        (connect.printer, "escpos+tcp://host?profile=a&profile=b"),
        (connect.printer, "escpos+tcp://host?drawer=ajar"),
        (connect.printer, "escpos+tcp://host?profile=laser"),
        (connect.printer, "file://folder"),
        (connect.printer, "zvt://host"),
        (connect.terminal, "zvt://"),
        (connect.terminal, "zvt://host?password=secret"),
        (connect.terminal, "zvt://host?config=xyz"),
        (connect.terminal, "zvt://host?currency=EUR"),
        (connect.terminal, "zvt://host?charset=klingon"),
        (connect.terminal, "escpos+tcp://host"),
        (connect.scanner, "serial://ttyUSB0"),
        (connect.scanner, "evdev:"),
        (connect.scanner, "evdev:///dev/input/event1?name=both"),
        (connect.scanner, "evdev:///dev/input/event1?layout=fr"),
        (connect.scanner, "serial:///dev/ttyUSB0?baud=fast"),
        (connect.scanner, "serial:///dev/ttyUSB0?suffix=bang"),
        (connect.scanner, "[::1"),
    ],
)
def test_a_bad_address_is_refused_with_what_is_expected(make, url):
    with pytest.raises(Refused) as refused:
        make(url)
    assert len(refused.value.message) > 30


@given(st.text(max_size=40), st.sampled_from([connect.printer, connect.terminal, connect.scanner]))
def test_any_text_makes_a_device_or_is_refused(url, make):
    try:
        make(url)
    except Refused as error:
        assert error.code in ("bad_device_url", "unknown_profile")


def test_a_password_is_not_repeated_in_an_error():
    """It may be a real one, and messages reach screens and logs."""
    with pytest.raises(Refused) as refused:
        connect.terminal("zvt:/host?password=918273&x=1")
    assert "918273" not in refused.value.message
    with pytest.raises(Refused) as refused:
        connect.terminal("zvt://host?password=918273a")
    assert "918273" not in refused.value.message


def test_connecting_a_printer_loads_no_heavy_library():
    """The till starts quickly: Pillow, pyserial and what draws codes come when they are needed, not before."""
    code = (
        "import sys; from hardware import connect; connect.printer('escpos+tcp://192.0.2.1'); "
        "connect.terminal('zvt://192.0.2.1'); connect.scanner('serial:///dev/null'); "
        "import hardware.scanner.wedge, hardware.printer.layout; "
        "print([name for name in ('escpos', 'PIL', 'serial', 'qrcode', 'yaml', 'kivy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_encoding_leaves_the_root_logger_and_standard_output_alone():
    code = (
        "import sys, logging; sys.path.insert(0, 'tests/hardware'); from sample_receipts import SALE; "
        "from hardware.printer.encode import encode; from hardware.printer.profiles import PROFILES; "
        "[encode(SALE, profile) for profile in PROFILES.values()]; assert logging.root.handlers == []"
    )
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
