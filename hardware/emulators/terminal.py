"""A ZVT card terminal without cards: speaks the protocol on a real socket, debits a file, fails on demand.

A card is presented by itself after a delay. Its charges outlive it (`charges`), so a test can kill it, start it again
and hold "charged" against "booked". Modes and the policy on a lost answer are set at the start or over the control
port; real terminals differ in that policy (ZVT 2.2.8 against chapter 4), so the till must live with both.
"""

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from hardware.emulators import charges
from hardware.emulators.charges import Last, Memory
from hardware.emulators.control import Control
from hardware.terminal import zvt_codec as code
from hardware.terminal.zvt_codec import Apdu, TlvObject, ZvtError, encode_fields, encode_tlv, from_bcd, to_bcd
from hardware.terminal.zvt_link import Link, LinkLost
from schema.errors import Refused

Mode = Literal[
    "ok",
    "decline",
    "never-card",
    "mute",
    "mute-payment",
    "slow",
    "drop-before-status",
    "drop-after-status",
    "drop-after-ack",
    "busy",
    "wrong-amount",
    "duplicate-result",
    "unknown-bmp",
    "print-lines",
    "text",
    "abort-only",
]
MODES: dict[str, str] = {
    "ok": "approves",
    "decline": "declines (result 05)",
    "never-card": "nobody presents a card: cancelled when the time is over",
    "mute": "connects and says nothing",
    "mute-payment": "registers, then says nothing to a payment",
    "slow": "reports progress for a long time, then approves",
    "drop-before-status": "debits the card and breaks off before it tells the result",
    "drop-after-status": "tells the result and breaks off before the till's answer",
    "drop-after-ack": "breaks off after the till's answer, before the completion",
    "busy": "refuses with 84 9C and says so when it is asked",
    "wrong-amount": "debits one unit less than asked",
    "duplicate-result": "tells the result twice",
    "unknown-bmp": "puts a field that nobody knows into its result",
    "print-lines": "sends slip lines for the till to print, after approving",
    "text": "adds its own words to progress and result",
    "abort-only": "ends with 06 1E, without a result",
}
Policy = Literal["keep", "reverse"]
REPLY_S = 5.0
PROGRESS_EVERY_S = 0.2
CARD_TYPE = 0x05
APPROVED, DECLINED, CANCELLED, SYSTEM_BUSY = 0x00, 0x05, 0x6C, 0x9C


class Options(Struct, frozen=True, kw_only=True):
    """Where it listens and how it behaves. Delays in seconds."""

    host: str = "127.0.0.1"
    port: int = 20007
    control_port: int = 0
    mode: str = "ok"
    policy: str = "keep"
    card_delay_s: float = 1.0
    # How long it waits for a card that never comes, and how long "slow" reports progress.
    patience_s: float = 30.0
    # Every byte in a TCP segment of its own.
    split_bytes: bool = False
    terminal_id: str = "12345678"
    card_name: str = "girocard"


class TerminalEmulator:
    """One terminal: one connection, one payment at a time."""

    def __init__(self, file: Path, options: Options) -> None:
        _mode_named(options.mode)
        _policy_named(options.policy)
        self._file, self._options, self._first_options = file, options, options
        self._lock = threading.Lock()
        self._memory = charges.load(file)
        self._stopped = threading.Event()
        self._listener = socket.create_server((options.host, options.port), backlog=4)
        self._control = Control(
            options.control_port,
            show={"/state": self.state, "/charges": self.charges},
            change={"/mode": self._change_mode, "/reset": self._reset},
        )
        self._payments_asked = 0

    def start(self) -> None:
        threading.Thread(target=self._accept, name="terminal", daemon=True).start()
        self._control.start()

    def stop(self) -> None:
        self._stopped.set()
        self._control.stop()
        self._listener.close()

    def facts(self) -> dict[str, Any]:
        """Return what somebody needs to reach it."""
        return {
            "host": self._options.host,
            "port": int(self._listener.getsockname()[1]),
            "control_port": self._control.port,
            "file": str(self._file),
        }

    def state(self) -> dict[str, Any]:
        """Return how it is set and what it counted."""
        with self._lock:
            return {
                "mode": self._options.mode,
                "policy": self._options.policy,
                "card_delay_s": self._options.card_delay_s,
                "patience_s": self._options.patience_s,
                "payments_asked": self._payments_asked,
                "charged_minor": charges.charged_minor(self._memory),
                "last": to_builtins(self._memory.last),
            }

    def charges(self) -> dict[str, Any]:
        """Return every charge and their sum, less what was reversed."""
        with self._lock:
            return {
                "charged_minor": charges.charged_minor(self._memory),
                "charges": to_builtins(self._memory.charges),
            }

    # --- what a conversation asks --------------------------------------------------------------------------------

    @property
    def options(self) -> Options:
        return self._options

    @property
    def memory(self) -> Memory:
        return self._memory

    @property
    def is_stopped(self) -> bool:
        return self._stopped.is_set()

    def remember(self, change: Callable[[Memory], Memory]) -> Memory:
        """Change the memory and make it durable before anything is told of it."""
        with self._lock:
            self._memory = change(self._memory)
            charges.save(self._file, self._memory)
            return self._memory

    def note_payment(self) -> None:
        self._payments_asked += 1

    def _accept(self) -> None:
        while not self._stopped.is_set():
            with contextlib.suppress(OSError, ValueError):
                if select.select([self._listener], [], [], 0.1)[0]:
                    self._serve(self._listener.accept()[0])

    def _serve(self, line: socket.socket) -> None:
        """Talk to one till at a time, as a terminal does."""
        link = _SplittingLink(line) if self._options.split_bytes else Link(line)
        try:
            _Conversation(self, link).run()
        except LinkLost:
            return
        finally:
            link.close()

    def _reset(self, _: dict[str, Any]) -> dict[str, Any]:
        """Be fresh from the box again: no charge, no last transaction, the settings of the start."""
        self.remember(lambda _: Memory())
        with self._lock:
            self._options, self._payments_asked = self._first_options, 0
        return self.state()

    def _change_mode(self, body: dict[str, Any]) -> dict[str, Any]:
        known = {"mode", "policy", "card_delay_s", "patience_s", "split_bytes"}
        if not body.keys() <= known:
            raise Refused("unknown_setting", f"Known settings are: {', '.join(sorted(known))}.")
        changed = replace(self._options, **body)
        _mode_named(changed.mode)
        _policy_named(changed.policy)
        with self._lock:
            self._options = changed
        return self.state()


class _Conversation:
    """One connection from a till: commands one after another until it hangs up."""

    def __init__(self, terminal: TerminalEmulator, link: Link) -> None:
        self._terminal, self._link = terminal, link

    def run(self) -> None:
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
                self._complete(encode_fields(_identity(self._terminal.options)))
            case code.STATUS_ENQUIRY:
                self._complete(bytes([SYSTEM_BUSY if self._mode == "busy" else 0]))
            case code.REPEAT_RECEIPT:
                self._repeat()
            case code.AUTHORISATION:
                self._authorise(frame.data)
            case code.ABORT:
                self._link.acknowledge()
            case code.POSITIVE | code.POSITIVE_84:
                pass
            case _:
                self._link.send(Apdu(code.NOT_POSSIBLE))

    def _complete(self, data: bytes) -> None:
        self._link.acknowledge()
        self._tell(Apdu(code.COMPLETION, data))

    def _repeat(self) -> None:
        last = self._terminal.memory.last
        self._link.acknowledge()
        if last is None:
            self._tell(Apdu(code.ABORTED, bytes([0x83])))
            return
        self._tell(Apdu(code.STATUS_INFORMATION, self._status_data(last)))
        self._tell(Apdu(code.COMPLETION))

    # --- a payment -----------------------------------------------------------------------------------------------

    def _authorise(self, data: bytes) -> None:
        self._terminal.note_payment()
        if self._mode == "mute-payment":
            return
        if self._mode == "busy":
            self._link.send(Apdu(code.BUSY))
            return
        asked = _amount(data)
        if asked is None:
            self._link.send(Apdu(code.NOT_POSSIBLE))
            return
        self._link.acknowledge()
        self._decide(asked)

    def _decide(self, asked_minor: int) -> None:
        self._progress(0x0A, "Karte bitte")
        if not self._card_comes():
            self._refuse(asked_minor, CANCELLED)
        elif self._mode == "decline":
            self._refuse(asked_minor, DECLINED)
        elif self._mode == "abort-only":
            self._tell(Apdu(code.ABORTED, bytes([CANCELLED])))
        else:
            self._approve(asked_minor)

    def _card_comes(self) -> bool:
        """Wait for the card; tell whether it came before somebody cancelled or patience ended."""
        options = self._terminal.options
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

    def _approve(self, asked_minor: int) -> None:
        amount = asked_minor - 1 if self._mode == "wrong-amount" else asked_minor
        memory = self._terminal.remember(
            lambda before: charges.charge(before, amount_minor=amount, asked_minor=asked_minor, at=_now())
        )
        if self._mode == "drop-before-status":
            self._drop_unheard()
        last = memory.last
        if last is None:
            return
        result = Apdu(code.STATUS_INFORMATION, self._status_data(last))
        if self._mode == "drop-after-status":
            self._link.send(result)
            self._drop_unheard()
        for _ in range(2 if self._mode == "duplicate-result" else 1):
            self._tell_result(result)
        if self._mode == "drop-after-ack":
            raise LinkLost("on demand")
        self._print_slip()
        self._tell(Apdu(code.COMPLETION))

    def _tell_result(self, result: Apdu) -> None:
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
            self._terminal.remember(lambda before: charges.reverse_last(before, result=CANCELLED))

    def _refuse(self, asked_minor: int, result: int) -> None:
        memory = self._terminal.remember(
            lambda before: charges.refuse(before, result=result, amount_minor=asked_minor, at=_now())
        )
        if memory.last is not None:
            self._tell(Apdu(code.STATUS_INFORMATION, self._status_data(memory.last)))
        self._tell(Apdu(code.ABORTED, bytes([result])))

    def _print_slip(self) -> None:
        if self._mode != "print-lines":
            return
        for text in ("K-U-N-D-E-N-B-E-L-E-G", "Kartenzahlung", "Terminal " + self._terminal.options.terminal_id):
            self._tell(Apdu(code.PRINT_LINE, b"\x00" + text.encode("cp437")))
        lines = encode_tlv([TlvObject(0x07, b"Haendlerbeleg")])
        self._tell(Apdu(code.PRINT_BLOCK, encode_fields([(code.TLV, encode_tlv([TlvObject(0x25, lines)]))])))

    # --- frames --------------------------------------------------------------------------------------------------

    def _progress(self, status: int, words: str) -> None:
        data = bytes([status])
        if self._mode == "text":
            shown = encode_tlv([TlvObject(0x24, encode_tlv([TlvObject(0x07, words.encode("cp437"))]))])
            data += b"\x00" + encode_fields([(code.TLV, shown)])
        self._tell(Apdu(code.INTERMEDIATE_STATUS, data))

    def _status_data(self, last: Last) -> bytes:
        fields = [(code.RESULT, bytes([last.result]))]
        if last.result in (APPROVED, DECLINED):
            fields.append((code.AMOUNT, to_bcd(last.amount_minor, 6)))
        if last.receipt:
            fields += _booking(last, self._terminal.options.card_name)
        fields += _identity(self._terminal.options)[1:]
        if self._mode == "text":
            said = "Zahlung erfolgt" if last.result == APPROVED else "Karte abgelehnt"
            fields.append((code.ADDITIONAL_TEXT, said.encode("cp437")))
        # FF is no field of any edition; what stands behind it cannot be read.
        unknown = b"\xff\x01\x02" if self._mode == "unknown-bmp" else b""
        return encode_fields(fields) + unknown

    def _tell(self, frame: Apdu) -> None:
        """Send a frame and wait for its answer, no longer than the standard allows. Raises LinkLost without one."""
        self._link.send(frame)
        deadline = time.monotonic() + REPLY_S
        while reply := self._link.receive(deadline):
            if reply.code >> 8 in (0x80, 0x84):
                return
            if reply.code == code.ABORT:
                # Too late to cancel (84 83): the payment is decided.
                self._link.send(Apdu(code.NOT_POSSIBLE))
        raise LinkLost("the till did not answer")


class _SplittingLink(Link):
    """Sends every byte by itself, as a slow serial bridge does."""

    def _send_all(self, data: bytes) -> None:
        for byte in data:
            super()._send_all(bytes([byte]))
            time.sleep(0.0005)


def _booking(last: Last, card_name: str) -> list[tuple[int, bytes]]:
    at = datetime.fromisoformat(last.at)
    return [
        (code.TRACE, to_bcd(last.trace, 3)),
        (code.TIME, bytes.fromhex(at.strftime("%H%M%S"))),
        (code.DATE, bytes.fromhex(at.strftime("%m%d"))),
        (code.STATUS, b"\x70"),
        # Masked as real terminals send it; the till must not keep even this.
        (code.PAN, bytes.fromhex("eeeeeeeeeeee4771")),
        (code.RECEIPT_NUMBER, to_bcd(last.receipt, 2)),
        (code.TURNOVER_NUMBER, to_bcd(last.trace, 3)),
        (code.CARD_TYPE, bytes([CARD_TYPE])),
        (code.CARD_NAME, card_name.encode("cp437") + b"\0"),
    ]


def _identity(options: Options) -> list[tuple[int, bytes]]:
    return [
        (code.STATUS, b"\0"),
        (code.TERMINAL_ID, bytes.fromhex(options.terminal_id)),
        (code.CURRENCY, b"\x09\x78"),
    ]


def _amount(data: bytes) -> int | None:
    try:
        value = code.parse_fields(data).values.get(code.AMOUNT)
        return None if value is None else from_bcd(value)
    except ZvtError:
        return None


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")


def _mode_named(name: str) -> None:
    if name not in get_args(Mode):
        raise Refused("unknown_mode", f"There is no mode “{name}”. Known are: {', '.join(MODES)}.")


def _policy_named(name: str) -> None:
    if name not in get_args(Policy):
        raise Refused("unknown_policy", f"There is no policy “{name}”. Known are: keep, reverse.")
