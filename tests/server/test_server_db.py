"""The database's face holds the same promises on both engines."""

import threading
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import Refused, Unready
from server.db import ConstraintBrokenError, for_postgres, open_database, open_postgres

ACCOUNT = "INSERT INTO account (code, name, kind) VALUES (?, ?, ?)"
METER = "INSERT INTO counter (name, value) VALUES (?, ?)"


def count(database):
    with database.read() as connection:
        return connection.value("SELECT count(*) FROM counter")


def test_values_come_back_as_they_were_bound(database):
    text = "50 % off? 'yes' \\ “ü” 🧾"
    with database.write() as connection:
        connection.run("INSERT INTO meta VALUES (?, ?)", ("odd", text))
        connection.run(METER, ("big", 2**53 + 1))
        connection.run(METER, ("flag", True))
    with database.read() as connection:
        assert connection.value("SELECT value FROM meta WHERE name = ?", ("odd",)) == text
        assert connection.rows("SELECT value FROM counter ORDER BY value") == [(1,), (2**53 + 1,)]
        assert connection.row("SELECT value FROM meta WHERE name = ? AND value LIKE '50 %?%'", ("odd",)) == (text,)
        assert connection.row("SELECT 1 FROM meta WHERE ? = '' OR name = ?", ("", "none")) == (1,)


def test_sums_are_whole_numbers(database):
    with database.write() as connection:
        connection.many(METER, [("a", 2**40), ("b", 2**41), ("c", -1)])
    with database.read() as connection:
        total = connection.value("SELECT coalesce(sum(value), 0) FROM counter")
    assert total == 2**40 + 2**41 - 1
    assert type(total) is int


def test_bytes_come_back_as_bytes(database):
    blob = bytes(range(256))
    with database.write() as connection:
        connection.run(
            "INSERT INTO evidence (till_id, epoch, reason, detail, payload, payload_hash, received_ms) "
            "VALUES ('t', 1, 'r', 'd', ?, 'h', 0)",
            (blob,),
        )
        assert connection.value("SELECT payload FROM evidence") == blob


def test_a_block_that_raises_leaves_nothing(database):
    done = []
    with pytest.raises(ValueError, match="no"), database.write() as connection:
        connection.run(METER, ("a", 1))
        connection.after_commit(lambda: done.append("told"))
        raise ValueError("no")
    assert count(database) == 0
    assert done == []


def test_after_commit_runs_when_others_can_see_it(database):
    seen = []
    with database.write() as connection:
        connection.run(METER, ("a", 1))
        connection.after_commit(lambda: seen.append(count(database)))
    assert seen == [1]


def test_a_savepoint_undoes_only_its_block(database):
    with database.write() as connection:
        connection.run(METER, ("a", 1))
        with pytest.raises(ConstraintBrokenError), connection.savepoint():
            connection.run(METER, ("b", 2))
            connection.run(METER, ("a", 3))
        connection.run(METER, ("c", 4))
    with database.read() as connection:
        assert connection.rows("SELECT name FROM counter ORDER BY name") == [("a",), ("c",)]


@pytest.mark.parametrize("rows", [3, 400])
def test_copied_rows_land_once(database, rows):
    values = [(f"n{index}", index) for index in range(rows)]
    with database.write() as connection:
        assert connection.copy_rows("counter", ("name", "value"), values) == rows
        clause = "ON CONFLICT (name) DO NOTHING"
        assert connection.copy_rows("counter", ("name", "value"), [*values, ("new", 7)], clause) == 1
    assert count(database) == rows + 1


def test_run_and_many_tell_how_many_rows_changed(database):
    with database.write() as connection:
        assert connection.many(METER, [("a", 1), ("b", 2), ("c", 3)]) == 3
        assert connection.run("UPDATE counter SET value = 0 WHERE value > ?", (1,)) == 2
        assert connection.run("UPDATE counter SET value = 0 WHERE value > ?", (1,)) == 0


def test_a_snapshot_does_not_move(database):
    with database.read() as connection:
        assert connection.value("SELECT count(*) FROM counter") == 0
        writer = threading.Thread(target=write_one, args=(database,))
        writer.start()
        writer.join(10)
        assert connection.value("SELECT count(*) FROM counter") == 0
    assert count(database) == 1


def write_one(database):
    with database.write() as connection:
        connection.run(METER, ("a", 1))


def test_writers_on_many_threads_lose_no_update(database):
    """Read, decide, write: nobody's step is lost, whoever comes first."""
    with database.write() as connection:
        connection.run(METER, ("hits", 0))

    def step(connection):
        value = connection.value("SELECT value FROM counter WHERE name = 'hits'" + connection.for_update)
        connection.run("UPDATE counter SET value = ? WHERE name = 'hits'", (value + 1,))

    def work():
        for _ in range(25):
            database.transact(step)

    threads = [threading.Thread(target=work) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join(60) for thread in threads]
    with database.read() as connection:
        assert connection.value("SELECT value FROM counter") == 200


@pytest.mark.postgres
def test_transact_runs_again_after_a_deadlock(postgres_database):
    database = postgres_database
    with database.write() as connection:
        connection.many(METER, [("a", 0), ("b", 0)])
    both = threading.Barrier(2)

    def cross(first, second):
        tries = []

        def work(connection):
            tries.append(1)
            connection.run("UPDATE counter SET value = value + 1 WHERE name = ?", (first,))
            if len(tries) == 1:
                both.wait(10)
            connection.run("UPDATE counter SET value = value + 1 WHERE name = ?", (second,))

        database.transact(work)

    threads = [threading.Thread(target=cross, args=names) for names in (("a", "b"), ("b", "a"))]
    [thread.start() for thread in threads]
    [thread.join(30) for thread in threads]
    with database.read() as connection:
        assert connection.rows("SELECT value FROM counter") == [(2,), (2,)]


def test_batches_end_with_the_first_that_is_not_full_or_with_the_last(database):
    left = [3, 3, 1, 3]
    assert database.in_batches(lambda _: left.pop(0), rows_max=3, batches_max=9) == 7
    assert left == [3]
    assert database.in_batches(lambda _: 3, rows_max=3, batches_max=4) == 12


@pytest.mark.postgres
def test_a_shared_lock_is_held_by_many_but_not_beside_one_alone(postgres_database):
    database, alone = postgres_database, threading.Event()

    def take_alone():
        with database.write() as connection:
            connection.lock("sample")
            alone.set()

    def take_shared(entered):
        with database.write() as connection:
            connection.lock("sample", shared=True)
            entered.set()

    with database.write() as connection:
        connection.lock("sample", shared=True)
        second = threading.Event()
        threads = [threading.Thread(target=take_shared, args=(second,))]
        threads[0].start()
        assert second.wait(10)
        threads.append(threading.Thread(target=take_alone))
        threads[1].start()
        assert not alone.wait(0.3)
    assert alone.wait(10)
    [thread.join(10) for thread in threads]


def test_a_transaction_inside_another_is_a_mistake_that_is_named(database):
    with database.read(), pytest.raises(RuntimeError, match="inside a transaction"), database.write():
        pass


def test_statements_are_counted(database):
    before = database.statements
    with database.read() as connection:
        connection.rows("SELECT 1")
        connection.rows("SELECT 2")
    assert database.statements - before == 2


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1])
def test_a_number_beyond_64_bits_is_refused(database, value):
    with pytest.raises(Refused) as caught, database.write() as connection:
        connection.run(METER, ("a", value))
    assert caught.value.code == "bad_request"


def test_nul_in_a_text_is_stored_or_refused_never_a_crash(database):
    with suppress(Refused), database.write() as connection:
        connection.run(METER, ("a\0b", 1))
    with database.read() as connection:
        assert connection.rows("SELECT value FROM counter") in ([], [(1,)])


def test_a_database_that_is_away_is_unready():
    database = open_postgres("postgresql://nobody@127.0.0.1:1/none?connect_timeout=2")
    with pytest.raises(Unready) as caught, database.read():
        pass
    assert caught.value.code == "database_away"


@pytest.mark.postgres
def test_a_restarted_postgres_costs_one_try_and_no_restart_of_ours(postgres_database, postgres_url):
    import psycopg

    write_one(postgres_database)
    with psycopg.connect(postgres_url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    with suppress(Unready):
        count(postgres_database)
    assert count(postgres_database) == 1


def test_an_old_library_is_refused(tmp_path, monkeypatch):
    """Fault 16: a vulnerable SQLite library."""
    monkeypatch.setattr("apsw.sqlite_lib_version", lambda: "3.40.1")
    with pytest.raises(Refused) as caught:
        open_database(tmp_path)
    assert caught.value.code == "old_sqlite"


@given(st.lists(st.sampled_from(["?", "%", "'?'", "'it''s 5 %'", " x ", "="]), max_size=12))
def test_every_mark_outside_quotes_is_translated(parts):
    sql = " ".join(parts)
    turned = for_postgres(sql)
    assert turned.count("%s") - turned.count("%%s") == parts.count("?")
    assert turned.replace("%%", "%").replace("%s", "?") == sql
