"""What an order comes to is a function of the set of its facts."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import Refused
from server.orders.rules import Fact, LineWish, OrderWish, check_step, check_wish, order_number, outcome


def facts(*pairs):
    return [Fact(amount_minor=amount, order_version=version) for amount, version in pairs]


# Protocol §5: status, version, due, facts (amount, version seen) → status and matters.
TABLE = [
    ("confirmed", 1, 100, [], "confirmed", {}),
    ("confirmed", 1, 100, [(100, 1)], "completed", {}),
    ("ready_for_pickup", 1, 100, [(60, 1), (40, 1)], "completed", {}),
    ("confirmed", 1, 100, [(40, 1)], "confirmed", {}),
    ("confirmed", 1, 100, [(100, 1), (100, 1)], "completed", {"overpaid": 100}),
    ("completed", 1, 100, [(100, 1), (100, 1)], "completed", {"overpaid": 100}),
    ("completed", 1, 100, [(100, 1), (100, 1), (-100, 1)], "completed", {}),
    ("fully_cancelled", 1, 100, [(100, 1)], "fully_cancelled", {"paid after cancel": 100}),
    ("fully_cancelled", 1, 100, [(100, 1), (-100, 1)], "fully_cancelled", {}),
    ("confirmed", 2, 150, [(100, 1)], "confirmed", {"price difference": 50}),
    ("confirmed", 2, 80, [(100, 1)], "completed", {"overpaid": 20, "price difference": -20}),
    ("confirmed", 2, 100, [(100, 1)], "completed", {}),
    ("draft", 1, 100, [(100, 1)], "draft", {}),
    ("confirmed", 1, 0, [(0, 1)], "completed", {}),
]


@pytest.mark.parametrize(("status", "version", "due", "paid", "becomes", "matters"), TABLE)
def test_outcomes(status, version, due, paid, becomes, matters):
    found = outcome(status, version, due, facts(*paid))
    assert (found.status, found.matters) == (becomes, matters)


@given(
    st.lists(st.tuples(st.integers(-200, 200), st.integers(1, 3)), max_size=6),
    st.integers(0, 300),
    st.randoms(use_true_random=False),
)
def test_the_order_of_arrival_does_not_matter(pairs, due, random):
    """Fault 44, invariant I10: facts settled one by one in any order end as they do all at once."""

    def arrived(sequence):
        status = "confirmed"
        for count in range(1, len(sequence) + 1):
            state = outcome(status, 3, due, facts(*sequence[:count]))
            status = state.status
        return outcome(status, 3, due, facts(*sequence))

    shuffled = list(pairs)
    random.shuffle(shuffled)
    assert arrived(shuffled) == arrived(pairs)


def wish(**changes):
    fields = {
        "store": "0001",
        "customer_name": "Sample",
        "ordered_day": date(2026, 3, 1),
        "lines": (LineWish(article="100", quantity=Decimal(1)),),
    }
    return OrderWish(**(fields | changes))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"lines": ()}, "no_lines"),
        ({"kind": "gift"}, "unknown_kind"),
        ({"customer_name": "  "}, "no_customer"),
        ({"expected_day": date(2026, 2, 1)}, "bad_date"),
        ({"lines": (LineWish(article="1", quantity=Decimal(-1)),)}, "bad_quantity"),
        ({"lines": (LineWish(article="1", quantity=Decimal(0)),)}, "bad_quantity"),
        ({"lines": (LineWish(article="1", quantity=Decimal(1), unit_price_minor=-1),)}, "bad_amount"),
        ({"lines": (LineWish(article="1", quantity=Decimal(1), discount_percent=Decimal(101)),)}, "bad_discount"),
        ({"lines": (LineWish(article="1", quantity=Decimal(1), discount_minor=-1),)}, "bad_discount"),
        ({"lines": (LineWish(name="Text only", quantity=Decimal(1)),)}, "bad_line"),
    ],
)
def test_an_order_that_cannot_be_is_refused_with_a_code(changes, code):
    with pytest.raises(Refused) as caught:
        check_wish(wish(**changes))
    assert caught.value.code == code


def test_a_step_that_is_not_allowed_is_refused():
    check_step("draft", "confirmed", "SO-1")
    with pytest.raises(Refused, match="completed and cannot become fully cancelled"):
        check_step("completed", "fully_cancelled", "SO-1")


def test_numbers_name_their_store():
    assert order_number("0001", 1) == "SO-0001-000001"
