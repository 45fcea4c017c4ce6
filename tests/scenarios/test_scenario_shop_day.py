"""A shop's whole day in three languages, on real programs and sockets: every way of selling, every tender.

The line is cut twice, every device fails once, the till is killed once. In the evening head office's books equal the
drawer, the terminal's own end of day and the Z report. The cashier speaks through the script port: the same presenters
and rights as the screens.
"""

import json
import time
from datetime import UTC, datetime

import pytest

from rig.programs import call
from rig.shop import Shop
from schema.barcode import check_digit
from server.demo.shop import barcode

pytestmark = pytest.mark.timeout(420)
FLOAT = 200_00
# Words that only this language's receipts have.
WORDS = {
    "en": ("Total", "Cash", "Change"),
    "de": ("Summe", "Bar", "Rückgeld"),
    "nl": ("Totaal", "Contant", "Wisselgeld"),
}


@pytest.fixture(scope="module", params=sorted(WORDS))
def day(request, tmp_path_factory):
    """Play the day in one language; return it with its shop still running."""
    shop = Shop(tmp_path_factory.mktemp(f"day-{request.param}"), language=request.param, every_device=True)
    day = Day(shop)
    try:
        yield day.play()
    finally:
        day.close()
        shop.close()


def today() -> str:
    return datetime.now(UTC).astimezone().date().isoformat()


def weighed(number: str, price_minor: int) -> str:
    """Return the code that the sample shop's scale prints: article, price and its check digit, check digit."""
    from schema.barcode import measure_check_digit

    payload = f"22{number}{measure_check_digit(f'{price_minor:05d}')}{price_minor:05d}"
    return f"{payload}{check_digit(payload)}"


class Day:
    """A day from the float to the Z report. What is looked at afterwards stands in `told`."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.told: dict = {}
        self.till = shop.play()

    def close(self) -> None:
        self.till.close()

    def paper(self, name: str) -> str:
        """Return the receipt of a sale that was told, as it came out first."""
        number = self.told[name]["receipt"]
        texts = (path.read_text(encoding="utf-8") for path in sorted(self.shop.receipts.glob("*.txt")))
        return next(text for text in texts if f"[{number}]" in text)

    def play(self) -> "Day":
        self._open()
        self._morning()
        self._line_is_cut()
        self._noon()
        self._line_is_cut_again()
        self._evening()
        return self

    def _open(self) -> None:
        self.till.do("sign_in", cashier="3", pin="3333")
        self.till.do("open_shift", float=FLOAT)

    def _sell(self, article: str, quantity: str = "1", **payment) -> dict:
        self.till.do("add", article=article, quantity=quantity)
        return self.till.do("pay", **({"tender": "cash"} | payment))

    # -- morning: online

    def _morning(self) -> None:
        till, told = self.till, self.told
        till.do("scan", code=barcode(1))
        till.do("scan", code=barcode(1))
        till.do("add", article="0050", quantity="3")
        told["promotion"] = till.do("scan", code=weighed("0009", 349))["basket"]
        told["display"] = self._on_the_display("14")
        told["first"] = till.do("pay", tender="cash", amount=50_00)
        asked = till.do("scan", code=barcode(42))
        told["age"] = asked["ask"]["kind"]
        told["beer"] = till.do("answer", yes=True)["basket"]
        told["card"] = till.do("pay", tender="card")
        till.do("customer", number="C1001")
        told["friend"] = till.do("add", article="0062", options=["large", "oat"])["basket"]
        till.do("park", title="Sample lunch")
        till.do("customer", number="C1002")
        told["account"] = self._sell("0033", "4", tender="account")
        till.do("add", article="0065", price=25_00)
        told["voucher"] = till.do("pay", tender="card_manual", card_type="Visa")
        self._printer_runs_out()
        till.do("resume", parked="Sample lunch")
        till.do("pay", tender="cash", amount=1_00)
        told["split"] = till.do("pay", tender="card", tip=50)

    def _printer_runs_out(self) -> None:
        """The sale is through, the paper comes later and is no copy."""
        self.shop.control("printer", "/fault", data={"fault": "off"})
        self.told["unprinted"] = self._sell("0002", "2")
        self.shop.control("printer", "/fault", data={"fault": "none"})
        queue = self.till.do("print_queue")["print_queue"]
        assert queue, "the receipt waits"
        for job in queue:
            self.till.do("print_queue", print=job["job"])

    # -- before noon: without the line

    def _line_is_cut(self) -> None:
        shop, told = self.shop, self.told
        shop.line.cut()
        told["offline"] = self._sell("0021", "5")
        self.till.do("add", article="0046", quantity="6")
        made = self.till.do("make_order", delivery="pickup", date=today(), name="Pat Sample", pay=10_00)
        told["order"] = made["order"]
        told["deposit"] = self.till.do("pay", tender="cash")
        new = self.till.do("new_customer", name="New Sample", city="Sampletown")
        told["new_customer"] = new["number"]
        told["voucher_code"] = told["voucher"]["vouchers"][0]["code"]
        self.till.do("add", article="0044", quantity="1")
        self._answer()
        told["redeemed"] = self._pay_by_voucher(5_00)
        self._terminal_falls_silent()
        self.till.do("add", article="0003", quantity="2")
        self.till.kill()
        self.till = shop.play()
        told["after_kill"] = self.till.do("status")
        self.till.do("sign_in", cashier="1", pin="1111")
        told["restored"] = self.till.do("pay", tender="cash")
        shop.line.mend()

    def _answer(self) -> None:
        """Say that the customer is old enough where that is asked."""
        self.till.ask("answer", yes=True)

    def _pay_by_voucher(self, amount: int) -> dict:
        self.till.do("pay", tender="voucher", code=self.told["voucher_code"], amount=amount)
        return self.till.do("pay", tender="cash")

    def _terminal_falls_silent(self) -> None:
        """The terminal books and says nothing more; the till finds out by itself before the next card payment."""
        self.shop.control("terminal", "/mode", data={"mode": "drop-after-taking"})
        self.till.do("add", article="0055", quantity="1")
        self.told["silent"] = self.till.ask("pay", tender="card")
        self.shop.control("terminal", "/mode", data={"mode": "ok"})
        deadline = time.monotonic() + 60
        while not (paid := self.till.ask("pay", tender="card")).get("receipt"):
            assert time.monotonic() < deadline, paid
            time.sleep(0.5)
        self.told["recovered"] = paid

    # -- noon: online again; what comes back

    def _noon(self) -> None:
        till, told = self.till, self.told
        self.shop.wait_until_synced()
        till.do("sign_out")
        till.do("sign_in", cashier="2", pin="2222")
        told["returned"] = till.do(
            "return",
            receipt=told["first"]["receipt"],
            lines=[{"line": 1, "quantity": "1"}],
            reason="changed mind",
            condition="as new",
            refund="cash",
        )
        told["too_much"] = till.ask(
            "return", receipt=told["first"]["receipt"], lines=[{"line": 1, "quantity": "2"}], reason="defect"
        )
        told["voided"] = till.do("void", receipt=told["card"]["receipt"], reason="wrong article")
        told["voided_twice"] = till.ask("void", receipt=told["card"]["receipt"], reason="wrong article")
        till.do("reprint", receipt=told["first"]["receipt"])
        self.shop.programs["agent"].kill()
        self.shop.start_agent()

    # -- afternoon: the line is gone again

    def _line_is_cut_again(self) -> None:
        shop, till, told = self.shop, self.till, self.told
        shop.wait_until_synced()
        shop.line.cut()
        orders = till.do("open_orders", search="", status="")["orders"]
        told["orders"] = [order["order"] for order in orders]
        till.do("take_order", order=told["order"])
        told["pickup"] = till.do("pay", tender="cash", amount=100_00)
        self._fiscal_unit_fails()
        self._display_fails()
        till.do("cash_in", amount=20_00, reason="change")
        till.do("cash_out", amount=7_50, reason="purchase")
        till.do("skim", amount=50_00, reason="Sample safe")
        till.do("open_drawer", reason="change")
        shop.programs["office"].kill()
        shop.programs["office"] = shop.office.start()
        shop.line.mend()

    def _fiscal_unit_fails(self) -> None:
        self.shop.control("fiscal", "/mode", data={"mode": "mute"})
        self.told["unsigned"] = self._sell("0014")
        self.shop.control("fiscal", "/mode", data={"mode": "ok"})
        self.told["signed_again"] = self._sell("0015")

    def _on_the_display(self, amount: str) -> bool:
        """Tell whether the customer sees an amount; the display shows the newest state when it comes to it."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if amount in json.dumps(self.shop.control("display", "/state")):
                return True
            time.sleep(0.1)
        return False

    def _display_fails(self) -> None:
        self.shop.programs["display"].kill()
        self.told["without_display"] = self._sell("0023")

    # -- evening

    def _evening(self) -> None:
        till, told = self.till, self.told
        told["x"] = till.do("x_report")["report"]
        told["terminal_day"] = till.do("terminal_day")
        counted = till.do("count", total=0)
        told["expected"] = counted["expected"]
        told["closed"] = till.do("close_shift", counted=counted["expected"] - 5)
        till.close()
        self.shop.wait_until_synced()
        told["books"] = self.shop.books(today())


def line_of(basket: dict, article: str) -> dict:
    return next(line for line in basket["lines"] if line["article"] == article)


def test_prices_say_why(day):
    assert line_of(day.told["promotion"], "0050")["reason"] == "promotion"
    assert line_of(day.told["promotion"], "0050")["total"] == 2 * 499
    assert line_of(day.told["promotion"], "0009")["total"] == 349
    coffee = line_of(day.told["friend"], "0062")
    assert (coffee["reason"], coffee["total"]) == ("price_list", 200 + 80 + 50)


def test_the_customer_saw_the_sum(day):
    assert day.told["display"]


def test_a_fiscal_unit_that_is_out_is_said_on_the_receipt_and_stops_no_sale(day):
    """Fault 52."""
    texts = {name: day.paper(name) for name in ("first", "unsigned")}
    serial = day.shop.control("fiscal", "/state")["unit"]["unit_serial"]
    assert serial[:20] in texts["first"]
    assert serial[:20] not in texts["unsigned"]


def test_beer_asks_for_the_age_and_brings_its_deposit(day):
    assert day.told["age"] == "age"
    assert [line["article"] for line in day.told["beer"]["lines"]] == ["0042", "0066"]


def test_each_receipt_has_the_next_number(day):
    names = ("first", "card", "account", "voucher", "unprinted", "split", "offline", "deposit", "redeemed", "recovered")
    later = ("restored", "returned", "voided", "pickup", "unsigned", "signed_again", "without_display")
    numbers = [day.told[name]["receipt"] for name in (*names, *later)]
    assert numbers == [f"0001-{number.split('-')[1]}-{index:06d}" for index, number in enumerate(numbers, 1)]


def test_a_silent_terminal_is_asked_and_charged_once(day):
    """Fault 47, invariant I11: in the end charged = booked, also by the terminal's own end of day."""
    assert not day.told["silent"]["ok"]
    assert day.told["terminal_day"]["difference"] == 0


def test_what_may_not_come_back_is_refused(day):
    assert not day.told["too_much"]["ok"]
    assert not day.told["voided_twice"]["ok"]


def test_an_order_made_offline_is_paid_offline_with_its_deposit_counted(day):
    assert day.told["order"] in day.told["orders"]
    assert day.told["pickup"]["total"] == 6 * 249 - 10_00


def test_the_drawer_the_z_report_and_the_books_agree(day):
    """Invariants I6, I7."""
    assert day.told["closed"]["difference"] == -5
    assert day.told["books"]["agrees"], json.dumps(day.told["books"], indent=1)


def test_head_office_has_applied_everything_and_parked_nothing(day):
    status = json.loads(day.shop.office.call("sync", "status", "--json"))
    assert not any(count for states in status["queues"].values() for state, count in states.items() if state != "done")


def test_the_journal_holds(day):
    report = json.loads(call("till", "verify", "--data", str(day.shop.till), "--json"))
    assert report["holds"]


def test_receipts_speak_the_shop_s_language_and_came_out_once(day):
    texts = [path.read_text(encoding="utf-8") for path in sorted(day.shop.receipts.glob("*.txt"))]
    first = [text for text in texts if f"[{day.told['first']['receipt']}]" in text]
    assert len(first) == 2, "the receipt and its copy"
    assert all(word in first[0] for word in WORDS[day.shop.language])
    for name in ("unprinted", "offline", "restored"):
        assert sum(f"[{day.told[name]['receipt']}]" in text for text in texts) == 1
