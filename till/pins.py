"""PINs: checked against Argon2id hashes, and a lockout that grows and survives a restart (fault 62).

Five wrong PINs lock a name for a minute, each further one doubles that up to an hour; a right one forgets them all.
The count is on the disk before the cashier hears the answer, so pulling the plug resets nothing. A check costs tens
of milliseconds on purpose: call it from a worker.
"""

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from schema.clock import Clock
from schema.events import CashierSigned
from schema.parties import Cashier, Right, may
from till.journal import tables
from till.journal.journal import Journal
from till.mirror import Mirror
from till.words import RefusedInWords

WRONG_MAX = 5
LOCK_MS = 60_000
LOCK_MS_MAX = 60 * 60_000
PIN_LENGTH_MAX = 12
# Whoever tries supervisor PINs on a till locks this name: the till cannot know whose PIN it should have been.
SUPERVISOR = "(supervisor)"


class Pins:
    """Checks PINs of the mirror's cashiers and keeps count in the journal's file."""

    def __init__(self, journal: Journal, mirror: Mirror, clock: Clock) -> None:
        self._journal = journal
        self._mirror = mirror
        self._clock = clock
        self._hasher = PasswordHasher()

    def check(self, number: str, pin: str) -> Cashier:
        """Return the cashier. Raises Refused: pin_locked, wrong_pin."""
        self._check_free(number)
        cashier = next((each for each in self._mirror.cashiers() if each.number == number), None)
        if cashier is None or not self._fits(cashier, pin):
            raise self._wrong(number, journaled=cashier is not None)
        self._forget(number)
        return cashier

    def check_supervisor(self, pin: str, right: Right | None, by: str) -> Cashier:
        """Return the one whose PIN it is and who holds the right. Raises Refused: pin_locked, wrong_pin."""
        self._check_free(SUPERVISOR)
        able = [each for each in self._mirror.cashiers() if each.role != "cashier" and _may_lift(each, right)]
        found = next((each for each in able if self._fits(each, pin)), None)
        if found is None:
            raise self._wrong(SUPERVISOR, journaled=True, signed_as=by)
        self._forget(SUPERVISOR)
        return found

    def locked_s(self, number: str) -> int:
        """Return for how many seconds a name is still locked."""
        _, until_ms = self._count(number)
        return max(0, -(-(until_ms - self._clock.now_ms()) // 1000))

    def _fits(self, cashier: Cashier, pin: str) -> bool:
        if not 0 < len(pin) <= PIN_LENGTH_MAX:
            return False
        try:
            return self._hasher.verify(cashier.pin_hash, pin)
        except (Argon2Error, InvalidHashError):
            return False

    def _check_free(self, number: str) -> None:
        if seconds := self.locked_s(number):
            raise _locked(seconds)

    def _wrong(self, number: str, *, journaled: bool, signed_as: str = "") -> RefusedInWords:
        wrong = self._count(number)[0] + 1
        lock_ms = min(LOCK_MS << min(wrong - WRONG_MAX, 10), LOCK_MS_MAX) if wrong >= WRONG_MAX else 0
        kept = (tables.SAVE_LOCKOUT, (number, wrong, self._clock.now_ms() + lock_ms))
        if journaled:
            action = "locked" if lock_ms else "wrong_pin"
            self._journal.append(CashierSigned(cashier=signed_as or number, action=action), kept)  # type: ignore[arg-type]
        else:
            self._journal.change(kept)
        if lock_ms:
            return _locked(lock_ms // 1000)
        left = WRONG_MAX - wrong
        return RefusedInWords(
            "wrong_pin",
            "That PIN is not right. {left} more tries, then this name is locked for a while."
            if left > 1
            else "That PIN is not right. {left} more try, then this name is locked for a while.",
            left=left,
        )

    def _count(self, number: str) -> tuple[int, int]:
        rows = self._journal.rows(tables.READ_LOCKOUT, (number,))
        return (rows[0][0], rows[0][1]) if rows else (0, 0)

    def _forget(self, number: str) -> None:
        if self._count(number)[0]:
            self._journal.change((tables.DROP_LOCKOUT, (number,)))


def _may_lift(cashier: Cashier, right: Right | None) -> bool:
    return right is None or may(cashier.role, right)


def _locked(seconds: int) -> RefusedInWords:
    return RefusedInWords(
        "pin_locked",
        "Too many wrong PINs. Wait {seconds} seconds, then try again; a colleague can sign in meanwhile.",
        seconds=seconds,
    )
