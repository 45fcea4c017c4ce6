"""The fiscal unit in the sale: what it signs, what a crash and a cancelled basket leave, and what its outage costs."""

import time

import apsw
import pytest
import sample_till as shop
from emulated import Emulated
from sample_till import Port

from hardware import connect
from hardware.emulators.fiscal import MODES, FiscalEmulator, Options
from schema.device import JOURNAL
from schema.events import FiscalOutage, SaleCompleted
from till.paying.fiscal import SIGN_MS


@pytest.fixture
def unit(tmp_path):
    """A unit over real sockets that fails on demand."""
    emulated = Emulated(FiscalEmulator(tmp_path / "unit", Options(port=0)))
    emulated.url = f"fiscal+tcp://127.0.0.1:{emulated.port}?deadline=1"
    yield emulated
    emulated.stop()


@pytest.fixture
def signed(folder, tmp_path):
    """A till with a unit in software."""
    till = Port(folder, fiscal=f"software://{tmp_path / 'signatures'}").morning()
    yield till
    till.close()


def sell(till, code=shop.MILK):
    till.ok("scan", code=code)
    till.ok("pay", tender="cash")
    return last_sale(till)


def last_sale(till):
    return [body for body in till.bodies() if isinstance(body, SaleCompleted)][-1]


def outages(till):
    till.till.desk.parts.fiscal.flush()  # its own thread writes them down, behind the sale
    return [body for body in till.bodies() if isinstance(body, FiscalOutage)]


def open_transactions(till):
    assert till.till.desk.parts.fiscal.flush()
    return unit_of(till).status().open_transactions


def unit_of(till):
    return till.till.desk.parts.fiscal._unit


def test_a_sale_carries_what_the_unit_signed(signed):
    facts = sell(signed).fiscal
    assert facts.signature
    assert facts.outage == ""
    assert facts.process_data == "Beleg^0.00_1.29_0.00_0.00_0.00^1.29:Bar"
    assert facts.started_ms <= facts.finished_ms
    assert not facts.certified
    assert open_transactions(signed) == ()


def test_the_transaction_begins_with_the_first_line_and_counts_on(signed):
    signed.ok("scan", code=shop.MILK)
    begun = open_transactions(signed)
    assert [each.transaction for each in begun] == [1]
    signed.ok("scan", code=shop.BREAD)
    assert open_transactions(signed) == begun
    signed.ok("pay", tender="cash")
    second = sell(signed)
    assert second.fiscal.transaction == 2
    assert second.fiscal.signature_counter == 4


def test_the_stores_setting_alone_switches_the_unit_on(folder):
    shop.change_settings(folder, fiscal="software")
    till = Port(folder).morning()
    assert sell(till).fiscal.signature
    assert (folder / "fiscal" / "unit.db").exists()
    till.close()


def test_without_a_unit_nothing_is_said_of_one(port):
    port.morning()
    assert sell(port).fiscal is None
    assert outages(port) == []


def test_a_cancelled_basket_closes_its_transaction(signed):
    signed.ok("scan", code=shop.MILK)
    signed.ok("cancel")
    assert open_transactions(signed) == ()
    assert sell(signed).fiscal.transaction == 2


def test_a_parked_basket_keeps_its_transaction(signed):
    signed.ok("scan", code=shop.MILK)
    signed.ok("park", title="Blue coat")
    assert [each.transaction for each in open_transactions(signed)] == [1]
    assert sell(signed).fiscal.transaction == 2


def test_what_belongs_to_no_basket_any_more_is_closed_at_the_start(folder, tmp_path):
    """A till that stopped between cancelling a basket and telling the unit leaves a transaction that nobody needs."""
    address = f"software://{tmp_path / 'signatures'}"
    till = Port(folder, fiscal=address).morning()
    till.ok("scan", code=shop.MILK)
    till.ok("park", title="Blue coat")
    till.ok("scan", code=shop.BREAD)
    assert len(open_transactions(till)) == 2
    till.till.desk.parts.journal.change(("DELETE FROM draft WHERE slot = 'current'", ()))
    till.close()
    till = Port(folder, fiscal=address)
    assert [each.transaction for each in open_transactions(till)] == [1]
    till.close()


def test_a_saved_basket_finds_its_transaction_again_after_a_crash(folder, tmp_path):
    """Fault 12: a till that is killed with a basket in hand goes on with the transaction that it had begun."""
    address = f"software://{tmp_path / 'signatures'}"
    first = shop.Process(folder, fiscal=address)
    first.ok("sign_in", cashier="1", pin="1111")
    first.ok("open_shift", float=0)
    first.ok("scan", code=shop.MILK)
    reader = apsw.Connection(str(folder / JOURNAL), flags=apsw.SQLITE_OPEN_READONLY)
    wait_until(lambda: list(reader.execute("SELECT * FROM fiscal_open")))
    first.kill()
    watch = connect.fiscal(address)
    assert [each.transaction for each in watch.status().open_transactions] == [1]
    till = Port(folder, fiscal=address)
    till.ok("sign_in", cashier="1", pin="1111")
    till.ok("pay", tender="cash")
    assert last_sale(till).fiscal.transaction == 1
    assert watch.status().open_transactions == ()
    till.close()


def wait_until(holds):
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("mode", sorted(set(MODES) - {"ok"}))
def test_a_unit_that_is_out_never_stops_a_sale(folder, unit, mode):
    till = Port(folder, fiscal=unit.url).morning()
    assert sell(till).fiscal.signature
    unit.control("/mode", mode=mode)
    till.ok("scan", code=shop.MILK)
    begun = time.monotonic()
    till.ok("pay", tender="cash")
    assert time.monotonic() - begun < SIGN_MS / 1000 + 0.4
    sale = last_sale(till)
    assert sale.fiscal.outage
    assert sale.fiscal.signature == ""
    [outage] = outages(till)
    assert outage.cause
    assert outage.code.startswith("fiscal_")
    assert outage.ended_ms == 0
    till.close()


def test_an_outage_is_told_once_waited_for_once_and_ends_by_itself(folder, unit):
    till = Port(folder, fiscal=unit.url).morning()
    unit.control("/mode", mode="mute")
    sell(till)
    begun = time.monotonic()
    sell(till)
    assert time.monotonic() - begun < 0.4  # nobody waits twice for a unit that is known to be out
    assert len(outages(till)) == 1
    till.screens.messages.enter()
    assert any("fiscal unit" in notice for notice in till.screens.messages.state.notices)
    till.screens.close_shift.enter()
    assert any("fiscal unit" in point for point in till.screens.close_shift.state.open_points)
    unit.control("/mode", mode="ok")
    assert till.till.desk.parts.fiscal.flush(10)
    till.ok("scan", code=shop.MILK)
    assert till.till.desk.parts.fiscal.flush(10)
    till.ok("pay", tender="cash")
    assert last_sale(till).fiscal.signature
    first, second = outages(till)
    assert second.started_ms == first.started_ms
    assert second.ended_ms >= first.started_ms
    till.close()


@pytest.mark.parametrize(("mode", "told"), [("mute", "nicht rechtzeitig"), ("gone", "nicht erreichbar")])
def test_an_outage_is_told_in_the_screens_language_alone(folder, unit, mode, told):
    address = unit.url if mode == "mute" else "fiscal+tcp://127.0.0.1:9?deadline=1"
    till = Port(folder, fiscal=address, language="de").morning()
    if mode == "mute":
        unit.control("/mode", mode="mute")
    sell(till)
    till.screens.messages.enter()
    (notice,) = till.screens.messages.state.notices
    assert told in notice
    assert "fiscal unit" not in notice
    till.close()


@pytest.mark.parametrize(
    ("language", "why"),
    [
        ("en", "The fiscal unit broke the connection."),
        ("de", "Die Sicherheitseinrichtung hat die Verbindung beendet."),
        ("nl", "De fiscale eenheid heeft de verbinding verbroken."),
    ],
)
def test_why_the_unit_is_out_is_said_in_the_tills_language_also_after_a_restart(folder, unit, language, why):
    till = Port(folder, fiscal=unit.url, language=language).morning()
    unit.control("/mode", mode="drop")
    sell(till)
    assert why in told_of_the_unit(till)
    assert outages(till)[0].cause.startswith("The fiscal unit broke the connection.")  # what is kept is evidence
    till.close()
    till = Port(folder, fiscal=unit.url, language=language)
    till.ok("sign_in", cashier="1", pin="1111")
    assert why in told_of_the_unit(till)
    till.close()


def told_of_the_unit(till):
    till.screens.messages.enter()
    return till.screens.messages.state.notices[0]


def test_an_outage_outlives_a_restart_and_is_not_told_anew(folder, unit):
    till = Port(folder, fiscal=unit.url).morning()
    unit.control("/mode", mode="fail")
    sell(till)
    till.close()
    till = Port(folder, fiscal=unit.url)
    till.ok("sign_in", cashier="1", pin="1111")
    sell(till)
    assert len(outages(till)) == 1
    till.close()


def test_a_tax_rate_without_a_place_is_an_outage_in_words(folder, tmp_path):
    till = Port(folder, fiscal=f"software://{tmp_path / 'signatures'}").morning()
    from datetime import date
    from decimal import Decimal

    from schema.tax import TaxRate

    rate = TaxRate(code="reduced", country="DE", percent=Decimal("6.66"), valid_from=date(2020, 1, 1))
    shop.change_row(folder, "UPDATE setting SET body = ? WHERE kind = 'tax_rate' AND key LIKE '%reduced%'", rate)
    assert "6.66" in sell(till).fiscal.outage
    till.close()


def test_a_void_is_signed_as_one(folder, tmp_path):
    till = Port(folder, fiscal=f"software://{tmp_path / 'signatures'}")
    till.morning(cashier="9")
    receipt = sell(till).receipt
    till.ok("void", receipt=receipt, reason="mistake")
    sale = last_sale(till)
    if sale.voids is None:
        till.ok("pay", tender="cash")
        sale = last_sale(till)
    assert sale.fiscal.process_data.startswith("AVBelegstorno^0.00_-1.29_")
    till.close()


def test_the_setting_is_refused_where_no_driver_knows_the_address(folder):
    till = Port(folder, fiscal="nonsense://1")
    assert till.till.desk.trouble.code == "bad_device_url"
    till.close()


@pytest.fixture(autouse=True)
def _ended():
    yield
    for process in shop.Process.running:
        if process._process.poll() is None:
            process.kill()
    shop.Process.running.clear()
