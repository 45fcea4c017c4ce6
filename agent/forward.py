"""From the journal to head office: one batch at a time per stream, the cursor moved by proof alone (protocol §2).

The next step is decided in agent.plan; here it is done. Nothing is held open across the network: the journal is read
and let go, the batch is sent, the acknowledgement is checked against the journal and then remembered. A crash anywhere
in between sends a batch again, which head office absorbs.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from agent import plan
from agent.journal import JournalHead, JournalReader
from agent.link import Answer, HeadOffice, Postponed, new_nonce
from agent.mirror import Acked, Mirror
from agent.plan import Ask, Hold, Own, Progress, Rest, Send
from agent.state import Board
from schema.chain import Sealed
from schema.errors import Refused, Unready
from schema.messages import BATCH_BYTES_MAX, Head, UploadReply, UploadRequest, WireEvent, to_wire

Reply = TypeVar("Reply", Head, UploadReply)
_BROKEN_LINE = frozenset({"timeout", "unreachable", "too_large"})
# About half an hour of an idle agent.
RETIRED_RESTS = 30
log = logging.getLogger("counterfoil.agent")


class Stream(Struct, kw_only=True):
    """A stream to forward: its name, the line that is signed with its key, and how far it is.

    A retired stream is of an earlier enrolment; where it cannot be handed over, it `rests` for that many drains.
    """

    till_id: str
    epoch: int
    link: HeadOffice
    retired: bool = False
    rests: int = 0
    progress: Progress = Progress()

    def path(self, what: str) -> str:
        """Return the address of this stream at head office."""
        return f"/api/v1/streams/{self.till_id}/{self.epoch}/{what}"


class Drained(Struct, frozen=True, kw_only=True):
    """What a drain came to: events sent, and why it had to stop, if it had to."""

    sent: int
    hold: Hold | None = None


class Forwarder:
    """Forwards all streams of one journal, the present one first. Used by one thread."""

    def __init__(
        self,
        *,
        journal: JournalReader,
        mirror: Mirror,
        streams: Sequence[Stream],
        board: Board,
        session: str,
        pause: Callable[[float], object],
    ) -> None:
        self._journal = journal
        self._mirror = mirror
        self._streams = streams
        self._board = board
        self._session = session
        self._pause = pause
        self._doubt = threading.Event()

    def ask_again(self) -> None:
        """Ask head office how far it is before the next drain sends anything. Any thread may say so."""
        self._doubt.set()

    def drain(self) -> Drained:
        """Send all that waits. Raises Unready where head office cannot be reached or proven just now."""
        if self._doubt.is_set():
            self._doubt.clear()
            for stream in self._streams:
                stream.progress = replace(stream.progress, cursor=None)
        present = self._drain_stream(self._streams[-1])
        sent = sum(self._hand_over(stream) for stream in self._streams if stream.retired)
        if present.hold is None:
            self._board.report("upload", *self._resting_state())
        else:
            self._board.report("upload", present.hold.state, present.hold.text)
        return Drained(sent=sent + present.sent, hold=present.hold)

    def _hand_over(self, stream: Stream) -> int:
        """Send what a retired stream still holds; what stands against it must not hold back today's stream."""
        if stream.rests:
            stream.rests -= 1
            return 0
        try:
            done = self._drain_stream(stream)
        except Unready as error:
            return self._put_aside(stream, error.message)
        return done.sent if done.hold is None else self._put_aside(stream, done.hold.text)

    def _put_aside(self, stream: Stream, why: str) -> int:
        stream.rests = RETIRED_RESTS
        log.warning("epoch %d of till %s cannot be handed over now: %s", stream.epoch, stream.till_id, why)
        return 0

    def _resting_state(self) -> tuple[str, str]:
        if self._streams[-1].progress.late:
            text = "Another device was enrolled as this till. What this one still sends is kept as late evidence."
            return "revoked", f"{text} Enrol this till again, or switch it off."
        return "online", ""

    def _drain_stream(self, stream: Stream) -> Drained:
        sent = 0
        while True:
            head = self._journal.head(stream.till_id, stream.epoch)
            if head is None:
                return Drained(sent=sent, hold=self._lost(stream))
            step = self._set_back(stream, head) or plan.next_step(stream.progress, head.seq)
            match step:
                case Rest():
                    return Drained(sent=sent)
                case Hold():
                    stream.progress = replace(stream.progress, cursor=None)
                    return Drained(sent=sent, hold=step)
                case Ask():
                    hold = self._ask(stream, head)
                case Send():
                    before = step.after_seq
                    hold = self._send(stream, head, step)
                    sent += max(0, (stream.progress.cursor or 0) - before)
            if hold is not None:
                stream.progress = replace(stream.progress, cursor=None)
                return Drained(sent=sent, hold=hold)

    def _set_back(self, stream: Stream, head: JournalHead) -> Hold | None:
        """Tell from our own memory, even offline, that an old copy of the journal was put in."""
        acked = self._mirror.acked(stream.till_id, stream.epoch)
        if stream.retired or acked is None or acked.seq <= head.seq:
            return None
        hold = plan.next_step(Progress(cursor=acked.seq), head.seq)
        return hold if isinstance(hold, Hold) else None

    def _lost(self, stream: Stream) -> Hold | None:
        """Tell that the journal of today's stream is gone, although head office has some of it."""
        acked = self._mirror.acked(stream.till_id, stream.epoch)
        if stream.retired or acked is None:
            return None
        hold = plan.next_step(Progress(cursor=acked.seq), 0)
        return hold if isinstance(hold, Hold) else None

    def _ask(self, stream: Stream, head: JournalHead) -> Hold | None:
        try:
            proven = stream.link.get(stream.path("head"))
        except Answer as answer:
            return plan.refusal(answer.status, answer.problem)
        self._board.contact()
        theirs = _decode(proven.body, Head)
        own = self._own(stream, head, theirs.seq)
        after = plan.after_head_of_retired if stream.retired else plan.after_head
        return self._take(stream, after(stream.progress, theirs, own, self._handed_over(stream)), theirs)

    def _handed_over(self, stream: Stream) -> int:
        """Return how far we remember that this very journal went up; 0 where the memory is of another journal."""
        acked = self._mirror.acked(stream.till_id, stream.epoch)
        if acked is None or self._journal.hash_at(stream.till_id, stream.epoch, acked.seq) != acked.hash:
            return 0
        return acked.seq

    def _send(self, stream: Stream, head: JournalHead, step: Send) -> Hold | None:
        try:
            request = self._batch(stream, head, step)
        except Refused as error:
            return Hold(state="frozen", code=error.code, text=error.message)
        seqs = [event.seq for event in request.events]
        try:
            proven = stream.link.post(stream.path("events"), msgspec.json.encode(request), request.nonce)
        except Answer as answer:
            return self._refused(stream, head, answer, seqs)
        except Postponed as error:
            self._postponed(stream, error, len(seqs))
            return None
        self._board.contact()
        return self._take_reply(stream, head, step, request.nonce, _decode(proven.body, UploadReply))

    def _batch(self, stream: Stream, head: JournalHead, step: Send) -> UploadRequest:
        rows = self._journal.read_after(
            stream.till_id, stream.epoch, step.after_seq, events_max=step.events_max, bytes_max=BATCH_BYTES_MAX
        )
        base = self._journal.hash_at(stream.till_id, stream.epoch, step.after_seq)
        if not rows or base is None:
            raise Unready("journal_unreadable", "The journal changed while it was read. It is tried again.")
        return self._request(rows, base, head, step.events_max)

    def _request(self, rows: Sequence[Sealed], base: bytes, head: JournalHead, events_max: int) -> UploadRequest:
        wires = [to_wire(row) for row in rows]
        count = plan.cut([_size(wire) for wire in wires], events_max)
        return UploadRequest(
            first_seq=wires[0].seq,
            count=count,
            base_hash=base.hex(),
            head_seq=head.seq,
            head_hash=head.hash.hex(),
            nonce=new_nonce(),
            session=self._session,
            events=tuple(wires[:count]),
        )

    def _take_reply(self, stream: Stream, head: JournalHead, step: Send, nonce: str, reply: UploadReply) -> Hold | None:
        own = self._own(stream, head, reply.acked_seq)
        try:
            outcome = plan.after_upload(stream.progress, reply, nonce, own)
        except Unready:
            stream.progress = replace(stream.progress, cursor=None)
            raise
        hold = self._take(stream, outcome, reply)
        if isinstance(outcome, Progress) and outcome.cursor is not None and outcome.cursor <= step.after_seq:
            raise Unready("no_progress", "Head office took none of the waiting events. It is tried again.")
        if reply.wait_ms > 0:
            self._pause(min(reply.wait_ms, plan.PAUSE_MAX_MS) / 1000)
        return hold

    def _refused(self, stream: Stream, head: JournalHead, answer: Answer, seqs: list[int]) -> Hold | None:
        self._board.contact()
        expected = answer.problem.expected_seq
        own = self._own(stream, head, expected - 1 if expected else 0)
        log.info("batch %d to %d: %s (%s)", seqs[0], seqs[-1], answer.code, answer.message)
        outcome = plan.after_problem(stream.progress, answer.status, answer.problem, seqs, own)
        hold = self._take(stream, outcome, None)
        if answer.code == "gap" and hold is None and stream.progress.cursor == seqs[0] - 1:
            raise Unready("no_progress", "Head office misses what it was just sent. It is tried again.")
        return hold

    def _postponed(self, stream: Stream, error: Postponed, count: int) -> None:
        if error.code in _BROKEN_LINE:
            stream.progress = plan.after_broken_line(stream.progress, count)
        # Whoever finds the request too large may like half of it at once; all else is worth a pause.
        if error.code != "too_large" or count == 1:
            raise error

    def _take(self, stream: Stream, outcome: Progress | Hold, said: Head | UploadReply | None) -> Hold | None:
        if isinstance(outcome, Hold):
            return outcome
        stream.progress = outcome
        if outcome.cursor is not None and not outcome.suspect:
            self._remember(stream, outcome.cursor, said)
        return None

    def _remember(self, stream: Stream, seq: int, said: Head | UploadReply | None) -> None:
        before = self._mirror.acked(stream.till_id, stream.epoch)
        found = self._journal.hash_at(stream.till_id, stream.epoch, seq)
        if found is None or (before is not None and said is None and before.seq == seq):
            return
        durable_seq = said.durable_seq if said else before.durable_seq if before else 0
        acked = Acked(seq=seq, hash=found, durable_seq=min(durable_seq, seq))
        if acked != before:
            self._mirror.put_acked(stream.till_id, stream.epoch, acked)

    def _own(self, stream: Stream, head: JournalHead, seq: int) -> Own:
        there = self._journal.hash_at(stream.till_id, stream.epoch, seq)
        return Own(head_seq=head.seq, hash_there=there)


def _size(wire: WireEvent) -> int:
    return len(msgspec.json.encode(wire)) + 1


def _decode(body: bytes, wanted: type[Reply]) -> Reply:
    try:
        return msgspec.json.decode(body, type=wanted)
    except msgspec.DecodeError as error:
        raise Unready(
            "unproven_reply", f"Head office's answer cannot be read ({error}). Nothing was lost; it is tried again."
        ) from error
