"""The fiscal unit's part in every sale: a transaction begins with the first line and is signed before the receipt.

Whatever the unit does, a sale goes on: all calls run one by one on a thread of their own, and the receipt waits for its
signature at most `SIGN_MS`. Without one the receipt says so (`FiscalFacts.outage`), and an outage is journaled with its
start, its cause and its end. While it lasts no sale waits: a sale's own beginning, behind the scenes, tries the unit.

What the unit opened is kept in the journal's file until the receipt's commit, so that after a crash the saved basket
finds its transaction again, and one that came to nothing is closed as such.
"""

import queue
import threading
from collections.abc import Callable

from msgspec import Struct

from hardware.ports import FiscalUnit
from schema.clock import Clock
from schema.device import Device
from schema.errors import CounterfoilError
from schema.events import FiscalOutage, SaleCompleted
from schema.fiscal import (
    RECEIPT_PROCESS,
    FiscalFacts,
    FiscalFinish,
    FiscalPayment,
    FiscalStart,
    FiscalStarted,
    FiscalStatus,
    ReceiptKind,
    aborted_data,
    facts_of,
    outage_facts,
    receipt_data,
)
from till.journal import tables
from till.journal.journal import Journal, Statement

SIGN_MS = 500
LATE = "The fiscal unit did not answer in time."
# Sales whose beginning waits for a unit that hangs; a till has one in hand and a few parked.
WAITING_MAX = 100
Step = Callable[[], None]


class Outage(Struct, frozen=True, kw_only=True):
    """Since when the unit does not sign, and why: an error's code, and its cause in English for the journal."""

    started_ms: int
    code: str
    cause: str


class Fiscal:
    """One unit, or none: then nothing here costs anything."""

    def __init__(
        self, unit: FiscalUnit | None, journal: Journal, device: Device, clock: Clock, *, practice: bool = False
    ) -> None:
        self._unit, self._journal, self._device, self._clock = unit, journal, device, clock
        self._practice = practice
        self._begun: dict[str, FiscalStarted] = {}
        self._asked: set[str] = set()
        self._outage: Outage | None = None
        # An outage may begin where the receipt waits and end on the unit's thread.
        self._telling = threading.Lock()
        self._ended = False
        self._steps: queue.Queue[Step] = queue.Queue(WAITING_MAX)
        if unit is not None:
            self._recall()
            threading.Thread(target=self._work, name="till-fiscal", daemon=True).start()

    @property
    def is_on(self) -> bool:
        return self._unit is not None

    @property
    def outage(self) -> Outage | None:
        """Return the outage that goes on, for the messages and the close's checklist."""
        return self._outage

    def begin(self, sale_id: str) -> None:
        """Open the sale's transaction, once, behind the scenes. Never waits, never raises."""
        if self._unit is None or sale_id in self._asked:
            return
        self._asked.add(sale_id)
        self._put(lambda: self._open(sale_id))

    def abort(self, sale_id: str) -> None:
        """Close the transaction of a sale that came to nothing, behind the scenes."""
        if self._unit is not None and sale_id in self._asked:
            self._put(lambda: self._close_unused(sale_id))

    def sign(self, sale: SaleCompleted) -> FiscalFacts | None:
        """Return what the receipt carries of the unit, None without one; waits at most `SIGN_MS`. Call from a worker.

        `sale` needs its lines, taxes and payments; its number is not signed.
        """
        if self._unit is None:
            return None
        if self._outage is not None and sale.sale_id not in self._begun:
            return outage_facts(self._outage.cause)
        signing = _Signing()
        if not self._put(lambda: self._sign(sale, signing)) or not signing.over.wait(SIGN_MS / 1000):
            signing.too_late = True
            self._out("fiscal_late", LATE)
        return signing.facts or outage_facts(self._cause(), self._begun.get(sale.sale_id))

    def rows(self, sale_id: str) -> list[Statement]:
        """Return what belongs into the receipt's commit. What an outage left open, the unit goes on to list as such."""
        if self._unit is None:
            return []
        self._begun.pop(sale_id, None)
        return [(tables.DROP_FISCAL, (sale_id,))]

    def status(self) -> FiscalStatus | None:
        """Ask the unit how it is; None without one. Waits for it, at most its own deadline: call from a worker."""
        return None if self._unit is None else self._unit.status()

    def stop(self) -> None:
        """End the unit's thread when it has done what was put; nothing waits for it."""
        if self._unit is not None:
            self._put(self._end)

    def flush(self, wait_s: float = 2.0) -> bool:
        """Wait until what was put is done; tell whether it is."""
        done = threading.Event()
        return self._unit is None or (self._put(done.set) and done.wait(wait_s))

    # -- on the unit's thread

    def _work(self) -> None:
        while not self._ended:
            step = self._steps.get()
            try:
                step()
            except CounterfoilError as error:  # the sale goes on: the receipt and the journal tell
                self._out(error.code, error.message)

    def _end(self) -> None:
        self._ended = True

    def _put(self, step: Step) -> bool:
        try:
            self._steps.put_nowait(step)
        except queue.Full:
            return False
        return True

    def _open(self, sale_id: str) -> None:
        self._start(sale_id)

    def _start(self, sale_id: str) -> FiscalStarted:
        if (begun := self._begun.get(sale_id)) is not None:
            return begun
        assert self._unit is not None  # noqa: S101 - without a unit nothing gets here
        started = self._unit.start(FiscalStart(client_id=self._device.till_id))
        row = (sale_id, started.transaction, started.signature_counter, started.started_ms)
        self._journal.change((tables.KEEP_FISCAL, row))
        self._begun[sale_id] = started
        self._well()
        return started

    def _sign(self, sale: SaleCompleted, signing: "_Signing") -> None:
        try:
            if signing.too_late:
                return
            text = receipt_text(sale, practice=self._practice)
            started = self._start(sale.sale_id)
            signing.facts = self._finish(started, text)
            self._begun.pop(sale.sale_id, None)
            self._well()
        finally:
            signing.over.set()

    def _finish(self, started: FiscalStarted, text: str) -> FiscalFacts:
        assert self._unit is not None  # noqa: S101 - as above
        return facts_of(
            self._unit.finish(
                FiscalFinish(
                    client_id=self._device.till_id,
                    transaction=started.transaction,
                    process_type=RECEIPT_PROCESS,
                    process_data=text,
                )
            )
        )

    def _close_unused(self, sale_id: str) -> None:
        self._asked.discard(sale_id)
        if (started := self._begun.pop(sale_id, None)) is not None:
            self._finish(started, aborted_data())
            self._journal.change((tables.DROP_FISCAL, (sale_id,)))

    # -- outages

    def _cause(self) -> str:
        return self._outage.cause if self._outage else LATE

    def _out(self, code: str, cause: str) -> None:
        with self._telling:
            if self._outage is None:
                self._outage = Outage(started_ms=self._clock.now_ms(), code=code, cause=cause)
                self._tell(self._outage, ended_ms=0)

    def _well(self) -> None:
        if self._outage is None:
            return
        with self._telling:
            outage, self._outage = self._outage, None
            if outage is not None:
                self._tell(outage, ended_ms=self._clock.now_ms())

    def _tell(self, outage: Outage, *, ended_ms: int) -> None:
        body = FiscalOutage(
            unit="fiscal", started_ms=outage.started_ms, ended_ms=ended_ms, cause=outage.cause, code=outage.code
        )
        # Code and cause in one column: whoever reads it after a start may speak another language.
        kept: Statement = (
            (tables.END_OUTAGE, ())
            if ended_ms
            else (tables.BEGIN_OUTAGE, (outage.started_ms, f"{outage.code}\n{outage.cause}"))
        )
        try:
            self._journal.append(body, kept)
        except CounterfoilError:
            return  # a journal that takes nothing stops the sale itself, and says why

    # -- after a start

    def _recall(self) -> None:
        """Find again what the last run left: open transactions of saved baskets, an outage that goes on."""
        for sale_id, transaction, counter, started_ms in self._journal.rows(tables.READ_FISCAL):
            self._asked.add(sale_id)
            self._begun[sale_id] = FiscalStarted(
                transaction=transaction, signature_counter=counter, started_ms=started_ms
            )
        for started_ms, reason in self._journal.rows(tables.READ_OUTAGE):
            code, is_coded, cause = reason.partition("\n")
            self._outage = Outage(
                started_ms=started_ms, code=code if is_coded else "", cause=cause if is_coded else reason
            )

    def close_others(self, sale_ids: frozenset[str]) -> None:
        """Close what is open for sales that are neither in hand nor parked."""
        for sale_id in set(self._begun) - sale_ids:
            self.abort(sale_id)


class _Signing:
    """One receipt on its way through the unit; who waits for it may give up."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.facts: FiscalFacts | None = None
        self.too_late = False


def receipt_text(sale: SaleCompleted, *, practice: bool = False) -> str:
    """Write a receipt for signing. Raises Refused("unknown_fiscal_rate")."""
    kind: ReceiptKind = "AVTraining" if practice else "AVBelegstorno" if sale.voids else "Beleg"
    return receipt_data(
        kind,
        [(row.percent, row.gross_minor) for row in sale.taxes],
        [FiscalPayment(amount_minor=part.amount_minor, is_cash=part.tender == "cash") for part in sale.payments],
    )
