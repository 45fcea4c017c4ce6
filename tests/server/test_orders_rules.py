"""What an order comes to is a function of the set of its facts."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from schema.errors import Refused
from schema.tax import TaxSum, net_of
from server.orders.rules import (
    WHOLE_ORDER,
    Fact,
    Facts,
    Goods,
    Handover,
    LineWish,
    OrderWish,
    Prepaid,
    check_step,
    check_wish,
    comes_from_till,
    open_prepayments,
    order_number,
    outcome,
)


def whole(*pairs):
    """Each payment (amount, version seen) of money received was a handover of the whole order."""
    return Facts(
        payments=tuple(Fact(amount_minor=amount, order_version=version) for amount, version in pairs),
        handovers=tuple(
            Handover(line=WHOLE_ORDER, quantity=Decimal(1), order_version=version)
            for amount, version in pairs
            if amount >= 0
        ),
    )


# Protocol §5: status, version, due, facts (amount, version seen) → status and matters.
TABLE = [
    ("confirmed", 1, 100, [], "confirmed", {}),
    ("confirmed", 1, 100, [(100, 1)], "completed", {}),
    ("ready_for_pickup", 1, 100, [(60, 1), (40, 1)], "completed", {}),
    ("confirmed", 1, 100, [(40, 1)], "confirmed", {}),
    ("confirmed", 1, 100, [(100, 1), (100, 1)], "completed", {"overpaid": 100, "pickup conflict": 100}),
    ("completed", 1, 100, [(100, 1), (100, 1)], "completed", {"overpaid": 100, "pickup conflict": 100}),
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
    found = outcome(status, version, due, ONE_LINE, whole(*paid))
    assert (found.status, found.matters) == (becomes, matters)


ONE_LINE = [Goods(quantity=Decimal(1), total_minor=100)]
# Three of the first line for 30 each, one of the second for 10: 100 in all.
TWO_LINES = [Goods(quantity=Decimal(3), total_minor=90), Goods(quantity=Decimal(1), total_minor=10)]

# status, version, payments, handovers (line, quantity, version seen) → status and matters.
PARTS = [
    ("confirmed", 1, [(100, 1)], [], "confirmed", {}),
    ("confirmed", 1, [(60, 1)], [(1, 2, 1)], "partly_delivered", {}),
    ("ready_for_pickup", 1, [(60, 1)], [(1, 2, 1)], "partly_delivered", {}),
    ("partly_delivered", 1, [(60, 1), (40, 1)], [(1, 2, 1), (1, 1, 1), (2, 1, 1)], "completed", {}),
    ("confirmed", 1, [(100, 1)], [(1, 4, 1), (2, 1, 1)], "completed", {"pickup conflict": 30}),
    ("completed", 1, [(100, 1), (-100, 1)], [(1, 3, 1), (2, 1, 1), (1, -3, 1), (2, -1, 1)], "confirmed", {}),
    ("partly_cancelled", 1, [(60, 1)], [(1, 2, 1)], "partly_cancelled", {}),
    ("confirmed", 2, [(90, 1)], [(1, 3, 1)], "partly_delivered", {}),
    ("confirmed", 2, [(90, 1)], [(1, 3, 1), (2, 1, 1)], "completed", {"price difference": 10}),
]


@pytest.mark.parametrize(("status", "version", "paid", "gone", "becomes", "matters"), PARTS)
def test_outcomes_of_part_pickups(status, version, paid, gone, becomes, matters):
    handovers = [Handover(line=line, quantity=Decimal(n), order_version=seen) for line, n, seen in gone]
    payments = [Fact(amount_minor=amount, order_version=seen) for amount, seen in paid]
    found = outcome(status, version, 100, TWO_LINES, Facts(payments=tuple(payments), handovers=tuple(handovers)))
    assert (found.status, found.matters) == (becomes, matters)


def prepaid(receipt, gross, code="standard", percent=19, day="2026-03-02"):
    net = net_of(gross, Decimal(percent))
    row = TaxSum(code=code, percent=Decimal(percent), net_minor=net, tax_minor=gross - net, gross_minor=gross)
    return Prepaid(receipt=receipt, day=day, tax=row)


def test_a_prepayment_stays_open_until_it_is_counted_back():
    taken = [prepaid("R1", 1190), prepaid("R1", 107, "reduced", 7), prepaid("R2", 500, day="2026-03-03")]
    assert [one.receipt for one in open_prepayments(taken)] == ["R1", "R2"]
    assert [row.gross_minor for row in open_prepayments(taken)[0].taxes] == [1190, 107]
    back = [prepaid("R1", -1190), prepaid("R1", -107, "reduced", 7)]
    assert [(one.receipt, one.day) for one in open_prepayments([*back, *taken])] == [("R2", "2026-03-03")]
    twice = outcome("confirmed", 1, 100, ONE_LINE, Facts(prepaid=(*taken, *back, *back)))
    assert twice.matters == {"prepayment counted twice": 1297}


@given(
    st.lists(st.tuples(st.integers(-200, 200), st.integers(1, 3)), max_size=6),
    st.integers(0, 300),
    st.lists(st.tuples(st.integers(0, 2), st.integers(-2, 3), st.integers(1, 3)), max_size=5),
    st.randoms(use_true_random=False),
)
def test_the_order_of_arrival_does_not_matter(pairs, due, gone, random):
    """Fault 44, invariant I10: facts settled one by one in any order end as they do all at once."""
    payments = [Fact(amount_minor=amount, order_version=seen) for amount, seen in pairs]
    handovers = [Handover(line=line, quantity=Decimal(n), order_version=seen) for line, n, seen in gone]

    def arrived(sequence):
        status, so_far = "confirmed", Facts()
        for one in sequence:
            field = "payments" if isinstance(one, Fact) else "handovers"
            so_far = replace(so_far, **{field: (*getattr(so_far, field), one)})
            status = outcome(status, 3, due, TWO_LINES, so_far).status
        return outcome(status, 3, due, TWO_LINES, so_far)

    shuffled = [*payments, *handovers]
    random.shuffle(shuffled)
    assert arrived(shuffled) == arrived([*payments, *handovers])


@pytest.mark.parametrize(
    ("number", "is_tills"),
    [
        ("0001-2-O-000001", True),
        ("0007-2b-O-1234567", True),
        ("SO-0001-000001", False),
        ("SO-O-000001", False),
        ("SO-1-O-000001", True),
    ],
)
def test_a_tills_order_is_known_by_its_number(number, is_tills):
    assert comes_from_till(number) is is_tills


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
