"""ZVT in bytes: round trips, captured frames, and streams and fields of any brokenness (fault 47's ground)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.terminal.zvt_codec import (
    AMOUNT,
    CARD_NAME,
    FIELDS,
    RESULT,
    TLV,
    Apdu,
    Splitter,
    TlvObject,
    ZvtError,
    describe,
    encode_apdu,
    encode_fields,
    encode_tlv,
    find_tlv,
    from_bcd,
    parse_fields,
    parse_tlv,
    to_bcd,
)

apdus = st.builds(
    Apdu, st.integers(0, 0xFFFF), st.one_of(st.binary(max_size=300), st.binary(min_size=254, max_size=600))
)
tags = st.one_of(
    st.integers(1, 0xFE).filter(lambda tag: tag & 0x1F != 0x1F),
    st.integers(0x1F01, 0x1F7F),
    st.integers(0x5F01, 0x5F7F),
)


@st.composite
def fields(draw):
    numbers = draw(st.lists(st.sampled_from(sorted(FIELDS)), unique=True, max_size=8))
    return [(number, draw(_value(FIELDS[number]))) for number in numbers]


def _value(shape):
    if isinstance(shape, int):
        return st.binary(min_size=shape, max_size=shape)
    return st.binary(max_size={"ll": 99, "lll": 300, "tlv": 300}[shape])


@given(st.lists(apdus, max_size=5), st.lists(st.integers(1, 50), max_size=80))
def test_frames_survive_any_cutting_of_the_stream(frames, sizes):
    """Over TCP frames come in arbitrary pieces: what goes in comes out, once, in order."""
    stream, splitter, got, at = b"".join(map(encode_apdu, frames)), Splitter(), [], 0
    for size in sizes:
        got += splitter.feed(stream[at : at + size])
        at += size
    got += splitter.feed(stream[at:])
    assert got == frames
    assert not splitter.is_within


@given(fields())
def test_fields_round_trip(values):
    assert parse_fields(encode_fields(values)).values == dict(values)


@given(fields(), st.binary(max_size=20))
def test_an_unknown_field_ends_the_reading_and_costs_nothing_before_it(values, tail):
    """Its length is unknown, so what stands behind it is kept apart, unread."""
    read = parse_fields(encode_fields(values) + b"\xff" + tail)
    assert read.values == dict(values)
    assert read.rest == b"\xff" + tail


@given(st.binary(max_size=400))
def test_garbage_never_raises(data):
    read = parse_fields(data)
    assert data.endswith(read.rest)
    parse_tlv(data)
    Splitter().feed(data)
    describe(Apdu(0x040F, data))


@given(st.lists(st.builds(TlvObject, tags, st.binary(max_size=400)), max_size=6))
def test_tlv_round_trips(objects):
    assert parse_tlv(encode_tlv(objects)) == tuple(objects)


@given(st.integers(0, 10**12 - 1))
def test_amounts_round_trip(amount_minor):
    assert from_bcd(to_bcd(amount_minor, 6)) == amount_minor


@pytest.mark.parametrize(("number", "length"), [(-1, 6), (10**12, 6), (100, 1)])
def test_what_does_not_fit_is_an_error(number, length):
    with pytest.raises(ZvtError):
        to_bcd(number, length)


def test_letters_are_no_amount():
    with pytest.raises(ZvtError):
        from_bcd(b"\x1a")


@pytest.mark.parametrize("values", [[(0xFF, b"")], [(AMOUNT, b"1")], [(CARD_NAME, b"x" * 100)]])
def test_a_field_that_cannot_be_written_is_an_error(values):
    with pytest.raises(ZvtError):
        encode_fields(values)


def test_frames_of_real_terminals_are_read():
    """Published captures: a payment command, a cancelled payment with its end, a status."""
    splitter = Splitter()
    payment, cancelled, aborted, status = (
        "06010c040000000012344909781940",
        "040f07276c2929001006",
        "061e016c",
        "060f01dc",
    )
    frames = splitter.feed(bytes.fromhex(payment + cancelled + aborted + status))
    assert [frame.code for frame in frames] == [0x0601, 0x040F, 0x061E, 0x060F]
    assert from_bcd(parse_fields(frames[0].data).values[AMOUNT]) == 1234
    assert parse_fields(frames[1].data).values == {RESULT: b"\x6c", 0x29: bytes.fromhex("29001006")}


def test_a_long_frame_has_a_length_of_three_bytes():
    assert encode_apdu(Apdu(0x040F, bytes(254)))[:3] == bytes.fromhex("040ffe")
    assert encode_apdu(Apdu(0x040F, bytes(255)))[:5] == bytes.fromhex("040fffff00")
    with pytest.raises(ZvtError):
        encode_apdu(Apdu(0x040F, bytes(70_000)))


def test_nested_objects_are_found_by_their_path():
    data = encode_tlv([TlvObject(0x1F10, b"a"), TlvObject(0x24, encode_tlv([TlvObject(0x07, b"words")]))])
    assert find_tlv(data, 0x24, 0x07) == b"words"
    assert find_tlv(data, 0x24, 0x08) is None
    assert find_tlv(encode_fields([(TLV, data)])[2:], 0x1F10) == b"a"


def test_a_log_never_holds_data():
    """Fault I16: a frame's description has its command and result; no field, so no card number."""
    said = describe(Apdu(0x040F, encode_fields([(RESULT, b"\0"), (0x22, bytes.fromhex("4111111111111111"))])))
    assert said == "040F (13 bytes) result 00"
