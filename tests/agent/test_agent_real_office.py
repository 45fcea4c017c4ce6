"""The agent against head office itself, both as programs: what is promised to tills holds end to end."""

import json
import time

import apsw
import msgspec
import pytest
import requests
from agent_fault_proxy import FaultProxy, lose_reply, twice
from agent_journal_builder import JournalBuilder
from agent_real_office import import_articles
from msgspec.structs import replace

from agent.link import Answer
from agent.report import read_status
from schema.chain import money_bytes
from schema.clock import SystemClock
from schema.device import AGENT, JOURNAL, AgentAddress, load_device, load_key, save_device
from schema.journal_file import read_after
from schema.sqlite import open_reader
from server.catalogue import feed
from server.catalogue.ends import DAY_MS, KEPT_DAYS, forget
from server.db import open_database
from server.tills.tills import issue_code, revoke


def assert_same_events(room, epoch=1):
    """I3, I5: head office has this journal byte for byte, every event once."""
    reader = open_reader(room.folder / JOURNAL)
    own = [
        (row.event.seq, row.event.event_id, money_bytes(row.event.money).decode(), row.event.body, row.hash)
        for row in read_after(reader, room.till_id, epoch, 0, 100_000)
    ]
    reader.close()
    sql = "SELECT seq, event_id, money, body, hash FROM event WHERE till_id = ? AND epoch = ? ORDER BY seq"
    with room.office.rows() as rows:
        assert rows(sql, room.till_id, epoch) == own


def test_events_go_up_and_articles_come_down(till):
    till.journal().append(1203)
    facts = json.loads(till.run("sync-once", "--json", check=0).stdout)
    assert facts["sent"] == 1203
    assert_same_events(till)
    mirror = open_reader(till.folder / "mirror.db")
    assert mirror.execute("SELECT count(*) FROM article").fetchone() == (1500,)
    assert mirror.execute("SELECT count(*) FROM article_search WHERE article_search MATCH 'kase'").fetchone() == (1500,)
    mirror.close()
    status = json.loads(till.run("status", "--json", check=0).stdout)
    assert (status["state"], status["waiting"], status["articles"]) == ("online", 0, 1500)


def test_duplicated_and_lost_requests_have_no_second_effect(till):
    """Rows 4, 21."""
    till.journal().append(3)
    proxy = FaultProxy(till.office.port)
    proxy.only = "events"
    till.proxies.append(proxy)
    save_device(till.folder, replace(load_device(till.folder), server_url=proxy.url), load_key(till.folder))
    proxy.faults.extend([lose_reply, twice])
    till.sync()
    assert len([request for request in proxy.requests if b"/events" in request.split(b"\r\n")[0]]) == 2
    assert_same_events(till)


def test_a_wrong_clock_is_corrected_by_head_office(till):
    """Row 19: this machine believes that it is ten years later."""

    class Later(type(till.clock)):
        def now_ms(self):
            return super().now_ms() + 10 * 365 * 86_400_000

    till.journal().append(2)
    parts = till.parts(clock=Later())
    assert parts.forwarder.drain().sent == 2
    assert_same_events(till)
    assert int(parts.mirror.values()["clock_skew_ms"]) < -9 * 365 * 86_400_000


def test_a_running_agent_survives_kill_9_of_head_office(till):
    """Row 5: whatever was accepted counts once, the rest comes again."""
    builder = till.journal()
    till.start()
    for _ in range(2):
        builder.append(1500)
        time.sleep(0.4)
        till.office.kill()
        builder.append(10)
        till.office.start()
    address = msgspec.json.decode((till.folder / AGENT).read_bytes(), type=AgentAddress)

    def drained():
        # A person who does not want to wait for the agent's own next try.
        url = f"http://127.0.0.1:{address.port}/sync"
        requests.post(url, headers={"Authorization": f"Bearer {address.token}"}, timeout=3)
        time.sleep(0.2)
        return read_status(till.folder).waiting == 0

    until(drained, 30)
    assert_same_events(till)


def test_an_article_changed_at_head_office_is_on_the_till_within_seconds(till):
    till.start()
    mirror = till.folder / "mirror.db"

    def found(number):
        try:
            reader = open_reader(mirror)
        except apsw.CantOpenError:
            return []
        try:
            return reader.execute("SELECT name FROM article WHERE number = ?", (number,)).fetchall()
        except apsw.SQLError:
            return []
        finally:
            reader.close()

    until(lambda: found("A0001"))
    import_articles(till.office, [("B0001", "Brot")])
    began = time.monotonic()
    until(lambda: found("B0001"), 5)
    assert time.monotonic() - began < 5


def until(condition, seconds=15.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


def test_a_changed_byte_freezes_the_stream_there_and_is_told_here(till):
    """Row 53."""
    builder = till.journal()
    builder.append(4)
    builder.tamper(3)
    assert "Event 3" in till.sync().hold.text
    with till.office.rows() as rows:
        assert rows("SELECT high_seq, state FROM stream WHERE till_id = ?", till.till_id) == [(2, "frozen")]
        assert rows("SELECT reason FROM evidence WHERE till_id = ?", till.till_id) == [("bad_event",)]
    assert till.sync().hold.state == "frozen"


def test_a_rewritten_journal_is_a_fork(till):
    """Row 55."""
    till.journal().append(3)
    till.sync()
    till.opened.pop()()
    for name in ("journal.db", "mirror.db"):
        for file in till.folder.glob(name + "*"):
            file.unlink()
    builder = JournalBuilder(till.folder)
    builder.append(4)
    assert till.sync().hold.code == "fork"
    builder.close()
    with till.office.rows() as rows:
        assert rows("SELECT high_seq, state FROM stream WHERE till_id = ?", till.till_id) == [(3, "frozen")]
        assert rows("SELECT reason FROM evidence WHERE till_id = ?", till.till_id) == [("fork",)]


def test_a_withdrawn_till_is_told_and_fetches_nothing(till):
    """Row 56."""
    till.journal().append(1)
    till.office.change(lambda connection, clock: revoke(connection, clock, till.till_id))
    with pytest.raises(Answer, match="withdrawn"):
        till.sync()
    assert read_status(till.folder).state == "revoked"


def test_enrolling_anew_hands_over_what_the_old_journal_still_holds(till):
    """Row 36: drained first; what is written under the old epoch later still becomes evidence."""
    builder = till.journal()
    builder.append(3)
    code = till.office.change(lambda connection, clock: issue_code(connection, clock, till.till_id)).code
    till.run("enrol", "--server", till.office.url, "--code", code, check=0)
    builder.append(2)
    newer = till.journal()
    newer.append(4)
    till.sync()
    with till.office.rows() as rows:
        sql = "SELECT epoch, high_seq FROM stream WHERE till_id = ? ORDER BY epoch"
        assert rows(sql, till.till_id) == [(1, 3), (2, 4)]
        assert rows("SELECT epoch, reason FROM evidence WHERE till_id = ?", till.till_id) == [(1, "stale_epoch")]
    assert_same_events(till, epoch=2)
    till.sync()
    with till.office.rows() as rows:
        assert rows("SELECT count(*) FROM evidence WHERE till_id = ?", till.till_id) == [(1,)]


def test_two_agents_of_one_till_do_not_double_anything(till, tmp_path):
    """Row 18: a copy of the folder's identity runs elsewhere; the older session is fenced."""
    builder = till.journal()
    builder.append(2)
    first, second = till.parts(), till.parts()
    first.forwarder.drain()
    builder.append(2)
    second.forwarder.drain()
    builder.append(2)
    hold = first.forwarder.drain().hold
    assert (hold.state, hold.code) == ("refused", "fenced")
    second.forwarder.drain()
    assert_same_events(till)


def test_a_head_office_restored_from_its_backup_gets_all_again(till, tmp_path):
    """Row 32."""
    office = till.office
    builder = till.journal()
    builder.append(5)
    till.sync()
    office.run("backup", str(tmp_path / "backup.zip"))
    builder.append(5)
    till.sync()
    office.kill()
    office.folder = office.folder.with_name(f"restored-{time.time_ns()}")
    office.run("restore", str(tmp_path / "backup.zip"))
    office.start()
    with office.rows() as rows:
        assert rows("SELECT high_seq FROM stream WHERE till_id = ?", till.till_id) == [(5,)]
    builder.append(1)
    till.sync()
    assert_same_events(till)


def test_a_till_that_was_away_for_longer_than_ends_are_kept_fetches_all_anew(till):
    """What ended in between is gone from its mirror all the same, and what is new is there."""
    till.sync()
    assert articles_of(till) >= {"A0001", "A0002"}
    till.office.change(lambda connection, _: feed.put(connection, [feed.gone("", "article", "A0001")]))
    import_articles(till.office, [("B0001", "Brot")])
    forget_ends(till.office, days=1)
    forget_ends(till.office, days=1 + KEPT_DAYS)
    with till.office.rows() as rows:
        assert rows("SELECT count(*) FROM feed WHERE key = 'A0001' AND kind = 'article'") == [(0,)]
    till.sync()
    assert "A0001" not in articles_of(till)
    assert articles_of(till) >= {"A0002", "B0001"}


def forget_ends(office, *, days):
    """Let the worker's chore run some days from now."""
    database = open_database(office.folder, None)
    try:
        forget(database, SystemClock().now_ms() + days * DAY_MS + 1)
    finally:
        database.close()


def articles_of(till):
    mirror = open_reader(till.folder / "mirror.db")
    try:
        return {number for (number,) in mirror.execute("SELECT number FROM article")}
    finally:
        mirror.close()
