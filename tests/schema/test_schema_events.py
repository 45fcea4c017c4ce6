"""Events: every body reads back to itself, says its type, and carries its money in the header."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schema.basket import Basket, Discount, Line, price
from schema.events import (
    TYPES,
    VERSION,
    Body,
    CashMoved,
    Payment,
    ReceiptMailWanted,
    SaleCompleted,
    ShiftClosed,
    ShiftOpened,
    UnknownEventError,
    decode,
    encode,
    money_of,
    sold_lines,
    type_of,
)

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
TEXT = st.text(max_size=20)
AMOUNT = st.integers(-(10**9), 10**9)


def bodies():
    return st.one_of(
        st.builds(
            CashMoved,
            move_id=TEXT,
            kind=st.sampled_from(["cash_in", "cash_out", "change_money", "skim"]),
            shift_id=TEXT,
            cashier=TEXT,
            currency=st.just("EUR"),
            amount_minor=st.integers(0, 10**9),
            reason=TEXT,
        ),
        st.builds(
            ShiftOpened,
            shift_id=TEXT,
            number=AMOUNT,
            cashier=TEXT,
            currency=st.just("EUR"),
            float_minor=AMOUNT,
            expected_minor=AMOUNT,
            difference_minor=AMOUNT,
        ),
        sales(),
    )


def sales():
    lines = st.lists(
        st.builds(
            Line,
            article=TEXT,
            name=TEXT,
            quantity=st.decimals(1, 99, places=3),
            unit_price_minor=st.integers(0, 10**6),
            tax_code=st.just("standard"),
            tax_percent=st.just(Decimal("19")),
            discount=st.none() | st.builds(Discount, percent=st.decimals(0, 100, places=1), reason=TEXT),
            note=TEXT,
        ),
        max_size=5,
    )
    return lines.map(sale_of)


def sale_of(lines):
    totals = price(Basket(currency="EUR", lines=tuple(lines)))
    return SaleCompleted(
        sale_id="sale",
        receipt="0001-1-000001",
        receipt_seq=1,
        shift_id="shift",
        cashier="1",
        cashier_name="Alex Example",
        currency="EUR",
        includes_tax=True,
        lines=sold_lines(totals),
        taxes=totals.taxes,
        bill_discount_minor=0,
        total_minor=totals.total_minor,
        payments=(Payment(tender="cash", currency="EUR", amount_minor=totals.total_minor),),
        started_ms=1,
        completed_ms=2,
    )


@given(bodies())
@settings(max_examples=200)
def test_a_body_reads_back_to_itself_and_encodes_the_same_again(body):
    data = encode(body)
    again = decode(type_of(body), VERSION, data)
    assert again == body
    assert encode(again) == data


def test_every_type_of_the_union_is_known_by_its_tag():
    assert {str(struct.__struct_config__.tag) for struct in Body.__args__} == TYPES
    assert all("." in name for name in TYPES)


@pytest.mark.parametrize(("name", "version"), [("sale.imagined", 1), ("sale.completed", 2)])
def test_types_from_the_future_are_told_apart_from_broken_ones(name, version):
    """Fault 37: unknown is not the same as broken."""
    with pytest.raises(UnknownEventError):
        decode(name, version, b"{}")


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"event":"sale.completed"}', b"\xff", b'{"event":"cash.moved"}'])
def test_a_broken_body_is_a_value_error(data):
    with pytest.raises(ValueError):
        decode("sale.completed", 1, data)


def test_a_body_cannot_pose_as_another_type():
    data = encode(moved("cash_in", 100))
    with pytest.raises(ValueError, match="says it is"):
        decode("sale.completed", 1, data)


def moved(kind, amount):
    return CashMoved(move_id="m", kind=kind, shift_id="s", cashier="1", currency="EUR", amount_minor=amount, reason="")


@pytest.mark.parametrize(
    ("kind", "money"),
    [
        ("cash_in", (("cash", "EUR", 500),)),
        ("cash_out", (("cash", "EUR", -500),)),
        ("skim", (("cash", "EUR", -500),)),
        ("change_money", ()),
    ],
)
def test_cash_moves_carry_their_sign(kind, money):
    assert money_of(moved(kind, 500)) == money


def test_a_split_payment_carries_each_tender_once():
    sale = msgspec.structs.replace(
        sale_of([]),
        payments=(
            Payment(tender="cash", currency="EUR", amount_minor=300),
            Payment(tender="card", currency="EUR", amount_minor=200),
            Payment(tender="cash", currency="EUR", amount_minor=50),
        ),
    )
    assert money_of(sale) == (("card", "EUR", 200), ("cash", "EUR", 350))


def test_shift_differences_are_money_and_zero_is_none():
    closed = ShiftClosed(
        shift_id="s",
        z_number=1,
        cashier="1",
        currency="EUR",
        expected_minor=100,
        counted_minor=90,
        difference_minor=-10,
        sales_count=0,
        sales_minor=0,
        tenders=(),
        taxes=(),
    )
    assert money_of(closed) == (("cash", "EUR", -10),)
    assert money_of(msgspec.structs.replace(closed, difference_minor=0)) == ()


def test_a_field_from_the_future_does_not_break_a_body():
    data = encode(moved("cash_in", 1))[:-1] + b',"colour":"blue"}'
    assert decode("cash.moved", 1, data) == moved("cash_in", 1)


def test_a_wish_for_a_mail_is_the_same_bytes_for_ever():
    """What tills have signed once, head office reads for ever: fields are only ever added, with defaults."""
    wish = ReceiptMailWanted(
        receipt="0001-1-000017",
        sale_event="019ad3c2-7f00-7000-8000-000000000001",
        address="kim@example.org",
        cashier="3",
        language="de",
    )
    golden = (GOLDEN / "event_receipt_mail_wanted_1.json").read_bytes()
    assert encode(wish) == golden
    assert decode("receipt.mail_wanted", 1, golden) == wish
    assert money_of(wish) == ()


def test_a_wish_for_a_mail_needs_no_language():
    data = b'{"event":"receipt.mail_wanted","receipt":"r","sale_event":"e","address":"a@b.cd","cashier":"3"}'
    assert decode("receipt.mail_wanted", 1, data).language == ""
