"""Keyboard and scanner: a scan works whatever has the focus, keys press the button that shows their name."""

import time

import pytest
import sample_till as shop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def test_a_scan_into_a_focused_search_field_sells_and_leaves_no_text(sale):
    driver = sale.driver
    driver.press("f2")
    driver.frames(3)
    field = driver.find("search_text")
    assert field.focus
    driver.scan(shop.MILK)
    assert field.text == ""
    assert driver.app.frame.panel is None
    assert "Milk" in driver.texts()["line:1"]


def test_text_still_arrives_after_a_field_lost_the_focus(sale):
    """Kivy stops the system's text input when a field loses focus; a scanner's characters would be lost."""
    driver = sale.driver
    driver.press("f2")
    driver.frames(3)
    driver.press("escape")
    driver.frames(3)
    from kivy.core.window import Window

    assert Window._system_keyboard.callback is not None or Window._keyboards
    driver.scan(shop.MILK)
    assert "Milk" in driver.texts()["line:1"]


def test_a_burst_of_scans_loses_none(sale):
    codes = [shop.MILK, shop.BREAD, shop.BOOK] * 10
    for code in codes:
        sale.driver.scan(code)
    assert [line.quantity for line in sale.screens.sale.state.lines] == ["10", "10", "10"]


def test_a_scan_never_presses_a_button(sale):
    """Fault 51: the Enter that ends a scan is part of it."""
    driver = sale.driver
    driver.scan(shop.MILK)
    driver.press("f12")
    driver.scan("2000000000015")
    assert driver.screen == "sale"
    sale.settle()
    assert not [body for body in sale.bodies() if type(body).__name__ == "SaleCompleted"]


def test_a_garbled_scan_is_told_and_not_executed(sale):
    """Fault 51: two barcodes glued together are no article and no hotkey."""
    sale.driver.scan(shop.MILK + shop.BREAD)
    assert sale.driver.texts()["message"]
    assert sale.screens.sale.state.lines == ()


def test_figures_typed_by_a_person_are_an_entry(sale):
    driver = sale.driver
    driver.type_slowly("2*")
    assert driver.texts()["keypad_entry"].startswith("2")
    driver.press("f12")
    driver.scan(shop.MILK)
    assert driver.texts()["total"] == "€2.58"


def test_an_article_number_typed_by_a_person_and_enter_sells_it(opened, tmp_path):
    from msgspec.structs import replace
    from sample_shop import make_sample

    make_sample(tmp_path / "numbers")
    import apsw

    connection = apsw.Connection(str(tmp_path / "numbers" / "mirror.db"))
    with connection:
        shop.add_article(connection, 901, replace(shop.ARTICLES[1], number="77", barcodes=()))
    connection.close()
    till = opened(tmp_path / "numbers").sign_in().open_shift()
    till.driver.type_slowly("77")
    till.driver.press("enter")
    assert "Bread" in till.driver.texts()["line:1"]


def test_keys_work_only_where_their_button_may_be_pressed(sale):
    sale.driver.press("f12")
    assert sale.driver.screen == "sale"


@pytest.mark.parametrize(("key", "screen"), [("f3", "orders"), ("f7", "messages"), ("f9", "lock")])
def test_function_keys_lead_where_their_buttons_lead_and_escape_leads_back(sale, key, screen):
    sale.driver.press(key)
    assert sale.driver.screen == screen
    if screen != "lock":
        sale.driver.press("escape")
        assert sale.driver.screen == "sale"


def test_every_primary_action_shows_its_key(sale):
    from till.ui.keys import FlatButton
    from till.ui.places import visible

    driver = sale.driver
    driver.scan(shop.MILK)
    for screen in ("sale", "pay", "orders", "cash", "close_shift", "messages"):
        driver.app.go(screen)
        sale.settle()
        buttons = [
            each for each in visible(driver.app.frame.ids.screens.current_screen) if isinstance(each, FlatButton)
        ]
        actions = [each for each in buttons if each.kind in {"go", "accent"}]
        assert actions, screen
        for button in actions:
            assert button.hint, f"{screen}: {button.target} shows no key"


def test_no_two_buttons_of_a_screen_share_a_key(sale):
    from till.ui.keys import FlatButton
    from till.ui.places import visible

    driver = sale.driver
    driver.scan(shop.MILK)
    for screen in ("sale", "pay", "orders", "cash", "close_shift", "messages"):
        driver.app.go(screen)
        sale.settle()
        frame = driver.app.frame
        shown = [*visible(frame.ids.bar), *visible(frame.ids.screens.current_screen)]
        keys = [each.hotkey for each in shown if isinstance(each, FlatButton) and each.hotkey]
        assert len(keys) == len(set(keys)), f"{screen}: {keys}"


def test_slow_work_never_blocks_the_screen(sale):
    """The journal's thread stands still for a second; frames go on meanwhile."""
    driver = sale.driver
    done = []
    sale.runner.run(lambda: time.sleep(0.5), lambda _: done.append(1), lambda _: None)
    before = time.monotonic()
    driver.frames(5)
    assert not done
    assert time.monotonic() - before < 0.5
    sale.settle()
    assert done


def test_the_bench_helper_measures_a_scan_to_its_drawn_line(opened):
    from driver import measure_scans

    till = opened(draw=True).sign_in().open_shift()
    times_ms = measure_scans(till.driver, [shop.MILK, shop.BREAD, shop.BOOK])
    assert len(till.screens.sale.state.lines) == 3
    assert len(times_ms) == 3
    assert all(each > 0 for each in times_ms)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet=st.characters(blacklist_categories=("Cs",)), min_size=1, max_size=40))
def test_no_text_from_a_scanner_breaks_the_till(sale, text):
    """Fault 51: control characters, emoji, right-to-left marks: the till answers and goes on."""
    sale.driver.type(text)
    sale.driver.press("enter")
    sale.driver.press("escape")
    sale.driver.press("escape")
    sale.driver.app.go("sale")
    sale.driver.scan(shop.MILK)
    assert any("Milk" in line.name for line in sale.screens.sale.state.lines)
