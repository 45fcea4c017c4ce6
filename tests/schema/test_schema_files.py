"""The files that two programs share: layouts, exact bytes, private modes, the enrolment's identity."""

import stat

import apsw
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schema import journal_file, mirror_file
from schema.chain import Event, first_flaw, seal
from schema.device import (
    DEVICE,
    KEY,
    Device,
    base64_text,
    fingerprint,
    load_device,
    load_key,
    public_bytes,
    save_device,
    signer,
    unbase64,
)
from schema.errors import Refused
from schema.messages import FeedChange, from_wire, reply_bytes, to_wire
from schema.sqlite import open_reader

KEY_PAIR = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def device():
    return Device(
        till_id="t1",
        epoch=1,
        store="0001",
        store_name="Sample Shop",
        till_number=1,
        till_name="Front",
        currency="EUR",
        server_url="http://127.0.0.1:1",
        server_public_key="",
        public_key=base64_text(public_bytes(KEY_PAIR)),
        nonce=base64_text(b"nonce"),
        timeline="line",
    )


def row(seq=1, prev=b"", body=b'{"a":1}'):
    event = Event(
        till_id="t1",
        epoch=1,
        seq=seq,
        event_id=f"e{seq}",
        type="cash.moved",
        version=1,
        recorded_ms=1000 + seq,
        utc_offset_min=0,
        boot_id="b",
        monotonic_ms=1,
        business_day="2026-11-21",
        money=(("cash", "EUR", 5),),
        body=body,
    )
    return seal(event, prev, KEY_PAIR.sign)


@pytest.fixture
def journal(tmp_path):
    path = tmp_path / "journal.db"
    connection = apsw.Connection(str(path))
    connection.execute(journal_file.LAYOUT)
    connection.execute("INSERT INTO stream VALUES ('t1', 1, ?, ?)", (public_bytes(KEY_PAIR), device().genesis()))
    prev = device().genesis()
    for seq in (1, 2, 3):
        sealed = row(seq, prev, body=b'{"odd" :  "bytes","n":%d}' % seq)
        connection.execute(journal_file.APPEND, journal_file.row_values(sealed))
        prev = sealed.hash
    yield connection
    connection.close()


def test_rows_come_back_byte_for_byte(journal):
    rows = journal_file.read_after(journal, "t1", 1, 0, 10)
    assert [each.event.body for each in rows] == [b'{"odd" :  "bytes","n":%d}' % seq for seq in (1, 2, 3)]
    assert first_flaw(rows, after_seq=0, after_hash=device().genesis(), key=KEY_PAIR.public_key()) is None
    assert [each.event.seq for each in journal_file.read_after(journal, "t1", 1, 1, 1)] == [2]


@pytest.mark.parametrize("sql", ["UPDATE event SET body = x'00' WHERE seq = 2", "DELETE FROM event WHERE seq = 2"])
def test_the_journal_is_append_only_for_everyone(journal, sql):
    with pytest.raises(apsw.ConstraintError, match="append-only"):
        journal.execute(sql)


def test_a_sequence_number_is_used_once(journal):
    with pytest.raises(apsw.ConstraintError):
        journal.execute(journal_file.APPEND, journal_file.row_values(row(2)))


def test_what_waits_is_counted_and_dated(journal):
    waiting = journal.execute(journal_file.READ_WAITING, ("t1", 1, 1)).fetchall()
    assert waiting == [(2, 1002)]
    assert journal.execute(journal_file.READ_WAITING, ("t1", 1, 3)).fetchall() == [(0, None)]


def test_the_other_program_s_file_opens_read_only(journal, tmp_path):
    reader = open_reader(tmp_path / "journal.db")
    with pytest.raises(apsw.ReadOnlyError):
        reader.execute("CREATE TABLE x (y)")
    reader.close()


def test_the_wire_form_reads_back_to_the_row(journal):
    for sealed in journal_file.read_after(journal, "t1", 1, 0, 10):
        assert from_wire(to_wire(sealed), "t1", 1) == sealed


def test_a_reply_is_bound_to_its_nonce():
    assert reply_bytes("a", b"body") != reply_bytes("ab", b"ody")


def test_a_tombstone_carries_no_body():
    data = msgspec.json.encode(FeedChange(rev=1, kind="article", key="A1", deleted=True))
    assert msgspec.json.decode(data, type=FeedChange).deleted


def test_the_mirror_s_layout_finds_by_words_in_any_order():
    connection = apsw.Connection(":memory:")
    connection.execute(mirror_file.LAYOUT)
    connection.execute("INSERT INTO article VALUES (1, 'A1', 'Sample Crème', '', 0, x'7b7d')")
    connection.execute("INSERT INTO article_search (rowid, words) VALUES (1, 'sample creme a1')")
    for typed in ("cre sam", "sample", "a1"):
        found = connection.execute(mirror_file.ARTICLES_BY_WORDS, (mirror_file.search_terms(typed), 5)).fetchall()
        assert found == [(b"{}",)]
    connection.close()


def test_a_device_reads_back_and_its_key_is_private(tmp_path):
    save_device(tmp_path, device(), KEY_PAIR)
    assert load_device(tmp_path) == device()
    assert public_bytes(load_key(tmp_path)) == unbase64(device().public_key)
    assert stat.S_IMODE((tmp_path / KEY).stat().st_mode) == 0o600
    assert device().label() == "0001-1"


def test_a_till_without_identity_says_how_to_get_one(tmp_path):
    with pytest.raises(Refused, match="agent enrol"):
        load_device(tmp_path)


def test_a_damaged_identity_is_refused(tmp_path):
    (tmp_path / DEVICE).write_text("{")
    (tmp_path / KEY).write_bytes(b"short")
    with pytest.raises(Refused, match="Enrol this till again"):
        load_device(tmp_path)
    with pytest.raises(Refused, match="Enrol this till again"):
        load_key(tmp_path)


def test_a_fingerprint_can_be_compared_by_eye():
    assert fingerprint(bytes(range(32))) == "0001 0203 0405 0607"


def test_the_fast_signer_signs_as_the_key_itself_does():
    key = Ed25519PrivateKey.generate()
    assert signer(key)(b"a hash") == key.sign(b"a hash")
