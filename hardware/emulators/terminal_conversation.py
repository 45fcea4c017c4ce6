"""The card terminal emulator's side of one connection: commands one after another, each failing where it is told to."""

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol

from hardware.emulators import charges
from hardware.emulators import terminal_frames as frames
from hardware.emulators.charges import Kind, Memory
from hardware.emulators.terminal_frames import CANCELLED, DAY_NOT_CLOSED, DECLINED
from hardware.emulators.terminal_modes import Options
from hardware.terminal import zvt_codec as code
from hardware.terminal.zvt_codec import Apdu, Fields, ZvtError, encode_fields, find_tlv, from_bcd, parse_fields
from hardware.terminal.zvt_commands import (
    PERMITTED_COMMAND,
    PERMITTED_COMMANDS,
    TILL_PRINTS_PAYMENTS,
    TILL_PRINTS_REPORTS,
)
from hardware.terminal.zvt_link import Link, LinkLost

REPLY_S = 5.0
PROGRESS_EVERY_S = 0.2
SYSTEM_BUSY = 0x9C
# What the mode "tip-typed" adds.
TIP_MINOR = 200
PASSWORD_BYTES = 3
_KINDS: dict[int, Kind] = {code.AUTHORISATION: "payment", code.REFUND: "refund", code.REVERSAL: "reversal"}


class HalfOpen(Exception):
    """Nothing passes any more on this connection, and nobody closed it."""


class Terminal(Protocol):
    """The device behind the conversation: its settings and its memory."""

    @property
    def options(self) -> Options: ...

    @property
    def memory(self) -> Memory: ...

    @property
    def is_stopped(self) -> bool: ...

    def remember(self, change: Callable[[Memory], Memory]) -> Memory: ...

    def note_asked(self, what: str) -> None: ...


class Conversation:
    """One connection from a till: commands one after another until it hangs up."""

    def __init__(self, terminal: Terminal, link: Link) -> None:
        self._terminal, self._link = terminal, link
        self._config, self._takes_blocks = 0, False

    def run(self) -> None:
        """Obey until the till hangs up. Raises LinkLost when the line breaks, HalfOpen when it only looks open."""
        while not self._terminal.is_stopped:
            frame = self._link.receive(time.monotonic() + 0.1)
            if frame is not None and self._mode != "mute":
                self._obey(frame)

    @property
    def _mode(self) -> str:
        return self._terminal.options.mode

    def _obey(self, frame: Apdu) -> None:
        match frame.code:
            case code.REGISTRATION:
                self._register(frame.data)
            case code.STATUS_ENQUIRY:
                self._complete(bytes([SYSTEM_BUSY if self._mode == "busy" else 0]))
            case code.REPEAT_RECEIPT:
                self._repeat()
            case code.AUTHORISATION | code.REFUND | code.REVERSAL:
                self._transact(_KINDS[frame.code], frame)
            case code.END_OF_DAY:
                self._close_day()
            case code.ABORT:
                self._link.acknowledge()
            case code.POSITIVE | code.POSITIVE_84:
                pass
            case _:
                self._link.send(Apdu(code.NOT_POSSIBLE))

    def _register(self, data: bytes) -> None:
        self._drop_in("drop-registration")
        self._config = data[PASSWORD_BYTES] if len(data) > PASSWORD_BYTES else 0
        container = parse_fields(data[PASSWORD_BYTES + 1 :]).values.get(code.TLV, b"")
        permitted = find_tlv(container, PERMITTED_COMMANDS, PERMITTED_COMMAND)
        self._takes_blocks = permitted == code.PRINT_BLOCK.to_bytes(2, "big")
        self._complete(encode_fields(frames.identity(self._terminal.options)))

    def _complete(self, data: bytes) -> None:
        self._link.acknowledge()
        self._tell(Apdu(code.COMPLETION, data))

    def _repeat(self) -> None:
        last = self._terminal.memory.last
        self._link.acknowledge()
        if last is None:
            self._tell(Apdu(code.ABORTED, bytes([0x83])))
            return
        self._tell(frames.status_information(last, self._terminal.options))
        self._tell(Apdu(code.COMPLETION))

    # --- what moves money ------------------------------------------------------------------------------------------

    def _transact(self, kind: Kind, frame: Apdu) -> None:
        asked = _Asked(kind, frame)
        if not self._takes_command(kind):
            return
        if not asked.is_complete:
            self._link.send(Apdu(code.NOT_POSSIBLE))
            return
        self._link.acknowledge()
        self._drop_in("drop-after-taking")
        self._decide(asked)

    def _takes_command(self, what: str) -> bool:
        """Tell whether a command is taken up; a mute or busy terminal does not."""
        self._terminal.note_asked(what)
        self._drop_in("drop-at-command")
        if self._mode == "busy":
            self._link.send(Apdu(code.BUSY))
        return self._mode not in ("busy", "mute-payment")

    def _decide(self, asked: "_Asked") -> None:
        # A reversal needs no card, but takes its time too.
        self._progress(0x05 if asked.kind == "reversal" else 0x0A, "Karte bitte")
        self._drop_in("drop-in-progress")
        why_not = asked.why_not(self._terminal.memory)
        if not self._card_comes():
            self._refuse(asked, CANCELLED)
        elif self._mode == "abort-only":
            self._tell(Apdu(code.ABORTED, bytes([CANCELLED])))
        elif why_not or self._mode == "decline":
            self._refuse(asked, why_not or DECLINED)
        else:
            self._approve(asked)

    def _card_comes(self) -> bool:
        """Wait for the card; tell whether it came before somebody cancelled or patience ended."""
        options = self._terminal.options
        if self._mode == "late":
            time.sleep(options.patience_s)
            return True
        never = self._mode == "never-card"
        waits_s = options.patience_s if never or self._mode == "slow" else options.card_delay_s
        end = time.monotonic() + waits_s
        while (now := time.monotonic()) < end and not self._terminal.is_stopped:
            frame = self._link.receive(min(end, now + PROGRESS_EVERY_S))
            if frame is not None and frame.code == code.ABORT:
                self._link.acknowledge()
                return False
            if frame is None and self._mode == "slow":
                self._progress(0x0E, "Bitte warten")
        return not never

    def _approve(self, asked: "_Asked") -> None:
        less = {"wrong-amount": 1, "tip-typed": -TIP_MINOR}.get(self._mode, 0)
        memory = self._terminal.remember(lambda before: asked.booked(before, less=less))
        if self._mode == "half-open":
            self._unacknowledged()
            raise HalfOpen
        if self._mode == "drop-before-status":
            self._drop_unheard()
        last = memory.last
        if last is None:
            return
        self._tell_result(frames.status_information(last, self._terminal.options))
        self._drop_in("drop-after-ack")
        if self._mode in ("print-lines", "drop-in-print") or self._config & TILL_PRINTS_PAYMENTS:
            self._print(frames.slips_of(last, self._terminal.options, in_blocks=self._takes_blocks))
        self._tell(Apdu(code.COMPLETION))

    def _tell_result(self, result: Apdu) -> None:
        if self._mode == "drop-after-status":
            self._link.send(result)
            self._drop_unheard()
        for _ in range(2 if self._mode == "duplicate-result" else 1):
            try:
                self._tell(result)
            except LinkLost:
                self._unacknowledged()
                raise

    def _drop_unheard(self) -> None:
        self._unacknowledged()
        raise LinkLost("on demand")

    def _unacknowledged(self) -> None:
        """Act on a result that the till did not answer: the policy on which terminals differ."""
        if self._terminal.options.policy == "reverse":
            self._terminal.remember(lambda before: charges.take_last_back(before, result=CANCELLED))

    def _refuse(self, asked: "_Asked", result: int) -> None:
        memory = self._terminal.remember(
            lambda before: charges.refuse(
                before, result=result, amount_minor=asked.amount_minor or 0, at=_now(), kind=asked.kind
            )
        )
        if memory.last is not None:
            self._tell(frames.status_information(memory.last, self._terminal.options))
        self._tell(Apdu(code.ABORTED, bytes([result])))

    # --- the end of the day ----------------------------------------------------------------------------------------

    def _close_day(self) -> None:
        if not self._takes_command("end_of_day"):
            return
        self._link.acknowledge()
        self._drop_in("drop-after-taking")
        self._progress(0x0F, "Kassenschnitt")
        self._drop_in("drop-in-progress")
        if self._mode in ("decline", "abort-only"):
            self._tell(Apdu(code.ABORTED, bytes([DAY_NOT_CLOSED])))
            return
        if self._mode == "late":
            time.sleep(self._terminal.options.patience_s)
        self._tell_closing(self._terminal.remember(lambda before: charges.close(before, at=_now())))

    def _tell_closing(self, memory: Memory) -> None:
        """A closed day stays closed whether or not the till hears of it."""
        if self._mode == "half-open":
            raise HalfOpen
        self._drop_in("drop-before-status")
        closing = memory.closings[-1]
        if self._mode == "drop-after-status":
            self._link.send(frames.day_closed(closing, self._terminal.options))
            raise LinkLost("on demand")
        if self._mode != "no-totals":
            self._tell(frames.day_closed(closing, self._terminal.options))
        self._drop_in("drop-after-ack")
        if self._mode in ("print-lines", "drop-in-print") or self._config & TILL_PRINTS_REPORTS:
            self._print(frames.report_slip(closing, in_blocks=self._takes_blocks))
        self._tell(Apdu(code.COMPLETION))

    # --- frames ----------------------------------------------------------------------------------------------------

    def _print(self, slips: Iterable[Apdu]) -> None:
        for frame in slips:
            self._tell(frame)
            self._drop_in("drop-in-print")

    def _progress(self, status: int, words: str) -> None:
        self._tell(frames.progress(status, words if self._mode == "text" else ""))

    def _drop_in(self, mode: str) -> None:
        if self._mode == mode:
            raise LinkLost("on demand")

    def _tell(self, frame: Apdu) -> None:
        """Send a frame and wait for its answer, no longer than the standard allows. Raises LinkLost without one."""
        self._link.send(frame)
        deadline = time.monotonic() + REPLY_S
        while reply := self._link.receive(deadline):
            if reply.code >> 8 in (0x80, 0x84):
                return
            if reply.code == code.ABORT:
                # Too late to cancel (84 83): it is decided.
                self._link.send(Apdu(code.NOT_POSSIBLE))
        raise LinkLost("the till did not answer")


class _Asked:
    """What a command asks for, and what becomes of the memory when it is granted."""

    def __init__(self, kind: Kind, frame: Apdu) -> None:
        # A payment needs no password; the others begin with one.
        fields = parse_fields(frame.data if kind == "payment" else frame.data[PASSWORD_BYTES:])
        self.kind = kind
        self.amount_minor = _number(fields, code.AMOUNT)
        self._receipt = _number(fields, code.RECEIPT_NUMBER)

    @property
    def is_complete(self) -> bool:
        return self._receipt is not None if self.kind == "reversal" else self.amount_minor is not None

    def why_not(self, memory: Memory) -> int:
        """Return the result code of a refusal; 0 for none."""
        return charges.why_not_reversible(memory, self._receipt or 0) if self.kind == "reversal" else 0

    def booked(self, memory: Memory, *, less: int) -> Memory:
        if self.kind == "reversal":
            return charges.reverse(memory, receipt=self._receipt or 0, at=_now())
        asked = self.amount_minor or 0
        return charges.charge(memory, amount_minor=asked - less, asked_minor=asked, at=_now(), kind=self.kind)


def _number(fields: Fields, number: int) -> int | None:
    try:
        value = fields.values.get(number)
        return None if value is None else from_bcd(value)
    except ZvtError:
        return None


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
