"""Accept what a till sends: the protocol's table (protocol §2), under the stream's row lock, in one transaction.

Accepting never looks at business rules. A run of events is judged by its chain alone: every hash is checked, and the
signature over the last hash vouches for all before it; only where that fails is each checked, to find the first bad
one. `server.ingest.audit` checks every signature afterwards.

Who may send: the newest agent session. A session that was never seen takes the stream over at once, so that a
restarted agent goes on without waiting; the sessions before it are fenced while the newest has sent within
`SESSION_LEASE_MS`, so that two running agents cannot take turns. (`stream.session` holds the newest and a few fenced.)
"""

import hashlib
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from schema.chain import Flaw, Sealed, event_hash, first_flaw, signature_holds
from schema.device import public_key_of
from schema.errors import Refused, Unready
from schema.journal_file import row_values
from schema.messages import (
    BATCH_EVENTS_MAX,
    EVENT_BYTES_MAX,
    Head,
    UploadReply,
    UploadRequest,
    WireEvent,
    from_wire,
)
from server.db import Connection
from server.tills.tills import saw_till

SESSION_LEASE_MS = 60_000
SESSIONS_KEPT = 8
# Per stream; a stolen till must not fill the disk. One batch is one row, so this is a million events.
EVIDENCE_ROWS_MAX = 2000
INTEGER_MAX = 2**63 - 1
TEXT_LENGTH_MAX = 200
_STREAM = (
    "SELECT stream.state, stream.state_reason, stream.public_key, stream.genesis, stream.high_seq, stream.high_hash, "
    "stream.durable_seq, stream.session, stream.session_ms, till.epoch, till.revoked_ms "
    "FROM stream JOIN till ON till.id = stream.till_id WHERE stream.till_id = ? AND stream.epoch = ?"
)
_COLUMNS = (
    "till_id",
    "epoch",
    "seq",
    "event_id",
    "type",
    "version",
    "recorded_ms",
    "utc_offset_min",
    "boot_id",
    "monotonic_ms",
    "business_day",
    "money",
    "body",
    "hash",
    "signature",
    "received_ms",
)
_ADVANCE = (
    "UPDATE stream SET high_seq = ?, high_hash = ?, head_seq = ?, session = ?, session_ms = ? "
    "WHERE till_id = ? AND epoch = ?"
)
_EVIDENCE = (
    "INSERT INTO evidence (till_id, epoch, reason, detail, payload, payload_hash, received_ms) "
    "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_ALARM = (
    "INSERT INTO worklist (kind, subject, detail, source_event, created_ms) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING"
)
_ENCODER = msgspec.json.Encoder()


class Stream(Struct, frozen=True, kw_only=True):
    """A stream as head office has it, locked for this transaction."""

    till_id: str
    epoch: int
    state: str
    reason: str
    public_key: bytes
    genesis: bytes
    high_seq: int
    high_hash: bytes
    durable_seq: int
    session: str
    session_ms: int
    current_epoch: int
    revoked: bool


class Refusal(Struct, frozen=True, kw_only=True):
    """Why a batch was not (wholly) acknowledged. What was good in it is stored all the same."""

    code: str
    message: str
    expected_seq: int | None = None
    expected_hash: str | None = None


class _Judged(Struct, frozen=True, kw_only=True):
    """A batch against its stream: the new good rows, and what is wrong behind them."""

    good: Sequence[Sealed] = ()
    refusal: Refusal | None = None


def accept(
    connection: Connection, till_id: str, epoch: int, request: UploadRequest, *, timeline: str, now_ms: int
) -> UploadReply | Refusal:
    """Store what is good in a batch and say how far the stream is now; a Refusal is to be committed too.

    Raises Refused("not_found"), Refused("bad_request") or Refused("too_large") where nothing of it can be judged.
    """
    check_form(request)
    stream = load_stream(connection, till_id, epoch, connection.for_update)
    barred = _bar(stream)
    if barred is not None:
        _keep_evidence(connection, stream, barred, request, now_ms)
        return barred
    if _is_fenced(stream, request.session, now_ms):
        return Refusal(code="fenced", message="Another, newer agent sends for this till. Nothing was stored.")
    judged = _judge(connection, stream, request)
    high_seq, high_hash = _store(connection, stream, judged.good, request, now_ms)
    if judged.refusal is not None:
        return _refuse(connection, stream, judged.refusal, request, now_ms)
    return UploadReply(
        acked_seq=high_seq,
        acked_hash=high_hash.hex(),
        durable_seq=stream.durable_seq,
        timeline=timeline,
        server_ms=now_ms,
        next_batch_max=BATCH_EVENTS_MAX,
        wait_ms=0,
        nonce=request.nonce,
    )


def check_form(request: UploadRequest) -> None:
    """Raise Refused("bad_request") or Refused("too_large") for a batch that breaks the limits or its own header."""
    events = request.events
    if len(events) > BATCH_EVENTS_MAX or any(len(wire.body.encode()) > EVENT_BYTES_MAX for wire in events):
        raise Refused(
            "too_large",
            f"At most {BATCH_EVENTS_MAX} events at once, each of at most {EVENT_BYTES_MAX} bytes.",
        )
    if not events or len(events) != request.count or events[0].seq != request.first_seq:
        raise Refused("bad_request", "The batch's header does not describe its events.")
    texts = (request.session, request.nonce)
    if (
        not request.session
        or " " in request.session
        or any(len(text) > TEXT_LENGTH_MAX or not text.isprintable() for text in texts)
    ):
        raise Refused("bad_request", "The batch needs a session and a nonce.")


def load_stream(connection: Connection, till_id: str, epoch: int, lock: str = "") -> Stream:
    """Return a stream. Raises Refused("not_found")."""
    row = connection.row(_STREAM + lock, (till_id, epoch))
    if row is None:
        raise Refused("not_found", "Head office does not know this stream.")
    return Stream(
        till_id=till_id,
        epoch=epoch,
        state=row[0],
        reason=row[1],
        public_key=bytes(row[2]),
        genesis=bytes(row[3]),
        high_seq=row[4],
        high_hash=bytes(row[5]),
        durable_seq=row[6],
        session=row[7],
        session_ms=row[8],
        current_epoch=row[9],
        revoked=row[10] is not None,
    )


def head_of(connection: Connection, till_id: str, epoch: int, *, timeline: str, now_ms: int) -> Head:
    """Tell how far head office has a stream. Raises Refused("not_found")."""
    stream = load_stream(connection, till_id, epoch)
    return Head(
        seq=stream.high_seq,
        hash=stream.high_hash.hex(),
        durable_seq=stream.durable_seq,
        state=stream.state,
        timeline=timeline,
        server_ms=now_ms,
    )


def _bar(stream: Stream) -> Refusal | None:
    if stream.revoked:
        return Refusal(code="revoked", message="This till's access was withdrawn. What it sent is kept as evidence.")
    if stream.epoch < stream.current_epoch:
        message = "This till was enrolled again since. What it sent is kept for a person to look at."
        return Refusal(code="stale_epoch", message=message)
    if stream.state != "open":
        return Refusal(code="frozen", message=f"This stream is stopped: {stream.reason}. A person must look at it.")
    return None


def _is_fenced(stream: Stream, session: str, now_ms: int) -> bool:
    older = stream.session.split()[1:]
    return session in older and now_ms - stream.session_ms < SESSION_LEASE_MS


def _sessions(stream: Stream, session: str) -> str:
    others = [each for each in stream.session.split() if each != session]
    return " ".join([session, *others][:SESSIONS_KEPT])


def _judge(connection: Connection, stream: Stream, request: UploadRequest) -> _Judged:
    rows, malformed = _read_rows(stream, request.events)
    fork = _fork(connection, stream, rows)
    if fork is not None:
        return _Judged(refusal=fork)
    new = _run_after(rows, stream.high_seq)
    good, flaw = _checked(stream, new)
    if flaw is not None:
        return _Judged(good=good, refusal=_flawed(stream, request, new, flaw))
    high_seq = good[-1].event.seq if good else stream.high_seq
    high_hash = good[-1].hash if good else stream.high_hash
    if malformed is not None and malformed <= high_seq + 1:
        return _Judged(good=good, refusal=_bad_event(malformed, "is not in its form"))
    if request.events[-1].seq > high_seq or malformed is not None:
        return _Judged(good=good, refusal=_gap(high_seq, high_hash))
    return _Judged(good=good)


def _read_rows(stream: Stream, events: Sequence[WireEvent]) -> tuple[list[Sealed], int | None]:
    """Return the events before the first that is not in its form, and that one's seq."""
    rows: list[Sealed] = []
    for wire in events:
        try:
            _check_bounds(wire)
            rows.append(from_wire(wire, stream.till_id, stream.epoch))
        except (ValueError, OverflowError):
            return rows, wire.seq
    return rows, None


def _check_bounds(wire: WireEvent) -> None:
    numbers = (wire.seq, wire.version, wire.recorded_ms, wire.utc_offset_min, wire.monotonic_ms)
    if wire.seq < 1 or any(not -INTEGER_MAX <= number <= INTEGER_MAX for number in numbers):
        raise ValueError("a number is out of bounds")
    texts = (wire.event_id, wire.type, wire.boot_id, wire.business_day)
    if any(len(text) > TEXT_LENGTH_MAX or "\0" in text for text in texts) or "\0" in wire.money:
        raise ValueError("a text is out of bounds")


def _fork(connection: Connection, stream: Stream, rows: Sequence[Sealed]) -> Refusal | None:
    """Compare what is sent again with what is stored: another hash at one seq means two histories."""
    known = [row for row in rows if row.event.seq <= stream.high_seq]
    if not known:
        return None
    first, last = min(row.event.seq for row in known), max(row.event.seq for row in known)
    stored: dict[int, bytes] = dict(
        connection.rows(
            "SELECT seq, hash FROM event WHERE till_id = ? AND epoch = ? AND seq BETWEEN ? AND ?",
            (stream.till_id, stream.epoch, first, last),
        )
    )
    for row in known:
        if bytes(stored[row.event.seq]) != row.hash:
            return _forked(row.event.seq)
    return None


def _run_after(rows: Sequence[Sealed], seq: int) -> list[Sealed]:
    """Return the unbroken run of rows that follows a seq."""
    run: list[Sealed] = []
    for row in rows:
        if row.event.seq == seq + 1:
            run.append(row)
            seq += 1
        elif row.event.seq > seq:
            break
    return run


def _checked(stream: Stream, run: Sequence[Sealed]) -> tuple[Sequence[Sealed], Flaw | None]:
    key = public_key_of(stream.public_key)
    after = {"after_seq": stream.high_seq, "after_hash": stream.high_hash}
    if first_flaw(run, **after, key=key, every_signature=False) is None:  # type: ignore[arg-type]
        return run, None
    flaw = first_flaw(run, **after, key=key)  # type: ignore[arg-type]
    if flaw is None:
        raise AssertionError("a run that fails as a whole has a first bad row")
    return [row for row in run if row.event.seq < flaw.seq], flaw


def _flawed(stream: Stream, request: UploadRequest, run: Sequence[Sealed], flaw: Flaw) -> Refusal:
    """Tell a bad event from another history: signed by the till's key, but linked to another predecessor."""
    first = run[0]
    if flaw.seq == first.event.seq and _links_elsewhere(stream, request, first):
        return _forked(flaw.seq - 1)
    return _bad_event(flaw.seq, flaw.what)


def _links_elsewhere(stream: Stream, request: UploadRequest, first: Sealed) -> bool:
    try:
        base = bytes.fromhex(request.base_hash)
    except ValueError:
        return False
    if request.first_seq != first.event.seq or base == stream.high_hash or event_hash(first.event, base) != first.hash:
        return False
    return signature_holds(public_key_of(stream.public_key), first.hash, first.signature)


def _forked(seq: int) -> Refusal:
    message = f"Event {seq} differs from the one that head office has: two tills wrote this journal. It is stopped."
    return Refusal(code="fork", message=message)


def _bad_event(seq: int, what: str) -> Refusal:
    return Refusal(code="bad_event", message=f"Event {seq} {what}. The stream is stopped; a person must look at it.")


def _gap(high_seq: int, high_hash: bytes) -> Refusal:
    message = f"Events are missing: head office has this stream up to {high_seq}."
    return Refusal(code="gap", message=message, expected_seq=high_seq + 1, expected_hash=high_hash.hex())


def _store(
    connection: Connection, stream: Stream, good: Sequence[Sealed], request: UploadRequest, now_ms: int
) -> tuple[int, bytes]:
    high_seq = good[-1].event.seq if good else stream.high_seq
    high_hash = good[-1].hash if good else stream.high_hash
    connection.copy_rows("event", _COLUMNS, [(*row_values(row), now_ms) for row in good])
    head_seq = min(max(request.head_seq, high_seq), INTEGER_MAX)
    place = (stream.till_id, stream.epoch)
    connection.run(_ADVANCE, (high_seq, high_hash, head_seq, _sessions(stream, request.session), now_ms, *place))
    saw_till(connection, stream.till_id, now_ms)
    if good:
        connection.ring("work")
    return high_seq, high_hash


def _refuse(connection: Connection, stream: Stream, refusal: Refusal, request: UploadRequest, now_ms: int) -> Refusal:
    if refusal.code != "gap":
        connection.run(
            "UPDATE stream SET state = 'frozen', state_reason = ? WHERE till_id = ? AND epoch = ?",
            (refusal.message, stream.till_id, stream.epoch),
        )
        _keep_evidence(connection, stream, refusal, request, now_ms)
    return refusal


def _keep_evidence(
    connection: Connection, stream: Stream, refusal: Refusal, request: UploadRequest, now_ms: int
) -> None:
    """Keep a batch that may hold real money, once, and put it before a person.

    Raises Unready("evidence_full") rather than dropping one: the till keeps it and asks again.
    """
    place = (stream.till_id, stream.epoch)
    kept = connection.value("SELECT count(*) FROM evidence WHERE till_id = ? AND epoch = ?", place)
    if kept >= EVIDENCE_ROWS_MAX:
        raise Unready("evidence_full", "Head office keeps no more evidence of this stream until a person looks at it.")
    payload = _ENCODER.encode(request.events)
    digest = hashlib.sha256(payload).hexdigest()
    kept = connection.run(_EVIDENCE, (*place, refusal.code, refusal.message, payload, digest, now_ms))
    if kept:
        subject = f"{stream.till_id}/{stream.epoch}"
        connection.run(_ALARM, (refusal.code, subject, refusal.message, digest, now_ms))
    saw_till(connection, stream.till_id, now_ms)
