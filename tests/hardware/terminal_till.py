"""What a till does with a terminal: write results down before they are acknowledged, recover after doubt."""

import contextlib
import time
from typing import Any

from emulated_device import Device
from msgspec.structs import replace

from hardware.ports import CardKind, CardRequest, CardResult
from hardware.terminal.zvt import ZvtTerminal
from hardware.terminal.zvt_commands import Settings
from hardware.terminal.zvt_conversation import Deadlines
from schema.errors import Unready, Unsure

QUICK = Deadlines(turn_s=0.2, connect_s=1, reply_s=1.5, progress_s=3, abort_s=1, payment_s=8, register_s=3, recover_s=3)
# For tests with many silences.
FAST = Deadlines(
    turn_s=0.2, connect_s=1, reply_s=0.8, progress_s=0.8, abort_s=0.4, payment_s=4, register_s=1.5, recover_s=1.5
)
SECONDS_MAX = 10.0


class Till:
    """One till at one emulated terminal, with a journal in memory."""

    def __init__(self, device: Device, deadlines: Deadlines = QUICK, settings: Settings | None = None) -> None:
        self.device = device
        self.terminal = ZvtTerminal(device.host, device.port, settings or Settings(), deadlines)
        self.journal: list[CardResult] = []
        self.texts: list[str] = []
        self.baseline = ""

    def request(self, amount_minor: int = 1234, kind: CardKind = "payment", original: str = "") -> CardRequest:
        now_ms = time.time_ns() // 1_000_000
        return CardRequest(
            attempt_id=f"attempt-{now_ms}",
            amount_minor=amount_minor,
            currency="EUR",
            baseline=self.baseline,
            started_ms=now_ms,
            kind=kind,
            original=original,
        )

    def pay(self, request: CardRequest) -> CardResult:
        return self.ask(replace(request, kind="payment"))

    def ask(self, request: CardRequest) -> CardResult:
        call = {"payment": self.terminal.pay, "refund": self.terminal.refund, "reversal": self.terminal.reverse}
        return call[request.kind](request, on_text=self.texts.append, on_result=self.journal.append)

    def settle(self, request: CardRequest) -> int:
        """Ask, and after doubt ask until the terminal knows; return what is booked in the end."""
        try:
            result = self.ask(request)
        except Unready:
            return 0
        except Unsure:
            result = self.terminal.recover(request)
        self.baseline = result.baseline
        return result.approved_minor

    def recover_patiently(self, request: CardRequest, seconds: float = SECONDS_MAX) -> CardResult:
        """Ask again while the terminal cannot be asked, as a till does before the next card payment."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(Unready):
                result = self.terminal.recover(request)
                self.baseline = result.baseline
                return result
            time.sleep(0.1)
        raise AssertionError("the terminal could not be asked in time")

    def charged(self) -> int:
        return int(self.device.get("/charges")["charged_minor"])

    def asked(self) -> dict[str, Any]:
        return dict(self.device.get("/state")["asked"])
