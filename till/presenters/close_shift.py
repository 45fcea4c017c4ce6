"""Count and close: what should be in the drawer, what is in it, and the Z report."""

from msgspec import Struct

from till.presenters.screen import Screen


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
    def key(self, key: str) -> None:
        """Type the counted total: digits, "00", ".", "back", "clear"; "enter" asks to close."""

    def count(self, total_minor: int) -> None:
        """Set the counted total."""

    def count_pieces(self, value_minor: int, pieces: int) -> None:
        """Set how many of one coin or note there are; the total follows."""

    def ask_close(self) -> None:
        """Ask whether to close with what was counted; fills `question`."""

    def keep_open(self) -> None:
        """Answer no."""

    def close(self) -> None:
        """Close the shift with what was counted; the Z report is printed and shown in `report`."""

    def close_with(self, counted_minor: int) -> None:
        """Count and close in one."""

    def x_report(self) -> None:
        """Show (and print) the shift's figures so far (right: see_expected_cash)."""

    def print_report(self) -> None:
        """Print the shown report again."""

    def back(self) -> None:
        """Go back to `sale`, or to `sign_in` after closing."""
