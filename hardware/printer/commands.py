"""The commands that receipts are made of, in a printer's bytes (ESC/POS). Pure; the only file that writes commands.

Source: Epson's ESC/POS reference, under the names that it gives them. Numbers of two bytes are little-endian.
"""

from hardware.printer.raster import Raster

_ESC, _GS = b"\x1b", b"\x1d"
INITIALISE = _ESC + b"@"
# GS V 65 and 66 feed to the cutter by themselves.
FULL_CUT, PARTIAL_CUT = _GS + b"V\x41\x00", _GS + b"V\x42\x00"
# 50 ms on and 500 ms off, in steps of 2 ms: long enough for every drawer, short enough for every coil. Spelled out,
# for without the times a printer takes the next two bytes for them.
_PULSE_ON, _PULSE_OFF = 25, 250
# QR codes: GS ( k with the symbol 49; level M repairs 15 %.
_QR_LEVEL_M = b"1"


def choose_page(page: int) -> bytes:
    """ESC t: write in this code page from here on."""
    return _ESC + b"t" + bytes([page])


def size(times: int) -> bytes:
    """GS !: characters so many times as wide and high."""
    return _GS + b"!" + bytes([(times - 1) << 4 | (times - 1)])


def bold(is_on: bool) -> bytes:
    """ESC E: emphasised."""
    return _ESC + b"E" + bytes([is_on])


def feed(lines: int) -> bytes:
    """ESC d: print what is there and feed."""
    return _ESC + b"d" + bytes([lines])


def pulse(pin: int) -> bytes:
    """ESC p: current on the drawer's connector, pin 2 or 5."""
    return _ESC + b"p" + bytes([0 if pin == 2 else 1, _PULSE_ON, _PULSE_OFF])


def picture(raster: Raster) -> bytes:
    """GS v 0: dots, centred."""
    return _centred(_GS + b"v0\x00" + _number(raster.bytes_wide) + _number(raster.rows) + raster.bits)


def ean13(code: str, *, module_dots: int, height_dots: int) -> bytes:
    """GS k 67: thirteen digits with their check digit, centred, the digits below."""
    return _bars(67, code.encode("ascii"), module_dots, height_dots)


def code128(code: str, *, module_dots: int, height_dots: int) -> bytes:
    """GS k 73: ASCII in code set B, centred, the text below. "{" is the escape sign of the data, so it is doubled."""
    return _bars(73, b"{B" + code.encode("ascii").replace(b"{", b"{{"), module_dots, height_dots)


def qr(data: bytes, *, module_dots: int) -> bytes:
    """GS ( k: model 2, module size, error correction, data, print; centred."""
    return _centred(
        _qr_step(65, b"2\x00")
        + _qr_step(67, bytes([module_dots]))
        + _qr_step(69, _QR_LEVEL_M)
        + _qr_step(80, b"0" + data)
        + _qr_step(81, b"0")
    )


def _bars(kind: int, data: bytes, module_dots: int, height_dots: int) -> bytes:
    # GS h height, GS w module, GS f the text's font, GS H its place: 2 is below.
    look = _GS + b"h" + bytes([height_dots]) + _GS + b"w" + bytes([module_dots]) + _GS + b"f\x00" + _GS + b"H\x02"
    return _centred(look + _GS + b"k" + bytes([kind, len(data)]) + data)


def _qr_step(function: int, parameters: bytes) -> bytes:
    return _GS + b"(k" + _number(2 + len(parameters)) + bytes([49, function]) + parameters


def _centred(job: bytes) -> bytes:
    """ESC a: in the middle, and back to the left edge, where the layout's lines begin."""
    return _ESC + b"a\x01" + job + _ESC + b"a\x00"


def _number(value: int) -> bytes:
    return value.to_bytes(2, "little")
