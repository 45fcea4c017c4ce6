"""Tax: net + tax = gross per rate, the published cases of others that follow our method, validity of rates."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import Refused
from schema.tax import TaxedAmount, TaxRate, breakdown, net_of, rate_on, tax_on

PERCENTS = st.sampled_from([Decimal(text) for text in ("0", "7", "19", "9", "21", "10.7", "5.5", "8.1", "25", "2.6")])


@given(st.integers(-(10**9), 10**9), PERCENTS)
def test_net_and_tax_come_back_to_gross(gross, percent):
    net = net_of(gross, percent)
    assert abs(net) <= abs(gross)
    assert net_of(-gross, percent) == -net


@given(st.lists(st.tuples(st.sampled_from("ABC"), PERCENTS, st.integers(-(10**7), 10**7)), max_size=40), st.booleans())
def test_a_breakdown_keeps_every_sum(parts, includes_tax):
    rows = breakdown(
        [TaxedAmount(code=code, percent=percent, amount_minor=amount) for code, percent, amount in parts],
        includes_tax=includes_tax,
    )
    assert all(row.net_minor + row.tax_minor == row.gross_minor for row in rows)
    given_sum = sum(amount for _, _, amount in parts)
    assert sum(row.gross_minor if includes_tax else row.net_minor for row in rows) == given_sum
    assert len({(row.code, row.percent) for row in rows}) == len(rows)


@given(
    st.lists(st.tuples(PERCENTS, st.integers(-9999, 9999), st.none() | st.integers(-99, 99)), max_size=20),
    st.booleans(),
)
def test_tax_that_is_stated_is_added_as_it_stands(parts, includes_tax):
    """UStG §14 (5): a final invoice deducts the tax that the advance ones showed."""
    amounts = [
        TaxedAmount(code="A", percent=percent, amount_minor=amount, tax_minor=tax) for percent, amount, tax in parts
    ]
    split = {
        row.percent: row
        for row in breakdown([each for each in amounts if each.tax_minor is None], includes_tax=includes_tax)
    }
    for row in breakdown(amounts, includes_tax=includes_tax):
        stated = [each for each in amounts if each.percent == row.percent and each.tax_minor is not None]
        worked_out = split[row.percent].tax_minor if row.percent in split else 0
        assert row.tax_minor == worked_out + sum(each.tax_minor for each in stated)
        assert row.net_minor + row.tax_minor == row.gross_minor


# Figures from published tests of other systems whose method is per rate and half up, like ours.
@pytest.mark.parametrize(
    ("gross", "percent", "net"),
    [
        (12440, "8", 11519),
        (2300, "7", 2150),
        (1000, "19", 840),
        (500, "19", 420),
        (1, "19", 1),
        (2, "19", 2),
        (998, "7", 933),
    ],
)
def test_net_of_gross(gross, percent, net):
    assert net_of(gross, Decimal(percent)) == net


@pytest.mark.parametrize(
    ("net", "percent", "tax"), [(1000, "21", 210), (250, "19", 48), (-250, "19", -48), (3, "19", 1)]
)
def test_tax_on_net(net, percent, tax):
    assert tax_on(net, Decimal(percent)) == tax


RATES = [
    TaxRate(
        code="standard", country="DE", percent=Decimal(19), valid_from=date(2007, 1, 1), valid_to=date(2020, 6, 30)
    ),
    TaxRate(
        code="standard", country="DE", percent=Decimal(16), valid_from=date(2020, 7, 1), valid_to=date(2020, 12, 31)
    ),
    TaxRate(code="standard", country="DE", percent=Decimal(19), valid_from=date(2021, 1, 1)),
]


@pytest.mark.parametrize(
    ("day", "percent"),
    [
        (date(2020, 6, 30), 19),
        (date(2020, 7, 1), 16),
        (date(2020, 12, 31), 16),
        (date(2021, 1, 1), 19),
        (date(2030, 1, 1), 19),
    ],
)
def test_a_rate_is_valid_from_its_first_to_its_last_day(day, percent):
    assert rate_on(RATES, "standard", day).percent == percent


@pytest.mark.parametrize(("code", "day"), [("luxury", date(2024, 1, 1)), ("standard", date(2006, 12, 31))])
def test_an_unknown_rate_is_refused_by_name(code, day):
    with pytest.raises(Refused, match=code):
        rate_on(RATES, code, day)
