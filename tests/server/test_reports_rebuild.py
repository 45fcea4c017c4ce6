"""Rebuild: the standing tables are what the events give, however they came; a difference is named."""

from decimal import Decimal

import pytest
from full_range import EVERYTHING, Plan
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from pipeline_shop import COFFEE, KETTLE, Shop, StillClock, order_ref

from schema.basket import OrderRef
from server.db import open_sqlite
from server.reports.books import books
from server.reports.rebuild import PROJECTIONS, check, compare

TWO = replace(KETTLE, quantity=Decimal(2))


@pytest.fixture
def shop(database):
    return Shop(database)


def busy_day(shop):
    till, other = shop.till(), shop.till("t2")
    picked, changed, cancelled = shop.order(quantity=2), shop.order(quantity=2), shop.order(quantity=2)
    refs = [order_ref(shop, order_id) for order_id in (picked, changed, cancelled)]
    shop.change_order(changed, quantity=3, version=1)
    shop.cancel_order(cancelled)
    till.deliver(
        till.row(till.opened(difference=100)),
        *[till.row(till.sale(TWO, order=ref)) for ref in refs],
        till.row(till.sale(TWO, order=OrderRef(order_id="none", number="SO-x", version=1))),
        till.row(till.sale(), version=3),
        till.row(till.moved("cash_out", 50)),
        till.row(till.closed(difference=4)),
    )
    other.send(other.sale(TWO, order=refs[0]))
    other.send(other.sale(COFFEE, KETTLE, tenders=("cash", "card"), customer="C1"))


def test_a_rebuild_of_a_busy_day_gives_the_same(shop):
    """Invariant I9."""
    busy_day(shop)
    heard = []
    found = check(shop.database, shop.clock, progress=lambda done, total: heard.append((done, total)))
    assert found.differences == ()
    assert (found.events, heard) == (10, [(10, 10)])


def test_an_empty_head_office_rebuilds(shop):
    assert check(shop.database, shop.clock).events == 0


DAMAGE = [
    ("UPDATE orders SET total_minor = total_minor + 1 WHERE origin = 'till' AND customer = 'C1'", "order sale-t2"),
    ("UPDATE receipt SET paid_minor = 0, paid_ms = NULL WHERE customer = 'C1'", "receipt t2-1-2"),
    ("DELETE FROM receipt_tax WHERE code = 'reduced'", "receipt tax"),
    ("UPDATE drawer SET cash_minor = 0 WHERE till_id = 't2'", "drawer t2"),
    ("UPDATE shift SET counted_minor = 0", "shift S1-t1"),
    ("DELETE FROM worklist WHERE kind = 'overpaid'", "open matter overpaid"),
    ("UPDATE order_payment SET amount_minor = 1 WHERE till_id = 't2'", "order payment"),
    ("DELETE FROM parked", "parked event"),
]


def test_every_kind_of_damage_is_named(shop):
    busy_day(shop)
    shop.kick()
    with shop.database.write() as connection:
        for damage, _ in DAMAGE:
            assert connection.run(damage) > 0
    differences = check(shop.database, shop.clock).differences
    for _, named in DAMAGE:
        assert any(text.startswith(named) for text in differences), (named, differences)


def test_a_matter_closed_by_a_person_is_no_difference(shop):
    busy_day(shop)
    shop.kick()
    with shop.database.write() as connection:
        connection.run("UPDATE worklist SET done_ms = 1")
    assert check(shop.database, shop.clock).differences == ()


def test_every_projection_is_compared_on_both_engines(shop):
    """Each has rows to compare after a day with everything in it and something that is parked."""
    busy_day(shop)
    plan = Plan(shop)
    for index, step in EVERYTHING:
        plan.add(index, step)
    for till, rows in zip(plan.tills, plan.rows, strict=True):
        till.deliver(*rows)
    shop.kick()
    with shop.database.read() as one:
        assert compare(one, one) == []
        empty = [name for name, sql in PROJECTIONS.items() if not one.rows(sql)]
    assert empty == []


STEPS = ("sale", "card", "order", "cash", "unknown", "broken")


def fresh_shop(template, folder, name):
    import shutil

    shutil.copy(template, folder / name)
    return Shop(open_sqlite(folder / name), StillClock())


def deliver(shop, plan, order, kicks):
    """Deliver two tills' events in an interleaving, the first's again under a second epoch, with kicks between."""
    tills = [shop.till("t1"), shop.till("t2"), shop.till("t1", epoch=2)]
    ref = OrderRef(order_id="the-order", number="SO-0001-000001", version=1)
    rows = {0: [], 1: [], 2: []}
    for stream, steps in enumerate(plan):
        for step in steps:
            rows[stream].append(made(tills[stream], step, ref))
    for row in rows[0]:
        copy = (*row[:1], 2, *row[2:])
        rows[2].append(copy)
    cursor = [0, 0, 0]
    for turn, stream in enumerate(order):
        if cursor[stream] < len(rows[stream]):
            tills[stream].deliver(rows[stream][cursor[stream]])
            cursor[stream] += 1
        if turn in kicks:
            shop.kick()
    for stream in range(3):
        rest = rows[stream][cursor[stream] :]
        if rest:
            tills[stream].deliver(*rest)
    shop.kick()


def made(till, step, ref):
    match step:
        case "card":
            return till.row(till.sale(COFFEE, KETTLE, tenders=("cash", "card")))
        case "order":
            return till.row(till.sale(TWO, order=ref))
        case "cash":
            return till.row(till.moved("cash_in", 700))
        case "unknown":
            return till.row(till.sale(), version=7)
        case "broken":
            return till.row(till.sale(), data=b"{}")
        case _:
            return till.row(till.sale())


def placed_order(shop):
    """Both head offices must know the same order, so it gets an id of its own."""
    with shop.database.write() as connection:
        connection.run(
            "INSERT INTO orders (id, number, origin, kind, store, ordered_day, status, currency, total_minor, "
            "import_status, channel_status, oms_status, created_ms, modified_ms) VALUES ('the-order', "
            "'SO-0001-000001', 'office', 'order', '0001', '2026-03-01', 'confirmed', 'EUR', 5990, 'imported', "
            "'exported', 'not exported', 1, 1)"
        )


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    plan=st.lists(st.lists(st.sampled_from(STEPS), max_size=6), min_size=2, max_size=2),
    order=st.lists(st.integers(0, 2), max_size=20),
    kicks=st.sets(st.integers(0, 20), max_size=4),
)
def test_any_interleaving_and_repetition_gives_the_same_state(sqlite_template, tmp_path_factory, plan, order, kicks):
    """Invariants I5, I6, I7, I10: whatever the order across streams, whatever comes twice, the end is the same."""
    from datetime import date

    from pipeline_shop import DAY

    folder = tmp_path_factory.mktemp("permutation")
    plain, mixed = fresh_shop(sqlite_template, folder, "plain.db"), fresh_shop(sqlite_template, folder, "mixed.db")
    try:
        for shop, turns, pauses in ((plain, [], set()), (mixed, order, kicks)):
            placed_order(shop)
            deliver(shop, plan, turns, pauses)
        with plain.database.read() as one, mixed.database.read() as other:
            assert compare(one, other) == []
        for shop in (plain, mixed):
            assert shop.value("SELECT COALESCE(SUM(debit_minor) - SUM(credit_minor), 0) FROM posting") == 0
            with shop.database.read() as connection:
                found = books(connection, date.fromisoformat(DAY))
                assert all(one.reason.startswith("parked") for one in found.differences)
        assert check(mixed.database, mixed.clock).differences == ()
    finally:
        plain.database.close()
        mixed.database.close()
