"""The screens without a window: what they show and what each touch does."""

import queue
import threading
import time
from decimal import Decimal

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sample_till import APPLES, BOOK, BREAD, MILK, PAGES, SETTINGS, Port, make_folder

from schema.catalogue import QuickKey, QuickKeyPage
from schema.device import base64_text, load_device, public_bytes, save_device
from schema.errors import Refused
from schema.money import parse_amount
from till.journal.verify import check_folder
from till.keypad import amount_so_far, typed
from till.runner import ThreadRunner
from till.selling.quick_keys import KEYS_PER_PAGE, key_pages


def press(presenter, keys):
    for key in keys:
        presenter.key({"×": "times", "⏎": "enter", "←": "back"}.get(key, key))


def test_three_times_a_scan(port):
    port.morning()
    sale = port.screens.sale
    press(sale, "3×")
    assert sale.state.keypad == "3 × "
    sale.scan(MILK)
    assert (sale.state.lines[0].quantity, sale.state.keypad) == ("3", "")
    sale.scan(MILK)
    assert sale.state.lines[0].quantity == "4"


def test_keypad_weight_and_article_number(port):
    port.morning()
    sale = port.screens.sale
    press(sale, "0.35×")
    sale.scan(APPLES)
    assert sale.state.lines[0].quantity == "0.35 kg"
    press(sale, "2×")
    press(sale, BREAD)
    assert sale.state.keypad == "2 × " + BREAD[: 14 - 4]


def test_enter_looks_up_a_typed_barcode(port):
    port.morning()
    press(port.screens.sale, BREAD)
    press(port.screens.sale, "⏎")
    assert port.screens.sale.state.lines[0].name == "Bread"


def test_quantity_goes_to_the_selected_line_or_the_last(port):
    port.morning()
    sale = port.screens.sale
    sale.scan(MILK)
    sale.scan(BOOK)
    press(sale, "5")
    sale.quantity_from_keypad()
    assert [line.quantity for line in sale.state.lines] == ["1", "5"]
    sale.select(0)
    press(sale, "2")
    sale.quantity_from_keypad()
    assert [line.quantity for line in sale.state.lines] == ["2", "5"]


def test_an_unknown_barcode_stays_on_the_screen(port):
    """Screens: it answers with a sound (an error message) and a line that says what was read; it never vanishes."""
    port.morning()
    sale = port.screens.sale
    sale.scan(MILK)
    sale.scan("2000000000015")
    assert port.stage.said[-1].kind == "error"
    assert sale.state.notice.kind == "unknown"
    assert "2000000000015" in sale.state.notice.text
    sale.search("bread")
    assert "2000000000015" in sale.state.notice.text
    assert [line.name for line in sale.state.lines] == ["Milk 1 l"]


def test_quick_keys_sell_and_leave_out_what_is_blocked(port):
    port.morning()
    sale = port.screens.sale
    sale.enter()
    assert sale.state.pages == ("Daily",)
    assert [(key.label, key.price_text) for key in sale.state.keys] == [("Milk 1 l", "€1.29")]
    sale.quick_key(0)
    sale.quick_key(5)
    assert [line.article for line in sale.state.lines] == ["A1"]


@given(st.lists(st.integers(0, 90), max_size=5))
def test_every_quick_key_is_on_exactly_one_page(sizes):
    pages = [
        QuickKeyPage(name=f"P{index}", position=index, keys=tuple(QuickKey(article=str(key)) for key in range(size)))
        for index, size in enumerate(sizes)
    ]
    cut = key_pages(pages)
    assert [key for page in cut for key in page.keys] == [key for page in pages for key in page.keys]
    assert all(len(page.keys) <= KEYS_PER_PAGE for page in cut)
    assert len({page.name for page in cut}) == len(cut)
    assert PAGES[0].name == "Daily"


@given(st.lists(st.sampled_from(["0", "1", "7", "00", ".", "back", "clear", "times", "enter", "x", ""]), max_size=30))
def test_keys_never_make_an_entry_that_breaks(keys):
    """Whatever is touched, the entry stays short and what it comes to can be shown while typing."""
    entry = ""
    for key in keys:
        entry = typed(entry, key)
        assert len(entry) <= 14
        assert entry.count(".") <= 1
        try:
            assert amount_so_far(entry, "EUR") >= 0
        except Refused:
            # Too long to be an amount at all; then reading it in earnest is refused as well.
            with pytest.raises(Refused):
                parse_amount(entry, "EUR")


def test_typed_cash_and_quick_amounts(port):
    port.morning()
    port.screens.sale.scan(BOOK)
    port.screens.sale.pay()
    pay = port.screens.pay
    assert [quick.text for quick in pay.state.quick_amounts] == ["€19.99", "€20.00", "€50.00", "€100.00", "€200.00"]
    press(pay, "25")
    assert pay.state.entry_minor == 2500
    press(pay, "⏎")
    assert port.stage.screen == "done"
    assert port.screens.done.state.change_text == "€5.01"
    port.screens.done.scan(MILK)
    assert port.stage.screen == "sale"
    assert port.screens.sale.state.total_text == "€1.29"


def test_part_cash_can_be_given_back(port):
    port.morning()
    port.screens.sale.scan(BOOK)
    port.screens.sale.pay()
    port.screens.pay.cash(1000)
    assert port.screens.pay.state.due_minor == 999
    port.screens.pay.take_back(0)
    assert port.screens.pay.state.due_minor == 1999
    port.ok("cancel")


def test_cancel_asks_first_and_leaves_a_trace(port):
    port.morning()
    sale = port.screens.sale
    sale.scan(BOOK)
    sale.ask_cancel()
    assert "€19.99" in sale.state.question
    sale.keep()
    assert sale.state.question == ""
    sale.cancel()
    assert sale.state.lines == ()
    assert (port.bodies()[-1].total_minor, port.bodies()[-1].lines) == (1999, 1)


def test_signing_in_by_touch(port):
    sign_in = port.screens.sign_in
    assert [each.name for each in sign_in.state.cashiers] == ["Alex Example", "Sam Sample", "Robin Example"]
    sign_in.choose("2")
    press(sign_in, "22")
    assert sign_in.state.pin_length == 2
    press(sign_in, "22⏎")
    assert port.stage.screen == "open_shift"
    press(port.screens.open_shift, "100.5")
    assert port.screens.open_shift.state.float_text == "€100.50"
    assert "€100.50" in port.screens.open_shift.state.difference_text
    press(port.screens.open_shift, "⏎")
    assert port.stage.screen == "sale"
    assert port.bodies()[-1].float_minor == 10050


def test_a_colleague_takes_over_the_basket(port):
    """Domain §3: a colleague can take a till over without losing what is in hand."""
    port.morning()
    port.ok("scan", code=BOOK)
    port.ok("sign_out")
    port.refused("not_signed_in", "pay")
    assert port.ok("sign_in", cashier="2", pin="2222")["basket"]["due"] == 1999
    port.ok("pay")
    assert port.bodies()[-1].cashier == "2"


def test_yesterdays_shift_is_told(folder):
    port = Port(folder).morning()
    journal = port.till.desk.parts.journal
    journal.position = replace(journal.position, shift=replace(journal.position.shift, business_day="2020-01-01"))
    answer = port.ok("sign_in", cashier="2", pin="2222")
    assert answer["messages"][0]["code"] == "old_shift"
    assert "1 Jan 2020" in answer["messages"][0]["message"]
    assert port.stage.screen == "close_shift"
    port.refused("old_shift", "scan", code=MILK)
    port.ok("sell_on")
    assert port.stage.screen == "sale"
    port.ok("scan", code=MILK)
    port.ok("pay")
    days = journal.rows("SELECT business_day FROM event WHERE type = 'sale.completed'")
    assert days == [("2020-01-01",)]  # fault 19, 20: the shift names the day, no clock does
    port.close()


def test_the_till_locks_itself(tmp_path):
    make_folder(tmp_path / "till", settings=replace(SETTINGS, lock_after_s=1))
    port = Port(tmp_path / "till").morning()
    lock = port.screens.lock
    lock.touched()
    lock.tick()
    assert not port.till.desk.locked
    time.sleep(1.05)
    lock.tick()
    assert port.stage.screen == "lock"
    press(lock, "1111⏎")
    assert port.stage.screen == "sale"
    port.close()


def test_counting_by_denomination(port):
    port.morning(cashier="9", float_minor=5000)
    close = port.screens.close_shift
    close.enter()
    close.count_pieces(2000, 2)
    close.count_pieces(500, 1)
    close.count_pieces(500, 2)
    assert (close.state.counted_minor, close.state.difference_minor) == (5000, 0)
    close.count_pieces(1, 3)
    assert close.state.difference_text == "€0.03"
    close.ask_close()
    assert "€50.03" in close.state.question
    close.close()
    assert close.state.closed
    assert close.state.report.z_number == 1
    close.back()
    assert port.stage.screen == "sign_in"


def test_the_checklist_names_what_is_open(port):
    port.morning()
    port.ok("scan", code=MILK)
    points = port.ok("count", total=0)["open_points"]
    assert any("basket" in point for point in points)
    assert any("waiting" in point for point in points)


def test_a_till_without_enrolment_shows_setup_and_begins_later(tmp_path):
    (tmp_path / "till").mkdir()
    port = Port(tmp_path / "till")
    setup = port.screens.setup
    assert port.stage.screen == "setup"
    assert setup.state.code == "not_enrolled"
    assert "agent enrol" in setup.state.command
    port.refused("not_enrolled", "scan", code=MILK)
    setup.retry()
    assert port.stage.screen == "setup"
    make_folder(tmp_path / "till")
    setup.retry()
    assert port.stage.screen == "sign_in"
    port.morning()
    port.close()


def test_a_shift_outlives_an_enrolment(folder):
    """Protocol §1: a new epoch has its own receipt range; the open shift is closed with everything in it."""
    port = Port(folder).morning(float_minor=1000)
    port.ok("scan", code=MILK)
    port.ok("pay")
    port.close()
    key = Ed25519PrivateKey.generate()
    device = replace(load_device(folder), epoch=2, public_key=base64_text(public_bytes(key)))
    save_device(folder, device, key)
    port = Port(folder)
    port.ok("sign_in", cashier="9", pin="9999")
    port.ok("scan", code=MILK)
    assert port.ok("pay")["receipt"] == "0007-2b-000001"
    closed = port.ok("close_shift", counted=1258)
    assert (closed["expected"], closed["difference"]) == (1258, 0)
    assert port.ok("z_report")["report"]["rows"] == closed["report"]["rows"]
    port.ok("open_shift", float=1258)
    port.close()
    report = check_folder(folder)
    assert report.holds
    assert [stream.epoch for stream in report.streams] == [1, 2]


def test_on_threads_the_order_is_kept_and_the_last_draft_wins(folder):
    """The window's runner: work of one lane in order, every answer on the screen's thread."""
    port = Port(folder)
    calls = queue.Queue()
    runner = ThreadRunner(calls.put)
    port.morning()
    port.till.desk.runner = runner
    here = threading.get_ident()
    seen = set()
    show = port.screens.sale.show
    port.screens.sale.show = lambda state: (seen.add(threading.get_ident()), show(state))
    for _ in range(50):
        port.screens.sale.scan(MILK)
    port.screens.sale.remove(0)
    port.screens.sale.scan(BOOK)
    deadline = time.monotonic() + 10
    journal = port.till.desk.parts.journal
    while b"A3" not in (saved := b"".join(row[0] for row in journal.rows("SELECT body FROM draft"))):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert saved.count(b'"article"') == 1
    runner.stop()
    while not calls.empty():
        calls.get()()
    assert seen == {here}
    port.close()


def test_a_fault_of_ours_reaches_the_screens_thread():
    calls = queue.Queue()
    runner = ThreadRunner(calls.put)
    runner.run(lambda: Decimal("x"), lambda _: None, lambda _: None)
    with pytest.raises(ArithmeticError):
        calls.get(timeout=5)()
    runner.stop()


def test_a_sale_under_payment_cannot_be_changed(folder):
    """Between the touch on *Pay* and the commit nothing may slip into or out of the basket."""
    port = Port(folder).morning()
    calls = queue.Queue()
    runner = ThreadRunner(calls.put)
    port.screens.sale.scan(BOOK)
    port.screens.sale.pay()
    port.till.desk.runner = runner
    port.screens.pay.cash(2000)
    port.screens.sale.scan(MILK)
    assert port.stage.said[-1].code == "payment_running"
    port.screens.pay.cash(2000)
    while port.till.desk.finished is None:
        calls.get(timeout=5)()
    runner.stop()
    assert port.types().count("SaleCompleted") == 1
    assert port.till.desk.finished.sale.total_minor == 1999
    port.close()
