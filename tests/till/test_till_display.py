"""The customer's display follows the sale, in the store's language, and never holds anything up."""

import json
import socket
import time
import urllib.request

import pytest
import sample_till as shop
from sample_till import Port

from hardware.ports import DisplayState
from till.display import Follow, display_state
from till.runner import DirectRunner


def free_port():
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return line.getsockname()[1]


@pytest.fixture
def shown(folder):
    """A till with a page for its customer."""
    number = free_port()
    till = Port(folder, display=f"page://127.0.0.1:{number}", language="de")
    till.till.start_devices(till.screens, DirectRunner())
    till.page = f"http://127.0.0.1:{number}"
    yield till
    till.close()


def read(till):
    with urllib.request.urlopen(f"{till.page}/state?after=-1", timeout=5) as reply:
        return json.loads(reply.read())


def test_the_customer_sees_the_basket_the_total_and_the_change(shown):
    assert display_state(shown.till.desk).note == "Diese Kasse ist geschlossen"
    shown.morning()
    assert display_state(shown.till.desk).note == "Willkommen"
    shown.ok("scan", code=shop.MILK)
    shown.ok("scan", code=shop.BREAD)
    state = display_state(shown.till.desk)
    assert [line.text for line in state.lines] == ["Milk 1 l", "Bread"]
    assert state.sums[-1] == ("Summe", "4,78\u00a0€")
    assert "4,78" in json.dumps(read(shown), ensure_ascii=False)
    shown.ok("pay", tender="cash", amount=500)
    state = display_state(shown.till.desk)
    assert state.sums == (("Summe", "4,78\u00a0€"), ("Gegeben", "5,00\u00a0€"), ("Rückgeld", "0,22\u00a0€"))
    assert "0,22" in json.dumps(read(shown), ensure_ascii=False)


def test_a_part_payment_shows_what_is_still_due(shown):
    shown.morning()
    shown.ok("scan", code=shop.BREAD)
    shown.ok("pay", tender="cash", amount=100)
    assert display_state(shown.till.desk).sums[-1] == ("Noch offen", "2,49\u00a0€")


def test_the_stores_link_to_the_receipt_is_shown_as_a_code(folder):
    from msgspec.structs import replace

    design = replace(shop.SETTINGS.design, link="https://receipts.example/{receipt}")
    shop.change_settings(folder, design=design)
    till = Port(folder).morning()
    till.ok("scan", code=shop.MILK)
    till.ok("pay", tender="cash")
    assert display_state(till.till.desk).qr == "https://receipts.example/0007-2-000001"
    till.close()


def test_a_display_that_cannot_be_used_costs_a_message_and_no_sale(folder):
    till = Port(folder, display="line+serial:///dev/nothing-here")
    till.till.start_devices(till.screens, DirectRunner())
    till.morning()
    till.ok("scan", code=shop.MILK)
    till.ok("pay", tender="cash")
    till.close()


def test_a_fault_of_the_display_never_reaches_the_scan(port):
    class Broken:
        """A display whose driver has a fault: the port's own shape, from outside our code."""

        def show_sale(self, state: DisplayState) -> None:
            raise RuntimeError("no")

    port.morning()
    port.till.desk.on_sale = Follow(port.till.desk, Broken())
    port.ok("scan", code=shop.MILK)
    port.ok("pay", tender="cash")


def test_following_a_long_basket_costs_a_scan_little(port):
    port.morning()
    for _ in range(40):
        port.ok("scan", code=shop.MILK)
        port.ok("scan", code=shop.BOOK)
    begun = time.thread_time()
    for _ in range(20):
        display_state(port.till.desk)
    assert (time.thread_time() - begun) / 20 < 0.010


def test_a_change_of_the_settings_starts_the_display_anew(shown):
    number = free_port()
    from msgspec.structs import replace

    shown.till.set_up(replace(shown.till.config, display=f"page://127.0.0.1:{number}"))
    with pytest.raises(OSError):
        read(shown)
    shown.page = f"http://127.0.0.1:{number}"
    assert read(shown)
