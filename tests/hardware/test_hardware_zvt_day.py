"""The terminal's end of day: totals that equal what it charged, and a broken line that says what is open."""

import pytest
from emulated_device import eventually
from hypothesis import given
from hypothesis import strategies as st
from terminal_till import FAST, SECONDS_MAX

from hardware.ports import CardTotal, TerminalTotals
from hardware.terminal.zvt_codec import encode_fields, to_bcd
from hardware.terminal.zvt_commands import Settings
from hardware.terminal.zvt_conversation import EndOfDay
from hardware.terminal.zvt_totals import CARDS, encode_totals, read_totals
from schema.errors import CounterfoilError, Refused, Unready, Unsure


def closed(shop):
    return shop.terminal.end_of_day(on_text=shop.texts.append)


def closings(shop):
    return shop.device.get("/charges")["closings"]


def sell(shop):
    """Two payments, one of them reversed, and a refund: 7.00 − 3.00 stay."""
    shop.settle(shop.request(500))
    shop.settle(shop.request(700))
    shop.settle(shop.request(500, "reversal", "0001"))
    shop.settle(shop.request(300, "refund"))


def test_totals_are_what_was_charged(till):
    shop = till()
    sell(shop)
    totals = closed(shop)
    assert totals.total_minor == shop.charged() == 400
    assert totals.by_card == (CardTotal(card_name="girocard", count=2, total_minor=400),)
    assert (totals.receipt_first, totals.receipt_last, totals.terminal_id) == ("0002", "0004", "12345678")
    assert shop.texts[-1] == "The terminal does its end of day…"
    assert closed(shop).total_minor == 0


def test_the_report_comes_as_a_slip_where_the_till_prints(till):
    shop = till(settings=Settings(config=0xBE))
    shop.settle(shop.request(500))
    assert closed(shop).slips[0].lines == ("KASSENSCHNITT", "Anzahl 1", "Summe EUR 5.00")


def test_a_terminal_that_tells_no_totals_has_none(till):
    """An honest None: a sum of zero would be a lie in the books."""
    shop = till(mode="no-totals", settings=Settings(config=0xBE))
    totals = closed(shop)
    assert (totals.total_minor, totals.by_card) == (None, ())
    assert totals.slips


@pytest.mark.parametrize(
    ("mode", "error", "code", "is_closed"),
    [
        ("drop-registration", Unready, "terminal_hung_up", False),
        ("mute", Unready, "terminal_mute", False),
        ("busy", Unready, "terminal_busy", False),
        ("decline", Refused, "end_of_day_refused", False),
        ("drop-at-command", Unsure, "end_of_day_unsure", False),
        ("mute-payment", Unsure, "end_of_day_unsure", False),
        ("drop-after-taking", Unsure, "end_of_day_unsure", False),
        ("drop-in-progress", Unsure, "end_of_day_unsure", False),
        ("half-open", Unsure, "end_of_day_unsure", True),
        ("late", Unsure, "end_of_day_unsure", True),
        ("drop-before-status", Unsure, "end_of_day_unsure", True),
    ],
)
def test_what_broke_before_the_totals_is_an_error(till, mode, error, code, is_closed):
    """Fault 48: nothing closed is Unready or Refused; what may be closed is Unsure, and a second time does no harm."""
    shop = till(FAST, patience_s=1.8)
    shop.settle(shop.request(500))
    shop.device.post("/mode", mode=mode)
    with pytest.raises(error) as broken:
        closed(shop)
    assert broken.value.code == code
    shop.device.post("/mode", mode="ok")
    again = patiently_closed(shop)
    assert again.total_minor == (0 if is_closed else 500)
    assert sum(each["total_minor"] for each in closings(shop)) == 500


@pytest.mark.parametrize("mode", ["drop-after-status", "drop-after-ack", "drop-in-print"])
def test_totals_that_came_stand(till, mode):
    """No money hangs on the terminal's hearing of it: what it told is what it closed with."""
    shop = till(FAST, mode=mode)
    shop.settle(shop.request(500))
    assert closed(shop).total_minor == 500
    assert [each["total_minor"] for each in closings(shop)] == [500]


def patiently_closed(shop, seconds=SECONDS_MAX):
    def try_once():
        try:
            return closed(shop)
        except Unready:
            return None

    return eventually(try_once, seconds)


@pytest.mark.parametrize(("result", "error"), [(0xA3, Unready), (0x9C, Unready), (0x77, Refused), (0xFF, Refused)])
def test_why_it_was_not_done_decides_what_to_do_next(result, error):
    for told in (lambda day: day.keep_status(bytes([0x27, result])), lambda day: day.keep_abort(bytes([result]))):
        day = EndOfDay("cp437")
        told(day)
        with pytest.raises(CounterfoilError) as refused:
            day.ended(())
        assert type(refused.value) is error


@given(
    st.integers(0, 10**12 - 1),
    st.dictionaries(st.sampled_from(CARDS), st.tuples(st.integers(1, 255), st.integers(0, 10**12 - 1))),
    st.integers(0, 9999),
)
def test_totals_round_trip(total, by_card, receipt):
    totals = TerminalTotals(
        total_minor=total,
        by_card=tuple(
            CardTotal(card_name=name, count=by_card[name][0], total_minor=by_card[name][1])
            for name in CARDS
            if name in by_card
        ),
        receipt_first=f"{receipt:04d}",
        receipt_last=f"{receipt:04d}",
    )
    assert read_totals(encode_totals(totals)) == totals


@given(st.binary(max_size=200))
def test_any_bytes_are_totals_or_not(data):
    read = read_totals(data)
    assert read.total_minor is None or read.total_minor >= 0


def test_totals_may_be_cut_short():
    """Terminals leave the last kinds of card out."""
    data = encode_fields([(0x04, to_bcd(100, 6)), (0x60, bytes.fromhex("0001000201" + "000000000100" + "0500"))])
    assert read_totals(data).by_card == (CardTotal(card_name="girocard", count=1, total_minor=100),)
