"""Key events of a scanner that the kernel takes for a keyboard, back to the characters that were on the label. Pure.

The kernel reports keys, not characters: which character a key means is the keyboard's layout, and a scanner plays the
layout that it is set to, whatever the till's own is. Key numbers are Linux' (input-event-codes.h). A layout names the
characters of its keys in three states; a dead key stands for its accent, for scanners do not combine.
"""

from collections.abc import Iterator, Mapping
from typing import Literal, get_args

from msgspec import Struct

Layout = Literal["us", "de", "nl"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)
ENTER, TAB = "\n", "\t"
RELEASED, PRESSED = 0, 1

_LEFT_CTRL, _RIGHT_CTRL, _LEFT_SHIFT, _RIGHT_SHIFT, _RIGHT_ALT, _CAPS_LOCK = 29, 97, 42, 54, 100, 58
_SHIFTS, _CTRLS = frozenset({_LEFT_SHIFT, _RIGHT_SHIFT}), frozenset({_LEFT_CTRL, _RIGHT_CTRL})
_HELD = _SHIFTS | _CTRLS | {_RIGHT_ALT}
# The four rows of a keyboard from the left: the number row, and the rows that begin with Q, with A, and below with <.
_ROWS = ((41, *range(2, 14)), range(16, 28), (*range(30, 41), 43), (86, *range(44, 54)))
_SAME_EVERYWHERE: Mapping[int, str] = {
    28: ENTER,
    96: ENTER,
    15: TAB,
    57: " ",
    **dict(zip((82, 79, 80, 81, 75, 76, 77, 71, 72, 73), "0123456789", strict=True)),
    55: "*",
    74: "-",
    78: "+",
    83: ".",
    98: "/",
}


class _Characters(Struct, frozen=True, kw_only=True):
    """What the keys of a layout mean: four rows each plain and with Shift, single keys with AltGr."""

    plain: tuple[str, str, str, str]
    shifted: tuple[str, str, str, str]
    alternate: Mapping[str, str]


_LAYOUTS: Mapping[Layout, _Characters] = {
    "us": _Characters(
        plain=("`1234567890-=", "qwertyuiop[]", "asdfghjkl;'\\", "<zxcvbnm,./"),
        shifted=("~!@#$%^&*()_+", "QWERTYUIOP{}", 'ASDFGHJKL:"|', ">ZXCVBNM<>?"),
        alternate={},
    ),
    "de": _Characters(
        plain=("^1234567890ß´", "qwertzuiopü+", "asdfghjklöä#", "<yxcvbnm,.-"),
        shifted=('°!"§$%&/()=?`', "QWERTZUIOPÜ*", "ASDFGHJKLÖÄ'", ">YXCVBNM;:_"),
        alternate={
            "q": "@",
            "e": "€",
            "2": "²",
            "3": "³",
            "7": "{",
            "8": "[",
            "9": "]",
            "0": "}",
            "ß": "\\",
            "+": "~",
            "<": "|",
            "m": "µ",
        },
    ),
    "nl": _Characters(
        plain=("@1234567890/°", "qwertyuiop¨*", "asdfghjkl+´<", "]zxcvbnm,.-"),
        shifted=("§!\"#$%&_()'?~", "QWERTYUIOP^|", "ASDFGHJKL±`>", "[ZXCVBNM;:="),
        alternate={"e": "€", "8": "{", "9": "}", "/": "\\", "]": "|"},
    ),
}


class KeyDecoder:
    """One keyboard's state: which keys are held, and Caps Lock."""

    def __init__(self, layout: Layout) -> None:
        self._plain, self._shifted, self._alternate = _tables(_LAYOUTS[layout])
        self._held: set[int] = set()
        self._caps = False

    def feed(self, key: int, value: int) -> str:
        """Take one key event; return the character that it typed, or nothing.

        A repeated key types nothing: nobody holds a scanner's key down, and a release that went missing must not
        fill a code with one character.
        """
        if key in _HELD:
            (self._held.discard if value == RELEASED else self._held.add)(key)
            return ""
        if value != PRESSED:
            return ""
        if key == _CAPS_LOCK:
            self._caps = not self._caps
            return ""
        return self._controlled(self._character(key))

    def _character(self, key: int) -> str:
        if key in _SAME_EVERYWHERE:
            return _SAME_EVERYWHERE[key]
        plain = self._plain.get(key, "")
        if _RIGHT_ALT in self._held:
            return self._alternate.get(key, "")
        is_letter = plain.isalpha() and len(plain.upper()) == 1
        is_shifted = bool(_SHIFTS & self._held) ^ (self._caps and is_letter)
        return self._shifted.get(key, "") if is_shifted else plain

    def _controlled(self, character: str) -> str:
        """Turn Ctrl and a key into its control character: a GS1 code's separator comes as Ctrl ]."""
        if not _CTRLS & self._held or not character:
            return character
        upper = character.upper()
        return chr(ord(upper) & 0x1F) if "@" <= upper <= "_" else ""


def _tables(layout: _Characters) -> tuple[dict[int, str], dict[int, str], dict[int, str]]:
    plain, shifted = dict(_keys(layout.plain)), dict(_keys(layout.shifted))
    alternate = {key: layout.alternate[char] for key, char in plain.items() if char in layout.alternate}
    return plain, shifted, alternate


def _keys(rows: tuple[str, str, str, str]) -> Iterator[tuple[int, str]]:
    for keys, characters in zip(_ROWS, rows, strict=True):
        yield from zip(keys, characters, strict=True)
