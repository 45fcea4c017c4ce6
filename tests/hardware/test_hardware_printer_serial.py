"""The serial printer on a pseudo-terminal, and the printer behind a file: the emulator prints what comes through."""

import os
import pty
import threading
import time
import tty

import pytest
from emulated_device import eventually
from printer_shop import QUICK, shop_of
from sample_receipts import SALE

from hardware.emulators.cable import SerialCable
from hardware.printer.device_file import FileTransport
from hardware.printer.encode import drawer_pulse, encode
from hardware.printer.jobs import EscPosPrinter
from hardware.printer.profiles import profile_named
from hardware.printer.serial_port import SerialTransport
from schema.errors import Unready, Unsure

EPSON = profile_named("epson-tm-t20iii")
GENERIC = profile_named("generic-80")
JOB = encode(SALE, EPSON)


@pytest.fixture(scope="module")
def epson(tmp_path_factory):
    with shop_of(EPSON.name, tmp_path_factory.mktemp("serial")) as shop:
        yield shop


@pytest.fixture
def cabled(epson, tmp_path):
    """An emulator with a fault on a serial cable, and the driver at the cable's other end."""
    cables = []

    def plug(profile=EPSON, fault="none", flow="none"):
        epson.reset(fault)
        cables.append(SerialCable(tmp_path / "printer", epson.device.host, epson.device.port))
        cables[-1].start()
        return EscPosPrinter(SerialTransport(str(tmp_path / "printer"), baud=38400, flow=flow), profile, QUICK)

    yield plug
    for cable in cables:
        cable.stop()


@pytest.mark.parametrize("flow", ["none", "xon"])
def test_a_receipt_goes_through_the_cable_byte_for_byte(cabled, epson, flow):
    printer = cabled(flow=flow)
    assert printer.send(JOB) == "yes"
    assert epson.jobs() == [JOB]


def test_status_and_drawer_go_through_the_cable(cabled, epson):
    printer = cabled()
    assert (printer.status().online, printer.status().paper, printer.status().cover_open) == ("yes", "enough", "no")
    printer.open_drawer()
    assert epson.device.get("/state")["drawer"] == "open"


@pytest.mark.parametrize(
    ("fault", "code"),
    [("off", "printer_mute"), ("mute", "printer_mute"), ("paper-out", "printer_paper_out")],
)
def test_a_serial_printer_that_cannot_print_is_refused_before_the_first_byte(cabled, epson, fault, code):
    """Fault 49: a serial line without a partner takes every byte, so only the answer tells."""
    printer = cabled(fault=fault)
    with pytest.raises(Unready) as refused:
        printer.send(JOB)
    assert refused.value.code == code
    epson.device.post("/fault", fault="none")
    assert printer.send(JOB) == "yes"
    assert len(epson.jobs()) == 1


def test_a_serial_printer_that_dies_mid_receipt_leaves_doubt_or_no_proof(cabled, epson):
    """Fault 49: no answer to the proof and none afterwards; then the receipt is not called printed."""
    printer = cabled(fault="dies-mid-receipt")
    assert printer.send(JOB) != "yes"
    assert "TOTAL" not in eventually(epson.texts)[0]


def test_a_printer_that_stops_taking_data_does_not_hold_the_till(tmp_path):
    """A line that nobody reads: the write has its deadline, and closing the port does not wait for the rest."""
    ours, computers = pty.openpty()
    tty.setraw(computers)
    printer = EscPosPrinter(SerialTransport(os.ttyname(computers), flow="none"), GENERIC, QUICK)
    started = time.monotonic()
    with pytest.raises(Unsure) as doubt:
        printer.send(JOB * 100)
    assert doubt.value.code == "printer_broke_off"
    assert time.monotonic() - started < (QUICK.answer_ms + QUICK.write_ms) / 1000 + 1.5
    os.close(ours)
    os.close(computers)


def test_a_port_that_is_not_there_is_unready(tmp_path):
    printer = EscPosPrinter(SerialTransport(str(tmp_path / "nothing")), GENERIC, QUICK)
    with pytest.raises(Unready) as refused:
        printer.send(JOB)
    assert refused.value.code == "printer_unreachable"
    assert printer.status().online == "no"


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_device_file_that_answers_confirms(cabled, epson):
    """As the kernel's /dev/usb/lp0 does: bytes go and come through one file."""
    cabled()
    link = epson.folder.parent / "lp0"
    cable = SerialCable(link, epson.device.host, epson.device.port)
    cable.start()
    try:
        printer = EscPosPrinter(FileTransport(link), EPSON, QUICK)
        assert printer.status().online == "yes"
        assert printer.send(JOB) == "yes"
        assert epson.jobs() == [JOB]
    finally:
        cable.stop()


def test_jobs_are_appended_to_a_file(tmp_path):
    printer = EscPosPrinter(FileTransport(tmp_path / "jobs.bin"), EPSON, QUICK)
    assert printer.send(JOB) == "unknown"
    printer.open_drawer()
    assert (tmp_path / "jobs.bin").read_bytes() == JOB + drawer_pulse(EPSON)


def test_a_mistyped_folder_is_unready(tmp_path):
    with pytest.raises(Unready) as refused:
        EscPosPrinter(FileTransport(tmp_path / "no-folder" / "lp0"), EPSON, QUICK).send(JOB)
    assert refused.value.code == "printer_unreachable"


def test_a_pipe_that_nobody_reads_is_unready_and_a_full_one_in_doubt(tmp_path):
    """The printer takes nothing: nothing was printed. It took a part: look at the paper."""
    os.mkfifo(tmp_path / "lp0")
    printer = EscPosPrinter(FileTransport(tmp_path / "lp0"), GENERIC, QUICK)
    with pytest.raises(Unready):
        printer.send(JOB)
    reader = os.open(tmp_path / "lp0", os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(Unsure):
        printer.send(JOB * 200)
    os.close(reader)


def test_a_full_pipe_that_takes_not_one_byte_has_printed_nothing(tmp_path):
    os.mkfifo(tmp_path / "lp0")
    reader = os.open(tmp_path / "lp0", os.O_RDONLY | os.O_NONBLOCK)
    filler = os.open(tmp_path / "lp0", os.O_WRONLY | os.O_NONBLOCK)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(filler, bytes(4096))
    printer = EscPosPrinter(FileTransport(tmp_path / "lp0"), GENERIC, QUICK)
    with pytest.raises(Unready) as refused:
        printer.send(JOB)
    assert refused.value.code == "printer_takes_nothing"
    os.close(filler)
    os.close(reader)


def test_a_pipe_is_waited_for_while_its_reader_is_slow(tmp_path):
    os.mkfifo(tmp_path / "lp0")
    reader = os.open(tmp_path / "lp0", os.O_RDONLY | os.O_NONBLOCK)
    got = bytearray()

    def read_slowly():
        time.sleep(0.3)
        while len(got) < len(JOB) * 100:
            try:
                got.extend(os.read(reader, 65536))
            except BlockingIOError:
                time.sleep(0.01)

    thread = threading.Thread(target=read_slowly)
    thread.start()
    assert EscPosPrinter(FileTransport(tmp_path / "lp0"), GENERIC, QUICK).send(JOB * 100) == "unknown"
    thread.join(timeout=5)
    assert bytes(got) == JOB * 100
    os.close(reader)
