"""The end of a sale: one commit makes a paid sale a receipt, with everything that must be true together with it.

The receipt's event, the card attempts that it books, what it does to vouchers, accounts and the order, its paper in
the print queue, and the draft that goes: all or nothing. Called from a worker.
"""

from collections.abc import Callable

from msgspec.structs import replace

from hardware.document import Document
from schema.events import SaleCompleted, decode
from till.card.attempts import booked
from till.desk import Parts
from till.journal.journal import Entry, Position, Statement
from till.journal.tables import DROP_DRAFT
from till.paper.printing import JobKind
from till.paying.checkout import Completion, Paid, completed, is_settled
from till.selling.register import CURRENT, Sale
from till.words import RefusedInWords

# What a sale puts into the print queue: its receipt, where that is printed by itself, and a slip for each voucher.
MakePapers = Callable[[SaleCompleted], list[tuple[JobKind, Document]]]


def finish(parts: Parts, paid: Paid, completion: Completion, papers: MakePapers) -> SaleCompleted:
    """Commit a paid sale and return its receipt, durable. Raises Refused: not_settled, card_in_doubt, disk_full …"""
    if not is_settled(paid):
        raise RefusedInWords("not_settled", "There is still something to pay.")

    def make(position: Position) -> Entry:
        body = replace(completed(paid, completion, position.receipt_seq + 1), fiscal=signature)
        printed = [row for kind, document in papers(body) for row in parts.printing.queued(kind, document)]
        return Entry(body=body, also=(*sale_rows(parts, paid.sale, body, position.seq + 1), *printed))

    parts.journal.preflight()
    parts.cards.check_clear(paid.sale)
    # The number is not signed, so the unit is asked before the receipt has one: it must not hold up the journal.
    signature = parts.fiscal.sign(completed(paid, completion, 0)) if parts.fiscal.is_on else None
    # Money that a card has moved may not be lost to a full disk; cash is still in the customer's hand.
    urgent = any(part.tender == "card" for part in paid.sale.payments)
    sealed = parts.journal.record(make, urgent=urgent)
    body = decode(sealed.event.type, sealed.event.version, sealed.event.body)
    assert isinstance(body, SaleCompleted)  # noqa: S101 - what `make` returned
    return body


def sale_rows(parts: Parts, sale: Sale, body: SaleCompleted, seq: int) -> list[Statement]:
    """Return what belongs into a finished sale's commit beside its event and its paper."""
    return [
        *booked(sale),
        (DROP_DRAFT, (CURRENT,)),
        *parts.balances.rows(body, seq),
        *parts.receipts.rows(body, seq),
        *parts.orders.rows(sale, body, seq),
        *parts.fiscal.rows(body.sale_id),
    ]
