"""What the agent does next: values in, values out; no clock, file or socket (protocol §2).

A stream's `Progress` says how far head office is proven to have it. `next_step` turns it into a step; `after_head`,
`after_upload` and `after_problem` turn an answer of head office into the next progress, or into a `Hold`: the stream
waits for a person, nothing is dropped, and head office is asked again every `HOLD_MS`. `cursor` None means that head
office must be asked first. Answers come here only when their signature has been checked (agent.link).
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from schema.errors import Unready
from schema.messages import BATCH_BYTES_MAX, BATCH_EVENTS_MAX, Head, Problem, UploadReply

# The rest of a batch around its events: sequence numbers, hashes, nonce.
ENVELOPE_BYTES = 2048
PAUSE_FIRST_MS = 2_000
PAUSE_MAX_MS = 60_000
PAUSE_LEAST_MS = 100
# A server may ask for patience, not for silence: longer waits than this are cut.
RETRY_AFTER_MAX_MS = 15 * 60_000
HOLD_MS = 60_000
# A machine that has just started did so perhaps because power came back for the whole town.
FRESH_BOOT_MS = 10 * 60_000


class Progress(Struct, frozen=True, kw_only=True):
    """How far a stream is.

    `late`: head office keeps what comes as evidence of an older epoch. `suspect`: the cursor is no proof, it stands
    before an event about which head office and this journal disagree.
    """

    cursor: int | None = None
    timeline: str = ""
    batch_max: int = BATCH_EVENTS_MAX
    late: bool = False
    suspect: bool = False


class Own(Struct, frozen=True, kw_only=True):
    """What this till's journal says: its head and its hash at the seq that head office spoke of (None: no such)."""

    head_seq: int
    hash_there: bytes | None


class Ask(Struct, frozen=True):
    """Ask head office how far it has this stream."""


class Rest(Struct, frozen=True):
    """Nothing to send."""


class Send(Struct, frozen=True, kw_only=True):
    """Send what follows a seq."""

    after_seq: int
    events_max: int


class Hold(Struct, frozen=True, kw_only=True):
    """Stop sending and tell a person. `state` is one of schema.mirror_file.STATES."""

    state: str
    code: str
    text: str


Step = Ask | Rest | Send | Hold


def next_step(progress: Progress, head_seq: int) -> Step:
    """Return what to do for a stream whose journal ends at `head_seq`."""
    if progress.cursor is None:
        return Ask()
    if progress.cursor > head_seq:
        return _rolled_back(progress.cursor, head_seq)
    if progress.cursor == head_seq:
        return Rest()
    return Send(after_seq=progress.cursor, events_max=progress.batch_max)


def cut(sizes: Sequence[int], events_max: int) -> int:
    """Return how many of the waiting events go into one batch, given their sizes in bytes: at least one."""
    room = BATCH_BYTES_MAX - ENVELOPE_BYTES
    count = 0
    for size in sizes[: max(1, min(events_max, BATCH_EVENTS_MAX))]:
        room -= size
        if room < 0:
            break
        count += 1
    return max(count, 1)


def after_head(progress: Progress, head: Head, own: Own, handed_over: int = 0) -> Progress | Hold:
    """Return the progress that head office's own account of the stream proves.

    A closed stream (an older epoch) does not advance there: what it still sends is evidence, and `handed_over` is how
    far that has come.
    """
    if head.state == "frozen":
        return _frozen("frozen", "A person at head office must look at it.")
    aligned = _aligned(replace(progress, timeline=head.timeline), head.seq, head.hash, own)
    if head.state == "closed" and isinstance(aligned, Progress) and aligned.cursor is not None:
        return replace(aligned, cursor=max(aligned.cursor, handed_over), late=True)
    return aligned


def after_head_of_retired(progress: Progress, head: Head, own: Own, handed_over: int) -> Progress:
    """Return where an old epoch's stream goes on, whatever befell it: frozen, forked or set back.

    All that head office does not provably have may hold real money, and goes up as late evidence.
    """
    same = own.hash_there is not None and own.hash_there.hex() == head.hash
    cursor = max(head.seq, handed_over) if same else handed_over
    return replace(progress, cursor=cursor, timeline=head.timeline, late=True, suspect=False)


def after_upload(progress: Progress, reply: UploadReply, nonce: str, own: Own) -> Progress | Hold:
    """Return the progress after an acknowledgement.

    Raises Unready("unproven_reply") for one that is not about this request or not about this journal.
    """
    if reply.nonce != nonce:
        raise Unready("unproven_reply", "Head office's answer belongs to another request. It was ignored.")
    if progress.timeline and reply.timeline != progress.timeline:
        return replace(progress, cursor=None, timeline=reply.timeline)
    if reply.acked_seq > own.head_seq:
        return _rolled_back(reply.acked_seq, own.head_seq)
    if own.hash_there is None or reply.acked_hash != own.hash_there.hex():
        raise Unready(
            "unproven_reply",
            f"Head office acknowledged event {reply.acked_seq} with another fingerprint than this journal's. "
            "It was ignored; the events stay and are sent again.",
        )
    grown = min(BATCH_EVENTS_MAX, max(1, reply.next_batch_max), progress.batch_max * 2)
    return Progress(cursor=reply.acked_seq, timeline=reply.timeline, batch_max=grown)


def after_problem(progress: Progress, status: int, problem: Problem, sent: Sequence[int], own: Own) -> Progress | Hold:
    """Return the progress after a refusal of the batch with the seqs `sent` (own hash: at expected_seq − 1)."""
    match status, problem.code:
        case 409, "gap" if problem.expected_seq is not None and problem.expected_hash is not None:
            return _aligned(progress, problem.expected_seq - 1, problem.expected_hash, own)
        case 409, "gap":
            return replace(progress, cursor=None)
        case 409, "stale_epoch":
            return replace(progress, cursor=sent[-1], late=True)
        case (409, "fork" | "frozen") | (422, "bad_event"):
            return _frozen(problem.code, problem.message)
        case 413, _ if len(sent) > 1:
            return replace(progress, batch_max=len(sent) // 2)
        case _:
            return refusal(status, problem)


def after_broken_line(progress: Progress, sent: int) -> Progress:
    """Send less at once where a batch did not get through: some lines lose large packets only."""
    return replace(progress, batch_max=max(1, min(progress.batch_max, sent) // 2))


def refusal(status: int, problem: Problem) -> Hold:
    """Return what a signed refusal means for the person at the till."""
    match status, problem.code:
        case _, "revoked":
            text = "Head office has withdrawn this till's access. Sales go on and are kept here. Ask head office."
            return Hold(state="revoked", code=problem.code, text=f"{text} ({problem.message})")
        case 409, "fenced":
            text = "Another agent sends for this till. Does a copy of it run elsewhere? Switch one of them off."
            return Hold(state="refused", code="fenced", text=f"{text} ({problem.message})")
        case 413, _:
            text = "An event is too large for head office. It is kept here; ask head office to raise its limit."
            return Hold(state="refused", code="too_large", text=f"{text} ({problem.message})")
        case _:
            text = "Head office refuses this till's requests. Sales go on and are kept here. Ask head office."
            return Hold(state="refused", code=problem.code, text=f"{text} ({status}: {problem.message})")


def pause_ms(failures: int, share: float, retry_after_ms: int | None = None) -> int:
    """Return how long to wait after so many failures in a row, given a random share in [0, 1): full jitter.

    What the server asked for is a lower bound, with a second of spread on top.
    """
    if retry_after_ms is not None:
        return min(retry_after_ms, RETRY_AFTER_MAX_MS) + int(share * 1000)
    ceiling = min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** min(max(failures - 1, 0), 10))
    return max(PAUSE_LEAST_MS, int(share * ceiling))


def first_try_ms(*, share: float, spread_ms: int, since_boot_ms: int, urgent: bool) -> int:
    """Return how long a starting agent waits before its first request: spread only where many may start at once."""
    if urgent or since_boot_ms > FRESH_BOOT_MS:
        return 0
    return int(share * spread_ms)


def _aligned(progress: Progress, seq: int, hash_hex: str, own: Own) -> Progress | Hold:
    if seq > own.head_seq:
        return _rolled_back(seq, own.head_seq)
    if own.hash_there is None or own.hash_there.hex() != hash_hex:
        # Two histories. Sending the event in question lets head office see and keep both, and say so.
        return replace(progress, cursor=max(seq - 1, 0), suspect=True)
    return replace(progress, cursor=seq, suspect=False)


def _rolled_back(theirs: int, ours: int) -> Hold:
    text = (
        f"This till's journal was set back: head office has event {theirs}, the journal here ends at {ours}. "
        "An old copy of the disk must have been put in. Enrol this till again before the next sale; both are kept."
    )
    return Hold(state="rolled_back", code="rolled_back", text=text)


def _frozen(code: str, message: str) -> Hold:
    text = "Head office has stopped this till's stream. Everything is kept, here and there. Ask head office."
    return Hold(state="frozen", code=code, text=f"{text} ({message})")
