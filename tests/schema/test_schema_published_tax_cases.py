"""The rounding conventions that other systems publish: ours gives their figures wherever the method is ours."""

from decimal import Decimal

import pytest

from schema.money import allocate
from schema.quantity import multiply
from schema.tax import net_of, tax_on

# (gross, rate, net, tax): per-rate sums with prices that include tax, halves up.
FROM_GROSS = [
    ("124.40", "8", "115.19", "9.21"),
    ("100.00", "21", "82.64", "17.36"),
    ("15.00", "19", "12.61", "2.39"),
    ("0.01", "7", "0.01", "0.00"),
    ("23.00", "7", "21.50", "1.50"),
]


def _minor(text):
    return int(Decimal(text) * 100)


@pytest.mark.parametrize(("gross", "rate", "net", "tax"), FROM_GROSS)
def test_from_gross(gross, rate, net, tax):
    assert net_of(_minor(gross), Decimal(rate)) == _minor(net)
    assert _minor(gross) - net_of(_minor(gross), Decimal(rate)) == _minor(tax)


def test_twenty_three_euros_at_seven_percent_do_not_come_back_from_their_net():
    """23.00 at 7 % has no exact two-digit split: that is why a document stores how it was rounded."""
    net = net_of(2300, Decimal(7))
    assert net + tax_on(net, Decimal(7)) != 2300


def test_ten_euros_among_three_lines():
    assert allocate(1000, [333, 333, 334]) == [333, 333, 334]


@pytest.mark.parametrize(
    ("unit", "quantity", "total"),
    [(199, "0.355", 71), (100, "0.005", 1), (333, "3", 999), (-250, "0.5", -125), (1, "0.5", 1)],
)
def test_weighed_goods(unit, quantity, total):
    assert multiply(unit, Decimal(quantity)) == total
