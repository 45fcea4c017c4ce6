"""Posting rules as tables of text, and what must hold for every receipt there can be."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.basket import Basket, Discount, Line, OrderRef, price
from schema.events import CashMoved, Payment, SaleCompleted, ShiftClosed, ShiftOpened, VoidRef, sold_lines
from server.accounting.post import account_for
from server.accounting.rules import cash_task, draft_of, is_balanced, revenue_draft, sale_tasks

WHERE = {"event_id": "e1", "day": "2026-03-02", "store": "0001", "till_id": "t1"}


def line(price_minor, code="standard", percent=19, quantity=1, **fields):
    return Line(
        article="1",
        name="Sample",
        quantity=Decimal(quantity),
        unit_price_minor=price_minor,
        tax_code=code,
        tax_percent=Decimal(percent),
        **fields,
    )


def untaxed(kind, price_minor, quantity=1, **fields):
    return line(price_minor, "none", 0, quantity, kind=kind, **fields)


def sale(lines, payments, *, rounding=0, order=None, discount=None, includes_tax=True, voids=None):
    basket = Basket(currency="EUR", lines=tuple(lines), bill_discount=discount, includes_tax=includes_tax)
    totals = price(basket)
    return SaleCompleted(
        sale_id="s1",
        receipt="0001-1-000001",
        receipt_seq=1,
        shift_id="S",
        cashier="7",
        cashier_name="Alex Example",
        currency="EUR",
        includes_tax=includes_tax,
        lines=sold_lines(totals),
        taxes=totals.taxes,
        bill_discount_minor=0,
        total_minor=totals.total_minor,
        payments=tuple(Payment(tender=t, currency="EUR", amount_minor=a) for t, a in payments),
        started_ms=0,
        completed_ms=1,
        order=order,
        cash_rounding_minor=rounding,
        voids=voids,
    )


def entries(receipt, *, suspense=False):
    """Return all entries of a receipt: what it posts when it is made, then its payments."""
    drafts = [revenue_draft(receipt, receipt="RE-1", suspense=suspense, **WHERE)]
    drafts += [draft_of(task) for task in sale_tasks(receipt, receipt="RE-1", **WHERE)]
    return [draft for draft in drafts if draft is not None]


def written(drafts):
    rows = []
    for draft in drafts:
        assert is_balanced(draft.legs)
        for leg in draft.legs:
            side = f"{leg.amount_minor} -" if leg.amount_minor > 0 else f"- {-leg.amount_minor}"
            rows.append(f"{draft.effect_no} {draft.kind} {leg.purpose} {side}")
    return rows


def expected(text):
    return [" ".join(row.split()) for row in text.strip().splitlines()]


def test_a_receipt_paid_with_cash_and_card():
    receipt = sale([line(11900), line(1070, "reduced", 7)], [("cash", 10000), ("card", 2970)])
    assert written(entries(receipt)) == expected("""
        0 receipt         clearing:receipts  12970      -
        0 receipt         revenue:standard       -  10000
        0 receipt         revenue:reduced        -   1000
        0 receipt         tax:standard           -   1900
        0 receipt         tax:reduced            -     70
        1 order-cash      tender:cash        10000      -
        1 order-cash      clearing:receipts      -  10000
        2 order-non-cash  tender:card         2970      -
        2 order-non-cash  clearing:receipts      -   2970
    """)


def test_a_return_mirrors_its_sale():
    receipt = sale([line(11900, quantity=-1)], [("cash", -11900)])
    assert written(entries(receipt)) == expected("""
        0 receipt     clearing:receipts      -  11900
        0 receipt     revenue:standard   10000      -
        0 receipt     tax:standard        1900      -
        1 order-cash  tender:cash            -  11900
        1 order-cash  clearing:receipts  11900      -
    """)


@pytest.mark.parametrize(
    ("rounding", "paid", "side"), [(-2, 998, "0 receipt rounding 2 -"), (2, 1002, "0 receipt rounding - 2")]
)
def test_cash_rounding_goes_both_ways(rounding, paid, side):
    assert side in written(entries(sale([line(1000, "zero", 0)], [("cash", paid)], rounding=rounding)))


def test_zero_rated_goods_have_no_tax_line():
    rows = written(entries(sale([line(500, "zero", 0)], [("cash", 500)])))
    assert not any("tax:" in row for row in rows)


def test_what_was_paid_before_is_taken_from_the_deposits():
    order = OrderRef(order_id="o", number="SO-1", version=1, paid_minor=900)
    rows = written(entries(sale([line(11900)], [("cash", 11000)], order=order)))
    assert rows[:2] == ["0 receipt clearing:receipts 11000 -", "0 receipt deposits 900 -"]


def test_a_receipt_with_nothing_left_to_pay_still_posts_its_revenue():
    order = OrderRef(order_id="o", number="SO-1", version=1, paid_minor=11900)
    assert written(entries(sale([line(11900)], [], order=order))) == expected("""
        0 receipt  deposits          11900      -
        0 receipt  revenue:standard      -  10000
        0 receipt  tax:standard          -   1900
    """)


def test_an_unknown_orders_money_stands_on_suspense():
    rows = written(entries(sale([line(11900)], [("cash", 11900)]), suspense=True))
    assert rows[:2] == ["0 receipt clearing:receipts 11900 -", "0 receipt suspense - 11900"]


def test_tips_vouchers_and_paid_open_items_are_no_revenue():
    sold = [
        line(11900),
        untaxed("tip", 300),
        untaxed("voucher", 5000, reference="V1"),
        untaxed("open_item", 2000, reference="R0"),
    ]
    assert written(entries(sale(sold, [("card", 19200)]))) == expected("""
        0 receipt         clearing:receipts  19200      -
        0 receipt         revenue:standard       -  10000
        0 receipt         tax:standard           -   1900
        0 receipt         tip                    -    300
        0 receipt         voucher:issued         -   5000
        0 receipt         open-item              -   2000
        1 order-non-cash  tender:card        19200      -
        1 order-non-cash  clearing:receipts      -  19200
    """)


def test_a_voucher_is_owed_for_what_was_paid_for_it():
    cheaper = untaxed("voucher", 5000, reference="V1", discount=Discount(amount_minor=500))
    rows = written([revenue_draft(sale([cheaper], [("cash", 4500)]), receipt="RE-1", **WHERE)])
    assert rows == expected("""
        0 receipt  clearing:receipts  4500     -
        0 receipt  voucher:issued        -  4500
    """)


ORDER = OrderRef(order_id="o", number="SO-1", version=1)


def prepayment(gross, code="standard", percent=19, quantity=1, reference=""):
    return line(gross, code, percent, quantity, kind="prepayment", reference=reference)


def test_a_prepayment_is_owed_net_and_its_tax_is_due_with_the_money():
    receipt = sale([prepayment(5000), prepayment(1000, "reduced", 7)], [("cash", 6000)], order=ORDER)
    assert written(entries(receipt))[:5] == expected("""
        0 receipt  clearing:receipts    6000     -
        0 receipt  prepayment:standard     -  4202
        0 receipt  prepayment:reduced      -   935
        0 receipt  tax:standard            -   798
        0 receipt  tax:reduced             -    65
    """)


def test_the_final_receipt_takes_back_to_the_cent_what_was_paid_in_advance():
    final = sale([line(11900), prepayment(5000, quantity=-1, reference="R0")], [("cash", 6900)], order=ORDER)
    assert written(entries(final))[:4] == expected("""
        0 receipt  clearing:receipts    6900      -
        0 receipt  revenue:standard        -  10000
        0 receipt  prepayment:standard  4202      -
        0 receipt  tax:standard            -   1102
    """)


def test_what_is_sold_on_account_and_taken_back_against_its_item_leaves_nothing_owed_twice():
    own = sale([line(1000)], [("account", 1000)])
    void = sale([line(1000, quantity=-1)], [("account", -1000)], voids=VoidRef(receipt="R0", sale_id="s0", reason=""))
    assert [task.is_settled for receipt in (own, void) for task in sale_tasks(receipt, receipt="RE", **WHERE)] == [
        False,
        True,
    ]


def test_tips_that_the_staff_take_have_an_account_of_their_own():
    move = CashMoved(
        move_id="m",
        kind="cash_out",
        shift_id="S",
        cashier="7",
        currency="EUR",
        amount_minor=500,
        reason="tip paid out",
    )
    drafts = [draft_of(cash_task(move, **WHERE))]
    assert written(drafts) == ["1 cash-out tender:cash - 500", "1 cash-out cash-out:tip paid out 500 -"]
    assert account_for({("", "cash-out"): "4900", ("", "cash-out:tip paid out"): "1740"}, "1", "cash-out:x") == "4900"
    accounts = {("", "cash-out:x"): "1", ("2", "cash-out"): "2"}
    assert account_for(accounts, "2", "cash-out:x") == "1"


def test_a_receipt_of_nothing_posts_nothing():
    assert written(entries(sale([line(0)], []))) == []


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        ("cash_in", "1 cash-in tender:cash 500 -\n1 cash-in cash-in:sample - 500"),
        ("cash_out", "1 cash-out tender:cash - 500\n1 cash-out cash-out:sample 500 -"),
        ("skim", "1 cash-out tender:cash - 500\n1 cash-out safe 500 -"),
        ("change_money", ""),
    ],
)
def test_cash_moves(kind, table):
    move = CashMoved(
        move_id="m", kind=kind, shift_id="S", cashier="7", currency="EUR", amount_minor=500, reason="sample"
    )
    task = cash_task(move, **WHERE)
    assert written([draft_of(task)] if task else []) == (expected(table) if table else [])


@pytest.mark.parametrize(("difference", "sides"), [(7, ("7 -", "- 7")), (-7, ("- 7", "7 -"))])
def test_differences_in_the_drawer_go_both_ways(difference, sides):
    opened = ShiftOpened(
        shift_id="S",
        number=1,
        cashier="7",
        currency="EUR",
        float_minor=100 + difference,
        expected_minor=100,
        difference_minor=difference,
    )
    closed = ShiftClosed(
        shift_id="S",
        z_number=1,
        cashier="7",
        currency="EUR",
        expected_minor=100,
        counted_minor=100 + difference,
        difference_minor=difference,
        sales_count=0,
        sales_minor=0,
        tenders=(),
        taxes=(),
    )
    for body, word in ((opened, "opening-diff"), (closed, "close-diff")):
        assert written([draft_of(cash_task(body, **WHERE))]) == [
            f"1 {word} tender:cash {sides[0]}",
            f"1 {word} {word} {sides[1]}",
        ]


def test_a_drawer_that_holds_what_it_should_makes_no_job():
    opened = ShiftOpened(
        shift_id="S", number=1, cashier="7", currency="EUR", float_minor=1, expected_minor=1, difference_minor=0
    )
    assert cash_task(opened, **WHERE) is None


quantities = st.sampled_from([1, 2, -1, 3])
taxed = st.builds(
    line,
    st.integers(0, 100_000),
    st.sampled_from(["standard", "reduced", "zero"]),
    st.sampled_from([19, 7, 0, 21]),
    quantities,
    kind=st.sampled_from(["goods", "bottle_deposit", "prepayment"]),
    reference=st.sampled_from(["", "R1", "R2"]),
)
others = st.builds(
    untaxed,
    st.sampled_from(["tip", "voucher", "open_item"]),
    st.integers(0, 100_000),
    quantities,
    reference=st.sampled_from(["X1", "X2"]),
)
lines = st.lists(taxed | others, min_size=1, max_size=6)


@given(lines, st.integers(-4, 4), st.integers(0, 100), st.booleans(), st.integers(0, 500))
def test_every_receipt_balances_and_its_tenders_are_what_was_paid(sold, rounding, percent, includes_tax, prepaid):
    discount = Discount(percent=Decimal(percent)) if percent else None
    total = sale(sold, [], discount=discount, includes_tax=includes_tax).total_minor
    due = total + rounding - prepaid
    payments = [("cash", due // 2), ("card", due - due // 2)]
    order = OrderRef(order_id="o", number="SO", version=1, paid_minor=prepaid)
    receipt = sale(sold, payments, rounding=rounding, order=order, discount=discount, includes_tax=includes_tax)
    legs = [leg for draft in entries(receipt) for leg in draft.legs]
    assert sum(leg.amount_minor for leg in legs) == 0
    assert sum(leg.amount_minor for leg in legs if leg.purpose == "clearing:receipts") == 0
    assert sum(leg.amount_minor for leg in legs if leg.tender) == due
    taxes = sum(leg.amount_minor for leg in legs if leg.purpose.startswith("tax:"))
    assert taxes == -sum(row.tax_minor for row in receipt.taxes)
    for tender, amount in payments:
        assert sum(leg.amount_minor for leg in legs if leg.tender == tender) == amount
