"""What tills tell beside their sales: quick keys, a terminal's end of day, age checks, outages, drawers."""

from datetime import date

import pytest
from pipeline_shop import DAY, KETTLE, START_MS, Shop, fed, matters

from schema.catalogue import QuickKey, QuickKeyPage
from schema.events import AgeChecked, DrawerFault, FiscalOutage, QuickKeysChanged, TerminalClosed
from server.catalogue.store_rows import put_quick_keys
from server.listing import Filter, ListRequest
from server.pipeline import lists
from server.reports.books import books


@pytest.fixture
def shop(database):
    return Shop(database)


def test_keys_edited_at_a_till_are_those_of_its_store(shop):
    with shop.database.write() as connection:
        pages = [QuickKeyPage(name=name, position=place) for place, name in enumerate(("Drinks", "Food"))]
        put_quick_keys(connection, "0001", pages)
    till = shop.till()
    till.send(QuickKeysChanged(cashier="7", name="Food", position=3, keys=(("100", "Cup"), ("200", ""))))
    shop.kick()
    keys = (QuickKey(article="100", label="Cup"), QuickKey(article="200"))
    assert fed(shop, "quick_keys", "Food", QuickKeyPage, "0001") == QuickKeyPage(name="Food", position=3, keys=keys)
    assert fed(shop, "quick_keys", "Drinks", QuickKeyPage, "0001") is not None
    assert fed(shop, "quick_keys", "Food", QuickKeyPage, "0002") is None
    till.send(QuickKeysChanged(cashier="7", name="Drinks", position=0, keys=()))
    shop.kick()
    assert fed(shop, "quick_keys", "Drinks", QuickKeyPage, "0001") is None
    assert shop.rows("SELECT name FROM quick_keys WHERE store = '0001'") == [("Food",)]


def closed(total, expected, terminal="zvt"):
    return TerminalClosed(
        shift_id="S1-t1",
        cashier="7",
        terminal=terminal,
        currency="EUR",
        total_minor=total,
        count=1,
        expected_minor=expected,
    )


def read_books(shop):
    with shop.database.read() as connection:
        return books(connection, date.fromisoformat(DAY))


def test_a_terminals_end_of_day_is_held_against_the_receipts_since_the_last(shop):
    till = shop.till()
    sale = till.sale(KETTLE, tenders=("card",))
    till.deliver(
        till.row(sale),
        till.row(till.sale(KETTLE, tenders=("card_manual",))),
        till.row(closed(2995, 2995)),
        till.row(till.void(sale)),
        till.row(closed(-2995, -2995)),
    )
    shop.kick()
    found = read_books(shop)
    assert found.agrees
    assert [(one.terminal_minor, one.till_minor, one.receipts_minor) for one in found.terminals] == [
        (2995, 2995, 2995),
        (-2995, -2995, -2995),
    ]
    assert matters(shop) == []


def test_a_terminal_that_took_something_else_is_a_matter_and_the_books_say_so(shop):
    till = shop.till()
    till.deliver(till.row(till.sale(KETTLE, tenders=("card",))), till.row(closed(3000, 2995)))
    shop.kick()
    assert matters(shop) == [("terminal difference", "zvt", 5)]
    with shop.database.read() as connection:
        page = lists.terminal_closes(connection, ListRequest(search="zvt"))
    assert [(row["till_id"], row["difference_minor"]) for row in page.rows] == [("t1", 5)]
    assert page.sums == {"EUR": {"total_minor": 3000, "difference_minor": 5}}
    assert not read_books(shop).agrees


def test_notes_are_kept_for_reports(shop):
    till = shop.till()
    till.send(AgeChecked(sale_id="s", cashier="7", article="100", age_min=18, passed=False))
    till.send(FiscalOutage(unit="unit-1", started_ms=START_MS, ended_ms=0, cause="no answer"))
    till.send(FiscalOutage(unit="unit-1", started_ms=START_MS, ended_ms=START_MS + 60_000, cause="no answer"))
    till.send(DrawerFault(cashier="7", text="stands open"))
    shop.kick()
    assert shop.rows("SELECT kind, subject, detail, store, day FROM till_note ORDER BY at_ms") == [
        ("age check", "100", "18: refused", "0001", DAY),
        ("fiscal outage", "unit-1", "2026-03-02T08:00:00.000Z to now: no answer", "0001", DAY),
        ("fiscal outage", "unit-1", "2026-03-02T08:00:00.000Z to 2026-03-02T08:01:00.000Z: no answer", "0001", DAY),
        ("drawer fault", "7", "stands open", "0001", DAY),
    ]
    with shop.database.read() as connection:
        page = lists.notes(connection, ListRequest(filters=(Filter(column="kind", value="age check"),)))
    assert [(row["till_id"], row["subject"]) for row in page.rows] == [("t1", "100")]


def test_a_time_that_is_none_does_not_hold_up_the_stream(shop):
    """Fault 38."""
    till = shop.till()
    till.send(FiscalOutage(unit="unit-1", started_ms=10**17, ended_ms=0, cause="x"))
    till.send(till.sale())
    assert shop.kick().is_idle
    assert shop.value("SELECT count(*) FROM receipt") == 1
