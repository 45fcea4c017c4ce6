"""The sale screen with a real window, a real journal and real touches."""

import pytest
import sample_till as shop

from schema.events import SaleCompleted


def test_a_scan_puts_its_article_on_the_screen_and_the_total_follows(sale):
    sale.driver.scan(shop.MILK)
    texts = sale.driver.texts()
    assert "Milk 1 l" in texts["line:1"]
    assert texts["total"] == "€1.29"
    sale.driver.scan(shop.MILK)
    assert sale.driver.texts()["total"] == "€2.58"


def test_a_quick_key_and_another_tab(sale):
    sale.driver.tap("quick:K0001")
    sale.driver.tap("page:1")
    sale.driver.tap("quick:K0017")
    texts = sale.driver.texts()
    assert "Coffee" in texts["line:1"]
    assert "Cola" in texts["line:2"]
    assert texts["total"] == "€5.00"


def test_every_key_of_a_tab_sells_its_article(sale):
    keys = [key for key in sale.driver.app.frame.ids.screens.current_screen.pool if key.article]
    for key in keys:
        sale.driver.tap(key)
    assert [line.article for line in sale.screens.sale.state.lines] == [key.article for key in keys]


def test_the_keypad_multiplies_the_next_scan(sale):
    for key in ("3", "times"):
        sale.driver.tap(f"key:{key}")
    assert sale.driver.texts()["keypad_entry"].startswith("3")
    sale.driver.scan(shop.MILK)
    assert sale.driver.texts()["total"] == "€3.87"


def test_an_unknown_barcode_stays_until_it_is_dismissed(sale):
    sale.driver.scan("2000000000015")
    assert "2000000000015" in sale.driver.texts()["message"]
    sale.driver.tap("page:2")
    assert "2000000000015" in sale.driver.texts()["message"]
    sale.driver.tap("dismiss")
    assert "message" not in sale.driver.texts()
    sale.driver.scan(shop.MILK)
    assert sale.driver.texts()["total"] == "€1.29"


def test_type_ahead_finds_by_words_without_accents_and_adds_the_touched_hit(sale):
    sale.driver.press("f2")
    sale.driver.type("kase")
    sale.driver.wait_until(lambda: "hit:A3" in sale.driver.texts(), "the hit")
    sale.driver.tap("hit:A3")
    assert "Käse book" in sale.driver.texts()["line:1"]
    assert sale.driver.app.frame.panel is None


def test_type_ahead_that_finds_nothing_says_so(sale):
    sale.driver.press("f2")
    sale.driver.type("zzzz")
    sale.driver.wait_until(lambda: "zzzz" in sale.driver.texts().get("search_empty", ""), "the empty list's words")


def test_letters_on_a_keyboard_begin_a_search(sale):
    sale.driver.type_slowly("bre")
    sale.driver.wait_until(lambda: "hit:A2" in sale.driver.texts(), "the hit")
    sale.driver.press("enter")
    assert "Bread" in sale.driver.texts()["line:1"]


def test_a_line_gets_a_quantity_a_discount_and_a_note_and_goes(sale):
    driver = sale.driver
    driver.scan(shop.BREAD)
    driver.tap("line:1")
    driver.tap("more")
    assert driver.texts()["line_sum"].startswith("2 ×")
    driver.tap("change:percent")
    for key in ("1", "0"):
        driver.tap(f"key:{key}")
    driver.tap("apply")
    assert driver.texts()["total"] == "€6.28"
    driver.press("f4")
    driver.tap("change:note")
    driver.type_slowly("sliced")
    driver.press("enter")
    assert "sliced" in driver.texts()["line:1"]
    driver.tap("line:1")
    driver.tap("change:amount")
    driver.tap("key:1")
    driver.tap("apply")
    assert driver.texts()["total"] == "€5.98"
    driver.tap("line:1")
    driver.tap("remove")
    assert "line:1" not in driver.texts()
    assert driver.texts()["empty"]


def test_a_changed_price_asks_for_a_supervisor_once(sale):
    driver = sale.driver
    driver.scan(shop.BREAD)
    for _ in range(2):
        driver.tap("line:1")
        driver.tap("change:price")
        driver.tap("key:3")
        driver.tap("apply")
        sale.settle()
        if driver.texts()["total"] == "€3.00":
            break
        driver.tap("message_action")
        for digit in "9999":
            driver.tap(f"key:{digit}")
        driver.tap("yes")
        sale.settle()
    assert "ActionLifted" in [type(body).__name__ for body in sale.bodies()]
    assert driver.texts()["total"] == "€3.00"


def test_paying_cash_shows_the_change_until_the_next_scan(sale):
    driver = sale.driver
    driver.scan(shop.BOOK)
    driver.tap("pay")
    assert driver.texts()["due"] == "€19.99"
    driver.tap("amount:5000")
    driver.wait_until(lambda: driver.screen == "done", "the completed sale")
    assert driver.texts()["change"] == "€30.01"
    assert [type(body) for body in sale.bodies()][-1] is SaleCompleted
    driver.scan(shop.MILK)
    assert driver.screen == "sale"
    assert driver.texts()["total"] == "€1.29"


def test_a_touch_anywhere_ends_the_done_screen(sale):
    driver = sale.driver
    driver.scan(shop.MILK)
    driver.tap("pay")
    driver.tap("cash")
    driver.wait_until(lambda: driver.screen == "done", "the completed sale")
    driver.touch(driver.window.width / 2, driver.window.height / 2)
    assert driver.screen == "sale"


def test_cancelling_a_sale_asks_first(sale):
    driver = sale.driver
    driver.scan(shop.MILK)
    driver.press("f10")
    driver.tap("menu:cancel_sale")
    assert "€1.29" in driver.texts()["question"]
    driver.press("escape")
    assert driver.texts()["total"] == "€1.29"
    driver.press("f10")
    driver.press("delete")
    driver.tap("yes")
    sale.settle()
    assert "line:1" not in driver.texts()


def test_a_barcode_of_several_articles_asks_which_one(opened, tmp_path):
    from msgspec.structs import replace
    from sample_shop import make_sample

    twin = replace(shop.ARTICLES[0], number="A1-B", name="Milk 1 l, other dairy")
    make_sample(tmp_path / "twins")
    import apsw

    connection = apsw.Connection(str(tmp_path / "twins" / "mirror.db"))
    with connection:
        shop.add_article(connection, 900, twin)
    connection.close()
    till = opened(tmp_path / "twins").sign_in().open_shift()
    till.driver.scan(shop.MILK)
    till.driver.tap("hit:A1-B")
    assert "other dairy" in till.driver.texts()["line:1"]


def test_a_panel_keeps_touches_from_what_lies_under(sale):
    driver = sale.driver
    key = driver.find("quick:K0001")
    driver.press("f10")
    driver.touch(*key.to_window(*key.center))
    driver.press("escape")
    assert sale.screens.sale.state.lines == ()


@pytest.mark.parametrize(("language", "mark"), [("en", "."), ("de", ","), ("nl", ",")])
def test_the_decimal_mark_on_the_keypad_and_in_what_is_typed_is_the_languages(opened, language, mark):
    driver = opened(language=language).sign_in().open_shift().driver
    assert driver.texts()["key:."] == mark
    driver.scan(shop.BREAD)
    driver.tap("line:1")
    driver.tap("change:amount")
    for key in ("1", ".", "5"):
        driver.tap(f"key:{key}")
    assert driver.texts()["entry"] == f"1{mark}5"
    driver.tap("apply")
    assert f"1{mark}50" in driver.texts()["line:1"]
