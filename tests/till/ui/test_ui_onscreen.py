"""The on-screen keyboard by real touches: whatever is typed at the till can be typed without a keyboard."""

import time

import pytest
import sample_till as shop
from msgspec.structs import replace
from sample_shop import make_sample
from test_ui_look import SIZES, check
from test_ui_settings import add_manager

from schema.catalogue import ReceiptDesign
from schema.events import CustomerAdded, SaleCompleted

SMALL = (800, 480)


@pytest.fixture
def german(opened):
    """Return a German till on its smallest screen, ready to sell."""
    return opened(language="de", size=SMALL).sign_in().open_shift()


def touch_keys(till, text):
    """Type by touches, on whatever pages the characters are; a capital takes shift, where it is not pressed."""
    driver = till.driver
    for character in text:
        name = "space" if character == " " else character
        for way in ((), ("shift",), ("signs",), ("abc",), ("figures",), ("abc", "shift")):
            for key in way:
                if f"type:{key}" in driver.texts():
                    driver.tap(f"type:{key}")
            if f"type:{name}" in driver.texts():
                break
        driver.tap(f"type:{name}")


def is_open(till):
    return till.driver.app.frame.keys is not None


def test_a_free_article_is_sold_by_touches_only(german):
    driver = german.driver
    driver.app._ask_supervisor()
    for key in ("key:9", "key:9", "key:9", "key:9", "yes"):
        driver.tap(key)
    german.settle()
    driver.tap("more")
    driver.tap("more:free")
    touch_keys(german, "Töpfe für 2 €")
    assert driver.find("free_name").text == "Töpfe für 2 €"
    driver.tap("free_price")
    driver.frames(3)
    assert not is_open(german), "the keypad beside the field is enough"
    for key in ("1", "2", ".", "5", "0"):
        driver.tap(f"key:{key}")
    driver.tap("apply")
    driver.wait_until(lambda: "line:1" in driver.texts(), "the line")
    driver.tap("pay")
    driver.wait_until(lambda: driver.screen == "pay", "paying")
    driver.tap("cash")
    driver.wait_until(lambda: driver.screen == "done", "the receipt")
    (sold,) = (body for body in german.bodies() if isinstance(body, SaleCompleted))
    assert (sold.lines[0].name, sold.total_minor) == ("Töpfe für 2 €", 1250)


def test_a_customer_is_written_down_by_touches_only(german):
    driver = german.driver
    driver.tap("customer")
    driver.wait_until(lambda: is_open(german), "the keyboard for the search")
    driver.tap("new_customer")
    driver.frames(4)
    for text in ("Kübra Weiß", "Käfer & Co", "Straße 5", "53111", "Köln", "0228 / 17-4", "k_w@e.de"):
        touch_keys(german, text)
        driver.tap("type:next")
        driver.frames(4)
    driver.tap("save")
    driver.wait_until(lambda: driver.app.frame.panel is None, "the written customer")
    (made,) = (body for body in german.bodies() if isinstance(body, CustomerAdded))
    found = (made.name, made.company, made.street, made.postcode, made.city, made.phone, made.email)
    assert found == ("Kübra Weiß", "Käfer & Co", "Straße 5", "53111", "Köln", "0228 / 17-4", "k_w@e.de")


def test_a_parked_basket_is_titled_by_touches_only(german):
    driver = german.driver
    driver.tap(driver.app.frame.ids.screens.current_screen.pool[0])
    driver.tap("more")
    driver.tap("more:park")
    driver.frames(4)
    assert not is_open(german), "the list of baskets stays in sight until the title is touched"
    driver.tap("title")
    driver.frames(3)
    touch_keys(german, "Grüner Hut")
    driver.tap("park")
    driver.wait_until(lambda: driver.screen == "sale", "the next customer")
    assert not is_open(german)
    driver.app.go("parked")
    driver.frames(3)
    assert "parked:Grüner Hut" in driver.texts()


def test_a_receipts_number_is_typed_and_looked_up_by_touches_only(german):
    driver = german.driver
    driver.app.scan(shop.BOOK)
    driver.tap("pay")
    driver.tap("cash")
    driver.wait_until(lambda: driver.screen == "done", "the receipt")
    driver.app.go("returns")
    driver.tap("number_text")
    driver.frames(3)
    touch_keys(german, "0007-2-000001")
    driver.tap("find")
    driver.wait_until(lambda: "back_line:1" in driver.texts(), "the receipt's lines")
    assert not is_open(german), "the touch on the key beside the field ends the typing"


def test_letters_digits_and_accents_go_in_at_the_caret_and_backspace_takes_them_out(german):
    driver = german.driver
    driver.tap("search")
    driver.frames(3)
    field = driver.find("search_text")
    touch_keys(german, "kse")
    for key in ("left", "left", "ä", "right", "right", "back", "signs", "west", "é"):
        driver.tap(f"type:{key}")
    assert field.text == "käsé"
    driver.touch(*field.to_window(field.x + 2, field.center_y))
    driver.tap("type:abc")
    touch_keys(german, "x")
    assert field.text == "xkäsé", "a touch sets the caret and keeps the keyboard"
    field.select_all()
    touch_keys(german, "ü")
    assert field.text == "ü"


def test_a_held_backspace_goes_on_until_it_is_let_go(german):
    from kivy.tests.common import UnitTestTouch

    driver = german.driver
    driver.tap("search")
    driver.frames(3)
    field = driver.find("search_text")
    field.text = "x" * 30
    driver.frames(2)
    key = driver.find("type:back")
    touch = UnitTestTouch(*key.to_window(*key.center))
    touch.touch_down()
    driver.wait_until(lambda: len(field.text) <= 25, "five deletions")
    touch.touch_up()
    driver.frames(3)
    left = len(field.text)
    time.sleep(0.3)
    driver.frames(5)
    assert len(field.text) == left > 0


def test_keys_are_made_when_first_needed_and_the_same_ones_serve_every_field(german):
    driver = german.driver
    assert driver.app.typing._shown is None
    driver.tap("search")
    driver.frames(3)
    first = driver.app.frame.keys
    keys = list(first.pool)
    driver.tap("close")
    driver.frames(3)
    assert not is_open(german) and first.parent is None
    driver.app.go("cash")
    driver.tap("reason_text")
    driver.frames(3)
    assert driver.app.frame.keys is first
    assert first.pool[: len(keys)] == keys


def test_done_closes_it_and_gives_the_screen_its_room_back(german):
    driver = german.driver
    driver.app.go("cash")
    driver.frames(3)
    before = {name for name in driver.texts() if not name.startswith("type:")}
    driver.tap("reason_text")
    driver.frames(3)
    assert is_open(german)
    assert driver.app.theme.foot > 0
    driver.tap("type:done")
    driver.frames(4)
    assert not is_open(german)
    assert driver.app.theme.foot == 0
    assert set(driver.texts()) == before
    check(driver, SMALL)


def test_help_is_a_touch_away(german):
    driver = german.driver
    driver.tap("help")
    assert driver.texts()["help:F2"].startswith("Suche")
    driver.tap("close_help")
    assert driver.app.frame.panel is None


def test_it_goes_with_the_screen_that_it_typed_for(german):
    driver = german.driver
    driver.app.go("orders")
    driver.tap("search_text")
    driver.frames(3)
    field = driver.find("search_text")
    assert is_open(german)
    german.screens.lock.lock()
    driver.frames(3)
    assert driver.screen == "lock"
    assert not is_open(german) and not field.focus


# -- beside a scanner and a real keyboard


def test_a_scan_arrives_while_it_is_open_and_leaves_the_typed_text_alone(german):
    driver = german.driver
    driver.app.go("make_order")
    driver.frames(3)
    driver.tap("name_text")
    driver.frames(3)
    field = driver.find("name_text")
    touch_keys(german, "Tom")
    driver.tap("type:left")
    driver.scan(shop.MILK)
    assert field.text == "Tom", "what the scanner typed before the caret is taken out again"
    assert is_open(german)
    assert "message" in driver.texts(), "what was read is told"
    driver.tap("type:a")
    assert field.text == "Toam"


def test_a_scan_into_the_open_search_sells_and_closes_it(german):
    driver = german.driver
    driver.tap("search")
    driver.frames(3)
    driver.scan(shop.MILK)
    driver.frames(3)
    assert not is_open(german)
    assert "Milk" in driver.texts()["line:1"]


@pytest.mark.parametrize("end", ["enter", "tab"])
def test_a_scanner_that_types_is_no_persons_keyboard(german, end):
    driver = german.driver
    driver.type(shop.MILK)
    driver.press(end)
    driver.type_slowly("")
    german.driver.app.go("cash")
    driver.frames(3)
    driver.tap("reason_text")
    driver.frames(3)
    assert is_open(german)


def test_it_stays_away_from_whoever_typed_lately_and_goes_when_somebody_types(german):
    driver = german.driver
    driver.tap("search")
    driver.frames(3)
    assert is_open(german)
    driver.type_slowly("co")
    assert not is_open(german)
    assert driver.find("search_text").text == "co", "what was typed stays"
    driver.press("escape")
    driver.tap("search")
    driver.frames(3)
    assert not is_open(german)
    driver.app.typing._last_key_s -= 600
    driver.tap("search_text")
    driver.frames(3)
    assert is_open(german), "ten minutes later it is a touch till again"


def test_the_setting_holds_by_itself_on_or_off(opened):
    for setting, before, after in (("on", True, True), ("off", False, False)):
        till = opened(keyboard=setting).sign_in().open_shift()
        till.driver.tap("search")
        till.driver.frames(3)
        assert is_open(till) is before
        till.driver.type_slowly("co")
        assert is_open(till) is after


def test_the_setting_is_changed_on_the_settings_screen(opened, tmp_path):
    make_sample(tmp_path / "managed")
    add_manager(tmp_path / "managed")
    till = opened(tmp_path / "managed", language="de").sign_in("7", "7777").open_shift()
    driver = till.driver
    driver.app.go("settings")
    driver.frames(3)
    seen = []
    for _ in range(3):
        seen.append(driver.texts()["keyboard"])
        driver.tap("keyboard")
        driver.frames(3)
    assert seen == ["Tastatur: von selbst", "Tastatur: ein", "Tastatur: aus"]
    assert till.till.config.keyboard == "auto"


# -- what it leaves in sight


def free_article(till):
    till.driver.tap("more")
    till.driver.tap("more:free")
    return "free_name", "apply"


def search(till):
    till.driver.tap("search")
    return "search_text", "pick_first"


def note(till):
    till.driver.tap("line:1")
    till.driver.tap("change:note")
    return "note", "apply"


def customer(till):
    till.driver.tap("customer")
    return "customer_text", "choose"


def new_customer(till):
    till.driver.tap("customer")
    till.driver.frames(3)
    till.driver.tap("new_customer")
    return "new_name", "save"


def last_of_the_form(till):
    new_customer(till)
    till.driver.frames(4)
    for _ in range(7):
        till.driver.tap("type:next")
        till.driver.frames(4)
    return "new_card", "save"


def parked(till):
    till.driver.app.go("parked")
    till.driver.frames(2)
    till.driver.tap("title")
    return "title", "park"


def cash(till):
    till.driver.app.go("cash")
    till.driver.frames(2)
    till.driver.tap("reason_text")
    return "reason_text", "book"


def orders(till):
    till.driver.app.go("orders")
    till.settle()
    till.driver.tap("order:SO-1")
    till.driver.tap("search_text")
    return "search_text", "take"


def make_order(till):
    till.driver.app.go("make_order")
    till.driver.frames(2)
    till.driver.tap("phone_text")
    return "phone_text", "place_and_pay"


def returns(till):
    till.driver.app.go("returns")
    till.driver.frames(2)
    till.driver.tap("number_text")
    return "number_text", "refund"


def voucher(till):
    till.driver.tap("pay")
    till.driver.tap("voucher")
    till.driver.frames(2)
    till.driver.tap("voucher_code")
    return "voucher_code", "take_voucher"


def mail_address(till):
    till.driver.tap("pay")
    till.driver.tap("cash")
    till.driver.wait_until(lambda: "by_mail" in till.driver.texts(), "the receipt")
    till.driver.tap("by_mail")
    till.driver.wait_until(lambda: "mail_address" in till.driver.texts(), "the field")
    return "mail_address", "send"


def device_address(till):
    till.driver.app.go("settings")
    till.driver.frames(2)
    till.driver.tap("device:printer")
    till.driver.tap("edit_address")
    return "address", "yes"


WAYS = (
    *(free_article, search, note, customer, new_customer, last_of_the_form, parked),
    *(cash, orders, make_order, returns, voucher, mail_address, device_address),
)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_neither_the_field_nor_the_action_is_covered_and_every_key_is_large_enough(opened, tmp_path, way):
    """On every size, and however a tablet is turned while somebody types."""
    make_sample(tmp_path / "shop", settings=replace(shop.SETTINGS, design=ReceiptDesign(mail=True)))
    till = opened(tmp_path / "shop", language="de", size=SIZES[0]).sign_in().open_shift()
    driver = till.driver
    driver.app.scan(shop.BOOK)
    driver.frames(2)
    field, action = way(till)
    for size in SIZES:
        driver.resize(*size)
        driver.frames(6)
        assert is_open(till)
        assert driver.find(field).focus
        foot = driver.app.frame.keys.height
        for name in (field, action):
            widget = driver.find(name)
            x, y = widget.to_window(*widget.pos)
            assert y >= foot and y + widget.height <= size[1] and x >= 0 and x + widget.width <= size[0], (name, size)
        check(driver, size)
        assert driver.app.frame.keys.top < size[1] * 0.5, size
