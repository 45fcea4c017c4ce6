"""Looks at the devices that a till is set up with and says in plain words what is wrong and what to do.

`check` asks what is configured, `look_around` lists what is plugged in and not configured, with the address to use.
Both wait for devices, at most as long as their drivers' deadlines: call them from a worker. They print nothing and
charge nothing. A finding's texts are templates with `{values}`; `in_words` says them in the till's languages.
"""

import errno
import socket
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Literal, Protocol, runtime_checkable
from urllib.parse import urlsplit

from msgspec import Struct, json
from msgspec.structs import replace

from hardware import connect
from hardware.ports import Printer, PrinterStatus
from hardware.printer.jobs import EscPosPrinter
from hardware.printer.line import Transport, reason_of
from schema.errors import CounterfoilError, as_sentence

State = Literal["ok", "warn", "fail"]
OPEN_MS = 2500
TRANSLATED = ("de", "nl")


class Devices(Struct, frozen=True, kw_only=True):
    """The addresses in a till's settings, as `hardware.connect` understands them; an empty one is not looked at."""

    printer: str = ""
    terminal: str = ""
    scanner: str = ""
    display: str = ""
    labels: str = ""


class Finding(Struct, frozen=True, kw_only=True):
    """What was found at one device: what is so, what it means, what to do. `facts` are the device's own answers."""

    device: str
    address: str
    state: State
    what: str
    meaning: str = ""
    do: str = ""
    values: Mapping[str, str] = {}
    facts: Mapping[str, str] = {}
    # An error's code and values, where `what` is its sentence: who has a catalogue of errors words it anew.
    code: str = ""
    causes: Mapping[str, object] = {}

    @property
    def text(self) -> str:
        """Return all of it in English."""
        return " ".join(part for part in in_words(self, "en") if part)


def in_words(found: Finding, language: str) -> tuple[str, str, str]:
    """Return what is so, what it means and what to do in a language (en, de, nl), with the values filled in."""
    words = _catalogue(language)
    # A value may be a text of ours too, like the reason why a line failed.
    values = {name: words.get(value, value) for name, value in found.values.items()}
    what, meaning, do = (words.get(text, text).format(**values) for text in (found.what, found.meaning, found.do))
    return what, meaning, do


@cache
def _catalogue(language: str) -> Mapping[str, str]:
    file = resources.files("hardware") / "locale" / f"{language}.json"
    return json.decode(file.read_bytes(), type=dict[str, str]) if language in TRANSLATED else {}


@runtime_checkable
class Asked(Protocol):
    """A terminal that can be asked how it is."""

    def readiness(self) -> str: ...


def check(devices: Devices) -> tuple[Finding, ...]:
    """Check each device that is named, one after another."""
    looks: tuple[tuple[str, str, Callable[[str], Finding]], ...] = (
        ("printer", devices.printer, _printer),
        ("terminal", devices.terminal, _terminal),
        ("scanner", devices.scanner, _scanner),
        ("display", devices.display, _display),
        ("labels", devices.labels, _labels),
    )
    return tuple(_looked_at(device, address, look) for device, address, look in looks if address)


def _looked_at(device: str, address: str, look: Callable[[str], Finding]) -> Finding:
    try:
        found = look(address)
    except CounterfoilError as error:
        found = _refused(error)
    # What stands behind the question mark may be a password.
    return _placed(found, device, address.split("?", maxsplit=1)[0])


# --- printers --------------------------------------------------------------------------------------------------------


def _printer(address: str) -> Finding:
    profile, device = connect.printer_profile(address), connect.printer(address)
    if device is None:
        return _ok("No printer is set up.", "Receipts are kept and can be shown, but not printed.")
    return _printer_found(device, answers=profile.answers_status, title=profile.title)


def _printer_found(device: Printer, *, answers: bool, title: str) -> Finding:
    if isinstance(device, EscPosPrinter) and (trouble := _unreachable(device.transport)) is not None:
        return trouble
    status = device.status()
    facts = {field: str(getattr(status, field)) for field in status.__struct_fields__}
    found = _printer_trouble(status, answers=answers)
    return _with_facts(found or _ok("Ready ({model}).", model=title), facts)


def _unreachable(transport: Transport) -> Finding | None:
    """Say why no line to a printer opens, by what the system answers; None when it opens."""
    try:
        transport.open(OPEN_MS).close()
    except CounterfoilError as error:
        return _refused(error)
    except OSError as error:
        return _not_opened(error, transport.place, "Nothing can be printed there.", transport.advice)
    return None


def _not_opened(error: OSError, place: str, meaning: str, advice: str) -> Finding:
    if error.errno in (errno.EACCES, errno.EPERM):
        return _fail(
            "{place} is there, but may not be used.",
            "The till's user has no permission for this device.",
            "Install the rules in deploy/udev and plug the device in again.",
            place=place,
        )
    if error.errno in (errno.EBUSY, errno.EAGAIN):
        return _warn(
            "{place} is in use.",
            "Another program holds it: the till itself, if it runs now, or a printing service.",
            "If it is not the till, end that program or remove its queue.",
            place=place,
        )
    if error.errno == errno.ECONNREFUSED:
        return _fail(
            "Something is switched on at {place}, but it takes no jobs there.",
            "It is another device, or the printer's network port is another one.",
            "Compare the address with the printer's own network print-out; the usual port is 9100.",
            place=place,
        )
    return _fail(
        "{place} cannot be reached: {reason}.",
        meaning,
        advice,
        place=place,
        reason=reason_of(error),
    )


def _printer_trouble(status: PrinterStatus, *, answers: bool) -> Finding | None:
    if status.online == "unknown":
        return _hangs() if answers else _says_nothing()
    if status.cover_open == "yes":
        return _fail("Its cover is open.", "It prints nothing until it is shut.", "Close it.")
    if status.paper == "out":
        return _fail("It has no paper.", "Receipts wait in the queue.", "Put in a new roll.")
    if status.online == "no":
        return _fail(
            "It says that it is offline.", "It takes no receipts now.", "Look at its lamps; switch it off and on again."
        )
    if status.paper == "low":
        return _warn("Its paper is nearly at its end.", "It still prints.", "Have a new roll ready.")
    return None


def _hangs() -> Finding:
    return _fail(
        "The connection opens, but it does not answer.",
        "This model always answers, so it hangs, or the model is set wrongly.",
        "Switch it off and on again; then check the profile.",
    )


def _says_nothing() -> Finding:
    return _warn(
        "It takes data, but says nothing of itself.",
        "Many models do not; nobody can tell from here whether a receipt came out.",
        "Print a test page and look at it.",
    )


def _labels(address: str) -> Finding:
    from hardware.label.zpl_printer import ZplPrinter

    device = connect.label_printer(address)
    if not isinstance(device, ZplPrinter):
        return _printer(address)
    if (trouble := _unreachable(device.transport)) is not None:
        return trouble
    trouble_now = device.trouble()
    return _refused(trouble_now) if trouble_now else _ok("Ready.")


# --- the others ------------------------------------------------------------------------------------------------------


def _terminal(address: str) -> Finding:
    device = connect.terminal(address)
    if device is None:
        return _ok("No terminal is set up.", "Card payments are typed in by hand.")
    if not isinstance(device, Asked):
        return _ok("This terminal cannot be asked from here.")
    said = as_sentence(device.readiness())
    if not said:
        return _ok("Ready: registered, and waiting for payments.")
    return _fail(said.text, **{name: str(value) for name, value in said.values.items()})


def _scanner(address: str) -> Finding:
    from hardware.scanner.listening import ListeningScanner

    device = connect.scanner(address)
    if not isinstance(device, ListeningScanner):
        return _ok("The scanner types; nothing to check from here.", do="Scan something at the till to try it.")
    place = device.source.place
    try:
        device.source.open().close()
    except OSError as error:
        return _not_opened(
            error,
            place,
            "Nothing can be scanned there.",
            "Plug the scanner in, and check how it is set: USB-serial or keyboard.",
        )
    return _ok("{place} is there.", do="Scan something at the till to try it.", place=place)


def _display(address: str) -> Finding:
    from hardware.display.line_display import LineDisplay
    from hardware.serial_port import SerialPort

    device = connect.display(address)
    if device is None:
        return _ok("No customer display is set up.")
    if not isinstance(device, LineDisplay):
        return _page(address)
    try:
        SerialPort(device.port, baud=device.baud).close()
    except OSError as error:
        return _not_opened(error, device.port, "The customer sees nothing there.", "Check its cable and its power.")
    return _ok("{place} is there.", do="Sell something: the customer must see it.", place=device.port)


def _page(address: str) -> Finding:
    parts = urlsplit(address)
    place = f"http://{parts.hostname}:{parts.port or 8090}/"
    try:
        socket.create_connection((parts.hostname or "", parts.port or 8090), timeout=OPEN_MS / 1000).close()
    except OSError:
        return _ok("The page is not shown now.", "The till shows it while it runs.", place=place)
    return _ok("The page is served.", do="Open {place} on the second screen.", place=place)


# --- what else is there ----------------------------------------------------------------------------------------------


def look_around(devices: Devices | None = None) -> tuple[Finding, ...]:
    """List what is plugged in and not configured, with the address that the settings would take."""
    named = devices or Devices()
    return (*_usb_printers(named), *_serial_ports(named), *_typing_devices(named))


def _usb_printers(named: Devices) -> Iterator[Finding]:
    from hardware.printer.usb import list_printers

    try:
        found = list_printers()
    except OSError as error:
        reason = reason_of(error)
        yield _placed(
            _warn("USB cannot be searched: {reason}.", do="Install the package libusb-1.0-0.", reason=reason),
            "printer",
            "",
        )
        return
    for printer in found:
        if not named.printer.startswith("escpos+usb"):
            yield _plugged_in("printer", printer.address, printer.title or "a USB printer")


def _serial_ports(named: Devices) -> Iterator[Finding]:
    from serial.tools.list_ports import comports

    used = " ".join((named.printer, named.scanner, named.display))
    for port in sorted(comports(), key=lambda each: str(each.device)):
        # A board's own ports are always there, with nothing on them as a rule.
        if port.vid is not None and port.device not in used:
            yield _plugged_in("serial port", f"serial://{port.device}", port.description or "a serial port")


def _typing_devices(named: Devices) -> Iterator[Finding]:
    from hardware.scanner.event_device import list_keyboards

    try:
        found = list_keyboards()
    except OSError:
        return  # without python-evdev scanners that type are used as wedges, and that needs no search
    for keyboard in found:
        if keyboard.path not in named.scanner:
            yield _plugged_in("scanner or keyboard", keyboard.address, keyboard.name)


def _plugged_in(device: str, address: str, name: str) -> Finding:
    found = _warn(
        "{name} is plugged in, but not set up.", do="To use it, put this address into the settings.", name=name
    )
    return _placed(found, device, address)


# --- making findings -------------------------------------------------------------------------------------------------


def _ok(what: str, meaning: str = "", do: str = "", **values: str) -> Finding:
    return _found("ok", what, meaning, do, values)


def _warn(what: str, meaning: str = "", do: str = "", **values: str) -> Finding:
    return _found("warn", what, meaning, do, values)


def _fail(what: str, meaning: str = "", do: str = "", **values: str) -> Finding:
    return _found("fail", what, meaning, do, values)


def _refused(error: CounterfoilError) -> Finding:
    return replace(_fail("{sentence}", sentence=error.message), code=error.code, causes=error.values)


def _found(state: State, what: str, meaning: str, do: str, values: Mapping[str, str]) -> Finding:
    return Finding(device="", address="", state=state, what=what, meaning=meaning, do=do, values=values)


def _placed(found: Finding, device: str, address: str) -> Finding:
    return replace(found, device=device, address=address)


def _with_facts(found: Finding, facts: Mapping[str, str]) -> Finding:
    return replace(found, facts=facts)
