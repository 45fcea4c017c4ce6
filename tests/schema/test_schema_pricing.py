"""The price engine: the best offer wins, bundles by gain, nothing a person decided is touched (ADR 14)."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schema.basket import (
    Basket,
    Discount,
    Line,
    OrderRef,
    ReturnRef,
    add_line,
    change_price,
    change_quantity,
    discount_bill,
    discount_line,
    price,
)
from schema.errors import Refused
from schema.pricing import (
    ListPrice,
    PriceContext,
    PriceList,
    Promotion,
    PromotionIndex,
    check_price_list,
    check_promotion,
    is_live,
    reprice,
)

LISTS = (
    PriceList(name="Members", currency="EUR", group="members"),
    PriceList(name="Everyone", currency="EUR", valid_from="2026-11-01", valid_to="2026-11-30"),
)


def line(article="A1", list_price=1000, quantity="1", group="", **more):
    return Line(
        article=article,
        name=f"Sample {article}",
        quantity=Decimal(quantity),
        unit_price_minor=list_price,
        list_price_minor=list_price,
        group=group,
        tax_code="standard",
        tax_percent=Decimal(19),
        **more,
    )


def basket(*lines, **more):
    return Basket(currency="EUR", lines=tuple(lines), **more)


def row(price_list, article, price_minor, min_quantity="1"):
    return ListPrice(
        price_list=price_list, article=article, price_minor=price_minor, min_quantity=Decimal(min_quantity)
    )


def context(*promotions, rows=(), **more):
    found = {}
    for each in rows:
        found.setdefault(each.article, []).append(each)
    given_ = {"day": "2026-11-22", "minute_of_day": 600, "weekday": 7, "store": "0001"}
    return PriceContext(
        **{**given_, **more}, promotions=PromotionIndex(promotions), price_lists=LISTS, list_prices=found.get
    )


def promotion(code="P1", kind="percent", **more):
    return Promotion(code=code, name=f"Offer {code}", kind=kind, **more)


def percent(value, code="P1", **more):
    return promotion(code, percent=Decimal(value), **more)


def three_for_two(code="X1", **more):
    return promotion(code, "x_for_y", x=3, y=2, **more)


def totals(made):
    return [each.total_minor for each in price(made).lines]


# -- price lists


def test_a_price_list_gives_its_group_a_lower_unit_price_and_says_so():
    made = reprice(basket(line()), context(rows=[row("Members", "A1", 900)], customer_group="members")).lines[0]
    assert (made.unit_price_minor, made.price_reason, made.why, made.discount) == (900, "price_list", "Members", None)


def test_another_group_pays_the_list_price_again():
    rows = [row("Members", "A1", 900)]
    made = reprice(basket(line()), context(rows=rows, customer_group="members"))
    assert reprice(made, context(rows=rows)) == basket(line())


def test_the_lowest_of_the_lists_that_hold_wins_and_none_raises_the_price():
    rows = [row("Members", "A1", 900), row("Everyone", "A1", 850), row("Everyone", "A2", 1200)]
    made = reprice(basket(line("A1"), line("A2")), context(rows=rows, customer_group="members"))
    assert [(each.unit_price_minor, each.why) for each in made.lines] == [(850, "Everyone"), (1000, "")]


@pytest.mark.parametrize(("day", "expected"), [("2026-10-31", 1000), ("2026-11-01", 850), ("2026-11-30", 850)])
def test_a_price_list_holds_on_its_first_and_last_day(day, expected):
    made = reprice(basket(line()), context(rows=[row("Everyone", "A1", 850)], day=day))
    assert made.lines[0].unit_price_minor == expected


def test_a_quantity_step_counts_all_lines_of_the_article():
    rows = [row("Everyone", "A1", 950), row("Everyone", "A1", 800, "5")]
    made = reprice(basket(line(quantity="2"), line(quantity="2")), context(rows=rows))
    assert [each.unit_price_minor for each in made.lines] == [950, 950]
    made = reprice(basket(line(quantity="2"), line(quantity="3")), context(rows=rows))
    assert [each.unit_price_minor for each in made.lines] == [800, 800]


def test_the_lowest_step_holds_for_less_than_one():
    made = reprice(basket(line(quantity="0.35", unit="kg")), context(rows=[row("Everyone", "A1", 800)]))
    assert made.lines[0].unit_price_minor == 800


def test_a_price_list_in_another_currency_is_not_ours():
    made = reprice(Basket(currency="CHF", lines=(line(),)), context(rows=[row("Everyone", "A1", 1)]))
    assert made.lines[0].unit_price_minor == 1000


def test_what_options_add_comes_on_top_of_a_price_list():
    dear = line(options=("oat milk",), extras_minor=50)
    made = reprice(basket(dear), context(rows=[row("Everyone", "A1", 800)]))
    assert made.lines[0].unit_price_minor == 850


def test_what_options_add_comes_on_top_of_a_fixed_price():
    dear = line(options=("oat milk",), extras_minor=50)
    assert totals(reprice(basket(dear), context(promotion(kind="fixed_price", amount_minor=700)))) == [750]


# -- promotions on single lines


@pytest.mark.parametrize(
    ("offer", "expected"),
    [
        (percent("10"), 1800),
        (promotion(kind="amount", amount_minor=150), 1700),
        (promotion(kind="amount", amount_minor=5000), 0),
        (promotion(kind="fixed_price", amount_minor=799), 1598),
        (promotion(kind="fixed_price", amount_minor=1500), 2000),
    ],
)
def test_a_promotion_takes_off_the_list_price(offer, expected):
    made = reprice(basket(line(quantity="2")), context(offer))
    assert totals(made) == [expected]
    assert made.lines[0].unit_price_minor == 1000


def test_a_promotion_says_its_name_on_the_line():
    made = reprice(basket(line()), context(percent("10"))).lines[0]
    assert (made.price_reason, made.why) == ("promotion", "Offer P1")
    assert made.discount == Discount(amount_minor=100, reason="Offer P1", automatic=True)


def test_the_best_wins_and_nothing_adds_up():
    rows = [row("Everyone", "A1", 850), row("Everyone", "A2", 950)]
    made = reprice(basket(line("A1"), line("A2")), context(percent("10"), percent("7", "P2"), rows=rows))
    assert totals(made) == [850, 900]
    assert [each.price_reason for each in made.lines] == ["price_list", "promotion"]
    assert made.lines[1].unit_price_minor == 1000


def test_a_tie_goes_to_the_price_list_then_to_the_lower_code():
    made = reprice(basket(line()), context(percent("10"), rows=[row("Everyone", "A1", 900)]))
    assert made.lines[0].price_reason == "price_list"
    made = reprice(basket(line()), context(percent("10", "P2"), promotion("P1", "amount", amount_minor=100)))
    assert made.lines[0].why == "Offer P1"


def test_a_stacking_promotion_comes_on_top_and_both_are_named():
    made = reprice(basket(line()), context(percent("10"), percent("5", "P2", stacks=True)))
    assert totals(made) == [855]
    assert made.lines[0].why == "Offer P1 + Offer P2"


def test_promotions_are_found_by_article_by_group_and_for_all_goods_once_each():
    index = PromotionIndex(
        [
            percent("5", "P3", articles=("A1",), groups=("G",)),
            percent("5", "P2"),
            percent("5", "P1", groups=("G",)),
            percent("5", "P4", articles=("A2",)),
        ]
    )
    assert [each.code for each in index.on("A1", "G")] == ["P1", "P2", "P3"]
    assert [each.code for each in index.on("A2", "")] == ["P2", "P4"]
    assert [each.code for each in index.on("A9", "")] == ["P2"]


@pytest.mark.parametrize(
    ("more", "holds"),
    [
        ({"valid_from": "2026-11-22", "valid_to": "2026-11-22"}, True),
        ({"valid_to": "2026-11-21"}, False),
        ({"valid_from": "2026-11-23"}, False),
        ({"weekdays": (7,)}, True),
        ({"weekdays": (1, 6)}, False),
        ({"hours": (600, 601)}, True),
        ({"hours": (540, 600)}, False),
        ({"hours": (1320, 601)}, True),
        ({"hours": (1320, 600)}, False),
        ({"stores": ("0002", "0001")}, True),
        ({"stores": ("0002",)}, False),
        ({"customer_group": "members"}, False),
    ],
)
def test_a_promotion_holds_in_its_time_place_and_group(more, holds):
    assert is_live(percent("10", **more), context()) is holds
    assert (totals(reprice(basket(line()), context(percent("10", **more)))) == [900]) is holds


# -- bundles


def test_three_for_two_takes_the_cheapest_of_each_three_from_the_dearest_down():
    made = basket(line("A1", 300), line("A2", 500), line("A3", 400), line("A4", 100, quantity="3"))
    made = reprice(made, context(three_for_two()))
    # Threes: 500 400 300 and 100 100 100.
    assert totals(made) == [0, 500, 400, 200]
    assert [each.why for each in made.lines] == ["Offer X1"] * 4


def test_what_is_left_over_of_a_bundle_keeps_its_own_offer():
    made = reprice(
        basket(line("A1", 500, quantity="3"), line("A2", 100)),
        context(three_for_two(), percent("10", articles=("A2",))),
    )
    assert totals(made) == [1000, 90]


def test_the_second_at_half_the_price():
    half = promotion("X1", "x_for_y", x=2, y=1, percent=Decimal(50))
    assert totals(reprice(basket(line("A1", 999, quantity="2")), context(half))) == [1498]


def test_a_bundle_wins_only_where_it_brings_more_than_the_lines_own_offers():
    made = basket(line("A1", 1000, quantity="3"))
    assert totals(reprice(made, context(three_for_two(), percent("30")))) == [2000]
    assert totals(reprice(made, context(three_for_two(), percent("34")))) == [1980]


def test_the_bundle_that_brings_most_is_taken_first_and_a_line_is_in_one_only():
    """The two dear units are paid for once: with the 800, not with the 100 as well."""
    dear, cheap = three_for_two("X2", articles=("A1", "A2")), three_for_two("X1", articles=("A1", "A3"))
    made = basket(line("A1", 900, quantity="2"), line("A2", 800), line("A3", 100))
    made = reprice(made, context(dear, cheap))
    assert totals(made) == [1800, 0, 100]
    assert [each.why for each in made.lines] == ["Offer X2", "Offer X2", ""]


def test_after_the_best_bundle_another_takes_what_is_left():
    dear, cheap = three_for_two("X2", articles=("A1", "A2")), three_for_two("X1", articles=("A2", "A3"))
    made = basket(line("A1", 900, quantity="3"), line("A2", 800), line("A3", 100, quantity="2"))
    made = reprice(made, context(dear, cheap))
    assert totals(made) == [1800, 800, 100]
    assert [each.why for each in made.lines] == ["Offer X2", "Offer X1", "Offer X1"]


def test_weighed_goods_are_not_counted():
    made = basket(line("A1", unit="kg", quantity="3"), line("A2", quantity="2.5"))
    assert reprice(made, context(three_for_two())) == made


def test_a_threshold_on_some_goods_is_carried_by_them_alone():
    offer = promotion("T1", "threshold_amount", groups=("toys",), threshold_minor=2000, amount_minor=300)
    made = basket(line("A1", 1000, group="toys"), line("A2", 1000, group="toys"), line("A3", 500))
    assert totals(reprice(made, context(offer))) == [850, 850, 500]
    short = basket(line("A1", 1000, group="toys"), line("A3", 5000))
    assert reprice(short, context(offer)) == short


# -- the bill


def test_a_threshold_takes_off_the_bill_from_its_sum_on():
    offer = promotion("T1", "threshold_percent", threshold_minor=2000, percent=Decimal(10))
    made = reprice(basket(line(quantity="2")), context(offer))
    assert made.bill_discount == Discount(amount_minor=200, reason="Offer T1", automatic=True)
    assert price(made).total_minor == 1800
    assert reprice(change_quantity(made, 0, Decimal(1)), context(offer)).bill_discount is None


def test_lines_give_way_to_the_bill_only_where_the_customer_pays_less():
    bill = promotion("T1", "threshold_percent", threshold_minor=2000, percent=Decimal(10))
    made = basket(line("A1"), line("A2"))
    dearer = reprice(made, context(bill, percent("15", articles=("A1",))))
    assert (price(dearer).total_minor, dearer.lines[0].price_reason) == (1800, "list")
    kept = reprice(made, context(bill, percent("20", articles=("A1",))))
    assert (price(kept).total_minor, kept.bill_discount) == (1800, None)


def test_a_stacking_threshold_comes_on_top_of_the_lines_and_counts_what_they_come_to():
    bill = promotion("T1", "threshold_amount", threshold_minor=1800, amount_minor=100, stacks=True)
    made = basket(line("A1"), line("A2"))
    assert price(reprice(made, context(bill, percent("10")))).total_minor == 1700
    assert price(reprice(made, context(bill, percent("11")))).total_minor == 1780


def test_the_best_threshold_is_taken_alone():
    steps = [
        promotion(f"T{step}", "threshold_percent", threshold_minor=1000 * step, percent=Decimal(5 * step))
        for step in (1, 2, 3)
    ]
    assert price(reprice(basket(line(quantity="2")), context(*steps))).total_minor == 1800


def test_a_bill_discount_by_hand_keeps_thresholds_away_and_offers_on_lines_in():
    bill = promotion("T1", "threshold_percent", threshold_minor=100, percent=Decimal(50))
    by_hand = discount_bill(basket(line()), Discount(amount_minor=100, reason="damaged"))
    made = reprice(by_hand, context(bill, percent("10")))
    assert made.bill_discount == by_hand.bill_discount
    assert price(made).total_minor == 800


def test_deposits_tips_and_vouchers_reach_no_threshold_and_get_no_offer():
    bill = promotion("T1", "threshold_amount", threshold_minor=1500, amount_minor=100)
    for kind in ("bottle_deposit", "tip", "voucher", "open_item", "prepayment"):
        made = basket(line(), line("B1", kind=kind))
        assert reprice(made, context(bill, percent("10", articles=("B1",)))) == made


# -- what a person decided


def test_a_price_by_hand_a_discount_by_hand_and_returns_are_not_touched():
    by_hand = discount_line(basket(line("A1"), line("A2")), 0, Discount(percent=Decimal(5)))
    by_hand = change_price(by_hand, 1, 123)
    others = (
        line("A3", quantity="-1"),
        line("A4", returns=ReturnRef(receipt="0001-1-000001", line=1), price_reason="return"),
        line("A5", price_reason="code"),
        Line(article="", name="Free", quantity=Decimal(1), unit_price_minor=1, tax_code="s", tax_percent=Decimal(0)),
    )
    made = basket(*by_hand.lines, *others)
    rows = [row("Everyone", f"A{number}", 1) for number in range(1, 6)]
    assert reprice(made, context(percent("50"), three_for_two(), rows=rows)) == made


def test_an_orders_basket_keeps_its_prices():
    made = basket(line(), order=OrderRef(order_id="o", number="1", version=1))
    assert reprice(made, context(percent("50"))) == made


def test_a_discount_taken_back_gives_the_line_to_the_engine_again():
    by_hand = discount_line(basket(line()), 0, Discount(percent=Decimal(5)))
    made = reprice(discount_line(by_hand, 0, None), context(percent("10")))
    assert totals(made) == [900]


def test_a_promotion_that_should_never_have_come_is_left_out_and_named():
    index = PromotionIndex([promotion("X9", "x_for_y"), percent("10")])
    assert ([each.code for each in index.all], index.left_out) == (["P1"], ("X9",))


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (percent("0"), "percentage"),
        (percent("101"), "between 0 and 100"),
        (percent("NaN"), "between 0 and 100"),
        (promotion(kind="amount"), "amount"),
        (promotion(kind="fixed_price", amount_minor=-1), "negative"),
        (promotion(kind="threshold_amount", amount_minor=1), "threshold"),
        (promotion(kind="threshold_percent", threshold_minor=1), "percentage"),
        (promotion(kind="x_for_y", x=2, y=2), "fewer"),
        (promotion(kind="x_for_y", x=10**6, y=2), "fewer"),
        (three_for_two(stacks=True), "stack"),
        (percent("5", code=" "), "code and a name"),
        (percent("5", valid_from="24.12.2026"), "24.12.2026"),
        (percent("5", valid_from="20261224"), "20261224"),
        (percent("5", valid_from="2026-12-24", valid_to="2026-12-23"), "before"),
        (percent("5", weekdays=(0,)), "weekday"),
        (percent("5", hours=(600, 600)), "Hours"),
        (percent("5", hours=(0, 1441)), "Hours"),
    ],
)
def test_a_promotion_that_cannot_be_is_refused_by_what_is_wrong(wrong, named):
    with pytest.raises(Refused, match=named) as refused:
        check_promotion(wrong)
    assert refused.value.code == "bad_promotion"


def test_a_price_list_that_cannot_be_is_refused():
    with pytest.raises(Refused, match="before"):
        check_price_list(PriceList(name="L", currency="EUR", valid_from="2026-02-01", valid_to="2026-01-01"))
    with pytest.raises(Refused, match="name"):
        check_price_list(PriceList(name="", currency="EUR"))
    assert check_price_list(LISTS[0]) is LISTS[0]


# -- properties

ARTICLES = ["A1", "A2", "A3", "A4"]
GROUPS = ["", "G1", "G2"]
PERCENTS = st.decimals(0, 100, places=1)
COUNTS = st.integers(1, 7).map(str)


@st.composite
def open_lines(draw):
    weighed = draw(st.booleans())
    return line(
        draw(st.sampled_from(ARTICLES)),
        draw(st.integers(0, 3000)),
        draw(st.decimals(Decimal("0.005"), 9, places=3).map(str)) if weighed else draw(COUNTS),
        draw(st.sampled_from(GROUPS)),
        unit="kg" if weighed else "piece",
    )


@st.composite
def manual_lines(draw):
    by_hand = draw(open_lines())
    made = basket(by_hand)
    if draw(st.booleans()):
        return change_price(made, 0, draw(st.integers(0, 3000))).lines[0]
    return discount_line(made, 0, Discount(percent=draw(PERCENTS))).lines[0]


@st.composite
def promotions(draw):
    y = draw(st.integers(1, 3))
    return Promotion(
        code=draw(st.sampled_from(["P1", "P2", "P3", "P4", "P5"])),
        name="Offer",
        kind=draw(
            st.sampled_from(["x_for_y", "percent", "amount", "fixed_price", "threshold_percent", "threshold_amount"])
        ),
        articles=tuple(draw(st.lists(st.sampled_from(ARTICLES), max_size=2, unique=True))),
        groups=tuple(draw(st.lists(st.sampled_from(GROUPS[1:]), max_size=1))),
        x=y + draw(st.integers(1, 2)),
        y=y,
        percent=draw(PERCENTS),
        amount_minor=draw(st.integers(0, 2500)),
        threshold_minor=draw(st.integers(1, 8000)),
        stacks=draw(st.booleans()),
    )


ROWS = st.lists(
    st.builds(
        row,
        st.sampled_from(["Members", "Everyone"]),
        st.sampled_from(ARTICLES),
        st.integers(0, 3000),
        st.sampled_from(["1", "3", "10"]),
    ),
    max_size=6,
)
CONTEXTS = st.builds(
    lambda made, rows, group: context(*made, rows=rows, customer_group=group),
    st.lists(promotions(), max_size=5, unique_by=lambda each: each.code),
    ROWS,
    st.sampled_from(["", "members"]),
)
BASKETS = st.lists(open_lines() | manual_lines(), max_size=8).map(lambda lines: basket(*lines))


@settings(max_examples=300)
@given(BASKETS, CONTEXTS)
def test_pricing_twice_changes_nothing_and_prices_only_fall(made, where):
    priced = reprice(made, where)
    assert reprice(priced, where) == priced
    sums = price(priced)
    assert sums.total_minor <= price(made).total_minor
    assert 0 <= sums.total_minor == sum(each.total_minor for each in sums.lines)
    assert sum(tax.gross_minor for tax in sums.taxes) == sums.total_minor
    for before, after, row_ in zip(made.lines, priced.lines, sums.lines, strict=True):
        assert after.unit_price_minor <= before.unit_price_minor
        assert row_.total_minor >= 0
        if after.discount is not None and after.discount.automatic:
            assert 0 < after.discount.amount_minor <= row_.base_minor
            assert after.why


@given(st.lists(open_lines(), max_size=8), CONTEXTS)
def test_pricing_at_every_scan_comes_to_the_same_as_pricing_once(lines, where):
    """What was offered while half the basket was there leaves no trace, and an equal article still raises its line."""
    at_once, scan_by_scan = basket(), basket()
    for each in lines:
        at_once, _ = add_line(at_once, each)
        scan_by_scan, _ = add_line(scan_by_scan, each)
        scan_by_scan = reprice(scan_by_scan, where)
    assert scan_by_scan == reprice(at_once, where)


@given(promotions())
def test_a_promotion_travels_whole(offer):
    assert msgspec.json.decode(msgspec.json.encode(offer), type=Promotion) == offer
    timed = Promotion(code="P", name="Offer", kind="percent", weekdays=(1, 7), hours=(0, 1440), stores=("0001",))
    assert msgspec.json.decode(msgspec.json.encode(timed), type=Promotion) == timed


@given(BASKETS, CONTEXTS)
def test_lines_by_hand_are_untouched_by_any_promotion(made, where):
    priced = reprice(made, where)
    for before, after in zip(made.lines, priced.lines, strict=True):
        if before.price_reason == "manual" or before.discount is not None:
            assert after == before


@given(BASKETS, CONTEXTS)
def test_an_expired_promotion_and_list_leave_no_trace(made, where):
    priced = reprice(made, where)
    assert reprice(priced, context()) == made


@given(st.lists(open_lines(), min_size=1, max_size=6), promotions(), st.data())
def test_a_line_cut_in_two_comes_to_the_same_in_a_bundle(lines, offer, data):
    offer = Promotion(**{**{f: getattr(offer, f) for f in offer.__struct_fields__}, "kind": "x_for_y", "stacks": False})
    counted = [at for at, each in enumerate(lines) if each.unit == "piece" and each.quantity > 1]
    if not counted:
        return
    at = data.draw(st.sampled_from(counted))
    whole = lines[at]
    first = data.draw(st.integers(1, int(whole.quantity) - 1))
    halves = [
        change_quantity(basket(whole), 0, part).lines[0] for part in (Decimal(first), whole.quantity - Decimal(first))
    ]
    cut = basket(*lines[:at], *halves, *lines[at + 1 :])
    assert price(reprice(cut, context(offer))).total_minor == price(reprice(basket(*lines), context(offer))).total_minor


@given(st.lists(open_lines(), max_size=8, unique_by=lambda each: each.list_price_minor), CONTEXTS, st.randoms())
def test_the_order_of_lines_of_different_prices_does_not_matter(lines, where, random):
    """Only units of equal price are told apart by their place; and what is rounded on the bill is rounded once."""
    shuffled = random.sample(lines, len(lines))
    first, second = reprice(basket(*lines), where), reprice(basket(*shuffled), where)
    assert price(first).total_minor == price(second).total_minor


@given(st.lists(open_lines(), max_size=6), open_lines())
def test_one_more_article_never_makes_a_bundle_smaller(lines, more):
    def taken_off(made):
        return sum(each.discount_minor for each in price(reprice(made, context(three_for_two()))).lines)

    assert taken_off(basket(*lines, more)) >= taken_off(basket(*lines))
