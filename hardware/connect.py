"""From the settings' device addresses to devices: the only file that names a driver.

    printer   escpos+tcp://192.0.2.10:9100?profile=epson-tm-t20iii&drawer=open_high
              escpos+usb://04b8/0e28?serial=…   escpos+usb:   escpos+serial:///dev/ttyUSB0?baud=38400&flow=rts
              escpos+file:///dev/usb/lp0   file:///folder?profile=…   none:
    terminal  zvt://192.0.2.11:20007?password=000000&config=38&currency=0978          none:
    scanner   serial:///dev/ttyUSB0?baud=9600&suffix=cr&prefix=stx   wedge:   none:
              evdev:///dev/input/by-id/usb-…-event-kbd?layout=de&suffix=enter   evdev:?name=Barcode%20Scanner
    labels    zpl+tcp://192.0.2.12:9100?width=50&height=30&dpi=203   any printer's address   none:
    fiscal    software:///var/lib/counterfoil/fiscal?deadline=2   fiscal+tcp://192.0.2.12:20100?deadline=2   none:
    display   line+serial:///dev/ttyUSB1?baud=9600&commands=epson&page=19   page://127.0.0.1:8090   none:

`none:`, `none` and the empty string mean that there is no such device; `wedge:` means a scanner that types, which the
window reads itself. Nothing is contacted here, so a device that is off never keeps the till from starting.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from msgspec.structs import replace

from hardware.ports import CardTerminal, CustomerDisplay, FiscalUnit, LabelPrinter, Printer, Scanner
from hardware.printer.profiles import DEFAULT, EURO_PAGES, DrawerSensor, Profile, profile_named
from hardware.serial_port import Flow
from schema.clock import SystemClock
from schema.errors import Refused

if TYPE_CHECKING:  # drivers are imported where they are set up, and nowhere else
    from hardware.printer.line import Transport
    from hardware.printer.usb import UsbName
    from hardware.scanner.listening import ScanSource

PRINTER_SHAPES = (
    "escpos+tcp://HOST:9100?profile=generic-80, escpos+usb://VENDOR/PRODUCT, escpos+usb:, "
    "escpos+serial:///dev/ttyUSB0?baud=9600&flow=rts, escpos+file:///dev/usb/lp0, file:///FOLDER, none:"
)
LABEL_SHAPES = f"zpl+tcp://HOST:9100?width=50&height=30&dpi=203, or a receipt printer's: {PRINTER_SHAPES}"
FISCAL_SHAPES = "software:///FOLDER?deadline=2, fiscal+tcp://HOST:20100?deadline=2, none:"
DISPLAY_SHAPES = "line+serial:///dev/ttyUSB1?baud=9600&commands=epson, page://127.0.0.1:8090, none:"
PRINTER_OPTIONS: Mapping[str, frozenset[str]] = {
    "none": frozenset(),
    "escpos+tcp": frozenset(),
    "escpos+usb": frozenset({"serial"}),
    "escpos+serial": frozenset({"baud", "flow"}),
    "escpos+file": frozenset(),
    "file": frozenset(),
}
TERMINAL_SHAPES = "zvt://HOST:20007?password=000000, none:"
SCANNER_SHAPES = (
    "serial:///dev/ttyUSB0?baud=9600, evdev:///dev/input/by-id/NAME?layout=de, evdev:?name=NAME, wedge:, none:"
)


def printer(url: str) -> Printer | None:
    """Return the printer at an address, or None for `none:`. Raises Refused("bad_device_url"), ("unknown_profile")."""
    parts = _split(url, "printer", PRINTER_SHAPES)
    profile = printer_profile(url)
    if parts.scheme == "none":
        return None
    if parts.scheme == "file":
        from hardware.printer.folder import FolderPrinter

        return FolderPrinter(_path(parts, PRINTER_SHAPES), profile)
    from hardware.printer.jobs import EscPosPrinter

    return EscPosPrinter(_printer_transport(parts), profile)


def _printer_transport(parts: SplitResult) -> "Transport":
    options = dict(parse_qsl(parts.query))
    match parts.scheme:
        case "escpos+tcp":
            from hardware.printer.network import PORT, NetworkTransport

            return NetworkTransport(_host(parts, PRINTER_SHAPES), _port(parts, PORT, PRINTER_SHAPES))
        case "escpos+usb":
            from hardware.printer.usb import UsbTransport

            return UsbTransport(_usb_name(parts, options.get("serial", "")))
        case "escpos+serial":
            from hardware.printer.serial_port import SerialTransport

            return SerialTransport(
                _port_name(parts, PRINTER_SHAPES),
                baud=_speed(options.get("baud", "9600"), parts),
                flow=_one_of(options.get("flow", "rts"), get_args(Flow), parts, "flow"),
            )
        case _:
            from hardware.printer.device_file import FileTransport

            return FileTransport(_path(parts, PRINTER_SHAPES))


def printer_profile(url: str) -> Profile:
    """Return the profile that an address names, for encoding what is sent there; the default one for `none:`."""
    parts = _split(url, "printer", PRINTER_SHAPES)
    if parts.scheme not in PRINTER_OPTIONS:
        raise _bad(url, "printer", PRINTER_SHAPES)
    known = {"profile", "drawer", "pin", "page"} | PRINTER_OPTIONS[parts.scheme]
    options = _options(parts, known, PRINTER_SHAPES)
    profile = profile_named(options.get("profile", DEFAULT))
    if "page" in options:
        page = int(_one_of(options["page"], tuple(map(str, EURO_PAGES)), parts, "page"))
        profile = replace(profile, code_page=page, codec=EURO_PAGES[page])
    return replace(
        profile,
        drawer_sensor=_one_of(options.get("drawer", "none"), get_args(DrawerSensor), parts, "drawer"),
        drawer_pin=int(_one_of(options.get("pin", str(profile.drawer_pin)), ("2", "5"), parts, "pin")),
    )


def terminal(url: str) -> CardTerminal | None:
    """Return the card terminal at an address, or None for `none:`. Raises Refused("bad_device_url")."""
    parts = _split(url, "terminal", TERMINAL_SHAPES)
    match parts.scheme:
        case "none":
            return None
        case "zvt":
            from hardware.terminal.zvt import PORT, ZvtTerminal
            from hardware.terminal.zvt_commands import Settings

            options = _options(parts, {"password", "config", "currency", "charset"}, TERMINAL_SHAPES)
            settings = Settings(
                password=_digits(options.get("password", "000000"), 6, url),
                config=_hex_byte(options.get("config", "38"), url),
                currency=_digits(options.get("currency", "0978"), 4, url),
                charset=_charset(options.get("charset", "cp437"), url),
            )
            return ZvtTerminal(_host(parts, TERMINAL_SHAPES), _port(parts, PORT, TERMINAL_SHAPES), settings)
    raise _bad(url, "terminal", TERMINAL_SHAPES)


def scanner(url: str) -> Scanner | None:
    """Return the scanner at an address, or None for `none:` and `wedge:`. Raises Refused("bad_device_url")."""
    parts = _split(url, "scanner", SCANNER_SHAPES)
    match parts.scheme:
        case "none" | "wedge":
            return None
        case "serial":
            from hardware.scanner.serial_port import SerialSource

            options = _options(parts, {"baud", "suffix", "prefix"}, SCANNER_SHAPES)
            port = _port_name(parts, SCANNER_SHAPES)
            source = SerialSource(port, baud=_speed(options.get("baud", "9600"), parts))
            return _listening(source, options, parts, suffix="cr")
        case "evdev":
            from hardware.scanner.event_device import EventSource
            from hardware.scanner.keys import LAYOUTS

            options = _options(parts, {"layout", "suffix", "prefix", "name"}, SCANNER_SHAPES)
            layout = _one_of(options.get("layout", "us"), LAYOUTS, parts, "layout")
            path = str(_path(parts, SCANNER_SHAPES)) if parts.path else ""
            if bool(path) == bool(options.get("name")):
                raise _bad(url, "scanner", SCANNER_SHAPES)
            device = EventSource(path, name=options.get("name", ""), layout=layout)
            return _listening(device, options, parts, suffix="enter")
    raise _bad(url, "scanner", SCANNER_SHAPES)


def _listening(source: "ScanSource", options: Mapping[str, str], parts: SplitResult, *, suffix: str) -> Scanner:
    from hardware.scanner.framing import ENDS
    from hardware.scanner.listening import ListeningScanner

    ends = {
        name: ENDS[_one_of(options.get(name, default), tuple(ENDS), parts, name)]
        for name, default in (("prefix", "none"), ("suffix", suffix))
    }
    return ListeningScanner(source, **ends)


def label_printer(url: str) -> LabelPrinter | None:
    """Return the label printer at an address, or None for `none:`; a receipt printer prints labels on its paper."""
    parts = _split(url, "label printer", LABEL_SHAPES)
    if parts.scheme == "zpl+tcp":
        from hardware.label.zpl import HEIGHT_MM_MIN, LabelSize
        from hardware.label.zpl_printer import ZplPrinter
        from hardware.printer.network import PORT, NetworkTransport

        options = _options(parts, {"width", "height", "dpi"}, LABEL_SHAPES)
        numbers = {name: _number(value, parts) for name, value in options.items()}
        if numbers.get("height", HEIGHT_MM_MIN) < HEIGHT_MM_MIN:
            raise _bad(url, "label printer", f"a height of {HEIGHT_MM_MIN} mm or more")
        size = LabelSize(
            width_mm=numbers.get("width", 50), height_mm=numbers.get("height", 30), dpi=numbers.get("dpi", 203)
        )
        return ZplPrinter(NetworkTransport(_host(parts, LABEL_SHAPES), _port(parts, PORT, LABEL_SHAPES)), size)
    device = printer(url)
    if device is None:
        return None
    from hardware.label.on_paper import PaperLabels

    return PaperLabels(device, printer_profile(url))


def _number(text: str, parts: SplitResult) -> int:
    if not re.fullmatch("[1-9][0-9]{1,2}", text):
        raise _bad(parts.geturl(), parts.scheme, "width and height in millimetres, dpi as 203")
    return int(text)


def fiscal(url: str) -> FiscalUnit | None:
    """Return the fiscal unit at an address, or None for `none:`. Raises Refused("bad_device_url")."""
    parts = _split(url, "fiscal unit", FISCAL_SHAPES)
    match parts.scheme:
        case "none":
            return None
        case "software":
            from hardware.fiscal.bounded import BoundedUnit
            from hardware.fiscal.software import SoftwareUnit

            unit = SoftwareUnit(_path(parts, FISCAL_SHAPES), SystemClock())
            return BoundedUnit(unit, _fiscal_deadline_s(parts))
        case "fiscal+tcp":
            from hardware.fiscal.network import PORT, NetworkUnit

            deadline_s = _fiscal_deadline_s(parts)
            return NetworkUnit(_host(parts, FISCAL_SHAPES), _port(parts, PORT, FISCAL_SHAPES), deadline_s)
    raise _bad(url, "fiscal unit", FISCAL_SHAPES)


def _fiscal_deadline_s(parts: SplitResult) -> float:
    text = _options(parts, {"deadline"}, FISCAL_SHAPES).get("deadline", "2")
    if not re.fullmatch("[1-9]|[1-5][0-9]|60", text, re.ASCII):
        raise _bad(parts.geturl(), "fiscal unit", "deadline in whole seconds, 1 to 60")
    return float(text)


def display(url: str) -> CustomerDisplay | None:
    """Return the customer display at an address, or None for `none:`. Raises Refused("bad_device_url")."""
    parts = _split(url, "display", DISPLAY_SHAPES)
    match parts.scheme:
        case "none":
            return None
        case "line+serial":
            from hardware.display.line_display import LineDisplay
            from hardware.display.two_lines import COMMAND_SETS, PAGES, DisplayProfile

            options = _options(parts, {"baud", "commands", "page"}, DISPLAY_SHAPES)
            commands = _one_of(options.get("commands", "epson"), COMMAND_SETS, parts, "commands")
            usual = "19" if commands == "epson" else "0"
            page = int(_one_of(options.get("page", usual), tuple(map(str, PAGES)), parts, "page"))
            return LineDisplay(
                _port_name(parts, DISPLAY_SHAPES),
                baud=_speed(options.get("baud", "9600"), parts),
                profile=DisplayProfile(commands=commands, page=page),
            )
        case "page":
            from hardware.display.page import LOCAL_NAMES, PORT, PageDisplay

            _options(parts, set(), DISPLAY_SHAPES)
            # What a customer buys is nobody else's business on the network.
            host = _one_of(_host(parts, DISPLAY_SHAPES), tuple(sorted(LOCAL_NAMES)), parts, "host")
            return PageDisplay(_port(parts, PORT, DISPLAY_SHAPES), host)
    raise _bad(url, "display", DISPLAY_SHAPES)


def scanner_port(url: str) -> str:
    """Return the device file that a serial scanner's address names."""
    return str(_path(_split(url, "scanner", SCANNER_SHAPES), SCANNER_SHAPES))


def _split(url: str, device: str, shapes: str) -> SplitResult:
    try:
        parts = urlsplit("none:" if url.strip() in ("", "none") else url.strip())
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        raise _bad(url, device, shapes) from None
    return parts


def _host(parts: SplitResult, shapes: str) -> str:
    if not parts.hostname or parts.path not in ("", "/"):
        raise _bad(parts.geturl(), parts.scheme, shapes)
    return parts.hostname


def _port(parts: SplitResult, default: int, shapes: str) -> int:
    if parts.port == 0:
        raise _bad(parts.geturl(), parts.scheme, shapes)
    return default if parts.port is None else parts.port


def _path(parts: SplitResult, shapes: str) -> Path:
    if parts.netloc or not parts.path.startswith("/"):
        raise _bad(parts.geturl(), parts.scheme, shapes)
    return Path(unquote(parts.path))


def _options(parts: SplitResult, known: set[str], shapes: str) -> Mapping[str, str]:
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    options = dict(pairs)
    if len(pairs) != len(options) or not options.keys() <= known:
        raise _bad(parts.geturl(), parts.scheme, f"{shapes}; options: {', '.join(sorted(known))}")
    return options


def _one_of(value: str, known: tuple[Any, ...], parts: SplitResult, option: str) -> Any:
    if value not in known:
        raise _bad(parts.geturl(), parts.scheme, f"{option} one of {', '.join(known)}")
    return value


def _speed(text: str, parts: SplitResult) -> int:
    if not re.fullmatch("[1-9][0-9]{2,6}", text):
        raise _bad(parts.geturl(), parts.scheme, "a speed, for example 9600")
    return int(text)


def _port_name(parts: SplitResult, shapes: str) -> str:
    """Return a serial port's name; `serial:///COM3` is Windows' COM3."""
    path = str(_path(parts, shapes))
    return path[1:] if re.fullmatch(r"[/\\]COM[0-9]{1,3}", path, re.IGNORECASE) else path


def _usb_name(parts: SplitResult, serial: str) -> "UsbName":
    from hardware.printer.usb import UsbName

    if not parts.netloc and not parts.path:
        return UsbName(serial=serial)
    if not re.fullmatch("[0-9a-fA-F]{4}/[0-9a-fA-F]{4}", parts.netloc + parts.path):
        raise _bad(parts.geturl(), parts.scheme, "escpos+usb://04b8/0e28: vendor and product as `lsusb` shows them")
    return UsbName(vendor=int(parts.netloc, 16), product=int(parts.path[1:], 16), serial=serial)


def _digits(text: str, length: int, url: str) -> str:
    """Check an option; it is not repeated in the error, for it may be a password."""
    if not re.fullmatch(rf"[0-9]{{{length}}}", text):
        raise _bad(url, "device", "password of 6 digits, currency of 4 (0978)")
    return text


def _hex_byte(text: str, url: str) -> int:
    if not re.fullmatch("[0-9a-fA-F]{2}", text):
        raise _bad(url, "terminal", "config as two hexadecimal digits, for example 38")
    return int(text, 16)


def _charset(name: str, url: str) -> str:
    known = ("cp437", "iso8859-1", "iso8859-15", "utf-8")
    if name not in known:
        raise _bad(url, "terminal", f"charset one of {', '.join(known)}")
    return name


def _bad(url: str, device: str, expected: str) -> Refused:
    # A terminal's password stands in its address, so what follows the question mark is not repeated.
    shown = url.split("?", maxsplit=1)[0][:80]
    message = "“{address}” is no {device} address. Expected: {expected}."
    return Refused("bad_device_url", message, address=shown, device=device, expected=expected)
