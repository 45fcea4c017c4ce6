"""Shifts: a report is a function of the journal; forgotten closings, blind counts, a colleague who takes over."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sample_papers import SALES, SHIFT, line, receipt, shift_report
from sample_till import BOOK, MILK, SETTINGS, Port, make_folder

from schema.clock import SystemClock
from schema.events import ShiftClosed, encode
from schema.locale import day_text
from till.shifts.shift import decode_fact, figures

DAY_MS = 24 * 60 * 60 * 1000


class ShiftedClock(SystemClock):
    """A clock that a test moves."""

    ahead_ms = 0

    def now_ms(self):
        return super().now_ms() + self.ahead_ms


def total(rows):
    return sum(row.amount_minor for row in rows)


def fold(*sales, offset_min=60):
    return figures(SHIFT, [(decode_fact(1, encode(sale)), offset_min) for sale in sales])


def test_groups_and_other_lines_share_out_what_was_sold():
    found = shift_report().figures
    assert total(found.groups) + total(found.others) == found.sales_minor
    assert total(found.cashiers) == total(found.hours) == found.sales_minor
    assert sum(row.count for row in found.cashiers) == found.sales_count == len(SALES)
    assert {row.tender for row in found.others} == {"tip", "voucher", "open_item", "prepayment"}


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**6),
            st.sampled_from(["1", "-1", "3", "-0.250"]),
            st.sampled_from(["", "Dairy", "Books"]),
            st.sampled_from(["goods", "bottle_deposit", "tip", "voucher"]),
        ),
        min_size=1,
        max_size=8,
    ),
    st.booleans(),
)
def test_parts_always_sum_to_the_whole(sold, includes_tax):
    """Also where prices are without tax: a rate's gross is shared out over its lines, signs and all."""
    lines = tuple(line("x", unit, quantity=quantity, group=group, kind=kind) for unit, quantity, group, kind in sold)
    sale = receipt(*lines)
    if not includes_tax:
        net = sale.total_minor
        gross = net + round(net * Decimal("0.07"))
        taxes = tuple(replace(row, net_minor=net, tax_minor=gross - net, gross_minor=gross) for row in sale.taxes)
        sale = replace(sale, includes_tax=False, taxes=taxes, total_minor=gross)
    found = fold(sale)
    assert total(found.groups) + total(found.others) == sale.total_minor


def test_an_hour_is_the_till_s_own():
    sale = SALES["sale"]
    assert [row.tender for row in fold(sale, offset_min=0).hours] == ["08"]
    assert [row.tender for row in fold(sale, offset_min=60).hours] == ["09"]
    assert [row.tender for row in fold(sale, offset_min=-9 * 60).hours] == ["23"]


def test_a_void_is_counted_as_one_and_not_as_a_return():
    found = fold(SALES["sale"], SALES["void"], SALES["return"])
    assert (found.voids_count, found.voids_minor, found.returns_minor) == (1, -1799, -1799)


def test_a_forgotten_shift_holds_selling_until_someone_decides(folder):
    """Fault 19, 20: at the sign-in of the next day; what is sold on counts for the shift's own day."""
    clock = ShiftedClock()
    port = Port(folder, clock=clock).morning()
    day = port.till.desk.parts.journal.position.shift.business_day
    clock.ahead_ms = DAY_MS
    said = port.ok("sign_in", cashier="2", pin="2222")["messages"]
    assert [each["code"] for each in said] == ["old_shift"]
    assert port.stage.screen == "close_shift"
    assert day_text(day, "en") in port.screens.close_shift.state.forgotten_text
    for command in ({"do": "scan", "code": MILK}, {"do": "cash_in", "amount": 100, "reason": "change"}):
        port.refused("old_shift", command.pop("do"), **command)
    port.ok("sell_on")
    port.ok("scan", code=MILK)
    port.ok("pay")
    rows = port.till.desk.parts.journal.rows("SELECT business_day FROM event WHERE type = 'sale.completed'")
    assert rows == [(day,)]
    # Who has decided is not asked again that day, the next day again.
    assert "messages" not in port.ok("sign_in", cashier="1", pin="1111")
    clock.ahead_ms = 2 * DAY_MS
    assert port.ok("sign_in", cashier="1", pin="1111")["messages"][0]["code"] == "old_shift"
    assert port.ok("close_shift", counted=10129)["difference"] == 0
    port.ok("open_shift", float=10129)
    port.ok("scan", code=MILK)
    assert port.ok("pay")["receipt"] == "0007-2-000002"
    port.close()


def test_a_till_that_was_locked_overnight_asks_when_it_is_unlocked(folder):
    """In a shop of one nobody signs in the next morning: the same person goes on."""
    clock = ShiftedClock()
    port = Port(folder, clock=clock).morning()
    port.ok("lock")
    clock.ahead_ms = DAY_MS
    assert [each["code"] for each in port.ok("unlock", pin="1111")["messages"]] == ["old_shift"]
    port.refused("old_shift", "scan", code=MILK)
    assert port.ok("close_shift", counted=10000)["difference"] == 0
    port.close()


def test_selling_past_midnight_is_not_interrupted(folder):
    clock = ShiftedClock()
    port = Port(folder, clock=clock).morning()
    clock.ahead_ms = DAY_MS
    port.ok("scan", code=MILK)
    port.ok("pay")
    port.close()


def test_a_colleague_takes_a_till_over_with_basket_and_shift(port):
    port.morning()
    port.ok("scan", code=MILK)
    port.ok("pay")
    port.ok("scan", code=BOOK)
    port.ok("sign_in", cashier="2", pin="2222")
    port.ok("pay")
    port.ok("sign_in", cashier="9", pin="9999")
    sections = port.ok("x_report")["report"]["sections"]
    assert [(row["label"], row["amount"]) for row in sections["cashiers"]] == [
        ("Sam Sample", 1999),
        ("Alex Example", 129),
    ]
    assert port.types().count("ShiftOpened") == 1


def test_a_closing_keeps_what_was_counted_and_how_it_was_sold(port):
    port.morning(cashier="9", float_minor=5000)
    port.ok("scan", code=BOOK)
    port.ok("pay")
    port.ok("count", denominations={"5000": 1, "1000": 1, "500": 1, "200": 2, "50": 1, "20": 2, "5": 1, "2": 2})
    port.ok("close_shift")
    closed = port.bodies()[-1]
    assert isinstance(closed, ShiftClosed)
    assert closed.denominations == ((5000, 1), (1000, 1), (500, 1), (200, 2), (50, 1), (20, 2), (5, 1), (2, 2))
    assert sum(value * count for value, count in closed.denominations) == closed.counted_minor == 6999
    assert [(row.tender, row.amount_minor) for row in closed.groups] == [("Books", 1999)]
    assert [(row.tender, row.count) for row in closed.cashiers] == [("9", 1)]
    assert total(closed.hours) == 1999


def test_a_total_that_was_typed_later_has_no_pieces(port):
    port.morning(cashier="9", float_minor=5000)
    port.ok("count", denominations={"5000": 1})
    port.ok("close_shift", counted=4990)
    assert port.bodies()[-1].denominations == ()


def test_a_blind_count_shows_nobody_what_is_expected(tmp_path):
    make_folder(tmp_path / "till", settings=replace(SETTINGS, blind_count=True))
    port = Port(tmp_path / "till").morning(cashier="9")
    answer = port.ok("count", total=9000)
    assert "expected" not in answer
    assert port.screens.close_shift.state.difference_text == ""
    closed = port.ok("close_shift")
    assert (closed["expected"], closed["difference"]) == (10000, -1000)
    port.close()


def test_the_checklist_names_all_that_is_open(folder):
    port = Port(folder, printer="escpos+tcp://127.0.0.1:9?profile=generic-80").morning(cashier="9")
    port.ok("scan", code=MILK)
    port.ok("pay", amount=5000)
    port.ok("scan", code=MILK)
    port.ok("park", title="table 4")
    port.ok("scan", code=BOOK)
    points = " | ".join(port.ok("count", total=100)["open_points"])
    for part in ("basket in hand", "1 basket is parked", "1 receipt not printed", "waiting"):
        assert part in points, (part, points)
    port.close()


def test_several_shifts_a_day_have_their_own_numbers_and_floats(port):
    port.morning(cashier="9", float_minor=1000)
    port.ok("close_shift", counted=900)
    port.ok("open_shift", float=950)
    port.ok("scan", code=MILK)
    port.ok("pay")
    answer = port.ok("close_shift", counted=1079)
    assert (answer["z_number"], answer["difference"]) == (2, 0)
    assert [body.difference_minor for body in port.bodies() if hasattr(body, "difference_minor")] == [1000, -100, 50, 0]
