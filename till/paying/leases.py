"""Leases on vouchers: while this till redeems one, head office lets no other till do so (protocol §5, ADR 19).

The lease is taken by the question what a voucher is worth, kept while the voucher is in the sale in hand, and given
back when it left it again. With the sale's receipt it ends by itself: head office ends it where the receipt is applied.
"""

import contextlib
from collections.abc import Set as AbstractSet

from schema.clock import Clock
from schema.errors import Unready
from schema.messages import VoucherClaim
from till.link import AgentLink

RENEW_MS = 60_000
# A voucher that was looked at is not in the sale at once: somebody presses a key first, or types a PIN.
UNUSED_MS_MAX = 20_000


class VoucherLeases:
    """The leases that this till has, by code. `claim`, `renew` and `release` wait for the agent: call from a worker."""

    def __init__(self, link: AgentLink, clock: Clock) -> None:
        self._link = link
        self._clock = clock
        # When each was asked for last.
        self._asked_ms: dict[str, int] = {}

    def claim(self, code: str) -> VoucherClaim | None:
        """Ask what a voucher is worth and take its lease; None where head office knows none. Raises Unready."""
        claim = self._link.claim_voucher(code)
        if claim is not None and claim.granted:
            self.asked(code)
        return claim

    def hold(self, in_hand: AbstractSet[str]) -> None:
        """Take it that what is in hand is leased, long ago: the sale was parked, or is from before the start."""
        for code in in_hand:
            self._asked_ms.setdefault(code, 0)

    def asked(self, code: str) -> None:
        """Write down that a lease is asked for now."""
        self._asked_ms[code] = self._clock.now_ms()

    def forget(self, codes: AbstractSet[str]) -> None:
        """Let go of those that a receipt redeemed – head office ends their leases itself – or that are given back."""
        for code in codes:
            self._asked_ms.pop(code, None)

    def to_renew(self, in_hand: AbstractSet[str]) -> list[str]:
        return [code for code in sorted(in_hand) if self._age_ms(code) >= RENEW_MS]

    def to_release(self, in_hand: AbstractSet[str]) -> list[str]:
        """Return what was looked at, or taken back, and is not used."""
        return [code for code in sorted(self._asked_ms) if code not in in_hand and self._age_ms(code) >= UNUSED_MS_MAX]

    def _age_ms(self, code: str) -> int:
        return self._clock.now_ms() - self._asked_ms.get(code, 0)

    def renew(self, code: str) -> None:
        """Ask for a lease again; where nobody answers, the store's rules without head office count by now."""
        with contextlib.suppress(Unready):
            self._link.claim_voucher(code)

    def release(self, code: str) -> None:
        """Give a lease back; where nobody answers it runs out by itself."""
        with contextlib.suppress(Unready):
            self._link.release_voucher(code)
