"""Driver for a ZVT card terminal over TCP: pay, refund, reverse, close the day, and find out after a broken line.

When money is taken (ZVT 2.2.9): the terminal sends the result (04 0F); the till makes it durable and only then answers
80 00 00, and from that answer on the payment stands, whatever happens afterwards. A lost answer may or may not be
reversed by the terminal, so after a broken line it is always asked, never paid again: a command that moves money goes
out once. A fresh connection and registration per operation: terminals lose long-lived ones without a word.

A tip is part of the amount here. ZVT knows no tip within a payment, only a later booking onto one (06 0C, "book tip"),
which few terminals have and whose loss would be one more doubt; so the till adds the tip before it asks.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar

from msgspec.structs import replace

from hardware.ports import Capability, CardRequest, CardResult, TerminalTotals
from hardware.terminal import zvt_commands as commands
from hardware.terminal.wording import OUT_OF_TURN, readiness_words, result_words
from hardware.terminal.zvt_codec import (
    ABORT,
    ABORTED,
    BUSY,
    COMPLETION,
    POSITIVE,
    POSITIVE_84,
    STATUS,
    STATUS_INFORMATION,
    Apdu,
)
from hardware.terminal.zvt_commands import Settings, command_for
from hardware.terminal.zvt_conversation import (
    REPLIES,
    Conversation,
    Deadlines,
    EndOfDay,
    Transaction,
    Unconfirmed,
    end_of_day_unsure,
    unsure,
)
from hardware.terminal.zvt_link import Link, LinkLost
from hardware.terminal.zvt_result import APPROVED, CANCELLED, Reading, read_result, resolve, without_payment
from schema.errors import Unready, Unsure, as_sentence

PORT = 20007
ENQUIRY_PAUSE_S = 0.5
OnText = Callable[[str], None]
OnResult = Callable[[CardResult], None]
T = TypeVar("T")


class ZvtTerminal:
    """One terminal at one address; one operation at a time."""

    def __init__(
        self, host: str, port: int, settings: Settings | None = None, deadlines: Deadlines | None = None
    ) -> None:
        self.host, self.port = host, port
        self._settings = settings or Settings()
        self._deadlines = deadlines or Deadlines()
        self._turn = threading.Lock()
        self._wish = _CancelWish()

    def capabilities(self) -> frozenset[Capability]:
        """Tell what it can do as it is set up; a terminal may still decline a reversal or refund (83, B5)."""
        always: set[Capability] = {"refund", "reversal", "end_of_day"}
        return frozenset(always | {"slip"} if self._settings.takes_slips else always)

    def pay(self, request: CardRequest, *, on_text: OnText, on_result: OnResult) -> CardResult:
        """Ask for a payment (06 01) and wait for its end (see `ports.CardTerminal.pay`)."""
        return self._transact(replace(request, kind="payment"), on_text, on_result)

    def refund(self, request: CardRequest, *, on_text: OnText, on_result: OnResult) -> CardResult:
        """Give money back to a card (06 31); the terminal asks for the card."""
        return self._transact(replace(request, kind="refund"), on_text, on_result)

    def reverse(self, request: CardRequest, *, on_text: OnText, on_result: OnResult) -> CardResult:
        """Take back the payment with the terminal's receipt number `request.original` (06 30)."""
        return self._transact(replace(request, kind="reversal"), on_text, on_result)

    def recover(self, request: CardRequest) -> CardResult:
        """Compare the terminal's last transaction with a request (see `ports.CardTerminal.recover`)."""
        with self._taken_turn():
            reading = self._read_last()
        offset = datetime.now(UTC).astimezone().utcoffset()
        return resolve(reading, request, int(offset.total_seconds()) // 60 if offset else 0)

    def end_of_day(self, *, on_text: OnText) -> TerminalTotals:
        """Close the terminal's day (06 50) and return its totals (see `ports.CardTerminal.end_of_day`)."""
        with self._taken_turn(), self._wish.watched(), self._registered() as link:
            self._give(link, commands.end_of_day(self._settings), end_of_day_unsure)
            self._wish.accepted_on(link)
            closing = EndOfDay(self._settings.charset)
            conversation = self._conversation(link, on_text)
            try:
                conversation.run(closing)
            except LinkLost as error:
                return closing.broken(_broke(error), conversation.slips)
            return closing.ended(conversation.slips)

    def cancel(self) -> None:
        """Wish what is under way to end; never raises."""
        self._wish.make()

    def readiness(self) -> str:
        """Ask how the terminal is: empty when it is ready, else why not, in words. Raises Unready."""
        with self._taken_turn(), self._registered() as link:
            return readiness_words(self._guarded(lambda: self._enquire(link)))

    # --- payment, refund, reversal ---------------------------------------------------------------------------------

    def _transact(self, request: CardRequest, on_text: OnText, on_result: OnResult) -> CardResult:
        command = command_for(request, self._settings)
        with self._taken_turn(), self._wish.watched():
            with self._registered() as link:
                if self._wish.is_made:
                    return self._cancelled_before(request, on_result)
                self._give(link, command, lambda what: unsure("terminal_silent", what, request.kind))
                self._wish.accepted_on(link)
                end = self._seen_through(link, request, on_text, on_result)
            return end if isinstance(end, CardResult) else self._confirmed(request, end)

    def _cancelled_before(self, request: CardRequest, on_result: OnResult) -> CardResult:
        result = without_payment(request, "cancelled", result_words(CANCELLED))
        on_result(result)
        return result

    def _give(self, link: Link, command: Apdu, doubt: Callable[[str], Unsure]) -> None:
        """Send a command that may move money, once. From its first byte on a broken line leaves the outcome open."""
        try:
            link.send(command)
            reply = link.receive(_after(self._deadlines.reply_s))
            if reply is None:
                link.send(Apdu(ABORT))  # it may have heard the command after all: better that it ends by itself
        except LinkLost as error:
            raise doubt(_broke(error)) from error
        if reply is None:
            raise doubt("did not answer")
        self._check_reply(reply)

    def _seen_through(
        self, link: Link, request: CardRequest, on_text: OnText, on_result: OnResult
    ) -> CardResult | Unconfirmed:
        transaction = Transaction(request, self._settings.charset, on_result)
        conversation = self._conversation(link, on_text)
        try:
            conversation.run(transaction)
        except LinkLost as error:
            return transaction.broken(_broke(error), conversation.slips)
        return transaction.ended(conversation.slips)

    def _conversation(self, link: Link, on_text: OnText) -> Conversation:
        return Conversation(link, self._settings.charset, self._deadlines, on_text)

    def _confirmed(self, request: CardRequest, approved: Unconfirmed) -> CardResult:
        """Ask at once about an approval whose completion never came: some terminals take such a payment back."""
        try:
            last = self._read_last()
        except Unready:
            raise unsure("terminal_lost", approved.what, request.kind) from None
        if last.result == APPROVED and last.baseline and last.baseline == approved.result.baseline:
            return approved.result
        raise unsure("terminal_contradicts", f"approved, {approved.what}, and now tells otherwise", request.kind)

    # --- the steps before a command: whatever fails here, nothing happened ----------------------------------------

    @contextmanager
    def _taken_turn(self) -> Iterator[None]:
        if not self._turn.acquire(timeout=self._deadlines.turn_s):
            raise Unready("terminal_busy", "The terminal is busy with another payment. Wait for its end.")
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def _registered(self) -> Iterator[Link]:
        link = self._connect()
        try:
            self._guarded(lambda: self._register(link))
            yield link
        finally:
            link.close()

    def _connect(self) -> Link:
        try:
            return Link(socket.create_connection((self.host, self.port), timeout=self._deadlines.connect_s))
        except OSError as error:
            raise Unready(
                "terminal_unreachable",
                f"The terminal at {self.host}:{self.port} cannot be reached. Nothing was paid. "
                "Check that it is switched on and connected, or take another means of payment.",
            ) from error

    def _register(self, link: Link) -> None:
        end, _ = self._converse(link, commands.registration(self._settings))
        if end.code == ABORTED:
            why = as_sentence(result_words(end.data[0]) if end.data else "")
            raise Unready(
                "terminal_denied", "The terminal does not accept this till. {why} Check its password.", why=why
            )

    def _converse(self, link: Link, command: Apdu, deadline: float | None = None) -> tuple[Apdu, bytes | None]:
        """Give a command and see it through; return its last frame and the status information that came, if any."""
        deadline = deadline or _after(self._deadlines.register_s)
        link.send(command)
        self._check_reply(link.receive(_after(self._deadlines.reply_s)))
        status: bytes | None = None
        while frame := link.receive(deadline):
            if frame.code >> 8 in REPLIES:
                continue
            link.acknowledge()
            if frame.code == STATUS_INFORMATION:
                status = frame.data
            if frame.code in (COMPLETION, ABORTED):
                return frame, status
        raise self._silent()

    def _check_reply(self, reply: Apdu | None) -> None:
        """Raise Unready unless a command was taken."""
        if reply is None:
            raise self._silent()
        if reply.code == BUSY:
            raise Unready("terminal_busy", "The terminal is busy. Nothing was paid. Try again when it shows its start.")
        if reply.code not in (POSITIVE, POSITIVE_84):
            why = as_sentence(result_words(reply.code & 0xFF) if reply.code >> 8 == 0x84 else OUT_OF_TURN)
            raise Unready("terminal_refused", "The terminal refused. {why} Nothing was paid.", why=why)

    def _guarded(self, step: Callable[[], T]) -> T:
        """Run a step in which nothing can be paid: a broken line is no more than that."""
        try:
            return step()
        except LinkLost as error:
            raise Unready(
                "terminal_hung_up", f"The terminal broke the connection ({error}). Try again in a moment."
            ) from error

    def _silent(self) -> Unready:
        return Unready(
            "terminal_mute", f"The terminal at {self.host}:{self.port} does not answer. Switch it off and on again."
        )

    # --- recovery -------------------------------------------------------------------------------------------------

    def _read_last(self) -> Reading:
        deadline = _after(self._deadlines.recover_s)
        with self._registered() as link:
            self._wait_until_ready(link, deadline)
            return self._guarded(lambda: self._last_transaction(link, deadline))

    def _wait_until_ready(self, link: Link, deadline: float) -> None:
        """Wait while the terminal is at work, perhaps on the very payment in question. Raises Unready."""
        while self._guarded(lambda: self._enquire(link)) == BUSY & 0xFF:
            if time.monotonic() >= deadline:
                raise Unready("terminal_busy", "The terminal is still busy. Ask again when it shows its start.")
            time.sleep(ENQUIRY_PAUSE_S)

    def _enquire(self, link: Link) -> int:
        """Return the terminal's status code: a bare byte, or field 19, depending on the terminal."""
        frame, _ = self._converse(link, commands.status_enquiry(self._settings))
        if frame.code == ABORTED or not frame.data:
            return 0
        return frame.data[1] if frame.data[0] == STATUS and len(frame.data) > 1 else frame.data[0]

    def _last_transaction(self, link: Link, deadline: float) -> Reading:
        command = commands.repeat_receipt(self._settings)
        try:
            _, status = self._converse(link, command, max(deadline, _after(self._deadlines.reply_s)))
        except Unready as error:
            if error.code != "terminal_refused":
                raise
            status = None  # it cannot repeat: an honest "unknown", not a failure to be tried again
        return Reading() if status is None else read_result(status, self._settings.charset)


class _CancelWish:
    """Somebody's wish to cancel, made by another thread at any moment, and sent once the terminal can take it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_watched = False
        self._link: Link | None = None
        self.is_made = False

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Take wishes during this payment; one that came before it is forgotten."""
        with self._lock:
            self._is_watched, self._link, self.is_made = True, None, False
        try:
            yield
        finally:
            with self._lock:
                self._is_watched, self._link = False, None

    def accepted_on(self, link: Link) -> None:
        """From now on the terminal is at the payment: send a wish, also one that was made meanwhile."""
        with self._lock:
            self._link = link
            self._send_if_made()

    def make(self) -> None:
        with self._lock:
            if self._is_watched and not self.is_made:
                self.is_made = True
                self._send_if_made()

    def _send_if_made(self) -> None:
        if not self.is_made or self._link is None:
            return
        try:
            self._link.send(Apdu(ABORT))
        except LinkLost:
            return  # the payment's own thread sees the broken line and says so


def _broke(error: LinkLost) -> str:
    return f"broke the connection ({error})"


def _after(wait_s: float) -> float:
    return time.monotonic() + wait_s
