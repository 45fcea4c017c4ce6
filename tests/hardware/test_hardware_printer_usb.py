"""The USB printer on an emulated bus, its bytes printed by the emulator: found, claimed, given back, in bounded time.

No plug here: the bus stands where libusb stands, so that pyusb, the driver and the printer's bytes are the real ones.
"""

import time

import pytest
from emulated_device import eventually
from printer_shop import QUICK, shop_of
from sample_receipts import SALE

from hardware.emulators.usb_bus import Plugged, UsbBus
from hardware.printer.encode import encode
from hardware.printer.jobs import EscPosPrinter
from hardware.printer.layout import text_lines
from hardware.printer.profiles import profile_named
from hardware.printer.usb import UsbName, UsbTransport, list_printers
from schema.errors import Unready, Unsure

EPSON = profile_named("epson-tm-t20iii")
GENERIC = profile_named("generic-80")
JOB = encode(SALE, EPSON)


@pytest.fixture(scope="module")
def epson(tmp_path_factory):
    with shop_of(EPSON.name, tmp_path_factory.mktemp("usb")) as shop:
        yield shop


@pytest.fixture
def plugged(epson):
    """A printer on a bus of its own; `plugged(fault=…)` returns the device and the driver that talks to it."""

    def plug(profile=EPSON, *more, name=None, **options):
        epson.reset()
        device = Plugged(port=epson.device.port, **options)
        bus = UsbBus(*more, device)
        return device, EscPosPrinter(UsbTransport(name, backend=bus), profile, QUICK)

    return plug


def test_a_receipt_comes_out_and_the_printer_is_given_back(plugged, epson):
    """The kernel's driver has it before and after; nothing is reset, for others may use its other interfaces."""
    device, printer = plugged()
    assert printer.send(JOB) == "yes"
    assert epson.jobs() == [JOB]
    assert epson.texts()[0].splitlines() == text_lines(SALE, EPSON)
    assert (device.is_claimed, device.kernel_has_it, device.resets) == (False, True, 0)


def test_the_only_printer_is_found_among_other_devices(plugged, epson):
    scanner = Plugged(vendor=0x0C2E, product=0x0B61, is_printer=False)
    _, printer = plugged(EPSON, scanner)
    assert printer.send(JOB) == "yes"
    assert len(epson.jobs()) == 1


def test_a_printer_is_found_by_vendor_product_and_serial_number(plugged, epson):
    other = Plugged(serial="OTHER")
    _, printer = plugged(EPSON, other, name=UsbName(vendor=0x04B8, product=0x0E28, serial="MINE"), serial="MINE")
    assert printer.send(JOB) == "yes"
    assert len(epson.jobs()) == 1


def test_several_that_fit_are_not_guessed_between(plugged):
    _, printer = plugged(EPSON, Plugged(serial="A"), serial="B")
    with pytest.raises(Unready) as refused:
        printer.send(JOB)
    assert refused.value.code == "printer_usb_several"


def test_status_and_drawer_go_over_the_cable(plugged, epson):
    _, printer = plugged()
    assert (printer.status().online, printer.status().paper) == ("yes", "enough")
    printer.open_drawer()
    assert epson.device.get("/state")["drawer"] == "open"


def test_a_one_way_printer_is_never_asked(plugged, epson):
    """No way back (protocol 1): silence proves nothing, and the receipt is printed unconfirmed."""
    _, printer = plugged(is_two_way=False)
    assert printer.status().online == "unknown"
    assert printer.send(JOB) == "unknown"
    assert eventually(epson.jobs) == [JOB]


@pytest.mark.parametrize("fault", ["unplugged", "no-permission"])
def test_a_printer_that_is_not_there_or_not_ours_is_unready(plugged, fault):
    """Fault 49: nothing was printed, and the sentence says what to look at."""
    _, printer = plugged(fault=fault)
    with pytest.raises(Unready) as refused:
        printer.send(JOB)
    assert refused.value.code == "printer_unreachable"
    assert "Nothing was printed" in refused.value.message
    assert printer.status().online == "no"


def test_a_printer_that_takes_nothing_has_printed_nothing(plugged, epson):
    """Fault 49: a printer without paper refuses the first byte; the receipt waits, and is no copy later."""
    device, printer = plugged(GENERIC, fault="takes-nothing", is_two_way=False)
    started = time.monotonic()
    with pytest.raises(Unready) as refused:
        printer.send(JOB)
    assert refused.value.code == "printer_takes_nothing"
    assert time.monotonic() - started < QUICK.write_ms / 1000 + 1
    device.fault = "none"
    printer.send(JOB)
    assert eventually(epson.jobs) == [JOB]


@pytest.mark.parametrize("fault", ["stops-within", "dies-within"])
def test_a_job_that_stops_halfway_leaves_doubt(plugged, epson, fault):
    """Fault 49: it re-enumerates or stops within a receipt: part of it is on paper, so nobody says "nothing"."""
    device, printer = plugged(GENERIC, fault=fault, is_two_way=False)
    with pytest.raises(Unsure) as doubt:
        printer.send(JOB)
    assert doubt.value.code == "printer_broke_off"
    assert eventually(epson.jobs)[0] == JOB[:100]
    device.fault = "none"
    assert printer.send(JOB) == "unknown"


def test_a_printer_that_another_program_holds_is_unready(plugged):
    device, printer = plugged()
    device.is_claimed = True
    with pytest.raises(Unready, match="busy"):
        printer.send(JOB)
    assert device.kernel_has_it


def test_a_serial_number_that_may_not_be_read_is_a_missing_permission(plugged):
    """Not "no such printer": it is there, and the rules in deploy/udev are what is missing."""
    _, printer = plugged(name=UsbName(serial="MINE"), serial="MINE", fault="no-permission")
    with pytest.raises(Unready, match="access denied"):
        printer.send(JOB)


def test_plugged_in_printers_are_listed_with_their_address():
    bus = UsbBus(Plugged(serial="S1"), Plugged(is_printer=False), Plugged(vendor=0x0519, fault="no-permission"))
    first, locked = list_printers(bus)
    assert (first.address, first.title, first.serial) == ("escpos+usb://04b8/0e28", "TM-T20III", "S1")
    assert (locked.address, locked.title) == ("escpos+usb://0519/0e28", "")
