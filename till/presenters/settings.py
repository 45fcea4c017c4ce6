"""Settings: the till's devices, its look, language and sound; the device check; the practice till.

Looking and checking is anybody's who is signed in; changing needs the right `settings`. A change is written to the
till's own file and everything is opened anew with it: nothing needs a restart. What the store sets comes from head
office and is not changed here.
"""

import re
from collections.abc import Callable
from typing import Literal, Protocol

from msgspec import Struct
from msgspec.structs import replace

from hardware import doctor
from hardware.printer.sample_page import sample_page
from schema.errors import CounterfoilError, Refused
from schema.fiscal import FiscalStatus
from till.config import Config
from till.desk import Desk
from till.onscreen import SETTINGS as KEYBOARDS
from till.presenters.paper import Paper
from till.presenters.screen import Screen, told
from till.words import LANGUAGE_NAMES, RefusedInWords, Words

DeviceName = Literal["printer", "terminal", "scanner", "display", "labels", "fiscal"]
DEVICES: dict[DeviceName, str] = {
    "printer": "Printer and drawer",
    "terminal": "Card terminal",
    "scanner": "Scanner",
    "display": "Customer display",
    "labels": "Label printer",
    "fiscal": "Fiscal unit",
}
# What a device can be connected by; KINDS has the address to begin with. Empty: there is none.
KIND_TITLES = {
    "none": "None",
    "network": "Network",
    "usb": "USB",
    "serial": "Serial port",
    "file": "Device file",
    "zvt": "ZVT over the network",
    "wedge": "Types like a keyboard",
    "evdev": "Grabbed keyboard",
    "page": "Second screen",
    "line": "Two lines, serial",
    "zpl": "ZPL over the network",
    "store": "As the store says",
    "software": "In software",
    "fiscal_network": "Over the network",
}
KINDS: dict[DeviceName, tuple[tuple[str, str], ...]] = {
    "printer": (
        ("none", ""),
        ("network", "escpos+tcp://192.168.0.50:9100?profile=generic-80"),
        ("usb", "escpos+usb:?profile=generic-80"),
        ("serial", "escpos+serial:///dev/ttyUSB0?baud=9600"),
        ("file", "escpos+file:///dev/usb/lp0"),
    ),
    "terminal": (("none", ""), ("zvt", "zvt://192.168.0.51:20007?password=000000")),
    "scanner": (
        ("none", ""),
        ("wedge", "wedge:"),
        ("serial", "serial:///dev/ttyACM0"),
        ("evdev", "evdev:?name=Scanner&layout=us"),
    ),
    "display": (
        ("none", ""),
        ("page", "page://127.0.0.1:8090"),
        ("line", "line+serial:///dev/ttyUSB1?baud=9600&commands=epson"),
    ),
    "labels": (("none", ""), ("zpl", "zpl+tcp://192.168.0.52:9100?width=50&height=30")),
    "fiscal": (
        ("store", ""),
        ("software", "software:///var/lib/counterfoil/fiscal"),
        ("fiscal_network", "fiscal+tcp://192.168.0.53:20100"),
        ("none", "none:"),
    ),
}
LOOKS = {"light": "Light", "dark": "Dark"}
STATES: dict[str, str] = {"ok": "In order", "warn": "Look at it", "fail": "Not working"}
# Longer than any device address there is.
ADDRESS_LENGTH_MAX = 300
_SECRET = re.compile(r"(password=)[^&]*")


class SetUp(Protocol):
    """The composition root, as the settings need it."""

    config: Config
    practice: bool

    def set_up(self, config: Config) -> None:
        """Write these settings and open everything anew with them. Raises Refused."""

    def prepare_practice(self) -> None:
        """Copy what there is to practise with; slow. Raises Refused."""

    def switch_practice(self) -> None:
        """Go to the practice till, or back."""


class Choice(Struct, frozen=True, kw_only=True):
    """One of several: its stable name and what stands on its key."""

    name: str
    text: str


class DeviceRow(Struct, frozen=True, kw_only=True):
    """A device as it is set: `address` without its password, and how the last check found it."""

    name: str
    title: str
    address: str
    state: str = ""
    state_text: str = ""
    finding: str = ""


class Look(Struct, frozen=True, kw_only=True):
    """How the window looks and sounds."""

    theme: str
    sound: bool
    keyboard: str = "auto"


class SettingsState(Struct, frozen=True, kw_only=True):
    """`chosen` is the device whose kinds are offered; `learned` what the scanner said of itself."""

    devices: tuple[DeviceRow, ...] = ()
    chosen: str = ""
    address: str = ""
    kinds: tuple[Choice, ...] = ()
    languages: tuple[Choice, ...] = ()
    language: str = ""
    themes: tuple[Choice, ...] = ()
    theme: str = "light"
    sound: bool = True
    keyboard: str = "auto"
    practice: bool = False
    busy: bool = False
    learned: str = ""


class SettingsPresenter(Screen[SettingsState]):
    def __init__(self, desk: Desk, paper: Paper, till: SetUp) -> None:
        super().__init__(desk, SettingsState())
        self._paper = paper
        self._till = till
        self._findings: dict[str, doctor.Finding] = {}

    @told
    def enter(self) -> None:
        """Show what is set now."""
        self.desk.signed_in()
        self._show(busy=False)

    def look(self) -> Look:
        """Return what the window follows."""
        config = self._till.config
        return Look(theme=config.theme or "light", sound=config.sound, keyboard=config.keyboard)

    def _show(self, *, busy: bool | None = None, chosen: str | None = None, learned: str = "") -> None:
        words, config = self.desk.words, self._till.config
        name = self.state.chosen if chosen is None else chosen
        kinds = KINDS[_device(name)] if name else ()
        self.show(
            SettingsState(
                devices=tuple(self._row(device) for device in DEVICES),
                chosen=name,
                address=getattr(config, name) if name else "",
                kinds=tuple(Choice(name=address, text=words(KIND_TITLES[kind])) for kind, address in kinds),
                languages=language_choices(),
                language=words.language,
                themes=tuple(Choice(name=each, text=words(LOOKS[each])) for each in LOOKS),
                theme=config.theme or "light",
                sound=config.sound,
                keyboard=config.keyboard,
                practice=self._till.practice,
                busy=self.state.busy if busy is None else busy,
                learned=learned,
            )
        )

    def _row(self, device: DeviceName) -> DeviceRow:
        words, found = self.desk.words, self._findings.get(device)
        address = _SECRET.sub(r"\1…", getattr(self._till.config, device))
        return DeviceRow(
            name=device,
            title=words(DEVICES[device]),
            address=address or words("Not set up"),
            state=found.state if found else "",
            state_text=words(STATES[found.state]) if found else "",
            finding=finding_text(found, words) if found else "",
        )

    # -- changing: each needs the right

    @told
    def choose(self, device: str) -> None:
        """Look at one device: how it can be connected."""
        self._show(chosen=_device(device))

    @told
    def set_device(self, device: str, address: str) -> None:
        """Set a device's address, as `hardware.connect` understands it; empty is none. Applied at once."""
        name, address = _device(device), address.strip()[:ADDRESS_LENGTH_MAX]
        self._change(lambda config: replace(config, **{name: address}), chosen=name)

    @told
    def set_language(self, language: str) -> None:
        """Set the till's own language; empty is the store's."""
        if language not in ("", *LANGUAGE_NAMES):
            raise RefusedInWords("unknown_language", "The till does not speak that language.")
        self._change(lambda config: replace(config, language=language))

    @told
    def set_theme(self, theme: str) -> None:
        """Choose light or dark."""
        if theme not in LOOKS:
            raise RefusedInWords("unknown_theme", "The till can be light or dark.")
        self._change(lambda config: replace(config, theme=theme))

    @told
    def set_sound(self, *, on: bool) -> None:
        """Let errors be heard, or only seen."""
        self._change(lambda config: replace(config, sound=on))

    @told
    def set_keyboard(self, setting: str) -> None:
        """Choose when the on-screen keyboard opens: by itself while nobody types on a real one, always, never."""
        chosen = next((each for each in KEYBOARDS if each == setting), None)
        if chosen is None:
            raise RefusedInWords("unknown_keyboard", "The on-screen keyboard can be by itself, on or off.")
        self._change(lambda config: replace(config, keyboard=chosen))

    @told
    def next_keyboard(self) -> None:
        """Choose the next of the three."""
        self.set_keyboard(KEYBOARDS[(KEYBOARDS.index(self._till.config.keyboard) + 1) % len(KEYBOARDS)])

    def _change(self, change: Callable[[Config], Config], *, chosen: str | None = None) -> None:
        self.desk.signed_in()
        self.desk.check_free()
        self.desk.with_right("settings", lambda: self._set_up(change, chosen), self.fail)

    def _set_up(self, change: Callable[[Config], Config], chosen: str | None) -> None:
        self._till.set_up(change(self._till.config))
        self._findings = {}
        if self.desk.trouble is not None:
            raise self.desk.trouble
        self._show(chosen=chosen)
        self.say("info", self.desk.words("Saved and in use."), code="settings_saved")
        self.go("settings")

    # -- looking

    @told
    def check(self) -> None:
        """Check every device that is set up, off the screen's thread."""
        self.desk.signed_in()
        config = self._till.config
        named = doctor.Devices(
            printer=config.printer,
            terminal="" if self._till.practice else config.terminal,
            scanner=config.scanner,
            display=config.display,
            labels=config.labels,
        )
        self._show(busy=True)
        # The printer's lane: a check and a receipt must not meet on its line.
        fiscal = self.desk.parts.fiscal
        self.desk.runner.run(
            lambda: (doctor.check(named), fiscal.status()),
            lambda found: self._checked(*found),
            self.fail,
            lane="printer",
        )

    def _checked(self, found: tuple[doctor.Finding, ...], fiscal: FiscalStatus | None) -> None:
        found += (self._signing(fiscal),) if fiscal else ()
        self._findings = {each.device: each for each in found}
        self._show(busy=False)
        if not found:
            self.say("info", self.desk.words("No device is set up yet."), code="no_devices")

    def _signing(self, status: FiscalStatus) -> doctor.Finding:
        """Say how the fiscal unit is; it is asked by the till itself, which holds its line."""
        words = self.desk.words
        text = words.count(
            "{serial} signs; {count} transaction so far, {open} open.",
            "{serial} signs; {count} transactions so far, {open} of them open.",
            status.transactions,
            serial=status.unit_serial[:16],
            open=len(status.open_transactions),
        )
        text += "" if status.certified else " " + words("It is not certified.")
        sentence = words.of_code(status.trouble_code, status.trouble) if status.trouble else text
        return doctor.Finding(
            device="fiscal",
            address="",
            state="fail" if status.trouble else "ok",
            what="{sentence}",
            values={"sentence": sentence},
        )

    @told
    def test_print(self) -> None:
        """Print a page that shows whether model and characters are set right."""
        self.desk.signed_in()
        printing = self.desk.parts.printing
        page = sample_page(printing.profile, self.desk.paper_words)
        self.desk.runner.run(lambda: printing.put("report", page), lambda _: self._paper.print_queue(self), self.fail)

    @told
    def learn_scanner(self) -> None:
        """Wait ten seconds for a scan and say which device it was, with the address to use."""
        self.desk.signed_in()
        self._show(busy=True)
        self.desk.runner.run(_learn, self._learned, self.fail, lane="agent")

    def _learned(self, address: str) -> None:
        words = self.desk.words
        self._show(busy=False, chosen="scanner", learned=address)
        if address:
            self.say("info", words("That was {address}.", address=address), code="scanner_learned")
        else:
            self.say("warn", words("Nothing was scanned within ten seconds."), code="nothing_scanned")

    @told
    def use_learned(self) -> None:
        """Set the scanner that was learned."""
        if self.state.learned:
            self.set_device("scanner", self.state.learned)

    def back(self) -> None:
        """Go back to `sale`, or to `sign_in`."""
        self.go("sale" if self.desk.cashier else "sign_in")

    def fail(self, error: CounterfoilError) -> None:
        self.show(replace(self.state, busy=False))
        super().fail(error)


def finding_text(found: doctor.Finding, words: Words) -> str:
    """Return what the doctor found; where it is a driver's error, by the error's code."""
    if found.code:
        return words.of_code(found.code, found.text, found.causes)
    return " ".join(part for part in doctor.in_words(found, words.language) if part)


def _device(name: str) -> DeviceName:
    for device in DEVICES:
        if device == name:
            return device
    raise RefusedInWords("unknown_device", "There is no such device.")


def _learn() -> str:
    """Return the address of the device that scans now, empty where none does. Raises Refused("cannot_learn")."""
    try:
        from hardware.scanner.event_device import learn

        found = learn()
    except (ImportError, OSError) as error:
        raise Refused(
            "cannot_learn", f"Scanners that type cannot be told apart here ({error}). Use “Types like a keyboard”."
        ) from error
    return f"{found.keyboard.address}?layout={next(iter(found.codes))}" if found else ""


def language_choices() -> tuple[Choice, ...]:
    """Return the till's languages, each in its own words."""
    return tuple(Choice(name=language, text=name) for language, name in LANGUAGE_NAMES.items())
