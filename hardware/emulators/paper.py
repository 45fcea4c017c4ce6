"""ESC/POS bytes read back: what a printer would do with a stream. Pure and incremental.

Knows the commands that receipts are made of; an unknown one is reported with its bytes, never guessed over, so that a
wrong byte in an encoder shows in a test. Source: Epson's ESC/POS reference.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from msgspec import Struct

Side = Literal["left", "centre", "right"]
PageTable = Mapping[int, str]
# What Epson's numbers of ESC t mean; most makers follow them, as far as their printers have the pages.
EPSON_PAGES: PageTable = {
    0: "cp437",
    2: "cp850",
    3: "cp860",
    4: "cp863",
    5: "cp865",
    14: "cp737",
    15: "iso8859-7",
    16: "cp1252",
    17: "cp866",
    18: "cp852",
    19: "cp858",
}
# Models that lack pages or number them otherwise (escpos-printer-db; the makers' manuals).
_OWN_PAGES: Mapping[str, PageTable] = {
    "epson-tm-t88ii": {0: "cp437", 2: "cp850", 16: "cp1252", 17: "cp866", 18: "cp852"},
    "metapace-t-1": {0: "cp437", 2: "cp850", 19: "cp858"},
    "wincor-th230": {0: "cp437", 1: "cp850", 2: "cp852", 6: "cp858", 7: "cp866", 8: "cp1252"},
    "zjiang-zj-5870": {0: "cp437", 2: "cp850", 16: "cp1252"},
}
_SIDES: tuple[Side, ...] = ("left", "centre", "right")


class Style(Struct, frozen=True, kw_only=True):
    """How characters are drawn."""

    bold: bool = False
    wide: int = 1
    high: int = 1
    underline: bool = False


class Run(Struct, frozen=True):
    """Characters of one style."""

    text: str
    style: Style


class TextLine(Struct, frozen=True):
    runs: tuple[Run, ...]
    side: Side = "left"

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)


class BarcodeDrawn(Struct, frozen=True, kw_only=True):
    """A bar code; modules and height in dots."""

    code: str
    module_dots: int
    height_dots: int
    with_text: bool
    side: Side
    symbology: Literal["code128", "ean13"] = "code128"


class QrDrawn(Struct, frozen=True, kw_only=True):
    data: bytes
    module_dots: int
    level: str
    side: Side


class PictureDrawn(Struct, frozen=True, kw_only=True):
    """A raster picture, one bit a dot, each row of `bytes_wide` bytes."""

    bytes_wide: int
    rows: int
    bits: bytes
    side: Side


class Cut(Struct, frozen=True):
    partial: bool


class Pulse(Struct, frozen=True):
    """The drawer's coil is under current: connector pin 2 or 5, milliseconds on and off."""

    pin: int
    on_ms: int
    off_ms: int


class StatusAsked(Struct, frozen=True):
    """DLE EOT: to be answered at once, before anything that still waits to be printed."""

    kind: int


class PrintAsked(Struct, frozen=True):
    """GS ( H 48: to be answered when everything before it is on paper."""

    job_id: bytes


class Reset(Struct, frozen=True):
    """ESC @."""


class Unknown(Struct, frozen=True):
    """Bytes that are no command we know."""

    data: bytes


Event = TextLine | BarcodeDrawn | QrDrawn | PictureDrawn | Cut | Pulse | StatusAsked | PrintAsked | Reset | Unknown


class Step(Struct, frozen=True):
    """One command or piece of text: its bytes and what they brought about."""

    raw: bytes
    events: tuple[Event, ...]


class _Incomplete(Exception):
    """The command goes on in bytes that have not come yet."""


class Decoder:
    """Turns a stream in any pieces into events. A command that goes on in the next piece waits for it."""

    def __init__(self, pages: PageTable = EPSON_PAGES) -> None:
        self._pages = pages
        self._held = b""
        self._at = 0
        self._reset()

    def _reset(self) -> None:
        self._style = Style()
        self._side: Side = "left"
        self._codec = self._pages[0]
        self._runs: list[Run] = []
        self._barcode_height, self._barcode_module, self._barcode_text = 162, 3, 0
        self._qr_data, self._qr_module, self._qr_level = b"", 3, "L"

    def feed(self, piece: bytes) -> list[Event]:
        """Take a piece of the stream and return what it brought about."""
        return [event for step in self.steps(piece) for event in step.events]

    def steps(self, piece: bytes) -> list[Step]:
        """Do the same command by command, each with its own bytes."""
        self._held += piece
        steps: list[Step] = []
        while self._held:
            self._at = 0
            try:
                events = tuple(self._next())
            except _Incomplete:
                break
            steps.append(Step(self._held[: self._at], events))
            self._held = self._held[self._at :]
        return steps

    def rest(self) -> list[Event]:
        """Return the line that was begun and not ended, as a printer prints it when its paper is cut."""
        return list(self._end_line()) if self._runs else []

    def _next(self) -> Iterator[Event]:
        byte = self._held[0]
        if byte in _LEADS:
            yield from self._command()
        elif byte == 0x0A:
            self._at = 1
            yield from self._end_line()
        elif byte < 0x20:
            self._at = 1
            if byte != 0x0D:
                yield Unknown(self._held[:1])
        else:
            self._text()

    def _text(self) -> None:
        end = next((at for at, byte in enumerate(self._held) if byte < 0x20), len(self._held))
        self._at = end
        self._runs.append(Run(self._held[:end].decode(self._codec, "replace"), self._style))

    def _end_line(self) -> Iterator[Event]:
        runs, self._runs = tuple(self._runs), []
        yield TextLine(runs, self._side)

    def _command(self) -> Iterator[Event]:
        for lead, action in _COMMANDS.items():
            if self._held.startswith(lead):
                self._at = len(lead)
                yield from action(self)
                return
        if any(lead.startswith(self._held) for lead in _COMMANDS):
            raise _Incomplete
        self._at = min(2, len(self._held))
        yield Unknown(self._held[: self._at])

    def _take(self, count: int) -> bytes:
        if len(self._held) < self._at + count:
            raise _Incomplete
        self._at += count
        return self._held[self._at - count : self._at]

    def _byte(self) -> int:
        return self._take(1)[0]

    def _number(self) -> int:
        return int.from_bytes(self._take(2), "little")

    # --- commands; each takes its parameters first, because it starts again when they are not complete -------------

    def _initialise(self) -> Iterator[Event]:
        self._reset()
        yield Reset()

    def _page(self) -> Iterator[Event]:
        page = self._byte()
        self._codec = self._pages.get(page, "ascii")
        if page not in self._pages:
            yield Unknown(b"\x1bt" + bytes([page]))

    def _align(self) -> Iterator[Event]:
        self._side = _SIDES[self._byte() % 48 % 3]
        yield from ()

    def _bold(self) -> Iterator[Event]:
        self._restyle(bold=bool(self._byte() & 1))
        yield from ()

    def _underline(self) -> Iterator[Event]:
        self._restyle(underline=bool(self._byte() % 48))
        yield from ()

    def _mode(self) -> Iterator[Event]:
        mode = self._byte()
        self._style = Style(
            bold=bool(mode & 8), high=1 + (mode >> 4 & 1), wide=1 + (mode >> 5 & 1), underline=bool(mode & 0x80)
        )
        yield from ()

    def _size(self) -> Iterator[Event]:
        size = self._byte()
        self._restyle(wide=1 + (size >> 4 & 7), high=1 + (size & 7))
        yield from ()

    def _restyle(self, **change: int | bool) -> None:
        values = {name: getattr(self._style, name) for name in Style.__struct_fields__}
        self._style = Style(**{**values, **change})

    def _font(self) -> Iterator[Event]:
        self._byte()
        yield from ()

    def _spacing(self) -> Iterator[Event]:
        self._byte()
        yield from ()

    def _feed_lines(self) -> Iterator[Event]:
        lines = self._byte()
        if self._runs:
            yield from self._end_line()
        yield from [TextLine((), self._side)] * lines

    def _cut(self) -> Iterator[Event]:
        mode = self._byte()
        if mode in (0x41, 0x42):
            self._byte()
        yield from self.rest()
        yield Cut(partial=mode in (1, 49, 0x42))

    def _pulse(self) -> Iterator[Event]:
        pin, on, off = self._take(3)
        yield Pulse(2 if pin in (0, 48) else 5, on * 2, off * 2)

    def _pulse_now(self) -> Iterator[Event]:
        pin, time = self._take(2)
        yield Pulse(2 if pin == 0 else 5, time * 100, time * 100)

    def _status(self) -> Iterator[Event]:
        yield StatusAsked(self._byte())

    def _print_end(self) -> Iterator[Event]:
        data = self._take(self._number())
        if data[:2] == b"\x30\x30" and len(data) == 6:
            yield PrintAsked(data[2:])
        else:
            yield Unknown(b"\x1d(H" + data)

    def _height(self) -> Iterator[Event]:
        self._barcode_height = max(self._byte(), 1)
        yield from ()

    def _module(self) -> Iterator[Event]:
        self._barcode_module = min(max(self._byte(), 1), 6)
        yield from ()

    def _text_place(self) -> Iterator[Event]:
        self._barcode_text = self._byte() % 48
        yield from ()

    def _barcode(self) -> Iterator[Event]:
        kind = self._byte()
        data = self._take(self._byte()) if kind >= 65 else self._until_zero()
        if kind not in (67, 73) or (kind == 67 and not (len(data) in (12, 13) and data.isdigit())):
            yield Unknown(b"\x1dk" + bytes([kind]) + data)
            return
        yield BarcodeDrawn(
            code=data.decode() if kind == 67 else _code128_text(data),
            symbology="ean13" if kind == 67 else "code128",
            module_dots=self._barcode_module,
            height_dots=self._barcode_height,
            with_text=bool(self._barcode_text),
            side=self._side,
        )

    def _until_zero(self) -> bytes:
        end = self._held.find(0, self._at)
        if end < 0:
            raise _Incomplete
        return self._take(end - self._at + 1)[:-1]

    def _two_dimensional(self) -> Iterator[Event]:
        data = self._take(self._number())
        if data[:1] != b"1" or len(data) < 3:
            yield Unknown(b"\x1d(k" + data)
            return
        match data[1]:
            case 67:
                self._qr_module = min(max(data[2], 1), 16)
            case 69:
                self._qr_level = "LMQH"[data[2] % 48 % 4]
            case 80:
                self._qr_data = data[3:]
            case 81:
                yield QrDrawn(data=self._qr_data, module_dots=self._qr_module, level=self._qr_level, side=self._side)

    def _raster(self) -> Iterator[Event]:
        self._byte()
        wide, rows = self._number(), self._number()
        yield PictureDrawn(bytes_wide=wide, rows=rows, bits=self._take(wide * rows), side=self._side)


def _code128_text(data: bytes) -> str:
    """Undo the code set marks: {A and {B choose a set, {{ is a brace."""
    text, at = "", 0
    while at < len(data):
        if data[at : at + 1] == b"{":
            text += "{" if data[at + 1 : at + 2] == b"{" else ""
            at += 2
            continue
        text += chr(data[at])
        at += 1
    return text


_LEADS = frozenset({0x10, 0x1B, 0x1C, 0x1D})
_COMMANDS: Mapping[bytes, Callable[[Decoder], Iterator[Event]]] = {
    b"\x1b@": Decoder._initialise,
    b"\x1bt": Decoder._page,
    b"\x1ba": Decoder._align,
    b"\x1bE": Decoder._bold,
    b"\x1b-": Decoder._underline,
    b"\x1b!": Decoder._mode,
    b"\x1bM": Decoder._font,
    b"\x1b3": Decoder._spacing,
    b"\x1bd": Decoder._feed_lines,
    b"\x1bp": Decoder._pulse,
    b"\x10\x04": Decoder._status,
    b"\x10\x14\x01": Decoder._pulse_now,
    b"\x1d!": Decoder._size,
    b"\x1dV": Decoder._cut,
    b"\x1d(H": Decoder._print_end,
    b"\x1dh": Decoder._height,
    b"\x1dw": Decoder._module,
    b"\x1df": Decoder._font,
    b"\x1dH": Decoder._text_place,
    b"\x1dk": Decoder._barcode,
    b"\x1d(k": Decoder._two_dimensional,
    b"\x1dv0": Decoder._raster,
}


def pages_of(profile: str) -> PageTable:
    """Return what a model understands by the numbers of its code pages."""
    return _OWN_PAGES.get(profile, EPSON_PAGES)


def decode(data: bytes, pages: PageTable = EPSON_PAGES) -> list[Event]:
    """Read a whole job."""
    decoder = Decoder(pages)
    return [*decoder.feed(data), *decoder.rest()]


def receipt_lines(events: list[Event], width_chars: int) -> list[str]:
    """Return what stands on the paper as text lines, codes in square brackets (as `layout.text_lines` shows them)."""
    return [line for event in events if (line := _shown(event, width_chars)) is not None]


def _shown(event: Event, width_chars: int) -> str | None:
    match event:
        case TextLine():
            return event.text.rstrip()
        case BarcodeDrawn():
            return f"[{event.code}]".center(width_chars).rstrip()
        case QrDrawn():
            return "[QR]".center(width_chars).rstrip()
        case PictureDrawn():
            return "[picture]".center(width_chars).rstrip()
    return None
