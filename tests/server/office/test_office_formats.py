"""What a user reads can be typed back: days, amounts, quantities in three languages."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import Refused
from schema.locale import day_example, read_day
from schema.money import parse_amount
from schema.quantity import parse_quantity
from server.office.formats import Formats, end_ms, start_ms

languages = st.sampled_from(["en", "de", "nl"])


@given(languages, st.dates(date(1990, 1, 1), date(2099, 12, 31)))
def test_a_day_is_read_as_it_is_written(language, day):
    assert read_day(Formats(language).day(day.isoformat())) == day


@given(languages, st.integers(-(10**9), 10**9))
def test_an_amount_in_a_field_is_read_as_it_is_written(language, amount):
    assert parse_amount(Formats(language).plain(amount), "EUR") == amount


@given(languages, st.decimals("0.001", "99999", places=3))
def test_a_quantity_is_read_as_it_is_written(language, quantity):
    assert parse_quantity(Formats(language).quantity(quantity)) == quantity


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-13-01", "31.02.2026", "1.2.26", "2026-11-21; DROP"])
def test_what_is_no_day_is_refused(text):
    with pytest.raises(Refused):
        read_day(text)


def test_examples_are_days():
    assert {read_day(day_example(language)) for language in ("en", "de", "nl")} == {date(2026, 12, 31)}


def test_a_days_bounds_meet_the_next_days():
    assert end_ms(date(2026, 3, 28)) + 1 == start_ms(date(2026, 3, 29))


def test_what_cannot_be_formatted_stays_as_it_is():
    assert Formats("de").day("<b>") == "<b>"
    assert Formats("xx").amount(100) == "€1.00"
    assert Formats("de").quantity(Decimal("2.500")) == "2,5"
