"""A scanner that types (keyboard wedge): tells its reads from a person's typing. Pure.

A scanner types a code in one burst of a few milliseconds a character; nobody types so fast. The window hands over
characters when a frame is done, not when they were struck, so a slow frame makes a burst look paused and slow typing
look fast. Hence two rules: a pause counts only if idle frames were run in it, and a burst's time begins with the last
idle moment before it, so that what a person typed while the window stood still is not taken for a scan.

Characters are held until it is clear whose they are, and every one comes out again, in order: as `Typed`, as part of a
`Read`, or in a `Garbled` that says why it is not executed (fault 51).
"""

from msgspec import Struct

from hardware.scanner.framing import HELD_BYTES_MAX, judge
from schema.barcode import READ_LENGTH_MAX, has_check_digit
from schema.errors import Refused

# Between two characters of a burst; a scanner needs 3-20, a racing typist 70.
PAUSE_MS = 60
IDLE_FRAMES = 2
# Average over a burst, first character included.
CHARACTER_MS_MAX = 40
LENGTH_MIN = 4
# Without Enter only a GTIN is believed, for nothing else tells that the burst is complete.
_GTIN_LENGTHS = (8, 12, 13, 14)
ENTER = "\n"


class Typed(Struct, frozen=True):
    """A person's: hand it to the field that has the focus. ENTER is the Enter key."""

    text: str


class Read(Struct, frozen=True):
    """A clean scan; its Enter is part of it."""

    code: str


class Garbled(Struct, frozen=True):
    """A scan that must not be executed; the message is for the cashier."""

    text: str
    message: str


Outcome = Typed | Read | Garbled


class Wedge:
    """Feed it every character, the Enter key and every idle frame; act on the outcomes in order."""

    def __init__(self) -> None:
        self._held = ""
        self._last_ms = 0.0
        self._last_frame = 0
        self._idle_ms: float | None = None
        self._since_ms = 0.0

    @property
    def is_holding(self) -> bool:
        """Tell whether characters wait of which it is not clear whose they are."""
        return bool(self._held)

    def character(self, char: str, at_ms: float, frame: int) -> list[Outcome]:
        """Take one typed character with the clock and the number of the frame that handed it over."""
        outcomes = self._after_pause(at_ms, frame)
        if not self._held:
            self._since_ms = at_ms if self._idle_ms is None else self._idle_ms
        self._held += char
        self._last_ms, self._last_frame = at_ms, frame
        if len(self._held) > HELD_BYTES_MAX:
            outcomes.append(self._garbled("The scanner sends without end. Check its settings."))
        return outcomes

    def enter(self, at_ms: float, frame: int) -> list[Outcome]:
        """Take the Enter (or Tab) key, which ends a scan, or is a person's."""
        outcomes = self._after_pause(at_ms, frame)
        self._last_ms = at_ms
        if self._is_burst(LENGTH_MIN):
            # What follows in the same frame is the next scan; its time begins here.
            self._idle_ms = at_ms
            return [*outcomes, self._judged()]
        return [*outcomes, *self._typed(), Typed(ENTER)]

    def idle(self, at_ms: float, frame: int) -> list[Outcome]:
        """Take note of a frame in which no key came; hands over what waited long enough."""
        outcomes = self._after_pause(at_ms, frame)
        if not self._held:
            self._idle_ms = at_ms
        return outcomes

    def _after_pause(self, at_ms: float, frame: int) -> list[Outcome]:
        """End the burst if a pause follows it."""
        paused = at_ms - self._last_ms > PAUSE_MS and frame - self._last_frame > IDLE_FRAMES
        if not self._held or not paused:
            return []
        if len(self._held) in _GTIN_LENGTHS and self._is_burst(min(_GTIN_LENGTHS)) and _is_gtin(self._held):
            return [self._judged()]
        return self._typed()

    def _is_burst(self, length_min: int) -> bool:
        return (
            len(self._held) >= length_min and self._last_ms - self._since_ms <= CHARACTER_MS_MAX * len(self._held)
        ) or _is_gtin(self._held)

    def _judged(self) -> Outcome:
        text, self._held = self._held, ""
        try:
            return Read(judge(text))
        except Refused as error:
            return Garbled(text, error.message)

    def _garbled(self, message: str) -> Garbled:
        text, self._held = self._held, ""
        return Garbled(text, message)

    def _typed(self) -> list[Outcome]:
        text, self._held = self._held, ""
        return [Typed(text)] if text else []


def _is_gtin(text: str) -> bool:
    """A whole code with its right check digit is no accident, however slowly the window handed it over."""
    digits = text.isascii() and text.isdecimal() and len(text) <= READ_LENGTH_MAX
    return digits and len(text) in _GTIN_LENGTHS and has_check_digit(text)
