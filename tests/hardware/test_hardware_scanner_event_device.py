"""A scanner that types, read as key events: layouts, Shift, lost events, unplugging, and who scanned.

There is no /dev/uinput on the machines that test, so the events are written, as the kernel lays them out, into a pipe
behind the same reader; opening and grabbing a real device is python-evdev's and is tried by hand (docs/hardware.md).
"""

import os
import queue
import struct

import pytest
from emulated_device import eventually
from hypothesis import given
from hypothesis import strategies as st

from hardware.scanner.event_device import EventLine, EventReader, EventSource, Keyboard, first_scan
from hardware.scanner.keys import LAYOUTS, KeyDecoder
from hardware.scanner.listening import ListeningScanner

# Key numbers from Linux' input-event-codes.h, by the name of the key on a US keyboard.
NAMES = {
    **{name: 2 + place for place, name in enumerate("1234567890")},
    **{name: 16 + place for place, name in enumerate("qwertyuiop")},
    **{name: 30 + place for place, name in enumerate("asdfghjkl")},
    **{name: 44 + place for place, name in enumerate("zxcvbnm")},
    "minus": 12,
    "equal": 13,
    "left bracket": 26,
    "right bracket": 27,
    "semicolon": 39,
    "apostrophe": 40,
    "backslash": 43,
    "comma": 51,
    "dot": 52,
    "slash": 53,
    "102nd": 86,
    "space": 57,
    "enter": 28,
    "tab": 15,
    "keypad enter": 96,
    "keypad 7": 71,
    "keypad 0": 82,
    "caps lock": 58,
}
SHIFT, RIGHT_ALT, CTRL = 42, 100, 29
EAN = "2000000000015"


def event(key, value, at_ms=0.0, kind=1):
    seconds, rest = divmod(at_ms, 1000)
    return struct.pack("@llHHi", int(seconds), int(rest * 1000), kind, key, value)


def press(key, at_ms=0.0):
    """Return what the kernel reports of one key: scan code, press, synchronisation, release, synchronisation."""
    return (
        event(4, 30, at_ms, kind=4)
        + event(key, 1, at_ms)
        + event(0, 0, at_ms, kind=0)
        + event(key, 0, at_ms)
        + event(0, 0, at_ms, kind=0)
    )


def struck(*keys, at_ms=1000.0, each_ms=5.0):
    """Return key events; "+name" is with Shift, "^name" with AltGr, "~name" with Ctrl."""
    data = b""
    for key in keys:
        holds = {"+": SHIFT, "^": RIGHT_ALT, "~": CTRL}.get(key[0]) if len(key) > 1 else None
        number = NAMES[key[1:] if holds else key]
        if holds:
            data += event(holds, 1, at_ms)
        data += press(number, at_ms)
        if holds:
            data += event(holds, 0, at_ms)
        at_ms += each_ms
    return data


def decoded(layout, data):
    decoder = KeyDecoder(layout)
    fields = struct.iter_unpack("@llHHi", data)
    return "".join(decoder.feed(code, value) for _, _, kind, code, value in fields if kind == 1)


# --- layouts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS)
def test_digits_are_digits_on_every_layout(layout):
    assert decoded(layout, struck(*"1234567890", "keypad 7", "keypad 0")) == "123456789070"


@pytest.mark.parametrize(
    ("layout", "text"),
    [("us", "yz-/;:=?[]{"), ("de", "zyß-öÖ´_ü+Ü"), ("nl", "yz/-+±°=¨*^")],
)
def test_one_row_of_keys_is_other_characters_on_other_layouts(layout, text):
    """What goes wrong in shops: y and z, the minus, and all that a web address is made of."""
    keys = ["y", "z", "minus", "slash", "semicolon", "+semicolon", "equal", "+slash", "left bracket", "right bracket"]
    assert decoded(layout, struck(*keys, "+left bracket")) == text


def test_a_german_scanner_types_a_web_address():
    """https://id.example/01/02000000000015?x=1 as a scanner set to a German keyboard types it."""
    keys = [*"https", "+dot", "+7", "+7", *"id", "dot", *"example", "+7", *"01", "+7", *"02000000000015", "+minus"]
    assert decoded("de", struck(*keys, "x", "+0", "1")) == "https://id.example/01/02000000000015?x=1"


def test_german_signs_with_shift_and_altgr():
    keys = ["^q", "^e", "^7", "^8", "^9", "^0", "^minus", "102nd", "+102nd", "^102nd", "+minus", "+2"]
    assert decoded("de", struck(*keys)) == '@€{[]}\\<>|?"'


def test_capitals_by_shift_and_by_caps_lock():
    assert decoded("de", struck("+a", "a", "caps lock", "a", "+a", "1", "caps lock", "a")) == "AaAa1a"


def test_the_separator_of_gs1_codes_comes_as_control_bracket():
    assert decoded("us", struck("0", "1", "~right bracket", "1", "~c")) == "01\x1d1\x03"


def test_a_repeated_key_types_once():
    """A release that went missing makes the kernel repeat; a code must not grow by that."""
    assert decoded("us", event(2, 1) + event(2, 2) * 20 + event(2, 0) + event(3, 1)) == "12"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_keys_mean_what_the_kernel_calls_them(layout):
    """Against python-evdev's names of the keys: every letter and digit but those that the layout has elsewhere."""
    ecodes = pytest.importorskip("evdev", reason="python-evdev has no ready-made wheel here").ecodes
    swapped = {"us": "", "de": "YZ", "nl": ""}[layout]
    for name in sorted(set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") - set(swapped)):
        key = ecodes.ecodes[f"KEY_{name}"]
        assert decoded(layout, event(key, 1)) == name.lower()
    assert (ecodes.KEY_ENTER, ecodes.KEY_TAB, ecodes.KEY_RIGHTALT, ecodes.KEY_CAPSLOCK) == (28, 15, 100, 58)


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 2)), max_size=200), st.sampled_from(LAYOUTS))
def test_any_events_are_at_most_one_character_each(events, layout):
    """Fault 51: noise on the bus ends in characters or in nothing, never in a crash."""
    decoder = KeyDecoder(layout)
    assert all(len(decoder.feed(key, value)) <= 1 for key, value in events)


# --- the reader, behind a pipe ---------------------------------------------------------------------------------------


class Pipe:
    """A device's far end; its near end is read as the scanner's file."""

    def __init__(self):
        self.near, self.far = os.pipe()

    def send(self, data):
        os.write(self.far, data)

    def unplug(self):
        os.close(self.far)


class PipedSource(EventSource):
    """The source with a pipe where python-evdev would open the device."""

    def __init__(self, pipe, layout):
        super().__init__("/dev/input/scanner", layout=layout)
        self.pipe = pipe

    def open(self):
        return EventLine(EventReader(self.pipe.near), self.layout)


@pytest.fixture
def piped():
    started = []

    def start(layout="us", suffix=b"\n", prefix=b""):
        pipe, scans, faults = Pipe(), queue.Queue(), queue.Queue()
        scanner = ListeningScanner(PipedSource(pipe, layout), prefix=prefix, suffix=suffix)
        scanner.start(scans.put, faults.put)
        started.append(scanner)
        return pipe, scans, faults, scanner

    yield start
    for scanner in started:
        scanner.stop()
        assert not scanner._thread.is_alive()


@pytest.mark.parametrize("size", [1, 7, 24, 100, 5000])
def test_a_scan_comes_through_in_any_pieces(piped, size):
    pipe, scans, _, _ = piped()
    data = struck(*EAN, "enter")
    for at in range(0, len(data), size):
        pipe.send(data[at : at + size])
    scan = scans.get(timeout=3)
    assert (scan.code, scan.source) == (EAN, "/dev/input/scanner")


@pytest.mark.parametrize(("suffix", "key"), [(b"\n", "enter"), (b"\n", "keypad enter"), (b"\t", "tab"), (b"", "")])
def test_a_read_ends_as_the_scanner_is_set(piped, suffix, key):
    pipe, scans, faults, _ = piped(suffix=suffix)
    pipe.send(struck(*EAN, *([key] if key else [])))
    assert scans.get(timeout=3).code == EAN
    assert faults.empty()


def test_a_symbology_identifier_stays_with_the_code(piped):
    """What it says is the till's business (schema.scan); here it must only survive the layout."""
    pipe, scans, _, _ = piped(layout="de")
    pipe.send(struck("^9", "+c", "1", *"0102000000000015", "enter"))
    assert scans.get(timeout=3).code == "]C10102000000000015"


def test_a_hundred_scans_at_twenty_a_second_are_a_hundred(piped):
    """Kernel events do not get lost between two reads, nor between two scans."""
    pipe, scans, faults, _ = piped()
    codes = [f"A{number:06d}" for number in range(100)]
    for code in codes:
        pipe.send(struck("+a", *code[1:], "enter"))
    assert [scans.get(timeout=5).code for _ in codes] == codes
    assert faults.empty()


def test_what_the_kernel_dropped_is_no_half_code(piped):
    """Fault 51: the kernel's buffer ran over within a read; the rest of it is not executed."""
    pipe, scans, faults, _ = piped()
    pipe.send(struck(*EAN[:5]) + event(3, 0, kind=0) + struck(*EAN[9:], "enter"))
    assert "not read cleanly" in faults.get(timeout=3)
    pipe.send(struck(*EAN, "enter"))
    assert scans.get(timeout=3).code == EAN
    assert scans.empty()


def test_an_unplugged_scanner_is_reported(piped):
    pipe, _, faults, scanner = piped()
    eventually(lambda: scanner.is_connected)
    pipe.unplug()
    assert "Plug it in" in faults.get(timeout=3)
    eventually(lambda: not scanner.is_connected)


@pytest.mark.parametrize("source", [EventSource("/dev/input/no-such"), EventSource(name="No Such Scanner")])
def test_a_device_that_is_not_there_is_an_os_error(source):
    with pytest.raises(OSError, match=r"."):
        source.open()


# --- who scanned? ----------------------------------------------------------------------------------------------------


@pytest.fixture
def desk():
    """A keyboard and a scanner on one machine."""
    pipes = {Keyboard(path=f"/dev/input/{name}", name=name): Pipe() for name in ("keyboard", "scanner")}
    yield pipes
    for pipe in pipes.values():
        os.close(pipe.near)


def learned(desk, wait_s=0.5):
    return first_scan({keyboard: pipe.near for keyboard, pipe in desk.items()}, wait_s)


def test_the_device_that_scans_is_named_with_its_code_in_every_layout(desk):
    keyboard, scanner = desk.values()
    keyboard.send(struck(*"hello", each_ms=120))
    scanner.send(struck("y", "minus", *"123", "enter"))
    found = learned(desk)
    assert (found.keyboard.name, found.keyboard.address) == ("scanner", "evdev:///dev/input/scanner")
    assert found.codes == {"us": "y-123", "de": "zß123", "nl": "y/123"}


def test_a_person_who_types_is_no_scanner(desk):
    keyboard, _ = desk.values()
    keyboard.send(struck(*"1234567", "enter", each_ms=80))
    assert learned(desk) is None


def test_nobody_scans(desk):
    assert learned(desk, wait_s=0.1) is None


def test_a_device_that_goes_meanwhile_does_not_end_the_search(desk):
    keyboard, scanner = desk.values()
    keyboard.unplug()
    scanner.send(struck(*EAN, "enter"))
    assert learned(desk).codes["us"] == EAN
