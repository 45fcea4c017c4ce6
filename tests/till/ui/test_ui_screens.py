"""Every other screen with a real window: sign-in, shift, pay, card, orders, cash, closing, messages, lock, setup."""

import pytest
import sample_till as shop

from schema.events import CardAnswered, CashMoved, SaleCompleted, ShiftClosed, ShiftOpened


def test_signing_in_with_a_wrong_pin_says_so_and_shows_no_digit(opened):
    till = opened()
    driver = till.driver
    driver.tap("cashier:1")
    for digit in "1234":
        driver.tap(f"key:{digit}")
    assert "1" not in driver.texts()["pin_dots"]
    driver.press("enter")
    driver.wait_until(lambda: "message" in driver.texts(), "the refusal")
    assert driver.screen == "sign_in"
    driver.tap("key:1")
    assert "hint" in driver.texts()


def test_signing_in_by_keyboard_alone(opened):
    till = opened()
    driver = till.driver
    driver.press("down")
    driver.type_slowly("1111")
    driver.press("enter")
    driver.wait_until(lambda: driver.screen == "open_shift", "the shift screen")


def test_opening_a_shift_books_the_counted_float(opened):
    till = opened().sign_in().open_shift(keys=("1", "5", "0", ".", "5"))
    shift = next(body for body in till.bodies() if isinstance(body, ShiftOpened))
    assert shift.float_minor == 15050


def test_a_split_payment_shows_both_parts(sale):
    driver = sale.driver
    driver.scan(shop.BOOK)
    driver.press("f12")
    for key in ("1", "0"):
        driver.tap(f"key:{key}")
    driver.tap("cash")
    driver.wait_until(lambda: "payment:1" in driver.texts(), "the part payment")
    texts = driver.texts()
    assert "€10.00" in texts["payment:1"]
    assert texts["due"] == "€9.99"
    driver.press("enter")
    driver.wait_until(lambda: driver.screen == "done", "the completed sale")
    body = next(body for body in sale.bodies() if isinstance(body, SaleCompleted))
    assert [payment.amount_minor for payment in body.payments] == [1000, 999]


def test_a_card_payment_shows_the_terminals_own_words_and_completes(opened, terminal):
    till = opened(terminal=terminal.url).sign_in().open_shift()
    driver = till.driver
    driver.scan(shop.MILK)
    driver.press("f12")
    driver.press("f8")
    assert "terminal" in driver.texts()
    driver.wait_until(lambda: driver.screen == "done", "the card payment")
    assert any(isinstance(body, CardAnswered) for body in till.bodies())


def test_an_article_scanned_while_paying_goes_back_to_the_sale(sale):
    driver = sale.driver
    driver.scan(shop.MILK)
    driver.press("f12")
    driver.scan(shop.BREAD)
    assert driver.screen == "sale"
    assert driver.texts()["total"] == "€4.78"


def test_a_receipt_that_was_not_printed_is_told_and_found_in_the_messages(opened, tmp_path):
    """Fault 49: the sale stays; the printer that is off is told, the paper waits in the message centre."""
    till = opened(printer="escpos+tcp://127.0.0.1:9?profile=generic-80").sign_in().open_shift()
    driver = till.driver
    driver.scan(shop.MILK)
    driver.press("f12")
    driver.press("enter")
    driver.wait_until(lambda: driver.screen == "done", "the completed sale")
    driver.wait_until(lambda: till.screens.done.state.print_state == "failed", "the printer's failure")
    driver.press("enter")
    driver.press("f7")
    driver.wait_until(lambda: any(name.startswith("print:") for name in driver.texts()), "the waiting paper")


def test_taking_an_order_asks_first_and_its_rest_is_paid(sale):
    driver = sale.driver
    driver.press("f3")
    driver.wait_until(lambda: "order:SO-1" in driver.texts(), "the orders")
    driver.tap("order:SO-1")
    assert "Käse book" in driver.texts()["order_line:1"]
    driver.tap("take")
    driver.wait_until(lambda: "question" in driver.texts(), "the question")
    driver.tap("yes")
    driver.wait_until(lambda: driver.screen == "sale", "the taken order")
    texts = driver.texts()
    assert "SO-1" in texts["order"]
    driver.press("f12")
    assert driver.texts()["due"] == "€20.00"


def test_orders_are_searched_and_filtered(sale):
    driver = sale.driver
    driver.press("f3")
    driver.wait_until(lambda: "order:SO-2" in driver.texts(), "the orders")
    driver.tap("search_text")
    driver.type("muster")
    driver.wait_until(lambda: "order:SO-1" not in driver.texts(), "the search")
    assert "order:SO-2" in driver.texts()
    driver.press("escape")
    assert driver.screen == "sale"


def test_cash_is_moved_with_a_reason(sale):
    driver = sale.driver
    driver.press("f10")
    driver.tap("menu:cash")
    driver.tap("kind:cash_out")
    driver.tap("reason:1")
    for key in ("1", "2", ".", "5"):
        driver.tap(f"key:{key}")
    driver.tap("book")
    sale.settle()
    move = next(body for body in sale.bodies() if isinstance(body, CashMoved))
    assert (move.kind, move.amount_minor, bool(move.reason)) == ("cash_out", 1250, True)


def test_closing_shows_the_difference_asks_and_shows_the_z_figures(sale):
    driver = sale.driver
    driver.scan(shop.MILK)
    driver.press("f12")
    driver.press("enter")
    driver.wait_until(lambda: driver.screen == "done", "the completed sale")
    driver.press("enter")
    driver.press("f10")
    driver.press("f6")
    for key in ("1", "0", "0"):
        driver.tap(f"key:{key}")
    assert driver.texts()["counted"] == "€100.00"
    driver.wait_until(lambda: not driver.find("close_shift").disabled, "the checklist")
    driver.tap("close_shift")
    driver.wait_until(lambda: "question" in driver.texts(), "the question")
    driver.tap("yes")
    driver.wait_until(lambda: "figure:1" in driver.texts(), "the report")
    closed = next(body for body in sale.bodies() if isinstance(body, ShiftClosed))
    assert (closed.expected_minor, closed.counted_minor, closed.difference_minor) == (10129, 10000, -129)
    assert driver.texts()["difference"].replace("−", "-") == "-€1.29"
    driver.press("escape")
    assert driver.screen == "sign_in"


def test_counting_coins_and_notes_adds_up(sale):
    driver = sale.driver
    driver.press("f10")
    driver.press("f6")
    driver.wait_until(lambda: any(name.startswith("denomination:") for name in driver.texts()), "coins and notes")
    first = next(name for name in driver.texts() if name.startswith("denomination:"))
    value_minor = int(first.removeprefix("denomination:"))
    driver.tap(first)
    driver.tap("key:3")
    assert sale.screens.close_shift.state.counted_minor == 3 * value_minor


def test_locking_keeps_the_basket_and_the_pin_unlocks(sale):
    driver = sale.driver
    driver.scan(shop.MILK)
    driver.press("f9")
    assert driver.screen == "lock"
    driver.scan(shop.BREAD)
    assert driver.screen == "lock"
    for digit in "1111":
        driver.tap(f"key:{digit}")
    driver.tap("unlock")
    driver.wait_until(lambda: driver.screen == "sale", "the unlocked till")
    assert driver.texts()["total"] == "€1.29"


def test_signing_out_leads_to_the_names(sale):
    sale.driver.press("f10")
    sale.driver.press("f11")
    sale.driver.wait_until(lambda: sale.driver.screen == "sign_in", "the names")


def test_a_till_that_is_not_enrolled_says_so_and_starts_when_it_is(opened, tmp_path):
    from sample_shop import make_sample

    folder = tmp_path / "new"
    folder.mkdir()
    till = opened(folder)
    assert till.driver.screen == "setup"
    assert "enrol" in till.driver.texts()["command"]
    make_sample(folder)
    till.driver.tap("retry")
    assert till.driver.screen == "sign_in"


def test_a_till_without_articles_says_what_is_missing(opened, tmp_path):
    from sample_shop import make_sample

    folder = tmp_path / "bare"
    make_sample(folder)
    for name in ("mirror.db", "mirror.db-wal", "mirror.db-shm"):
        (folder / name).unlink(missing_ok=True)
    till = opened(folder)
    assert till.driver.screen == "sign_in"
    assert till.driver.texts()["hint"]


def test_a_fault_of_ours_is_said_and_the_till_goes_on(opened, monkeypatch, caplog):
    """The window's loop hands what a callback raises to the manager; PASS keeps the loop going."""
    from kivy.base import ExceptionManager

    till = opened()
    monkeypatch.setattr(till.screens.sign_in, "choose", lambda _number: 1 / 0)
    with pytest.raises(ZeroDivisionError) as fault:
        till.driver.tap("cashier:1")
    assert ExceptionManager.handle_exception(fault.value) == ExceptionManager.PASS
    assert "ZeroDivisionError" in till.driver.texts()["message"]
    assert "ZeroDivisionError" in caplog.text


def test_a_till_that_is_not_set_up_yet_keeps_its_clock(opened, tmp_path):
    """What raises in the window's second hand stops it for good: no lock, no bar once the till is set up."""
    (tmp_path / "bare").mkdir()
    till = opened(tmp_path / "bare")
    assert till.driver.screen == "setup"
    for _ in range(3):
        till.driver.app._tick(1.0)
