"""Stores, tills and their codes; who head office is."""

import stat

import pytest
from sending_device import CLOCK

from schema.catalogue import StoreSettings
from schema.errors import Refused
from server.catalogue.countries import rates_of
from server.catalogue.store_rows import put_store
from server.tills.identity import KEY_FILE, found_identity, load_identity
from server.tills.stores import add_store
from server.tills.tills import add_till, get_till, issue_code, revoke


def with_store(database):
    with database.write() as connection:
        put_store(connection, StoreSettings(store="0001", name="Sample Shop"))


def refused(call):
    with pytest.raises(Refused) as caught:
        call()
    return caught.value.code


def test_tills_are_numbered_per_store(database):
    with_store(database)
    with database.write() as connection:
        put_store(connection, StoreSettings(store="0002", name="Other"))
        numbers = [add_till(connection, CLOCK, store, "T").number for store in ("0001", "0001", "0002")]
    assert numbers == [1, 2, 1]


def test_a_store_or_name_that_does_not_fit_is_refused(database):
    with_store(database)
    with database.write() as connection:
        assert refused(lambda: add_till(connection, CLOCK, "0009", "T")) == "unknown_store"
        assert refused(lambda: add_till(connection, CLOCK, "0001", " \x1b ")) == "bad_name"
        assert refused(lambda: get_till(connection, "none")) == "not_found"


def test_a_code_is_stored_as_a_hash_and_a_new_one_voids_the_old(database):
    with_store(database)
    with database.write() as connection:
        till = add_till(connection, CLOCK, "0001", "Front")
        first = issue_code(connection, CLOCK, till.id)
        second = issue_code(connection, CLOCK, till.id)
        rows = connection.rows("SELECT code_hash FROM enrolment")
    assert first.code != second.code
    assert len(rows) == 1
    assert second.code.replace("-", "") not in str(rows)


def test_a_revoked_till_gets_no_code(database):
    with_store(database)
    with database.write() as connection:
        till = add_till(connection, CLOCK, "0001", "Front")
        issue_code(connection, CLOCK, till.id)
        revoke(connection, CLOCK, till.id)
        assert connection.value("SELECT count(*) FROM enrolment") == 0
        assert get_till(connection, till.id).revoked
        assert refused(lambda: issue_code(connection, CLOCK, till.id)) == "revoked"


def test_a_store_brings_its_countrys_rates(database):
    with database.write() as connection:
        made = add_store(connection, code="ZH1", name="Sample Zürich", country="CH", rates=rates_of("CH"))
        assert made.currency == "CHF"
        assert connection.value("SELECT count(*) FROM feed WHERE store = 'ZH1' AND kind = 'tax_rate'") == 5
        assert refused(lambda: add_store(connection, code="ZH1", name="x", country="CH", rates=())) == "exists"
        assert refused(lambda: add_store(connection, code="a-b", name="x", country="CH", rates=())) == "bad_store"


def test_head_office_is_founded_once_and_known_again(database, tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    assert refused(lambda: load_identity(database, folder)) == "no_head_office"
    first = found_identity(database, folder)
    again = found_identity(database, folder)
    loaded = load_identity(database, folder)
    assert first.public_text() == again.public_text() == loaded.public_text()
    assert first.timeline == again.timeline == loaded.timeline


def test_the_key_lies_beside_sqlite_for_its_owner_only(sqlite_database, tmp_path):
    found_identity(sqlite_database, tmp_path)
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    with sqlite_database.read() as connection:
        assert connection.value("SELECT count(*) FROM meta WHERE name = 'server_key'") == 0
    (tmp_path / KEY_FILE).unlink()
    assert refused(lambda: load_identity(sqlite_database, tmp_path)) == "no_head_office"
