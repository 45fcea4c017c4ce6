"""The doctor: what it finds at real emulators and missing devices, in words with a meaning and a thing to do."""

import ast
import errno
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from printer_shop import shop_of

from hardware import doctor
from hardware.display.page import PageDisplay
from hardware.doctor import Devices, Finding, check, in_words
from hardware.emulators.label_printer import LabelPrinterEmulator
from hardware.emulators.line_display import LineDisplayEmulator
from hardware.emulators.usb_bus import Plugged, UsbBus
from hardware.printer import usb
from hardware.printer.line import REASONS, reason_of
from hardware.printer.profiles import PROFILES
from hardware.terminal.wording import READINESS_WORDS, UNREADY_CODE

EPSON = "epson-tm-t20iii"


@pytest.fixture(scope="module")
def epson(tmp_path_factory):
    with shop_of(EPSON, tmp_path_factory.mktemp("doctor")) as shop:
        yield shop


def look(**devices) -> Finding:
    (found,) = check(Devices(**devices))
    return found


@pytest.mark.parametrize(
    ("fault", "state", "words"),
    [
        ("none", "ok", "Ready (Epson"),
        ("paper-low", "warn", "nearly at its end"),
        ("paper-out", "fail", "no paper"),
        ("cover-open", "fail", "cover is open"),
        ("mute", "fail", "does not answer"),
        ("off", "fail", "takes no jobs"),
    ],
)
def test_a_printer_is_told_as_it_is(epson, fault, state, words):
    """Fault 49 for whoever installs: every state has its own words, and what is wrong has a thing to do."""
    epson.reset(fault)
    found = look(printer=f"escpos+tcp://127.0.0.1:{epson.device.port}?profile={EPSON}")
    assert (found.device, found.state) == ("printer", state)
    assert words in found.text
    assert "{" not in found.text
    assert bool(found.do) is (state != "ok")
    assert "?" not in found.address
    assert epson.jobs() == []


def test_a_printer_that_may_be_silent_is_no_fault_and_no_proof(epson):
    epson.reset("mute")
    found = look(printer=f"escpos+tcp://127.0.0.1:{epson.device.port}?profile=generic-80")
    assert (found.state, "test page" in found.do) == ("warn", True)


@pytest.mark.parametrize(
    ("fault", "state", "words"),
    [("none", "ok", "Ready"), ("no-permission", "fail", "deploy/udev"), ("unplugged", "fail", "no such printer")],
)
def test_a_usb_printer(epson, monkeypatch, fault, state, words):
    """On the emulated bus in libusb's place: permission is told apart from absence."""
    epson.reset()
    bus = UsbBus(Plugged(port=epson.device.port, fault=fault))
    monkeypatch.setattr(usb, "system_backend", lambda: bus)
    found = look(printer=f"escpos+usb://04b8/0e28?profile={EPSON}")
    assert (found.state, words in found.text) == (state, True)


def test_what_is_plugged_in_is_listed_with_its_address(monkeypatch):
    monkeypatch.setattr(usb, "system_backend", lambda: UsbBus(Plugged(), Plugged(is_printer=False)))
    found = [each for each in doctor.look_around() if each.device == "printer"]
    assert [(each.address, each.state) for each in found] == [("escpos+usb://04b8/0e28", "warn")]
    assert "TM-T20III is plugged in" in found[0].text
    named = doctor.look_around(Devices(printer="escpos+usb:"))
    assert [each for each in named if each.device == "printer"] == []


def test_a_serial_port_that_is_held_is_a_note(tmp_path):
    """The till itself holds it while it runs: that is no fault."""
    display = LineDisplayEmulator(tmp_path / "port")
    display.start()
    try:
        assert look(scanner=f"serial://{tmp_path}/port").state == "ok"
        import serial

        with serial.Serial(str(tmp_path / "port"), exclusive=True):
            for device in ("scanner", "display"):
                scheme = "serial" if device == "scanner" else "line+serial"
                found = look(**{device: f"{scheme}://{tmp_path}/port"})
                assert (found.state, "in use" in found.text) == ("warn", True)
    finally:
        display.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can become somebody who may not")
def test_a_missing_permission_is_named(tmp_path):
    """Asked by a user who may not: the rules in deploy/udev are the answer."""
    display = LineDisplayEmulator(tmp_path / "port")
    display.start()
    # Everything is imported by the first look, for nobody may not even read the interpreter's own files here.
    code = (
        "import os\n"
        "from hardware.doctor import Devices, check\n"
        f"devices = Devices(scanner='serial://{tmp_path}/port')\n"
        "assert 'is there' in check(devices)[0].text\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "print(check(devices)[0].text)"
    )
    try:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    finally:
        display.stop()
    assert "deploy/udev" in done.stdout, done.stderr


def test_a_page_that_is_served_and_one_that_is_not():
    page = PageDisplay(port=0)
    page.start(lambda fault: None)
    address = page.url.replace("http", "page").rstrip("/")
    assert f"Open {page.url}" in look(display=address).text
    page.stop()
    assert "not shown now" in look(display=address).text


@pytest.mark.parametrize(
    ("fault", "state"), [("none", "ok"), ("mute", "ok"), ("paper-out", "fail"), ("paused", "fail")]
)
def test_a_label_printer(fault, state):
    emulator = LabelPrinterEmulator(port=0, fault=fault)
    emulator.start()
    try:
        assert look(labels=f"zpl+tcp://127.0.0.1:{emulator.facts()['port']}").state == state
        assert emulator.labels == []
    finally:
        emulator.stop()


@pytest.mark.parametrize("device", Devices.__struct_fields__)
def test_a_bad_address_is_a_finding_and_no_crash(device):
    found = look(**{device: "nonsense://x?password=123456"})
    assert (found.device, found.state) == (device, "fail")
    assert "123456" not in found.text + found.address


@pytest.mark.parametrize("device", Devices.__struct_fields__)
def test_no_device_is_well(device):
    assert look(**{device: "none:"}).state == "ok"


def test_all_devices_are_checked_in_order():
    found = check(Devices(printer="none:", terminal="none:", scanner="wedge:", display="none:", labels="none:"))
    assert [each.device for each in found] == list(Devices.__struct_fields__)
    assert check(Devices()) == ()


def test_a_till_s_settings_are_taken(tmp_path):
    """The installer names the till's file instead of every address; what is said on the command line counts more."""
    (tmp_path / "till.toml").write_text('printer = "none:"\nscanner = "serial:///dev/nothing"\nlanguage = "de"\n')
    command = [sys.executable, "-m", "hardware", "doctor", "--settings", str(tmp_path / "till.toml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "No printer is set up." in done.stdout
    assert "/dev/nothing cannot be reached" in done.stdout
    done = subprocess.run([*command, "--scanner", "wedge:"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


def test_the_doctor_prints_a_page(epson):
    epson.reset()
    address = f"escpos+tcp://127.0.0.1:{epson.device.port}?profile={EPSON}"
    command = [sys.executable, "-m", "hardware", "doctor", "--printer", address, "--test-page"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "Printed." in done.stdout) == (0, True)
    assert "€ ä ö ü" in epson.texts()[0]


# --- languages -------------------------------------------------------------------------------------------------------


def texts_of_the_doctor():
    """Return every text that a finding can have: the doctor's own, the drivers' reasons and advice, a terminal's."""
    home = Path(doctor.__file__).parent
    rooms = [
        Path(doctor.__file__),
        *(room for name in ("printer", "scanner", "display") for room in (home / name).glob("*.py")),
    ]
    said = {text for room in rooms for text in _said(ast.parse(room.read_text()))} - {""}
    models = {each.title for each in PROFILES.values() if each.name.startswith("generic")}
    return said | models | {*REASONS.values(), *READINESS_WORDS.values(), UNREADY_CODE}


def _said(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("_ok", "_warn", "_fail", "_not_opened"):
            parts = [*node.args, *(each.value for each in node.keywords if each.arg in ("what", "meaning", "do"))]
            yield from (part.value for part in parts if isinstance(part, ast.Constant))
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "advice":
            yield node.value.value
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("OSError", "ConnectionError"):
            yield from (part.value for part in node.args if isinstance(getattr(part, "value", None), str))
        elif isinstance(node, ast.FunctionDef) and node.name == "reason_of":
            yield from (each.value.value for each in ast.walk(node) if _is_text(each))


def _is_text(node):
    return isinstance(node, ast.Return) and isinstance(node.value, ast.Constant)


@pytest.mark.parametrize("language", doctor.TRANSLATED)
def test_a_language_says_everything_and_nothing_that_is_gone(language):
    texts, words = texts_of_the_doctor(), doctor._catalogue(language)
    assert len(texts) > 40
    assert texts - set(words) == set(), "not translated"
    assert set(words) - texts == set(), "translated, but said nowhere any more"
    for text, translated in words.items():
        assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", translated)), text


def test_a_finding_is_said_in_the_language_of_the_till(epson):
    epson.reset("paper-out")
    found = look(printer=f"escpos+tcp://127.0.0.1:{epson.device.port}?profile={EPSON}")
    assert in_words(found, "de") == (
        "Das Papier ist leer.",
        "Bons warten in der Warteschlange.",
        "Eine neue Rolle einlegen.",
    )
    assert in_words(found, "nl")[0] == "Het papier is op."
    assert in_words(found, "en")[0] == "It has no paper."
    missing = in_words(look(scanner="serial:///dev/nothing"), "de")[0]
    assert missing == "/dev/nothing ist nicht erreichbar: dieses Gerät gibt es nicht."


@pytest.mark.parametrize(
    ("error", "reason", "german"),
    [
        (TimeoutError("timed out"), "no answer", "keine Antwort"),
        (OSError(errno.EHOSTUNREACH, os.strerror(errno.EHOSTUNREACH)), "no way leads to it", "kein Weg im Netz"),
        (socket.gaierror(-2, "Name or service not known"), "nobody on the network has this name", "niemand im Netz"),
        (OSError("no such printer is plugged in"), "no such printer is plugged in", "nicht angesteckt"),
        (OSError(errno.EMFILE, "Too many open files"), "too many open files", "too many open files"),
    ],
)
def test_why_a_line_failed_is_said_in_words_of_the_language(error, reason, german):
    """What is rare stays in the system's own words."""
    assert reason_of(error) == reason
    found = doctor._not_opened(error, "USB", "", "")
    assert german in in_words(found, "de")[0]


def test_a_sentence_with_braces_is_said_as_it_is():
    """An address may hold any sign; it is no template."""
    assert "{x}" in look(printer="escpos+tcp://{x}/y").text


def test_a_port_without_anybody_is_reached_in_time():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert look(printer=f"escpos+tcp://127.0.0.1:{port}").state == "fail"
