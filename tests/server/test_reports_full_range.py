"""Everything a till can say, in any order and any batch cut: balanced books, one truth, the same after a rebuild."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from full_range import EVERYTHING, STEPS, TILLS, Plan
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pipeline_shop import DAY, Shop

from server.db import FILE, open_sqlite
from server.reports.books import books
from server.reports.rebuild import check, compare


@pytest.fixture
def shop(database):
    return Shop(database)


def planned(shop, steps):
    plan = Plan(shop)
    for index, step in steps:
        plan.add(index, step)
    for index in range(len(TILLS)):
        plan.add(index, "z")
    return plan


def deliver(plan, turns, kicks):
    """Deliver the streams in an interleaving and batch cut: turns of (till, how many events), kicks after some."""
    shop = plan.tills[0].shop
    cursor = [0] * len(TILLS)
    for turn, (index, count) in enumerate([*turns, *((index, 10**6) for index in range(len(TILLS)))]):
        rows = plan.rows[index][cursor[index] : cursor[index] + count]
        if rows:
            plan.tills[index].deliver(*rows)
            cursor[index] += len(rows)
        if turn in kicks:
            shop.kick()
    shop.kick()


def balance(shop, *accounts):
    marks = ", ".join("?" * len(accounts))
    sql = f"SELECT COALESCE(SUM(debit_minor) - SUM(credit_minor), 0) FROM posting WHERE account IN ({marks})"
    return shop.value(sql, *accounts)


def assert_books_are_true(shop):
    """Invariants I6 and I7, and each sub-ledger against its account."""
    with shop.database.read() as connection:
        found = books(connection, date.fromisoformat(DAY))
    assert found.agrees, [found.differences, found.z_figures, found.terminals, found.receipts, found.ledgers]
    assert shop.value("SELECT COALESCE(SUM(debit_minor) - SUM(credit_minor), 0) FROM posting") == 0
    assert shop.value("SELECT count(*) FROM parked") == 0
    assert shop.value("SELECT count(*) FROM job WHERE state <> 'done'") == 0
    assert balance(shop, "1410", "1792") == 0
    assert balance(shop, "1604") == -shop.value("SELECT COALESCE(SUM(balance_minor), 0) FROM voucher")
    assert balance(shop, "1400") == shop.value("SELECT COALESCE(SUM(open_minor), 0) FROM payment_order")
    assert balance(shop, "1711", "1718", "1710") == -shop.value(
        "SELECT COALESCE(SUM(net_minor), 0) FROM order_prepayment"
    )
    tips = shop.value("SELECT COALESCE(SUM(total_minor), 0) FROM receipt_line WHERE kind = 'tip'")
    paid_out = shop.value(
        "SELECT COALESCE(SUM(debit_minor), 0) FROM posting WHERE account = '1740' AND debit_minor = 100"
    )
    assert balance(shop, "1740") == paid_out - tips


def test_a_day_with_everything_rebuilds_on_both_engines(shop):
    """Invariant I9."""
    plan = planned(shop, [*EVERYTHING, *reversed(EVERYTHING)])
    deliver(plan, [], set())
    assert_books_are_true(shop)
    assert check(shop.database, shop.clock).differences == ()


DAMAGE = [
    ("UPDATE order_delivery SET quantity = '9'", "order delivery"),
    ("UPDATE order_prepayment SET day = '2020-01-01'", "order prepayment"),
    ("UPDATE receipt SET kind = 'sale' WHERE kind = 'void'", "receipt t"),
    ("UPDATE receipt_line SET reference = '' WHERE kind = 'voucher'", "receipt line"),
    ("DELETE FROM goods_return", "returned goods"),
    ("DELETE FROM receipt_void", "void"),
    ("UPDATE voucher SET balance_minor = 7", "voucher V0"),
    ("UPDATE voucher_move SET offline = 1", "voucher move"),
    ("UPDATE payment_order SET open_minor = 7", "payment order"),
    ("UPDATE payment_order_move SET customer = 'C9'", "payment order move"),
    ("DELETE FROM customer_added", "new customer"),
    ("UPDATE stock SET moved_milli = moved_milli + 1", "moved stock"),
    ("DELETE FROM terminal_close", "terminal's end of day"),
    ("UPDATE till_note SET detail = ''", "note"),
]


def test_every_kind_of_damage_is_named(shop):
    deliver(planned(shop, EVERYTHING), [], set())
    with shop.database.write() as connection:
        for damage, _ in DAMAGE:
            assert connection.run(damage) > 0
    # What was handed over decides an order's state, and the goods that came back what is left of a receipt.
    differences = check(shop.database, shop.clock).differences
    for _, named in DAMAGE:
        assert any(text.startswith(named) for text in differences), (named, differences)


def test_a_sub_ledger_that_says_something_else_than_its_account_is_named(shop):
    deliver(planned(shop, EVERYTHING), [], set())
    with shop.database.read() as connection:
        found = books(connection, date.fromisoformat(DAY))
    assert {one.name for one in found.ledgers} == {"vouchers", "open items", "prepayments standard"}
    with shop.database.write() as connection:
        connection.run("UPDATE voucher_move SET amount_minor = amount_minor + 1 WHERE code = 'V0'")
    with shop.database.read() as connection:
        found = books(connection, date.fromisoformat(DAY))
        assert not found.agrees
        assert [one.name for one in found.ledgers if one.moves_minor != one.ledger_minor] == ["vouchers"]


def test_an_account_that_serves_other_things_too_proves_nothing_and_is_left_out(shop):
    with shop.database.write() as connection:
        connection.run("UPDATE account_map SET account = '1604' WHERE purpose = 'deposits'")
    deliver(planned(shop, [(0, "issue")]), [], set())
    with shop.database.read() as connection:
        assert books(connection, date.fromisoformat(DAY)).ledgers == ()


def test_the_worker_of_each_engine_comes_to_the_same(sqlite_template, tmp_path, postgres_database):
    shutil.copy(sqlite_template, tmp_path / FILE)
    small, large = Shop(open_sqlite(tmp_path / FILE)), Shop(postgres_database)
    try:
        for shop in (small, large):
            deliver(planned(shop, EVERYTHING), [(1, 3), (0, 5), (2, 1)], {0, 2})
        with small.database.read() as one, large.database.read() as other:
            assert compare(one, other) == []
    finally:
        small.database.close()


def test_several_workers_at_once_come_to_the_same(sqlite_template, tmp_path, postgres_database):
    """Fault 6, invariant I10: workers that share the streams and the queues lose no move and deadlock on none."""
    shutil.copy(sqlite_template, tmp_path / FILE)
    alone, together = Shop(open_sqlite(tmp_path / FILE)), Shop(postgres_database)
    steps = [*EVERYTHING, *reversed(EVERYTHING), *EVERYTHING]
    try:
        deliver(planned(alone, steps), [], set())
        plan = planned(together, steps)
        for index, till in enumerate(plan.tills):
            till.deliver(*plan.rows[index])
        with ThreadPoolExecutor(4) as workers:
            for done in [workers.submit(together.kick) for _ in range(4)]:
                assert done.result().is_idle
        assert_books_are_true(together)
        with alone.database.read() as one, together.database.read() as other:
            assert compare(one, other) == []
    finally:
        alone.database.close()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.tuples(st.integers(0, len(TILLS) - 1), st.sampled_from(STEPS)), max_size=25),
    turns=st.lists(st.tuples(st.integers(0, len(TILLS) - 1), st.integers(1, 5)), max_size=20),
    kicks=st.sets(st.integers(0, 20), max_size=4),
)
def test_any_mix_in_any_cut_gives_balanced_books_and_the_same_state(
    sqlite_template, tmp_path_factory, steps, turns, kicks
):
    """Invariants I5, I6, I7, I9, I10."""
    folder = tmp_path_factory.mktemp("mix")
    shops = []
    try:
        for name, cut, pauses in (("plain.db", [], set()), ("mixed.db", turns, kicks)):
            shutil.copy(sqlite_template, folder / name)
            shops.append(Shop(open_sqlite(folder / name)))
            deliver(planned(shops[-1], steps), cut, pauses)
            assert_books_are_true(shops[-1])
        with shops[0].database.read() as one, shops[1].database.read() as other:
            assert compare(one, other) == []
        assert check(shops[1].database, shops[1].clock).differences == ()
    finally:
        for shop in shops:
            shop.database.close()
