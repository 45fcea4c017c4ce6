"""What the sale screen opens, with a real window: questions, panels, customers, parked baskets, matrix, quick keys."""

import pytest
import sample_till as shop
from sample_goods import GOODS, KIM, RULES, WATER, lay, stock
from sample_shop import make_sample

from schema.events import AgeChecked, CustomerAdded, QuickKeysChanged
from schema.parties import Cashier

MANAGER = Cashier(number="7", name="Manager Example", role="store_manager", pin_hash=shop.HASHER.hash("7777"))


@pytest.fixture
def full(opened, tmp_path):
    """Return a till with goods of every kind, a store manager signed in."""
    make_sample(tmp_path / "full")
    lay(tmp_path / "full", *GOODS, *RULES, KIM, MANAGER)
    return opened(tmp_path / "full").sign_in("7", "7777").open_shift()


def test_a_line_says_why_its_price(full):
    for _ in range(3):
        full.driver.scan(shop.MILK)
    assert "3 for 2 milk" in full.driver.texts()["line:1"]


def test_an_unknown_code_offers_what_can_be_done(full):
    driver = full.driver
    driver.scan("2000000000015")
    driver.scan(shop.MILK)
    assert "2000000000015" in driver.texts()["message"], "the next article does not hide it"
    driver.tap("unknown_free")
    driver.type_slowly("Lamp")
    for key in ("1", "2", ".", "5"):
        driver.tap(f"key:{key}")
    driver.tap("apply")
    full.settle()
    assert "message" not in driver.texts()
    assert "Lamp" in driver.texts()["line:2"]
    assert "2000000000015" in driver.texts()["line:2"]
    assert driver.texts()["total"] == "€13.79"


def test_an_unknown_code_is_settled_by_a_search(full):
    driver = full.driver
    driver.scan("2000000000015")
    driver.tap("unknown_search")
    driver.find("search_text").text = "bread"
    driver.wait_until(lambda: "hit:A2" in driver.texts(), "the hit")
    driver.tap("hit:A2")
    assert "Bread" in driver.texts()["line:1"]
    assert "message" not in driver.texts()


def test_an_unknown_code_is_dealt_with_by_keyboard_alone(full):
    driver = full.driver
    driver.scan("2000000000015")
    driver.scan("2000000000022")
    driver.press("f11")
    driver.find("search_text").text = "bread"
    driver.wait_until(lambda: "hit:A2" in driver.texts(), "the hit")
    driver.press("enter")
    assert full.screens.sale.state.unknown_count == 1
    driver.press("escape")
    assert full.screens.sale.state.unknown is None


def test_options_by_touch_and_by_number(full):
    driver = full.driver
    full.screens.sale.add("CO")
    assert not driver.find("apply").disabled or driver.texts()["option_price"] == "€3.00"
    driver.tap("choice:oat")
    driver.type_slowly("3")
    assert driver.texts()["option_price"] == "€4.30"
    driver.press("enter")
    assert "oat, shot" in driver.texts()["line:1"]
    full.screens.sale.add("CO")
    driver.press("escape")
    assert "line:2" not in driver.texts()


def test_the_age_is_asked_while_scanning_goes_on(full):
    driver = full.driver
    full.screens.sale.add("BE")
    assert "16" in driver.texts()["question"]
    driver.scan(shop.MILK)
    assert "16" in driver.texts()["question"], "still to be answered"
    driver.tap("yes")
    full.settle()
    driver.frames(2)
    assert "Milk" in driver.texts()["line:3"]
    driver.press("f12")
    assert driver.screen == "pay"
    assert [body.passed for body in full.bodies() if isinstance(body, AgeChecked)] == [True]


def test_too_young_takes_it_off(full):
    full.screens.sale.add("BE")
    full.driver.press("escape")
    full.settle()
    full.driver.frames(2)
    assert "line:1" not in full.driver.texts()


def test_suggestions_come_once_before_pay(full):
    driver = full.driver
    driver.scan(WATER)
    driver.press("f12")
    assert "suggested:A1" in driver.texts()
    driver.tap("suggested:A1")
    driver.press("f12")
    assert driver.screen == "pay"


def test_the_bill_gets_a_discount(full):
    driver = full.driver
    driver.scan(shop.BOOK)
    driver.press("f6")
    driver.tap("more:bill")
    for key in ("1", "0"):
        driver.tap(f"key:{key}")
    driver.tap("apply")
    full.settle()
    assert driver.texts()["total"] == "€17.99"
    driver.press("f6")
    driver.press("f6")
    driver.tap("change:amount")
    driver.type_slowly("5")
    driver.press("enter")
    assert driver.texts()["total"] == "€14.99"


def test_a_deposit_opens_its_articles_line(full):
    driver = full.driver
    driver.scan(WATER)
    driver.tap("line:2")
    driver.tap("more")
    driver.press("escape")
    assert driver.texts()["total"] == "€2.48"


def test_a_line_is_reached_by_the_arrows(full):
    driver = full.driver
    driver.scan(shop.MILK)
    driver.scan(shop.BREAD)
    driver.press("up")
    driver.press("up")
    driver.press("f4")
    driver.type_slowly("2")
    driver.press("enter")
    assert [line.quantity for line in full.screens.sale.state.lines] == ["2", "1"]


def test_a_line_tells_the_stock_of_its_article(full, tmp_path):
    lay(tmp_path / "full", stock("0007", "A3", "2", full.till.desk.clock.now_ms()))
    full.driver.scan(shop.BOOK)
    full.driver.press("f4")
    assert "2 here" in full.driver.texts()["stock"]


def test_a_line_is_turned_round(full):
    full.driver.scan(WATER)
    full.driver.press("f4")
    full.driver.press("f5")
    full.driver.press("escape")
    assert full.driver.texts()["total"] == "-€1.24"


def test_separate_lines_are_switched(full):
    driver = full.driver
    driver.press("f6")
    driver.tap("more:separate")
    driver.scan(shop.MILK)
    driver.scan(shop.MILK)
    assert "line:2" in driver.texts()


def test_a_voucher_asks_its_worth(full):
    driver = full.driver
    full.screens.sale.add("GC")
    for key in ("2", "5"):
        driver.tap(f"key:{key}")
    driver.tap("apply")
    assert driver.texts()["total"] == "€25.00"
    full.screens.sale.add("GC")
    driver.press("escape")
    assert full.screens.sale.state.voucher_ask is None


def test_a_matrix_takes_colours_and_sizes(full):
    driver = full.driver
    full.screens.sale.add("SH")
    assert driver.screen == "matrix"
    driver.tap("variant:SH-1")
    driver.tap("variant:SH-1")
    driver.tap("variant:SH-3")
    driver.tap("less")
    assert driver.texts()["take"] == "Add 2"
    driver.press("up")
    driver.press("enter")
    assert driver.screen == "sale"
    assert [line.article for line in full.screens.sale.state.lines] == ["SH-1"]
    full.screens.matrix.open("A1")
    assert driver.texts()["empty"]
    driver.press("escape")
    assert driver.screen == "sale"


def test_a_customer_is_found_looked_at_and_chosen(full):
    driver = full.driver
    driver.scan(shop.BOOK)
    driver.press("f8")
    driver.type_slowly("kim fr")
    driver.wait_until(lambda: "customer:K1" in driver.texts(), "the customer")
    driver.tap("customer:K1")
    assert driver.texts()["customer_open"] == "€42.00"
    assert "overdue" in driver.texts()["item:0007-1-000009"]
    driver.press("enter")
    assert driver.screen == "sale"
    assert driver.texts()["customer_name"] == "Kim Friend   ·   Friends"
    assert driver.texts()["total"] == "€15.00"
    driver.press("f8")
    driver.wait_until(lambda: "item:0007-1-000009" in driver.texts(), "the open item")
    driver.tap("item:0007-1-000009")
    assert driver.texts()["total"] == "€57.00"
    driver.press("f8")
    driver.press("f4")
    assert "customer_name" not in driver.texts()


def test_a_new_customer_is_written_down(full):
    driver = full.driver
    driver.press("f8")
    driver.press("f6")
    driver.type_slowly("Lou Sample")
    driver.find("new_city").focus = True
    driver.type_slowly("Testham")
    driver.press("enter")
    driver.wait_until(lambda: driver.screen == "sale", "the sale")
    assert driver.texts()["customer_name"] == "Lou Sample"
    assert [body.city for body in full.bodies() if isinstance(body, CustomerAdded)] == ["Testham"]


def test_an_empty_form_says_what_is_missing_and_stays(full):
    driver = full.driver
    driver.press("f8")
    driver.press("f6")
    driver.press("enter")
    assert driver.texts()["refused"]
    driver.press("escape")
    assert driver.screen == "customer"


def test_a_scan_leaves_the_customers_for_the_sale(full):
    full.driver.press("f8")
    full.driver.scan(shop.MILK)
    assert full.driver.screen == "sale"
    assert "Milk" in full.driver.texts()["line:1"]


def test_parking_and_taking_up(full):
    driver = full.driver
    driver.scan(shop.MILK)
    driver.press("f5")
    driver.type_slowly("Blue coat")
    driver.press("enter")
    driver.wait_until(lambda: driver.screen == "sale", "the sale")
    assert "line:1" not in driver.texts()
    assert "(1)" in driver.texts()["more"]
    driver.press("f5")
    assert "Blue coat" in driver.texts()["parked:Blue coat"]
    driver.press("enter")
    driver.wait_until(lambda: driver.screen == "sale", "the sale")
    assert "Milk" in driver.texts()["line:1"]


def test_a_scan_leaves_the_parked_baskets_for_the_sale(full):
    full.driver.press("f5")
    full.driver.scan(shop.MILK)
    assert full.driver.screen == "sale"
    assert "Milk" in full.driver.texts()["line:1"]


def test_a_parked_basket_is_dropped_after_a_question(full):
    driver = full.driver
    driver.scan(shop.MILK)
    full.screens.parked.park("Gone")
    full.settle()
    driver.press("f5")
    driver.press("delete")
    assert "Gone" in driver.texts()["question"]
    driver.tap("yes")
    full.settle()
    driver.frames(2)
    assert driver.texts()["empty"]


def test_quick_keys_are_edited_on_the_screen(full):
    driver = full.driver
    driver.scan(shop.BREAD)
    driver.press("f6")
    driver.tap("more:keys")
    driver.tap("key_add")
    full.settle()
    assert driver.texts()["quick:A2"]
    driver.tap("quick:A2")
    driver.tap("key_earlier")
    full.settle()
    driver.press("escape")
    assert [key.article for key in full.screens.sale.state.keys][-2] == "A2"
    driver.tap("quick:A2")
    driver.tap("key_remove")
    full.settle()
    assert "quick:A2" not in driver.texts()
    driver.tap("page_rename")
    driver.find("name").text = "Best of"
    driver.tap("apply")
    full.settle()
    assert driver.texts()["page:0"] == "Best of"
    driver.tap("keys_done")
    driver.tap("quick:K0001")
    assert "Coffee" in driver.texts()["line:2"]
    assert len([body for body in full.bodies() if isinstance(body, QuickKeysChanged)]) == 5


def test_quick_keys_are_edited_by_keyboard_alone(full):
    driver = full.driver
    driver.scan(shop.BREAD)
    for key in ("f6", "f9", "f5"):
        driver.press(key)
    full.settle()
    driver.press("up")
    driver.press("enter")
    driver.press("f5")
    full.settle()
    driver.press("escape")
    assert [key.article for key in full.screens.sale.state.keys][-2] == "A2"
    driver.press("f9")
    driver.find("name").text = "Best of"
    driver.press("enter")
    full.settle()
    assert driver.texts()["page:0"] == "Best of"
    driver.press("escape")
    assert not full.screens.sale.state.editing


def test_a_scanned_receipt_asks_what_to_do(full):
    full.driver.scan("0007-2-000123")
    assert "0007-2-000123" in full.driver.texts()["question"]
    full.driver.press("escape")
    assert full.driver.app.frame.panel is None


@pytest.mark.parametrize("size", [(800, 480), (1280, 800), (800, 1280)])
def test_pay_is_in_sight_in_every_size_whatever_is_open(full, size):
    driver = full.driver
    driver.resize(*size)
    full.screens.sale.choose_customer("K1")
    driver.scan("2000000000015")
    for code in (shop.MILK, shop.BREAD, WATER):
        driver.scan(code)
    full.screens.sale.edit_keys()
    driver.frames(3)
    pay = driver.find("pay")
    assert pay.y >= 0
    assert pay.height >= 72
    assert driver.find("total").texture_size[0] <= driver.find("total").width
