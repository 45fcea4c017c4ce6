"""What happens between a command that a ZVT terminal took and its end: progress, result, slips, completion.

The terminal leads; every frame is answered at once. Payment, refund and reversal are one conversation with a
`Transaction`, an end of day is one with an `EndOfDay`: they differ in what a result means and in what a broken line
leaves open.
"""

import logging
import time
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from hardware.ports import CardKind, CardRequest, CardResult, CardSlip, TerminalTotals
from hardware.terminal import zvt_codec as code
from hardware.terminal.wording import progress_words, result_words
from hardware.terminal.zvt_codec import TLV, Apdu, ZvtError, find_tlv, from_bcd, parse_fields
from hardware.terminal.zvt_link import Link, LinkLost
from hardware.terminal.zvt_result import APPROVED, CANCELLED, read_result, result_of, without_payment, words
from hardware.terminal.zvt_slips import SlipCollector
from hardware.terminal.zvt_totals import read_totals
from schema.errors import Refused, Unready, Unsure, as_sentence
from schema.events import CardOutcome

REPLIES = frozenset({0x80, 0x84})
TERMINAL_TEXT = (0x24, 0x07)
# An end of day that failed for now: busy, no network.
_FOR_NOW = frozenset({0x9B, 0x9C, 0xA3})
_LOG = logging.getLogger(__name__)


class Deadlines(Struct, frozen=True, kw_only=True):
    """How long each wait may take, in seconds; T3 and T4 are the standard's names and values."""

    turn_s: float = 1.0
    connect_s: float = 3.0
    reply_s: float = 5.0  # T3: command to 80/84
    progress_s: float = 180.0  # T4: between two frames of a payment; the terminal may lengthen it
    abort_s: float = 20.0  # for the end of what was called off because nothing came any more
    payment_s: float = 600.0
    register_s: float = 15.0
    recover_s: float = 45.0


class Outcome(Protocol):
    """What listens to a conversation: it keeps the result, before the terminal hears that it was taken."""

    def keep_status(self, data: bytes) -> None:
        """Take a status information (04 0F)."""

    def keep_abort(self, data: bytes) -> None:
        """Take an abort (06 1E); it may follow a status information that already said why."""


class Conversation:
    """The frames of one command, from its acceptance until completion or abort."""

    def __init__(self, link: Link, charset: str, deadlines: Deadlines, on_text: Callable[[str], None]) -> None:
        self._link, self._charset, self._on_text = link, charset, on_text
        self._progress_s = deadlines.progress_s
        self._abort_s = deadlines.abort_s
        self._end = time.monotonic() + deadlines.payment_s
        self._slips = SlipCollector(charset)

    @property
    def slips(self) -> tuple[CardSlip, ...]:
        return self._slips.collected()

    def run(self, outcome: Outcome) -> None:
        """Answer every frame until the end. Raises LinkLost when the line breaks or falls silent."""
        if self._listen(outcome, lambda: min(time.monotonic() + self._progress_s, self._end)):
            return
        # A terminal left to itself may still approve, minutes later: it is called off, and what it says to that counts.
        self._link.send(Apdu(code.ABORT))
        called_off_until = time.monotonic() + self._abort_s
        if not self._listen(outcome, lambda: called_off_until):
            raise LinkLost("it fell silent")

    def _listen(self, outcome: Outcome, deadline: Callable[[], float]) -> bool:
        """Take frames until the last one; tell whether it came before the deadline, which is asked anew for each."""
        while frame := self._link.receive(deadline()):
            if frame.code >> 8 in REPLIES:
                continue  # the answer to a wish to cancel; the end comes by itself
            if self._take(frame, outcome):
                return True
        return False

    def _take(self, frame: Apdu, outcome: Outcome) -> bool:
        """Handle and answer one frame; tell whether it was the last."""
        match frame.code:
            case code.INTERMEDIATE_STATUS:
                self._progress(frame.data)
            case code.STATUS_INFORMATION:
                outcome.keep_status(frame.data)
            case code.ABORTED:
                outcome.keep_abort(frame.data)
            case code.PRINT_LINE:
                self._slips.take_line(frame.data)
            case code.PRINT_BLOCK:
                self._slips.take_block(frame.data)
            case code.COMPLETION:
                pass
            case _:
                self._link.send(Apdu(code.NOT_POSSIBLE))
                return False
        self._link.acknowledge()
        return frame.code in (code.COMPLETION, code.ABORTED)

    def _progress(self, data: bytes) -> None:
        if len(data) > 1 and data[1] != TLV:
            self._progress_s = max(self._progress_s, _minutes(data[1]) * 60.0)
        said = find_tlv(parse_fields(data[2:] if len(data) > 2 else b"").values.get(TLV, b""), *TERMINAL_TEXT)
        text = words(said, self._charset) if said else ""
        if data:
            self._show(text or progress_words(data[0]))

    def _show(self, text: str) -> None:
        try:
            self._on_text(text)
        except Exception:  # a display that fails must not cost a payment that may already be under way
            _LOG.exception("the terminal's text could not be shown")


class Unconfirmed(Struct, frozen=True, kw_only=True):
    """An approval that was made durable, but whose completion did not come; `what` the terminal did instead."""

    result: CardResult
    what: str


class Transaction:
    """The result of a payment, refund or reversal; durable in `on_result` before the terminal's result is answered."""

    def __init__(self, request: CardRequest, charset: str, on_result: Callable[[CardResult], None]) -> None:
        self._request, self._charset, self._on_result = request, charset, on_result
        self._result: CardResult | None = None

    def keep_status(self, data: bytes) -> None:
        """Make the result durable; the acknowledgement follows only when that has returned."""
        reading = read_result(data, self._charset)
        if reading.result is None:
            raise unsure("terminal_unreadable", "sent a result that cannot be read", self._request.kind)
        result = result_of(reading, self._request)
        if self._result is None:
            self._on_result(result)
            self._result = result
        elif result != self._result:
            raise unsure("terminal_contradicts", "sent two results that differ", self._request.kind)

    def keep_abort(self, data: bytes) -> None:
        """An end without a result: nothing moved, and its code says why."""
        if self._result is not None:
            return
        reason = data[0] if data else CANCELLED
        outcome: CardOutcome = "cancelled" if reason == CANCELLED else "declined"
        result = without_payment(self._request, outcome, result_words(reason))
        self._on_result(result)
        self._result = result

    def ended(self, slips: tuple[CardSlip, ...]) -> CardResult:
        """Return the result of a conversation that came to its end."""
        if self._result is None:
            raise unsure("terminal_without_result", "ended without a result", self._request.kind)
        return replace(self._result, slips=slips)

    def broken(self, what: str, slips: tuple[CardSlip, ...]) -> CardResult | Unconfirmed:
        """A refusal stands although the line broke; an approval may have been taken back. Raises Unsure without any."""
        if self._result is None:
            raise unsure("terminal_lost", what, self._request.kind)
        if self._result.outcome != "approved":
            return self._result
        return Unconfirmed(result=replace(self._result, slips=slips), what=what)


class EndOfDay:
    """The totals of an end of day, or why it was not done."""

    def __init__(self, charset: str) -> None:
        self._charset = charset
        self._totals: TerminalTotals | None = None
        self._refusal: int | None = None

    def keep_status(self, data: bytes) -> None:
        reading = read_result(data, self._charset)
        if reading.result in (APPROVED, None):
            self._totals = replace(read_totals(data), text=reading.text)
        else:
            self._refusal = reading.result

    def keep_abort(self, data: bytes) -> None:
        if self._refusal is None:
            self._refusal = data[0] if data else CANCELLED

    def ended(self, slips: tuple[CardSlip, ...]) -> TerminalTotals:
        """Return the totals. Raises Refused or Unready when the terminal did not close its day."""
        if self._refusal in _FOR_NOW:
            why = as_sentence(result_words(self._refusal))
            raise Unready("end_of_day_not_now", "{why} Do the end of day again later.", why=why)
        if self._refusal is not None:
            why = as_sentence(result_words(self._refusal))
            raise Refused("end_of_day_refused", "The terminal did no end of day. {why}", why=why)
        return replace(self._totals or TerminalTotals(total_minor=None), slips=slips)

    def broken(self, what: str, slips: tuple[CardSlip, ...]) -> TerminalTotals:
        """Totals that came stand, for no money hangs on the terminal's hearing of it. Raises Unsure without any."""
        if self._totals is None and self._refusal is None:
            raise end_of_day_unsure(what)
        return self.ended(slips)


_WHAT_MAY_BE = {
    "payment": "The card may have been charged. The till asks the terminal; do not pay again.",
    "refund": "The money may have gone back to the card. The till asks the terminal; do not refund again.",
    "reversal": "The payment may have been reversed. The till asks the terminal; do not reverse again.",
}


def unsure(error: str, what: str, kind: CardKind) -> Unsure:
    """Say that the outcome of a request is open, and why."""
    return Unsure(error, f"The terminal {what}. {_WHAT_MAY_BE[kind]}")


def end_of_day_unsure(what: str) -> Unsure:
    """Say that nobody knows whether a terminal closed its day."""
    return Unsure(
        "end_of_day_unsure",
        f"The terminal {what}. It may have done its end of day: look at its slip. If there is none, do it again.",
    )


def _minutes(bcd: int) -> int:
    try:
        return from_bcd(bytes([bcd]))
    except ZvtError:
        return 0
