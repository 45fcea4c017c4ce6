"""Count and close: what should be in the drawer, what is in it, and the Z report."""

from msgspec import Struct
from msgspec.structs import replace

from schema.errors import CounterfoilError
from till.connection import read_connection, waiting_text
from till.desk import Desk, Parts
from till.journal.journal import Entry, Position
from till.journal.tables import LIST_DRAFTS
from till.keypad import amount_so_far, shown, typed
from till.moment import local
from till.permissions import holds
from till.presenters.paper import Paper
from till.presenters.reports import ReportState, report_state
from till.presenters.screen import Screen, told
from till.selling.register import CURRENT, Sale, check_amount
from till.shifts.reports import Report, head_of, report_document
from till.shifts.shift import OLD_SHIFT, figures_of, open_shift
from till.shifts.shift import closed as shift_closed
from till.words import Day, RefusedInWords

PIECES_MAX = 9999
# As schema.catalogue.StoreSettings.drawer_reasons names it.
COUNT_REASON = "count"
EURO = (20000, 10000, 5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5, 2, 1)
DENOMINATIONS: dict[str, tuple[int, ...]] = {
    "EUR": EURO,
    "GBP": (5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5, 2, 1),
    "CHF": (100000, 20000, 10000, 5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5),
}


class Denomination(Struct, frozen=True, kw_only=True):
    """A coin or note and how many were counted."""

    value_minor: int
    text: str
    count: int
    sum_text: str


class CloseShiftState(Struct, frozen=True, kw_only=True):
    """`expected_*` is empty for who may not see it (blind count). `open_points` is the checklist before closing.

    `forgotten_text` says that the shift is of an earlier day; `sell_on` goes on with it all the same.
    """

    shift_text: str = ""
    forgotten_text: str = ""
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
        self._report: Report | None = None

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

        def read() -> tuple[int, tuple[str, ...]]:
            found, _ = figures_of(parts.journal, parts.device.till_id, shift)
            return found.expected_minor, self._open_points(parts, sale)

        text = desk.words("Shift {number} of {day}", number=shift.number, day=Day(shift.business_day))
        forgotten = ""
        if desk.halted_shift == shift.shift_id:
            forgotten = desk.words(OLD_SHIFT, day=Day(shift.business_day))
        first = CloseShiftState(shift_text=text, forgotten_text=forgotten, busy=True)
        self.show(replace(first, denominations=self._denominations()))
        desk.runner.run(read, lambda found: self._entered(*found), self.fail)

    def _entered(self, expected_minor: int, open_points: tuple[str, ...]) -> None:
        may_see = holds(self.desk.cashier, "see_expected_cash") and not self.desk.settings().blind_count
        self.show(
            replace(
                self.state,
                busy=False,
                expected_minor=expected_minor if may_see else None,
                expected_text=self.desk.amount(expected_minor) if may_see else "",
                open_points=open_points,
            )
        )

    def _open_points(self, parts: Parts, sale: Sale) -> tuple[str, ...]:
        words, points = self.desk.words, []
        if not sale.is_empty:
            points.append(words("There is a basket in hand."))
        if sale.basket.order is not None:
            points.append(words("Order {number} is held by this till.", number=sale.basket.order.number))
        if parked := len(parts.journal.rows(LIST_DRAFTS, (CURRENT,))):
            points.append(words.count("{count} basket is parked", "{count} baskets are parked", parked))
        if doubts := len(parts.cards.doubts(sale)):
            points.append(words.count("{count} card payment in doubt", "{count} card payments in doubt", doubts))
        if jobs := len(parts.printing.open_jobs()):
            points.append(words.count("{count} receipt not printed", "{count} receipts not printed", jobs))
        if parts.fiscal.outage is not None:
            points.append(words("The fiscal unit is out of order: receipts go out without its signature."))
        waiting = read_connection(parts.journal, parts.mirror, parts.device, self.desk.clock)
        if waiting.waiting:
            points.append(waiting_text(waiting, words, self.desk.clock))
        return tuple(points)

    @told
    def sell_on(self) -> None:
        """Go on selling in a shift of an earlier day (right: shift); goes to `sale`."""
        self.desk.signed_in()
        self.desk.with_right("shift", self._sell_on, self.fail)

    def _sell_on(self) -> None:
        self.desk.sell_on()
        self.go("sale")

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

    @told
    def open_drawer(self) -> None:
        """Open the drawer to count what is in it (right: shift); journaled as any drawer without a sale."""
        self.desk.signed_in()
        open_shift(self.desk.parts.journal.position)
        self.desk.with_right("shift", lambda: self._paper.open_drawer_by_hand(COUNT_REASON, self), self.fail)

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
        self.desk.signed_in()
        open_shift(self.desk.parts.journal.position)
        check_amount(counted_minor)
        if self.desk.sale.payments:
            raise RefusedInWords("sale_part_paid", "A sale in hand is part paid. Finish it before closing the shift.")
        if not self.state.busy:
            self.desk.with_right("shift", lambda: self._close(counted_minor), self.fail)

    def _close(self, counted_minor: int) -> None:
        desk, parts, cashier = self.desk, self.desk.parts, self.desk.signed_in()
        letterhead, printed_at = desk.letterhead(), local(desk.clock.now_ms(), desk.clock)
        # Pieces that come to another sum were typed before the total was.
        pieces = self._pieces if sum(value * count for value, count in self._pieces.items()) == counted_minor else {}
        ended: list[Report] = []

        def make(position: Position) -> Entry:
            shift = open_shift(position)
            found, _ = figures_of(parts.journal, parts.device.till_id, shift)
            body = shift_closed(shift, found, position, cashier.number, counted_minor, pieces=pieces)
            head = head_of(shift, body.z_number, cashier.name, printed_at)
            ended.append(Report(figures=found, event=body, head=head))
            return Entry(body=body, also=tuple(parts.printing.queued("report", report_document(ended[-1], letterhead))))

        def commit() -> Report:
            parts.journal.record(make)
            return ended[-1]

        self.show(replace(self.state, busy=True, question=""))
        desk.runner.run(commit, self._closed, self.fail)

    def _closed(self, closed: Report) -> None:
        event, expected, amount = closed.event, closed.figures.expected_minor, self.desk.amount
        self.desk.halted_shift, self._report = "", closed
        self.show(
            replace(
                self.state,
                busy=False,
                closed=True,
                may_close=False,
                forgotten_text="",
                counted_minor=event.counted_minor if event else None,
                counted_text=amount(event.counted_minor) if event else "",
                expected_minor=expected,
                expected_text=amount(expected),
                difference_minor=event.difference_minor if event else None,
                difference_text=amount(event.difference_minor) if event else "",
                report=report_state(closed, self.desk),
            )
        )
        self._paper.print_queue(self)

    @told
    def print_report(self) -> None:
        """Print the Z report of what was just closed again, as a copy where it may have come out."""
        desk, printing, report = self.desk, self.desk.parts.printing, self._report
        if report is None:
            raise RefusedInWords("no_report", "Choose a report first.")
        document = report_document(report, desk.letterhead())
        desk.runner.run(
            lambda: printing.first_or_copy("report", document), lambda _: self._paper.print_queue(self), self.fail
        )

    def reports(self) -> None:
        """Go to `reports`."""
        self.go("reports")

    def back(self) -> None:
        """Go back: to `sale`, after closing or where the shift is an old one to `sign_in`."""
        stays = not self.state.closed and not self.state.forgotten_text
        self.go("sale" if stays else "sign_in")

    def fail(self, error: CounterfoilError) -> None:
        self.show(replace(self.state, busy=False, question=""))
        super().fail(error)
