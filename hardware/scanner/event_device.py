"""A scanner that types, read from the kernel's event device and grabbed: its keys reach nobody else. Linux only.

No focus, no window, no layout of the till: the keys come with the kernel's own time stamps, from a device that was
chosen by its path or its name, or by scanning something (`learn`). Opening and grabbing is python-evdev's work (extra
`scanner`; it has no ready-made wheel, so it is no part of `till`); the events are read here, from the open file.
"""

import errno
import os
import selectors
import struct
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from hardware.scanner.framing import judge
from hardware.scanner.keys import ENTER, LAYOUTS, KeyDecoder, Layout
from schema.errors import Refused

# struct input_event: the kernel's time as two longs, type, code, value (linux/input.h).
EVENT = struct.Struct("@llHHi")
EVENTS_AT_ONCE = 64
SYN, KEY = 0, 1
SYN_DROPPED = 3
KEY_1, KEY_0, KEY_ENTER = 2, 11, 28
READ_S = 0.1
# A character that cannot be in a code: what the kernel dropped makes the read that it belonged to unclean.
LOST = "\x00"
LEARN_S = 10.0
LEARN_LENGTH_MIN = 4
# Nobody types so fast; a scanner needs 3-20.
CHARACTER_MS_MAX = 40
STABLE_LINKS = (Path("/dev/input/by-id"), Path("/dev/input/by-path"))


class KeyEvent(Struct, frozen=True):
    """One event: when the kernel saw it, and what it was."""

    at_ms: float
    type: int
    code: int
    value: int


class EventReader:
    """Events out of an open file, in whatever pieces it gives them."""

    def __init__(self, file: int) -> None:
        self.file = file
        self._held = b""

    def read(self) -> list[KeyEvent]:
        """Return the events that are there. Raises OSError when the device is gone."""
        piece = os.read(self.file, EVENT.size * EVENTS_AT_ONCE)
        if not piece:
            raise OSError(errno.ENODEV, "it was unplugged")
        self._held += piece
        whole = len(self._held) // EVENT.size * EVENT.size
        ready, self._held = self._held[:whole], self._held[whole:]
        return [KeyEvent(s * 1000 + us / 1000, kind, code, value) for s, us, kind, code, value in _unpacked(ready)]


class EventLine:
    """A scanner's open and grabbed device."""

    def __init__(self, reader: EventReader, layout: Layout, device: Any = None) -> None:
        self._reader, self._keys, self._device = reader, KeyDecoder(layout), device

    def read(self) -> bytes:
        if not _is_readable(self._reader.file, READ_S):
            return b""
        return "".join(_characters(self._reader.read(), self._keys)).encode()

    def close(self) -> None:
        """Give the device back; the kernel ends the grab with the last user."""
        if self._device is not None:
            self._device.close()


class EventSource:
    """One device, by its path or by a part of its name."""

    def __init__(self, path: str = "", *, name: str = "", layout: Layout = "us") -> None:
        self.path, self.name, self.layout = path, name, layout

    @property
    def place(self) -> str:
        return self.path or self.name

    def open(self) -> EventLine:
        """Grab the device. Raises OSError when it is not there, not ours, or grabbed by another program."""
        device = _input_device(self.path or self._path_by_name())
        try:
            device.grab()
        except OSError:
            device.close()
            raise
        return EventLine(EventReader(device.fd), self.layout, device)

    def _path_by_name(self) -> str:
        for found in list_keyboards():
            if self.name.lower() in found.name.lower():
                return found.path
        raise OSError(errno.ENODEV, "no device of this name")


class Keyboard(Struct, frozen=True, kw_only=True):
    """An input device that can type digits and Enter: a keyboard, or a scanner that plays one."""

    path: str
    name: str

    @property
    def address(self) -> str:
        """Return what the settings call it."""
        return f"evdev://{self.path}"


class Learned(Struct, frozen=True, kw_only=True):
    """Who scanned: the device, and the code as each layout reads it; the right one equals what the label says."""

    keyboard: Keyboard
    codes: Mapping[str, str]


def list_keyboards() -> tuple[Keyboard, ...]:
    """Return the devices that could be a scanner. Raises OSError where python-evdev is not installed."""
    evdev = _evdev()
    found = []
    for path in sorted(evdev.list_devices()):
        try:
            device = evdev.InputDevice(path)
        except OSError:
            continue  # gone meanwhile, or not ours to read
        keys = device.capabilities().get(KEY, [])
        if {KEY_1, KEY_0, KEY_ENTER} <= set(keys):
            found.append(Keyboard(path=_stable(path), name=device.name))
        device.close()
    return tuple(found)


def learn(wait_s: float = LEARN_S) -> Learned | None:
    """Say which device scans within the time; None when nobody did. Nothing is grabbed: typing goes on as before."""
    devices = {keyboard: _input_device(keyboard.path) for keyboard in list_keyboards()}
    try:
        return first_scan({keyboard: device.fd for keyboard, device in devices.items()}, wait_s)
    finally:
        for device in devices.values():
            device.close()


def first_scan(files: Mapping[Keyboard, int], wait_s: float) -> Learned | None:
    """Wait for the first burst of characters with an Enter on any of the open files."""
    deadline = time.monotonic() + wait_s
    with selectors.DefaultSelector() as selector:
        for keyboard, file in files.items():
            selector.register(file, selectors.EVENT_READ, (keyboard, EventReader(file), _Listener()))
        while selector.get_map() and (rest_s := deadline - time.monotonic()) > 0:
            for key, _ in selector.select(rest_s):
                keyboard, reader, listener = key.data
                try:
                    events = reader.read()
                except OSError:
                    selector.unregister(key.fileobj)
                    continue
                if codes := listener.hear(events):
                    return Learned(keyboard=keyboard, codes=codes)
    return None


class _Listener:
    """Collects one device's characters until a burst of them ends in Enter."""

    def __init__(self) -> None:
        self._keys = {layout: KeyDecoder(layout) for layout in LAYOUTS}
        self._texts = dict.fromkeys(LAYOUTS, "")
        self._since_ms = 0.0

    def hear(self, events: list[KeyEvent]) -> dict[str, str]:
        for event in events:
            if event.type != KEY:
                continue
            if codes := self._key(event):
                return codes
        return {}

    def _key(self, event: KeyEvent) -> dict[str, str]:
        typed = {layout: keys.feed(event.code, event.value) for layout, keys in self._keys.items()}
        if ENTER in typed.values():
            texts, self._texts = self._texts, dict.fromkeys(LAYOUTS, "")
            return _clean(texts) if self._is_burst(texts, event.at_ms) else {}
        if any(typed.values()):
            if not any(self._texts.values()):
                self._since_ms = event.at_ms
            self._texts = {layout: (text + typed[layout])[-200:] for layout, text in self._texts.items()}
        return {}

    def _is_burst(self, texts: Mapping[Layout, str], at_ms: float) -> bool:
        length = max(map(len, texts.values()))
        return length >= LEARN_LENGTH_MIN and at_ms - self._since_ms <= CHARACTER_MS_MAX * length


def _clean(texts: Mapping[Layout, str]) -> dict[str, str]:
    codes = {}
    for layout, text in texts.items():
        try:
            codes[str(layout)] = judge(text)
        except Refused:
            continue  # what this layout makes of the keys is no code
    return codes


def _characters(events: list[KeyEvent], keys: KeyDecoder) -> Iterator[str]:
    for event in events:
        if event.type == KEY:
            yield keys.feed(event.code, event.value)
        elif (event.type, event.code) == (SYN, SYN_DROPPED):
            yield LOST


def _unpacked(data: bytes) -> Iterator[tuple[int, int, int, int, int]]:
    return EVENT.iter_unpack(data)


def _is_readable(file: int, wait_s: float) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(file, selectors.EVENT_READ)
        return bool(selector.select(wait_s))


def _stable(path: str) -> str:
    """Return the link that stays the same when devices are plugged in another order."""
    for folder in STABLE_LINKS:
        for link in sorted(folder.glob("*")) if folder.is_dir() else ():
            if link.resolve() == Path(path):
                return str(link)
    return path


def _input_device(path: str) -> Any:
    return _evdev().InputDevice(path)


def _evdev() -> Any:
    try:
        import evdev
    except ImportError:
        raise OSError(errno.ENOSYS, "python-evdev is not installed (extra: scanner)") from None
    return evdev
