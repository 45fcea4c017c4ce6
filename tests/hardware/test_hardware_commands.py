"""The commands: `emulate`, `doctor` and `profiles` as a shop or a script meets them."""

import json
import subprocess
import sys
import time

import pytest

from hardware.__main__ import main


def run(*arguments, seconds=60):
    command = [sys.executable, "-m", "hardware", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)


@pytest.fixture
def typed(monkeypatch, capsys, tmp_path):
    """Run a command in this process, as its entry point does; return exit code, standard output and error."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["hardware", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code or 0, said.out, said.err

    return call


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["emulate", "--help"],
        ["emulate", "printer", "--help"],
        ["emulate", "terminal", "--help"],
        ["doctor", "--help"],
        ["test-page", "--help"],
        ["profiles", "--help"],
        ["label", "--help"],
        ["learn-scanner", "--help"],
        ["emulate", "display", "--help"],
        ["emulate", "label-printer", "--help"],
    ],
)
def test_every_command_has_help(typed, arguments):
    code, said, _ = typed(*arguments)
    assert code == 0
    assert "Usage" in said


def test_profiles_are_listed():
    assert "generic-80" in run("profiles").stdout
    listed = json.loads(run("profiles", "--json").stdout)
    assert {"generic-80", "generic-58", "epson-tm-t20iii"} <= {profile["name"] for profile in listed}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["doctor", "--settings", "no-such.toml"], 1, "no-such.toml"),
        (["doctor", "--printer", "usb://x"], 1, "not well"),
        (["emulate", "printer", "--port", "70000"], 2, "65535"),
        (["emulate", "printer", "--port", "0", "--fault", "on-fire"], 1, "no fault"),
        (["emulate", "printer", "--port", "0", "--profile", "laser"], 1, "no printer profile"),
        (["emulate", "terminal", "--port", "0", "--mode", "generous"], 1, "no mode"),
        (["emulate", "terminal", "--port", "0", "--policy", "maybe"], 1, "no policy"),
    ],
)
def test_wrong_use_ends_with_a_reason(typed, arguments, code, said):
    ended, _, error = typed(*arguments)
    assert (ended, said in error) == (code, True)


def test_a_port_in_use_is_a_sentence(emulate, tmp_path):
    device = emulate("terminal", "--file", str(tmp_path / "terminal.json"))
    done = run("emulate", "terminal", "--port", str(device.port), "--file", str(tmp_path / "other.json"))
    assert done.returncode == 1
    assert "Not possible" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("kind", "option"), [("printer", "--fault"), ("terminal", "--mode")])
def test_faults_and_modes_can_be_listed(typed, kind, option):
    code, said, _ = typed("emulate", kind, option, "help")
    assert code == 0
    assert len(said.splitlines()) >= 10


def test_doctor_finds_healthy_devices(emulate, tmp_path):
    printer = emulate("printer", "--folder", str(tmp_path / "r"), "--profile", "epson-tm-t20iii")
    terminal = emulate("terminal", "--file", str(tmp_path / "terminal.json"))
    addresses = [
        "--printer",
        f"escpos+tcp://127.0.0.1:{printer.port}?profile=epson-tm-t20iii",
        "--terminal",
        f"zvt://127.0.0.1:{terminal.port}?password=000000",
        "--scanner",
        "wedge:",
    ]
    done = run("doctor", *addresses, "--json")
    findings = json.loads(done.stdout)
    assert done.returncode == 0
    assert [(each["device"], each["state"]) for each in findings][:3] == [
        ("printer", "ok"),
        ("terminal", "ok"),
        ("scanner", "ok"),
    ]
    assert findings[0]["facts"]["paper"] == "enough"
    assert "password" not in done.stdout
    assert terminal.get("/state")["payments_asked"] == 0
    assert printer.get("/state")["receipts"] == 0


def test_doctor_says_what_is_wrong_in_words(emulate, tmp_path):
    printer = emulate("printer", "--folder", str(tmp_path / "r"), "--fault", "paper-out")
    terminal = emulate("terminal", "--file", str(tmp_path / "terminal.json"), "--mode", "busy")
    started = time.monotonic()
    done = run(
        "doctor",
        "--printer",
        f"escpos+tcp://127.0.0.1:{printer.port}",
        "--terminal",
        f"zvt://127.0.0.1:{terminal.port}",
        "--scanner",
        "serial:///dev/no-scanner",
    )
    assert done.returncode == 1
    assert "no paper" in done.stdout
    assert "busy" in done.stdout
    assert "/dev/no-scanner cannot be reached" in done.stdout
    assert time.monotonic() - started < 20


def test_a_test_page_is_printed(emulate, tmp_path):
    """What an installer looks at: every character of the page that matters, codes, cut and drawer."""
    printer = emulate("printer", "--folder", str(tmp_path / "r"))
    done = run("test-page", "--printer", f"escpos+tcp://127.0.0.1:{printer.port}", "--drawer")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "r" / "0001.txt").read_text()
    assert "€ ä ö ü Ä Ö Ü ß" in text
    assert printer.get("/state")["drawer"] == "open"
    printer.post("/fault", fault="cover-open")
    done = run("test-page", "--printer", f"escpos+tcp://127.0.0.1:{printer.port}")
    assert (done.returncode, "cover is open" in done.stderr) == (1, True)


def test_a_printer_with_a_serial_port(emulate, tmp_path):
    """For a demo on one machine: the emulator's serial end is a link that a till's address can name."""
    link = tmp_path / "printer-port"
    emulate("printer", "--folder", str(tmp_path / "r"), "--serial-link", str(link))
    done = run("test-page", "--printer", f"escpos+serial://{link}?flow=none")
    assert done.returncode == 0, done.stderr
    assert "€ ä ö ü" in (tmp_path / "r" / "0001.txt").read_text()


def test_a_label_is_printed(emulate):
    labels = emulate("label-printer")
    address = f"zpl+tcp://127.0.0.1:{labels.port}"
    wanted = ["--name", "Käse", "--price", "3,99 €", "--code", "2000000000015", "--copies", "2"]
    done = run("label", "--printer", address, *wanted)
    assert done.returncode == 0, done.stderr
    (label,) = labels.get("/labels")
    assert (label["copies"], {field["data"] for field in label["fields"]}) == (2, {"Käse", "3,99 €", "200000000001"})
    labels.post("/fault", fault="head-open")
    done = run("label", "--printer", address, *wanted)
    assert (done.returncode, "is open" in done.stderr) == (1, True)


def test_a_scanner_that_nobody_scans_with(typed):
    """Where python-evdev or a device is missing, and where nothing is scanned: a sentence and exit code 1."""
    code, _, error = typed("learn-scanner", "--seconds", "1")
    assert code == 1
    assert "Nothing was scanned" in error or "python-evdev" in error
