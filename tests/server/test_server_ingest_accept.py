"""The protocol's table of an upload, row by row, on both engines (protocol §2)."""

import os
import threading

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sending_device import CLOCK, sealed_events, till_in_database

from schema.chain import Sealed
from schema.errors import Refused, Unready
from schema.messages import BATCH_EVENTS_MAX, EVENT_BYTES_MAX, to_wire
from server.ingest.accept import SESSION_LEASE_MS, Refusal, accept, head_of
from server.ingest.audit import audit_streams


@pytest.fixture
def device(database):
    return till_in_database(database)


def send(database, device, batch, *, now_ms=None, epoch=None):
    with database.write() as connection:
        return accept(
            connection,
            device.till_id,
            epoch or device.epoch,
            batch,
            timeline="t1",
            now_ms=CLOCK.now_ms() if now_ms is None else now_ms,
        )


def stored(database, column="seq"):
    with database.read() as connection:
        return [value for (value,) in connection.rows(f"SELECT {column} FROM event ORDER BY epoch, seq")]


def state(database):
    with database.read() as connection:
        return connection.value("SELECT state FROM stream ORDER BY epoch DESC LIMIT 1")


def evidence(database):
    with database.read() as connection:
        return connection.rows("SELECT reason FROM evidence")


def alarms(database):
    with database.read() as connection:
        return [kind for (kind,) in connection.rows("SELECT kind FROM worklist")]


def wire_of(row, **changes):
    return msgspec.structs.replace(to_wire(row), **changes)


def test_what_is_good_is_stored_byte_for_byte_and_acknowledged(database, device):
    """I3: head office's stream is a prefix of the till's, byte for byte."""
    rows = device.record(30)
    batch = device.batch(rows)
    reply = send(database, device, batch)
    assert (reply.acked_seq, reply.acked_hash, reply.nonce) == (30, rows[-1].hash.hex(), batch.nonce)
    assert reply.durable_seq == 0
    assert [bytes(body) for body in stored(database, "body")] == [row.event.body for row in rows]
    assert [check.flaw for check in audit_streams(database)] == [""]


def test_a_batch_twice_is_acknowledged_and_stored_once(database, device):
    """Fault 21: the request is duplicated."""
    batch = device.batch(device.record(5))
    first = send(database, device, batch)
    again = send(database, device, batch)
    assert (again.acked_seq, again.acked_hash) == (first.acked_seq, first.acked_hash)
    assert stored(database) == [1, 2, 3, 4, 5]


def test_an_overlapping_batch_stores_what_is_new(database, device):
    device.record(10)
    send(database, device, device.batch(device.rows[:6]))
    assert send(database, device, device.batch(device.rows[3:])).acked_seq == 10
    assert stored(database) == list(range(1, 11))


def test_a_batch_out_of_order_is_a_gap_that_says_where_to_go_on(database, device):
    """Fault 22: requests are reordered."""
    device.record(10)
    send(database, device, device.batch(device.rows[:2]))
    refusal = send(database, device, device.batch(device.rows[5:]))
    assert (refusal.code, refusal.expected_seq) == ("gap", 3)
    assert refusal.expected_hash == device.rows[1].hash.hex()
    assert state(database) == "open"
    assert send(database, device, device.batch(device.rows[2:])).acked_seq == 10


def test_a_hole_in_a_batch_commits_what_is_before_it(database, device):
    device.record(6)
    rows = [*device.rows[:2], *device.rows[3:]]
    refusal = send(database, device, device.batch(rows))
    assert (refusal.code, refusal.expected_seq) == ("gap", 3)
    assert stored(database) == [1, 2]


def test_another_history_freezes_the_stream_and_both_are_kept(database, device):
    """Faults 35, 55; I15: a clone of the card writes on; the stored branch stays, the other one is evidence."""
    device.record(3)
    send(database, device, device.batch(device.rows))
    ours = list(device.rows)
    del device.rows[2:]
    device.record(2, reason="the other branch")
    refusal = send(database, device, device.batch(device.rows[2:]))
    assert refusal.code == "fork"
    assert stored(database, "hash") == [row.hash for row in ours]
    assert (state(database), evidence(database), alarms(database)) == ("frozen", [("fork",)], ["fork"])
    assert send(database, device, device.batch(device.rows[3:])).code == "frozen"


def test_a_continuation_of_another_history_is_a_fork_too(database, device):
    device.record(2)
    send(database, device, device.batch(device.rows))
    del device.rows[1:]
    device.record(3, reason="the other branch")
    refusal = send(database, device, device.batch(device.rows[2:]))
    assert refusal.code == "fork"
    assert evidence(database) == [("fork",)]


CHANGES = {
    "body": lambda row: wire_of(row, body=row.event.body.decode().replace("100", "101")),
    "money": lambda row: wire_of(row, money="cash EUR 99"),
    "hash": lambda row: wire_of(row, hash="00" * 32),
    "hash form": lambda row: wire_of(row, hash="no hex"),
    "signature form": lambda row: wire_of(row, signature="?"),
    "money form": lambda row: wire_of(row, money="cash EUR"),
    "clock out of bounds": lambda row: wire_of(row, recorded_ms=2**70),
    "NUL": lambda row: wire_of(row, boot_id="a\0b"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_changed_event_commits_what_is_before_it_and_stops_the_stream(database, device, change):
    """Fault 53: an event was changed on the till's disk or on the way."""
    device.record(8)
    events = [to_wire(row) for row in device.rows]
    events[4] = change(device.rows[4])
    refusal = send(database, device, device.batch(device.rows, events=tuple(events)))
    assert refusal.code == "bad_event"
    assert "5" in refusal.message
    assert stored(database) == [1, 2, 3, 4]
    assert (state(database), evidence(database), alarms(database)) == ("frozen", [("bad_event",)], ["bad_event"])
    assert [check.flaw for check in audit_streams(database)] == [""]


def test_a_foreign_signature_on_the_last_event_is_found(database, device):
    device.record(4)
    other = Ed25519PrivateKey.generate()
    last = device.rows[-1]
    device.rows[-1] = Sealed(event=last.event, hash=last.hash, signature=other.sign(last.hash))
    refusal = send(database, device, device.batch(device.rows))
    assert refusal.code == "bad_event"
    assert stored(database) == [1, 2, 3]


def test_the_audit_finds_what_the_last_signature_vouched_for(database, device):
    """A wrong signature in the middle is covered by the chain at first; the audit names it."""
    device.record(4)
    second = device.rows[1]
    device.rows[1] = Sealed(event=second.event, hash=second.hash, signature=os.urandom(64))
    assert send(database, device, device.batch(device.rows)).acked_seq == 4
    (check,) = audit_streams(database)
    assert "event 2 was not signed" in check.flaw


def test_a_byte_changed_in_the_database_is_found_by_the_audit(database, device):
    device.record(3)
    send(database, device, device.batch(device.rows))
    with database.write() as connection:
        connection.run("UPDATE event SET money = ? WHERE seq = 2", ("cash EUR 1",))
    (check,) = audit_streams(database)
    assert "event 2 was changed" in check.flaw


def enrolled_again(database, device):
    from sending_device import SendingDevice

    from schema.device import base64_text, public_bytes
    from schema.messages import EnrolRequest
    from server.tills.identity import Identity
    from server.tills.tills import enrol, issue_code

    key, nonce = Ed25519PrivateKey.generate(), os.urandom(16)
    with database.write() as connection:
        code = issue_code(connection, CLOCK, device.till_id).code
        request = EnrolRequest(
            code=code, public_key=base64_text(public_bytes(key)), nonce=base64_text(nonce), software="test"
        )
        identity = Identity(key=Ed25519PrivateKey.generate(), timeline="t1")
        epoch = enrol(connection, CLOCK, identity, request).epoch
    return SendingDevice(device.till_id, epoch, key, nonce)


def test_events_of_an_older_epoch_are_late_evidence_on_the_worklist(database, device):
    """Fault 36: a till was enrolled again with events unsent; they may hold real money."""
    device.record(4)
    newer = enrolled_again(database, device)
    refusal = send(database, device, device.batch(device.rows))
    assert refusal.code == "stale_epoch"
    send(database, device, device.batch(device.rows))
    assert (stored(database), evidence(database)) == ([], [("stale_epoch",)])
    assert alarms(database) == ["stale_epoch"]
    assert send(database, newer, newer.batch(newer.record(2))).acked_seq == 2


def test_a_revoked_tills_events_are_kept_as_evidence(database, device):
    """Fault 56: the device was stolen."""
    from server.tills.tills import revoke

    with database.write() as connection:
        revoke(connection, CLOCK, device.till_id)
    refusal = send(database, device, device.batch(device.record(2)))
    assert refusal.code == "revoked"
    assert (stored(database), evidence(database)) == ([], [("revoked",)])


def test_evidence_has_a_bound_and_nothing_is_dropped_silently(database, device, monkeypatch):
    monkeypatch.setattr("server.ingest.accept.EVIDENCE_ROWS_MAX", 2)
    device.record(3)
    enrolled_again(database, device)
    for row in device.rows[:2]:
        assert send(database, device, device.batch([row])).code == "stale_epoch"
    with pytest.raises(Unready):
        send(database, device, device.batch(device.rows[2:]))
    assert len(evidence(database)) == 2


def test_a_restarted_agent_goes_on_and_the_one_before_it_is_fenced(database, device):
    """Fault 18: two agents on one stream."""
    device.record(6)
    first = device.session
    send(database, device, device.batch(device.rows[:2], session=first))
    assert send(database, device, device.batch(device.rows[2:4], session="second")).acked_seq == 4
    fenced = send(database, device, device.batch(device.rows[4:], session=first))
    assert fenced.code == "fenced"
    assert (stored(database), evidence(database)) == ([1, 2, 3, 4], [])
    later = CLOCK.now_ms() + SESSION_LEASE_MS + 1
    assert send(database, device, device.batch(device.rows[4:], session=first), now_ms=later).acked_seq == 6


def test_the_same_event_id_again_stores_the_row(database, device):
    """An adopted event of another epoch counts once, later; its row is a fact all the same."""
    send(database, device, device.batch(device.record(1)))
    known = device.rows[0].event
    newer = enrolled_again(database, device)
    newer.record(1)
    from schema.chain import seal

    twin = msgspec.structs.replace(newer.rows[0].event, event_id=known.event_id, body=known.body, money=known.money)
    newer.rows[0] = seal(twin, newer.genesis, newer.key.sign)
    assert send(database, newer, newer.batch(newer.rows)).acked_seq == 1
    assert stored(database, "event_id") == [known.event_id] * 2


def test_content_is_never_judged(database, device):
    """Faults 37, 38: an unknown type from the future and a body that is no JSON are facts."""
    from schema.chain import Event, seal

    rows, prev = [], device.genesis
    for seq, (kind, version, body) in enumerate((("voucher.melted", 9, b"{}"), ("sale.completed", 1, b"not json")), 1):
        event = Event(
            till_id=device.till_id,
            epoch=1,
            seq=seq,
            event_id=f"e{seq}",
            type=kind,
            version=version,
            recorded_ms=0,
            utc_offset_min=0,
            boot_id="b",
            monotonic_ms=0,
            business_day="someday",
            money=(),
            body=body,
        )
        rows.append(seal(event, prev, device.key.sign))
        prev = rows[-1].hash
    device.rows = rows
    assert send(database, device, device.batch(rows)).acked_seq == 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda batch: msgspec.structs.replace(batch, count=9),
        lambda batch: msgspec.structs.replace(batch, first_seq=2),
        lambda batch: msgspec.structs.replace(batch, events=(), count=0),
        lambda batch: msgspec.structs.replace(batch, session=""),
        lambda batch: msgspec.structs.replace(batch, session="two words"),
    ],
)
def test_a_header_that_lies_is_refused_and_nothing_stored(database, device, spoil):
    with pytest.raises(Refused) as caught:
        send(database, device, spoil(device.batch(device.record(2))))
    assert caught.value.code == "bad_request"
    assert stored(database) == []


def test_limits_hold(database, device):
    many = device.batch(device.record(1))
    many = msgspec.structs.replace(many, events=many.events * (BATCH_EVENTS_MAX + 1), count=BATCH_EVENTS_MAX + 1)
    heavy = device.batch(device.rows)
    heavy = msgspec.structs.replace(heavy, events=(wire_of(device.rows[0], body="x" * (EVENT_BYTES_MAX + 1)),))
    for batch in (many, heavy):
        with pytest.raises(Refused) as caught:
            send(database, device, batch)
        assert caught.value.code == "too_large"


def test_the_head_tells_where_the_stream_is(database, device):
    send(database, device, device.batch(device.record(3)))
    with database.read() as connection:
        head = head_of(connection, device.till_id, 1, timeline="t1", now_ms=7)
        with pytest.raises(Refused):
            head_of(connection, "nobody", 1, timeline="t1", now_ms=7)
    assert (head.seq, head.hash, head.state, head.server_ms) == (3, device.rows[-1].hash.hex(), "open", 7)


def test_the_same_batch_on_many_threads_is_stored_once(database, device):
    """I5, fault 21: duplicates that arrive at the same moment."""
    batch = device.batch(device.record(40))
    results = []

    def work():
        results.append(
            database.transact(
                lambda connection: accept(connection, device.till_id, 1, batch, timeline="t1", now_ms=CLOCK.now_ms())
            )
        )

    threads = [threading.Thread(target=work) for _ in range(6)]
    [thread.start() for thread in threads]
    [thread.join(30) for thread in threads]
    assert [result.acked_seq for result in results] == [40] * 6
    assert stored(database) == list(range(1, 41))


def test_two_tills_with_the_same_key_are_one_stream_with_one_winner(database, device):
    """Bad luck of the issue: a second till with the same key; the first to arrive is kept, the other is a fork."""
    twin_rows = sealed_events(device.till_id, 1, device.key, device.genesis, 1, 2, reason="twin")
    device.record(2)
    assert send(database, device, device.batch(device.rows)).acked_seq == 2
    twin = device.batch(device.rows, events=tuple(to_wire(row) for row in twin_rows), session="twin")
    outcome = send(database, device, twin)
    assert isinstance(outcome, Refusal)
    assert outcome.code == "fork"
    assert [bytes(digest) for digest in stored(database, "hash")] == [row.hash for row in device.rows]
