"""Count and close: what should be in the drawer, what is in it, and the Z report."""

from msgspec import Struct
from msgspec.structs import replace

from schema.errors import CounterfoilError
from schema.events import Body, ShiftClosed
from till.connection import read_connection, waiting_text
from till.desk import Desk, Parts
from till.journal.journal import Entry, Journal, OpenShift, Position, shift_of
from till.journal.tables import LAST_CLOSED
from till.keypad import amount_so_far, shown, typed
from till.moment import stamp
from till.permissions import holds
from till.presenters.paper import Paper
from till.presenters.screen import Screen, told
from till.receipts import ReportHead, report_document, report_rows, report_title
from till.register import Sale, check_amount
from till.shift import ShiftFigures, figures, open_shift
from till.shift import closed as shift_closed
from till.words import RefusedInWords

PIECES_MAX = 9999
EURO = (20000, 10000, 5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5, 2, 1)
DENOMINATIONS: dict[str, tuple[int, ...]] = {
    "EUR": EURO,
    "GBP": (5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5, 2, 1),
    "CHF": (100000, 20000, 10000, 5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5),
}


class Closed(Struct, frozen=True, kw_only=True):
    """A report's figures with what stands above them; an X report has no event."""

    figures: ShiftFigures
    event: ShiftClosed | None
    head: ReportHead


class Denomination(Struct, frozen=True, kw_only=True):
    """A coin or note and how many were counted."""

    value_minor: int
    text: str
    count: int
    sum_text: str


class Figure(Struct, frozen=True, kw_only=True):
    """One row of a report."""

    label: str
    amount_minor: int
    text: str


class ReportState(Struct, frozen=True, kw_only=True):
    """An X or Z report's rows; `z_number` is 0 on an X report."""

    title: str
    z_number: int
    rows: tuple[Figure, ...]


class CloseShiftState(Struct, frozen=True, kw_only=True):
    """`expected_*` is empty for who may not see it (blind count). `open_points` is the checklist before closing."""

    shift_text: str = ""
    expected_minor: int | None = None
    expected_text: str = ""
    denominations: tuple[Denomination, ...] = ()
    keypad: str = ""
    counted_minor: int | None = None
    counted_text: str = ""
    difference_minor: int | None = None
    difference_text: str = ""
    difference_is_large: bool = False
    open_points: tuple[str, ...] = ()
    may_close: bool = False
    question: str = ""
    busy: bool = False
    report: ReportState | None = None
    closed: bool = False


class CloseShiftPresenter(Screen[CloseShiftState]):
    def __init__(self, desk: Desk, paper: Paper) -> None:
        super().__init__(desk, CloseShiftState())
        self._paper = paper
        self._entry = ""
        self._pieces: dict[int, int] = {}

    @told
    def enter(self) -> None:
        """Begin a count: the figures are folded from the journal, off the screen's thread."""
        self._entry, self._pieces = "", {}
        desk, parts = self.desk, self.desk.parts
        desk.signed_in()
        shift, sale = parts.journal.position.shift, desk.sale
        if shift is None:
            self.show(CloseShiftState(shift_text=desk.words("No shift is open.")))
            return

        def read() -> tuple[ShiftFigures, tuple[str, ...]]:
            return fold(parts.journal, shift), self._open_points(parts, sale)

        text = desk.words("Shift {number} of {day}", number=shift.number, day=shift.business_day)
        self.show(CloseShiftState(shift_text=text, denominations=self._denominations(), busy=True))
        desk.runner.run(read, lambda found: self._entered(*found), self.fail)

    def _entered(self, found: ShiftFigures, open_points: tuple[str, ...]) -> None:
        may_see = holds(self.desk.cashier, "see_expected_cash")
        self.show(
            replace(
                self.state,
                busy=False,
                expected_minor=found.expected_minor if may_see else None,
                expected_text=self.desk.amount(found.expected_minor) if may_see else "",
                open_points=open_points,
            )
        )

    def _open_points(self, parts: Parts, sale: Sale) -> tuple[str, ...]:
        words, points = self.desk.words, []
        if not sale.is_empty:
            points.append(words("There is a basket in hand."))
        if doubts := len(parts.cards.doubts(sale)):
            points.append(words("{count} card payments in doubt", count=doubts))
        if jobs := len(parts.printing.open_jobs()):
            points.append(words("{count} receipts not printed", count=jobs))
        waiting = read_connection(parts.journal, parts.mirror, parts.device, self.desk.clock)
        if waiting.waiting:
            points.append(waiting_text(waiting, words, self.desk.clock))
        return tuple(points)

    def _denominations(self) -> tuple[Denomination, ...]:
        return tuple(
            Denomination(
                value_minor=value,
                text=self.desk.amount(value),
                count=self._pieces.get(value, 0),
                sum_text=self.desk.amount(value * self._pieces.get(value, 0)),
            )
            for value in DENOMINATIONS.get(self.desk.currency, EURO)
        )

    # -- counting

    @told
    def key(self, key: str) -> None:
        """Type the counted total: digits, "00", ".", "back", "clear"; "enter" asks to close."""
        if key == "enter":
            self.ask_close()
            return
        self._entry, self._pieces = typed(self._entry, key), {}
        self._counted(amount_so_far(self._entry, self.desk.currency) if self._entry else None)

    @told
    def count(self, total_minor: int) -> None:
        """Set the counted total."""
        self._entry, self._pieces = "", {}
        self._counted(check_amount(total_minor))

    @told
    def count_pieces(self, value_minor: int, pieces: int) -> None:
        """Set how many of one coin or note there are; the total follows."""
        if value_minor not in DENOMINATIONS.get(self.desk.currency, EURO):
            raise RefusedInWords("bad_denomination", "There is no such coin or note.")
        self._entry, self._pieces = "", self._pieces | {value_minor: min(check_amount(pieces), PIECES_MAX)}
        self._counted(sum(value * count for value, count in self._pieces.items()))

    def _counted(self, counted: int | None) -> None:
        expected = self.state.expected_minor
        difference = None if counted is None or expected is None else counted - expected
        large = difference is not None and abs(difference) > self.desk.settings().cash_difference_warn_minor
        self.show(
            replace(
                self.state,
                keypad=shown(self._entry, self.desk.words.language),
                denominations=self._denominations(),
                counted_minor=counted,
                counted_text="" if counted is None else self.desk.amount(counted),
                difference_minor=difference,
                difference_text="" if difference is None else self.desk.amount(difference),
                difference_is_large=large,
                may_close=counted is not None,
                question="",
                report=None,
                closed=False,
            )
        )

    # -- closing

    @told
    def ask_close(self) -> None:
        """Ask whether to close with what was counted; fills `question`."""
        if self.state.counted_minor is None:
            raise RefusedInWords("not_counted", "Count the drawer first.")
        text = self.desk.words("Close the shift with {amount} in the drawer?", amount=self.state.counted_text)
        self.show(replace(self.state, question=text))

    def keep_open(self) -> None:
        """Answer no."""
        self.show(replace(self.state, question=""))

    @told
    def close(self) -> None:
        """Close the shift with what was counted; the Z report is printed and shown in `report`."""
        if self.state.counted_minor is None:
            raise RefusedInWords("not_counted", "Count the drawer first.")
        self.close_with(self.state.counted_minor)

    @told
    def close_with(self, counted_minor: int) -> None:
        """Count and close in one."""
        self.desk.ready_to_sell()
        check_amount(counted_minor)
        if self.desk.sale.payments:
            raise RefusedInWords("sale_part_paid", "A sale in hand is part paid. Finish it before closing the shift.")
        if not self.state.busy:
            self.desk.with_right("shift", lambda: self._close(counted_minor), self.fail)

    def _close(self, counted_minor: int) -> None:
        desk, parts, cashier = self.desk, self.desk.parts, self.desk.ready_to_sell()
        letterhead, now_ms = desk.letterhead(), desk.clock.now_ms()
        ended: list[Closed] = []

        def make(position: Position) -> Entry:
            shift = open_shift(position)
            found = fold(parts.journal, shift)
            body = shift_closed(shift, found, position, cashier.number, counted_minor)
            head = self._head(shift, body.z_number, cashier.name, now_ms)
            ended.append(Closed(figures=found, event=body, head=head))
            document = report_document(found, body, head, letterhead)
            return Entry(body=body, also=tuple(parts.printing.queued("report", document)))

        def commit() -> Closed:
            parts.journal.record(make)
            return ended[-1]

        self.show(replace(self.state, busy=True, question=""))
        desk.runner.run(commit, self._closed, self.fail)

    def _closed(self, closed: Closed) -> None:
        event = closed.event
        self.show(
            replace(
                self.state,
                busy=False,
                closed=True,
                may_close=False,
                counted_minor=event.counted_minor if event else None,
                counted_text=self.desk.amount(event.counted_minor) if event else "",
                expected_minor=closed.figures.expected_minor,
                expected_text=self.desk.amount(closed.figures.expected_minor),
                difference_minor=event.difference_minor if event else None,
                difference_text=self.desk.amount(event.difference_minor) if event else "",
                report=self._report(closed),
            )
        )
        self._paper.print_queue(self)

    # -- reports

    @told
    def x_report(self) -> None:
        """Show (and print) the shift's figures so far (right: see_expected_cash)."""
        self.desk.ready_to_sell()
        self.desk.with_right("see_expected_cash", self._x_report, self.fail)

    def _x_report(self) -> None:
        desk, parts, cashier = self.desk, self.desk.parts, self.desk.ready_to_sell()
        shift = open_shift(parts.journal.position)
        head = self._head(shift, 0, cashier.name, desk.clock.now_ms())
        desk.runner.run(
            lambda: Closed(figures=fold(parts.journal, shift), event=None, head=head), self._show_report, self.fail
        )

    @told
    def z_report(self) -> None:
        """Show (and print) the last closing's Z report."""
        desk, parts, cashier = self.desk, self.desk.parts, self.desk.signed_in()

        def read() -> Closed:
            shift, event, found = last_closed(parts.journal, parts.device.till_id)
            return Closed(figures=found, event=event, head=self._head(shift, event.z_number, cashier.name, None))

        desk.runner.run(read, self._show_report, self.fail)

    def _show_report(self, closed: Closed) -> None:
        self._last = closed
        self.show(replace(self.state, report=self._report(closed)))
        self.print_report()

    @told
    def print_report(self) -> None:
        """Print the shown report again."""
        printing, closed = self.desk.parts.printing, self._last
        if closed is None or not printing.available:
            return
        document = report_document(closed.figures, closed.event, closed.head, self.desk.letterhead())
        self.desk.runner.run(
            lambda: printing.put("report", document), lambda _: self._paper.print_queue(self), self.fail
        )

    _last: Closed | None = None

    def _report(self, closed: Closed) -> ReportState:
        self._last = closed
        rows = report_rows(closed.figures, closed.event, self.desk.words)
        figures_shown = tuple(
            Figure(label=label, amount_minor=amount, text=self.desk.amount(amount)) for label, amount in rows
        )
        return ReportState(
            title=report_title(closed.head, self.desk.words), z_number=closed.head.z_number, rows=figures_shown
        )

    def _head(self, shift: OpenShift, z_number: int, cashier_name: str, at_ms: int | None) -> ReportHead:
        printed_ms = self.desk.clock.now_ms() if at_ms is None else at_ms
        return ReportHead(
            shift_number=shift.number,
            business_day=shift.business_day,
            z_number=z_number,
            cashier_name=cashier_name,
            printed_at=stamp(printed_ms, self.desk.clock),
            currency=shift.currency,
        )

    def back(self) -> None:
        """Go back to `sale`, or to `sign_in` after closing."""
        self.go("sign_in" if self.state.closed else "sale")

    def fail(self, error: CounterfoilError) -> None:
        self.show(replace(self.state, busy=False, question=""))
        super().fail(error)


def fold(journal: Journal, shift: OpenShift) -> ShiftFigures:
    """Return a shift's figures from the journal."""
    return figures(shift, journal.bodies_since(shift.opened_epoch, shift.opened_seq))


def last_closed(journal: Journal, till_id: str) -> tuple[OpenShift, ShiftClosed, ShiftFigures]:
    """Return the shift that was closed last, with its figures. Raises Refused("no_z_report")."""
    rows = journal.rows(LAST_CLOSED, (till_id,))
    if not rows:
        raise RefusedInWords("no_z_report", "No shift has been closed at this till yet.")
    shift = shift_of(rows[0])
    happened: list[Body] = []
    for body in journal.bodies_since(shift.opened_epoch, shift.opened_seq):
        if isinstance(body, ShiftClosed) and body.shift_id == shift.shift_id:
            return shift, body, figures(shift, happened)
        happened.append(body)
    raise RefusedInWords("no_z_report", "The closing of the last shift is not in the journal.")
