"""Open a shift: the float that is counted into the drawer."""

from msgspec import Struct
from msgspec.structs import replace

from schema.clock import new_id
from schema.errors import CounterfoilError
from till.desk import Desk
from till.journal.journal import Entry, Position
from till.keypad import amount_of, amount_so_far, shown, typed
from till.presenters.screen import Screen, told
from till.shifts import shift


class OpenShiftState(Struct, frozen=True, kw_only=True):
    """`expected_text` is what the last closing left; `difference_text` is empty while the entry agrees with it."""

    cashier: str = ""
    expected_minor: int = 0
    expected_text: str = ""
    entry: str = ""
    float_minor: int = 0
    float_text: str = ""
    difference_text: str = ""
    busy: bool = False


class OpenShiftPresenter(Screen[OpenShiftState]):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, OpenShiftState())
        self._entry = ""

    @told
    def enter(self) -> None:
        self._entry = ""
        self._show_entry()

    def _show_entry(self) -> None:
        desk, expected = self.desk, self.desk.parts.journal.position.drawer_minor
        entered = amount_so_far(self._entry, desk.currency) if self._entry else expected
        difference = entered - expected
        text = desk.words("{amount} against the last closing", amount=desk.amount(difference)) if difference else ""
        self.show(
            OpenShiftState(
                cashier=desk.cashier.name if desk.cashier else "",
                expected_minor=expected,
                expected_text=desk.amount(expected),
                entry=shown(self._entry, desk.words.language),
                float_minor=entered,
                float_text=desk.amount(entered),
                difference_text=text,
            )
        )

    @told
    def key(self, key: str) -> None:
        """Type a digit, "00", "." or "back", "clear", "enter"."""
        if key == "enter":
            self.submit()
            return
        self._entry = typed(self._entry, key)
        self._show_entry()

    @told
    def submit(self) -> None:
        """Open with the typed float, untyped with what the last closing left; goes to `sale`."""
        amount = amount_of(self._entry, self.desk.currency)
        self.open_with(self.desk.parts.journal.position.drawer_minor if amount is None else amount)

    @told
    def open_with(self, float_minor: int) -> None:
        """Open with this float; goes to `sale`."""
        self.desk.signed_in()
        if not self.state.busy:
            self.desk.with_right("shift", lambda: self._open(float_minor), self.fail)

    def _open(self, float_minor: int) -> None:
        desk, cashier = self.desk, self.desk.signed_in()

        def make(position: Position) -> Entry:
            return Entry(body=shift.opened(position, new_id(desk.clock), cashier.number, desk.currency, float_minor))

        self.show(replace(self.state, busy=True))
        journal = desk.parts.journal
        desk.runner.run(lambda: journal.record(make), self._opened, self.fail)

    def _opened(self, _: object) -> None:
        self.show(replace(self.state, busy=False))
        self.go("sale")

    def reports(self) -> None:
        """Go to `reports`: a Z report is often printed again before the next shift."""
        self.go("reports")

    def fail(self, error: CounterfoilError) -> None:
        self.show(replace(self.state, busy=False))
        super().fail(error)
