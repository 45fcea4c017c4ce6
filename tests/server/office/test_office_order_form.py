"""The order form keeps what was typed and says beside the field what is wrong with it."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.office.formats import Formats
from server.office.order_form import check_form, empty_form, read_form, read_many
from server.office.words import words_in

WORDS, FORMATS = words_in("en"), Formats("en")
GOOD = {
    "store": ["0001"],
    "kind": ["order"],
    "customer": ["C1"],
    "ordered_day": ["2026-03-02"],
    "expected_day": ["05.03.2026"],
    "delivery": ["delivery"],
    "includes_tax": ["0"],
    "line-0-article": ["100"],
    "line-0-quantity": ["1,5"],
    "line-0-price": ["2.50"],
    "line-0-discount": ["10%"],
    "line-7-article": ["200"],
    "line-7-quantity": ["2"],
    "line-7-discount": ["0,50"],
}


def checked(**changed):
    return check_form(read_form(GOOD | changed), "EUR", WORDS, FORMATS)


def test_a_good_form_comes_to_its_wish():
    wish = checked().wish
    assert (wish.store, wish.customer, wish.delivery, wish.includes_tax) == ("0001", "C1", "delivery", False)
    assert (wish.ordered_day, wish.expected_day) == (date(2026, 3, 2), date(2026, 3, 5))
    first, second = wish.lines
    assert (first.quantity, first.unit_price_minor, first.discount_percent) == (Decimal("1.5"), 250, Decimal(10))
    assert (second.quantity, second.unit_price_minor, second.discount_minor) == (Decimal(2), None, 50)


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("ordered_day", ""),
        ("ordered_day", "soon"),
        ("expected_day", "2026-02-30"),
        ("expected_day", "2026-03-01"),
        ("customer", ""),
        ("store", ""),
        ("line-0-quantity", "many"),
        ("line-0-quantity", "0"),
        ("line-0-quantity", "-1"),
        ("line-0-quantity", "1.2345"),
        ("line-0-quantity", "999999999"),
        ("line-0-price", "12.345"),
        ("line-0-price", "-1"),
        ("line-0-price", "<b>"),
        ("line-0-discount", "101%"),
        ("line-0-discount", "NaN%"),
        ("line-0-discount", "-2"),
        ("line-0-discount", "99.00"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nowhere_else(field, typed):
    found = checked(**{field: [typed]})
    assert found.wish is None
    assert set(found.errors) == {field}


def test_an_order_without_lines_says_so():
    form = empty_form(store="0001", employee="Sample", today=date(2026, 3, 2))
    found = check_form(form, "EUR", WORDS, FORMATS)
    assert set(found.errors) == {"lines", "customer"}


@given(
    st.dictionaries(
        st.sampled_from([*GOOD, "add", "many", "version", "line-x-article", "line-1-evil"]),
        st.lists(st.text(max_size=30), max_size=2),
    )
)
def test_anything_sent_is_read_and_judged(fields):
    form = read_form(fields)
    check_form(form, "EUR", WORDS, FORMATS)
    assert all(form.text(name) == (fields.get(name) or [""])[0].strip() for name in ("subject", "customer"))


def test_many_rows_are_read_as_people_paste_them():
    found, unread = read_many("100\n200; 3\n2000000000015\t2,5\n\nx100 x 4\nnot a row at all\n")
    assert found == [("100", "1"), ("200", "3"), ("2000000000015", "2,5"), ("x100", "4")] or found[:3] == [
        ("100", "1"),
        ("200", "3"),
        ("2000000000015", "2,5"),
    ]
    assert "not a row at all" in unread
