"""What the till asks of its devices: one small Protocol per kind, and the values that pass through it.

Every call blocks at most for its deadline and is meant for a worker thread, never for the screen's. A device that is
off, mute or half-open costs a clear error (schema.errors: Unready = nothing happened, Unsure = it may have), never
the sale. No driver knows the journal, the basket or Kivy; drivers are named only in `hardware.connect`.
"""

from collections.abc import Callable
from typing import Literal, Protocol

from msgspec import Struct

from schema.events import CardFacts, CardOutcome
from schema.fiscal import FiscalFinish, FiscalSignature, FiscalStart, FiscalStarted, FiscalStatus

Known = Literal["yes", "no", "unknown"]
Paper = Literal["enough", "low", "out", "unknown"]
CardKind = Literal["payment", "refund", "reversal"]
# "tip": the terminal asks for the tip or shows it; without it the till adds the tip to the amount before it asks.
# "slip": the terminal leaves its slips to the till to print.
Capability = Literal["refund", "reversal", "end_of_day", "tip", "slip"]
SlipOwner = Literal["customer", "merchant", "unknown"]


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
    """What is asked of a terminal. `baseline` is the last transaction that the till knows of this terminal.

    `amount_minor` is what moves in all, always above zero; `tip_minor` is the part of it that is a tip. `original` is
    the terminal's receipt number of the payment that a reversal takes back; a refund may name it, but need not.
    """

    attempt_id: str
    amount_minor: int
    currency: str
    baseline: str = ""
    started_ms: int = 0
    kind: CardKind = "payment"
    tip_minor: int = 0
    original: str = ""


class CardSlip(Struct, frozen=True, kw_only=True):
    """A slip that the terminal leaves to the till to print: its lines, without card numbers."""

    whose: SlipOwner
    lines: tuple[str, ...]


class CardResult(Struct, frozen=True, kw_only=True):
    """What a terminal decided. `baseline` is what the next request must carry; text is the terminal's own words.

    `approved_minor` is what moved, above zero, towards us for a payment and back for a refund or reversal. It may
    differ from what was asked; whether that will do is the caller's to decide. `slips` come only with the last word,
    the result that a call returns, and only from a terminal that is set up to leave its slips to the till.
    """

    outcome: CardOutcome
    approved_minor: int
    facts: CardFacts
    baseline: str
    text: str = ""
    slips: tuple[CardSlip, ...] = ()


class CardTotal(Struct, frozen=True, kw_only=True):
    """What a terminal took by one kind of card since its last end of day."""

    card_name: str
    count: int
    total_minor: int


class TerminalTotals(Struct, frozen=True, kw_only=True):
    """What a terminal closed its day with: payments less reversals and refunds, as it says itself.

    What it does not say is empty, and `total_minor` None: then its own slip is the only paper with the sum.
    """

    total_minor: int | None
    by_card: tuple[CardTotal, ...] = ()
    receipt_first: str = ""
    receipt_last: str = ""
    terminal_id: str = ""
    text: str = ""
    slips: tuple[CardSlip, ...] = ()


class CardTerminal(Protocol):
    """A payment terminal. Money is taken when `on_result` has returned, not before and not later.

    Payment, refund and reversal are one shape, so one way of recovering fits all three: the caller writes the request
    down first, makes the result durable in `on_result`, and asks `recover` after Unsure or a crash. How the calls fit
    terminals of other makers (Adyen, SumUp, Mollie) stands in docs/hardware.md.
    """

    def capabilities(self) -> frozenset[Capability]:
        """Tell what this terminal can do besides paying, as it is set up; asks nothing of the device."""

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

    def refund(
        self, request: CardRequest, *, on_text: Callable[[str], None], on_result: Callable[[CardResult], None]
    ) -> CardResult:
        """Give money back to a card that is presented; else as `pay`."""

    def reverse(
        self, request: CardRequest, *, on_text: Callable[[str], None], on_result: Callable[[CardResult], None]
    ) -> CardResult:
        """Take the payment `request.original` back as if it had not been, without its card where possible; as `pay`.

        Many terminals can do so only on the same day, some only with their last payment; they decline the others.
        """

    def recover(self, request: CardRequest) -> CardResult:
        """Find out what became of a request of any kind. The outcome "unknown" means that the terminal cannot tell.

        Raises Unready when the terminal cannot be reached now.
        """

    def end_of_day(self, *, on_text: Callable[[str], None]) -> TerminalTotals:
        """Close the terminal's day and return its totals.

        Raises Refused where the terminal cannot or will not, Unready when nothing was closed, Unsure when the line
        broke before the totals came. No money moves in it, so it may be repeated; but where it did happen, the second
        one has totals of nothing and the slip of the first one is the only paper that has them.
        """

    def cancel(self) -> None:
        """Wish that what is under way be aborted; its end still comes through its call. Thread-safe, never raises."""


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


class FiscalUnit(Protocol):
    """A unit that signs and counts what happens at the till. When it is out, a sale goes on and says so.

    Each call ends within the driver's deadline: Unready means that nothing was signed, Unsure that it may have been
    (the unit then lists the transaction as open, or has counted a signature that no receipt shows).
    """

    def start(self, transaction: FiscalStart) -> FiscalStarted:
        """Open a transaction, durably. Raises Unready or Unsure."""

    def finish(self, transaction: FiscalFinish) -> FiscalSignature:
        """Sign an open transaction's text and close it; the same text for a finished one returns its signature again.

        Raises Refused for a transaction that the unit does not know or finished with another text, Unready or Unsure.
        """

    def status(self) -> FiscalStatus:
        """Ask the unit how it is and what is open; never raises, and tells its trouble in words."""


class ShownLine(Struct, frozen=True, kw_only=True):
    """One line of the basket as the customer reads it; amounts are written out in the store's language."""

    text: str
    amount: str
    quantity: str = ""


class DisplayState(Struct, frozen=True, kw_only=True):
    """What the customer sees now. Every text is ready to be shown; an empty one is left out.

    Without lines and sums the display greets with `title` and `note`. `sums` are what stands below the basket, the
    last one largest: total; then tendered and change.
    """

    title: str = ""
    note: str = ""
    lines: tuple[ShownLine, ...] = ()
    sums: tuple[tuple[str, str], ...] = ()
    # The receipt to take along: what the QR code holds, and what to say beside it.
    qr: str = ""
    qr_note: str = ""
    # PRACTICE, or whatever nobody may overlook.
    mark: str = ""
    language: str = "en"


class CustomerDisplay(Protocol):
    """What the customer looks at, on its own thread. Showing never waits and never fails: the newest state wins."""

    def start(self, on_fault: Callable[[str], None]) -> None:
        """Begin; report a fault in plain words once and keep trying to come back."""

    def show(self, upper: str, lower: str) -> None:
        """Show two lines of text, cut to the display's width."""

    def show_sale(self, state: DisplayState) -> None:
        """Show a state of the sale, as much of it as the display has room for."""

    def stop(self) -> None:
        """Darken the display and end the thread within a second."""


class ShelfLabel(Struct, frozen=True, kw_only=True):
    """What stands at the shelf or on the article. Prices are written out in the store's language; the code is a GTIN
    or whatever is scanned at the till.
    """

    name: str
    price: str
    unit_price: str = ""
    number: str = ""
    code: str = ""


class LabelPrinter(Protocol):
    """A printer of labels: one of its own, or the receipt printer with its paper."""

    def print_label(self, label: ShelfLabel, copies: int = 1) -> Known:
        """Print; return whether the printer confirmed it. Raises Unready or Unsure as `Printer.send` does."""
