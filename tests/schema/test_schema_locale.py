"""Days, instants, numbers and percents in three languages: written as CLDR 49 has them, read back as written."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import Refused
from schema.locale import (
    count_text,
    day_example,
    day_of_year_text,
    day_text,
    instant_text,
    number_text,
    percent_text,
    read_day,
)

LANGUAGES = ("en", "de", "nl")
NOVEMBER = date(2026, 11, 4)


@pytest.mark.parametrize(
    ("language", "day", "near", "minute", "second"),
    [
        ("en", "4 Nov 2026", "4 Nov", "4 Nov 2026 09:12", "4 Nov 2026 09:12:30"),
        ("de", "04.11.2026", "04.11.", "04.11.2026 09:12", "04.11.2026 09:12:30"),
        ("nl", "04-11-2026", "04-11", "04-11-2026 09:12", "04-11-2026 09:12:30"),
        ("xx", "4 Nov 2026", "4 Nov", "4 Nov 2026 09:12", "4 Nov 2026 09:12:30"),
    ],
)
def test_days_and_instants_are_written_as_the_language_has_them(language, day, near, minute, second):
    at = datetime(2026, 11, 4, 9, 12, 30)
    assert day_text(NOVEMBER, language) == day_text("2026-11-04", language) == day
    assert day_of_year_text(NOVEMBER, language) == near
    assert instant_text(at, language) == minute
    assert instant_text(at, language, seconds=True) == second


def test_english_names_each_month_as_british_english_does():
    written = [day_of_year_text(date(2026, month, 4), "en") for month in range(1, 13)]
    names = "4 Jan,4 Feb,4 Mar,4 Apr,4 May,4 Jun,4 Jul,4 Aug,4 Sept,4 Oct,4 Nov,4 Dec"
    assert ",".join(written) == names


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "<b>"])
def test_what_is_no_day_stays_as_it_is(text):
    assert day_text(text, "de") == text


@pytest.mark.parametrize(
    ("language", "number", "percent", "count"),
    [("en", "1234.5", "7.5%", "12,345"), ("de", "1234,5", "7,5_%", "12.345"), ("nl", "1234,5", "7,5%", "12.345")],
)
def test_numbers_have_the_languages_marks(language, number, percent, count):
    """A number can be typed again, so it is not grouped; how many there are of something is only read."""
    assert number_text(Decimal("1234.5"), language) == number
    assert number_text(1234, language) == "1234"
    assert percent_text(Decimal("7.50"), language) == percent.replace("_", "\u00a0")
    assert percent_text(Decimal(100), language).startswith("100")
    assert count_text(12345, language) == count
    assert count_text(999, language) == "999"


@given(st.sampled_from(LANGUAGES), st.dates(date(1900, 1, 1), date(2999, 12, 31)))
def test_a_day_is_read_as_it_is_written_in_any_language(language, day):
    assert read_day(day_text(day, language)) == day
    assert read_day(day.isoformat(), language) == day


@pytest.mark.parametrize(
    "text",
    ["2026-11-04", "4.11.2026", "04.11.2026", "4-11-2026", "04/11/2026", " 4 Nov 2026 ", "4 nov 2026", "4Nov2026"],
)
def test_a_typed_day_is_read_in_each_locales_form_and_in_iso(text):
    assert read_day(text) == NOVEMBER


def test_september_is_read_short_and_shorter():
    assert read_day("4 Sept 2026") == read_day("4 Sep 2026") == date(2026, 9, 4)


@pytest.mark.parametrize(
    "text",
    ["", "tomorrow", "2026-13-01", "31.02.2026", "4.11.26", "4.11-2026", "11/24/2026", "4 Foo 2026", "٤.11.2026"],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_no_day_is_refused_with_an_example_of_the_language(text, language):
    with pytest.raises(Refused) as refused:
        read_day(text, language)
    assert refused.value.code == "bad_day"
    assert day_example(language) in refused.value.message


def test_examples_can_be_told_apart():
    """A day above twelve, so that nobody takes it for the month."""
    assert [day_example(language) for language in LANGUAGES] == ["31 Dec 2026", "31.12.2026", "31-12-2026"]
