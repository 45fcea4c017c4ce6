"""Customers' orders at this till: the mirror's list with what the own journal knows better, and the lease on one.

All calls touch the disk, and `claim` waits for the agent (two seconds at most): call them from a worker.
"""

import contextlib
from typing import Any

import msgspec

from schema.clock import Clock, local_day
from schema.device import Device
from schema.errors import Refused, Unready
from schema.events import SaleCompleted
from schema.orders import OPEN_STATUSES, OpenOrder
from schema.text import fold
from till.journal import tables
from till.journal.journal import Journal, Statement
from till.link import AgentLink
from till.mirror import Mirror
from till.ordering.pickup import OwnOrder, after, known_order, rest_of
from till.paying.vouchers import FEED_LAG_MS, Known
from till.selling.register import Sale
from till.words import RefusedInWords

OWN_MAX = 500
_DECODER = msgspec.json.Decoder(OpenOrder)


class Orders:
    """Finds orders, and says what a commit must write down of one."""

    def __init__(self, journal: Journal, mirror: Mirror, link: AgentLink, device: Device, clock: Clock) -> None:
        self._journal = journal
        self._mirror = mirror
        self._link = link
        self._device = device
        self._clock = clock

    # -- reading

    def search(self, text: str, status: str, limit: int) -> list[OpenOrder]:
        """Find open orders by words and status, the one expected first on top; those just made here among them."""
        known, own = self._known(), {each.order.order_id: each for each in self._newest()}
        fed = self._mirror.orders(text, status, limit)
        found = [known_order(order, own.pop(order.order_id, None), known) or order for order in fed]
        found += self._beside(list(own.values()), known, text)
        return sorted((order for order in found if status in ("", order.status)), key=_expected_first)[:limit]

    def _beside(self, own: list[OwnOrder], known: Known, text: str) -> list[OpenOrder]:
        """Return what the mirror does not list, but this till knows better: made here, or in another state by now."""
        found = []
        for each in own:
            with contextlib.suppress(Refused):
                order = self._as_known(each.order.order_id, each, known)
                if order.status in OPEN_STATUSES and _has_words(order, text):
                    found.append(order)
        return found

    def find(self, wanted: str) -> tuple[OpenOrder, str]:
        """Return an order by its id or number, and the receipt by which this till last changed it (empty: none).

        Raises Refused: unknown_order, order_not_open.
        """
        own, known = self._own(wanted.strip()), self._known()
        order = self._as_known(own.order.order_id if own else wanted, own, known)
        is_newer = own is not None and not known.is_settled(own.epoch, own.seq, own.at_ms)
        return order, own.receipt if own is not None and is_newer else ""

    def _as_known(self, wanted: str, own: OwnOrder | None, known: Known) -> OpenOrder:
        try:
            fed = self._mirror.order(wanted)
        except Refused:
            if (order := known_order(None, own, known)) is None:
                raise
            return order
        return known_order(fed, own, known) or fed

    def of_void(self, original: SaleCompleted) -> OpenOrder | None:
        """Return the order of a receipt that is voided, as this till left it; None where it knows none.

        Raises Refused("prepayment_counted") where a later receipt has counted the prepayment back.
        """
        if original.order is None:
            return None
        own = self._own(original.order.order_id)
        if own is None:
            with contextlib.suppress(Refused):
                return self._mirror.order(original.order.order_id)
            return None
        if self._rest_of(original.receipt, own.order) < _prepaid_minor(original):
            raise _counted(original)
        return own.order

    def check_uncounted(self, original: SaleCompleted) -> None:
        """Ask head office whether another till has handed the order over and counted a receipt's prepayment back.

        Raises Refused("prepayment_counted"). Where nobody answers, what this till knows counts.
        """
        if original.order is None or not _prepaid_minor(original):
            return
        with contextlib.suppress(Unready):
            answer = self._link.claim(original.order.order_id)
            if answer is not None and answer.status == "completed":
                raise _counted(original)
            self.release(original.order.order_id)

    def _rest_of(self, receipt: str, own: OpenOrder) -> int:
        """Return what is left of a prepayment: as this till left it, or less where another till has counted it back."""
        rest = sum(rest_of(each) for each in own.prepayments if each.receipt == receipt)
        with contextlib.suppress(Refused):
            fed = self._mirror.order(own.order_id)
            if fed.paid_minor >= own.paid_minor:  # head office has what this till took, so its rest is the later one
                rest = min(rest, sum(rest_of(each) for each in fed.prepayments if each.receipt == receipt))
        return rest

    def _own(self, wanted: str) -> OwnOrder | None:
        rows = self._journal.rows(tables.OWN_ORDER, (wanted,))
        return _own_order(rows[0]) if rows else None

    def _newest(self) -> list[OwnOrder]:
        known = self._known()
        values = (known.epoch, known.acked_seq, known.fetched_ms - FEED_LAG_MS, OWN_MAX)
        return [_own_order(row) for row in self._journal.rows(tables.OWN_ORDERS, values)]

    def _known(self) -> Known:
        facts = self._mirror.sync_facts(self._device.till_id, self._device.epoch)
        return Known(epoch=self._device.epoch, acked_seq=facts.acked_seq, fetched_ms=facts.last_fetch_ms)

    # -- the lease

    def claim(self, order: OpenOrder) -> bool:
        """Take or renew the lease on an order; tell whether head office was asked. Offline is an answer, no error.

        Raises Refused: order_claimed where another till has it, order_not_open where head office says it is done.
        """
        try:
            answer = self._link.claim(order.order_id)
        except Unready:
            return False
        if answer is not None and not answer.granted and answer.status:
            raise RefusedInWords("order_not_open", "Order {order} is no longer open.", order=order.number)
        # None: head office has not heard of it yet, so no other till has it either.
        if answer is not None and not answer.granted:
            raise RefusedInWords(
                "order_claimed",
                "Order {number} is in hand at {till}. Wait until it is done there, or take it over there.",
                number=order.number,
                till=answer.till,
            )
        return True

    def release(self, order_id: str) -> None:
        """Give the lease back; where nobody answers it runs out by itself."""
        with contextlib.suppress(Unready):
            self._link.release(order_id)

    # -- writing

    def rows(self, sale: Sale, body: SaleCompleted, seq: int) -> list[Statement]:
        """Return what a receipt's commit writes down of its order."""
        if sale.taken is None or body.order is None:
            return []
        day = local_day(body.completed_ms, self._clock.utc_offset_min()).isoformat()
        return [self.row(after(sale.taken, body, day), body.receipt, seq)]

    def row(self, order: OpenOrder, receipt: str, seq: int) -> Statement:
        """Return what keeps an order as this till leaves it with the event of this number."""
        values = (order.order_id, order.number, receipt, self._device.epoch, seq, self._clock.now_ms())
        return (tables.SAVE_OWN_ORDER, (*values, msgspec.json.encode(order)))


def _prepaid_minor(receipt: SaleCompleted) -> int:
    return sum(line.total_minor for line in receipt.lines if line.kind == "prepayment" and not line.reference)


def _counted(receipt: SaleCompleted) -> RefusedInWords:
    return RefusedInWords(
        "prepayment_counted",
        "The prepayment of receipt {receipt} was counted towards a later receipt. Void that one first.",
        receipt=receipt.receipt,
    )


def _own_order(row: tuple[Any, ...]) -> OwnOrder:
    return OwnOrder(
        order=_DECODER.decode(row[0]),
        receipt=row[1],
        epoch=row[2],
        seq=row[3],
        at_ms=row[4],
        made_here=bool(row[5]),
    )


def _has_words(order: OpenOrder, text: str) -> bool:
    words = fold(f"{order.number} {order.customer} {order.customer_name} {order.company} {order.subject} {order.phone}")
    return all(word in words for word in fold(text).split())


def _expected_first(order: OpenOrder) -> tuple[str, str]:
    return order.expected_day, order.number
