"""Questions of the till that go on to head office while somebody waits at the counter (protocol §5, §7).

They have lines of their own, so that a long poll or a large batch never stands in their way, and are over within
`LIMITS.total_s`: the till gives up after two seconds. Nothing is repeated here; a person presses the key again.
"""

import queue
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import quote

from agent.link import HeadOffice, Limits, Postponed

STORE_PATH = "/api/v1/store"
LIMITS = Limits(connect_s=1.0, silence_s=1.5, total_s=1.7)
LINES = 2
LINE_WAIT_S = 0.2


class Questions:
    """Head office, asked over one of a few lines. Threads may share it."""

    def __init__(self, lines: Sequence[HeadOffice]) -> None:
        self._lines: queue.LifoQueue[HeadOffice] = queue.LifoQueue()
        for line in lines:
            self._lines.put(line)

    def receipt(self, number: str) -> bytes:
        """Ask for a receipt (schema PastReceipt). Raises Postponed or Answer, as all of these do."""
        return self._get(f"/receipts/{_part(number)}")

    def voucher(self, code: str) -> bytes:
        """Ask for a voucher (schema Voucher)."""
        return self._get(f"/vouchers/{_part(code)}")

    def claim_voucher(self, code: str) -> bytes:
        """Ask for a voucher, and take or renew the lease on it (schema VoucherClaim)."""
        return self._post(f"/vouchers/{_part(code)}/claim")

    def release_voucher(self, code: str) -> bytes:
        """Give the lease on a voucher back (schema VoucherClaim)."""
        return self._post(f"/vouchers/{_part(code)}/release")

    def customers(self, text: str) -> bytes:
        """Ask for the customers that a text fits (a list of schema Customer)."""
        return self._get("/customers", {"text": text})

    def claim(self, order_id: str) -> bytes:
        """Take or renew the lease on an order (schema Claim)."""
        return self._post(f"/orders/{_part(order_id)}/claim")

    def release(self, order_id: str) -> bytes:
        """Give the lease on an order back (schema Claim)."""
        return self._post(f"/orders/{_part(order_id)}/release")

    def _get(self, path: str, params: dict[str, str] | None = None) -> bytes:
        return self._ask(lambda line: line.get(STORE_PATH + path, params).body)

    def _post(self, path: str) -> bytes:
        return self._ask(lambda line: line.post(STORE_PATH + path, b"{}").body)

    def _ask(self, question: Callable[[HeadOffice], bytes]) -> bytes:
        with self._line() as line:
            return question(line)

    @contextmanager
    def _line(self) -> Iterator[HeadOffice]:
        try:
            line = self._lines.get(timeout=LINE_WAIT_S)
        except queue.Empty:
            raise Postponed("busy", "Other questions to head office are still under way. Ask again.") from None
        try:
            yield line
        finally:
            self._lines.put(line)


def _part(text: str) -> str:
    return quote(text, safe="")
