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
    assert found.agrees, [found.differences, found.z_figures, found.terminals, found.receipts]
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
