"""How a customer stands, as a pure function: head office's open items with this till's newer moves on them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.parties import Customer, OpenItem
from till.paying.account import AccountMove, standing, still_open
from till.paying.vouchers import FEED_LAG_MS, Known

TODAY = "2026-11-22"


def customer(*items, limit=100_000):
    return Customer(number="C1", name="Kim", credit_limit_minor=limit, open_items=items)


def item(reference, open_minor, day="2026-11-01", due_day="2026-11-15"):
    return OpenItem(reference=reference, day=day, due_day=due_day, open_minor=open_minor)


def move(reference, amount, seq=1, at_ms=0):
    return AccountMove(reference=reference, epoch=1, seq=seq, amount_minor=amount, at_ms=at_ms)


SENT, UNSENT = Known(epoch=1, acked_seq=9, fetched_ms=1), Known(epoch=1, acked_seq=0, fetched_ms=1)
LONG_SENT = Known(epoch=1, acked_seq=9, fetched_ms=FEED_LAG_MS + 1)


@pytest.mark.parametrize(
    ("items", "moves", "known", "owed"),
    [
        ((), (), UNSENT, 0),
        ((), (move("R1", 500),), UNSENT, 500),
        ((), (move("R1", 500),), SENT, 500),  # acknowledged, and the feed still on its way
        ((item("R1", 500),), (move("R1", 500),), SENT, 500),  # fed: not twice
        ((item("R1", 200),), (move("R1", 500),), UNSENT, 200),  # fed, and part of it paid elsewhere
        ((), (move("R1", 500),), LONG_SENT, 0),  # paid and gone from the feed
        ((item("R1", 500),), (move("R1", -500, 2),), UNSENT, 0),  # paid here just now
        ((item("R1", 500),), (move("R1", -200, 2),), UNSENT, 300),
        ((item("R1", 300),), (move("R1", -200, 2),), LONG_SENT, 300),  # the feed has it
        ((), (move("R1", -500, 2),), SENT, 0),  # never below nothing
        ((), (move("R1", 500), move("R1", -500, 2)), UNSENT, 0),  # sold on account and voided
        ((item("R1", 500),), (move("R1", -500), move("R1", 500, 2)), UNSENT, 500),  # paid here, and that voided
        ((item("R1", 500),), (move("R1", 500), move("R1", -500, 2)), UNSENT, 0),  # sold here, fed, paid here
        ((), (move("R1", -500), move("R1", 500, 2)), UNSENT, 500),  # paid and gone from the feed, then voided
    ],
)
def test_worked_examples(items, moves, known, owed):
    found = standing(customer(*items), moves, known, TODAY)
    assert (found.owed_minor, found.left_minor) == (owed, 100_000 - owed)


def test_the_age_of_what_is_owed_is_told():
    found = standing(customer(item("R1", 500), item("R2", 300, "2026-11-20", "2026-12-04")), (), SENT, TODAY)
    assert (found.owed_minor, found.overdue_minor, found.oldest_day) == (800, 500, "2026-11-01")


def test_what_was_paid_here_is_not_open_any_more():
    """Until head office's feed knows of it, the own journal does."""
    owing = customer(item("R1", 500), item("R2", 300))
    assert still_open(owing, (move("R1", -500), move("R2", -100, 2)), UNSENT) == (item("R2", 200),)
    assert still_open(owing, (move("R1", -500), move("R1", 500, 2)), UNSENT) == owing.open_items
    assert still_open(owing, (move("R1", -500),), LONG_SENT) == owing.open_items


def test_more_than_the_limit_leaves_nothing_and_no_less():
    assert standing(customer(item("R1", 500), limit=300), (), SENT, TODAY).left_minor == 0


@given(
    st.lists(st.tuples(st.sampled_from("ABC"), st.integers(1, 500)), max_size=4, unique_by=lambda pair: pair[0]),
    st.lists(st.tuples(st.sampled_from("ABCDE"), st.integers(-500, 500).filter(bool)), max_size=8),
)
def test_nobody_ever_owes_less_than_nothing(fed, own):
    moves = [move(reference, amount, seq) for seq, (reference, amount) in enumerate(own, 1)]
    found = standing(customer(*(item(reference, amount) for reference, amount in fed)), moves, UNSENT, TODAY)
    assert found.owed_minor >= 0
    assert 0 <= found.overdue_minor <= found.owed_minor
