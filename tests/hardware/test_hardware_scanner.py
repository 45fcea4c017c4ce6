"""Scanners: reads out of any stream, a pseudo-terminal for the serial one, and nothing garbled is executed (51)."""

import contextlib
import os
import pty
import queue
import time
import tty
from pathlib import Path

import pytest
from emulated_device import eventually
from hypothesis import given
from hypothesis import strategies as st

from hardware.ports import Scan
from hardware.scanner.framing import HELD_BYTES_MAX, ReadSplitter, judge
from hardware.scanner.listening import ListeningScanner
from hardware.scanner.serial_port import SerialSource
from schema.errors import Refused

EAN = "2000000000015"
OTHER = "5901234123457"


# --- pure ------------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.text(alphabet="0123456789ABC-", min_size=1, max_size=30), max_size=8),
    st.lists(st.integers(1, 9), max_size=60),
    st.sampled_from([b"\r", b"\n", b"\r\n", b"\t", b"\x03"]),
    st.sampled_from([b"", b"\x02"]),
)
def test_reads_survive_any_cutting_of_the_stream(codes, sizes, suffix, prefix):
    stream = b"".join(prefix + code.encode() + suffix for code in codes)
    splitter, got, at = ReadSplitter(prefix, suffix), [], 0
    for size in sizes:
        got += splitter.feed(stream[at : at + size]).reads
        at += size
    got += splitter.feed(stream[at:]).reads
    assert [read.decode() for read in got] == codes
    assert not splitter.is_within


def test_cr_lf_is_one_end_even_when_only_cr_is_set():
    """A stray LF must not become an empty read or a part of the next one."""
    splitter = ReadSplitter(b"", b"\r")
    assert splitter.feed(b"123\r\n456\r\n").reads == (b"123", b"456")


def test_endless_bytes_are_thrown_away_and_the_next_read_is_whole():
    """Fault 51: 10 kB without an end; the torso's tail is no read of its own."""
    splitter = ReadSplitter(b"", b"\r")
    assert splitter.feed(b"x" * (HELD_BYTES_MAX + 1)).overflowed
    assert splitter.feed(b"tail\r" + EAN.encode() + b"\r").reads == (EAN.encode(),)


@pytest.mark.parametrize("garbage", ["", "40\x0063", "a" * 200, "\x1b[A", "40063\x07", "9" * 10_000])
def test_garbage_is_refused(garbage):
    with pytest.raises(Refused):
        judge(garbage)


@pytest.mark.parametrize("glued", [EAN + OTHER, EAN + EAN, "9638507496385074", "036000291452" * 2])
def test_two_codes_read_as_one_are_refused(glued):
    """Fault 51: a third article must not come of two."""
    with pytest.raises(Refused) as refused:
        judge(glued)
    assert refused.value.code == "glued_barcodes"


@pytest.mark.parametrize(
    "code", [EAN, "96385074", "A-17", "0102000000000015", "(01)", "https://id.example/01/02000000000015", "Größe"]
)
def test_whole_codes_pass(code):
    assert judge(code) == code


def test_a_gs1_code_keeps_its_separators():
    assert judge("0102000000000015\x1d10LOT7\x1d") == "0102000000000015\x1d10LOT7\x1d"
    with pytest.raises(Refused):
        judge("0102000000000015\x1d10\x07LOT")


# --- on a pseudo-terminal --------------------------------------------------------------------------------------------


class Cable:
    """A scanner's end of a serial line; `path` is a link that stays when the device behind it changes."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "scanner"
        self.plug()

    def plug(self) -> None:
        self._scanner, till = pty.openpty()
        tty.setraw(till)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(till))
        self._till = till

    def type(self, *pieces: bytes) -> None:
        for piece in pieces:
            os.write(self._scanner, piece)
            time.sleep(0.01)

    def unplug(self) -> None:
        self.path.unlink(missing_ok=True)
        for end in (self._scanner, self._till):
            with contextlib.suppress(OSError):
                os.close(end)


@pytest.fixture
def cable(tmp_path):
    made = Cable(tmp_path)
    yield made
    made.unplug()


@pytest.fixture
def listening(cable):
    """Start scanners on the cable; their reads and faults come out of two queues."""
    started = []

    def start(**options):
        scans, faults = queue.Queue(), queue.Queue()
        scanner = ListeningScanner(SerialSource(str(cable.path)), **options)
        scanner.start(scans.put, faults.put)
        started.append(scanner)
        eventually(lambda: scanner.is_connected)
        return scans, faults

    yield start
    for scanner in started:
        began = time.monotonic()
        scanner.stop()
        assert time.monotonic() - began < 1.2
        assert not scanner._thread.is_alive()


def test_a_read_in_pieces_is_one_scan(cable, listening):
    scans, faults = listening()
    cable.type(b"20000", b"000", b"00015", b"\r")
    assert scans.get(timeout=3) == Scan(code=EAN, source=str(cable.path))
    assert faults.empty()


def test_two_reads_in_one_piece_are_two_scans(cable, listening):
    scans, _ = listening()
    cable.type(f"{EAN}\r{OTHER}\r".encode())
    assert [scans.get(timeout=3).code for _ in range(2)] == [EAN, OTHER]


def test_a_hundred_scans_at_twenty_a_second_are_a_hundred(cable, listening):
    """A belt full of articles on one cable: none is lost, and none is glued to the next."""
    scans, faults = listening()
    codes = [f"A-{number:06d}" for number in range(100)]
    for code in codes:
        cable.type(f"{code}\r".encode())
    assert [scans.get(timeout=3).code for _ in codes] == codes
    assert faults.empty()


def test_prefix_and_suffix_are_taken_off(cable, listening):
    scans, _ = listening(prefix=b"\x02", suffix=b"\x03")
    cable.type(b"\x02" + EAN.encode() + b"\x03")
    assert scans.get(timeout=3).code == EAN


def test_without_a_suffix_silence_ends_the_read(cable, listening):
    scans, _ = listening(suffix=b"")
    cable.type(EAN[:5].encode(), EAN[5:].encode())
    assert scans.get(timeout=3).code == EAN


def test_a_torso_is_reported_and_not_executed(cable, listening):
    """Fault 51: a read whose suffix never came is half a code."""
    scans, faults = listening()
    cable.type(b"40063813")
    assert "cut short" in faults.get(timeout=3)
    cable.type(EAN.encode() + b"\r")
    assert scans.get(timeout=3).code == EAN


@pytest.mark.parametrize(
    "garbage", [b"\xff\xfe\x80\r", b"40\x0063\r", EAN.encode() + OTHER.encode() + b"\r", b"\x1b[A\r"]
)
def test_garbage_is_reported_and_the_next_scan_works(cable, listening, garbage):
    """Fault 51: never executed, never fatal."""
    scans, faults = listening()
    cable.type(garbage, EAN.encode() + b"\r")
    assert scans.get(timeout=3).code == EAN
    assert len(faults.get(timeout=3)) > 20
    assert scans.empty()


def test_a_scanner_pulled_out_is_reported_once_and_found_again(cable, listening):
    scans, faults = listening()
    cable.type(EAN.encode() + b"\r")
    assert scans.get(timeout=3).code == EAN
    cable.unplug()
    assert "Plug it in" in faults.get(timeout=5)
    time.sleep(0.7)
    assert faults.empty()
    cable.plug()

    def scanned_again():
        cable.type(OTHER.encode() + b"\r")
        with contextlib.suppress(queue.Empty):
            return scans.get(timeout=0.3)

    assert eventually(scanned_again, 8).code == OTHER


def test_a_scanner_that_is_not_there_at_the_start_is_looked_for(tmp_path):
    faults = queue.Queue()
    scanner = ListeningScanner(SerialSource(str(tmp_path / "nothing")))
    scanner.start(lambda scan: None, faults.put)
    assert "is not there" in faults.get(timeout=3)
    scanner.stop()
