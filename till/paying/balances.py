"""What vouchers and customers' accounts stand at: head office's word, and what this till's own journal adds to it.

A voucher is asked for at head office through the agent (two seconds at most), and leased by that question; without an
answer the mirror counts.
The own moves are written in the commit of their receipt.
"""

from msgspec.structs import replace

from schema.catalogue import Voucher
from schema.clock import Clock
from schema.device import Device
from schema.errors import Refused, Unready
from schema.events import SaleCompleted
from schema.parties import Customer, OpenItem
from till.journal import tables
from till.journal.journal import Journal, Statement
from till.link import AgentLink
from till.mirror import Mirror
from till.paying import account, vouchers
from till.paying.account import AccountMove, Standing
from till.paying.leases import VoucherLeases
from till.paying.vouchers import Known, Sight, VoucherMove

# Of an account that no feed keeps: nothing that was done here is in it.
NEVER_FED = Known(epoch=0, acked_seq=0, fetched_ms=0)


class Balances:
    """Reads of both. They touch the disk, and `voucher` waits for the agent: call them from a worker."""

    def __init__(self, journal: Journal, mirror: Mirror, link: AgentLink, device: Device, clock: Clock) -> None:
        self._journal = journal
        self._mirror = mirror
        self._device = device
        self._clock = clock
        self.leases = VoucherLeases(link, clock)

    def voucher(self, code: str) -> Sight:
        """Return all that is known of a voucher now, from head office where it answers: then it is leased to this till.

        Raises Refused("voucher_in_use") where another till redeems it now.
        """
        try:
            claim = self.leases.claim(code)
        except Unready:
            return self._sight(code, self._mirror.voucher(code), asked=False)
        if claim is not None and not claim.granted:
            raise vouchers.in_use(code, claim.till)
        if claim is None:
            return self._sight(code, None, asked=True)
        return self._sight(code, claim.voucher, asked=True, applied_seq=claim.applied_seq)

    def held_minor(self, code: str) -> int:
        """Return what a voucher holds as far as can be known now, from head office where it answers."""
        return _held_minor(self.voucher(code))

    def _sight(self, code: str, voucher: Voucher | None, *, asked: bool, applied_seq: int | None = None) -> Sight:
        moves = [_voucher_move(row) for row in self._journal.rows(tables.VOUCHER_MOVES, (code,))]
        waiting = vouchers.uncounted(voucher, moves, replace(self._known(), applied_seq=applied_seq))
        return Sight(code=code, voucher=voucher, asked=asked, waiting=tuple(waiting))

    def standing(self, customer: Customer, today: str) -> Standing:
        """Return what a customer owes and may still buy on account."""
        return account.standing(customer, self._account_moves(customer), self._known(), today)

    def still_open(self, customer: Customer) -> tuple[OpenItem, ...]:
        """Return the customer's open items, less what was paid at this very till. Quick: no network.

        Of a customer as head office once named them no feed takes off what was paid, so the own journal always does.
        """
        known = self._known() if self._is_fed(customer) else NEVER_FED
        return account.still_open(customer, self._account_moves(customer), known)

    def _is_fed(self, customer: Customer) -> bool:
        try:
            return self._mirror.customer(customer.number) == customer
        except Refused:
            return False

    def _account_moves(self, customer: Customer) -> list[AccountMove]:
        return [_account_move(row) for row in self._journal.rows(tables.ACCOUNT_MOVES, (customer.number,))]

    def rows(self, body: SaleCompleted, seq: int) -> list[Statement]:
        """Return what a receipt's commit writes down of its vouchers and its customer's account."""
        epoch, now_ms = self._device.epoch, self._clock.now_ms()
        rows: list[Statement] = [
            (tables.ADD_VOUCHER_MOVE, (code, epoch, seq, amount, self._left(code) + amount, now_ms))
            for code, amount in vouchers.moved(body).items()
        ]
        rows += [
            (tables.ADD_ACCOUNT_MOVE, (body.customer, reference, epoch, seq, amount, now_ms))
            for reference, amount in account.moved(body).items()
        ]
        return rows

    def _left(self, code: str) -> int:
        """Return what a voucher held before this move, without asking anybody: a commit waits for no network."""
        return _held_minor(self._sight(code, self._mirror.voucher(code), asked=False))

    def _known(self) -> Known:
        facts = self._mirror.sync_facts(self._device.till_id, self._device.epoch)
        return Known(epoch=self._device.epoch, acked_seq=facts.acked_seq, fetched_ms=facts.last_fetch_ms)


def _held_minor(sight: Sight) -> int:
    return (sight.voucher.balance_minor if sight.voucher else 0) + sum(move.amount_minor for move in sight.waiting)


def _voucher_move(row: tuple[str, int, int, int, int, int]) -> VoucherMove:
    code, epoch, seq, amount, left, at_ms = row
    return VoucherMove(code=code, epoch=epoch, seq=seq, amount_minor=amount, left_minor=left, at_ms=at_ms)


def _account_move(row: tuple[str, int, int, int, int]) -> AccountMove:
    reference, epoch, seq, amount, at_ms = row
    return AccountMove(reference=reference, epoch=epoch, seq=seq, amount_minor=amount, at_ms=at_ms)
