"""Cash without a sale, its reasons and slips; the drawer and its sensor (fault 50)."""

import pytest
from emulated import Emulated
from msgspec.structs import replace
from sample_till import MILK, SETTINGS, Port, make_folder
from test_till_printing import wait_for_texts

from hardware.emulators.printer import Options as PrinterOptions
from hardware.emulators.printer import PrinterEmulator
from hardware.emulators.receipts import ReceiptFolder
from hardware.printer.profiles import profile_named
from schema.events import CashMoved, DrawerFault, DrawerOpened
from till.shifts.cash import reason_texts
from till.words import load_words


def moves(port):
    return [body for body in port.bodies() if isinstance(body, CashMoved)]


def faults(port):
    return [body.text for body in port.bodies() if isinstance(body, DrawerFault)]


def test_reasons_are_the_store_s_own_and_any_other_can_be_typed(tmp_path):
    make_folder(tmp_path / "till", settings=replace(SETTINGS, cash_out_reasons=("Blumen", "other")))
    port = Port(tmp_path / "till", language="de").morning()
    cash = port.screens.cash
    cash.enter()
    cash.choose("cash_out")
    assert cash.state.reasons == ("Blumen", "Sonstiges")
    cash.choose_reason("Sonstiges")
    cash.key("5")
    cash.submit()
    port.ok("cash_out", amount=200, reason="Parkschein")
    # The books know a usual reason by one name in every language.
    assert [move.reason for move in moves(port)] == ["other", "Parkschein"]
    port.close()


def test_usual_reasons_are_shown_in_the_till_s_language():
    assert reason_texts(("change", "Tombola"), load_words("nl")) == {"wisselgeld": "change", "Tombola": "Tombola"}


def test_slips_are_numbered_through_the_shift_and_the_safe_s_names_its_own(folder, printer):
    port = Port(folder, printer=printer.url).morning()
    port.ok("cash_in", amount=1000, reason="change")
    port.ok("skim", amount=5000)
    first, second = wait_for_texts(printer, 2)
    assert "0007-2-S1-1" in first
    assert "Signature" in first
    for part in ("Safe slip", "0007-2-S1-2", "€50.00", "Handed over by", "Received by"):
        assert part in second, part
    assert moves(port)[-1].reason == "To the safe · 0007-2-S1-2"
    port.close()


def test_numbers_of_slips_begin_anew_with_the_shift(port):
    port.morning(cashier="9", float_minor=10000)
    port.ok("skim", amount=5000)
    port.ok("close_shift", counted=5000)
    port.ok("open_shift", float=5000)
    port.ok("skim", amount=100, reason="To the bank")
    assert [move.reason[-4:] for move in moves(port)] == ["S1-1", "S2-1"]


def test_change_money_moves_nothing(port):
    port.morning(cashier="9", float_minor=10000)
    port.ok("change_money", amount=5000)
    assert port.ok("close_shift", counted=10000)["difference"] == 0


def test_the_drawer_alone_needs_a_reason_and_no_amount(port):
    port.morning(cashier="9")
    cash = port.screens.cash
    cash.enter()
    cash.choose("drawer")
    assert cash.state.reasons
    cash.submit()
    assert not any(isinstance(body, DrawerOpened) for body in port.bodies())
    cash.choose_reason(cash.state.reasons[0])
    cash.submit()
    assert [body.reason for body in port.bodies() if isinstance(body, DrawerOpened)] == ["change"]


def test_who_may_close_may_open_the_drawer_to_count(port):
    """The right to open it at any time is a supervisor's; counting needs it open."""
    port.morning(cashier="1")
    port.refused("needs_supervisor", "open_drawer", reason="count")
    port.screens.close_shift.enter()
    port.screens.close_shift.open_drawer()
    assert [body.reason for body in port.bodies() if isinstance(body, DrawerOpened)] == ["count"]


def test_a_drawer_without_a_sale_is_counted_in_the_report(port):
    port.morning(cashier="9")
    port.ok("open_drawer", reason="count")
    port.ok("scan", code=MILK)
    port.ok("cancel")
    notes = {row["key"]: row["count"] for row in port.ok("x_report")["report"]["sections"]["notes"]}
    assert notes == {"drawer": "1", "dropped": "1"}


# -- the sensor


@pytest.fixture
def watched(folder, printer):
    port = Port(folder, printer=f"{printer.url}&drawer=open_high").morning(cashier="9")
    yield port
    port.close()


def sell(port):
    port.ok("scan", code=MILK)
    return port.ok("pay", amount=5000)


def codes(answer):
    return [each["code"] for each in answer.get("messages", ())]


def test_a_drawer_that_opens_is_no_news(watched, printer):
    assert "drawer_open" not in codes(sell(watched))
    assert faults(watched) == []
    assert printer.control("/state")["drawer"] == "open"


def test_a_drawer_that_was_left_open_is_said_and_journaled_and_costs_no_sale(watched, printer):
    """Fault 50: the second sale finds it open; a third adds no event, for nothing has changed."""
    sell(watched)
    answer = sell(watched)
    assert "drawer_open" in codes(answer)
    assert answer["receipt"] == "0007-2-000002"
    sell(watched)
    assert len(faults(watched)) == 1
    printer.control("/drawer", open=False)
    assert "drawer_open" not in codes(sell(watched))
    sell(watched)
    assert len(faults(watched)) == 2


def test_a_drawer_that_does_not_open_is_said_and_journaled_once(folder, tmp_path):
    """Fault 50: it is shut again before anyone can look, after each pulse."""
    profile = profile_named("generic-80")
    stuck = PrinterOptions(port=0, control_port=0, drawer_open_s=1e-6)
    printer = Emulated(PrinterEmulator(ReceiptFolder(tmp_path / "stuck", profile), profile, stuck))
    url = f"escpos+tcp://127.0.0.1:{printer.port}?profile=generic-80&drawer=open_high"
    port = Port(folder, printer=url).morning(cashier="9")
    assert "drawer_stuck" in codes(sell(port))
    assert "drawer_stuck" in codes(sell(port))
    assert len(faults(port)) == 1
    assert port.types().count("SaleCompleted") == 2
    port.close()
    printer.stop()


def test_a_drawer_that_stays_open_is_said_after_a_while(watched, printer):
    bar, paper = watched.screens.bar, watched.screens.cash._paper
    sell(watched)
    watched.stage.said.clear()
    paper.watch_drawer(bar)
    assert watched.stage.said == []
    paper._open_since_ms -= 60_000
    paper.watch_drawer(bar)
    assert [each.code for each in watched.stage.said] == ["drawer_open"]
    watched.stage.said.clear()
    paper.watch_drawer(bar)
    assert watched.stage.said == []


def test_without_a_sensor_nothing_is_claimed(folder, printer):
    port = Port(folder, printer=printer.url).morning(cashier="9")
    sell(port)
    assert not {"drawer_open", "drawer_stuck"} & set(codes(sell(port)))
    assert faults(port) == []
    port.close()
