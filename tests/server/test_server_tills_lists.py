"""What the office sees of stores and tills, and of the ledger's accounts."""

import pytest
from pipeline_shop import COFFEE, KETTLE, Shop

from server.accounting.ledger import account, entries, entry, sheet, trial_balance
from server.listing import ListRequest
from server.tills.lists import stores, till, till_names, tills


@pytest.fixture
def shop(database):
    return Shop(database)


def test_a_till_shows_what_it_holds_back_what_waits_and_what_lies_in_its_drawer(shop):
    front, back = shop.till("t1"), shop.till("t2", store="0002")
    front.send(front.opened(amount=20000, difference=20000))
    front.send(front.sale(COFFEE))
    front.send(front.moved("cash_in", 500), kind="sample.unknown", money="")
    shop.kick()
    back.send(back.opened(amount=1000))
    with shop.database.write() as connection:
        connection.run("UPDATE stream SET head_seq = high_seq + 4 WHERE till_id = 't1'")
    with shop.database.read() as connection:
        first, second = tills(connection)
        assert [one.code for one in stores(connection)] == ["0001", "0002"]
        assert till_names(connection) == {"t1": "t1", "t2": "t2"}
        assert till(connection, "t1") == first and till(connection, "t9") is None
    assert (first.waiting, first.unapplied, first.parked, first.drawer_minor) == (4, 1, 1, 20499)
    assert (second.waiting, second.unapplied, second.parked, second.drawer_minor) == (0, 1, 0, 0)


def test_the_trial_balance_the_sheets_and_the_entries_tell_the_same(shop):
    till = shop.till()
    till.send(till.opened(difference=100))
    till.send(till.sale(COFFEE, KETTLE, tenders=("cash", "card")))
    till.send(till.moved("cash_out", 500))
    shop.kick()
    with shop.database.read() as connection:
        rows = trial_balance(connection)
        assert sum(row.balance_minor for row in rows) == 0 and len(rows) > 4
        for row in rows:
            page = sheet(connection, row.code, ListRequest(limit=100))
            assert page.sums == {"EUR": {"debit_minor": row.debit_minor, "credit_minor": row.credit_minor}}
            assert account(connection, row.code).name == row.name
        page = entries(connection, ListRequest(limit=100))
        assert page.sums["EUR"]["amount_minor"] == sum(row.debit_minor for row in rows)
        for row in page.rows:
            found = entry(connection, row["id"])
            assert sum(one.debit_minor for one in found.postings) == row["amount_minor"]
        assert account(connection, "none") is None and entry(connection, 0) is None
