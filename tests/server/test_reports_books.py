"""Control figures: journal, receipts and ledger agree to the cent, or the event in question is named."""

from datetime import date

import pytest
from msgspec.structs import replace
from pipeline_shop import DAY, KETTLE, Shop

from server.pipeline.apply import apply_some
from server.reports.books import books


@pytest.fixture
def shop(database):
    return Shop(database)


def read(shop, **chosen):
    with shop.database.read() as connection:
        return books(connection, date.fromisoformat(DAY), **chosen)


def test_a_day_with_everything_in_it_agrees(shop):
    till, other = shop.till(), shop.till("t2", "0002")
    till.deliver(
        till.row(till.opened(difference=10)),
        till.row(till.sale(KETTLE, tenders=("cash", "card"))),
        till.row(till.sale(rounding=1)),
        till.row(till.moved("skim", 300)),
        till.row(till.closed(difference=-2, expected=1)),
    )
    other.send(other.sale())
    shop.kick()
    found = read(shop)
    assert found.agrees
    assert [(figure.till_id, figure.tender, figure.journal_minor, figure.ledger_minor) for figure in found.figures] == [
        ("t1", "card", 1497, 1497),
        ("t1", "cash", 10 + 1498 + 500 - 300 - 2, 10 + 1498 + 500 - 300 - 2),
        ("t2", "cash", 499, 499),
    ]
    assert [(figure.receipts, figure.journal_minor, figure.receipts_minor) for figure in found.receipts] == [
        (2, 3495, 3495),
        (1, 499, 499),
    ]
    assert [(shift.counted_minor, shift.difference_minor, shift.is_closed) for shift in found.shifts] == [
        (-1, -2, True)
    ]
    assert found.debit_minor == found.credit_minor > 0
    assert [figure.till_id for figure in read(shop, store="0002").figures] == ["t2"]
    assert {figure.till_id for figure in read(shop, till="t1").figures} == {"t1"}


def test_an_empty_day_agrees(shop):
    assert read(shop).agrees


def reasons(shop):
    found = read(shop)
    assert not found.agrees
    return [(one.seq, one.journal_minor, one.ledger_minor, one.reason.split(":")[0]) for one in found.differences]


def test_what_is_not_applied_yet_is_named(shop):
    till = shop.till()
    till.send(till.sale())
    assert reasons(shop) == [(1, 499, 0, "not applied yet")]
    apply_some(shop.database, shop.clock)
    assert reasons(shop) == [(1, 499, 0, "a job is pending")]
    shop.kick()
    assert read(shop).agrees


def test_a_parked_event_is_named_and_its_money_still_counts_in_the_journal(shop):
    """Fault 37: totals stay right although the body is not understood."""
    till = shop.till()
    till.send(till.sale(), version=2)
    till.send(till.sale())
    shop.kick()
    assert reasons(shop) == [(1, 499, 0, "parked")]
    assert read(shop).figures[0].journal_minor == 998


def test_a_repeated_event_counts_once_a_clashing_one_is_named(shop):
    """Fault 35."""
    till, clone = shop.till(), shop.till(epoch=2)
    till.send(till.sale(), event_id="same")
    clone.deliver(clone.row(None, kind="sale.completed", event_id="same", money="cash EUR 499", data=_body(shop)))
    shop.kick()
    assert read(shop).agrees
    clone.send(till.sale(KETTLE), event_id="same")
    shop.kick()
    assert reasons(shop) == [(2, 2995, 0, "parked")]


def _body(shop):
    return bytes(shop.value("SELECT body FROM event WHERE event_id = 'same'"))


def test_a_job_that_cannot_be_posted_is_named_with_its_message(shop):
    till = shop.till()
    with shop.database.write() as connection:
        connection.run("DELETE FROM account_map WHERE purpose = 'tender:cash'")
    till.send(till.sale())
    shop.kick()
    assert reasons(shop) == [(1, 499, 0, "order NOT synced")]


def test_money_in_the_ledger_without_an_event_is_named(shop):
    with shop.database.write() as connection:
        connection.run(
            "INSERT INTO entry (id, number, kind, day, text, store, till_id, source_event, effect_no, created_ms) "
            "VALUES (1, 1, 'order-cash', ?, '', '0001', 't1', 'ghost', 1, 1)",
            (DAY,),
        )
        connection.run(
            "INSERT INTO posting (entry_id, line, account, debit_minor, tender, currency) "
            "VALUES (1, 1, '1000', 5, 'cash', 'EUR')"
        )
        connection.run(
            "INSERT INTO posting (entry_id, line, account, credit_minor, currency) VALUES (1, 2, '1410', 5, 'EUR')"
        )
        connection.run("UPDATE entry SET sealed = 1")
    assert reasons(shop) == [(0, 0, 5, "no such event")]


def test_missing_events_are_named_by_till_and_number(shop):
    """Head office notices a missing event by its gap (domain §5)."""
    till = shop.till()
    till.send(till.sale())
    shop.kick()
    with shop.database.write() as connection:
        connection.run("UPDATE stream SET head_seq = 4")
    found = read(shop)
    assert not found.agrees
    assert [(gap.till_id, gap.first_seq, gap.last_seq) for gap in found.gaps] == [("t1", 2, 4)]
    with shop.database.read() as connection:
        assert books(connection, date(2020, 1, 1)).agrees


def test_of_a_parked_event_and_its_repetition_the_parked_one_is_named(shop):
    """The repetition may have come first; it is the parked row that a person can do something about."""
    till, clone = shop.till(), shop.till(epoch=2)
    sale = till.sale()
    clone.send(sale, event_id="same", version=2)
    shop.kick()
    till.send(sale, event_id="same", version=2)
    shop.kick()
    assert reasons(shop) == [(1, 499, 0, "parked")]
    assert read(shop).figures[0].journal_minor == 499


def test_a_z_report_that_says_something_else_than_its_receipts_is_named(shop):
    till = shop.till()
    till.send(till.sale(KETTLE, tenders=("cash", "card")))
    report = till.closed(expected=1498)
    wrong = replace(report, tenders=(replace(report.tenders[0], amount_minor=1), *report.tenders[1:]))
    till.send(wrong)
    shop.kick()
    found = read(shop)
    assert not found.agrees
    assert [(one.figure, one.z_minor, one.receipts_minor) for one in found.z_figures] == [
        ("card", 1, 1497),
        ("cash", 1498, 1498),
        ("standard 19 %", 2995, 2995),
    ]
    assert read(shop, store="0002").agrees


def test_a_shift_without_a_sale_agrees(shop):
    till = shop.till()
    till.deliver(till.row(till.opened()), till.row(till.closed()))
    shop.kick()
    assert read(shop).agrees
    assert read(shop).z_figures == ()
