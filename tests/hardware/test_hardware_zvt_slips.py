"""Slips that the terminal leaves to the till: whose they are, their lines, and no card number in them (I16)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.ports import CardSlip
from hardware.terminal.zvt_codec import TlvObject, encode_fields, encode_tlv
from hardware.terminal.zvt_commands import Settings
from hardware.terminal.zvt_slips import LINES_MAX, SlipCollector

# 02: payments, 04: reports, 80: as text; without 80 blocks are not permitted and slips come line by line.
IN_BLOCKS, LINE_BY_LINE = Settings(config=0xBE), Settings(config=0x3E)


def block(kind: int | None, *lines: bytes) -> bytes:
    head = [] if kind is None else [TlvObject(0x1F07, bytes([kind]))]
    text = encode_tlv([TlvObject(0x07, line) for line in lines])
    return encode_fields([(0x06, encode_tlv([*head, TlvObject(0x25, text)]))])


def test_slips_come_with_the_payment_where_the_terminal_leaves_them(till):
    """Both slips in blocks, each with its owner; the emulator prints a masked card number, the till gets none of it."""
    shop = till(settings=IN_BLOCKS)
    result = shop.pay(shop.request())
    assert [slip.whose for slip in result.slips] == ["merchant", "customer"]
    lines = result.slips[1].lines
    assert lines[0] == "K-U-N-D-E-N-B-E-L-E-G"
    assert "Karte …" in lines
    assert "Zahlung EUR 12,34" in lines
    assert "Terminal-ID 12345678" in lines
    assert "4771" not in str(result)
    assert shop.journal[0].slips == ()


def test_slips_come_line_by_line(till):
    shop = till(settings=LINE_BY_LINE)
    result = shop.pay(shop.request())
    assert [slip.whose for slip in result.slips] == ["unknown", "unknown"]
    assert [slip.lines[0] for slip in result.slips] == ["H-Ä-N-D-L-E-R-B-E-L-E-G", "K-U-N-D-E-N-B-E-L-E-G"]


def test_a_terminal_with_paper_keeps_its_slips(till):
    shop = till()
    assert shop.pay(shop.request()).slips == ()


@pytest.mark.parametrize(("kind", "title"), [("refund", "Gutschrift"), ("reversal", "Storno")])
def test_refunds_and_reversals_have_slips_too(till, kind, title):
    shop = till(settings=IN_BLOCKS)
    shop.pay(shop.request(500))
    result = shop.ask(shop.request(500, kind, "0001" if kind == "reversal" else ""))
    assert f"{title} EUR 5,00" in result.slips[1].lines


def test_what_came_before_a_broken_line_is_kept(till):
    shop = till(settings=LINE_BY_LINE, mode="drop-in-print")
    result = shop.pay(shop.request())
    assert result.slips[0].lines == ("H-Ä-N-D-L-E-R-B-E-L-E-G",)


def test_lines_and_feeds():
    slips = SlipCollector("cp437")
    for data in (b"\x40  title", b"\xff\x02", b"\x00 12,34 EUR\x06\x03\x1f\x07\x01", b"\x00null\0rest", b""):
        slips.take_line(data)
    slips.take_line(b"\xc0end")
    slips.take_line(b"\x80still normal")
    assert slips.collected() == (
        CardSlip(whose="unknown", lines=("  title", "", "", " 12,34 EUR", "null", "end")),
        CardSlip(whose="unknown", lines=("still normal",)),
    )


def test_a_block_ends_the_lines_before_it():
    slips = SlipCollector("iso8859-15")
    slips.take_line(b"\x00loose")
    slips.take_block(block(2, "Käse €".encode("iso8859-15")))
    slips.take_block(block(None, b"nobody's"))
    slips.take_block(block(3, b"report"))
    assert [(slip.whose, slip.lines) for slip in slips.collected()] == [
        ("unknown", ("loose",)),
        ("customer", ("Käse €",)),
        ("unknown", ("nobody's",)),
        ("unknown", ("report",)),
    ]


@pytest.mark.parametrize(
    "line", [b"4111111111111111", b"4111 1111 1111 1111", b"############4771", b"VISA xxxxxxxxxxxx4771 gut"]
)
def test_card_numbers_are_masked_in_slips(line):
    """Fault I16: whole or masked, in lines or blocks."""
    slips = SlipCollector("cp437")
    slips.take_line(b"\x00" + line)
    slips.take_block(block(1, b"Karte " + line, b"Betrag 12,34"))
    text = str(slips.collected())
    assert "1111" not in text
    assert "4771" not in text
    assert "12,34" in text


def test_an_endless_slip_is_cut():
    """Lines beyond a bound are still acknowledged by the driver, but not kept."""
    slips = SlipCollector("cp437")
    for _ in range(10 * LINES_MAX):
        slips.take_line(b"\x00x")
    assert sum(len(slip.lines) for slip in slips.collected()) == LINES_MAX


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=80)), max_size=20), st.sampled_from(["cp437", "utf-8"]))
def test_any_bytes_are_slips_or_nothing(frames, charset):
    slips = SlipCollector(charset)
    for is_line, data in frames:
        (slips.take_line if is_line else slips.take_block)(data)
    for slip in slips.collected():
        assert all(line.isprintable() for line in slip.lines)
        assert any(slip.lines)
