"""Practice mode: a till of its own in `practice/` of the data folder, over a copy of the store's goods and people.

It has its own journal and an identity that head office never gave out, so nothing in it can be taken for a sale: no
agent looks into its folder, every paper and the top bar say PRACTICE, and cards are charged by nobody. The real journal
is neither opened nor read; of the real folder only the identity's names and the mirror are.
"""

import threading
from collections.abc import Callable
from pathlib import Path

import apsw
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from hardware.ports import Capability, CardRequest, CardResult, TerminalTotals
from schema.device import DEVICE, MIRROR, base64_text, load_device, public_bytes, save_device
from schema.events import CardFacts, CardOutcome
from till.paper.letterhead import PRACTICE_TILL
from till.words import RefusedInWords

FOLDER = "practice"
# On paper and screen a practice till is number 0: receipts read 0007-0-000001, which no till of a store is called.
NUMBER = 0
CARD_TEXT, CARD_NAME = "Practice: the terminal is not asked.", "Practice card"
# As long as a real terminal takes at its quickest, so that the screen that waits is seen.
CARD_S = 1.5


def prepare(folder: Path) -> Path:
    """Make or refresh the practice till of a data folder and return its folder.

    Raises Refused: not_enrolled, no_practice where there is nothing to practise with yet.
    """
    real, practice = load_device(folder), folder / FOLDER
    practice.mkdir(mode=0o700, exist_ok=True)
    if not (practice / DEVICE).exists():
        key = Ed25519PrivateKey.generate()
        public = base64_text(public_bytes(key))
        named = replace(real, till_id=PRACTICE_TILL, epoch=1, till_number=NUMBER, public_key=public)
        save_device(practice, named, key)
    _copy_mirror(folder / MIRROR, practice / MIRROR)
    return practice


def _copy_mirror(source: Path, target: Path) -> None:
    """Copy the mirror as it is now; the agent may write to it meanwhile. An older copy will do where it cannot."""
    try:
        held = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READONLY)
        copy = apsw.Connection(str(target))
        with copy.backup("main", held, "main") as backup:
            backup.step()
        copy.close()
        held.close()
    except apsw.Error as error:
        if not target.exists():
            raise RefusedInWords(
                "no_practice",
                "There is nothing to practise with yet: this till has no articles from head office. Start the agent, "
                "wait until it has fetched them, then try again.",
            ) from error


class PracticeTerminal:
    """A card terminal that approves everything and charges nobody; *Cancel* is obeyed."""

    def __init__(self, wait_s: float = CARD_S) -> None:
        self._wait_s = wait_s
        self._cancelled = threading.Event()
        self._count = 0
        self._last: CardResult | None = None

    def capabilities(self) -> frozenset[Capability]:
        return frozenset({"refund", "reversal"})

    def pay(
        self, request: CardRequest, *, on_text: Callable[[str], None], on_result: Callable[[CardResult], None]
    ) -> CardResult:
        """Approve after a moment, or stop when it is cancelled."""
        self._cancelled.clear()
        on_text(CARD_TEXT)
        if self._cancelled.wait(self._wait_s):
            result = self._result(request, "cancelled", 0)
        else:
            self._count += 1
            result = self._result(request, "approved", request.amount_minor)
        on_result(result)
        self._last = result
        return result

    def _result(self, request: CardRequest, outcome: CardOutcome, approved_minor: int) -> CardResult:
        number = f"{self._count:04d}"
        facts = CardFacts(attempt_id=request.attempt_id, receipt_number=number, card_name=CARD_NAME)
        return CardResult(outcome=outcome, approved_minor=approved_minor, facts=facts, baseline=number)

    refund = reverse = pay

    def recover(self, request: CardRequest) -> CardResult:
        """Tell the last result; after a restart nothing was charged, for nothing ever is."""
        last = self._last
        same = last is not None and last.facts.attempt_id == request.attempt_id
        return last if last is not None and same else self._result(request, "not_booked", 0)

    def end_of_day(self, *, on_text: Callable[[str], None]) -> TerminalTotals:  # noqa: ARG002 - the port's shape
        """Refuse: there is nothing to close."""
        raise RefusedInWords("practice_only", "This is practice: there is no terminal whose day could be closed.")

    def cancel(self) -> None:
        self._cancelled.set()
