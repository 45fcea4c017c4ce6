"""Properties of returns and voids: however goods come back, all of it comes to what was paid, to the cent."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from schema.basket import Basket, Discount, Line, OrderRef, price
from schema.catalogue import ReturnRules
from schema.errors import Refused
from schema.events import Payment, SaleCompleted, sold_lines, taxed
from schema.parties import Cashier
from schema.past import Back, goods_back, past_of, returned_of
from schema.tax import breakdown
from till.paying.checkout import Completion, Paid, completed
from till.returning.returns import (
    Wanted,
    Why,
    check_returnable,
    left,
    right_to_refund,
    with_basket_counted,
    with_goods_back,
    with_returned,
)
from till.returning.voids import void_of
from till.selling.register import new_sale, sums
from till.selling.shares import share

DAY = date(2026, 11, 22)
WHY = Why(reason="defect")
CASHIER = Cashier(number="1", name="Alex Example", role="cashier", pin_hash="")
RATES = (("standard", Decimal(19)), ("reduced", Decimal(7)))

quantities = st.one_of(
    st.integers(1, 12).map(Decimal), st.integers(1, 9999).map(lambda grams: Decimal(grams).scaleb(-3).normalize())
)
discounts = st.one_of(
    st.none(),
    st.integers(0, 100).map(lambda percent: Discount(percent=Decimal(percent))),
    st.integers(0, 50).map(lambda minor: Discount(amount_minor=minor)),
)


@st.composite
def lines(draw):
    code, percent = draw(st.sampled_from(RATES))
    return Line(
        article=draw(st.sampled_from(("A1", "A2", ""))),
        name="Thing",
        quantity=draw(quantities),
        unit_price_minor=draw(st.integers(0, 5000)),
        tax_code=code,
        tax_percent=percent,
        discount=draw(discounts),
    )


@st.composite
def receipts(draw):
    """A finished receipt with any discounts, one on the bill too, with or without tax in its prices."""
    basket = Basket(
        currency="EUR",
        includes_tax=draw(st.booleans()),
        lines=tuple(draw(st.lists(lines(), min_size=1, max_size=6))),
        bill_discount=draw(discounts),
    )
    return receipt_of(basket)


def receipt_of(basket, payments=None):
    sale = replace(new_sale("sale-1", 0, "EUR"), basket=basket)
    paid = payments if payments is not None else (pay("cash", price(basket).total_minor),)
    sale = replace(sale, payments=paid)
    return completed(Paid(sale=sale), Completion(shift_id="s", cashier=CASHIER, label="7-1", completed_ms=0), 1)


def pay(tender, amount_minor):
    return Payment(tender=tender, currency="EUR", amount_minor=amount_minor)


def past(sale: SaleCompleted):
    return past_of(sale, "7", "till-1", DAY.isoformat())


def fresh():
    return new_sale("sale-2", 0, "EUR")


@given(st.integers(-100_000, 100_000), st.lists(quantities, min_size=1, max_size=9))
def test_shares_of_a_line_sum_to_its_total(total_minor, parts):
    whole = sum(parts)
    before = [sum(parts[:index], Decimal(0)) for index in range(len(parts))]
    found = [share(total_minor, whole, gone, part) for gone, part in zip(before, parts, strict=True)]
    assert sum(found) == total_minor


def test_a_part_that_brings_the_last_cent_is_given_back():
    """A quarter of what costs a cent has no price of its own; the second one brings the cent."""
    cent = replace(WATER, quantity=Decimal(1), unit_price_minor=1)
    known, back = past(receipt_of(Basket(currency="EUR", lines=(cent,)))), []
    for gone in range(4):
        known = with_returned(known, {1: Back(quantity=Decimal("0.25") * gone, minor=None)})
        part = (Wanted(line=1, quantity=Decimal("0.25")),)
        back.append(price(with_goods_back(fresh(), known, part, WHY, DAY).basket).total_minor)
    assert back == [0, -1, 0, 0]


@given(receipts())
def test_a_full_return_gives_back_all_of_it_with_its_tax(sale):
    back = price(with_goods_back(fresh(), past(sale), (), WHY, DAY).basket)
    assert back.total_minor == -sale.total_minor
    assert [(row.code, -row.net_minor, -row.tax_minor) for row in back.taxes] == [
        (row.code, row.net_minor, row.tax_minor) for row in sale.taxes
    ]


@given(receipts(), st.data())
def test_a_full_return_gives_back_the_tax_that_a_receipt_stated(sale, data):
    """The last goods of an order without tax in its prices may be a cent away from what their rate says."""
    stated = tuple(
        replace(line, stated_tax_minor=line.total_minor * 19 // 100 + data.draw(st.integers(-1, 1)))
        for line in sale.lines
    )
    table = breakdown(taxed(stated), includes_tax=False)
    total = sum(row.gross_minor for row in table)
    sale = replace(sale, includes_tax=False, lines=stated, taxes=table, total_minor=total)
    back = price(with_goods_back(fresh(), past(sale), (), WHY, DAY).basket)
    assert back.total_minor == -total


@given(receipts(), st.data())
def test_returns_bit_by_bit_give_back_the_same_at_whatever_tills(sale, data):
    """Each part on a receipt of its own; what came back before is all that a till must know."""
    known, given_back = past(sale), 0
    while rest := [line for line in known.lines if left(line)]:
        line = data.draw(st.sampled_from(rest))
        whole = left(line)
        part = data.draw(st.sampled_from(sorted({whole, min(whole, Decimal("0.25")), min(whole, Decimal(1))})))
        back = with_goods_back(fresh(), known, (Wanted(line=line.line, quantity=part),), WHY, DAY)
        receipt = receipt_of(back.basket)
        given_back += sum(each.total_minor for each in receipt.lines)
        known = after_return(known, receipt)
    assert given_back == -sum(line.total_minor for line in sale.lines)
    with pytest.raises(Refused, match="Nothing is left"):
        check_returnable(known, ReturnRules(), DAY)


def after_return(known, receipt):
    """What head office feeds once a return, or the void of one, is there."""
    came = {number: back for (_, number), back in goods_back(receipt).items()}
    lines = [
        replace(line, returned=back.quantity, returned_minor=back.minor)
        for line in known.lines
        for back in [returned_of(line) + came.get(line.line, Back())]
    ]
    return replace(known, lines=tuple(lines))


@given(receipts(), st.data())
def test_returns_of_which_some_are_voided_and_done_again_give_back_all_of_it(sale, data):
    """Whichever part was voided, the next one is worth what is left: not a cent more, not a cent less."""
    known, standing = past(sale), []
    for _ in range(data.draw(st.integers(0, 6))):
        rest = [line for line in known.lines if left(line)]
        if standing and (not rest or data.draw(st.booleans())):
            back = standing.pop(data.draw(st.integers(0, len(standing) - 1)))
            known = after_return(known, receipt_of(void_of(back, "sale-3", 0, "mistake").basket))
        elif rest:
            line = data.draw(st.sampled_from(rest))
            part = min(left(line), data.draw(st.sampled_from((Decimal("0.25"), Decimal(1), Decimal(3)))))
            wanted = (Wanted(line=line.line, quantity=part),)
            standing.append(receipt_of(with_goods_back(fresh(), known, wanted, WHY, DAY).basket))
            known = after_return(known, standing[-1])
    if any(left(line) for line in known.lines):
        standing.append(receipt_of(with_goods_back(fresh(), known, (), WHY, DAY).basket))
    given_back = sum(line.total_minor for back in standing for line in back.lines)
    assert given_back == -sum(line.total_minor for line in sale.lines)


@given(receipts())
def test_a_void_is_the_receipt_negated(sale):
    void = price(void_of(sale, "sale-2", 0, "mistake").basket)
    assert [-line.total_minor for line in sold_lines(void)] == [line.total_minor for line in sale.lines]
    assert [-line.quantity for line in sold_lines(void)] == [line.quantity for line in sale.lines]
    assert [(-row.net_minor, -row.tax_minor, -row.gross_minor) for row in void.taxes] == [
        (row.net_minor, row.tax_minor, row.gross_minor) for row in sale.taxes
    ]


@given(receipts())
def test_the_void_of_a_return_is_the_return_negated(sale):
    back = receipt_of(with_goods_back(fresh(), past(sale), (), WHY, DAY).basket)
    void = receipt_of(void_of(back, "sale-3", 0, "mistake").basket)
    assert void.total_minor == -back.total_minor == sale.total_minor
    assert goods_back(void) == {
        key: Back(quantity=-came.quantity, minor=-came.minor) for key, came in goods_back(back).items()
    }


def test_a_pickup_that_had_a_deposit_is_voided_with_it():
    """Σ payments + paid before = total holds for the void as well."""
    order = OrderRef(order_id="o", number="SO-1", version=1, paid_minor=900)
    line = Line(
        article="A3", name="Book", quantity=Decimal(2), unit_price_minor=1450, tax_code="standard",
        tax_percent=Decimal(19), order_line=1,
    )  # fmt: skip
    sale = receipt_of(Basket(currency="EUR", lines=(line,), order=order), (pay("cash", 2000),))
    void = void_of(sale, "sale-2", 0, "mistake")
    assert sums(void).due_minor == -2000
    assert void.basket.lines[0].order_line == 1


WATER = Line(
    article="B", name="Water", quantity=Decimal(6), unit_price_minor=80, tax_code="standard", tax_percent=Decimal(19)
)
BOTTLE = (WATER, replace(WATER, article="D", name="Deposit", unit_price_minor=25, kind="bottle_deposit"))


def test_a_bottles_deposit_comes_back_with_it():
    sale = receipt_of(Basket(currency="EUR", lines=BOTTLE))
    back = with_goods_back(fresh(), past(sale), (Wanted(line=1, quantity=Decimal(2)),), WHY, DAY).basket
    assert [(line.kind, line.quantity) for line in back.lines] == [("goods", -2), ("bottle_deposit", -2)]


def test_a_deposit_that_is_named_comes_back_as_it_is_named():
    sale = receipt_of(Basket(currency="EUR", lines=BOTTLE))
    wanted = (Wanted(line=1, quantity=Decimal(2)), Wanted(line=2, quantity=Decimal(1)))
    back = with_goods_back(fresh(), past(sale), wanted, WHY, DAY).basket
    assert [line.quantity for line in back.lines] == [-2, -1]


def test_what_lies_in_the_basket_already_is_counted():
    """A double touch, or the same receipt scanned twice."""
    sale = receipt_of(Basket(currency="EUR", lines=BOTTLE[:1]))
    once = with_goods_back(fresh(), past(sale), (Wanted(line=1, quantity=Decimal(4)),), WHY, DAY)
    assert left(with_basket_counted(past(sale), once.basket).lines[0]) == 2
    with pytest.raises(Refused, match="2 of 6"):
        with_goods_back(once, past(sale), (Wanted(line=1, quantity=Decimal(3)),), WHY, DAY)


@pytest.mark.parametrize("quantity", [Decimal(0), Decimal(-1), Decimal(7), Decimal("NaN")])
def test_no_more_comes_back_than_was_sold(quantity):
    sale = receipt_of(Basket(currency="EUR", lines=BOTTLE))
    with pytest.raises(Refused):
        with_goods_back(fresh(), past(sale), (Wanted(line=1, quantity=quantity),), WHY, DAY)


def test_after_the_stores_days_nothing_comes_back():
    sale = past(receipt_of(Basket(currency="EUR", lines=BOTTLE)))
    rules = ReturnRules(days_max=14)
    check_returnable(sale, rules, date(2026, 12, 6))
    with pytest.raises(Refused, match="within 14 days"):
        check_returnable(sale, rules, date(2026, 12, 7))
    check_returnable(sale, ReturnRules(), date(2030, 1, 1))


@pytest.mark.parametrize(
    ("tender", "amount", "right"),
    [
        ("cash", 300, None),
        ("cash", 305, None),  # a coin of rounding
        ("cash", 480, "refund_other_tender"),
        ("card", 180, None),
        ("account", 1, "refund_other_tender"),
    ],
)
def test_money_goes_back_the_way_it_came_up_to_what_came(tender, amount, right):
    sale = receipt_of(Basket(currency="EUR", lines=BOTTLE[:1]), (pay("cash", 300), pay("card", 180)))
    back = with_goods_back(fresh(), past(sale), (), WHY, DAY)
    assert right_to_refund(back, tender, -amount, ReturnRules()) == right
    assert right_to_refund(back, tender, -amount, ReturnRules(same_tender=False)) is None
