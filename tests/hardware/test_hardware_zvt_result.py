"""What a status information means for the till: a table of situations after a broken line (fault 47)."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hardware.ports import CardRequest
from hardware.terminal.wording import RESULT_WORDS, progress_words, readiness_words, result_words
from hardware.terminal.zvt_codec import encode_fields, to_bcd
from hardware.terminal.zvt_result import Reading, read_result, resolve, result_of, words

STARTED = datetime(2026, 11, 21, 20, 40, tzinfo=UTC)
REQUEST = CardRequest(
    attempt_id="attempt-1",
    amount_minor=1234,
    currency="EUR",
    baseline="12345678/0001/000001",
    started_ms=int(STARTED.timestamp() * 1000),
)
# An hour ahead of UTC, as the terminal's clock is.
OFFSET_MIN = 60
OURS = Reading(
    result=0, amount_minor=1234, terminal_id="12345678", receipt="0002", trace="000002", at=(11, 21, 21, 40, 30)
)


@pytest.mark.parametrize(
    ("reading", "outcome"),
    [
        (OURS, "approved"),
        (replace(OURS, receipt="0001", trace="000001"), "not_booked"),
        (replace(OURS, result=0x05), "declined"),
        (replace(OURS, result=0x6C), "cancelled"),
        (replace(OURS, amount_minor=1233), "unknown"),
        (replace(OURS, amount_minor=None), "unknown"),
        (replace(OURS, terminal_id="87654321"), "unknown"),
        (replace(OURS, at=(11, 21, 20, 10, 0)), "unknown"),
        (replace(OURS, receipt=""), "unknown"),
        (replace(OURS, at=None), "approved"),
        (Reading(), "unknown"),
    ],
)
def test_the_last_payment_is_compared_with_the_request(reading, outcome):
    result = resolve(reading, REQUEST, OFFSET_MIN)
    assert result.outcome == outcome
    assert result.approved_minor == (1234 if outcome == "approved" else 0)
    assert result.baseline == (
        "12345678/0002/000002" if outcome in ("approved", "declined", "cancelled") else REQUEST.baseline
    )
    assert result.facts.attempt_id == "attempt-1"
    assert result.text


@pytest.mark.parametrize(
    ("at", "outcome"),
    [((11, 21, 21, 41, 0), "approved"), ((11, 21, 20, 0, 0), "not_booked"), ((11, 20, 21, 41, 0), "not_booked")],
)
def test_without_a_baseline_the_time_decides(at, outcome):
    assert resolve(replace(OURS, at=at), replace(REQUEST, baseline=""), OFFSET_MIN).outcome == outcome


def test_new_year_is_no_obstacle():
    """The terminal does not say the year: 00:01 after a start at 23:59 is a minute later, not a year ago."""
    started = datetime(2026, 12, 31, 22, 59, tzinfo=UTC)
    request = replace(REQUEST, started_ms=int(started.timestamp() * 1000))
    assert resolve(replace(OURS, at=(1, 1, 0, 1, 0)), request, OFFSET_MIN).outcome == "approved"


def test_a_leap_day_is_no_obstacle():
    started = datetime(2028, 2, 29, 10, 0, tzinfo=UTC)
    request = replace(REQUEST, started_ms=int(started.timestamp() * 1000))
    assert resolve(replace(OURS, at=(2, 29, 11, 1, 0)), request, OFFSET_MIN).outcome == "approved"


def test_a_wrong_amount_is_passed_on_as_it_was_taken():
    """Fault 47: the caller compares; a driver that corrected it would hide money."""
    result = result_of(replace(OURS, amount_minor=1000), REQUEST)
    assert (result.outcome, result.approved_minor) == ("approved", 1000)


def test_a_decline_takes_nothing_whatever_amount_it_names():
    assert result_of(replace(OURS, result=0x05), REQUEST).approved_minor == 0


def test_a_decline_without_a_number_keeps_the_baseline():
    assert result_of(replace(OURS, result=0x05, receipt=""), REQUEST).baseline == REQUEST.baseline


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_not_known(data):
    reading = read_result(data, "cp437")
    assert reading.result is None or 0 <= reading.result <= 255


def test_card_numbers_are_not_kept():
    """Fault I16: not from the card fields, not from texts that repeat them, not masked."""
    data = encode_fields(
        [
            (0x27, b"\0"),
            (0x04, to_bcd(1234, 6)),
            (0x22, bytes.fromhex("4111111111111111")),
            (0x8B, b"VISA 4111111111111111\0"),
            (0x3C, b"Karte ############1111 ok"),
        ]
    )
    reading = read_result(data, "cp437")
    assert "1111" not in str(reading)
    assert (reading.card_name, reading.text) == ("VISA …", "Karte … ok")


def test_words_are_tidy():
    assert words(b"Zahlung\r\n  erfolgt\0rest", "cp437") == "Zahlung erfolgt"
    assert words("Gültig".encode("cp437"), "cp437") == "Gültig"


def test_every_code_has_words():
    for code in range(256):
        assert result_words(code)
        assert progress_words(code)
        assert readiness_words(code) or code == 0
    assert result_words(0x05) == RESULT_WORDS[0x05]
