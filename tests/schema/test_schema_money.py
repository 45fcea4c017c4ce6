"""Money: divisions round half up away from zero, splits keep their sum, typed amounts are read or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import Refused
from schema.money import allocate, format_amount, format_number, format_plain, half_up, parse_amount

AMOUNTS = st.integers(-(10**12), 10**12)


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [(5, 2, 3), (-5, 2, -3), (4, 2, 2), (1, 3, 0), (2, 3, 1), (-2, 3, -1), (0, 7, 0), (-1, 2, -1)],
)
def test_half_up_rounds_halves_away_from_zero(numerator, denominator, expected):
    assert half_up(numerator, denominator) == expected


@given(AMOUNTS, st.integers(1, 10**6))
def test_half_up_is_never_off_by_more_than_a_half_and_mirrors_signs(numerator, denominator):
    result = half_up(numerator, denominator)
    assert abs(2 * (result * denominator - numerator)) <= denominator
    assert half_up(-numerator, denominator) == -result


def test_half_up_refuses_a_denominator_that_is_not_positive():
    with pytest.raises(ValueError, match="positive"):
        half_up(1, 0)


@given(AMOUNTS, st.lists(st.integers(0, 10**9), min_size=1, max_size=60))
def test_a_split_keeps_its_sum_and_each_part_is_within_one_unit_of_its_share(total, weights):
    parts = allocate(total, weights)
    assert sum(parts) == total
    whole = sum(weights)
    if whole:
        assert all(abs(part * whole - total * weight) < whole for part, weight in zip(parts, weights, strict=True))
        assert all(part == 0 for part, weight in zip(parts, weights, strict=True) if weight == 0)


def test_ties_go_to_the_earlier_part():
    assert allocate(100, [1, 1, 1]) == [34, 33, 33]
    assert allocate(-100, [1, 1, 1]) == [-34, -33, -33]
    assert allocate(2, [1, 1, 1, 1]) == [1, 1, 0, 0]


def test_without_any_weight_the_first_part_takes_everything():
    assert allocate(7, [0, 0]) == [7, 0]


@pytest.mark.parametrize("weights", [[], [1, -1]])
def test_weights_that_cannot_be_split_by_are_refused(weights):
    with pytest.raises(ValueError, match="allocate"):
        allocate(1, weights)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12", 1200),
        ("12,5", 1250),
        ("12.50", 1250),
        ("1.234,50", 123450),
        ("1,234.50", 123450),
        ("-3.00", -300),
        (" 7 ", 700),
        ("0", 0),
        ("1 234,5", 123450),
    ],
)
def test_what_people_type_is_read(text, expected):
    assert parse_amount(text, "EUR") == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "1e3",
        "1.234",
        "12.345",
        "1.23.4",
        ".5",
        "--1",
        "1,234,50",
        "٣",
        "9" * 11,
        "9" * 5000,
        "0x10",
        "NaN",
        "1_0",
    ],
)
def test_what_is_no_amount_is_refused_and_never_guessed(text):
    with pytest.raises(Refused) as refused:
        parse_amount(text, "EUR")
    assert refused.value.code == "bad_amount"


@given(st.integers(-(10**9), 10**9), st.sampled_from(["EUR", "JPY", "CHF"]), st.sampled_from(["en", "de", "nl"]))
def test_a_written_amount_reads_back_where_it_can_be_read_in_one_way(amount, currency, language):
    assert parse_amount(format_plain(amount, currency), currency) == amount
    if currency != "JPY":
        assert parse_amount(format_number(amount, currency, language), currency) == amount


@pytest.mark.parametrize(
    ("language", "amount", "currency", "written"),
    [
        ("en", 123450, "EUR", "€1,234.50"),
        ("en", -123450, "EUR", "-€1,234.50"),
        ("en", 500, "CHF", "CHF_5.00"),
        ("en", -500, "CHF", "-CHF_5.00"),
        ("en", 500, "JPY", "¥500"),
        ("de", 123450, "EUR", "1.234,50_€"),
        ("de", -123450, "EUR", "-1.234,50_€"),
        ("de", 500, "CHF", "5,00_CHF"),
        ("nl", 123450, "EUR", "€_1.234,50"),
        ("nl", -123450, "EUR", "€_-1.234,50"),
        ("nl", -5, "CHF", "CHF_-0,05"),
        ("xx", 100, "EUR", "€1.00"),
    ],
)
def test_amounts_are_written_the_language_s_own_way(language, amount, currency, written):
    """CLDR 49, en-GB, de, nl; an underscore stands for a space that does not break."""
    assert format_amount(amount, currency, language) == written.replace("_", "\u00a0")
