"""Cash in, cash out, skim to the safe, change money; and the drawer without a sale."""

from msgspec import Struct
from msgspec.structs import replace

from schema.clock import new_id
from schema.errors import CounterfoilError
from schema.events import CashMove, CashMoved
from till.cash import KINDS, REASONS, moved
from till.desk import Desk
from till.keypad import amount_of, amount_so_far, shown, typed
from till.moment import stamp
from till.presenters.paper import Paper
from till.presenters.screen import Screen, told
from till.receipts import MOVES, cash_document
from till.shift import open_shift


class MoveKind(Struct, frozen=True, kw_only=True):
    kind: CashMove
    text: str
    reasons: tuple[str, ...]


class CashState(Struct, frozen=True, kw_only=True):
    """`reasons` are those of the chosen kind; `reason` may also be typed freely."""

    kinds: tuple[MoveKind, ...] = ()
    kind: CashMove = "cash_in"
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
        kinds = tuple(
            MoveKind(kind=kind, text=words(MOVES[kind]), reasons=tuple(words(reason) for reason in REASONS[kind]))
            for kind in KINDS
        )
        self.show(CashState(kinds=kinds, reasons=kinds[0].reasons))

    def choose(self, kind: CashMove) -> None:
        """Choose what happens to the cash."""
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
        """Book the chosen kind, typed amount and reason."""
        self.move(self.state.kind, amount_of(self._entry, self.desk.currency) or 0, self.state.reason)

    @told
    def move(self, kind: CashMove, amount_minor: int, reason: str) -> None:
        """Book a cash move (right: cash_move)."""
        desk, cashier = self.desk, self.desk.ready_to_sell()
        if self.state.busy:
            return
        shift = open_shift(desk.parts.journal.position)
        body = moved(kind, amount_minor, reason, move_id=new_id(desk.clock), shift=shift, cashier=cashier.number)
        desk.with_right("cash_move", lambda: self._book(body, cashier.name), self.fail)

    def _book(self, body: CashMoved, cashier_name: str) -> None:
        desk, parts = self.desk, self.desk.parts
        document = cash_document(body, desk.letterhead(), cashier_name, stamp(desk.clock.now_ms(), desk.clock))
        queued = parts.printing.queued("cash", document)
        self.show(replace(self.state, busy=True))
        desk.runner.run(lambda: parts.journal.append(body, *queued), lambda _: self._booked(body), self.fail)

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
        self.desk.with_right("open_drawer", lambda: self._paper.open_drawer_by_hand(reason, self), self.fail)

    def back(self) -> None:
        """Go back to `sale`."""
        self.go("sale")

    def fail(self, error: CounterfoilError) -> None:
        self.show(replace(self.state, busy=False))
        super().fail(error)
