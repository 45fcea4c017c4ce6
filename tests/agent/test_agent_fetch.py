"""Fetching and the mirror: a page and its cursor are one, a bad feed changes nothing, a till never sees half."""

import threading
import time
from datetime import date
from decimal import Decimal

import msgspec
import pytest
from agent_fault_proxy import PORTAL, truncate
from agent_small_office import STORE

from agent.link import Answer
from schema.catalogue import Article, QuickKey, QuickKeyPage, StoreSettings
from schema.errors import Refused, Unready
from schema.mirror_file import ARTICLE_BY_CODE, ARTICLE_BY_NUMBER, ARTICLES_BY_WORDS, search_terms
from schema.orders import OpenOrder
from schema.parties import Cashier, Customer
from schema.sqlite import open_reader
from schema.tax import TaxRate
from schema.text import fold

RATE = TaxRate(code="full", country="DE", percent=Decimal(19), valid_from=date(2020, 1, 1))
SETTINGS = StoreSettings(store=STORE, name="Sample Shop")


def article(index, **fields):
    values = {
        "number": f"A{index:06d}",
        "name": f"Käse Nr {index}",
        "price_minor": 100 + index,
        "tax_code": "full",
        "barcodes": (f"{index:014d}",),
    }
    return Article(**{**values, **fields})


def fetch_all(parts):
    while parts.fetcher.once(0).more:
        pass


class View:
    """The mirror as a till reads it: with its own read-only connection and the shared SQL."""

    def __init__(self, room):
        self._connection = open_reader(room.folder / "mirror.db")
        room.opened.append(self._connection.close)

    def by_code(self, code):
        return self._articles(ARTICLE_BY_CODE, (code,))

    def by_number(self, number):
        return self._articles(ARTICLE_BY_NUMBER, (number,))

    def by_words(self, text):
        return self._articles(ARTICLES_BY_WORDS, (search_terms(fold(text)), 50))

    def count(self, table):
        return self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]

    def _articles(self, sql, bindings):
        return [msgspec.json.decode(body, type=Article) for (body,) in self._connection.execute(sql, bindings)]


@pytest.fixture
def shop(office):
    office.put(RATE, SETTINGS, *(article(index) for index in range(1, 201)))
    return office


def test_every_kind_of_row_arrives_as_head_office_wrote_it(room, shop):
    rows = [
        Customer(number="K1", name="Jördis Example", city="Köln", card_code="C77"),
        Cashier(number="1", name="Alex Example", role="cashier", pin_hash="$argon2id$x"),
        QuickKeyPage(name="Bakery", position=1, keys=(QuickKey(article="A000001"),)),
        OpenOrder(order_id="o1", number="10001", version=1, store=STORE, status="confirmed", total_minor=500),
    ]
    shop.put(*rows)
    parts = room.parts()
    fetch_all(parts)
    reader = open_reader(room.folder / "mirror.db")
    room.opened.append(reader.close)
    bodies = {
        bytes(body)
        for table in ("party", "setting", "open_order")
        for (body,) in reader.execute(f"SELECT body FROM {table}")
    }
    assert bodies == {msgspec.json.encode(row) for row in [*rows, RATE, SETTINGS]}
    words = reader.execute("SELECT words FROM party WHERE key = 'K1'").fetchone()[0]
    assert "jordis" in words
    assert "c77" in words
    assert reader.execute("SELECT words FROM open_order").fetchone()[0] == "10001"


def test_an_article_is_found_by_barcode_number_and_words_without_accents(room, shop):
    fetch_all(room.parts())
    view = View(room)
    assert view.by_code("00000000000007") == [article(7)]
    assert view.by_number("A000007") == [article(7)]
    assert view.by_words("kase 7") == [article(number) for number in (7, *range(70, 80))]
    assert view.by_words("A000007") == [article(7)]
    assert view.by_words("00000007") == [article(7)]


def test_a_changed_article_loses_its_old_barcode_and_words(room, shop):
    parts = room.parts()
    fetch_all(parts)
    changed = article(7, name="Brot", barcodes=("999", "998"), price_minor=1)
    shop.put(changed)
    fetch_all(parts)
    view = View(room)
    assert view.by_code("00000000000007") == []
    assert view.by_code("998") == [changed]
    assert view.by_words("kase A000007") == []
    assert view.by_words("brot") == [changed]
    assert view.count("article") == 200


def test_a_tombstone_takes_an_article_away_everywhere(room, shop):
    parts = room.parts()
    fetch_all(parts)
    shop.remove("article", "A000007")
    fetch_all(parts)
    view = View(room)
    assert view.by_number("A000007") == view.by_code("00000000000007") == view.by_words("A000007") == []
    assert (view.count("article"), view.count("barcode")) == (199, 199)


def test_one_barcode_may_lead_to_two_articles(room, shop):
    shop.put(article(300, barcodes=("00000000000007",)))
    fetch_all(room.parts())
    assert {found.number for found in View(room).by_code("00000000000007")} == {"A000007", "A000300"}


def test_an_applied_feed_is_not_fetched_again(room, shop):
    parts = room.parts()
    fetch_all(parts)
    assert parts.fetcher.once(0).changes == 0
    assert shop.feed_cursors == [0, shop.rev]


@pytest.mark.parametrize(
    ("kind", "key", "body", "what"),
    [
        ("article", "A1", msgspec.json.encode(article(1, number="A1", price_minor=-1)), "negative price"),
        ("article", "A1", msgspec.json.encode(article(1, number="A2")), "carries the key"),
        ("article", "A1", b'{"number":"A1"}', "cannot be read"),
        ("article", "A1", b'"<html>"', "cannot be read"),
        ("article", "A1", b'{"number":"A1","name":"x","price_minor":1.5,"tax_code":"full"}', "cannot be read"),
        (
            "order",
            "o",
            msgspec.json.encode(
                OpenOrder(order_id="o", number="1", version=1, store="0002", status="confirmed", total_minor=1)
            ),
            "belongs to the store",
        ),
        ("settings", "0002", msgspec.json.encode(StoreSettings(store="0002", name="Other")), "belongs to the store"),
    ],
)
def test_a_page_with_a_bad_row_is_refused_whole_and_the_old_rows_stay(room, shop, kind, key, body, what):
    """Rows 41, 42."""
    parts = room.parts()
    fetch_all(parts)
    shop.put(article(500))
    shop.put_raw(kind, key, body)
    with pytest.raises(Refused, match=what) as caught:
        fetch_all(parts)
    assert caught.value.code == "bad_feed"
    view = View(room)
    assert view.by_number("A000500") == []
    assert view.count("article") == 200
    del shop.feed[kind, key]
    fetch_all(parts)
    assert view.by_number("A000500") == [article(500)]


def test_a_page_that_does_not_follow_the_cursor_is_refused(room, shop):
    """I13: the cursor never passes a row that was not applied."""
    parts = room.parts()
    fetch_all(parts)
    shop.put(article(500))
    page = shop.page
    shop.page = lambda cursor, limit, wait: page(0, limit, wait)
    with pytest.raises(Refused, match="follows"):
        fetch_all(parts)


def test_a_page_that_promises_more_without_moving_is_refused(room, shop):
    parts = room.parts()
    fetch_all(parts)
    page = shop.page
    shop.page = lambda *question: (200, msgspec.structs.replace(page(*question)[1], more=True))
    with pytest.raises(Refused, match="next cursor"):
        fetch_all(parts)


def test_a_row_of_a_newer_kind_is_skipped_and_remembered(room, shop):
    """Row 65: head office is newer than this till."""
    shop.put_raw("loyalty", "x", b'{"points":1}')
    parts = room.parts()
    fetch_all(parts)
    shop.put_raw("weather", "y", b"1")
    fetch_all(parts)
    assert View(room).count("article") == 200
    assert parts.mirror.values()["unknown_kinds"] == "loyalty weather"


def test_after_an_upgrade_that_knows_the_kind_all_is_fetched_anew(room, shop):
    parts = room.parts()
    fetch_all(parts)
    parts.mirror.put_values({"unknown_kinds": "cashier"})
    shop.feed_cursors.clear()
    fetch_all(room.parts())
    assert shop.feed_cursors == [0]
    assert room.parts().mirror.values()["unknown_kinds"] == ""


def test_a_mass_deletion_is_refused_and_the_articles_stay(room, shop):
    """Row 42."""
    parts = room.parts()
    fetch_all(parts)
    shop.remove("article", *(f"A{index:06d}" for index in range(1, 151)))
    with pytest.raises(Refused) as caught:
        fetch_all(parts)
    assert caught.value.code == "mass_deletion"
    assert "50 of 200" in caught.value.message
    assert View(room).count("article") == 200


def test_a_mass_deletion_in_small_pages_is_refused_too(room, shop):
    """Row 42: bit by bit is no way around it."""
    parts = room.parts()
    fetch_all(parts)
    shop.page_max = 10
    shop.remove("article", *(f"A{index:06d}" for index in range(1, 151)))
    with pytest.raises(Refused):
        fetch_all(parts)
    assert View(room).count("article") == 160


def test_blocking_all_articles_counts_as_deleting_them(room, shop):
    parts = room.parts()
    fetch_all(parts)
    shop.put(*(article(index, blocked=True) for index in range(1, 151)))
    with pytest.raises(Refused):
        fetch_all(parts)
    assert len(View(room).by_words("kase")) == 50


@pytest.mark.parametrize("where", ["till", "office"])
def test_a_mass_deletion_that_is_meant_is_taken(room, shop, where):
    parts = room.parts(allow_mass_delete=where == "till")
    fetch_all(parts)
    shop.allow_mass_delete = where == "office"
    shop.remove("article", *(f"A{index:06d}" for index in range(1, 151)))
    fetch_all(parts)
    assert View(room).count("article") == 50


@pytest.mark.parametrize("gone", ["expired", "future"])
def test_a_cursor_that_head_office_does_not_know_leads_to_a_full_fetch(room, shop, gone):
    """Row 41."""
    parts = room.parts()
    fetch_all(parts)
    shop.feed.pop(("article", "A000007"))
    if gone == "expired":
        shop.put(article(500))
        shop.oldest_cursor = shop.rev
    else:
        parts.mirror.put_values({"feed_cursor": "99999"})
    fetch_all(parts)
    view = View(room)
    assert view.by_number("A000007") == []
    assert view.by_words("A000008") == [article(8)]
    assert int(parts.mirror.values()["feed_cursor"]) == shop.rev


def test_a_new_timeline_leads_to_a_full_fetch(room, shop):
    """Row 32, downwards: the same revisions may mean other rows now."""
    parts = room.parts()
    fetch_all(parts)
    shop.timeline = "timeline-2"
    shop.feed.pop(("article", "A000007"))
    fetch_all(parts)
    assert View(room).by_number("A000007") == []
    assert parts.mirror.values()["timeline"] == "timeline-2"


def test_during_a_full_fetch_the_till_sees_the_old_rows_until_all_new_ones_are_there(room, shop):
    """Row 9: old or new, never mixed."""
    parts = room.parts()
    fetch_all(parts)
    shop.timeline = "timeline-2"
    shop.page_max = 50
    shop.put(*(article(index, name="Neu") for index in range(1, 201)))
    view = View(room)
    seen = []
    more = True
    while more:
        more = parts.fetcher.once(0).more
        seen.append((view.count("article"), len(view.by_words("neu"))))
    assert len(seen) > 4
    assert set(seen[:-1]) == {(200, 0)}
    assert seen[-1] == (200, 50)


def test_a_full_fetch_goes_on_where_it_broke_off(room, shop):
    """Row 31: a flapping line makes progress, in another process too."""
    shop.page_max = 50
    parts = room.parts()
    parts.fetcher.once(0)
    parts.fetcher.once(0)
    parts.mirror.close()
    parts = room.parts()
    fetch_all(parts)
    assert shop.feed_cursors == [0, 50, 100, 150, 200]
    assert View(room).count("article") == 200


def test_a_full_fetch_says_since_when_it_runs_so_that_old_ends_are_spared(room, shop):
    """Its first page's newest revision, kept over a break, and forgotten with the fetch."""
    page, shop.page_max = shop.page, 50
    shop.page = lambda *question: (200, msgspec.structs.replace(page(*question)[1], newest=shop.rev))
    proxy = room.proxy()
    parts = room.parts()
    parts.fetcher.once(0)
    began = shop.rev
    shop.put(article(900))
    parts.mirror.close()
    parts = room.parts()
    fetch_all(parts)
    asked = [request.split(b" ", 2)[1] for request in proxy.requests]
    assert b"since" not in asked[0]
    assert all(f"since={began}".encode() in each for each in asked[1:])
    assert parts.mirror.full_since() == 0
    assert View(room).count("article") == 201


def test_a_full_fetch_that_broke_off_before_a_restore_begins_anew(room, shop):
    shop.page_max = 50
    parts = room.parts()
    parts.fetcher.once(0)
    shop.timeline = "timeline-2"
    fetch_all(parts)
    assert shop.feed_cursors[:3] == [0, 50, 0]
    assert View(room).count("article") == 200


def test_a_full_fetch_with_missing_rows_is_refused(room, shop):
    """Row 42: checked against head office's totals."""
    parts = room.parts()
    fetch_all(parts)
    shop.timeline = "timeline-2"
    shop.totals = {"article": 201, "tax_rate": 1, "settings": 1}
    with pytest.raises(Refused, match="counts 201") as caught:
        fetch_all(parts)
    assert caught.value.code == "incomplete_feed"
    assert View(room).count("article") == 200


def test_a_full_fetch_without_tax_rates_is_refused(room, shop):
    shop.put(article(500, tax_code="unheard"))
    with pytest.raises(Refused, match="unheard"):
        fetch_all(room.parts())


def test_an_empty_full_feed_never_empties_a_till(room, shop):
    """Row 42: an empty catalogue."""
    parts = room.parts()
    fetch_all(parts)
    shop.timeline = "timeline-2"
    shop.feed.clear()
    with pytest.raises(Refused) as caught:
        fetch_all(parts)
    assert caught.value.code == "mass_deletion"
    assert View(room).count("article") == 200


def test_a_long_poll_brings_a_change_at_once(room, shop):
    parts = room.parts()
    fetch_all(parts)
    timer = threading.Timer(0.3, lambda: shop.put(article(500)))
    timer.start()
    began = time.monotonic()
    assert parts.fetcher.once(10).changes == 1
    assert 0.2 < time.monotonic() - began < 3
    timer.join()


def test_a_network_that_drops_silent_lines_is_asked_without_waiting(room, shop):
    """Row 43: the long poll never comes back, the change comes all the same."""
    parts = room.parts()
    fetch_all(parts)
    proxy = room.proxy()
    parts = room.parts()
    shop.put(article(500))

    def silence(request, forward, line):
        time.sleep(4)

    proxy.faults.append(silence)
    began = time.monotonic()
    assert parts.fetcher.once(1).changes == 1
    assert time.monotonic() - began < 4
    assert b"wait=1 " in proxy.requests[0]
    assert b"wait=0 " in proxy.requests[1]


def test_a_portal_or_a_broken_page_changes_nothing(room, shop):
    """Rows 24, 28."""
    proxy = room.proxy()
    parts = room.parts()
    proxy.faults.extend([PORTAL, truncate])
    for code in ("portal", "unreachable"):
        with pytest.raises(Unready) as caught:
            parts.fetcher.once(0)
        assert caught.value.code == code
    assert View(room).count("article") == 0
    fetch_all(parts)
    assert View(room).count("article") == 200


def test_a_revoked_till_gets_no_feed(room, shop):
    """Row 56."""
    shop.revoked = True
    with pytest.raises(Answer) as caught:
        fetch_all(room.parts())
    assert caught.value.code == "revoked"


def test_a_damaged_mirror_is_begun_anew(room, shop):
    """A lost mirror costs a fetch, never a sale."""
    fetch_all(room.parts())
    for file in room.folder.glob("mirror.db*"):
        file.unlink()
    (room.folder / "mirror.db").write_bytes(b"this is no database at all" * 1000)
    fetch_all(room.parts())
    assert View(room).count("article") == 200
