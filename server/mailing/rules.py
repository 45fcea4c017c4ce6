"""What becomes of a mail: from the mail server's answer to its next state. Values in, values out.

States that a person reads: *waiting* (for its receipt, for a line, for its next try), *sending*, *sent*, and three that
end on a worklist: *refused* (the server's final no), *stopped* (tried too often), *unsure* (it may have arrived).
A mail whose line broke while it was handed over is sent again a few times under the same Message-ID, by which a mailbox
or a person knows the second one for what it is; then a person decides.
"""

from typing import Literal

from msgspec import Struct

from schema.errors import Sentence
from server.kept import kept
from server.pipeline.worklist import Matter

State = Literal["waiting", "sending", "sent", "refused", "stopped", "unsure"]
FAILED: tuple[State, ...] = ("refused", "stopped", "unsure")
# Why a mail is not sent; the office says it in words.
Reason = Literal["", "later", "refused", "too_often", "lost", "bad_address", "unreadable"]
Ending = Literal["sent", "later", "refused", "lost", "line"]

# After the n-th try that the server put off: greylisting asks for minutes, a full mailbox for a day.
RETRY_MS = (60_000, 300_000, 900_000, 3_600_000, 4 * 3_600_000, 8 * 3_600_000, 12 * 3_600_000)
TRIES_MAX = 8
# After the n-th time that it was not known whether it arrived.
DOUBT_MS = (300_000, 1_800_000)
DOUBTS_MAX = 3
ANSWER_CHARS_MAX = 300
MATTER = "mail not sent"
_DETAILS: dict[State, str] = {
    "refused": kept(
        "Receipt {receipt} was not sent by mail (attempt {attempts}): it is refused for good. Look at the answer "
        "in the list of mails; ask the customer for the address."
    ),
    "stopped": kept(
        "Receipt {receipt} was not sent by mail (attempt {attempts}): it was tried too often. Look at the answer "
        "in the list of mails, then send it again."
    ),
    "unsure": kept(
        "Receipt {receipt} was not sent by mail (attempt {attempts}): it is not known whether it arrived. Ask the "
        "customer before you send it again."
    ),
}


class Outcome(Struct, frozen=True, kw_only=True):
    """How one attempt ended. `answer` holds the server's words, addresses masked.

    *later*: put off, nothing happened. *lost*: the line broke after the mail was handed over, so it may have arrived.
    *line*: nothing to do with this mail (the sender is refused, the line broke before). `is_over`: hang up.
    """

    ending: Ending
    answer: str = ""
    is_over: bool = False


class Change(Struct, frozen=True, kw_only=True):
    """A mail's next state, and when it is tried again (milliseconds from now)."""

    state: State
    reason: Reason = ""
    answer: str = ""
    wait_ms: int = 0
    tries: int
    doubts: int


def after(outcome: Outcome, tries: int, doubts: int) -> Change:
    """Return what an attempt makes of a mail that was put off and in doubt that often before."""
    answer = outcome.answer[:ANSWER_CHARS_MAX]
    match outcome.ending:
        case "sent":
            return Change(state="sent", tries=tries + 1, doubts=doubts)
        case "refused":
            return Change(state="refused", reason="refused", answer=answer, tries=tries + 1, doubts=doubts)
        case "later":
            return _put_off(answer, tries + 1, doubts)
        case "lost":
            return _in_doubt(answer, tries + 1, doubts + 1)
        case "line":
            return Change(state="waiting", tries=tries, doubts=doubts)


def _put_off(answer: str, tries: int, doubts: int) -> Change:
    if tries >= TRIES_MAX:
        return Change(state="stopped", reason="too_often", answer=answer, tries=tries, doubts=doubts)
    wait_ms = RETRY_MS[min(tries, len(RETRY_MS)) - 1]
    return Change(state="waiting", reason="later", answer=answer, wait_ms=wait_ms, tries=tries, doubts=doubts)


def _in_doubt(answer: str, tries: int, doubts: int) -> Change:
    if doubts >= DOUBTS_MAX:
        return Change(state="unsure", reason="lost", answer=answer, tries=tries, doubts=doubts)
    wait_ms = DOUBT_MS[min(doubts, len(DOUBT_MS)) - 1]
    return Change(state="waiting", reason="lost", answer=answer, wait_ms=wait_ms, tries=tries, doubts=doubts)


def message_id(source_event: str, copy: int, sender: str) -> str:
    """Return a mail's Message-ID: the same at every attempt, another when a person sends a sent one again."""
    return f"<{source_event}.{copy}@{sender.rpartition('@')[2]}>"


def not_sent(source_event: str, receipt: str, attempts: int, state: State) -> Matter:
    """Return what a person has to decide about a mail that is not sent. Every attempt is another matter."""
    detail = Sentence(_DETAILS[state], receipt=receipt, attempts=attempts)
    return Matter(kind=MATTER, subject=receipt, detail=detail, amount_minor=0, source=source_event)
