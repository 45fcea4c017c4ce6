"""Papers: every kind reads as the golden files say, in three languages and two widths, with what the law asks for."""

import base64
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from PIL import Image
from sample_papers import (
    BOOK,
    LANGUAGES,
    MILK,
    PRINTED_AT,
    SALES,
    SIGNED,
    WIDTHS,
    golden,
    letterhead,
    line,
    papers,
    receipt,
    written,
)

from hardware.document import Barcode, Picture, Qr
from hardware.printer.layout import text_lines
from hardware.printer.profiles import PROFILES, profile_named
from schema.basket import ReturnRef
from till.paper.receipts import DIGITAL_BYTES_MAX, digital_text, sale_document
from till.paper.slips import voucher_documents

WIDE = profile_named("generic-80")


def text_of(document, profile=WIDE):
    return "\n".join(text_lines(document, profile))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", WIDTHS)
def test_papers_read_as_the_golden_ones(language, width):
    """What leaves the house changes only on purpose: `python tests/till/sample_papers.py`, and look at the diff."""
    assert written(language, width) == golden(language, width).read_text(encoding="utf-8")


@pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_line_is_wider_than_the_paper(profile, language):
    for name, document in papers(language).items():
        for text in text_lines(document, profile):
            assert len(text) <= profile.width_chars, (name, text)


words = st.text(max_size=70)
lines = st.builds(
    line,
    words,
    st.integers(0, 10**8),
    quantity=st.sampled_from(["1", "-1", "12", "0.350", "-99999"]),
    note=words,
    why=words,
    unit=st.sampled_from(["piece", "kg"]),
    options=st.lists(words, max_size=3).map(tuple),
    kind=st.sampled_from(["goods", "bottle_deposit", "tip", "voucher", "open_item", "prepayment"]),
    reference=words,
    returns=st.none() | st.builds(ReturnRef, receipt=words, line=st.just(1), reason=words, condition=words),
)


@settings(max_examples=60, deadline=None)
@given(
    sold=st.lists(lines, min_size=1, max_size=6),
    name=words,
    width=st.sampled_from(sorted(WIDTHS)),
    language=st.sampled_from(LANGUAGES),
)
def test_any_receipt_fits_the_paper_and_the_code(sold, name, width, language):
    """Names come from people: whatever they are, no line is cut by the printer and no QR code grows without bound."""
    sale, profile, head = receipt(*sold), profile_named(WIDTHS[width]), letterhead(language)
    document = sale_document(sale, head, PRINTED_AT, customer_name=name)
    assert all(len(text) <= profile.width_chars for text in text_lines(document, profile))
    assert len(digital_text(sale, head, PRINTED_AT).encode()) <= DIGITAL_BYTES_MAX


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_least_is_on_every_receipt_whatever_the_design_leaves_out(language):
    """§ 6 KassenSichV: name and address, time, quantity and kind, sum, rate and tax of each rate."""
    head = letterhead(language, design={"show_tax_table": False, "show_barcode": False, "link": "", "header": ()})
    text = text_of(sale_document(SALES["sale"], head, PRINTED_AT)).replace(",", ".")

    def rate(percent):
        return f"{percent} %" if language == "de" else f"{percent}%"

    for part in ("Käsehaus am Markt", "Example Street 1", "12345 Sampletown", PRINTED_AT, "0007-2-000123"):
        assert part in text, part
    for part in ("2 x 1.29", "Milk 1 l", "29.29", rate(19), "2.87", rate(7), "0.74", "17.99", "11.30"):
        assert part in text, part


def test_what_the_fiscal_unit_signed_is_on_the_receipt_and_that_nobody_certified_it():
    head = letterhead("de")
    signed = sale_document(SALES["fiscal unit, not certified"], head, PRINTED_AT)
    text = text_of(signed)
    for part in ("NICHT ZERTIFIZIERT", "till-1", "4711", "9422", "5f5f5f5f", "09:12:00"):
        assert part in text, part
    assert [block.data for block in signed.blocks if isinstance(block, Qr)] == [SIGNED.qr]
    certified = receipt(MILK, fiscal=replace(SIGNED, certified=True, qr=""))
    text = text_of(sale_document(certified, head, PRINTED_AT))
    assert "ZERTIFIZIERT" not in text
    assert SIGNED.signature[:40] in text.replace("\n", "")


def test_an_outage_of_the_fiscal_unit_is_on_the_receipt():
    """Fault 52: the sale goes on, the receipt says that nothing was signed."""
    text = text_of(sale_document(SALES["fiscal unit out"], letterhead("de"), PRINTED_AT))
    assert "TSE" in text
    assert "ausgefallen" in text


def test_a_void_names_what_it_takes_back_and_why():
    text = text_of(sale_document(SALES["void"], letterhead("en"), PRINTED_AT))
    for part in ("VOID", "0007-2-000122", "wrong customer", "Card, given back"):
        assert part in text, part


def test_a_voucher_s_code_is_whole_on_its_slip_only():
    """A receipt is thrown away; who finds it must not be able to pay with it."""
    sale, head = SALES["voucher issued and redeemed"], letterhead("en")
    text = text_of(sale_document(sale, head, PRINTED_AT))
    assert "VABCDEFGH2345671" not in text
    assert "5671" in text
    (slip,) = voucher_documents(sale, head, PRINTED_AT)
    assert [block.code for block in slip.blocks if isinstance(block, Barcode)] == ["VABCDEFGH2345671"]
    assert "€50.00" in text_of(slip)


def test_a_logo_is_drawn_and_a_broken_one_costs_nothing():
    picture = io.BytesIO()
    Image.new("L", (64, 16)).save(picture, "PNG")
    for logo, count in ((base64.b64encode(picture.getvalue()).decode(), 1), ("no base64 é", 0), ("", 0)):
        head = letterhead("en", design={"logo_png": logo})
        document = sale_document(SALES["sale"], head, PRINTED_AT)
        assert sum(isinstance(block, Picture) for block in document.blocks) == count, logo
        assert "29.29" in text_of(document)


def test_a_link_is_filled_with_the_receipt_s_number():
    document = sale_document(SALES["sale"], letterhead("en"), PRINTED_AT)
    assert [block.data for block in document.blocks if isinstance(block, Qr)] == [
        "https://shop.example/r/0007-2-000123"
    ]


def test_why_a_price_is_what_it_is_is_said_once():
    text = text_of(sale_document(SALES["promotion, deposit, options"], letterhead("en"), PRINTED_AT))
    assert text.count("3 for 2") == 1
    for part in ("Club price", "large, oat milk", "price set by hand", "+ Bottle deposit"):
        assert part in text, part


def test_copy_and_practice_are_said_at_head_and_foot_in_the_paper_s_language():
    made = papers("de")
    for name, mark in (("copy", "KOPIE"), ("practice", "ÜBUNG")):
        found = [text for text in text_lines(made[name], WIDE) if text.strip()]
        assert mark in found[0], name
        assert mark in found[-1], name
        assert mark not in text_of(made["sale"])


def test_a_digital_receipt_keeps_sum_and_tax_when_there_is_no_room_for_all_lines():
    sold = tuple(replace(BOOK, name=f"A book with a rather long title, volume {number}") for number in range(80))
    text = digital_text(receipt(*sold), letterhead("en"), PRINTED_AT)
    assert len(text.encode()) <= DIGITAL_BYTES_MAX
    for part in ("Käsehaus am Markt", "0007-2-000123", "€1,439.20", "19%", "more", "volume 0"):
        assert part in text, part
