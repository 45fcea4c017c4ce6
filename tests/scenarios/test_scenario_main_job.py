"""The main job on real processes and sockets: from scan to ledger and back, with the line cut in between.

What the cashier does goes through the script port: the same presenters and rights as the screens.
"""

import contextlib
import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rig.postgres import running_postgres
from rig.programs import call
from rig.shop import Shop

pytestmark = pytest.mark.timeout(240)
FLOAT = 20000


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def shop(request, tmp_path_factory):
    """One shop with head office on each engine; the programs are the same."""
    with contextlib.ExitStack() as stack:
        url = ""
        if request.param == "postgres":
            url = stack.enter_context(running_postgres())("postgres")
        made = Shop(tmp_path_factory.mktemp("shop"), database_url=url)
        stack.callback(made.close)
        yield made


@pytest.fixture(scope="module")
def morning(shop):
    """Play a morning: online, offline with a cold start, a pickup, a killed till and head office, back online."""
    told = {}
    till = shop.play()
    till.do("sign_in", cashier="3", pin="3333")
    told["opened"] = till.do("open_shift", float=FLOAT)
    found = till.do("search", text="bread")["articles"]
    told["article"] = found[0]["article"]
    till.do("add", article=told["article"], quantity="2")
    told["cash"] = till.do("pay", tender="cash", amount=5000)
    till.do("add", article=found[-1]["article"], quantity="1")
    told["card"] = till.do("pay", tender="card")

    shop.line.cut()
    shop.programs["agent"].kill()
    till.close()
    till = shop.play()
    till.do("sign_in", cashier="3", pin="3333")
    till.do("add", article=told["article"], quantity="3")
    told["offline"] = till.do("pay", tender="cash", amount=10000)
    orders = till.do("open_orders", search="", status="")["orders"]
    told["order"] = orders[0]
    till.do("take_order", order=orders[0]["order"])
    told["pickup"] = till.do("pay", tender="card")
    till.do("add", article=told["article"], quantity="1")
    till.kill()

    till = shop.play()
    told["after_kill"] = till.do("status")
    till.do("sign_in", cashier="3", pin="3333")
    told["restored"] = till.ask("pay", tender="cash", amount=10000)
    told["cash_out"] = till.do("cash_out", amount=1000, reason="Sample cleaning")
    till.do("cash_in", amount=500, reason="Sample coins")
    shop.programs["office"].kill()
    shop.programs["office"] = shop.office.start()
    shop.line.mend()
    shop.start_agent()
    told["closed"] = till.do("close_shift", counted=FLOAT)
    till.close()
    shop.wait_until_synced()
    told["books"] = shop.books(datetime.now(UTC).astimezone().date().isoformat())
    return told


def test_each_sale_gets_the_next_number_without_a_gap(morning):
    numbers = [morning[name]["receipt"] for name in ("cash", "card", "offline", "pickup", "restored")]
    assert numbers == [f"0001-1-{index:06d}" for index in range(1, 6)]


def test_a_killed_till_comes_back_with_its_basket(morning):
    """Fault 1."""
    assert morning["restored"]["ok"], morning["restored"]


def test_the_journal_holds_and_says_so_from_outside(shop, morning):
    report = json.loads(call("till", "verify", "--data", str(shop.till), "--json"))
    assert report["holds"]
    assert sum(stream["rows"] for stream in report["streams"]) > 10


def test_the_books_agree_to_the_cent(morning):
    """Invariants I6, I7."""
    assert morning["books"]["agrees"], morning["books"]


def test_head_office_has_applied_everything_and_parked_nothing(shop, morning):
    status = json.loads(shop.office.call("sync", "status", "--json"))
    assert not any(count for states in status["queues"].values() for state, count in states.items() if state != "done")


def test_the_terminal_charged_what_was_booked(shop, morning):
    """Fault 47, invariant I11: in the end charged = booked."""
    booked = sum(
        part["amount"] for name in ("card", "pickup") for part in morning[name]["payments"] if part["tender"] == "card"
    )
    assert shop.control("terminal", "/charges")["charged_minor"] == booked


def test_every_receipt_came_out_of_the_printer_readable(shop, morning):
    texts = [path.read_text(encoding="utf-8") for path in sorted(Path(shop.receipts).glob("*.txt"))]
    for name in ("cash", "card", "offline", "pickup", "restored"):
        # The bar code of its number is only on the receipt itself; the Z report names numbers too.
        assert sum(f"[{morning[name]['receipt']}]" in text for text in texts) == 1
    assert any("€" in text for text in texts)


def test_the_order_came_back_as_paid(shop, morning):
    """The open order leaves the till's list as soon as the feed says that it is paid and handed over."""
    till = shop.play()
    try:
        till.do("sign_in", cashier="3", pin="3333")
        deadline = time.monotonic() + 40
        while left := till.do("open_orders", search=morning["order"]["order"], status="")["orders"]:
            assert time.monotonic() < deadline, left
            time.sleep(0.3)
    finally:
        till.close()


def test_sync_once_lets_the_running_agent_do_it(shop, morning):
    """A person or a script asks for a sync while the agent runs: nothing is fenced, nothing is sent twice."""
    till = shop.play()
    try:
        till.do("sign_in", cashier="3", pin="3333")
        till.do("open_shift", float=0)
        till.do("close_shift", counted=0)
    finally:
        till.close()
    synced = json.loads(call("agent", "sync-once", "--data", str(shop.till), "--json"))
    assert synced["hold"] is None
    assert shop.agent_status()["waiting"] == 0
