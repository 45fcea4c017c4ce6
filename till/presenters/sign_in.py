"""Sign-in: names and a PIN pad."""

from msgspec import Struct
from msgspec.structs import replace

from schema.errors import CounterfoilError, Unready
from schema.events import CashierSigned
from schema.parties import Cashier, Role
from till.desk import Desk
from till.pins import PIN_LENGTH_MAX
from till.presenters.screen import Screen, told
from till.presenters.settings import Choice, SetUp, language_choices
from till.shifts.shift import OLD_SHIFT
from till.words import Day

ROLES: dict[Role, str] = {"cashier": "Cashier", "supervisor": "Supervisor", "store_manager": "Store manager"}


class CashierName(Struct, frozen=True, kw_only=True):
    """One name to touch."""

    number: str
    name: str
    role_text: str


class SignInState(Struct, frozen=True, kw_only=True):
    """`pin_length` dots; `busy` while the PIN is checked; `hint`: why there are no names, or who is locked."""

    cashiers: tuple[CashierName, ...] = ()
    chosen: str = ""
    chosen_name: str = ""
    pin_length: int = 0
    busy: bool = False
    hint: str = ""
    languages: tuple[Choice, ...] = ()
    language: str = ""
    practice: bool = False


class SignInPresenter(Screen[SignInState]):
    def __init__(self, desk: Desk, till: SetUp) -> None:
        super().__init__(desk, SignInState())
        self._till = till
        self._pin = ""

    def enter(self) -> None:
        """Read the names anew; a till without a mirror says so and tries again at the next `enter`."""
        self._pin = ""
        self.desk.finished = None
        words = self.desk.words
        fresh = SignInState(languages=language_choices(), language=words.language, practice=self._till.practice)
        try:
            cashiers = self.desk.parts.mirror.cashiers()
        except CounterfoilError as error:
            self.show(replace(fresh, hint=words.of_error(error)))
            return
        names = tuple(
            CashierName(number=each.number, name=each.name, role_text=words(ROLES[each.role])) for each in cashiers
        )
        hint = "" if names else words("No cashiers are set up for this store. Head office adds them.")
        chosen = names[0] if len(names) == 1 else CashierName(number="", name="", role_text="")
        self.show(replace(fresh, cashiers=names, hint=hint, chosen=chosen.number, chosen_name=chosen.name))

    def speak(self, language: str) -> None:
        """Speak another language on the screen, until somebody signs in who has one of their own."""
        if self.desk.speak(language):
            self.go("sign_in")

    @told
    def switch_practice(self) -> None:
        """Go to the practice till, or back to the real one. The basket in hand stays with its till."""
        if self.desk.cashier is not None or self.state.busy:
            return
        if self._till.practice:
            self._switch()
            return
        self.show(replace(self.state, busy=True))
        self.desk.runner.run(self._till.prepare_practice, lambda _: self._switch(), self.fail)

    def _switch(self) -> None:
        self.show(replace(self.state, busy=False))
        if self.desk.cashier is not None:
            return  # somebody signed in meanwhile
        self._till.switch_practice()
        self.go("sign_in" if self.desk.trouble is None else "setup")

    def choose(self, number: str) -> None:
        """Touch a name."""
        self._pin = ""
        name = next((each.name for each in self.state.cashiers if each.number == number), "")
        self.show(replace(self.state, chosen=number if name else "", chosen_name=name, pin_length=0, hint=""))

    def key(self, key: str) -> None:
        """Type a digit; "back" drops the last one, "clear" all, "enter" submits."""
        if key == "enter":
            self.submit()
            return
        self._pin = typed_pin(self._pin, key)
        self.show(replace(self.state, pin_length=len(self._pin)))

    def submit(self) -> None:
        """Check the typed PIN of the chosen name; goes to `open_shift` or `sale`."""
        self.sign_in(self.state.chosen, self._pin)

    @told
    def sign_in(self, number: str, pin: str) -> None:
        """Check a name and a PIN at once."""
        if self.state.busy:
            return
        parts, before = self.desk.parts, self.desk.cashier
        self._pin = ""
        self.show(replace(self.state, busy=True, pin_length=0, hint=""))

        def check() -> Cashier:
            cashier = parts.pins.check(number, pin)
            if before is not None and before.number != cashier.number:
                parts.journal.append(CashierSigned(cashier=before.number, action="out"))
            parts.journal.append(CashierSigned(cashier=cashier.number, action="in"))
            return cashier

        self.desk.runner.run(check, self._signed, self.fail)

    def _signed(self, cashier: Cashier) -> None:
        self.desk.cashier, self.desk.locked = cashier, False
        if cashier.language:
            self.desk.speak(cashier.language)
        self.show(replace(self.state, busy=False))
        shift = self.desk.parts.journal.position.shift
        if shift is None:
            self.go("open_shift")
            return
        if self.desk.hold_old_shift():
            self.say("warn", self.desk.words(OLD_SHIFT, day=Day(shift.business_day)), code="old_shift")
            self.go("close_shift")
            return
        self.go("sale")

    def fail(self, error: CounterfoilError) -> None:
        hint = self.desk.words.of_error(error) if not isinstance(error, Unready) else ""
        self.show(replace(self.state, busy=False, pin_length=0, hint=hint))
        super().fail(error)

    @told
    def sign_out(self) -> None:
        """Sign the cashier out; a basket in hand stays for the next one. Goes to `sign_in`."""
        self.desk.check_free()
        if (cashier := self.desk.cashier) is None:
            self.go("sign_in")
            return
        journal = self.desk.parts.journal

        def out(_: object) -> None:
            self.desk.cashier, self.desk.locked = None, False
            self.desk.speak(self.desk.paper_words.language)
            self.go("sign_in")

        self.desk.runner.run(
            lambda: journal.append(CashierSigned(cashier=cashier.number, action="out")), out, self.fail
        )


def typed_pin(pin: str, key: str) -> str:
    """Return a PIN after a key."""
    match key:
        case "clear":
            return ""
        case "back":
            return pin[:-1]
        case _ if key.isascii() and key.isdigit():
            return (pin + key)[:PIN_LENGTH_MAX]
    return pin
