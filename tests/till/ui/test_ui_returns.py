"""Taking goods back with a real window: by touch, by scan, by keyboard alone; voids after a question."""

import pytest
import sample_till as shop

from schema.events import SaleCompleted


def sell(till, *codes):
    driver = till.driver
    for code in codes:
        driver.scan(code)
    driver.press("f12")
    driver.wait_until(lambda: driver.screen == "pay", "the pay screen")
    driver.tap("cash")
    driver.wait_until(lambda: driver.screen == "done", "the receipt")
    driver.press("enter")
    driver.wait_until(lambda: driver.screen == "sale", "the next sale")
    return sales(till)[-1].receipt


def sales(till):
    return [body for body in till.bodies() if isinstance(body, SaleCompleted)]


def open_returns(till):
    driver = till.driver
    driver.press("f6")
    driver.tap("more:returns")
    driver.wait_until(lambda: driver.screen == "returns", "the returns")
    till.settle()


def test_a_line_comes_back_and_is_paid_out(sale):
    receipt = sell(sale, shop.BOOK, shop.BREAD, shop.BREAD)
    driver = sale.driver
    open_returns(sale)
    driver.tap(f"receipt:{receipt}")
    driver.wait_until(lambda: "back_line:2" in driver.texts(), "the lines")
    driver.tap("back_line:2")
    assert driver.texts()["touched"] == "2 / 2"
    driver.tap("less")
    assert driver.texts()["touched"] == "1 / 2"
    driver.tap("refund")
    assert "why" in driver.texts()["message"]
    driver.tap("reason:defect")
    driver.tap("refund")
    driver.wait_until(lambda: driver.screen == "pay", "paying out")
    assert driver.texts()["due"] == "€3.49"
    driver.press("enter")
    driver.wait_until(lambda: driver.screen == "done", "the receipt")
    back = sales(sale)[-1]
    assert (back.total_minor, back.lines[0].returns.receipt, back.lines[0].returns.reason) == (-349, receipt, "defect")


def test_a_scanned_receipt_is_offered_and_opens(sale):
    receipt = sell(sale, shop.BOOK)
    driver = sale.driver
    driver.scan(receipt)
    driver.wait_until(lambda: "question" in driver.texts(), "the offer")
    driver.tap("yes")
    driver.wait_until(lambda: "back_line:1" in driver.texts(), "the lines")
    assert receipt in driver.texts()["receipt"]


def test_keyboard_alone_takes_goods_into_the_basket(sale):
    """Type the running number, Enter; all of it; a reason; into the basket."""
    sell(sale, shop.BOOK)
    driver = sale.driver
    driver.press("f6")
    driver.press("f3")
    driver.wait_until(lambda: driver.screen == "returns", "the returns")
    driver.type_slowly("1")
    driver.press("enter")
    driver.wait_until(lambda: "back_line:1" in driver.texts(), "the lines")
    driver.press("f5")
    sale.screens.returns.choose_reason("defect")
    driver.press("f11")
    driver.wait_until(lambda: driver.screen == "sale", "the basket")
    assert driver.texts()["total"] == "-€19.99"
    assert "back from" in driver.texts()["line:1"] or driver.texts()["line:1"]


def test_a_void_asks_first_and_needs_a_supervisor(sale):
    receipt = sell(sale, shop.BOOK)
    driver = sale.driver
    open_returns(sale)
    driver.tap(f"receipt:{receipt}")
    driver.wait_until(lambda: "back_line:1" in driver.texts(), "the lines")
    driver.tap("reason:wrong article")
    driver.tap("void")
    assert "€19.99" in driver.texts()["question"]
    driver.tap("no")
    driver.frames(2)
    driver.tap("void")
    driver.tap("yes")
    driver.wait_until(lambda: "message_action" in driver.texts(), "the refusal")
    assert len(sales(sale)) == 1


def test_a_supervisors_void_is_paid_out_at_once(opened):
    till = opened().sign_in("9", "9999").open_shift()
    receipt = sell(till, shop.BOOK)
    driver = till.driver
    open_returns(till)
    driver.tap(f"receipt:{receipt}")
    driver.wait_until(lambda: "back_line:1" in driver.texts(), "the lines")
    driver.tap("reason:defect")
    driver.press("f9")
    driver.press("enter")
    driver.wait_until(lambda: driver.screen == "done", "the counter-receipt")
    assert sales(till)[-1].voids.receipt == receipt


def test_an_unknown_receipt_says_so_and_stays(sale):
    driver = sale.driver
    open_returns(sale)
    driver.scan("0009-1-000001")
    driver.wait_until(lambda: "message" in driver.texts(), "the refusal")
    assert "0009-1-000001" in driver.texts()["message"]
    assert driver.screen == "returns"


def test_without_a_receipt_the_list_says_what_to_do(sale):
    open_returns(sale)
    assert sale.driver.texts()["empty"]


@pytest.mark.parametrize("size", [(800, 480), (1280, 800), (800, 1280), (1920, 1080)])
def test_every_key_is_in_sight_and_big_enough(opened, size):
    till = opened(size=size, language="de").sign_in().open_shift()
    receipt = sell(till, shop.BOOK)
    open_returns(till)
    till.driver.tap(f"receipt:{receipt}")
    till.driver.wait_until(lambda: "back_line:1" in till.driver.texts(), "the lines")
    for name in ("reason:defect", "condition:opened", "less", "more", "all", "void", "take", "refund", "back"):
        widget = till.driver.find(name)
        assert min(widget.size) >= till.driver.app.theme.touch * 0.95, name
        assert widget.x >= 0 and widget.y >= 0 and widget.right <= size[0] and widget.top <= size[1], name


def test_goods_without_a_receipt_are_scanned_and_need_a_supervisor(sale):
    driver = sale.driver
    open_returns(sale)
    driver.scan(shop.BOOK)
    driver.wait_until(lambda: "back_line:1" in driver.texts(), "the article")
    assert driver.texts()["receipt"].startswith("Without a receipt")
    driver.tap("reason:defect")
    driver.tap("take")
    driver.wait_until(lambda: "message_action" in driver.texts(), "the refusal")
    driver.tap("less")
    driver.wait_until(lambda: "back_line:1" not in driver.texts(), "the list")
