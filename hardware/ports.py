"""What the till asks of its devices: one small Protocol per kind, and the values that pass through it.

Every call blocks at most for its deadline and is meant for a worker thread, never for the screen's. A device that is
off, mute or half-open costs a clear error (schema.errors: Unready = nothing happened, Unsure = it may have), never
the sale. No driver knows the journal, the basket or Kivy; drivers are named only in `hardware.connect`.
"""

from collections.abc import Callable
from typing import Literal, Protocol

from msgspec import Struct

from schema.events import CardFacts, CardOutcome

Known = Literal["yes", "no", "unknown"]
Paper = Literal["enough", "low", "out", "unknown"]


class PrinterStatus(Struct, frozen=True, kw_only=True):
    """What a printer says of itself. "unknown" is an honest answer: many printers say nothing."""

    online: Known = "unknown"
    paper: Paper = "unknown"
    cover_open: Known = "unknown"
    drawer_open: Known = "unknown"


class Printer(Protocol):
    """A receipt printer, with the drawer that hangs on it."""

    def send(self, job: bytes) -> Known:
        """Print one whole job; return whether the printer confirmed it ("unknown": it took the bytes and is silent).

        Raises Unready when nothing was printed (off, no paper, cover open), Unsure when the line broke within the job.
        """

    def open_drawer(self) -> None:
        """Pulse the drawer. Raises Unready or Unsure."""

    def status(self) -> PrinterStatus:
        """Ask the printer; never raises, answers "no" for `online` where it cannot be reached."""


class CardRequest(Struct, frozen=True, kw_only=True):
    """A payment to be asked of a terminal. `baseline` is the last one that the till knows of this terminal."""

    attempt_id: str
    amount_minor: int
    currency: str
    baseline: str = ""
    started_ms: int = 0


class CardResult(Struct, frozen=True, kw_only=True):
    """What a terminal decided. `baseline` is what the next request must carry; text is the terminal's own words."""

    outcome: CardOutcome
    approved_minor: int
    facts: CardFacts
    baseline: str
    text: str = ""


class CardTerminal(Protocol):
    """A payment terminal. Money is taken when `on_result` has returned, not before and not later."""

    def pay(
        self, request: CardRequest, *, on_text: Callable[[str], None], on_result: Callable[[CardResult], None]
    ) -> CardResult:
        """Ask for a payment and wait for its end.

        `on_result` must make the result durable before it returns: only then is it acknowledged to the terminal.
        Raises Unready when the terminal never took the request, Unsure when the outcome is not known: then the caller
        asks `recover` and never repeats the payment by itself. Unsure may come even after `on_result` returned with an
        approval: the line broke before the terminal heard of it, and the terminal does not stand by it any more (some
        take such a payment back). Then what `recover` says replaces what `on_result` said.
        """

    def recover(self, request: CardRequest) -> CardResult:
        """Find out what became of a request. The outcome "unknown" means that the terminal cannot tell.

        Raises Unready when the terminal cannot be reached now.
        """

    def cancel(self) -> None:
        """Wish that the payment under way be aborted; its end still comes through `pay`. Thread-safe, never raises."""


class Scan(Struct, frozen=True, kw_only=True):
    """One complete read: the text without prefix and suffix, and where it came from."""

    code: str
    source: str


class Scanner(Protocol):
    """A scanner on a thread of its own."""

    def start(self, on_scan: Callable[[Scan], None], on_fault: Callable[[str], None]) -> None:
        """Deliver every read; report a fault in plain words and keep trying to come back."""

    def stop(self) -> None:
        """End the thread within a second."""
