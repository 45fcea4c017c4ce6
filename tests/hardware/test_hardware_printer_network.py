"""The network printer against the emulator: real sockets, every fault within its deadline (49, 50)."""

import itertools
import socket
import threading
import time
from pathlib import Path

import pytest
from emulated_device import Device, eventually
from msgspec.structs import replace
from PIL import Image
from sample_receipts import SALE

from hardware.drawer import wait_closed
from hardware.emulators.printer import FAULTS
from hardware.printer.encode import encode
from hardware.printer.jobs import EscPosPrinter
from hardware.printer.layout import text_lines
from hardware.printer.line import Deadlines
from hardware.printer.network import NetworkTransport
from hardware.printer.profiles import profile_named
from rig.programs import Program, all_stopped, module
from schema.errors import Refused, Unready, Unsure

GENERIC = profile_named("generic-80")
EPSON = profile_named("epson-tm-t20iii")
QUICK = Deadlines(turn_ms=10_000, connect_ms=1500, answer_ms=1000, write_ms=1500, confirm_ms=3000)
# The sum of every wait that one job may meet, and some for a busy machine.
SECONDS_MAX = 10.0


@pytest.fixture(scope="module")
def shared_devices(tmp_path_factory):
    """One process a profile for all tests that do not end it."""
    programs, devices = [], {}
    with all_stopped(programs):
        for profile in (EPSON, GENERIC):
            folder = tmp_path_factory.mktemp(profile.name)
            command = ["emulate", "printer", "--port", "0", "--folder", str(folder / "r"), "--profile", profile.name]
            programs.append(Program("printer", module("hardware", *command), folder))
            devices[profile.name] = (Device(programs[-1]), folder / "r")
        yield devices


@pytest.fixture
def shop(shared_devices):
    """An emulator as at its start but for a fault, a printer that talks to it, and its emptied folder."""

    def start(profile=EPSON, fault="none"):
        device, folder = shared_devices[profile.name]
        device.post("/reset")
        eventually(lambda: device.get("/state")["connections"] == 0)
        for file in folder.iterdir():
            file.unlink()
        device.post("/fault", fault=fault)
        return device, EscPosPrinter(NetworkTransport(device.host, device.port), profile, QUICK), folder

    return start


@pytest.fixture
def own_shop(emulate, tmp_path):
    """The same with a process of its own."""

    def start(profile=EPSON, fault="none"):
        folder = tmp_path / "receipts"
        device = emulate("printer", "--folder", str(folder), "--profile", profile.name, "--fault", fault)
        return device, EscPosPrinter(NetworkTransport(device.host, device.port), profile, QUICK), folder

    return start


def texts(folder: Path) -> list[str]:
    return [path.read_text() for path in sorted(folder.glob("*.txt"))]


def test_a_receipt_arrives_as_text_picture_and_bytes(shop):
    """GS ( H proves it: `yes` means that it is on paper when `send` returns."""
    _, printer, folder = shop()
    job = encode(SALE, EPSON)
    assert printer.send(job) == "yes"
    binary, image, text = sorted(folder.iterdir())
    assert {file.stem for file in (binary, image, text)} == {binary.stem}
    assert binary.read_bytes() == job
    assert text.read_text().splitlines() == text_lines(SALE, EPSON)
    with Image.open(image) as picture:
        assert picture.width > EPSON.width_dots
        darkest, lightest = picture.convert("L").getextrema()
    assert darkest < 80 < 240 < lightest


def test_a_model_without_proof_says_unknown(shop):
    """Status bytes come from the printer's head, not from its paper: no proof, so no `yes`."""
    _, printer, folder = shop(GENERIC)
    assert printer.send(encode(SALE, GENERIC)) == "unknown"
    assert eventually(lambda: len(texts(folder)) == 1)


def test_status_is_what_the_device_says(shop):
    device, printer, _ = shop()
    status = printer.status()
    assert (status.online, status.paper, status.cover_open, status.drawer_open) == ("yes", "enough", "no", "unknown")
    device.post("/fault", fault="paper-low")
    assert (printer.status().online, printer.status().paper) == ("yes", "low")
    device.post("/fault", fault="paper-out")
    assert (printer.status().online, printer.status().paper) == ("no", "out")
    device.post("/fault", fault="cover-open")
    assert (printer.status().online, printer.status().cover_open) == ("no", "yes")


def test_the_drawer_opens_and_its_sensor_is_read(shop):
    device, _, folder = shop()
    printer = EscPosPrinter(
        NetworkTransport(device.host, device.port), replace(EPSON, drawer_sensor="open_high"), QUICK
    )
    assert printer.status().drawer_open == "no"
    printer.open_drawer()
    assert device.get("/state")["drawer"] == "open"
    assert device.get("/state")["drawer_pulses"] == [[2, 50, 500]]
    assert printer.status().drawer_open == "yes"
    device.post("/drawer", open=False)
    assert printer.status().drawer_open == "no"
    assert texts(folder) == []


def test_a_stuck_drawer_costs_nothing(shop):
    """Fault 50: an open drawer stays open; the next receipt prints, one pulse per call, no loop."""
    device, printer, folder = shop()
    printer.open_drawer()
    printer.open_drawer()
    assert printer.send(encode(SALE, EPSON)) == "yes"
    assert len(device.get("/state")["drawer_pulses"]) == 2
    assert len(texts(folder)) == 1


@pytest.mark.parametrize(("sensor", "answer"), [("open_high", "yes"), ("none", "unknown")])
def test_a_shut_drawer_is_waited_for(shop, sensor, answer):
    """A till that asks for the drawer to be shut goes on as soon as it is; without a sensor it does not wait at all."""
    device, _, _ = shop()
    printer = EscPosPrinter(NetworkTransport(device.host, device.port), replace(EPSON, drawer_sensor=sensor), QUICK)
    printer.open_drawer()
    shutting = threading.Timer(0.4, device.post, ["/drawer"], {"open": False})
    shutting.start()
    started = time.monotonic()
    assert wait_closed(printer, wait_ms=8000, look_ms=50) == answer
    assert (time.monotonic() - started > 0.3) is (answer == "yes")
    shutting.join()


def test_an_open_drawer_is_not_waited_for_for_ever(shop):
    """Fault 50: stuck open, or its sensor is: the deadline ends the wait."""
    device, _, _ = shop()
    printer = EscPosPrinter(
        NetworkTransport(device.host, device.port), replace(EPSON, drawer_sensor="open_high"), QUICK
    )
    printer.open_drawer()
    started = time.monotonic()
    assert wait_closed(printer, wait_ms=300, look_ms=50) == "no"
    assert time.monotonic() - started < SECONDS_MAX
    device.post("/fault", fault="off")
    assert wait_closed(printer, wait_ms=300) == "unknown"


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("off", "printer_unreachable"),
        ("mute", "printer_mute"),
        ("half-open", "printer_mute"),
        ("paper-out", "printer_paper_out"),
        ("cover-open", "printer_cover_open"),
    ],
)
def test_a_printer_that_cannot_print_is_refused_before_the_first_byte(shop, fault, code):
    """Fault 49: Unready within its deadline, nothing on paper, and the same receipt prints once when it is back."""
    device, printer, folder = shop(EPSON, fault)
    started = time.monotonic()
    with pytest.raises(Unready) as refused:
        printer.send(encode(SALE, EPSON))
    assert time.monotonic() - started < SECONDS_MAX
    assert refused.value.code == code
    assert len(refused.value.message) > 40
    device.post("/fault", fault="none")
    assert printer.send(encode(SALE, EPSON)) == "yes"
    assert len(texts(folder)) == 1


def test_a_mute_printer_that_may_be_mute_prints_unconfirmed(shop):
    """Many clones never answer: the receipt is printed and called unknown, in bounded time."""
    _, printer, folder = shop(GENERIC, "mute")
    started = time.monotonic()
    assert printer.send(encode(SALE, GENERIC)) == "unknown"
    assert time.monotonic() - started < SECONDS_MAX
    assert eventually(lambda: len(texts(folder)) == 1)


@pytest.mark.parametrize("profile", [EPSON, GENERIC], ids=["confirming", "plain"])
def test_a_printer_that_dies_mid_receipt_leaves_doubt(shop, profile):
    """Fault 49: part of it is on paper, so the error is Unsure and the next print will be a copy."""
    _, printer, folder = shop(profile, "dies-mid-receipt")
    with pytest.raises(Unsure) as doubt:
        printer.send(encode(SALE, profile))
    assert doubt.value.code == "printer_broke_off"
    half = eventually(lambda: texts(folder))
    assert "Sample Shop" in half[0]
    assert "TOTAL" not in half[0]


def test_paper_that_ends_within_a_receipt_leaves_doubt(shop):
    """Fault 49: it began to print, so nobody may say that nothing was printed."""
    _, printer, _ = shop(EPSON, "runs-out")
    with pytest.raises(Unsure) as doubt:
        printer.send(encode(SALE, EPSON))
    assert doubt.value.code == "printer_paper_out"


def test_what_waits_for_paper_is_printed_when_it_comes(shop):
    device, _, folder = shop(EPSON, "runs-out")
    line = socket.create_connection((device.host, device.port), timeout=2)
    with line:
        line.sendall(encode(SALE, EPSON))
        assert eventually(lambda: device.get("/state")["fault"] == "paper-out")
        assert texts(folder) == []
        device.post("/fault", fault="none")
        assert eventually(lambda: len(texts(folder)) == 1)
    assert texts(folder)[0].splitlines() == text_lines(SALE, EPSON)


def test_a_printer_that_hangs_up_on_idle_connections_loses_nothing(shop):
    """A connection per job: the receipt after a pause is not swallowed."""
    _, printer, folder = shop(EPSON, "closes-idle")
    for count in (1, 2):
        assert printer.send(encode(SALE, EPSON)) == "yes"
        assert len(texts(folder)) == count
        time.sleep(0.4)


def test_a_half_open_printer_does_not_hold_a_big_job_for_ever(own_shop):
    """The kernel's buffers take a receipt; a long report fills them, and the write has a deadline too."""
    _, printer, _ = own_shop(GENERIC, "half-open")
    started = time.monotonic()
    with pytest.raises(Unsure):
        printer.send(encode(SALE, GENERIC) * 20_000)
    assert time.monotonic() - started < SECONDS_MAX


def test_an_address_that_swallows_connections_is_given_up():
    """A printer whose only session another till holds: connecting itself has a deadline."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
            fillers.append(filler)
        started = time.monotonic()
        with pytest.raises(Unready) as refused:
            EscPosPrinter(NetworkTransport("127.0.0.1", full.getsockname()[1]), EPSON, QUICK).send(b"x")
        assert time.monotonic() - started < SECONDS_MAX
        assert refused.value.code in ("printer_unreachable", "printer_mute")
        for filler in fillers:
            filler.close()


def test_two_threads_do_not_mix_their_receipts(shop):
    """Jobs queue for one printer; each comes out whole."""
    _, printer, folder = shop()
    jobs = [encode(SALE, EPSON)] * 6
    threads = [threading.Thread(target=printer.send, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert {tuple(text.splitlines()) for text in texts(folder)} == {tuple(text_lines(SALE, EPSON))}
    assert len(texts(folder)) == len(jobs)


def test_a_job_waits_its_turn_and_no_longer(shop):
    """A printer that keeps one thread waiting does not keep the next one for ever."""
    device, _, _ = shop(EPSON, "mute")
    printer = EscPosPrinter(
        NetworkTransport(device.host, device.port), EPSON, replace(QUICK, turn_ms=100, answer_ms=1500)
    )
    first = threading.Thread(target=printer.status)
    first.start()
    time.sleep(0.2)
    with pytest.raises(Unready) as refused:
        printer.send(b"x")
    assert refused.value.code == "printer_busy"
    assert printer.status().online == "unknown"
    first.join(timeout=5)


def test_status_of_nothing_is_not_online(unused_port):
    assert EscPosPrinter(NetworkTransport("127.0.0.1", unused_port), EPSON, QUICK).status().online == "no"


@pytest.fixture
def unused_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    return port


def test_the_emulator_numbers_on_after_a_restart(own_shop, emulate):
    """Receipts of an earlier run are not written over."""
    device, printer, folder = own_shop()
    printer.send(encode(SALE, EPSON))
    device.program.stop()
    again = emulate("printer", "--folder", str(folder), "--profile", EPSON.name)
    EscPosPrinter(NetworkTransport(again.host, again.port), EPSON, QUICK).send(encode(SALE, EPSON))
    assert sorted(path.name for path in folder.iterdir()) == [
        f"{number}.{kind}" for number, kind in itertools.product(("0001", "0002"), ("bin", "png", "txt"))
    ]


def test_the_emulator_refuses_unknown_faults_and_reports_unknown_commands(shop):
    device, _, _ = shop()
    with pytest.raises(OSError, match="400"):
        device.post("/fault", fault="on-fire")
    with socket.create_connection((device.host, device.port), timeout=2) as line:
        line.sendall(b"\x1b@\x1bZabc\n")
    assert eventually(lambda: device.get("/state")["unknown_commands"]) == ["1b 5a"]
    assert set(FAULTS) >= {"none", "off", "mute", "half-open", "paper-out", "cover-open", "dies-mid-receipt"}


def test_the_emulator_ends_on_sigterm_and_keeps_what_was_begun(own_shop):
    device, _, folder = own_shop()
    with socket.create_connection((device.host, device.port), timeout=2) as line:
        line.sendall(b"\x1b@begun\n\x10\x04\x01")
        assert line.recv(1) == b"\x12"
        device.program.process.terminate()
        assert device.program.process.wait(10) == 0
    assert texts(folder) == ["begun\n"]


def test_unknown_faults_at_the_start_are_refused():
    from hardware.emulators.printer import _fault_named

    with pytest.raises(Refused, match="paper-out"):
        _fault_named("on-fire")
