"""The text of a receipt that a fiscal unit signs, and its QR code (DSFinV-K annex I)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import Refused
from schema.fiscal import (
    FiscalPayment,
    FiscalSignature,
    FiscalStarted,
    aborted_data,
    facts_of,
    outage_facts,
    qr_text,
    receipt_data,
)

SIGNED = FiscalSignature(
    unit_serial="ab" * 32,
    transaction=7,
    signature_counter=14,
    started_ms=1_763_769_600_123,
    finished_ms=1_763_769_660_004,
    signature="c2ln",
    process_type="Kassenbeleg-V1",
    process_data="Beleg^7.50_0.00_0.00_0.00_0.00^7.50:Bar",
    qr="",
    certified=False,
)


def cash(minor, currency=""):
    return FiscalPayment(amount_minor=minor, is_cash=True, currency=currency)


def card(minor):
    return FiscalPayment(amount_minor=minor, is_cash=False)


@pytest.mark.parametrize(
    ("gross", "payments", "text"),
    [
        ([(Decimal(19), 750)], [cash(750)], "Beleg^7.50_0.00_0.00_0.00_0.00^7.50:Bar"),
        (
            [(Decimal("19.00"), 1000), (Decimal(7), 500), (Decimal(0), 5), (Decimal(19), 1)],
            [card(1000), cash(600), card(-94)],
            "Beleg^10.01_5.00_0.00_0.00_0.05^6.00:Bar_9.06:Unbar",
        ),
        ([(Decimal(19), -750)], [cash(-750)], "Beleg^-7.50_0.00_0.00_0.00_0.00^-7.50:Bar"),
        ([(Decimal("7.8"), 100), (Decimal("5.5"), 7)], [card(107)], "Beleg^0.00_0.00_1.00_0.07_0.00^1.07:Unbar"),
        (
            [(Decimal(19), 1000)],
            [cash(1000, "CHF"), cash(100), cash(-100)],
            "Beleg^10.00_0.00_0.00_0.00_0.00^10.00:Bar:CHF",
        ),
        ([], [], "Beleg^0.00_0.00_0.00_0.00_0.00^"),
    ],
)
def test_a_receipt_is_written_for_signing(gross, payments, text):
    assert receipt_data("Beleg", gross, payments) == text


def test_an_aborted_receipt():
    assert aborted_data() == "AVBelegabbruch^0.00_0.00_0.00_0.00_0.00^"


def test_a_rate_without_a_place_is_refused():
    """Amounts are never put to a wrong rate; the caller sells on and says that nothing was signed."""
    with pytest.raises(Refused) as refused:
        receipt_data("Beleg", [(Decimal(21), 100)], [])
    assert refused.value.code == "unknown_fiscal_rate"


@given(st.lists(st.tuples(st.sampled_from(["19", "7", "0", "5.5", "10.7"]), st.integers(-(10**9), 10**9)), max_size=9))
def test_no_cent_is_lost_in_the_text(parts):
    text = receipt_data("Beleg", [(Decimal(percent), minor) for percent, minor in parts], [])
    amounts = text.split("^")[1].split("_")
    assert sum(round(Decimal(amount) * 100) for amount in amounts) == sum(minor for _, minor in parts)


def test_the_qr_code_holds_what_the_annex_names():
    text = qr_text(SIGNED, client_id="0001-1", algorithm="ecdsa-plain-SHA384", public_key="a2V5")
    assert text.split(";") == [
        "V0",
        "0001-1",
        "Kassenbeleg-V1",
        "Beleg^7.50_0.00_0.00_0.00_0.00^7.50:Bar",
        "7",
        "14",
        "2025-11-22T00:00:00.123Z",
        "2025-11-22T00:01:00.004Z",
        "ecdsa-plain-SHA384",
        "utcTime",
        "c2ln",
        "a2V5",
    ]


def test_facts_carry_the_signature_or_the_outage():
    facts = facts_of(SIGNED)
    assert (facts.transaction, facts.signature, facts.certified, facts.outage) == (7, "c2ln", False, "")
    out = outage_facts("silent", FiscalStarted(transaction=7, signature_counter=13, started_ms=5))
    assert (out.transaction, out.started_ms, out.signature, out.outage) == (7, 5, "", "silent")
    assert outage_facts("off").transaction == 0
