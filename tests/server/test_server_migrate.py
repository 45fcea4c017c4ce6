"""The structure's steps run once, in order, on both engines."""

import threading

import pytest

from schema.clock import SystemClock
from schema.errors import Refused
from server.db import open_sqlite
from server.migrate import migrate, migrations, translate


def test_a_second_run_does_nothing(database):
    assert migrate(database, SystemClock()) == []


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_numbers_have_no_holes(engine):
    numbers = [step.number for step in migrations(engine)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_both_engines_have_the_same_steps():
    assert [step.name for step in migrations("sqlite")] == [step.name for step in migrations("postgres")]


def test_tokens_are_replaced_and_dollar_quotes_stay():
    assert translate("a $int, $$ BEGIN $1 $$ $strict;", "postgres") == "a BIGINT, $$ BEGIN $1 $$ ;"
    assert translate("a $int, b $blob, c $id", "sqlite") == "a INTEGER, b BLOB, c INTEGER PRIMARY KEY"


def test_a_newer_database_is_refused_and_untouched(database):
    with database.write() as connection:
        connection.run("INSERT INTO migration VALUES (?, ?, ?)", (9999, "from_the_future", 0))
    with pytest.raises(Refused) as caught:
        migrate(database, SystemClock())
    assert caught.value.code == "newer_database"
    assert "9999" in caught.value.message


def test_programs_that_start_at_once_migrate_once(tmp_path):
    databases = [open_sqlite(tmp_path / "one.db") for _ in range(4)]
    ran = []
    threads = [
        threading.Thread(target=lambda each=each: ran.append(migrate(each, SystemClock()))) for each in databases
    ]
    [thread.start() for thread in threads]
    [thread.join(30) for thread in threads]
    for each in databases:
        each.close()
    assert sorted(map(len, ran)) == [0, 0, 0, len(migrations("sqlite"))]
