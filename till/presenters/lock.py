"""Lock: the till waits for its cashier's PIN; the basket stays."""

from msgspec import Struct
from msgspec.structs import replace

from schema.errors import CounterfoilError
from till.desk import Desk
from till.presenters.screen import Screen, told
from till.presenters.sign_in import SignInPresenter, typed_pin
from till.shifts.shift import OLD_SHIFT
from till.words import Day


class LockState(Struct, frozen=True, kw_only=True):
    cashier: str = ""
    pin_length: int = 0
    busy: bool = False
    hint: str = ""


class LockPresenter(Screen[LockState]):
    def __init__(self, desk: Desk, sign_in: SignInPresenter) -> None:
        super().__init__(desk, LockState())
        self._sign_in = sign_in
        self._pin = ""
        self._touched_ms = desk.clock.monotonic_ms()

    def enter(self) -> None:
        self._pin = ""
        self.show(LockState(cashier=self.desk.cashier.name if self.desk.cashier else ""))

    def lock(self) -> None:
        """Lock now; goes to `lock`."""
        if self.desk.cashier is not None:
            self.desk.locked = True
            self.go("lock")

    def touched(self) -> None:
        """Note a touch or scan: the store's time to the lock begins anew."""
        self._touched_ms = self.desk.clock.monotonic_ms()

    def tick(self) -> None:
        """Lock when the store's time without a touch is over. Call every second."""
        if self.desk.cashier is None or self.desk.locked:
            return
        try:
            lock_after_ms = self.desk.settings().lock_after_s * 1000
        except CounterfoilError:
            return  # without settings the store has no such rule
        if lock_after_ms and self.desk.clock.monotonic_ms() - self._touched_ms >= lock_after_ms:
            self.lock()

    def key(self, key: str) -> None:
        """Type a digit; "back", "clear", "enter"."""
        if key == "enter":
            self.unlock(self._pin)
            return
        self._pin = typed_pin(self._pin, key)
        self.show(replace(self.state, pin_length=len(self._pin)))

    @told
    def unlock(self, pin: str) -> None:
        """Go on with the cashier's PIN; goes back to `sale`."""
        if (cashier := self.desk.cashier) is None:
            self.go("sign_in")
            return
        pins, self._pin = self.desk.parts.pins, ""
        self.show(replace(self.state, busy=True, pin_length=0, hint=""))
        self.desk.runner.run(lambda: pins.check(cashier.number, pin), lambda _: self._unlocked(), self.fail)

    def _unlocked(self) -> None:
        self.desk.locked = False
        self.touched()
        self.show(replace(self.state, busy=False))
        shift = self.desk.parts.journal.position.shift
        if shift is not None and self.desk.hold_old_shift():
            self.say("warn", self.desk.words(OLD_SHIFT, day=Day(shift.business_day)), code="old_shift")
            self.go("close_shift")
            return
        self.go("sale" if shift else "open_shift")

    def other_cashier(self) -> None:
        """Sign the cashier out and go to `sign_in`; the basket stays."""
        self._sign_in.sign_out()

    def fail(self, error: CounterfoilError) -> None:
        self.show(replace(self.state, busy=False, pin_length=0, hint=self.desk.words.of_error(error)))
        super().fail(error)
