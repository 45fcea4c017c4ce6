"""What came back of a receipt: sums of quantity and money, where one that is not known makes the sum unknown."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from schema.past import NOTHING_BACK, Back, summed

backs = st.builds(
    Back, quantity=st.integers(-9, 9).map(Decimal), minor=st.one_of(st.none(), st.integers(-10_000, 10_000))
)


@given(st.lists(backs, max_size=6), st.randoms())
def test_a_sum_does_not_depend_on_the_order(parts, random):
    mixed = list(parts)
    random.shuffle(mixed)
    one, other = summed((0, part) for part in parts), summed((0, part) for part in mixed)
    assert one == other
    if parts:
        known = all(part.minor is not None for part in parts)
        assert one[0].quantity == sum(part.quantity for part in parts)
        assert one[0].minor == (sum(part.minor for part in parts) if known else None)


@given(backs)
def test_nothing_adds_nothing(back):
    assert back + NOTHING_BACK == back
