"""What came back is seen on both receipts, and what waits for a person leads to where it can be decided."""

import pytest
from pipeline_shop import KETTLE, back, special

from server.office import specs
from server.office.today_page import matter_link
from server.orders import rules as order_rules
from server.parties import rules as party_rules
from server.vouchers import rules as voucher_rules


@pytest.fixture
def traded_back(signed):
    """A sale, goods of it that came back, and another sale that was voided; issued and posted."""
    till = signed.shop.till()
    sale = till.sale(KETTLE)
    till.send(sale)
    returned = till.sale(back(KETTLE, sale.receipt, 1))
    till.send(returned)
    other = till.sale(KETTLE)
    till.send(other)
    till.send(till.void(other))
    signed.shop.kick()
    numbers = dict(signed.shop.rows("SELECT till_receipt, number FROM receipt ORDER BY number"))
    return signed, sale, returned, other, numbers


def test_the_sale_names_what_came_back_and_the_return_what_it_takes_back(traded_back):
    office, sale, returned, _, numbers = traded_back
    sold = office.get(f"/invoicing/{numbers[sale.receipt]}")
    assert "Came back" in sold
    assert returned.receipt in sold
    came = office.get(f"/invoicing/{numbers[returned.receipt]}")
    assert f"takes back {sale.receipt}" in came
    assert "Was sold with" in came
    assert "defect" in came


def test_a_void_stands_on_both_receipts(traded_back):
    office, _, _, other, numbers = traded_back
    void = next(number for receipt, number in numbers.items() if receipt > other.receipt)
    assert "Came back" in office.get(f"/invoicing/{numbers[other.receipt]}")
    assert f"takes back {other.receipt}" in office.get(f"/invoicing/{void}")
    assert "Void" in office.get("/invoicing?columns=number,kind&f.kind=void")


def test_a_receipt_costs_a_constant_number_of_statements(traded_back):
    office, sale, returned, _, numbers = traded_back
    costs = {office.statements(f"/invoicing/{numbers[each.receipt]}") for each in (sale, returned)}
    assert len(costs) == 1


def test_what_an_item_is_stands_in_its_details(signed):
    till = signed.shop.till()
    sale = till.sale(KETTLE, special("tip", 200))
    till.send(sale)
    signed.shop.kick()
    number = signed.shop.value("SELECT number FROM receipt")
    assert "Tip" in signed.get(f"/invoicing/{number}?item=2")


def test_every_matter_that_a_room_raises_has_words():
    named = {choice.value for choice in specs.WORK_KINDS}
    for room, names in (
        (order_rules, ("OVERPAID", "PICKUP_CONFLICT", "PREPAYMENT_TWICE", "UNALLOCATED")),
        (voucher_rules, ("OVERDRAWN", "UNKNOWN", "ISSUED_TWICE")),
        (party_rules, ("ITEM_UNKNOWN", "ITEM_OVERPAID", "LIMIT_EXCEEDED", "NUMBER_CLASH")),
    ):
        assert {getattr(room, name) for name in names} <= named


@pytest.mark.parametrize(
    ("kind", "link"),
    [
        ("overpaid", "/orders/o1"),
        ("voucher overdrawn", "/vouchers/A%2F1"),
        ("credit limit exceeded", "/customers/A%2F1"),
        ("open item overpaid", "/open-items?q=A%2F1"),
        ("terminal difference", ""),
    ],
)
def test_a_matter_leads_to_where_it_is_decided(kind, link):
    assert matter_link({"kind": kind, "subject": "A/1", "source_event": "o1"}) == link
