"""Reports: the shifts at the left, the chosen one's figures at the right, with bars where people would rather look."""

from typing import Any

from kivy.graphics import Color, Rectangle
from kivy.metrics import dp
from kivy.properties import ColorProperty, ListProperty, NumericProperty
from kivy.uix.widget import Widget

from till.presenters.reports import ReportsState, SectionState
from till.ui.lists import ListRow
from till.ui.screen import TillScreen
from till.ui.text import Text

# Of the type's size: a shift of one hour is a column, not a wall.
BAR_WIDTH_MAX = 6
BARRED = frozenset({"groups", "cashiers", "hours"})


class ReportsScreen(TillScreen):
    """Shows a ReportsState."""

    def update(self, state: ReportsState) -> None:
        """Show the shifts and the section in front."""
        self.ids.shifts.show(
            [
                {"title": shift.title, "detail": shift.detail, "chosen": position == state.chosen}
                | {"target": f"shift:{shift.z_number}", "strong": not shift.z_number}
                for position, shift in enumerate(state.shifts)
            ]
        )
        section = self.section(state)
        is_barred = section is not None and section.name in BARRED
        self.ids.figures.show(
            [
                {"title": row.label, "figure": row.text or row.count_text, "target": f"figure:{number}"}
                | {"figure_detail": row.count_text if row.text else "", "share": row.share if is_barred else 0}
                for number, row in enumerate(section.rows if section else (), start=1)
            ]
        )
        is_hours = section is not None and section.name == "hours"
        self.ids.hours.bars = hour_bars(section) if section is not None and is_hours else []

    def section(self, state: ReportsState) -> SectionState | None:
        """Return the part of the report that is in front."""
        sections = state.report.sections if state.report else ()
        return next((section for section in sections if section.name == state.section), None)

    def options(self, state: ReportsState) -> list[tuple[str, str]]:
        """Return the parts that there are to choose from."""
        return [(section.name, section.title) for section in state.report.sections] if state.report else []

    def choose(self, position: int) -> None:
        """Touch a shift."""
        self.presenter.choose(position)

    def key(self, name: str) -> bool:
        """The arrow keys walk through the shifts, and through a report's parts."""
        state = self.shown
        if name in {"up", "down"} and state.shifts:
            step = 1 if name == "down" else -1
            self.choose((state.chosen + step) % len(state.shifts) if state.chosen >= 0 else 0)
        elif name in {"left", "right"} and state.report:
            names = [section.name for section in state.report.sections]
            step = 1 if name == "right" else -1
            self.presenter.choose_section(names[(names.index(state.section) + step) % len(names)])
        else:
            return False
        return True


def hour_bars(section: SectionState) -> list[tuple[str, int, str]]:
    """Return a bar for each hour from the first with a sale to the last: label, thousandths of the highest, amount."""
    found = {int(row.key): row for row in section.rows}
    if not found:
        return []
    return [
        (f"{hour:02d}", found[hour].share, found[hour].text) if hour in found else (f"{hour:02d}", 0, "")
        for hour in range(min(found), max(found) + 1)
    ]


class BarRow(ListRow):
    """A row with a bar behind its words, as long as its share of the largest."""

    share = NumericProperty(0)


class HourBars(Widget):
    """Columns side by side, an hour each. The hours stand below; the highest says its amount."""

    bars = ListProperty([])
    colour = ColorProperty("#888888")
    ink = ColorProperty("#000000")
    type_size = NumericProperty(14)

    def __init__(self, **properties: Any) -> None:
        super().__init__(**properties)
        for name in ("bars", "pos", "size", "colour", "ink", "type_size"):
            self.fbind(name, self._draw)

    def _draw(self, *_: object) -> None:
        self.clear_widgets()
        self.canvas.before.clear()
        if not self.bars or self.height < self.type_size * 4:
            return
        step = min(self.width / len(self.bars), self.type_size * BAR_WIDTH_MAX)
        foot = self.y + self.type_size * 1.6
        room = self.top - foot - self.type_size * 1.6
        with self.canvas.before:
            Color(*self.colour)
            for place, (_, share, _) in enumerate(self.bars):
                Rectangle(pos=(self.x + step * (place + 0.15), foot), size=(step * 0.7, room * share / 1000))
            Color(*self.ink)
            Rectangle(pos=(self.x, foot), size=(self.width, dp(1)))
        for place, (hour, share, amount) in enumerate(self.bars):
            self._write(hour, self.x + step * (place + 0.5), self.y + self.type_size * 0.8)
            if share == 1000:
                self._write(amount, self.x + step * (place + 0.5), foot + room + self.type_size * 0.8)

    def _write(self, text: str, x: float, y: float) -> None:
        width = len(text) * self.type_size * 0.62
        left = min(max(x - width / 2, self.x), self.right - width)
        size, high = self.type_size, self.type_size * 1.4
        self.add_widget(
            Text(
                text=text, font_size=size, color=self.ink, size=(width, high), pos=(left, y - high / 2), halign="center"
            )
        )
