"""Coverage-guided fuzzing of what reads bytes from devices (atheris; the extra `fuzz`). Not part of the test run.

    python tests/fuzz/decoders.py zvt -max_total_time=60

Each target takes any bytes and must raise nothing but what it promises, hold its bounds, and keep no card number.
The same decoders have property tests that run always; this one digs where these do not look.
"""

import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import atheris

with atheris.instrument_imports(include=["hardware", "schema"]):
    import msgspec

    from hardware.fiscal import wire
    from hardware.terminal import zvt_codec
    from hardware.terminal.zvt_result import read_result
    from hardware.terminal.zvt_slips import LINES_MAX, SlipCollector
    from hardware.terminal.zvt_totals import read_totals
    from schema.scrub import scrub

CHARSETS = ("cp437", "iso8859-15", "utf-8")


def zvt(data: bytes) -> None:
    """Frames out of a stream in two pieces, and their fields down to the objects inside."""
    cut = data[0] if data else 0
    splitter = zvt_codec.Splitter()
    frames = splitter.feed(data[1 : 1 + cut]) + splitter.feed(data[1 + cut :])
    held = b"".join(map(zvt_codec.encode_apdu, frames))
    assert len(held) <= len(data)
    for frame in frames:
        fields = zvt_codec.parse_fields(frame.data)
        for each in zvt_codec.parse_tlv(fields.values.get(zvt_codec.TLV, b"")):
            zvt_codec.parse_tlv(each.value)
        assert zvt_codec.describe(frame)


def result(data: bytes) -> None:
    """A status information, and the same bytes as totals."""
    reading = read_result(data[1:], CHARSETS[data[0] % len(CHARSETS)] if data else CHARSETS[0])
    for text in (reading.text, reading.card_name):
        assert scrub(text) == text
    read_totals(data)


def slips(data: bytes) -> None:
    """Print lines and blocks, cut out of the bytes at every FE."""
    collector = SlipCollector(CHARSETS[len(data) % len(CHARSETS)])
    for part in data.split(b"\xfe"):
        (collector.take_line if part[:1] != b"\x06" else collector.take_block)(part)
    lines = [line for slip in collector.collected() for line in slip.lines]
    assert len(lines) <= LINES_MAX
    assert all(line.isprintable() for line in lines)


def text(data: bytes) -> None:
    """The scrubber: what is clean stays clean."""
    clean = scrub(data.decode("utf-8", "replace"))
    assert scrub(clean) == clean


def fiscal(data: bytes) -> None:
    """Calls and answers of a fiscal unit on the network."""
    for decode in (wire.decode_call, wire.decode_answer):
        try:
            decode(data)
        except msgspec.DecodeError:
            continue


TARGETS: dict[str, Callable[[bytes], None]] = {each.__name__: each for each in (zvt, result, slips, text, fiscal)}


def main() -> None:
    """Fuzz the named target until something falls or the time is over."""
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"Name a target: {', '.join(TARGETS)}. What follows it goes to libFuzzer.")
    atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[sys.argv[1]])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
