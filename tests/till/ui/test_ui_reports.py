"""Reports, the count and the drawer with a real window: what a person touches, what stands there then."""

import pytest
from msgspec.structs import replace
from sample_shop import make_sample
from sample_till import BOOK, SETTINGS
from test_ui_look import check

from schema.events import CashMoved, DrawerOpened, ShiftClosed


@pytest.fixture
def supervisor(opened):
    """Return a till at which a supervisor has sold a book and three coffees."""
    till = opened().sign_in("9", "9999").open_shift()
    for code in (BOOK, None):
        if code:
            till.driver.scan(code)
        else:
            for _ in range(3):
                till.driver.tap("quick:K0001")
        till.driver.press("f12")
        till.driver.press("enter")
        till.driver.wait_until(lambda: till.driver.screen == "done", "the completed sale")
        till.driver.press("enter")
    return till


def to_reports(till):
    till.driver.press("f10")
    till.driver.press("f4")
    till.driver.wait_until(lambda: "shift:0" in till.driver.texts(), "the shifts")
    return till.driver


def test_the_x_report_is_chosen_read_and_walked_through_by_touch(supervisor):
    driver = to_reports(supervisor)
    assert driver.find("print").disabled
    driver.tap("shift:0")
    driver.wait_until(lambda: "figure:1" in driver.texts(), "the report")
    assert "€28.39" in driver.texts()["figure:1"]
    driver.tap("section:groups")
    driver.frames(3)
    texts = driver.texts()
    assert ["Books" in texts["figure:1"], "Favourites" in texts["figure:2"]] == [True, True]
    rows = {row.title: row for row in driver.app._current.ids.figures.children[0].children}
    assert rows["Books"].share == 1000
    assert rows["Favourites"].share == 840 * 1000 // 1999


def test_hours_are_columns_and_their_sum_is_what_was_sold(supervisor):
    driver = to_reports(supervisor)
    driver.tap("shift:0")
    driver.wait_until(lambda: "figure:1" in driver.texts(), "the report")
    driver.tap("section:hours")
    driver.frames(3)
    bars = driver.app._current.ids.hours.bars
    assert max(share for _, share, _ in bars) == 1000
    section = next(each for each in supervisor.screens.reports.state.report.sections if each.name == "hours")
    assert sum(row.amount_minor for row in section.rows) == 2839
    driver.tap("section:sums")
    driver.frames(3)
    assert driver.app._current.ids.hours.bars == []


def test_reports_by_keyboard_alone(supervisor):
    driver = to_reports(supervisor)
    driver.press("down")
    driver.wait_until(lambda: "figure:1" in driver.texts(), "the report")
    driver.press("right")
    driver.wait_until(lambda: supervisor.screens.reports.state.section == "groups", "the next part")
    driver.press("left")
    driver.press("f6")
    driver.wait_until(lambda: "saved" in driver.texts(), "the files")
    assert ".pdf" in driver.texts()["saved"]
    driver.press("escape")
    assert driver.screen == "sale"


def test_a_cashier_s_x_report_asks_for_a_supervisor(sale):
    driver = to_reports(sale)
    driver.tap("shift:0")
    driver.wait_until(lambda: "message" in driver.texts(), "the refusal")
    assert "figure:1" not in driver.texts()


def test_a_blind_count_shows_no_figure_before_it_is_closed(opened, tmp_path):
    folder = tmp_path / "blind"
    make_sample(folder, settings=replace(SETTINGS, blind_count=True))
    till = opened(folder).sign_in("9", "9999").open_shift()
    driver = till.driver
    driver.press("f10")
    driver.press("f6")
    driver.wait_until(lambda: not till.screens.close_shift.state.busy, "the checklist")
    for key in "90":
        driver.tap(f"key:{key}")
    texts = driver.texts()
    assert (texts["counted"], texts["difference"]) == ("€90.00", "–")
    assert "€" not in texts["expected"]
    driver.press("enter")
    driver.tap("yes")
    driver.wait_until(lambda: "figure:1" in driver.texts(), "the report")
    assert driver.texts()["difference"].replace("−", "-") == "-€10.00"
    (closed,) = (body for body in till.bodies() if isinstance(body, ShiftClosed))
    assert closed.difference_minor == -1000


@pytest.mark.parametrize("size", [(800, 480), (1280, 800), (800, 1280)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_beside_the_z_report_stands_nothing_that_does_nothing(opened, size):
    till = opened(language="de", size=size).sign_in("9", "9999").open_shift()
    driver = till.driver
    driver.app.go("close_shift")
    driver.wait_until(lambda: not till.screens.close_shift.state.busy, "the checklist")
    for key in ("1", "0", "0"):
        driver.tap(f"key:{key}")
    driver.tap("close_shift")
    driver.tap("yes")
    driver.wait_until(lambda: "figure:1" in driver.texts(), "the report")
    from till.ui.keys import FlatButton
    from till.ui.places import visible

    frame = driver.app.frame
    keys = [each for each in visible(frame.ids.screens.current_screen) if isinstance(each, FlatButton)]
    assert {each.target for each in keys} == {"back", "print_report", "reports"}
    assert not [each.target for each in keys if each.disabled]
    assert driver.texts()["counted"] == "100,00\xa0€"
    check(driver, size)
    before = till.screens.close_shift.state
    driver.type_slowly("7")
    assert till.screens.close_shift.state == before
    driver.press("escape")
    driver.wait_until(lambda: driver.screen != "close_shift", "the next shift")


def test_yesterday_s_shift_offers_to_close_or_to_sell_on(opened, tmp_path):
    folder = tmp_path / "old"
    make_sample(folder)
    till = opened(folder).sign_in().open_shift()
    journal = till.till.desk.parts.journal
    journal.position = replace(journal.position, shift=replace(journal.position.shift, business_day="2020-01-01"))
    till.driver.press("f10")
    till.driver.press("f11")
    till.driver.wait_until(lambda: till.driver.screen == "sign_in", "signing out")
    till.sign_in("2", "2222")
    driver = till.driver
    assert driver.screen == "close_shift"
    driver.app.hush()
    driver.frames(2)
    assert "1 Jan 2020" in driver.texts()["forgotten"]
    driver.tap("sell_on")
    driver.wait_until(lambda: driver.screen == "sale", "the sale")
    driver.scan(BOOK)
    assert driver.texts()["total"] == "€19.99"


def test_the_drawer_is_opened_for_a_reason_and_cash_goes_to_the_safe(supervisor):
    driver = supervisor.driver
    driver.press("f10")
    driver.press("f8")
    assert driver.screen == "cash"
    driver.tap("reason:1")
    driver.tap("book")
    supervisor.settle()
    driver.tap("kind:skim")
    driver.tap("reason:1")
    for key in "50":
        driver.tap(f"key:{key}")
    driver.tap("book")
    bodies = supervisor.bodies()
    assert [body.reason for body in bodies if isinstance(body, DrawerOpened)] == ["change"]
    (move,) = (body for body in bodies if isinstance(body, CashMoved))
    assert (move.kind, move.amount_minor, move.reason) == ("skim", 5000, "To the safe · 0007-2-S1-1")
