"""The basket: lines merge only while untouched, discounts are rounded once, everything sums to the total."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from schema.basket import (
    LINES_MAX,
    Basket,
    Discount,
    Line,
    ReturnRef,
    add_line,
    change_price,
    change_quantity,
    discount_bill,
    discount_line,
    note_line,
    price,
    remove_line,
)
from schema.errors import Refused


def line(article="A1", unit_price=499, quantity="1", percent="7", code="reduced", **more):
    return Line(
        article=article,
        name=f"Sample {article}",
        quantity=Decimal(quantity),
        unit_price_minor=unit_price,
        tax_code=code,
        tax_percent=Decimal(percent),
        **more,
    )


def basket(*lines):
    made = Basket(currency="EUR")
    for each in lines:
        made, _ = add_line(made, each)
    return made


QUANTITIES = st.decimals(min_value=Decimal("-99"), max_value=Decimal("99"), places=3).filter(lambda value: value != 0)
LINES = st.builds(
    line,
    article=st.sampled_from(["A1", "A2", "A3", ""]),
    unit_price=st.integers(0, 10**6),
    quantity=QUANTITIES.map(str),
    percent=st.sampled_from(["0", "7", "19"]),
    discount=st.none()
    | st.builds(Discount, percent=st.decimals(0, 100, places=2))
    | st.builds(Discount, amount_minor=st.integers(0, 10**5)),
)
BILL = (
    st.none()
    | st.builds(Discount, percent=st.decimals(0, 100, places=2))
    | st.builds(Discount, amount_minor=st.integers(0, 10**6))
)


@given(st.lists(LINES, max_size=25), BILL)
def test_lines_taxes_and_discounts_sum_to_the_total(lines, bill):
    totals = price(Basket(currency="EUR", lines=tuple(lines), bill_discount=bill))
    assert sum(row.total_minor for row in totals.lines) == totals.total_minor
    assert sum(row.gross_minor for row in totals.taxes) == totals.total_minor
    assert sum(row.net_minor + row.tax_minor for row in totals.taxes) == totals.total_minor
    assert sum(row.bill_share_minor for row in totals.lines) == totals.bill_discount_minor
    for row in totals.lines:
        assert row.base_minor - row.discount_minor - row.bill_share_minor == row.total_minor
        assert abs(row.discount_minor) <= abs(row.base_minor)


@given(st.lists(LINES, min_size=1, max_size=25))
def test_a_basket_and_its_mirror_cancel_out(lines):
    forth = price(Basket(currency="EUR", lines=tuple(lines)))
    back = [
        Line(**{**{f: getattr(each, f) for f in each.__struct_fields__}, "quantity": -each.quantity}) for each in lines
    ]
    assert price(Basket(currency="EUR", lines=tuple(back))).total_minor == -forth.total_minor


def test_the_same_article_again_raises_its_line():
    made = basket(line("A1"), line("A2"), line("A1", quantity="2"))
    assert [(each.article, each.quantity) for each in made.lines] == [("A1", 3), ("A2", 1)]


def test_a_touched_line_is_not_raised():
    made = discount_line(basket(line("A1")), 0, Discount(percent=Decimal(10)))
    made, index = add_line(made, line("A1"))
    assert (len(made.lines), index) == (2, 1)
    made = note_line(basket(line("A1")), 0, "gift")
    assert len(add_line(made, line("A1"))[0].lines) == 2
    made = change_price(basket(line("A1")), 0, 399)
    assert len(add_line(made, line("A1"))[0].lines) == 2


def test_free_text_lines_stay_apart():
    assert len(basket(line(""), line("")).lines) == 2


def test_a_bill_discount_is_spread_by_largest_remainder():
    made = discount_bill(basket(line("A1", 100), line("A2", 100), line("A3", 100)), Discount(amount_minor=100))
    assert [row.bill_share_minor for row in price(made).lines] == [34, 33, 33]


def test_a_bill_discount_is_carried_by_what_is_sold_not_by_what_comes_back():
    made = basket(line("A1", 1000), line("A2", 300, quantity="-1"))
    totals = price(discount_bill(made, Discount(amount_minor=100)))
    assert [row.bill_share_minor for row in totals.lines] == [100, 0]
    assert totals.total_minor == 600


def test_the_worked_example_of_the_script_port():
    totals = price(basket(line("A1", 499, quantity="2")))
    tax = totals.taxes[0]
    assert (totals.total_minor, tax.net_minor, tax.tax_minor, tax.gross_minor) == (998, 933, 65, 998)


def test_prices_without_tax_get_it_on_top():
    made = Basket(currency="EUR", includes_tax=False, lines=(line("A1", 1000, percent="21", code="standard"),))
    assert price(made).total_minor == 1210


def test_an_overridden_price_says_so():
    changed = change_price(basket(line("A1")), 0, 100).lines[0]
    assert (changed.unit_price_minor, changed.price_reason) == (100, "manual")


@pytest.mark.parametrize("quantity", ["0", "100000", "-100000", "1.0005", "NaN", "Infinity"])
def test_a_quantity_that_cannot_be_is_refused(quantity):
    with pytest.raises(Refused, match="not a quantity"):
        change_quantity(basket(line("A1")), 0, Decimal(quantity))


@pytest.mark.parametrize(
    "discount",
    [
        Discount(),
        Discount(percent=Decimal(101)),
        Discount(percent=Decimal(-1)),
        Discount(percent=Decimal("NaN")),
        Discount(amount_minor=500),
        Discount(amount_minor=-1),
        Discount(percent=Decimal(1), amount_minor=1),
    ],
)
def test_a_discount_that_cannot_be_is_refused(discount):
    with pytest.raises(Refused) as refused:
        discount_line(basket(line("A1", 499)), 0, discount)
    assert refused.value.code == "bad_discount"


def test_a_line_that_is_not_there_is_refused_by_its_number():
    with pytest.raises(Refused, match="no line 2"):
        remove_line(basket(line("A1")), 1)


def test_a_full_basket_says_what_to_do():
    made = Basket(currency="EUR", lines=tuple(line("", unit_price=index) for index in range(LINES_MAX)))
    with pytest.raises(Refused, match="next"):
        add_line(made, line("A2"))


def deposit(price_minor=25):
    return line("P25", price_minor, kind="bottle_deposit")


def test_a_deposit_follows_its_article():
    made, index = add_line(basket(), line("A1"), deposit=deposit())
    assert [(each.article, each.kind, each.quantity) for each in made.lines] == [
        ("A1", "goods", 1),
        ("P25", "bottle_deposit", 1),
    ]
    made, again = add_line(made, line("A1"), deposit=deposit())
    assert (index, again, [each.quantity for each in made.lines]) == (0, 0, [2, 2])
    made = change_quantity(made, 0, Decimal(-3))
    assert [each.quantity for each in made.lines] == [-3, -3]
    made, _ = add_line(made, line("A2"))
    assert [each.article for each in remove_line(made, 0).lines] == ["A2"]


@pytest.mark.parametrize(
    "change",
    [
        lambda made: change_quantity(made, 1, Decimal(2)),
        lambda made: change_price(made, 1, 1),
        lambda made: discount_line(made, 1, Discount(amount_minor=1)),
        lambda made: remove_line(made, 1),
    ],
)
def test_a_deposit_is_not_changed_by_itself(change):
    made, _ = add_line(basket(), line("A1"), deposit=deposit())
    with pytest.raises(Refused) as refused:
        change(made)
    assert refused.value.code == "deposit_follows"


def test_only_goods_without_a_receipt_are_changed():
    fixed = basket(line("V", kind="voucher"), line("A1", returns=ReturnRef(receipt="0007-2-000001", line=1)))
    for index in (0, 1):
        with pytest.raises(Refused) as refused:
            change_quantity(fixed, index, Decimal(2))
        assert refused.value.code == "fixed_line"
        assert len(remove_line(fixed, index).lines) == 1


def test_a_bill_discount_is_taken_from_goods_alone():
    made = basket(line("A1", 1000), line("V", 5000, kind="voucher"), line("P25", 25, kind="bottle_deposit"))
    totals = price(discount_bill(made, Discount(percent=Decimal(10))))
    assert [row.bill_share_minor for row in totals.lines] == [100, 0, 0]
    with pytest.raises(Refused):
        discount_bill(made, Discount(amount_minor=1001))


def test_separate_lines_stay_separate():
    made, _ = add_line(basket(line("A1")), line("A1"), separate=True)
    assert [each.quantity for each in made.lines] == [1, 1]


def test_a_line_that_the_engine_has_priced_still_raises():
    """Until a person touches it, an equal article raises its quantity, whatever the promotion made of it."""
    listed = line("A1", 100, list_price_minor=100)
    priced = replace(
        listed,
        unit_price_minor=90,
        price_reason="promotion",
        why="Autumn",
        discount=Discount(amount_minor=10, reason="Autumn", automatic=True),
    )
    made, index = add_line(basket(priced), listed)
    assert (index, len(made.lines), made.lines[0].quantity) == (0, 1, 2)
    by_hand = replace(priced, discount=Discount(amount_minor=10))
    assert len(add_line(basket(by_hand), listed)[0].lines) == 2


def test_a_line_that_turns_negative_keeps_no_promotion():
    """Else three for two, turned into one that comes back, would give back nothing."""
    free = Discount(amount_minor=499, reason="3 for 2", automatic=True)
    sold = line(quantity="3", list_price_minor=499, price_reason="promotion", why="3 for 2", discount=free)
    assert price(change_quantity(basket(sold), 0, Decimal(-1))).total_minor == -499


def test_a_line_that_turns_negative_keeps_a_person_s_discount():
    given_by_hand = Discount(amount_minor=99, reason="friend")
    sold = line(quantity="1", list_price_minor=499, discount=given_by_hand)
    assert price(change_quantity(basket(sold), 0, Decimal(-1))).total_minor == -400
