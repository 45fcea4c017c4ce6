"""Reports: the open shift's X report at any time, every closed shift's Z report; on the screen, on paper, as files."""

from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from schema.errors import CounterfoilError
from till.desk import Desk
from till.moment import local
from till.paper.letterhead import Letterhead
from till.practice import FOLDER as PRACTICE
from till.presenters.paper import Paper
from till.presenters.screen import Screen, told
from till.shifts.reports import (
    Report,
    ReportRow,
    SectionName,
    Shift,
    closed_shifts,
    csv_bytes,
    file_name,
    last_closed,
    report_document,
    report_of,
    report_title,
    sections,
)
from till.shifts.shift import open_shift
from till.words import Day, RefusedInWords

FOLDER = "reports"


class Figure(Struct, frozen=True, kw_only=True):
    """One row of a report; `share` of the section's largest amount, in thousandths, is how long its bar is."""

    label: str
    amount_minor: int | None
    text: str
    count_text: str = ""
    share: int = 0
    key: str = ""


class SectionState(Struct, frozen=True, kw_only=True):
    name: SectionName
    title: str
    rows: tuple[Figure, ...]


class ReportState(Struct, frozen=True, kw_only=True):
    """An X or Z report; `z_number` is 0 on an X report. `rows` are its sums, `sections` all of it, those included."""

    title: str
    z_number: int
    about: str
    rows: tuple[Figure, ...]
    sections: tuple[SectionState, ...] = ()


class ListedShift(Struct, frozen=True, kw_only=True):
    title: str
    detail: str
    z_number: int


class ReportsState(Struct, frozen=True, kw_only=True):
    """The shifts to report on, the chosen one (from 0, -1: none) with its report, the section in front."""

    shifts: tuple[ListedShift, ...] = ()
    chosen: int = -1
    report: ReportState | None = None
    section: SectionName = "sums"
    may_print: bool = False
    busy: bool = False
    # Said after files were written.
    saved_text: str = ""


class ReportsPresenter(Screen[ReportsState]):
    def __init__(self, desk: Desk, paper: Paper, folder: Path) -> None:
        super().__init__(desk, ReportsState())
        self._paper = paper
        self._data = folder
        self._shifts: tuple[Shift, ...] = ()
        self._report: Report | None = None

    # -- choosing

    @told
    def enter(self) -> None:
        """List the shifts, the open one first."""
        desk, parts = self.desk, self.desk.parts
        desk.signed_in()
        present = parts.journal.position.shift

        def read() -> tuple[Shift, ...]:
            now = (Shift(shift=present, z_number=0),) if present is not None else ()
            return (*now, *closed_shifts(parts.journal, parts.device.till_id))

        self._report = None
        self.show(ReportsState(busy=True, may_print=parts.printing.available))
        desk.runner.run(read, self._listed, self.fail)

    def _listed(self, shifts: tuple[Shift, ...]) -> None:
        self._shifts = shifts
        self.show(replace(self.state, busy=False, shifts=tuple(self._named(shift) for shift in shifts)))

    def _named(self, shift: Shift) -> ListedShift:
        words, present = self.desk.words, shift.shift
        about = words("Shift {number} of {day}", number=present.number, day=Day(present.business_day))
        if not shift.z_number:
            since = words("open since {time}", time=self.desk.time(present.opened_ms))
            return ListedShift(title=words("X report"), detail=f"{about} · {since}", z_number=0)
        title = words("Z report {number}", number=shift.z_number)
        return ListedShift(title=title, detail=about, z_number=shift.z_number)

    @told
    def choose(self, position: int) -> None:
        """Show a listed shift's report (right for an X report: see_expected_cash)."""
        if 0 <= position < len(self._shifts):
            self._show_shift(self._shifts[position], position)

    def choose_section(self, name: SectionName) -> None:
        """Bring another part of the report to the front."""
        self.show(replace(self.state, section=name))

    @told
    def x_report(self) -> None:
        """Show and print the shift's figures so far (right: see_expected_cash)."""
        self.desk.ready_to_sell()
        shift = Shift(shift=open_shift(self.desk.parts.journal.position), z_number=0)
        self._show_shift(shift, self._position(0), printed=True)

    @told
    def z_report(self, z_number: int | None = None) -> None:
        """Show a closed shift's Z report and print it again; without a number the last one's."""
        desk, parts = self.desk, self.desk.parts
        desk.signed_in()

        def read() -> Shift:
            if z_number is None:
                return last_closed(parts.journal, parts.device.till_id)
            listed = closed_shifts(parts.journal, parts.device.till_id)
            if (found := next((each for each in listed if each.z_number == z_number), None)) is None:
                raise RefusedInWords("no_z_report", "There is no Z report {number} here.", number=z_number)
            return found

        def found(shift: Shift) -> None:
            self._show_shift(shift, self._position(shift.z_number), printed=True)

        desk.runner.run(read, found, self.fail)

    def _position(self, z_number: int) -> int:
        return next((place for place, each in enumerate(self.state.shifts) if each.z_number == z_number), -1)

    def _show_shift(self, shift: Shift, position: int, *, printed: bool = False) -> None:
        desk, parts, cashier = self.desk, self.desk.parts, self.desk.signed_in()
        printed_at = local(desk.clock.now_ms(), desk.clock)

        def fold() -> Report:
            return report_of(parts.journal, parts.device.till_id, shift, cashier.name, printed_at)

        def folded(report: Report) -> None:
            self._report = report
            shown = report_state(report, desk)
            names = {section.name for section in shown.sections}
            section: SectionName = self.state.section if self.state.section in names else "sums"
            changed = replace(self.state, busy=False, chosen=position, report=shown, section=section, saved_text="")
            self.show(replace(changed, may_print=parts.printing.available))
            if printed and parts.printing.available:
                self.print_report()

        def begin() -> None:
            self.show(replace(self.state, busy=True))
            desk.runner.run(fold, folded, self.fail)

        if shift.z_number:
            begin()
        else:
            desk.with_right("see_expected_cash", begin, self.fail)

    # -- what becomes of it

    @told
    def print_report(self) -> None:
        """Print what is shown: an X report as it is now, a Z report that was printed before as a copy."""
        desk, printing, report = self.desk, self.desk.parts.printing, self._shown()
        document = report_document(report, desk.letterhead())
        put = printing.first_or_copy if report.head.z_number else printing.put
        desk.runner.run(lambda: put("report", document), lambda _: self._paper.print_queue(self), self.fail)

    @told
    def save(self) -> None:
        """Write what is shown as PDF and CSV into the till's folder of reports."""
        report, letterhead = self._shown(), self.desk.letterhead()
        # What was practised must not lie beside what counts.
        folder = (self._data / PRACTICE if letterhead.practice else self._data) / FOLDER

        def saved(paths: list[Path]) -> None:
            names = ", ".join(path.name for path in paths)
            text = self.desk.words("Saved in {folder}: {names}", folder=folder, names=names)
            self.show(replace(self.state, busy=False, saved_text=text))

        self.show(replace(self.state, busy=True, saved_text=""))
        self.desk.runner.run(lambda: save_files(report, letterhead, folder), saved, self.fail)

    def _shown(self) -> Report:
        self.desk.signed_in()
        if self._report is None:
            raise RefusedInWords("no_report", "Choose a report first.")
        return self._report

    def back(self) -> None:
        """Go back to `sale`, without a shift to `open_shift`."""
        self.go("sale" if self.desk.parts.journal.position.shift else "open_shift")

    def fail(self, error: CounterfoilError) -> None:
        self.show(replace(self.state, busy=False))
        super().fail(error)


def save_files(report: Report, letterhead: Letterhead, folder: Path) -> list[Path]:
    """Write a report as PDF and CSV; return where. Raises Refused("cannot_save")."""
    from till.shifts.report_pdf import pdf_bytes

    contents = {"pdf": pdf_bytes(report, letterhead), "csv": csv_bytes(report, letterhead)}
    try:
        folder.mkdir(exist_ok=True)
        return [_written(folder / file_name(report, kind), data) for kind, data in contents.items()]
    except OSError as error:
        raise RefusedInWords("cannot_save", "The report could not be written ({error}).", error=error) from error


def _written(path: Path, data: bytes) -> Path:
    """Write a file whole or not at all."""
    draft = path.with_name(f".{path.name}.new")
    draft.write_bytes(data)
    draft.replace(path)
    return path


def report_state(report: Report, desk: Desk) -> ReportState:
    """Return a report as a screen shows it."""
    head, words = report.head, desk.words
    found = tuple(
        SectionState(name=section.name, title=section.title, rows=_figures(section.rows, desk))
        for section in sections(report, words)
    )
    return ReportState(
        title=report_title(head, words),
        z_number=head.z_number,
        about=words("Shift {number} of {day}", number=head.shift_number, day=Day(head.business_day)),
        rows=found[0].rows,
        sections=found,
    )


def _figures(rows: tuple[ReportRow, ...], desk: Desk) -> tuple[Figure, ...]:
    largest = max((row.amount_minor or 0 for row in rows), default=0)
    return tuple(
        Figure(
            label=row.label,
            amount_minor=row.amount_minor,
            text="" if row.amount_minor is None else desk.amount(row.amount_minor),
            count_text="" if row.count is None else f"{row.count} ×",
            share=max(row.amount_minor or 0, 0) * 1000 // largest if largest > 0 else 0,
            key=row.key,
        )
        for row in rows
    )
