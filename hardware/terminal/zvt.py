"""Driver for a ZVT card terminal over TCP: register, pay, cancel, and find out after a broken line.

When money is taken (ZVT 2.2.9): the terminal sends the result (04 0F); the till makes it durable and only then answers
80 00 00, and from that answer on the payment stands, whatever happens afterwards. A lost answer may or may not be
reversed by the terminal, so after a broken line it is always asked, never paid again: a payment command goes out once.
A fresh connection and registration per operation: terminals lose long-lived ones without a word.
"""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar

from msgspec import Struct

from hardware.ports import CardRequest, CardResult
from hardware.terminal import zvt_codec as code
from hardware.terminal.wording import progress_words, readiness_words, result_words
from hardware.terminal.zvt_codec import (
    ABORT,
    ABORTED,
    AMOUNT,
    AUTHORISATION,
    BUSY,
    COMPLETION,
    CURRENCY,
    NOT_POSSIBLE,
    POSITIVE,
    POSITIVE_84,
    REGISTRATION,
    REPEAT_RECEIPT,
    SERVICE,
    STATUS,
    STATUS_ENQUIRY,
    STATUS_INFORMATION,
    TLV,
    Apdu,
    ZvtError,
    encode_fields,
    find_tlv,
    from_bcd,
    parse_fields,
    to_bcd,
)
from hardware.terminal.zvt_link import Link, LinkLost
from hardware.terminal.zvt_result import (
    CANCELLED,
    Reading,
    read_result,
    resolve,
    result_of,
    without_payment,
    words,
)
from schema.errors import Refused, Unready, Unsure
from schema.events import CardOutcome

PORT = 20007
# Pay-type of field 19: the terminal decides by the card.
PAY_TYPE_ANY = 0x40
# Service byte of a repeated receipt: send the status information, print nothing.
REPEAT_WITHOUT_PRINT = 0x03
TERMINAL_TEXT = (0x24, 0x07)
ENQUIRY_PAUSE_S = 0.5
_REPLIES = frozenset({0x80, 0x84})
_LOG = logging.getLogger(__name__)
T = TypeVar("T")


class Settings(Struct, frozen=True, kw_only=True):
    """How this terminal is spoken to. `config` (06 00): 08 send progress, 10 and 20 the till alone starts payments,
    02/04/80 slips come to the till instead of the terminal's own paper."""

    password: str = "000000"  # noqa: S105 - every terminal's factory setting
    config: int = 0x38
    currency: str = "0978"
    charset: str = "cp437"


class Deadlines(Struct, frozen=True, kw_only=True):
    """How long each wait may take, in seconds; T3 and T4 are the standard's names and values."""

    turn_s: float = 1.0
    connect_s: float = 3.0
    reply_s: float = 5.0  # T3: command to 80/84
    progress_s: float = 180.0  # T4: between two frames of a payment; the terminal may lengthen it
    payment_s: float = 600.0
    register_s: float = 15.0
    recover_s: float = 45.0


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

    def pay(
        self, request: CardRequest, *, on_text: Callable[[str], None], on_result: Callable[[CardResult], None]
    ) -> CardResult:
        """Ask for a payment and wait for its end (see `ports.CardTerminal.pay`)."""
        data = self._payment_data(request)
        with self._taken_turn(), self._wish.watched():
            with self._registered() as link:
                if self._wish.is_made:
                    return self._cancelled_before(request, on_result)
                self._command_payment(link, data)
                self._wish.accepted_on(link)
                charset = self._settings.charset
                payment = _Payment(link, request, charset, self._deadlines, on_text=on_text, on_result=on_result)
                end = payment.run()
            return end if isinstance(end, CardResult) else self._confirmed(request, end)

    def _cancelled_before(self, request: CardRequest, on_result: Callable[[CardResult], None]) -> CardResult:
        result = without_payment(request, "cancelled", result_words(CANCELLED))
        on_result(result)
        return result

    def _confirmed(self, request: CardRequest, approved: "_Unconfirmed") -> CardResult:
        """Ask at once about an approval whose completion never came: some terminals take such a payment back."""
        try:
            now = self._ask_last(request)
        except Unready:
            raise _unsure("terminal_lost", approved.what) from None
        if (now.outcome, now.approved_minor) != ("approved", approved.result.approved_minor):
            raise _unsure("terminal_contradicts", f"approved, {approved.what}, and now tells otherwise")
        return approved.result

    def recover(self, request: CardRequest) -> CardResult:
        """Compare the terminal's last payment with a request (see `ports.CardTerminal.recover`)."""
        with self._taken_turn():
            return self._ask_last(request)

    def _ask_last(self, request: CardRequest) -> CardResult:
        deadline = _after(self._deadlines.recover_s)
        with self._registered() as link:
            self._wait_until_ready(link, deadline)
            reading = self._guarded(lambda: self._last_payment(link, deadline))
        offset = datetime.now(UTC).astimezone().utcoffset()
        return resolve(reading, request, int(offset.total_seconds()) // 60 if offset else 0)

    def cancel(self) -> None:
        """Wish the payment under way to end; never raises."""
        self._wish.make()

    def readiness(self) -> str:
        """Ask how the terminal is: empty when it is ready, else why not, in words. Raises Unready."""
        with self._taken_turn(), self._registered() as link:
            return readiness_words(self._guarded(lambda: self._enquire(link)))

    # --- the steps before a payment: whatever fails here, nothing happened ----------------------------------------

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
        settings = self._settings
        data = bytes.fromhex(settings.password) + bytes([settings.config])
        data += encode_fields([(CURRENCY, bytes.fromhex(settings.currency))])
        end, _ = self._converse(link, Apdu(REGISTRATION, data))
        if end.code == ABORTED:
            why = result_words(end.data[0]) if end.data else ""
            raise Unready("terminal_refused", f"The terminal does not accept this till. {why} Check its password.")

    def _converse(self, link: Link, command: Apdu, deadline: float | None = None) -> tuple[Apdu, bytes | None]:
        """Give a command and see it through; return its last frame and the status information that came, if any."""
        deadline = deadline or _after(self._deadlines.register_s)
        link.send(command)
        self._check_reply(link.receive(_after(self._deadlines.reply_s)))
        status: bytes | None = None
        while frame := link.receive(deadline):
            if frame.code >> 8 in _REPLIES:
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
            words_of = result_words(reply.code & 0xFF) if reply.code >> 8 == 0x84 else "It gave an answer out of turn."
            raise Unready("terminal_refused", f"The terminal refused. {words_of} Nothing was paid.")

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

    # --- the payment ----------------------------------------------------------------------------------------------

    def _payment_data(self, request: CardRequest) -> bytes:
        if request.amount_minor <= 0:
            raise Refused("bad_amount", "A card payment needs an amount above zero.")
        try:
            amount = to_bcd(request.amount_minor, 6)
        except ZvtError:
            raise Refused("bad_amount", "This amount is too large for a card terminal.") from None
        currency = bytes.fromhex(self._settings.currency)
        return encode_fields([(AMOUNT, amount), (CURRENCY, currency), (STATUS, bytes([PAY_TYPE_ANY]))])

    def _command_payment(self, link: Link, data: bytes) -> None:
        """Send 06 01, once. From its first byte on a broken line leaves the outcome open."""
        try:
            link.send(Apdu(AUTHORISATION, data))
            reply = link.receive(_after(self._deadlines.reply_s))
        except LinkLost as error:
            raise _unsure("terminal_lost", f"broke the connection ({error})") from error
        if reply is None:
            raise _unsure("terminal_silent", "did not answer to the payment")
        self._check_reply(reply)

    # --- recovery -------------------------------------------------------------------------------------------------

    def _wait_until_ready(self, link: Link, deadline: float) -> None:
        """Wait while the terminal is at work, perhaps on the very payment in question. Raises Unready."""
        while self._guarded(lambda: self._enquire(link)) == BUSY & 0xFF:
            if time.monotonic() >= deadline:
                raise Unready("terminal_busy", "The terminal is still busy. Ask again when it shows its start.")
            time.sleep(ENQUIRY_PAUSE_S)

    def _enquire(self, link: Link) -> int:
        """Return the terminal's status code: a bare byte, or field 19, depending on the terminal."""
        frame, _ = self._converse(link, Apdu(STATUS_ENQUIRY, bytes.fromhex(self._settings.password)))
        if frame.code == ABORTED or not frame.data:
            return 0
        return frame.data[1] if frame.data[0] == STATUS and len(frame.data) > 1 else frame.data[0]

    def _last_payment(self, link: Link, deadline: float) -> Reading:
        service = encode_fields([(SERVICE, bytes([REPEAT_WITHOUT_PRINT]))])
        command = Apdu(REPEAT_RECEIPT, bytes.fromhex(self._settings.password) + service)
        try:
            _, status = self._converse(link, command, max(deadline, _after(self._deadlines.reply_s)))
        except Unready as error:
            if error.code != "terminal_refused":
                raise
            status = None  # it cannot repeat: an honest "unknown", not a failure to be tried again
        return Reading() if status is None else read_result(status, self._settings.charset)


class _Unconfirmed(Struct, frozen=True, kw_only=True):
    """An approval that was made durable, but whose completion did not come; `what` the terminal did instead."""

    result: CardResult
    what: str


class _Payment:
    """The conversation after the terminal took a payment command, until its end."""

    def __init__(
        self,
        link: Link,
        request: CardRequest,
        charset: str,
        deadlines: Deadlines,
        *,
        on_text: Callable[[str], None],
        on_result: Callable[[CardResult], None],
    ) -> None:
        self._link, self._request, self._charset = link, request, charset
        self._on_text, self._on_result = on_text, on_result
        self._progress_s = deadlines.progress_s
        self._end = _after(deadlines.payment_s)
        self._result: CardResult | None = None

    def run(self) -> CardResult | _Unconfirmed:
        """Answer every frame until completion or abort. Raises Unsure when the line breaks before any result."""
        try:
            while frame := self._link.receive(min(_after(self._progress_s), self._end)):
                if frame.code >> 8 in _REPLIES:
                    continue  # the answer to a wish to cancel; the end comes by itself
                if self._take(frame):
                    return self._decided()
        except LinkLost as error:
            return self._broken(f"broke the connection ({error})")
        return self._broken("fell silent")

    def _take(self, frame: Apdu) -> bool:
        """Handle and answer one frame; tell whether it was the last."""
        match frame.code:
            case code.INTERMEDIATE_STATUS:
                self._progress(frame.data)
            case code.STATUS_INFORMATION:
                self._keep(frame.data)
            case code.ABORTED if self._result is None:
                self._keep_abort(frame.data)
            case code.COMPLETION | code.ABORTED | code.PRINT_LINE | code.PRINT_BLOCK:
                # Slip lines are taken at once: a terminal whose print is not acknowledged reverses a good payment.
                pass
            case _:
                self._link.send(Apdu(NOT_POSSIBLE))
                return False
        self._link.acknowledge()
        return frame.code in (COMPLETION, ABORTED)

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

    def _keep(self, data: bytes) -> None:
        """Make the result durable; the acknowledgement follows only when that has returned."""
        reading = read_result(data, self._charset)
        if reading.result is None:
            raise _unsure("terminal_unreadable", "sent a result that cannot be read")
        result = result_of(reading, self._request)
        if self._result is None:
            self._on_result(result)
            self._result = result
        elif result != self._result:
            raise _unsure("terminal_contradicts", "sent two results that differ")

    def _keep_abort(self, data: bytes) -> None:
        """An end without a result: nothing was paid, and its code says why."""
        reason = data[0] if data else CANCELLED
        outcome: CardOutcome = "cancelled" if reason == CANCELLED else "declined"
        result = without_payment(self._request, outcome, result_words(reason))
        self._on_result(result)
        self._result = result

    def _decided(self) -> CardResult:
        if self._result is None:
            raise _unsure("terminal_without_result", "ended without a result")
        return self._result

    def _broken(self, what: str) -> CardResult | _Unconfirmed:
        """A refusal stands although the line broke; an approval may have been taken back."""
        if self._result is None:
            raise _unsure("terminal_lost", what)
        if self._result.outcome != "approved":
            return self._result
        return _Unconfirmed(result=self._result, what=what)


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


def _minutes(bcd: int) -> int:
    try:
        return from_bcd(bytes([bcd]))
    except ZvtError:
        return 0


def _unsure(code: str, what: str) -> Unsure:
    return Unsure(
        code,
        f"The terminal {what}. The card may have been charged. The till asks the terminal; do not pay again.",
    )


def _after(wait_s: float) -> float:
    return time.monotonic() + wait_s
