"""Cash in, cash out, skim to the safe, change money; and the drawer without a sale."""

from collections.abc import Callable
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from schema.clock import new_id
from schema.errors import CounterfoilError
from schema.events import CashMove, CashMoved, decode
from till.desk import Desk
from till.journal.journal import Entry, Position
from till.journal.tables import COUNT_CASH_MOVES
from till.keypad import amount_of, amount_so_far, shown, typed
from till.paper.letterhead import MOVES
from till.paper.slips import cash_document
from till.presenters.paper import Paper
from till.presenters.screen import Screen, told
from till.shifts.cash import KINDS, moved, reason_texts, reasons_of, slip_number
from till.shifts.shift import open_shift

CashKind = CashMove | Literal["drawer"]
MakeMove = Callable[[int], CashMoved]


class MoveKind(Struct, frozen=True, kw_only=True):
    kind: CashKind
    text: str
    reasons: tuple[str, ...]


class CashState(Struct, frozen=True, kw_only=True):
    """`reasons` are those of the chosen kind; `reason` may also be typed freely. The drawer needs no amount."""

    kinds: tuple[MoveKind, ...] = ()
    kind: CashKind = "cash_in"
    reasons: tuple[str, ...] = ()
    reason: str = ""
    keypad: str = ""
    amount_minor: int | None = None
    amount_text: str = ""
    busy: bool = False
    # Said after a move is in the journal.
    done_text: str = ""


class CashPresenter(Screen[CashState]):
    def __init__(self, desk: Desk, paper: Paper) -> None:
        super().__init__(desk, CashState())
        self._paper = paper
        self._entry = ""

    @told
    def enter(self) -> None:
        self._entry = ""
        words = self.desk.words
        texts: dict[CashKind, str] = {kind: words(MOVES[kind]) for kind in KINDS}
        texts["drawer"] = words("Open drawer")
        kinds = tuple(
            MoveKind(kind=kind, text=text, reasons=tuple(self._reasons(kind))) for kind, text in texts.items()
        )
        self.show(CashState(kinds=kinds, reasons=kinds[0].reasons))

    def _reasons(self, kind: str) -> dict[str, str]:
        """Return the reasons of a kind as they are shown, and as the books know them."""
        return reason_texts(reasons_of(kind, self.desk.settings()), self.desk.words)

    def choose(self, kind: CashKind) -> None:
        """Choose what happens to the cash, or the drawer alone."""
        reasons = next((each.reasons for each in self.state.kinds if each.kind == kind), ())
        self.show(replace(self.state, kind=kind, reasons=reasons, reason="", done_text=""))

    def choose_reason(self, reason: str) -> None:
        """Choose or type the reason."""
        self.show(replace(self.state, reason=reason, done_text=""))

    @told
    def key(self, key: str) -> None:
        """Type an amount: digits, "00", ".", "back", "clear"; "enter" submits."""
        if key == "enter":
            self.submit()
            return
        self._entry = typed(self._entry, key)
        amount = amount_so_far(self._entry, self.desk.currency) if self._entry else None
        text = "" if amount is None else self.desk.amount(amount)
        keypad = shown(self._entry, self.desk.words.language)
        self.show(replace(self.state, keypad=keypad, amount_minor=amount, amount_text=text, done_text=""))

    @told
    def submit(self) -> None:
        """Book the chosen kind, typed amount and reason; or open the drawer."""
        if self.state.kind == "drawer":
            self.open_drawer(self.state.reason)
            return
        self.move(self.state.kind, amount_of(self._entry, self.desk.currency) or 0, self.state.reason)

    @told
    def move(self, kind: str, amount_minor: int, reason: str) -> None:
        """Book a cash move (right: cash_move)."""
        desk, cashier = self.desk, self.desk.ready_to_sell()
        if self.state.busy:
            return
        shift, label, move_id = open_shift(desk.parts.journal.position), desk.parts.device.label(), new_id(desk.clock)
        known = self._reasons(kind).get(reason, reason)

        def body(move_number: int) -> CashMoved:
            slip = slip_number(label, shift.number, move_number)
            return moved(kind, amount_minor, known, move_id=move_id, shift=shift, cashier=cashier.number, slip=slip)

        body(1)  # refused here, before a supervisor is asked
        desk.with_right("cash_move", lambda: self._book(body, cashier.name), self.fail)

    def _book(self, body: MakeMove, cashier_name: str) -> None:
        desk, parts = self.desk, self.desk.parts
        letterhead, printed_at = desk.letterhead(), desk.stamp(desk.clock.now_ms())

        def make(position: Position) -> Entry:
            shift = open_shift(position)
            since = (parts.device.till_id, shift.opened_epoch, shift.opened_seq)
            number = parts.journal.rows(COUNT_CASH_MOVES, since)[0][0] + 1
            move, slip = body(number), slip_number(parts.device.label(), shift.number, number)
            document = cash_document(move, letterhead, cashier_name, printed_at, number=slip)
            return Entry(body=move, also=tuple(parts.printing.queued("cash", document)))

        def book() -> CashMoved:
            event = parts.journal.record(make).event
            move = decode(event.type, event.version, event.body)
            assert isinstance(move, CashMoved)  # noqa: S101 - what `make` returned
            return move

        self.show(replace(self.state, busy=True))
        desk.runner.run(book, self._booked, self.fail)

    def _booked(self, body: CashMoved) -> None:
        self._entry = ""
        text = self.desk.words(
            "{kind}: {amount} is in the journal.",
            kind=self.desk.words(MOVES[body.kind]),
            amount=self.desk.amount(body.amount_minor),
        )
        cleared = replace(self.state, busy=False, keypad="", amount_minor=None, amount_text="", reason="")
        self.show(replace(cleared, done_text=text))
        self._paper.open_drawer(self)
        self._paper.print_queue(self)

    @told
    def open_drawer(self, reason: str) -> None:
        """Open the drawer without a sale (right: open_drawer)."""
        known = self._reasons("drawer").get(reason, reason)
        self.desk.with_right("open_drawer", lambda: self._paper.open_drawer_by_hand(known, self), self.fail)

    def back(self) -> None:
        """Go back to `sale`."""
        self.go("sale")

    def fail(self, error: CounterfoilError) -> None:
        self.show(replace(self.state, busy=False))
        super().fail(error)
