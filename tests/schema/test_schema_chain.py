"""The chain: any changed byte, missing row or foreign signature is named; a resealed copy is caught by its key."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from schema.chain import Event, Sealed, first_flaw, genesis_hash, money_bytes, parse_money, seal
from schema.device import public_bytes

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
GENESIS = genesis_hash("till-1", 1, public_bytes(KEY), b"nonce")


def event(seq, body=b"{}", money=()):
    return Event(
        till_id="till-1",
        epoch=1,
        seq=seq,
        event_id=f"event-{seq}",
        type="cash.moved",
        version=1,
        recorded_ms=1_790_000_000_000 + seq,
        utc_offset_min=60,
        boot_id="boot",
        monotonic_ms=seq * 10,
        business_day="2026-11-21",
        money=money,
        body=body,
    )


def run_of(count, key=KEY):
    rows, prev = [], GENESIS
    for seq in range(1, count + 1):
        rows.append(seal(event(seq, body=b'{"n":%d}' % seq, money=(("cash", "EUR", seq),)), prev, key.sign))
        prev = rows[-1].hash
    return rows


ROWS = run_of(6)


def flaw(rows, **more):
    return first_flaw(rows, after_seq=0, after_hash=GENESIS, key=KEY.public_key(), **more)


def test_a_whole_run_holds():
    assert flaw(ROWS) is None
    assert flaw([]) is None
    assert first_flaw(ROWS[3:], after_seq=3, after_hash=ROWS[2].hash, key=KEY.public_key()) is None


FIELDS = [name for name in Event.__struct_fields__ if name not in ("seq", "money", "body")]


@given(st.integers(0, 5), st.sampled_from([*FIELDS, "body", "money", "hash", "signature"]), st.integers(0, 10**6))
@settings(max_examples=300)
def test_any_changed_field_is_named_by_its_row(index, field, salt):
    """Fault 13."""
    rows = list(ROWS)
    rows[index] = changed(rows[index], field, salt)
    found = flaw(rows)
    assert found is not None
    # A changed hash may also show as the next row's broken link, never later.
    assert found.seq == index + 1


def changed(row, field, salt):
    if field in ("hash", "signature"):
        return replace(row, **{field: flip(getattr(row, field), salt)})
    present = getattr(row.event, field)
    new = (
        flip(present, salt)
        if isinstance(present, bytes)
        else (("cash", "EUR", -1 - salt),)
        if field == "money"
        else present + 1
        if isinstance(present, int)
        else present + "x"
    )
    return Sealed(event=replace(row.event, **{field: new}), hash=row.hash, signature=row.signature)


def flip(data, salt):
    place = salt % (len(data) * 8)
    value = bytearray(data)
    value[place // 8] ^= 1 << place % 8
    return bytes(value)


@pytest.mark.parametrize("index", range(5))
def test_a_missing_row_is_named(index):
    rows = ROWS[:index] + ROWS[index + 1 :]
    found = flaw(rows)
    assert found is not None
    assert (found.seq, "missing" in found.what) == (index + 1, True)


def test_swapped_rows_are_found():
    assert flaw([ROWS[0], ROWS[2], ROWS[1], *ROWS[3:]]).seq == 2


def test_a_chain_rewritten_with_another_key_is_found():
    """Fault 55: hashes can be computed anew, signatures cannot."""
    forged = run_of(6, key=Ed25519PrivateKey.generate())
    assert "signed" in flaw(forged).what
    assert "signed" in flaw(forged, every_signature=False).what


def test_the_last_signature_vouches_for_all_before_it():
    rows = [replace(row, signature=bytes(64)) for row in ROWS[:-1]] + [ROWS[-1]]
    assert flaw(rows, every_signature=False) is None
    assert flaw(rows).seq == 1


def test_the_first_row_is_bound_to_key_epoch_and_nonce():
    for other in (
        genesis_hash("till-2", 1, public_bytes(KEY), b"nonce"),
        genesis_hash("till-1", 2, public_bytes(KEY), b"nonce"),
        genesis_hash("till-1", 1, public_bytes(KEY), b"other"),
    ):
        assert first_flaw(ROWS, after_seq=0, after_hash=other, key=KEY.public_key()).seq == 1


def test_fields_cannot_slide_into_each_other():
    """The header is length-prefixed: "ab"+"c" and "a"+"bc" hash differently."""
    left = replace(event(1), type="ab", boot_id="c")
    right = replace(event(1), type="a", boot_id="bc")
    assert seal(left, GENESIS, KEY.sign).hash != seal(right, GENESIS, KEY.sign).hash


@given(
    st.lists(
        st.tuples(st.sampled_from(["cash", "card"]), st.sampled_from(["EUR", "CHF"]), st.integers(-(10**12), 10**12)),
        max_size=5,
    ).map(tuple)
)
def test_money_reads_back(money):
    assert parse_money(money_bytes(money).decode()) == money
