"""Posting: whole or not at all, balanced in code and in the database, once per effect, never changed."""

import pytest
from pipeline_shop import COFFEE, KETTLE, Shop, ledger

from schema.errors import Refused
from server.accounting import tables
from server.accounting.chart import CHARTS, install
from server.accounting.post import account_for, post
from server.accounting.rules import TASK_TYPES, Draft, Leg
from server.db import ConstraintBrokenError


@pytest.fixture
def shop(database):
    return Shop(database)


def draft(*legs, effect_no=1, event="e1", store="0001"):
    return Draft(
        kind="order-cash",
        day="2026-03-02",
        text="sample",
        store=store,
        till_id=None,
        receipt="",
        source_event=event,
        effect_no=effect_no,
        legs=tuple(Leg(purpose=purpose, amount_minor=amount, currency="EUR") for purpose, amount in legs),
    )


GOOD = (("tender:cash", 100), ("clearing:receipts", -100))


def posted(shop, *drafts):
    with shop.database.write() as connection:
        return post(connection, drafts, tables.read_map(connection), 1)


def test_entries_are_numbered_without_gaps_even_after_a_failure(shop):
    assert list(posted(shop, draft(*GOOD), draft(*GOOD, event="e2"))) == [1, 2]
    with pytest.raises(ConstraintBrokenError):
        posted(shop, draft(*GOOD, event="e3"), draft(*GOOD, event="e2"))
    assert list(posted(shop, draft(*GOOD, event="e4"))) == [3]
    assert shop.rows("SELECT number, source_event, sealed FROM entry ORDER BY number") == [
        (1, "e1", 1),
        (2, "e2", 1),
        (3, "e4", 1),
    ]


@pytest.mark.parametrize("legs", [(("tender:cash", 100), ("clearing:receipts", -99)), ()])
def test_an_unbalanced_or_empty_entry_is_refused_before_the_database(shop, legs):
    with pytest.raises(Refused, match="does not balance"):
        posted(shop, draft(*legs))
    assert shop.value("SELECT count(*) FROM entry") == 0


def test_a_purpose_without_an_account_is_refused_with_its_name(shop):
    with pytest.raises(Refused, match="tax:luxury"):
        posted(shop, draft(("tax:luxury", 5), ("tender:cash", -5)))


def test_a_stores_own_account_goes_before_the_one_of_all_stores():
    accounts = {("", "tender:cash"): "1000", ("0002", "tender:cash"): "1010"}
    assert account_for(accounts, "0001", "tender:cash") == "1000"
    assert account_for(accounts, "0002", "tender:cash") == "1010"


def write(shop, sql, *params):
    with shop.database.write() as connection:
        connection.run(sql, params)


ADD = (
    "INSERT INTO posting (entry_id, line, account, debit_minor, credit_minor, currency) VALUES (?, ?, '1000', ?, ?, ?)"
)


def unsealed(shop, *postings, number=9):
    """Write an entry by hand, without its seal."""
    with shop.database.write() as connection:
        connection.run(
            "INSERT INTO entry (id, number, kind, day, text, store, source_event, effect_no, created_ms) "
            "VALUES (?, ?, 'hand', '2026-03-02', '', '0001', 'hand', ?, 1)",
            (number, number, number),
        )
        connection.many(ADD, [(number, line, *rest) for line, rest in enumerate(postings, start=1)])


UNSOUND = [
    [],
    [(100, 0, "EUR")],
    [(100, 0, "EUR"), (0, 99, "EUR")],
    [(100, 0, "EUR"), (0, 100, "USD")],
]


def test_the_database_seals_only_what_balances_per_currency(shop):
    for number, postings in enumerate(UNSOUND, start=1):
        unsealed(shop, *postings, number=number)
        with pytest.raises(ConstraintBrokenError):
            write(shop, "UPDATE entry SET sealed = 1 WHERE id = ?", number)
    assert shop.value("SELECT count(*) FROM entry WHERE sealed = 1") == 0


def test_an_unsealed_entry_counts_nowhere(shop):
    unsealed(shop, (100, 0, "EUR"), (0, 100, "EUR"))
    assert ledger(shop) == ""
    write(shop, "UPDATE entry SET sealed = 1 WHERE id = 9")
    assert ledger(shop) != ""


FORBIDDEN = [
    "UPDATE entry SET text = 'changed' WHERE id = 9",
    "UPDATE entry SET sealed = 0 WHERE id = 9",
    "DELETE FROM entry WHERE id = 9",
    "UPDATE posting SET debit_minor = 7 WHERE entry_id = 9 AND line = 1",
    "UPDATE posting SET entry_id = 8 WHERE entry_id = 9 AND line = 1",
    "DELETE FROM posting WHERE entry_id = 9 AND line = 1",
    "INSERT INTO posting (entry_id, line, account, debit_minor, credit_minor, currency) "
    "VALUES (9, 7, '1000', 5, 0, 'EUR')",
    "INSERT INTO entry (id, number, kind, day, text, store, source_event, effect_no, created_ms, sealed) "
    "VALUES (7, 7, 'hand', '2026-03-02', '', '0001', 'x', 1, 1, 1)",
]


def test_what_is_sealed_never_changes(shop):
    unsealed(shop, number=8)
    unsealed(shop, (100, 0, "EUR"), (0, 100, "EUR"))
    write(shop, "UPDATE entry SET sealed = 1 WHERE id = 9")
    before = ledger(shop)
    for statement in FORBIDDEN:
        with pytest.raises(ConstraintBrokenError):
            write(shop, statement)
        assert ledger(shop) == before, statement


def test_a_posting_cannot_be_slipped_from_an_open_entry_into_a_sealed_one(shop):
    unsealed(shop, (5, 0, "EUR"), number=8)
    unsealed(shop, (100, 0, "EUR"), (0, 100, "EUR"))
    write(shop, "UPDATE entry SET sealed = 1 WHERE id = 9")
    with pytest.raises(ConstraintBrokenError):
        write(shop, "UPDATE posting SET entry_id = 9, line = 9 WHERE entry_id = 8")


@pytest.mark.parametrize("name", sorted(CHARTS))
def test_every_chart_serves_every_purpose_once(name):
    purposes = [purpose for account in CHARTS[name] for purpose in account.purposes]
    tenders = ("cash", "card", "card_manual", "account", "voucher", "deposit")
    codes = ("standard", "reduced", "zero", "exempt")
    wanted = {f"tender:{tender}" for tender in tenders} | {f"revenue:{code}" for code in codes}
    wanted |= {"tax:standard", "tax:reduced", "clearing:receipts", "cash-in", "cash-out", "safe", "opening-diff"}
    wanted |= {"close-diff", "deposits", "rounding", "suspense", "revenue:none", "prepayment", "tip", "open-item"}
    wanted |= {"voucher:issued", "cash-out:tip paid out"}
    # Where a chart has them; elsewhere "prepayment" serves.
    own = {"prepayment:standard", "prepayment:reduced"} & set(purposes)
    assert sorted(purposes) == sorted(wanted | own)
    assert len({account.code for account in CHARTS[name]}) == len(CHARTS[name])


def test_a_chart_can_be_installed_for_a_country_and_again(database):
    with database.write() as connection:
        assert install(connection, "NL") == "RGS"
        assert install(connection, "NL") == "RGS"
        assert connection.value("SELECT count(*) FROM account") == len(CHARTS["RGS"])
        with pytest.raises(Refused, match="SKR03"):
            install(connection, "XX")


def test_a_job_without_an_account_waits_with_its_reason_and_is_posted_once_it_has_one(shop):
    """A missing account keeps one payment from the books, not its revenue nor its neighbours; a retry completes it."""
    till = shop.till()
    write(shop, "DELETE FROM account_map WHERE purpose = 'tender:card'")
    till.send(till.sale(COFFEE, tenders=("card",)))
    till.send(till.sale(KETTLE))
    assert shop.kick().is_idle
    states = shop.rows("SELECT state, message FROM job WHERE queue = 'accounting' ORDER BY till_receipt")
    assert [state for state, _ in states] == ["error", "done"]
    assert states[0][1].startswith("order NOT synced: No account is set for “tender:card”")
    assert states[1][1] == "order synced"
    assert [kind for (kind,) in shop.rows("SELECT kind FROM entry ORDER BY number")] == [
        "receipt",
        "receipt",
        "order-cash",
    ]
    assert paid(shop) == [(0, "open"), (2995, "paid")]
    write(shop, "INSERT INTO account_map VALUES ('', 'tender:card', '1361')")
    shop.kick()
    assert shop.rows("SELECT DISTINCT state, message FROM job WHERE queue = 'accounting'") == [("done", "order synced")]
    assert paid(shop) == [(499, "paid"), (2995, "paid")]


def paid(shop):
    return shop.rows(
        "SELECT paid_minor, CASE WHEN paid_ms IS NULL THEN 'open' ELSE 'paid' END FROM receipt ORDER BY till_receipt"
    )


def test_revenue_without_an_account_shows_on_the_order_and_nothing_is_half_done(shop):
    till = shop.till()
    write(shop, "DELETE FROM account_map WHERE purpose = 'revenue:reduced'")
    till.send(till.sale(COFFEE))
    till.send(till.sale(KETTLE))
    shop.kick()
    [(status, reason), (other, _)] = shop.rows("SELECT oms_status, oms_error FROM orders ORDER BY till_receipt")
    assert (status, other) == ("error", "exported")
    assert "No account is set for “revenue:reduced”" in reason
    assert shop.value("SELECT count(*) FROM receipt") == 1
    write(shop, "INSERT INTO account_map VALUES ('', 'revenue:reduced', '8300')")
    shop.kick()
    assert paid(shop) == [(499, "paid"), (2995, "paid")]


def test_a_receipt_with_nothing_left_to_pay_is_paid_as_it_is_made(shop):
    from pipeline_shop import order_ref

    till = shop.till()
    till.send(till.sale(KETTLE, order=order_ref(shop, shop.order(quantity=1), paid=2995), tenders=(), amounts=[]))
    shop.kick()
    assert paid(shop) == [(0, "paid")]


def test_a_receipt_is_paid_when_its_payments_cover_it_and_on_account_is_not_paid(shop):
    till = shop.till()
    till.send(till.sale(KETTLE, tenders=("cash", "card")))
    till.send(till.sale(KETTLE, tenders=("cash", "account")))
    shop.kick()
    assert shop.rows(
        "SELECT due_minor - paid_minor, CASE WHEN paid_ms IS NULL THEN 'open' ELSE 'paid' END FROM receipt "
        "ORDER BY number"
    ) == [(0, "paid"), (1497, "open")]


def test_all_six_types_of_jobs_are_posted_and_listed(shop):
    from server.accounting import lists
    from server.listing import Filter, ListRequest

    till = shop.till()
    till.deliver(
        till.row(till.opened(difference=5)),
        till.row(till.sale(tenders=("cash", "card"))),
        till.row(till.moved("cash_in", 10)),
        till.row(till.moved("cash_out", 10)),
        till.row(till.closed(difference=-3)),
    )
    shop.kick()
    with shop.database.read() as connection:
        page = lists.page(connection, ListRequest(filters=(Filter(column="status", value="sync successful"),)))
        assert {row["type"] for row in page.rows} == set(TASK_TYPES)
        cash = next(row for row in page.rows if row["type"] == "order-cash")
        assert (cash["receipt"], cash["till_receipt"]) == ("RE-2026-000001", "0001-t1-1-000001")
        detail = lists.detail(connection, cash["id"])
        assert [entry.kind for entry in detail.entries] == ["receipt", "order-cash"]
        for entry in detail.entries:
            assert sum(row.debit_minor - row.credit_minor for row in entry.postings) == 0
        assert detail.task.amount_minor == detail.entries[1].postings[0].debit_minor
        assert detail.entries[1].postings[0].account_name == "Kasse"
        card = next(row for row in page.rows if row["type"] == "order-non-cash")
        assert [entry.kind for entry in lists.detail(connection, card["id"]).entries] == ["order-non-cash"]
        assert lists.detail(connection, 10**6) is None
