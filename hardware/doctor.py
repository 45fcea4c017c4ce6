"""Looks at the devices that a till is set up with and says in plain words what is wrong and what to do.

It prints nothing and charges nothing. Each finding costs at most its driver's deadlines.
"""

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from hardware import connect
from hardware.ports import PrinterStatus
from hardware.terminal.zvt import ZvtTerminal
from schema.errors import CounterfoilError


class Finding(Struct, frozen=True, kw_only=True):
    """What was found at one device. `facts` are its own answers."""

    device: str
    address: str
    is_well: bool
    text: str
    facts: dict[str, str] = {}


def examine(printer: str = "", terminal: str = "", scanner: str = "") -> Iterator[Finding]:
    """Check each device that is named, one after another."""
    for address, check in ((printer, _printer), (terminal, _terminal), (scanner, _scanner)):
        if address:
            yield check(address)


def _printer(address: str) -> Finding:
    try:
        device = connect.printer(address)
        profile = connect.printer_profile(address)
    except CounterfoilError as error:
        return _finding("printer", address, False, error.message)
    if device is None:
        return _finding("printer", address, True, "No printer is set up.")
    status = device.status()
    trouble = _printer_trouble(status, answers=profile.answers_status)
    facts = {field: str(getattr(status, field)) for field in status.__struct_fields__}
    return _finding("printer", address, not trouble, trouble or f"Ready ({profile.title}).", facts)


def _printer_trouble(status: PrinterStatus, *, answers: bool) -> str:
    if status.cover_open == "yes":
        return "Its cover is open. Close it."
    if status.paper == "out":
        return "It has no paper. Put in a new roll."
    if status.online == "no":
        return "It cannot be reached or is offline. Check that it is switched on, its cable, and its address."
    if status.online == "unknown" and answers:
        return "The connection opens, but it does not answer. Switch it off and on again."
    return ""


def _terminal(address: str) -> Finding:
    try:
        device = connect.terminal(address)
        if not isinstance(device, ZvtTerminal):
            return _finding("terminal", address, True, "No terminal is set up.")
        trouble = device.readiness()
    except CounterfoilError as error:
        return _finding("terminal", address, False, error.message)
    return _finding("terminal", address, not trouble, trouble or "Ready: registered, and waiting for payments.")


def _scanner(address: str) -> Finding:
    try:
        device = connect.scanner(address)
    except CounterfoilError as error:
        return _finding("scanner", address, False, error.message)
    if device is None:
        return _finding("scanner", address, True, "The scanner types; nothing to check from here.")
    port = Path(connect.scanner_port(address))
    if not port.exists():
        return _finding("scanner", address, False, f"There is no {port}. Plug the scanner in; set it to USB-serial.")
    return _finding("scanner", address, True, f"{port} is there. Scan something at the till to try it.")


def _finding(device: str, address: str, is_well: bool, text: str, facts: dict[str, str] | None = None) -> Finding:
    # What stands behind the question mark may be a password.
    shown = address.split("?", maxsplit=1)[0]
    return Finding(device=device, address=shown, is_well=is_well, text=text, facts=facts or {})
