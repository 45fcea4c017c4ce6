"""What an agent meets over HTTP: enrolment, tokens, upload, head and feed; every answer is signed (protocol)."""

import gzip
import threading
import time

import msgspec
import pytest
import requests
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sending_device import CLOCK, Line, SendingDevice

from schema.catalogue import Article, StoreSettings
from schema.messages import BATCH_BYTES_MAX
from server.catalogue.articles import put_articles
from server.catalogue.store_rows import put_store
from server.tills.tills import CODE_LIFE_MS, add_till, issue_code, revoke


def new_code(office, store="0001", name="Front"):
    with office.database.write() as connection:
        put_store(connection, StoreSettings(store=store, name=f"Shop {store}"))
        till = add_till(connection, CLOCK, store, name)
        return issue_code(connection, CLOCK, till.id)


@pytest.fixture
def line(sqlite_office):
    return Line(sqlite_office.url)


@pytest.fixture
def device(sqlite_office, line):
    return line.enrol(new_code(sqlite_office).code)


def test_a_till_enrols_sends_and_asks(head_office):
    """The whole way once on both engines."""
    line = Line(head_office.url)
    device = line.enrol(new_code(head_office).code)
    rows = device.record(120)
    status, reply = line.upload(device, device.batch(rows))
    assert (status, reply["acked_seq"], reply["acked_hash"]) == (200, 120, rows[-1].hash.hex())
    status, head = line.ask("GET", f"/api/v1/streams/{device.till_id}/1/head", device=device)
    assert (status, head["seq"], head["timeline"]) == (200, 120, head_office.parts.identity.timeline)
    status, page = line.ask("GET", "/api/v1/feed", device=device, cursor=0)
    assert [change["kind"] for change in page["changes"]] == ["settings"]
    assert (page["more"], page["totals"]) == (False, {"settings": 1})
    with head_office.database.read() as connection:
        assert connection.value("SELECT last_contact_ms FROM till") is not None


def test_a_code_works_once_and_an_answer_that_was_lost_is_given_again(sqlite_office, line):
    from schema.device import base64_text, public_bytes
    from schema.messages import EnrolRequest

    code = new_code(sqlite_office).code
    wish = EnrolRequest(
        code=code.lower().replace("-", " "),
        public_key=base64_text(public_bytes(Ed25519PrivateKey.generate())),
        nonce=base64_text(b"n" * 16),
        software="test",
    )
    first = line.ask("POST", "/api/v1/enrol", body=wish)
    again = line.ask("POST", "/api/v1/enrol", body=wish)
    assert first[0] == 200
    assert first == again
    other = msgspec.structs.replace(wish, public_key=base64_text(public_bytes(Ed25519PrivateKey.generate())))
    assert line.ask("POST", "/api/v1/enrol", body=other)[1]["code"] == "bad_code"


def test_an_old_or_guessed_code_is_refused_and_guessing_is_slowed(sqlite_office, line):
    from schema.messages import EnrolRequest

    code = new_code(sqlite_office)
    with sqlite_office.database.write() as connection:
        connection.run("UPDATE enrolment SET expires_ms = expires_ms - ?", (CODE_LIFE_MS + 1,))
    wish = EnrolRequest(code=code.code, public_key="AAAA", nonce="AAAA", software="")
    assert line.ask("POST", "/api/v1/enrol", body=wish)[0] == 400
    good = msgspec.structs.replace(
        wish, public_key="11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", nonce="AAAAAAAAAAAAAAAAAAAAAA=="
    )
    answers = [line.ask("POST", "/api/v1/enrol", body=good) for _ in range(6)]
    assert [status for status, _ in answers] == [403] * 5 + [429]


def test_a_token_that_is_forged_foreign_or_missing_is_refused(device, line):
    path = f"/api/v1/streams/{device.till_id}/1/head"
    forger = SendingDevice(device.till_id, 1, Ed25519PrivateKey.generate(), b"")
    for token in (forger.token(), device.token(aud="another"), device.token(epoch=2), device.token(sub="nobody"), "x"):
        status, problem = line.ask("GET", path, device=device, token=token)
        assert (status, problem["code"]) == (401, "bad_token")
    assert line.ask("GET", path)[0] == 401
    none = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."
    assert line.ask("GET", path, headers={"Authorization": f"Bearer {none}"})[0] == 401


@pytest.mark.parametrize("hours", [-24 * 365, 24 * 365 * 10])
def test_a_wrong_clock_is_told_the_right_time(device, line, hours):
    """Fault 19: a till without a clock battery; the agent corrects itself and asks again."""
    token = device.token(now_s=int(time.time()) + hours * 3600)
    status, problem = line.ask("GET", "/api/v1/feed", device=device, token=token)
    assert (status, problem["code"]) == (401, "bad_clock")
    assert abs(problem["server_ms"] - CLOCK.now_ms()) < 5000
    assert (
        line.ask("GET", "/api/v1/feed", device=device, token=device.token(now_s=problem["server_ms"] // 1000))[0] == 200
    )


def test_a_token_that_lives_too_long_is_refused(device, line):
    now_s = int(time.time())
    assert line.ask("GET", "/api/v1/feed", device=device, token=device.token(exp=now_s + 3600))[0] == 401


def test_a_till_may_not_speak_for_another(sqlite_office, device, line):
    """Fault 54: another till's batch."""
    other = line.enrol(new_code(sqlite_office, "0002").code)
    path = f"/api/v1/streams/{other.till_id}/1/events"
    status, problem = line.ask("POST", path, device=device, body=other.batch(other.record(1)))
    assert (status, problem["code"]) == (403, "other_stream")


def test_an_older_key_touches_no_newer_stream_but_a_newer_one_sends_the_old(sqlite_office, device, line):
    """Faults 36, 55: the old card's key could else freeze the till that replaced it."""
    device.record(2)
    with sqlite_office.database.write() as connection:
        code = issue_code(connection, CLOCK, device.till_id).code
    newer = line.enrol(code)
    newer.record(1)
    path = f"/api/v1/streams/{newer.till_id}/2/events"
    status, problem = line.ask("POST", path, device=device, body=newer.batch(newer.rows))
    assert (status, problem["code"]) == (403, "other_stream")
    assert line.ask("GET", "/api/v1/feed", device=device)[1]["code"] == "stale_epoch"
    status, problem = line.upload(device, device.batch(device.rows), token=newer.token())
    assert (status, problem["code"]) == (409, "stale_epoch")
    assert line.upload(newer, newer.batch(newer.rows))[0] == 200


def test_a_revoked_till_is_out_at_once(sqlite_office, device, line):
    """Fault 56."""
    with sqlite_office.database.write() as connection:
        revoke(connection, CLOCK, device.till_id)
    assert line.ask("GET", "/api/v1/feed", device=device) == (403, msgspec.json.decode(REVOKED))
    status, problem = line.upload(device, device.batch(device.record(1)))
    assert (status, problem["code"]) == (403, "revoked")
    with sqlite_office.database.read() as connection:
        assert connection.rows("SELECT reason FROM evidence") == [("revoked",)]


REVOKED = (
    '{"code":"revoked","message":"This till\'s access was withdrawn at head office. Ask there.",'
    '"expected_seq":null,"expected_hash":null,"server_ms":null}'
)


def test_damaged_bodies_store_nothing(sqlite_office, device, line):
    """Fault 23: truncated, not compressed as said, not JSON."""
    whole = zstandard.compress(msgspec.json.encode(device.batch(device.record(3))))
    path = f"/api/v1/streams/{device.till_id}/1/events"
    for body, encoding in (
        (whole[:-9], "zstd"),
        (whole, "gzip"),
        (b"<html>portal</html>", ""),
        (b"", ""),
        (b'{"first_seq":1,"events":[{"body":"\\ud800"}]}', ""),
        (whole, "br"),
    ):
        status, problem = line.ask("POST", path, device=device, body=body, headers={"Content-Encoding": encoding})
        assert (status, problem["code"]) == (400, "bad_request"), (encoding, problem)
    with sqlite_office.database.read() as connection:
        assert connection.value("SELECT count(*) FROM event") == 0


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"])
def test_a_bomb_is_refused_without_being_unpacked(device, line, pack):
    """Fault 23: a few kilobytes that claim to be 200 megabytes."""
    bomb = pack(b" " * (200 * BATCH_BYTES_MAX))
    encoding = "gzip" if pack is gzip.compress else "zstd"
    path = f"/api/v1/streams/{device.till_id}/1/events"
    began = time.monotonic()
    status, problem = line.ask("POST", path, device=device, body=bomb, headers={"Content-Encoding": encoding})
    assert (status, problem["code"]) == (413, "too_large")
    assert time.monotonic() - began < 5


def test_a_gap_and_a_fork_are_told_with_what_the_agent_needs(device, line):
    device.record(4)
    status, problem = line.upload(device, device.batch(device.rows[2:]))
    assert (status, problem["code"], problem["expected_seq"]) == (409, "gap", 1)
    assert problem["expected_hash"] == device.genesis.hex()
    line.upload(device, device.batch(device.rows[:2]))
    device.rows = []
    device.record(2, reason="another history")
    status, problem = line.upload(device, device.batch(device.rows))
    assert (status, problem["code"]) == (409, "fork")
    assert line.ask("GET", f"/api/v1/streams/{device.till_id}/1/head", device=device)[1]["state"] == "frozen"


def test_an_answer_to_another_nonce_does_not_verify(device, line):
    """Fault 24: an older reply is played back."""
    from schema.chain import signature_holds
    from schema.device import unbase64
    from schema.messages import NONCE_HEADER, SIGNATURE_HEADER, reply_bytes

    headers = {"Authorization": f"Bearer {device.token()}", NONCE_HEADER: "first"}
    answer = requests.get(f"{line.url}/api/v1/feed", headers=headers, timeout=10)
    signature = unbase64(answer.headers[SIGNATURE_HEADER])
    assert signature_holds(line.server_key, reply_bytes("first", answer.content), signature)
    assert not signature_holds(line.server_key, reply_bytes("second", answer.content), signature)
    assert not signature_holds(line.server_key, reply_bytes("first", answer.content + b" "), signature)


def put_article(office, number):
    article = Article(number=number, name=f"Article {number}", price_minor=100, tax_code="standard")
    with office.database.write() as connection:
        put_articles(connection, [article], 1)


def test_a_long_poll_answers_as_soon_as_something_changes(sqlite_office, device, line):
    cursor = line.ask("GET", "/api/v1/feed", device=device)[1]["cursor"]
    timer = threading.Timer(0.4, put_article, (sqlite_office, "A1"))
    began = time.monotonic()
    timer.start()
    status, page = line.ask("GET", "/api/v1/feed", device=device, cursor=cursor, wait=20)
    assert (status, [change["key"] for change in page["changes"]]) == (200, ["A1"])
    assert 0.3 < time.monotonic() - began < 5


def test_a_long_poll_hears_of_another_process_too(sqlite_office, device, line):
    """Another API process, or an import on the command line, writes to the same database."""
    from server.db import FILE, open_sqlite

    cursor = line.ask("GET", "/api/v1/feed", device=device)[1]["cursor"]
    other = open_sqlite(sqlite_office.parts.config.folder / FILE)
    article = Article(number="A1", name="Article", price_minor=100, tax_code="standard")

    def write():
        with other.write() as connection:
            put_articles(connection, [article], 1)

    timer = threading.Timer(0.3, write)
    timer.start()
    began = time.monotonic()
    page = line.ask("GET", "/api/v1/feed", device=device, cursor=cursor, wait=20)[1]
    other.close()
    assert [change["key"] for change in page["changes"]] == ["A1"]
    assert time.monotonic() - began < 6


def test_a_long_poll_ends_empty_when_nothing_changes(device, line):
    cursor = line.ask("GET", "/api/v1/feed", device=device)[1]["cursor"]
    began = time.monotonic()
    status, page = line.ask("GET", "/api/v1/feed", device=device, cursor=cursor, wait=0.5)
    assert (status, page["changes"], page["cursor"]) == (200, [], cursor)
    assert 0.4 < time.monotonic() - began < 4


def test_many_waiting_tills_take_no_thread(sqlite_office, device, line):
    """Sixty long polls wait, with sixteen handler threads; an upload goes through meanwhile."""
    cursor = line.ask("GET", "/api/v1/feed", device=device)[1]["cursor"]
    waits = [
        threading.Thread(target=lambda: Line(line.url).ask("GET", "/api/v1/feed", device=device, cursor=cursor, wait=8))
        for _ in range(60)
    ]
    [wait.start() for wait in waits]
    time.sleep(0.5)
    began = time.monotonic()
    assert line.upload(device, device.batch(device.record(1)))[0] == 200
    assert time.monotonic() - began < 3
    put_article(sqlite_office, "A1")
    [wait.join(15) for wait in waits]
    assert not any(wait.is_alive() for wait in waits)


def test_a_cursor_from_another_history_is_gone(device, line):
    """Fault 41."""
    status, problem = line.ask("GET", "/api/v1/feed", device=device, cursor=10**9)
    assert (status, problem["code"]) == (410, "cursor_gone")
    assert line.ask("GET", "/api/v1/feed", device=device, cursor="many")[0] == 400
    assert line.ask("GET", "/api/v1/feed", device=device, limit=5000)[0] == 400
