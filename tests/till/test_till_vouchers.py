"""Vouchers as pure functions: codes that find a misread character, and what one is worth to this till."""

import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.catalogue import Voucher
from schema.errors import Refused
from till.paying.vouchers import (
    ALPHABET,
    CODE_LENGTH,
    FEED_LAG_MS,
    Known,
    VoucherMove,
    clean_code,
    new_code,
    shown_code,
    uncounted,
)

ENTROPY = st.binary(min_size=9, max_size=9)


@given(ENTROPY)
def test_a_code_reads_back_however_it_is_typed(entropy):
    code = new_code(entropy)
    assert len(code) == CODE_LENGTH
    assert code[0] == "V"
    assert set(code[1:]) <= set(ALPHABET)
    assert clean_code(code) == code
    assert clean_code(f"  {shown_code(code).lower()} ") == code
    assert clean_code(code[0] + code[1:].replace("1", "l").replace("0", "o")) == code


@given(ENTROPY, st.integers(1, CODE_LENGTH - 1), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_always_found(entropy, position, wrong):
    code = new_code(entropy)
    misread = code[:position] + wrong + code[position + 1 :]
    if misread != code:
        with pytest.raises(Refused):
            clean_code(misread)


@given(ENTROPY, st.integers(1, CODE_LENGTH - 2))
def test_swapped_neighbours_are_found(entropy, position):
    """All but the first and the last character of the alphabet beside each other, which the formula cannot see."""
    code = new_code(entropy)
    pair = code[position : position + 2]
    swapped = code[:position] + pair[::-1] + code[position + 2 :]
    if pair[0] != pair[1] and set(pair) != {ALPHABET[0], ALPHABET[-1]}:
        with pytest.raises(Refused):
            clean_code(swapped)


def test_codes_do_not_repeat():
    assert len({new_code(os.urandom(9)) for _ in range(5000)}) == 5000


@given(st.text(max_size=60))
def test_any_text_is_a_code_or_refused(text):
    try:
        assert clean_code(clean_code(text)) == clean_code(text)
    except Refused as error:
        assert error.code == "bad_voucher"


def played(seed, *, others):
    """Let redemptions happen and head office count a prefix of ours; return the truth and what this till believes.

    With `others` more tills redeem, and our events are acknowledged when they are counted. Without, head office has
    acknowledged everything, and its feed lags behind.
    """
    chance = random.Random(seed)
    truth = fed = 10_000
    moves, pending = [], []

    def believed():
        acked = len(moves) - len(pending) if others else len(moves)
        known = Known(epoch=1, acked_seq=acked, fetched_ms=0)
        return fed + sum(move.amount_minor for move in uncounted(_fed(fed), moves, known))

    for _ in range(chance.randrange(1, 12)):
        if chance.random() < 0.6:
            amount = chance.randrange(1, 800)
            moves.append(_move(len(moves) + 1, -amount, believed() - amount))
            pending.append(moves[-1])
            truth -= amount
        elif pending and chance.random() < 0.7:
            fed += pending.pop(0).amount_minor
        elif others:
            amount = chance.randrange(1, 300)
            fed, truth = fed - amount, truth - amount
    return truth, believed()


def _fed(balance_minor):
    return Voucher(code="X", balance_minor=balance_minor)


def _move(seq, amount, left):
    return VoucherMove(code="X", epoch=1, seq=seq, amount_minor=amount, left_minor=left, at_ms=0)


@pytest.mark.parametrize("others", [True, False])
@pytest.mark.parametrize("seed", range(100))
def test_the_worth_is_the_truth(seed, others):
    """Whatever other tills redeem meanwhile, however late the feed: nothing counts twice, nothing is forgotten."""
    truth, believed = played(seed, others=others)
    assert believed == truth


def test_an_issued_voucher_that_head_office_has_already_is_not_worth_double():
    """The receipt is applied there before its acknowledgement is written down here: asked, or fetched, in between."""
    issued = [_move(4, 1000, 1000)]
    before = Known(epoch=1, acked_seq=3, fetched_ms=1)
    assert uncounted(_fed(1000), issued, before) == []
    assert uncounted(_fed(700), issued, before) == [], "another till has used it since"
    assert uncounted(_fed(1000), issued, Known(epoch=1, acked_seq=3, fetched_ms=1, applied_seq=4)) == []
    assert uncounted(None, issued, Known(epoch=1, acked_seq=3, fetched_ms=1, applied_seq=3)) == issued


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("seed", range(100))
def test_what_is_counted_before_it_is_acknowledged_never_counts_twice(seed, told):
    """Issued, redeemed and given back here; head office may be ahead of what this till knows, and may say how far."""
    chance = random.Random(seed)
    moves, left = [_move(1, 5000, 5000)], 5000
    for seq in range(2, chance.randrange(2, 9)):
        amount = chance.choice([-chance.randrange(1, left + 1) if left else 500, chance.randrange(1, 500)])
        left += amount
        moves.append(_move(seq, amount, left))
    applied = chance.randrange(0, len(moves) + 1)
    acked = chance.randrange(0, applied + 1)
    fed = _fed(moves[applied - 1].left_minor) if applied else None
    known = Known(epoch=1, acked_seq=acked, fetched_ms=0, applied_seq=applied if told else None)
    believed = (fed.balance_minor if fed else 0) + sum(move.amount_minor for move in uncounted(fed, moves, known))
    assert believed <= left
    if told or not applied:
        assert believed == left


def test_a_move_that_was_acknowledged_long_ago_is_in_the_feed():
    """Also where the balance has risen since."""
    moves = [_move(1, -500, 500)]
    late = Known(epoch=1, acked_seq=1, fetched_ms=FEED_LAG_MS + 1)
    assert uncounted(_fed(2000), moves, late) == []
    assert uncounted(_fed(2000), moves, Known(epoch=1, acked_seq=1, fetched_ms=1)) == moves
    assert uncounted(_fed(2000), moves, Known(epoch=2, acked_seq=0, fetched_ms=FEED_LAG_MS + 1)) == []


def test_an_issued_voucher_is_worth_something_before_head_office_knows_it():
    issued = [_move(4, 5000, 5000)]
    assert uncounted(None, issued, Known(epoch=1, acked_seq=9, fetched_ms=1)) == issued
    assert uncounted(_fed(5000), issued, Known(epoch=1, acked_seq=9, fetched_ms=1)) == []
