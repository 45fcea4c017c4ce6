"""The feed: every change once, in order, to the stores that may see it (protocol §4)."""

import threading
from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema.barcode import lookup_key
from schema.catalogue import Article, QuickKeyPage, StoreSettings
from schema.errors import Refused
from schema.parties import Cashier, Customer
from schema.tax import TaxRate
from server.catalogue import feed
from server.catalogue.articles import get_article, put_articles
from server.catalogue.people import hash_pin, put_cashiers, put_customers
from server.catalogue.store_rows import put_quick_keys, put_store, put_tax_rates, store_settings, tax_rates


def article(number, price_minor=100, **facts):
    return Article(number=number, name=f"Article {number}", price_minor=price_minor, tax_code="standard", **facts)


def put(database, *articles):
    with database.write() as connection:
        return put_articles(connection, articles, 1)


def read_all(database, store="0001", cursor=0, limit=1000):
    changes = []
    while True:
        with database.read() as connection:
            part = feed.read_slice(connection, store, cursor, limit)
        changes += part.changes
        cursor = part.cursor
        if not part.more:
            return changes, cursor


def keys(changes):
    return [(change.kind, change.key) for change in changes]


def test_an_article_comes_through_with_all_that_was_put(database):
    made = article("A1", 250, barcodes=(lookup_key("2000000000015"), "LOOSE"), group="Paper", unit="kg", blocked=True)
    put(database, made)
    changes, cursor = read_all(database)
    assert msgspec.json.decode(changes[0].body, type=Article) == made
    assert (changes[0].key, changes[0].rev, cursor) == ("A1", 1, 1)
    with database.read() as connection:
        stored = get_article(connection, "A1")
        assert get_article(connection, "none") is None
    assert msgspec.structs.replace(stored, barcodes=()) == msgspec.structs.replace(made, barcodes=())
    assert set(stored.barcodes) == set(made.barcodes)


def test_the_same_again_changes_nothing(database):
    put(database, article("A1"), article("A2"))
    again = put(database, article("A1"), article("A2"))
    assert (again.changed, again.unchanged) == (0, 2)
    assert read_all(database)[1] == 2


def test_a_change_gets_a_new_revision_and_replaces_the_row(database):
    put(database, article("A1", 100, barcodes=("X", "Y")), article("A2"))
    put(database, article("A1", 120, barcodes=("Y", "Z")))
    changes, cursor = read_all(database)
    assert keys(changes) == [("article", "A2"), ("article", "A1")]
    assert cursor == 3
    with database.read() as connection:
        assert get_article(connection, "A1").barcodes == ("Y", "Z")


def test_a_deleted_row_stays_as_a_tombstone(database):
    put(database, article("A1"))
    with database.write() as connection:
        feed.put(connection, [feed.gone("", "article", "A1")])
        feed.put(connection, [feed.gone("", "article", "A1")])
        assert feed.totals(connection, "0001") == {}
    changes, cursor = read_all(database, cursor=1)
    assert [(change.key, change.deleted) for change in changes] == [("A1", True)]
    assert cursor == 2


def test_a_store_sees_its_own_rows_and_everyones_never_anothers(database):
    """I14, fault 41: no row of another store ever on a till."""
    with database.write() as connection:
        for store in ("0001", "0002"):
            put_store(connection, StoreSettings(store=store, name=store))
            put_cashiers(
                connection, store, [Cashier(number="1", name=f"Alex of {store}", role="cashier", pin_hash="h")]
            )
        put_customers(connection, [Customer(number="C1", name="Kim Sample")], 1)
    for store in ("0001", "0002"):
        changes, _ = read_all(database, store)
        bodies = b"".join(bytes(change.body) for change in changes)
        assert keys(changes) == [("settings", store), ("cashier", "1"), ("customer", "C1")]
        assert f"Alex of {store}".encode() in bodies
        assert f"Alex of {'0002' if store == '0001' else '0001'}".encode() not in bodies
    with database.read() as connection:
        assert feed.totals(connection, "0001") == {"settings": 1, "cashier": 1, "customer": 1}


@pytest.mark.parametrize(
    ("cursor", "limit", "code"),
    [(7, 10, "cursor_gone"), (-1, 10, "bad_request"), (0, 0, "bad_request"), (0, 1001, "bad_request")],
)
def test_a_cursor_from_the_future_or_out_of_bounds_is_refused(database, cursor, limit, code):
    """Fault 41: head office was restored from a backup, so the reader must start again."""
    put(database, article("A1"))
    with pytest.raises(Refused) as caught, database.read() as connection:
        feed.read_slice(connection, "0001", cursor, limit)
    assert caught.value.code == code


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_pages_of_any_size_give_the_last_state_of_every_row_once(sqlite_database, data):
    """I13: a reader that pages ends with what is there, whatever was put in which order."""
    stores = st.sampled_from(["", "0001", "0002"])
    writes = data.draw(
        st.lists(st.tuples(stores, st.sampled_from("abcdef"), st.none() | st.sampled_from(['"x"', '"y"'])), max_size=30)
    )
    limit = data.draw(st.integers(1, 7))
    with sqlite_database.write() as connection:
        connection.run("DELETE FROM feed")
        for store, key, body in writes:
            feed.put(connection, [feed.FeedWrite(store=store, kind="article", key=key, body=body)])
    expected = {(store, key): body for store, key, body in writes if store != "0002"}
    changes, _ = read_all(sqlite_database, "0001", 0, limit)
    assert [change.rev for change in changes] == sorted({change.rev for change in changes})
    got = sorted((change.key, bytes(change.body).decode()) for change in changes if not change.deleted)
    live = [(key, body) for (_, key), body in expected.items() if body is not None]
    assert got == sorted(live)


def test_a_reader_never_skips_a_row_of_writers_at_work(database):
    """I13: revisions become visible in their order, also with several writers."""
    stop = threading.Event()
    failures = []

    def write(name):
        try:
            for index in range(40):
                database.transact(lambda connection, key=f"{name}{index}": put_articles(connection, [article(key)], 1))
        except Exception as error:
            failures.append(error)

    writers = [threading.Thread(target=write, args=(name,)) for name in "pqr"]
    seen, cursor = set(), 0
    [writer.start() for writer in writers]
    while not stop.is_set():
        if not any(writer.is_alive() for writer in writers):
            stop.set()
        with database.read() as connection:
            part = feed.read_slice(connection, "0001", cursor, 7)
        seen |= {change.key for change in part.changes}
        cursor = part.cursor
    while True:
        with database.read() as connection:
            part = feed.read_slice(connection, "0001", cursor, 7)
        seen |= {change.key for change in part.changes}
        cursor = part.cursor
        if not part.more:
            break
    assert not failures
    assert len(seen) == 120


def test_reading_a_page_costs_three_statements(database):
    put(database, *(article(f"A{index}") for index in range(50)))
    before = database.statements
    with database.read() as connection:
        feed.read_slice(connection, "0001", 0, 20)
    assert database.statements - before == 3


def test_tax_rates_reach_the_stores_of_their_country_only(database):
    german = TaxRate(code="standard", country="DE", percent=Decimal(19), valid_from=date(2021, 1, 1))
    dutch = TaxRate(
        code="reduced", country="NL", percent=Decimal("5.5"), valid_from=date(2019, 1, 1), valid_to=date(2030, 1, 1)
    )
    with database.write() as connection:
        put_store(connection, StoreSettings(store="0001", name="one", country="DE"))
        put_tax_rates(connection, [german, dutch])
        put_store(connection, StoreSettings(store="0002", name="two", country="NL"))
        assert tax_rates(connection, "NL") == [dutch]
        assert store_settings(connection, "0002").country == "NL"
        assert store_settings(connection, "0009") is None
    assert keys(read_all(database, "0001")[0]) == [("settings", "0001"), ("tax_rate", "DE/standard/2021-01-01")]
    assert keys(read_all(database, "0002")[0]) == [("settings", "0002"), ("tax_rate", "NL/reduced/2019-01-01")]


def test_quick_key_pages_that_are_gone_leave_a_tombstone(database):
    with database.write() as connection:
        put_quick_keys(connection, "0001", [QuickKeyPage(name="A", position=1), QuickKeyPage(name="B", position=2)])
        put_quick_keys(connection, "0001", [QuickKeyPage(name="B", position=1)])
    changes, _ = read_all(database)
    assert {(change.key, change.deleted) for change in changes} == {("A", True), ("B", False)}


def test_a_pin_is_kept_as_a_hash_only():
    from argon2 import PasswordHasher

    hashed = hash_pin("1234")
    assert hashed.startswith("$argon2id$")
    assert PasswordHasher().verify(hashed, "1234")
    for bad in ("123", "123456789", "12a4", "", "１２３４"):
        with pytest.raises(Refused):
            hash_pin(bad)


def test_a_commit_rings_the_bell_and_a_rollback_does_not(database):
    bell = database.bell(feed.BELL)
    with pytest.raises(ValueError, match="no"), database.write() as connection:
        put_articles(connection, [article("A1")], 1)
        raise ValueError("no")
    assert bell.rings == 0
    put(database, article("A1"))
    assert bell.rings == 1
    put(database, article("A1"))
    assert bell.rings == 1


def test_who_fetches_all_gets_no_tombstone_of_before_and_every_one_of_since(database):
    """A new till does not read through years of receipts that are gone."""
    put(database, *(article(f"A{index:02d}") for index in range(20)))
    with database.write() as connection:
        feed.put(connection, [feed.gone(feed.EVERY_STORE, "article", f"A{index:02d}") for index in range(10)])
    with database.read() as connection:
        began = feed.last_revision(connection)
        first = feed.read_slice(connection, "0001", 0, 4, began)
    assert [change.deleted for change in first.changes] == [False] * 4
    assert first.newest == began
    with database.write() as connection:
        feed.put(connection, [feed.gone(feed.EVERY_STORE, "article", key) for key in ("A11", "A19")])
    live = {change.key for change in first.changes}
    cursor, more = first.cursor, True
    while more:
        with database.read() as connection:
            part = feed.read_slice(connection, "0001", cursor, 4, began)
        for change in part.changes:
            live = live - {change.key} if change.deleted else live | {change.key}
        cursor, more = part.cursor, part.more
    assert live == {f"A{index:02d}" for index in range(10, 19)} - {"A11"}
