"""Receipts that goods may come back on: found in the own journal first, then in the mirror, then at head office.

What came back at this till is added to what they know. Head office is asked through the agent (two seconds at most);
where it does not answer, a receipt that is not here is not found, and the refusal says why.
"""

from msgspec import Struct
from msgspec.structs import replace

from schema.catalogue import PastReceipt
from schema.clock import Clock, local_day
from schema.device import Device
from schema.errors import Unready
from schema.events import SaleCompleted
from schema.past import NOTHING_BACK, Back, goods_back, past_of, returned_of, summed
from schema.receipt_numbers import receipt_number
from till.journal import tables
from till.journal.journal import Journal, Statement
from till.link import AgentLink
from till.mirror import Mirror
from till.paying.vouchers import Known
from till.returning.returns import with_returned
from till.words import RefusedInWords

NUMBER_LENGTH_MAX = 40
DIGITS_MAX = 9


class Found(Struct, frozen=True, kw_only=True):
    """A receipt with what is known of it. `own` is its event where this till made it, `voided_by` its void.

    Only of an own receipt, until the terminal's end of day, `past` names card payments by the terminal's numbers: under
    the same number another terminal, or this one on its next day, may know another customer's payment.
    """

    past: PastReceipt
    own: SaleCompleted | None = None
    voided_by: str = ""


class PastReceipts:
    """Finds receipts. Touches the disk and may wait for the agent: call it from a worker."""

    def __init__(self, journal: Journal, mirror: Mirror, link: AgentLink, device: Device, clock: Clock) -> None:
        self._journal = journal
        self._mirror = mirror
        self._link = link
        self._device = device
        self._clock = clock

    def find(self, typed: str) -> Found:
        """Return a receipt by its number, or one of this till by its running number.

        Raises Refused("unknown_receipt").
        """
        number = self._number(typed)
        own = self._own(number)
        past = self._here(number, own) or self._at_head_office(number)
        voided_by = self.voided_by(number)
        past = self._with_own_returns(past)
        if not self._journal.rows(tables.REVERSIBLE, (number, self._device.till_id)):
            past = replace(past, payments=tuple(replace(part, original="") for part in past.payments))
        return Found(past=replace(past, voided=past.voided or bool(voided_by)), own=own, voided_by=voided_by)

    def find_own(self, typed: str) -> Found:
        """As `find`, of this till's receipts alone: another till's is not voided here. Raises Refused."""
        found = self.find(typed)
        if found.own is None:
            raise RefusedInWords(
                "other_till",
                "Receipt {receipt} was made at another till. Void it there, or take its goods back here.",
                receipt=found.past.receipt,
            )
        return found

    def voided_by(self, number: str) -> str:
        """Return the receipt by which this till voided another; empty for none."""
        return next((row[0] for row in self._journal.rows(tables.VOIDED_BY, (number,))), "")

    def recent(self, limit: int) -> list[SaleCompleted]:
        """Return this till's last receipts, the newest first."""
        rows = self._journal.rows(tables.RECENT_RECEIPTS, (self._device.till_id, limit))
        bodies = [self._journal.body_at(epoch, seq) for epoch, seq in rows]
        return [body for body in bodies if isinstance(body, SaleCompleted)]

    def rows(self, body: SaleCompleted, seq: int) -> list[Statement]:
        """Return what a receipt's commit writes down of the receipts that it takes back, whole or in part."""
        rows: list[Statement] = [
            (tables.ADD_GOODS_BACK, (receipt, line, self._device.epoch, seq, str(back.quantity)))
            for (receipt, line), back in goods_back(body).items()
        ]
        if body.voids is not None:
            rows.append((tables.ADD_VOIDED, (body.voids.receipt, body.receipt)))
        return rows

    # -- where receipts are

    def _number(self, typed: str) -> str:
        text = typed.strip()[:NUMBER_LENGTH_MAX]
        if text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX:
            return receipt_number(self._device.label(), int(text))
        return text

    def _own(self, number: str) -> SaleCompleted | None:
        rows = self._journal.rows(tables.RECEIPT_SEQ, (number, self._device.till_id))
        body = self._journal.body_at(*rows[0]) if rows else None
        return body if isinstance(body, SaleCompleted) else None

    def _here(self, number: str, own: SaleCompleted | None) -> PastReceipt | None:
        fed = self._mirrored(number)
        if own is None:
            return fed
        day = local_day(own.completed_ms, self._clock.utc_offset_min()).isoformat()
        past = past_of(own, self._device.store, self._device.till_id, day)
        if fed is None:
            return past
        return with_returned(past, {line.line: returned_of(line) for line in fed.lines}, voided=fed.voided)

    def _mirrored(self, number: str) -> PastReceipt | None:
        try:
            return self._mirror.past_receipt(number)
        except Unready:
            return None

    def _at_head_office(self, number: str) -> PastReceipt:
        try:
            found = self._link.receipt(number)
        except Unready as error:
            raise RefusedInWords(
                "unknown_receipt",
                "Receipt “{receipt}” is not known here, and head office cannot be asked now. Type the number again, or "
                "take the goods back without a receipt.",
                receipt=number,
            ) from error
        if found is None:
            raise RefusedInWords(
                "unknown_receipt",
                "There is no receipt “{receipt}”, neither here nor at head office. Type its number again.",
                receipt=number,
            )
        return found

    # -- what came back at this till

    def _with_own_returns(self, past: PastReceipt) -> PastReceipt:
        """Count what came back here: all of it at least, and what head office cannot have counted yet on top."""
        rows = self._journal.rows(tables.GOODS_BACK, (past.receipt,))
        if not rows:
            return past
        known = self._known()
        facts = [((epoch, seq), self._back_at(epoch, seq, past.receipt)) for epoch, seq in rows]
        here = summed(each for _, back in facts for each in back.items())
        unsent = summed(each for position, back in facts if not known.has(*position) for each in back.items())
        fed = {line.line: returned_of(line) + unsent.get(line.line, NOTHING_BACK) for line in past.lines}
        return with_returned(with_returned(past, fed), here)

    def _back_at(self, epoch: int, seq: int, receipt: str) -> dict[int, Back]:
        """Return what one event of the journal took back of a receipt, by line."""
        body = self._journal.body_at(epoch, seq)
        found = goods_back(body) if isinstance(body, SaleCompleted) else {}
        return {line: back for (of, line), back in found.items() if of == receipt}

    def _known(self) -> Known:
        facts = self._mirror.sync_facts(self._device.till_id, self._device.epoch)
        return Known(epoch=self._device.epoch, acked_seq=facts.acked_seq, fetched_ms=facts.last_fetch_ms)
