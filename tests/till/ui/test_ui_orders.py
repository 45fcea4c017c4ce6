"""Orders with a real window: made from the basket, handed over in parts, deposits, long lists."""

import pytest
import sample_till as shop
from msgspec.structs import replace

from schema.device import MIRROR
from schema.events import OrderMade, SaleCompleted


def open_orders(till, wanted="order:SO-1"):
    driver = till.driver
    driver.press("f3")
    driver.wait_until(lambda: wanted in driver.texts(), "the orders")


def open_form(till):
    driver = till.driver
    driver.press("f6")
    driver.tap("more:make_order")
    driver.wait_until(lambda: driver.screen == "make_order", "the form")


def pay(till):
    driver = till.driver
    driver.wait_until(lambda: driver.screen == "pay", "the pay screen")
    driver.tap("cash")
    driver.wait_until(lambda: driver.screen == "done", "the receipt")
    driver.press("enter")
    driver.wait_until(lambda: driver.screen == "sale", "the next sale")


def made(till):
    return [body for body in till.bodies() if isinstance(body, OrderMade)]


def test_an_order_is_placed_by_touch_and_shown_at_once(sale):
    driver = sale.driver
    driver.scan(shop.BOOK)
    open_form(sale)
    driver.tap("delivery:delivery")
    driver.tap(f"day:{sale.screens.make_order.state.days[1].day}")
    driver.tap("name_text")
    driver.type("Kim")
    driver.tap("subject_text")
    driver.type("gift")
    driver.tap("place")
    driver.wait_until(lambda: driver.screen == "sale", "the next sale")
    order = made(sale)[0]
    assert (order.customer_name, order.subject, order.delivery) == ("Kim", "gift", "delivery")
    assert order.number in driver.texts()["message"]
    open_orders(sale, f"order:{order.number}")


def test_another_day_is_typed_and_takes_the_place_of_a_key(sale):
    driver = sale.driver
    driver.scan(shop.BOOK)
    open_form(sale)
    driver.tap("name_text")
    driver.type("Kim")
    driver.tap(f"day:{sale.screens.make_order.state.days[1].day}")
    driver.tap("day_typed")
    driver.type("24.12.")
    assert sale.screens.make_order.state.day == ""
    driver.tap("place")
    driver.frames(2)
    assert (driver.screen, made(sale)) == ("make_order", [])
    assert "Type it like 31 Dec 2026." in driver.texts()["message"]
    driver.tap("day_typed")
    driver.type("2099")
    driver.tap("place")
    driver.wait_until(lambda: driver.screen == "sale", "the next sale")
    assert made(sale)[0].expected_day == "2099-12-24"


def test_a_deposit_is_typed_on_the_pad(sale):
    driver = sale.driver
    driver.scan(shop.BOOK)
    open_form(sale)
    driver.tap("name_text")
    driver.type("Kim")
    driver.tap("key:5")
    driver.tap("place_and_pay")
    driver.wait_until(lambda: driver.screen == "pay", "the pay screen")
    assert driver.texts()["due"] == "€5.00"


def test_place_and_pay_without_an_amount_takes_all_of_it(sale):
    driver = sale.driver
    driver.scan(shop.BOOK)
    open_form(sale)
    driver.tap("name_text")
    driver.type("Kim")
    driver.press("f12")
    pay(sale)
    body = [each for each in sale.bodies() if isinstance(each, SaleCompleted)][-1]
    assert (body.total_minor, body.lines[0].kind) == (1999, "prepayment")


def test_without_a_customer_the_form_stays_and_says_why(sale):
    driver = sale.driver
    driver.scan(shop.BOOK)
    open_form(sale)
    driver.tap("place")
    driver.wait_until(lambda: "message" in driver.texts(), "the refusal")
    assert driver.screen == "make_order"
    assert not made(sale)
    driver.press("escape")
    assert "line:1" in driver.texts()


def test_the_stores_fields_are_asked(opened, tmp_path):
    from sample_shop import make_sample

    folder = tmp_path / "fields"
    make_sample(folder, settings=replace(shop.SETTINGS, order_fields=("engraving", "colour")))
    till = opened(folder, size=(1280, 800)).sign_in().open_shift()
    driver = till.driver
    driver.scan(shop.BOOK)
    open_form(till)
    driver.tap("name_text")
    driver.type("Kim")
    driver.tap("field:engraving")
    driver.type("KK")
    driver.tap("place")
    driver.wait_until(lambda: driver.screen == "sale", "the next sale")
    assert made(till)[0].fields == {"engraving": "KK"}


def test_one_of_two_is_handed_over(sale):
    driver = sale.driver
    open_orders(sale)
    driver.tap("order:SO-1")
    driver.tap("order_line:1")
    assert driver.texts()["touched"] == "2 / 2"
    driver.tap("less")
    assert driver.texts()["touched"] == "1 / 2"
    driver.tap("take")
    driver.wait_until(lambda: "question" in driver.texts(), "the question")
    driver.tap("yes")
    driver.wait_until(lambda: driver.screen == "sale", "the taken order")
    driver.press("f12")
    pay(sale)
    open_orders(sale)
    driver.tap("order:SO-1")
    assert "1" in driver.texts()["order_line:1"]
    assert sale.screens.orders.state.selected_lines[0].left


def test_a_deposit_for_an_open_order(sale):
    driver = sale.driver
    open_orders(sale)
    driver.tap("order:SO-1")
    driver.press("f9")
    driver.tap("key:5")
    driver.tap("apply")
    driver.wait_until(lambda: "question" in driver.texts(), "the question")
    assert "€5.00" in driver.texts()["question"]
    driver.tap("yes")
    pay(sale)
    open_orders(sale)
    driver.tap("order:SO-1")
    assert sale.screens.orders.state.open_minor == 1500


def test_the_next_one_in_the_queue_is_one_touch_away(sale):
    driver = sale.driver
    open_orders(sale)
    driver.tap("status:ready_for_pickup")
    driver.wait_until(lambda: "order:SO-2" not in driver.texts(), "the queue")
    driver.press("enter")
    driver.wait_until(lambda: "question" in driver.texts(), "the question")
    assert "SO-1" in driver.texts()["question"]


def test_a_thousand_orders_take_no_more_widgets_than_fit(opened, tmp_path):
    from sample_shop import make_sample

    folder = tmp_path / "many"
    make_sample(folder)
    (folder / MIRROR).unlink()
    orders = tuple(replace(shop.ORDER, order_id=f"o{n}", number=f"SO-{n:05}") for n in range(1000))
    shop.make_mirror(folder / MIRROR, orders=orders)
    till = opened(folder).sign_in().open_shift()
    open_orders(till, "order:SO-00000")
    rows = till.driver.app._current.ids.rows
    assert len(rows.data) == 1000
    assert len(list(rows.walk(restrict=True))) < 400
    rows.show_row(999)
    till.driver.wait_until(lambda: "order:SO-00999" in till.driver.texts(), "the last row")


def test_an_empty_list_says_what_will_appear(opened, tmp_path):
    from sample_shop import make_sample

    folder = tmp_path / "none"
    make_sample(folder)
    (folder / MIRROR).unlink()
    shop.make_mirror(folder / MIRROR, orders=())
    till = opened(folder).sign_in().open_shift()
    open_orders(till, "empty")
    assert "orders" in till.driver.texts()["empty"].lower()
    assert till.driver.find("take").disabled


@pytest.mark.parametrize("size", [(800, 480), (1280, 800), (800, 1280)])
def test_the_forms_keys_are_in_sight(opened, size):
    till = opened(size=size, language="de").sign_in().open_shift()
    till.driver.scan(shop.BOOK)
    open_form(till)
    for name in (
        "delivery:pickup",
        "name_text",
        "phone_text",
        "subject_text",
        "place",
        "place_and_pay",
        "back",
        "key:0",
    ):
        widget = till.driver.find(name)
        assert widget.height >= 30, name
        assert widget.x >= 0 and widget.y >= 0 and widget.right <= size[0] and widget.top <= size[1], name
