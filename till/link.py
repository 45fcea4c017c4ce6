"""Questions to the agent that need an answer now: its state, "sync now", and what lies beyond the mirror.

Loopback only, two seconds at most. No answer means offline; a sale never waits for one. Called from a worker thread
only. What head office does not know is None; that it could not be asked is Unready.
"""

import http.client
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import msgspec

from schema.catalogue import PastReceipt, Voucher
from schema.device import AGENT, AgentAddress
from schema.errors import Unready
from schema.messages import Claim, VoucherClaim
from schema.parties import Customer

DEADLINE_S = 2.0
REPLY_BYTES_MAX = 1024 * 1024
Wanted = TypeVar("Wanted")


class AgentLink:
    """The agent's loopback endpoint, found anew at every question: the agent may have been restarted.

    All questions raise Unready: agent_silent where the agent does not answer, offline where it could not ask.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / AGENT

    def status(self) -> dict[str, object]:
        """Ask how the agent fares."""
        return self._ask("GET", "/status")

    def sync_now(self) -> dict[str, object]:
        """Ask the agent to send and fetch now; it answers at once."""
        return self._ask("POST", "/sync")

    def receipt(self, number: str) -> PastReceipt | None:
        """Ask head office for a receipt that goods may come back on; None where there is none."""
        return self._about(PastReceipt, "GET", f"/receipt/{_part(number)}")

    def voucher(self, code: str) -> Voucher | None:
        """Ask head office for a voucher as it is now; None where there is none."""
        return self._about(Voucher, "GET", f"/voucher/{_part(code)}")

    def claim_voucher(self, code: str) -> VoucherClaim | None:
        """Ask for a voucher, and take or renew the lease on it, or learn which till has it; None where there is none.

        An agent or a head office of an older version knows no such leases; then there is just the voucher.
        """
        claim = self._about(VoucherClaim, "POST", f"/claim-voucher/{_part(code)}")
        if claim is not None:
            return claim
        voucher = self.voucher(code)
        return None if voucher is None else VoucherClaim(voucher=voucher, granted=True)

    def release_voucher(self, code: str) -> None:
        """Give the lease on a voucher back before it runs out."""
        self._about(VoucherClaim, "POST", f"/release-voucher/{_part(code)}")

    def customers(self, text: str) -> list[Customer]:
        """Ask head office for the customers that a text fits."""
        return self._about(list[Customer], "GET", f"/customers?text={_part(text)}") or []

    def claim(self, order_id: str) -> Claim | None:
        """Take or renew the lease on an order, or learn which till has it; None for another store's order."""
        return self._about(Claim, "POST", f"/claim/{_part(order_id)}")

    def release(self, order_id: str) -> None:
        """Give the lease on an order back before it runs out."""
        self._about(Claim, "POST", f"/release/{_part(order_id)}")

    def _ask(self, method: str, path: str) -> dict[str, object]:
        status, body = self._exchange(method, path)
        if status >= 300:
            raise _silent()
        return _read(dict[str, object], body) if body else {}

    def _about(self, wanted: type[Wanted], method: str, path: str) -> Wanted | None:
        status, body = self._exchange(method, path)
        if status == HTTPStatus.NOT_FOUND:
            return None
        if status >= 300:
            raise _offline()
        return _read(wanted, body)

    def _exchange(self, method: str, path: str) -> tuple[int, bytes]:
        try:
            address = msgspec.json.decode(self._path.read_bytes(), type=AgentAddress)
            connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=DEADLINE_S)
            try:
                connection.request(method, path, headers={"Authorization": f"Bearer {address.token}"})
                reply = connection.getresponse()
                return reply.status, reply.read(REPLY_BYTES_MAX)
            finally:
                connection.close()
        except (OSError, http.client.HTTPException, msgspec.DecodeError) as error:
            raise _silent() from error


def _read(wanted: type[Wanted], body: bytes) -> Wanted:
    try:
        return msgspec.json.decode(body, type=wanted)
    except msgspec.DecodeError as error:
        raise _silent() from error


def _part(text: str) -> str:
    return quote(text, safe="")


def _offline() -> Unready:
    return Unready("offline", "Head office cannot be asked at the moment. What is on this till counts; sales go on.")


def _silent() -> Unready:
    return Unready(
        "agent_silent",
        "The till's agent does not answer, so nothing can be sent or fetched now. Sales go on and are kept; "
        "start the agent, or restart the till's computer.",
    )
