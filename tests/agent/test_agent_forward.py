"""Forwarding against a small head office and a proxy with faults: nothing lost, nothing double, nothing believed."""

import shutil
import time

import apsw
import msgspec
import pytest
from agent_fault_proxy import LOGIN, PORTAL, answer, flip, lose_reply, lose_request, replay, trickle, truncate, twice
from agent_journal_builder import JournalBuilder
from agent_small_office import TILL
from msgspec.structs import replace

from schema.device import JOURNAL, load_device, load_key
from schema.errors import Unready
from schema.journal_file import read_after
from schema.messages import EnrolRequest, Problem
from schema.sqlite import open_reader


def stored(office, epoch=1):
    return [row.event.seq for row in office.streams[TILL, epoch].rows]


def assert_prefix_byte_for_byte(room, office, epoch=1):
    """I3: what head office has is the journal's beginning, byte for byte."""
    reader = open_reader(room.folder / JOURNAL)
    rows = office.streams[TILL, epoch].rows
    assert rows == read_after(reader, TILL, epoch, 0, len(rows))
    reader.close()


def test_all_events_arrive_in_batches_of_at_most_500_byte_for_byte(room, office):
    room.journal().append(1203)
    parts = room.parts()
    assert parts.forwarder.drain().sent == 1203
    assert office.uploads == [(1, 500), (501, 500), (1001, 203)]
    assert_prefix_byte_for_byte(room, office)
    assert parts.mirror.acked(TILL, 1).seq == parts.mirror.acked(TILL, 1).durable_seq == 1203


def test_a_batch_never_exceeds_one_mebibyte(room, office):
    room.journal().append(30, padding=200_000)
    sizes = []
    upload = office.upload
    office.upload = lambda till, epoch, request, size: sizes.append(size) or upload(till, epoch, request, size)
    assert room.parts().forwarder.drain().sent == 30
    assert len(sizes) == 6
    assert max(sizes) <= 1024 * 1024


def test_nothing_to_send_sends_nothing(room, office):
    parts = room.parts()
    assert parts.forwarder.drain().sent == 0
    room.journal()
    assert parts.forwarder.drain().sent == 0
    assert office.uploads == []


def test_a_request_delivered_twice_has_no_second_effect(room, office):
    """Row 21."""
    room.journal().append(3)
    proxy = room.proxy("events")
    proxy.faults.append(twice)
    room.parts().forwarder.drain()
    assert office.uploads == [(1, 3), (1, 3)]
    assert stored(office) == [1, 2, 3]


@pytest.mark.parametrize("fault", [lose_request, lose_reply, truncate, flip])
def test_a_lost_or_damaged_reply_moves_no_cursor_and_the_batch_is_sent_again(room, office, fault):
    """Rows 4, 24: unproven means unsent."""
    room.journal().append(3)
    proxy = room.proxy("events")
    proxy.faults.append(fault)
    parts = room.parts()
    with pytest.raises(Unready):
        parts.forwarder.drain()
    assert parts.mirror.acked(TILL, 1).seq == 0
    parts.forwarder.drain()
    assert stored(office) == [1, 2, 3]
    assert parts.mirror.acked(TILL, 1).seq == 3


def test_an_older_signed_reply_is_not_an_acknowledgement(room, office):
    """Rows 24, 54: the nonce belongs to another request."""
    builder = room.journal()
    builder.append(2)
    proxy = room.proxy("events")
    old = []
    proxy.faults.append(lambda request, forward, line: old.append(forward(request)) or line.sendall(old[0]))
    parts = room.parts()
    parts.forwarder.drain()
    builder.append(2)
    proxy.faults.append(lambda request, forward, line: line.sendall(old[0]))
    with pytest.raises(Unready) as caught:
        parts.forwarder.drain()
    assert caught.value.code == "not_head_office"
    assert parts.mirror.acked(TILL, 1).seq == 2
    proxy.faults.append(replay(old[0]))
    with pytest.raises(Unready):
        parts.forwarder.drain()
    assert parts.forwarder.drain().hold is None
    assert stored(office) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "bent",
    [
        {"nonce": "another"},
        {"acked_hash": "00" * 32},
        {"acked_hash": "no hex"},
        {"acked_seq": 2},
        {"acked_seq": 0, "acked_hash": ""},
    ],
)
def test_a_signed_acknowledgement_that_does_not_fit_the_journal_is_ignored(room, office, bent):
    """Row 24: signature alone is not enough; nonce and own hash must match."""
    room.journal().append(3)
    parts = room.parts()
    office.bend_reply = lambda reply: replace(reply, **bent)
    with pytest.raises(Unready) as caught:
        parts.forwarder.drain()
    assert caught.value.code == "unproven_reply"
    assert parts.mirror.acked(TILL, 1).seq == 0
    office.bend_reply = lambda reply: reply
    parts.forwarder.drain()
    assert parts.mirror.acked(TILL, 1).seq == 3


def test_a_gap_rewinds_to_what_head_office_has(room, office):
    """Row 22: head office lost its newest rows without saying so."""
    builder = room.journal()
    builder.append(6)
    parts = room.parts()
    parts.forwarder.drain()
    del office.streams[TILL, 1].rows[2:]
    builder.append(1)
    parts.forwarder.drain()
    assert office.uploads == [(1, 6), (7, 1), (3, 5)]
    assert_prefix_byte_for_byte(room, office)


def test_a_restored_head_office_gets_all_again(room, office):
    """Row 32: a new timeline on an acknowledgement leads to asking and rewinding."""
    builder = room.journal()
    builder.append(6)
    parts = room.parts()
    parts.forwarder.drain()
    office.restore_from_backup(4)
    builder.append(1)
    parts.forwarder.drain()
    assert stored(office) == [1, 2, 3, 4, 5, 6, 7]
    assert parts.mirror.acked(TILL, 1).seq == 7


def test_a_restored_head_office_is_noticed_by_the_feed_and_gets_all_again(room, office):
    """Row 32: even when this till has nothing new to send."""
    room.journal().append(3)
    parts = room.parts()
    parts.forwarder.drain()
    while parts.fetcher.once(0).more:
        pass
    office.restore_from_backup(1)
    while parts.fetcher.once(0).more:
        pass
    parts.forwarder.drain()
    assert stored(office) == [1, 2, 3]


def test_a_changed_byte_freezes_the_stream_in_plain_words_and_drops_nothing(room, office):
    """Row 53."""
    builder = room.journal()
    builder.append(5)
    builder.tamper(3)
    parts = room.parts()
    hold = parts.forwarder.drain().hold
    assert (hold.state, hold.code) == ("frozen", "bad_event")
    assert "Event 3" in hold.text
    assert "Everything is kept" in hold.text
    values = parts.mirror.values()
    assert values["state"] == "frozen"
    assert "Event 3" in values["state_text"]
    assert stored(office) == [1, 2]
    assert len(office.streams[TILL, 1].evidence[0].events) == 5
    builder.append(1)
    assert parts.forwarder.drain().hold.state == "frozen"
    assert builder.head()[0] == 6
    assert len(office.uploads) == 1


def test_a_rewritten_journal_is_shown_to_head_office_as_a_fork(room, office, tmp_path):
    """Rows 35, 55: another history under the same key; head office keeps both."""
    room.journal().append(3)
    room.parts().forwarder.drain()
    for old in room.folder.glob("journal.db*"):
        old.unlink()
    for old in room.folder.glob("mirror.db*"):
        old.unlink()
    builder = JournalBuilder(room.folder)
    builder.append(5)
    parts = room.parts()
    hold = parts.forwarder.drain().hold
    builder.close()
    assert (hold.state, hold.code) == ("frozen", "fork")
    assert office.streams[TILL, 1].evidence[0].first_seq <= 3
    assert stored(office) == [1, 2, 3]
    assert parts.mirror.acked(TILL, 1) is None


def test_a_journal_set_back_is_detected_against_head_office(room, office, tmp_path):
    """Row 34: an old image of the whole card, mirror and all."""
    builder = room.journal()
    builder.append(2)
    builder.connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    shutil.copy(builder.path, tmp_path / "old.db")
    builder.append(3)
    room.parts().forwarder.drain()
    builder.close()
    for name in ("journal.db", "mirror.db"):
        for old in room.folder.glob(name + "*"):
            old.unlink()
    shutil.copy(tmp_path / "old.db", builder.path)
    hold = room.parts().forwarder.drain().hold
    assert hold.state == "rolled_back"
    assert "event 5" in hold.text
    assert "ends at 2" in hold.text
    assert len(office.uploads) == 1


def test_a_journal_set_back_is_detected_without_the_network(room, office, tmp_path):
    """Row 34: the mirror on this disk knows more than the journal."""
    builder = room.journal()
    builder.append(2)
    builder.connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    shutil.copy(builder.path, tmp_path / "old.db")
    builder.append(3)
    room.parts().forwarder.drain()
    builder.close()
    for old in room.folder.glob("journal.db*"):
        old.unlink()
    shutil.copy(tmp_path / "old.db", builder.path)
    office.close()
    assert room.parts().forwarder.drain().hold.state == "rolled_back"


def test_a_lost_journal_is_not_taken_for_an_empty_one(room, office):
    """Row 14: the file is gone; the mirror remembers that head office has some of it."""
    builder = room.journal()
    builder.append(2)
    room.parts().forwarder.drain()
    builder.close()
    for old in room.folder.glob("journal.db*"):
        old.unlink()
    assert room.parts().forwarder.drain().hold.state == "rolled_back"


def test_a_deleted_mirror_gets_its_cursor_from_head_office(room, office):
    """Protocol §2: the cursor is lost, nothing is sent twice."""
    builder = room.journal()
    builder.append(4)
    parts = room.parts()
    parts.forwarder.drain()
    for file in room.folder.glob("mirror.db*"):
        file.unlink()
    builder.append(2)
    fresh = room.parts()
    fresh.forwarder.drain()
    assert office.uploads == [(1, 4), (5, 2)]
    assert fresh.mirror.acked(TILL, 1).seq == 6


def test_a_mirror_deleted_under_the_running_agent_is_begun_anew(room, office):
    builder = room.journal()
    builder.append(4)
    parts = room.parts()
    parts.forwarder.drain()
    for file in room.folder.glob("mirror.db*"):
        file.unlink()
    builder.append(2)
    parts.forwarder.drain()
    assert room.parts().mirror.acked(TILL, 1).seq == 6


def test_a_batch_that_is_too_large_is_halved_until_it_fits(room, office):
    """Row 25: 413."""
    room.journal().append(40)
    office.batch_max = 6
    assert room.parts().forwarder.drain().sent == 40
    assert office.uploads[:4] == [(1, 40), (1, 20), (1, 10), (1, 5)]
    assert stored(office) == list(range(1, 41))


def test_a_413_from_something_on_the_way_is_halved_too(room, office):
    """Row 25: an unsigned 413 of a proxy costs nothing but a smaller batch."""
    room.journal().append(8)
    proxy = room.proxy("events")
    proxy.faults.extend([answer(413), answer(413)])
    assert room.parts().forwarder.drain().sent == 8
    assert office.uploads[0] == (1, 2)


def test_one_event_that_is_too_large_holds_the_stream_and_says_so(room, office):
    room.journal().append(1)
    office.bytes_max = 10
    hold = room.parts().forwarder.drain().hold
    assert (hold.state, hold.code) == ("refused", "too_large")


@pytest.mark.parametrize("fault", [PORTAL, LOGIN])
def test_a_captive_portal_is_told_apart_and_believed_nothing(room, office, fault):
    """Row 28."""
    room.journal().append(1)
    proxy = room.proxy()
    proxy.faults.append(fault)
    with pytest.raises(Unready) as caught:
        room.parts().forwarder.drain()
    assert caught.value.code == "portal"
    assert "Internet login needed" in caught.value.message


@pytest.mark.parametrize("status", [500, 502, 503, 404, 401, 403, 409, 422, 410])
def test_an_unsigned_refusal_changes_nothing_and_is_tried_again(room, office, status):
    """Rows 25, 56: nobody but head office can revoke or freeze a till."""
    room.journal().append(1)
    proxy = room.proxy("events")
    proxy.faults.append(answer(status, body=b'{"code":"revoked","message":"ha"}'))
    parts = room.parts()
    with pytest.raises(Unready):
        parts.forwarder.drain()
    parts.forwarder.drain()
    assert stored(office) == [1]


def test_retry_after_is_told_to_the_pause(room, office):
    """Row 25: 429 with Retry-After."""
    room.journal().append(1)
    proxy = room.proxy()
    proxy.faults.append(answer(429, ["Retry-After: 17"]))
    with pytest.raises(Unready) as caught:
        room.parts().forwarder.drain()
    assert caught.value.retry_after_ms == 17_000


@pytest.mark.parametrize("head", [True, False])
def test_a_trickling_server_is_cut_off_by_the_total_timeout(room, office, head):
    """Row 26: a byte now and then keeps every single read alive, but not the request."""
    room.journal().append(1)
    proxy = room.proxy()
    proxy.faults.append(trickle(0.2, head))
    parts = room.parts()
    began = time.monotonic()
    with pytest.raises(Unready) as caught:
        parts.forwarder.drain()
    assert caught.value.code == "timeout"
    assert time.monotonic() - began < 4
    parts.forwarder.drain()
    assert stored(office) == [1]


@pytest.mark.parametrize("ahead_ms", [10 * 365 * 86_400_000, -86_400_000])
def test_a_wrong_clock_never_stops_the_sync_and_is_shown(room, office, ahead_ms):
    """Row 19: head office's clock is ten years off this till's (or the other way round)."""
    room.journal().append(2)
    office.clock_ahead_ms = ahead_ms
    parts = room.parts()
    parts.forwarder.drain()
    assert stored(office) == [1, 2]
    assert abs(int(parts.mirror.values()["clock_skew_ms"]) - ahead_ms) < 5_000


def test_a_revoked_till_keeps_its_events_and_says_so(room, office):
    """Row 56."""
    builder = room.journal()
    builder.append(2)
    office.revoked = True
    parts = room.parts()
    assert parts.forwarder.drain().hold.state == "revoked"
    assert parts.mirror.values()["state"] == "revoked"
    office.revoked = False
    assert parts.forwarder.drain().sent == 2
    assert parts.mirror.values()["state"] == "online"


def test_an_old_stream_is_handed_over_after_enrolling_anew(room, office):
    """Row 36: unsent events of the old epoch go up as late evidence, once, and do not hold back the new ones."""
    old = room.journal()
    old.append(3)
    room.enrol()
    old.close()
    new = room.journal()
    new.append(2)
    parts = room.parts()
    assert parts.forwarder.drain().hold is None
    assert stored(office, 2) == [1, 2]
    assert [event.seq for event in office.streams[TILL, 1].evidence[0].events] == [1, 2, 3]
    assert parts.mirror.values()["state"] == "online"
    again = room.parts()
    again.forwarder.drain()
    assert len(office.uploads) == 2


def test_after_a_fork_enrolling_anew_hands_over_the_other_branch_and_works_again(room, office):
    """Rows 34, 35: both branches are kept, and today's stream is not held back by yesterday's trouble."""
    builder = room.journal()
    builder.append(5)
    room.parts().forwarder.drain()
    builder.close()
    for name in ("journal.db", "mirror.db"):
        for old in room.folder.glob(name + "*"):
            old.unlink()
    branch = room.journal()
    branch.append(3)
    assert room.parts().forwarder.drain().hold.state == "rolled_back"
    room.enrol()
    room.journal().append(2)
    parts = room.parts()
    assert parts.forwarder.drain().hold is None
    assert parts.mirror.values()["state"] == "online"
    assert stored(office, 2) == [1, 2]
    assert [event.seq for event in office.streams[TILL, 1].evidence[-1].events] == [1, 2, 3]
    uploads = len(office.uploads)
    room.parts().forwarder.drain()
    assert len(office.uploads) == uploads


def test_a_retired_stream_that_head_office_does_not_know_does_not_hold_back_todays(room, office):
    """Row 36."""
    room.journal().append(2)
    room.enrol()
    del office.streams[TILL, 1]
    room.journal().append(2)
    parts = room.parts()
    assert parts.forwarder.drain().hold is None
    assert stored(office, 2) == [1, 2]


def test_a_retired_head_office_that_is_gone_does_not_hold_back_todays(room, office):
    """Row 36: the old identity points at an address where nobody answers any more."""
    proxy = room.proxy()
    room.journal().append(2)
    proxy.close()
    room.enrol()
    room.journal().append(2)
    parts = room.parts()
    assert parts.forwarder.drain().hold is None
    assert stored(office, 2) == [1, 2]


def test_a_bit_flip_that_makes_a_body_unreadable_is_told_and_all_before_it_goes_up(room, office):
    """Row 13."""
    builder = room.journal()
    builder.append(4)
    builder.connection.execute("DROP TRIGGER event_is_final")
    builder.connection.execute("UPDATE event SET body = X'7BFF' WHERE seq = 3")
    parts = room.parts()
    hold = parts.forwarder.drain().hold
    assert (hold.state, hold.code) == ("frozen", "journal_damaged")
    assert "Event 3" in parts.mirror.values()["state_text"]
    assert stored(office) == [1, 2]


def test_a_head_office_that_calls_every_batch_a_gap_is_not_asked_in_a_loop(room, office):
    room.journal().append(2)
    parts = room.parts()
    upload = office.upload

    def forgetful(till, epoch, request, size):
        stream = office.streams[till, epoch]
        upload(till, epoch, request, size)
        stream.rows.clear()
        return 409, Problem(code="gap", message="Gap.", expected_seq=1, expected_hash=stream.genesis.hex())

    office.upload = forgetful
    with pytest.raises(Unready):
        parts.forwarder.drain()
    assert len(office.uploads) == 1


def test_a_journal_whose_till_is_switched_off_is_read_all_the_same(room, office):
    """The till closed its file, so WAL and index are gone; the agent only has read access."""
    builder = JournalBuilder(room.folder)
    builder.append(2)
    builder.close()
    assert [file.name for file in room.folder.glob("journal.db*")] == ["journal.db"]
    assert room.parts().forwarder.drain().sent == 2


def test_a_till_that_was_replaced_says_so_and_hands_over_what_it_sells(room, office):
    """Row 36, from the side of the old device."""
    device, key = load_device(room.folder), load_key(room.folder)
    room.office.enrol(
        msgspec.convert(
            {"code": "ABCD-1234", "public_key": device.public_key, "nonce": device.nonce, "software": ""},
            type=EnrolRequest,
        )
    )
    builder = JournalBuilder(room.folder, device, key)
    builder.append(2)
    builder.close()
    parts = room.parts()
    parts.forwarder.drain()
    assert parts.mirror.values()["state"] == "revoked"
    assert "late evidence" in parts.mirror.values()["state_text"]
    assert len(office.streams[TILL, 1].evidence) == 1


def test_10000_events_after_days_offline_all_arrive_in_order(room, office):
    """Row 30, a third of its size: the suite must stay quick."""
    room.journal().append(10_000)
    assert room.parts().forwarder.drain().sent == 10_000
    assert stored(office) == list(range(1, 10_001))
