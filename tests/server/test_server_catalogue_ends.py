"""Ends in the feed: kept for three months, forgotten after that, and whoever missed one fetches all anew."""

import pytest

from schema.catalogue import Article
from schema.errors import Refused
from server.catalogue import ends, feed
from server.catalogue.articles import put_articles
from server.catalogue.ends import DAY_MS, KEPT_DAYS, ROWS_MAX, forget
from server.jobs.worker import Worker

NOW = 1_772_438_400_000


def put(database, *numbers):
    articles = [Article(number=each, name=each, price_minor=100, tax_code="standard") for each in numbers]
    with database.write() as connection:
        put_articles(connection, articles, 1)


def end(database, *numbers):
    with database.write() as connection:
        feed.put(connection, [feed.gone(feed.EVERY_STORE, "article", number) for number in numbers])


def read(database, cursor, since=0):
    with database.read() as connection:
        return feed.read_slice(connection, "0001", cursor, 1000, since)


def told(database, cursor, since=0):
    return [(change.key, change.deleted) for change in read(database, cursor, since).changes]


def is_gone(database, cursor, since=0):
    try:
        read(database, cursor, since)
    except Refused as refused:
        assert refused.code == "cursor_gone"
        return True
    return False


@pytest.fixture
def ended(database):
    """Two articles, one of which has ended; the feed stands at 3 and was marked there."""
    put(database, "A", "B")
    end(database, "A")
    forget(database, NOW)
    return database


def test_an_end_is_told_as_long_as_it_is_kept(ended):
    assert forget(ended, NOW + KEPT_DAYS * DAY_MS - 1) == 0
    assert told(ended, 2) == [("A", True)]


def test_an_end_that_is_too_old_is_forgotten_and_an_older_cursor_fetches_all(ended):
    put(ended, "C")
    assert forget(ended, NOW + KEPT_DAYS * DAY_MS) == 1
    with ended.read() as connection:
        assert connection.rows("SELECT key FROM feed ORDER BY rev") == [("B",), ("C",)]
    assert is_gone(ended, 1)
    assert is_gone(ended, 2)
    assert told(ended, 3) == [("C", False)]
    assert told(ended, 0) == [("B", False), ("C", False)]


def test_an_end_of_yesterday_stays_when_older_ones_go(ended):
    end(ended, "B")
    forget(ended, NOW + DAY_MS)
    assert forget(ended, NOW + KEPT_DAYS * DAY_MS) == 1
    assert told(ended, 3) == [("B", True)]


def test_a_row_that_came_back_is_no_end(ended):
    put(ended, "A")
    assert forget(ended, NOW + KEPT_DAYS * DAY_MS) == 0
    assert told(ended, 1) == [("B", False), ("A", False)]


def test_a_full_fetch_that_takes_long_goes_on_unless_it_missed_an_end(ended):
    """Its cursor is old, but it began with nothing when the feed stood at `since`."""
    forget(ended, NOW + KEPT_DAYS * DAY_MS)
    assert told(ended, 1, since=3) == [("B", False)]
    end(ended, "B")
    forget(ended, NOW + (KEPT_DAYS + 1) * DAY_MS)
    forget(ended, NOW + (2 * KEPT_DAYS + 1) * DAY_MS)
    assert is_gone(ended, 1, since=3)
    assert told(ended, 1, since=4) == []


def test_there_is_one_mark_a_day_and_none_that_is_too_old_but_the_last(database):
    for hour in range(0, 24 * 3, 6):
        forget(database, NOW + hour * 3_600_000)
    assert marks(database) == [NOW, NOW + DAY_MS, NOW + 2 * DAY_MS]
    forget(database, NOW + (KEPT_DAYS + 1) * DAY_MS)
    assert marks(database)[0] == NOW + DAY_MS


def marks(database):
    with database.read() as connection:
        return [at_ms for (at_ms,) in connection.rows("SELECT at_ms FROM feed_mark ORDER BY at_ms")]


def test_a_clock_that_was_years_ahead_costs_a_full_fetch_and_no_row(ended):
    """Row 19."""
    ahead = NOW + 1000 * DAY_MS
    forget(ended, ahead)
    end(ended, "B")
    assert is_gone(ended, 2)
    forget(ended, NOW + 1)
    assert marks(ended) == [NOW]
    assert forget(ended, NOW + DAY_MS + 1) == 0
    assert told(ended, 3) == [("B", True)]


def test_many_ends_go_in_batches(database, monkeypatch):
    monkeypatch.setattr(ends, "ROWS_MAX", 3)
    assert ROWS_MAX == 500
    numbers = [f"A{number}" for number in range(10)]
    put(database, *numbers)
    end(database, *numbers)
    forget(database, NOW)
    assert forget(database, NOW + KEPT_DAYS * DAY_MS) == 10
    assert is_gone(database, 19)
    assert told(database, 20) == []


def test_the_worker_does_it(ended):
    """It marks the day and forgets what is too old with the rest of its housekeeping."""

    class Later:
        def now_ms(self):
            return NOW + KEPT_DAYS * DAY_MS

    put(ended, "C")
    Worker(ended, Later()).step()
    assert marks(ended) == [NOW, NOW + KEPT_DAYS * DAY_MS]
    assert is_gone(ended, 1)
