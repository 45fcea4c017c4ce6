"""A head office of the first version, brought to this one: its orders, receipts and chart go on as they were."""

import os

import msgspec
import psycopg
import pytest
from pipeline_shop import START_MS

from schema.clock import SystemClock
from schema.orders import OpenOrder
from server.accounting.tables import read_map
from server.catalogue.people import survivors
from server.db import FILE, open_postgres, open_sqlite
from server.migrate import migrate, migrations
from server.orders.settle import settle
from server.orders.tables import hold
from server.parties.tables import owed

FRAME = 2
CHARTS = {
    "SKR03": ("1776 1710 1604 1400 8200", {"prepayment:standard": "1718", "tip": "1740", "voucher:issued": "1604"}),
    "SKR04": ("3806 3250 3500 1200 4200", {"prepayment:reduced": "3260", "tip": "3720", "open-item": "1200"}),
    "RGS": ("8010 1700 1710 1300 8020", {"prepayment": "1700", "tip": "1610", "revenue:none": "8020"}),
}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def old(request, tmp_path):
    """A database of the first version."""
    if request.param == "sqlite":
        database = open_sqlite(tmp_path / FILE)
    else:
        cluster, name = request.getfixturevalue("postgres_cluster"), f"old_{os.urandom(6).hex()}"
        with psycopg.connect(cluster("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        database = open_postgres(cluster(name))
    with database.write() as connection:
        connection.script(
            "CREATE TABLE migration (number BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_ms BIGINT NOT NULL)"
        )
        for step in migrations(database.engine)[:FRAME]:
            connection.script(step.sql)
            connection.run("INSERT INTO migration VALUES (?, ?, 1)", (step.number, step.name))
    yield database
    database.close()


def order(connection, order_id, status, *, paid):
    connection.run(
        "INSERT INTO orders (id, number, origin, kind, store, ordered_day, status, currency, total_minor, "
        "import_status, channel_status, oms_status, created_ms, modified_ms) VALUES (?, ?, 'office', 'order', '0001', "
        "'2026-03-01', ?, 'EUR', 500, 'imported', 'exported', 'not exported', 1, 1)",
        (order_id, f"SO-{order_id}", status),
    )
    if paid:
        connection.run(
            "INSERT INTO order_payment (source_event, effect_no, order_id, tender, currency, amount_minor, paid_ms, "
            "till_id, order_version) VALUES (?, 1, ?, 'cash', 'EUR', ?, ?, 't1', 1)",
            (f"e-{order_id}", order_id, paid, START_MS),
        )


def test_orders_that_were_picked_up_stay_so_and_open_ones_stay_open(old):
    with old.write() as connection:
        order(connection, "done", "completed", paid=500)
        order(connection, "part", "confirmed", paid=200)
        order(connection, "open", "confirmed", paid=0)
    migrate(old, SystemClock())
    with old.write() as connection:
        held = hold(connection, ["done", "part", "open"])
        settle(connection, held.values(), 2)
        assert dict(connection.rows("SELECT id, status FROM orders")) == {
            "done": "completed",
            "part": "confirmed",
            "open": "confirmed",
        }
        assert connection.rows("SELECT kind FROM worklist") == []
        body = connection.value("SELECT body FROM feed WHERE key = 'part'")
    assert msgspec.json.decode(body, type=OpenOrder).paid_minor == 200


@pytest.mark.parametrize("chart", sorted(CHARTS))
def test_a_chart_gets_what_it_lacks_and_keeps_what_was_set(old, chart):
    codes, wanted = CHARTS[chart]
    with old.write() as connection:
        for code in codes.split():
            connection.run("INSERT INTO account (code, name, kind) VALUES (?, 'x', 'liability')", (code,))
        connection.run(
            "INSERT INTO account_map (store, purpose, account) VALUES ('', 'open-item', ?)", (codes.split()[0],)
        )
    migrate(old, SystemClock())
    with old.read() as connection:
        mapping = read_map(connection)
    for purpose, account in wanted.items():
        assert mapping["", purpose] == (codes.split()[0] if purpose == "open-item" else account)


def test_an_empty_head_office_gets_no_accounts(old):
    migrate(old, SystemClock())
    with old.read() as connection:
        assert read_map(connection) == {}
        assert connection.value("SELECT count(*) FROM account") == 0


def test_customers_who_were_merged_before_are_found_by_whoever_stays(old):
    with old.write() as connection:
        for step in migrations(old.engine)[FRAME : FRAME + 2]:
            connection.script(step.sql)
            connection.run("INSERT INTO migration VALUES (?, ?, 1)", (step.number, step.name))
        connection.many(
            "INSERT INTO customer (number, name, merged_into, modified_ms) VALUES (?, 'Sample', ?, 1)",
            [("A", "B"), ("B", "C"), ("C", ""), ("D", "E"), ("E", "D")],
        )
        order(connection, "open", "confirmed", paid=0)
        connection.run("UPDATE orders SET customer = 'A'")
        connection.run(
            "INSERT INTO payment_order (reference, customer, store, currency, day, due_day, open_minor, modified_ms) "
            "VALUES ('R1', 'A', '0001', 'EUR', '2026-03-01', '2026-03-15', 500, 1)"
        )
    migrate(old, SystemClock())
    with old.read() as connection:
        assert survivors(connection, "ABCDE") == {"A": "C", "B": "C"}
        assert connection.value("SELECT customer FROM orders") == "C"
        assert [item.reference for item in owed(connection, "C").items] == ["R1"]
