"""Barcodes as they are compared: check digits of codes and of measures, what a clean read is, links."""

import pytest
from biip.checksums import gs1_price_weight_check_digit
from hypothesis import given
from hypothesis import strategies as st

from schema.barcode import LINK_LENGTH_MAX, READ_LENGTH_MAX, clean_read, measure_check_digit, shown
from schema.errors import Refused


@given(st.integers(4, 5).flatmap(lambda length: st.text("0123456789", min_size=length, max_size=length)))
def test_the_check_digit_of_a_measure_is_that_of_another_reader_of_the_standard(measure):
    assert measure_check_digit(measure) == gs1_price_weight_check_digit(measure)


@pytest.mark.parametrize("measure", ["", "123", "123456"])
def test_only_measures_of_four_or_five_digits_have_one(measure):
    with pytest.raises(ValueError, match="4 or 5"):
        measure_check_digit(measure)


@given(st.integers(4, 5).flatmap(lambda n: st.text("0123456789", min_size=n, max_size=n)), st.integers(0, 4), st.data())
def test_every_single_misread_digit_of_a_measure_is_found(measure, place, data):
    place %= len(measure)
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != measure[place]]))
    assert measure_check_digit(measure) != measure_check_digit(measure[:place] + other + measure[place + 1 :])


def test_a_link_may_be_longer_than_a_bar_code():
    link = "https://id.gs1.org/01/04006381333931/21/".ljust(LINK_LENGTH_MAX, "7")
    assert clean_read(f" {link}\r\n") == link
    for long in (link + "7", "7" * (READ_LENGTH_MAX + 1)):
        with pytest.raises(Refused) as refused:
            clean_read(long)
        assert refused.value.code == "bad_barcode"


@pytest.mark.parametrize("read", ["40\ud800", "\udcff4006", "a\x1db"])
def test_what_no_file_could_take_is_refused(read):
    """Fault 51."""
    with pytest.raises(Refused, match="not read cleanly"):
        clean_read(read)


@given(st.text())
def test_what_is_shown_of_a_read_is_short_and_without_controls(read):
    text = shown(read)
    assert len(text) <= 40
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in text)
    text.encode()
