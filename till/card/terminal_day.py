"""The card terminal's end of day, held against what this till's journal says the terminal took since the last one.

Counted are the approvals of the requests that were made since then; what a person or the terminal settled later counts
as it was settled. No money moves here, so an end of day may be asked for again; it waits for what is in doubt.
"""

from collections.abc import Callable, Iterable

from msgspec import Struct

from hardware.ports import CardSlip, CardTerminal, TerminalTotals
from schema.device import Device
from schema.events import Body, CardAnswered, CardIntended, CardKind, CardSettled, TerminalClosed, decode
from till.journal import tables
from till.journal.journal import Entry, Journal, Position, Statement
from till.selling.register import Sale
from till.words import RefusedInWords

SILENT = "The terminal did not say its sum: compare its slip."
PrintSlips = Callable[[tuple[CardSlip, ...]], list[Statement]]


class Taken(Struct, frozen=True, kw_only=True):
    """What a terminal took by our journal: payments less refunds and reversals, and how many of all of them.

    `standing` leaves out the reversals and what they reversed: some terminals count so.
    """

    total_minor: int = 0
    count: int = 0
    standing: int = 0


class TerminalDay(Struct, frozen=True, kw_only=True):
    """A closed day: what the terminal says, what the journal says, and what the terminal told beside it."""

    totals: TerminalTotals
    expected: Taken
    closed: TerminalClosed

    @property
    def said_minor(self) -> int | None:
        """The terminal's sum; None where it does not say it."""
        return said_minor(self.totals, self.expected)

    @property
    def difference_minor(self) -> int | None:
        """What the terminal says more than the journal; None where it does not say its sum."""
        return None if self.said_minor is None else self.said_minor - self.expected.total_minor


def taken(bodies: Iterable[Body], terminal: str) -> Taken:
    """Fold card events into what a terminal took; the last word on each request counts."""
    kinds: dict[str, CardKind] = {}
    approved: dict[str, int] = {}
    for body in bodies:
        match body:
            case CardIntended() if body.terminal == terminal:
                kinds[body.attempt_id] = body.kind
            case CardAnswered() | CardSettled() if body.attempt_id in kinds:
                approved[body.attempt_id] = body.approved_minor if body.outcome == "approved" else 0
    moved = [(kinds[attempt_id], amount) for attempt_id, amount in approved.items() if amount]
    reversals = sum(kind == "reversal" for kind, _ in moved)
    return Taken(
        total_minor=sum(amount if kind == "payment" else -amount for kind, amount in moved),
        count=len(moved),
        standing=len(moved) - 2 * reversals,
    )


def said_minor(totals: TerminalTotals, expected: Taken) -> int | None:
    """Return the sum that a terminal says of its day, or None.

    ZVT's field for it (BMP 04) is digits without a sign. On a day that gave more back than it took, a nought with the
    right number of payments is therefore no answer: only the slip has the sum.
    """
    count = sum(each.count for each in totals.by_card)
    if expected.total_minor < 0 and totals.total_minor == 0 and count in (expected.count, expected.standing):
        return None
    return totals.total_minor


def refusal(sale: Sale, doubtful: bool) -> RefusedInWords | None:
    """Return why a terminal's day may not be closed now; None where it may.

    Head office holds each of the terminal's days against the receipts of that day: money that has no receipt yet, or
    that nobody knows the end of, would be compared with the wrong day.
    """
    if doubtful:
        return RefusedInWords(
            "card_in_doubt_today",
            "A card payment is in doubt, and the terminal could not tell its end. Settle it in the messages first, "
            "then close the terminal's day.",
        )
    return _card_in_hand() if any(part.tender == "card" for part in sale.payments) else None


def _card_in_hand() -> RefusedInWords:
    return RefusedInWords(
        "card_in_hand",
        "The sale in hand is part paid by card. Finish it or take the payment back first: head office compares the "
        "terminal's day with its receipts.",
    )


class TerminalDays:
    """Closes the terminal's day. Waits for the terminal: call it from a worker."""

    def __init__(
        self, journal: Journal, device: Device, terminal: CardTerminal | None, name: str, print_slips: PrintSlips
    ) -> None:
        self._journal = journal
        self._device = device
        self._terminal = terminal
        self._name = name
        self._print_slips = print_slips

    @property
    def available(self) -> bool:
        return self._terminal is not None and "end_of_day" in self._terminal.capabilities()

    def expected(self) -> Taken:
        """Return what the terminal took since its last end of day, by our journal."""
        since = next(iter(self._journal.rows(tables.READ_TERMINAL_DAY, (self._name,))), (0, 0))
        rows = self._journal.rows(tables.CARD_EVENTS_SINCE, (self._device.till_id, *since))
        return taken((decode(*row) for row in rows), self._name)

    def close(self, cashier: str, on_text: Callable[[str], None]) -> TerminalDay:
        """Let the terminal close its day and write down what it said.

        Raises Refused (no terminal, or it cannot), Unready (nothing was closed), Unsure (it may have: repeat it).
        """
        if self._terminal is None or not self.available:
            raise RefusedInWords("no_end_of_day", "This till has no card terminal that closes its day from here.")
        self._journal.preflight()
        expected = self.expected()
        totals = self._terminal.end_of_day(on_text=on_text)
        shift = self._journal.position.shift
        said = said_minor(totals, expected)
        body = TerminalClosed(
            shift_id=shift.shift_id if shift else "",
            cashier=cashier,
            terminal=self._name,
            currency=self._device.currency,
            # A sum that was not said cannot differ; its text says that nobody compared it.
            total_minor=expected.total_minor if said is None else said,
            count=sum(each.count for each in totals.by_card),
            expected_minor=expected.total_minor,
            text=f"{totals.text} {SILENT}".strip() if said is None else totals.text,
        )

        def entry(position: Position) -> Entry:
            mark = (tables.SAVE_TERMINAL_DAY, (self._name, self._device.epoch, position.seq + 1))
            return Entry(body=body, also=(mark, *self._print_slips(totals.slips)))

        self._journal.record(entry, urgent=True)
        return TerminalDay(totals=totals, expected=expected, closed=body)
