"""Noise from a printer: whatever comes back on the line, a job ends in time, in one of three ways, without a proof."""

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_receipts import SALE

from hardware.label.zpl import LabelSize, read_host_status
from hardware.label.zpl_printer import ZplPrinter
from hardware.ports import ShelfLabel
from hardware.printer.encode import drawer_pulse, encode
from hardware.printer.jobs import EscPosPrinter
from hardware.printer.line import Deadlines
from hardware.printer.profiles import profile_named
from hardware.printer.status import PAPER, PRINTER, read_status
from schema.errors import Unready, Unsure

EPSON, GENERIC = profile_named("epson-tm-t20iii"), profile_named("generic-80")
JOB = encode(SALE, EPSON)
TINY = Deadlines(turn_ms=50, connect_ms=20, answer_ms=20, write_ms=20, confirm_ms=20)


class NoisyPrinter:
    """A device on a line that takes bytes as it pleases and answers anything; it is its own transport and line."""

    place, advice = "the test", "Look."
    can_answer, counts_exactly = True, True

    def __init__(self, answers, appetite):
        self._answers, self._appetite = list(answers), list(appetite)
        self.taken, self.open_lines = b"", 0

    def open(self, wait_ms):
        self.open_lines += 1
        return self

    def close(self):
        self.open_lines -= 1

    def write(self, data, deadline):
        count = min(self._appetite.pop(0) if self._appetite else len(data), len(data))
        if count < 0:
            raise OSError("it is gone")
        self.taken += bytes(data[:count])
        return count

    def flush(self, deadline):
        return True

    def read(self, deadline):
        answer = self._answers.pop(0) if self._answers else b""
        if answer is None:
            raise ConnectionError("it hung up")
        if not answer:
            time.sleep(max(0.0, deadline - time.monotonic()))
        return answer


noise = st.lists(st.one_of(st.none(), st.binary(max_size=12), st.sampled_from([b"\x12", b"\x16", b"\x1a", b"\x72"])))
appetites = st.lists(st.integers(-1, 400), max_size=8)


@settings(max_examples=150)
@given(noise, appetites, st.sampled_from([EPSON, GENERIC]))
def test_a_job_ends_as_the_port_promises(answers, appetite, profile):
    """Unready only when not a byte of the receipt was taken, never "yes" without the proof, and the line is closed."""
    printer = NoisyPrinter(answers, appetite)
    try:
        confirmed = EscPosPrinter(printer, profile, TINY).send(JOB)
    except Unready:
        assert JOB[:8] not in printer.taken
    except Unsure:
        pass
    else:
        assert confirmed == "unknown"
        assert JOB in printer.taken
    assert printer.open_lines == 0


@settings(max_examples=60)
@given(noise, appetites)
def test_status_and_drawer_never_break(answers, appetite):
    assert EscPosPrinter(NoisyPrinter(answers, appetite), EPSON, TINY).status().online in ("yes", "no", "unknown")
    printer = NoisyPrinter(answers, appetite)
    try:
        EscPosPrinter(printer, EPSON, TINY).open_drawer()
    except (Unready, Unsure):
        pass
    else:
        assert drawer_pulse(EPSON) in printer.taken


@settings(max_examples=60)
@given(noise, appetites)
def test_a_label_ends_as_the_port_promises(answers, appetite):
    printer = NoisyPrinter(answers, appetite)
    with contextlib.suppress(Unready, Unsure):
        assert ZplPrinter(printer, LabelSize(), TINY).print_label(ShelfLabel(name="x", price="1")) == "unknown"
    assert printer.open_lines == 0


@given(st.binary(max_size=200))
def test_any_bytes_are_a_status_or_none(data):
    read_host_status(data)
    read_host_status(b"\x02" + data + b"\x03\x02" + data + b"\x03")


@given(st.dictionaries(st.sampled_from([PRINTER, 2, PAPER]), st.integers(0, 255)))
def test_any_answer_is_a_status(answers):
    status = read_status(answers, "open_high")
    assert (status.online == "unknown") is (PRINTER not in answers)
    assert (status.paper == "unknown") is (PAPER not in answers)


@pytest.mark.parametrize("late", [b"\x37\x22AAAA\x00", b"\x37\x22", b"\x00" * 300])
def test_another_job_s_proof_is_no_proof(late):
    """A late answer of the receipt before must not confirm this one."""
    printer = NoisyPrinter([b"\x12", b"\x12", b"\x12", late], [])
    assert EscPosPrinter(printer, EPSON, TINY).send(JOB) == "unknown"
