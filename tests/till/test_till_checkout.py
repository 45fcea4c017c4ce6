"""Paying as pure functions: whatever is taken in whatever parts, payments and rounding come to the total."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sample_till import CASHIERS

from schema.basket import Basket, Line
from schema.errors import Refused
from till.paying.checkout import (
    Completion,
    completed,
    is_settled,
    part_by,
    take_back,
    take_cash,
    tip_of,
    with_payment,
    with_tip,
)
from till.paying.coins import quick_amounts, round_cash
from till.selling.register import Sale, decode_sale, encode_sale, sums

LINES = st.lists(
    st.builds(
        lambda price, quantity, percent: Line(
            article="A",
            name="Sample",
            quantity=quantity,
            unit_price_minor=price,
            tax_code="t",
            tax_percent=Decimal(percent),
        ),
        st.integers(0, 99999),
        st.decimals("0.001", "50", places=3).filter(bool),
        st.sampled_from([0, 7, 19, 21]),
    ),
    min_size=1,
    max_size=6,
)
STEPS = st.sampled_from([1, 5, 10, 100])


def sale_of(lines):
    return Sale(sale_id="s", started_ms=0, basket=Basket(currency="EUR", lines=tuple(lines)))


@given(LINES, st.lists(st.integers(1, 20000), max_size=4), STEPS)
def test_payments_and_rounding_come_to_the_total(lines, parts, step):
    """Domain §1: Σ payments = total + cash rounding; change = given − amount; rounding below one step."""
    sale = sale_of(lines)
    for part in parts:
        if sums(sale).due_minor > part:
            sale = take_cash(sale, part, step).sale
    paid = take_cash(sale, None, step)
    while not is_settled(paid):
        paid = take_cash(paid.sale, None, step)
    body = completed(paid, Completion(shift_id="x", cashier=CASHIERS[0], label="0007-2", completed_ms=1), receipt_seq=5)
    assert sum(part.amount_minor for part in body.payments) == body.total_minor + body.cash_rounding_minor
    assert abs(body.cash_rounding_minor) * 2 <= step
    assert all(part.given_minor - part.change_minor in (0, part.amount_minor) for part in body.payments)
    assert body.receipt == "0007-2-000005"
    assert sum(line.total_minor for line in body.lines) == body.total_minor


def test_a_rest_that_is_rounded_to_nothing_takes_no_cash():
    """The customer holds out a note for the last two cents: they get all of it back."""
    line = Line(
        article="A", name="Sample", quantity=Decimal(1), unit_price_minor=97, tax_code="t", tax_percent=Decimal(7)
    )
    sale = sale_of([line])
    sale = with_payment(sale, part_by(sale, "card_manual", 95))
    for given_minor, change in ((500, 500), (None, 0)):
        paid = take_cash(sale, given_minor, 5)
        assert (paid.sale, paid.rounding_minor, paid.change_minor) == (sale, -2, change)
        assert is_settled(paid)
    with pytest.raises(Refused, match="far more"):
        take_cash(sale, 4_000_000_000, 5)


@given(LINES)
def test_a_saved_sale_reads_back_the_same(lines):
    sale = sale_of(lines)
    assert decode_sale(encode_sale(sale)) == sale


@given(st.integers(-100_000, 100_000), STEPS)
def test_cash_rounding_is_to_the_nearest_coin(amount, step):
    rounded = round_cash(amount, step)
    assert rounded % step == 0
    assert abs(rounded - amount) * 2 <= step


@given(st.integers(1, 1_000_000), STEPS)
def test_quick_amounts_all_cover_what_is_due_and_rise(due, step):
    amounts = quick_amounts(due, step, "EUR")
    assert list(amounts) == sorted(set(amounts))
    assert all(amount >= round_cash(due, step) for amount in amounts)


@pytest.mark.parametrize(
    ("total", "given_minor", "step", "amount", "change", "rounding"),
    [
        (1998, 2000, 5, 2000, 0, 2),
        (1997, 2000, 5, 1995, 5, -2),
        (1997, None, 1, 1997, 0, 0),
        (2, None, 5, None, 0, -2),
        (1998, 500, 5, 500, 0, 0),
    ],
)
def test_worked_examples(total, given_minor, step, amount, change, rounding):
    line = Line(
        article="A", name="Sample", quantity=Decimal(1), unit_price_minor=total, tax_code="t", tax_percent=Decimal(19)
    )
    paid = take_cash(sale_of([line]), given_minor, step)
    assert [part.amount_minor for part in paid.sale.payments] == ([] if amount is None else [amount])
    assert (paid.change_minor, paid.rounding_minor) == (change, rounding)


def test_an_empty_basket_is_not_paid():
    with pytest.raises(Refused) as caught:
        take_cash(sale_of([]), None, 1)
    assert caught.value.code == "empty_basket"


def mirrored(sale):
    """The same goods coming back."""
    lines = tuple(replace(line, quantity=-line.quantity) for line in sale.basket.lines)
    return replace(sale, basket=replace(sale.basket, lines=lines))


@given(
    LINES,
    st.lists(st.tuples(st.sampled_from(["cash", "card_manual", "account"]), st.integers(1, 20000)), max_size=5),
    STEPS,
    st.booleans(),
)
def test_any_tenders_in_both_directions_come_to_the_total(lines, parts, step, back):
    """What is taken and what is given back obey the same sums, with opposite signs; a part is never more than due."""
    sale = mirrored(sale_of(lines)) if back else sale_of(lines)
    due = sums(sale).due_minor
    for tender, amount in parts:
        left = abs(sums(sale).due_minor)
        if amount >= left:
            continue
        if tender == "cash":
            sale = take_cash(sale, amount, step).sale
        else:
            sale = with_payment(sale, part_by(sale, tender, amount))
        assert abs(sums(sale).due_minor) <= left
    assert sums(sale).due_minor * due >= 0
    paid = take_cash(sale, None, step)
    while not is_settled(paid):
        paid = take_cash(paid.sale, None, step)
    total = sums(paid.sale).totals.total_minor
    assert sum(part.amount_minor for part in paid.sale.payments) == total + paid.rounding_minor
    assert all(part.amount_minor * total >= 0 for part in paid.sale.payments)
    while paid.sale.payments:
        paid = replace(paid, sale=take_back(paid.sale, len(paid.sale.payments) - 1)[0])
    assert sums(paid.sale).due_minor == total


@given(LINES, st.integers(1, 5000), st.integers(1, 5000))
def test_a_tip_is_paid_in_full_and_taxed_by_nobody(lines, first, second):
    sale = sale_of(lines)
    before = sums(sale).totals
    tipped = with_tip(with_tip(sale, first, "Tip"), second, "Tip")
    after = sums(tipped).totals
    assert tip_of(tipped) == second
    assert after.total_minor == before.total_minor + second
    assert [row for row in after.taxes if row.code != "none"] == list(before.taxes)
    assert with_tip(tipped, 0, "Tip") == sale


@pytest.mark.parametrize(
    ("currency", "due", "step", "expected"),
    [
        ("EUR", 1735, 1, (1735, 2000, 5000, 10000, 20000)),
        ("EUR", 2340, 1, (2340, 2500, 3000, 4000, 5000, 10000)),
        ("EUR", 320, 1, (320, 400, 500, 1000, 2000, 5000)),
        ("EUR", 12340, 1, (12340, 12500, 13000, 14000, 15000, 20000)),
        ("CHF", 1733, 5, (1735, 2000, 5000, 10000, 20000)),
        ("GBP", 4999, 1, (4999, 5000, 6000)),
        ("JPY", 730, 1, (730, 1000, 5000, 10000)),
        ("EUR", 0, 1, ()),
        ("EUR", -500, 1, ()),
    ],
)
def test_quick_amounts_are_what_people_hold_out(currency, due, step, expected):
    assert quick_amounts(due, step, currency) == expected
