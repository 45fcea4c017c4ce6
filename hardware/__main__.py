"""`python -m hardware`: emulators, a check of the devices, and the known printers."""

import json
import sys
import tomllib
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer

from hardware import connect
from hardware import doctor as device_doctor
from hardware.ports import ShelfLabel
from hardware.printer.profiles import DEFAULT, PROFILES, profile_named
from schema.ending import Ending
from schema.errors import CounterfoilError, Unready
from schema.scrub import scrub_logs

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Devices of the till: emulators and checks.")
emulate = typer.Typer(no_args_is_help=True, help="Run a device as a program that listens where the real one would.")
app.add_typer(emulate, name="emulate")

Host = Annotated[str, typer.Option(help="Address to listen on; the default keeps it on this machine.")]
ControlPort = Annotated[
    int, typer.Option(min=0, max=65535, help="Loopback HTTP port to change it; 0 takes a free one.")
]


class Emulator(Protocol):
    """What a running emulator offers to its program."""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def facts(self) -> dict[str, Any]: ...


@emulate.command("printer")
def emulate_printer(
    *,
    folder: Annotated[Path, typer.Option(help="Receipts go here: 0001.txt, 0001.png, 0001.bin, ….")] = Path("receipts"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 9100,
    host: Host = "127.0.0.1",
    control_port: ControlPort = 0,
    profile: Annotated[str, typer.Option(help="The model that it plays.")] = DEFAULT,
    fault: Annotated[str, typer.Option(help="Begin with a fault; `--fault help` lists them.")] = "none",
    drawer_seconds: Annotated[float, typer.Option(min=0, help="The drawer shuts by itself; 0: never.")] = 0.0,
    serial_link: Annotated[Path | None, typer.Option(help="Give it a serial port too: a link that is made.")] = None,
) -> None:
    """A network receipt printer with a drawer: text, PNG and bytes of every receipt, faults on demand."""
    from hardware.emulators.printer import FAULTS, Options, PrinterEmulator
    from hardware.emulators.receipts import ReceiptFolder

    _list_and_end(fault, FAULTS)
    options = Options(host=host, port=port, control_port=control_port, fault=fault, drawer_open_s=drawer_seconds)
    model = profile_named(profile)
    _run("printer", PrinterEmulator(ReceiptFolder(folder, model), model, options, serial_link))


@emulate.command("display")
def emulate_display(
    *,
    link: Annotated[Path, typer.Option(help="The serial port that it hangs on: a link that is made.")],
    control_port: ControlPort = 0,
) -> None:
    """A customer display of two lines: what stands on it is at the control port's /state."""
    from hardware.emulators.line_display import LineDisplayEmulator

    _run("display", LineDisplayEmulator(link, control_port))


@emulate.command("label-printer")
def emulate_label_printer(
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 9100,
    host: Host = "127.0.0.1",
    control_port: ControlPort = 0,
    fault: Annotated[str, typer.Option(help="Begin with a fault; `--fault help` lists them.")] = "none",
) -> None:
    """A label printer that speaks ZPL: what it printed is at the control port's /labels."""
    from hardware.emulators.label_printer import FAULTS, LabelPrinterEmulator

    _list_and_end(fault, FAULTS)
    _run("label-printer", LabelPrinterEmulator(host, port, control_port, fault))


@emulate.command("terminal")
def emulate_terminal(
    *,
    file: Annotated[Path, typer.Option(help="Its memory: charges and last transaction.")] = Path("terminal.json"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 20007,
    host: Host = "127.0.0.1",
    control_port: ControlPort = 0,
    mode: Annotated[str, typer.Option(help="How payments go; `--mode help` lists them.")] = "ok",
    policy: Annotated[str, typer.Option(help="After a result that nobody acknowledged: keep or reverse.")] = "keep",
    card_delay: Annotated[float, typer.Option(min=0, help="Seconds until the card is presented.")] = 1.0,
    patience: Annotated[float, typer.Option(min=0, help="Seconds it waits for a card that never comes.")] = 30.0,
    split_bytes: Annotated[bool, typer.Option(help="Send every byte in a segment of its own.")] = False,
) -> None:
    """A ZVT card terminal: approves, declines, falls silent or breaks off, and remembers whom it charged."""
    from hardware.emulators.terminal import TerminalEmulator
    from hardware.emulators.terminal_modes import MODES, Options

    _list_and_end(mode, MODES)
    options = Options(
        host=host,
        port=port,
        control_port=control_port,
        mode=mode,
        policy=policy,
        card_delay_s=card_delay,
        patience_s=patience,
        split_bytes=split_bytes,
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    _run("terminal", TerminalEmulator(file, options))


@emulate.command("fiscal")
def emulate_fiscal(
    *,
    folder: Annotated[Path, typer.Option(help="Its key and what it signed.")] = Path("fiscal"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 20100,
    host: Host = "127.0.0.1",
    control_port: ControlPort = 0,
    mode: Annotated[str, typer.Option(help="How it answers; `--mode help` lists them.")] = "ok",
    delay: Annotated[float, typer.Option(min=0, help="Seconds that it takes in the mode “slow”.")] = 3.0,
) -> None:
    """A fiscal unit: signs and counts in software, certified by nobody; fails or falls silent on demand."""
    from hardware.emulators.fiscal import MODES, FiscalEmulator, Options

    _list_and_end(mode, MODES)
    options = Options(host=host, port=port, control_port=control_port, mode=mode, delay_s=delay)
    _run("fiscal unit", FiscalEmulator(folder, options))


@app.command("doctor")
def doctor(
    *,
    printer: Annotated[str, typer.Option(help="For example escpos+tcp://192.0.2.10:9100?profile=generic-80")] = "",
    terminal: Annotated[str, typer.Option(help="For example zvt://192.0.2.11:20007?password=000000")] = "",
    scanner: Annotated[str, typer.Option(help="For example serial:///dev/ttyUSB0?baud=9600")] = "",
    display: Annotated[str, typer.Option(help="For example line+serial:///dev/ttyUSB1")] = "",
    labels: Annotated[str, typer.Option(help="For example zpl+tcp://192.0.2.12:9100")] = "",
    settings: Annotated[
        Path | None, typer.Option(help="Take the addresses from a till's settings (till.toml).")
    ] = None,
    language: Annotated[str, typer.Option(help="Say it in en, de or nl.")] = "en",
    page: Annotated[bool, typer.Option("--test-page", help="Print a test page too, if the printer is well.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print facts for programs.")] = False,
) -> None:
    """Check the named devices and list what else is plugged in; exit 1 when one is not well. Charges nothing."""
    named = device_doctor.Devices(
        **{
            **_addresses_in(settings),
            **_given(printer=printer, terminal=terminal, scanner=scanner, display=display, labels=labels),
        }
    )
    findings = (*device_doctor.check(named), *device_doctor.look_around(named))
    if as_json:
        print(json.dumps([{**_plain(finding), "text": finding.text} for finding in findings], ensure_ascii=False))
    for finding in findings if not as_json else ():
        said = " ".join(part for part in device_doctor.in_words(finding, language) if part)
        print(f"{SIGNS[finding.state]}  {finding.device}  {finding.address}: {said}")
    if not findings:
        print("No device is named, and none is plugged in. Name one: --printer, --terminal, --scanner ….")
    if any(finding.state == "fail" for finding in findings):
        print("A device is not well.", file=sys.stderr)
        raise typer.Exit(1)
    if page:
        _print_test_page(named.printer)


SIGNS = {"ok": "ok  ", "warn": "note", "fail": "BAD "}


def _addresses_in(settings: Path | None) -> dict[str, str]:
    if settings is None:
        return {}
    values = tomllib.loads(settings.read_text(encoding="utf-8"))
    return {name: str(values[name]) for name in device_doctor.Devices.__struct_fields__ if values.get(name)}


def _given(**addresses: str) -> dict[str, str]:
    return {device: address for device, address in addresses.items() if address}


@app.command("learn-scanner")
def learn_scanner(
    seconds: Annotated[float, typer.Option(min=1, max=120, help="How long to wait for a scan.")] = 10.0,
) -> None:
    """Scan something now: says which device it came from, and what each keyboard layout makes of it."""
    from hardware.scanner.event_device import learn

    print("Scan something now …", file=sys.stderr)
    found = learn(seconds)
    if found is None:
        raise Unready("nobody_scanned", "Nothing was scanned. Is the scanner plugged in, and may this user read it?")
    for layout, code in found.codes.items():
        print(f"{found.keyboard.address}?layout={layout}   {code}")
    print(f"{found.keyboard.name}: take the line whose code is that on the label.", file=sys.stderr)


@app.command("test-page")
def test_page(
    printer: Annotated[str, typer.Option(help="For example escpos+tcp://192.0.2.10:9100?profile=generic-80")],
    drawer: Annotated[bool, typer.Option("--drawer", help="Open the drawer too.")] = False,
) -> None:
    """Print a page that shows whether the profile fits: width, Euro sign and umlauts, codes, cut."""
    _print_test_page(printer)
    if drawer and (device := connect.printer(printer)) is not None:
        device.open_drawer()


def _print_test_page(address: str) -> None:
    from hardware.printer.encode import encode
    from hardware.printer.sample_page import sample_page

    device, profile = connect.printer(address), connect.printer_profile(address)
    if device is None:
        raise typer.BadParameter("name a printer")
    confirmed = device.send(encode(sample_page(profile), profile))
    print("Printed." if confirmed == "yes" else "Sent; this printer does not confirm. Look at the paper.")


@app.command("label")
def label(
    *,
    printer: Annotated[str, typer.Option(help="For example zpl+tcp://192.0.2.12:9100?width=50&height=30")],
    name: Annotated[str, typer.Option(help="What it is.")],
    price: Annotated[str, typer.Option(help="As it is to stand there: 3,99 €")],
    unit_price: Annotated[str, typer.Option(help="As it is to stand there: 1 kg = 13,30 €")] = "",
    number: Annotated[str, typer.Option(help="The article's number.")] = "",
    code: Annotated[str, typer.Option(help="Its bar code.")] = "",
    copies: Annotated[int, typer.Option(min=1, max=100)] = 1,
) -> None:
    """Print a shelf label, on a label printer or on receipt paper."""
    device = connect.label_printer(printer)
    if device is None:
        raise typer.BadParameter("name a printer")
    shelf_label = ShelfLabel(name=name, price=price, unit_price=unit_price, number=number, code=code)
    confirmed = device.print_label(shelf_label, copies)
    print("Printed." if confirmed == "yes" else "Sent; this printer does not confirm. Look at the label.")


@app.command("profiles")
def profiles(as_json: Annotated[bool, typer.Option("--json", help="Print facts for programs.")] = False) -> None:
    """List the printers that are known."""
    if as_json:
        print(json.dumps([_plain(profile) for profile in PROFILES.values()], ensure_ascii=False))
        return
    for profile in PROFILES.values():
        print(f"{profile.name:18} {profile.width_chars} characters, page {profile.code_page:2}  {profile.title}")


def main() -> None:
    """Run the command; a refusal is one sentence on standard error and exit code 1."""
    scrub_logs()
    try:
        app(prog_name="python -m hardware")
    except CounterfoilError as error:
        print(error.message, file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        print(f"Not possible: {error}. Is the port or the folder in use?", file=sys.stderr)
        sys.exit(1)


def _run(device: str, emulator: Emulator) -> None:
    """Serve until SIGTERM or Ctrl-C; the first line on standard output says where."""
    ending = Ending()
    emulator.start()
    print(json.dumps({"device": device, **emulator.facts()}), flush=True)
    ending.wait()
    emulator.stop()


def _list_and_end(name: str, known: dict[str, str]) -> None:
    if name == "help":
        for each, does in known.items():
            print(f"{each:20} {does}")
        raise typer.Exit


def _plain(value: Any) -> Any:
    import msgspec

    return msgspec.to_builtins(value)


if __name__ == "__main__":
    main()
