"""Done: the change in figures that are read across the counter, until the next scan or touch."""

from typing import Any

from kivy.graphics import Color, Rectangle
from kivy.properties import ListProperty
from kivy.uix.widget import Widget

from till.presenters.done import DoneState
from till.ui.mail_panel import follow_mail
from till.ui.screen import TillScreen


class DoneScreen(TillScreen):
    """Shows a DoneState. A touch anywhere but on a key begins the next sale."""

    def update(self, state: DoneState) -> None:
        """Lay the question for an address over the screen, or take it away."""
        follow_mail(self, state.mail)

    def scanned(self, code: str) -> None:
        """Begin the next sale with this article."""
        self.presenter.scan(code)

    def typed(self, text: str) -> None:
        """Begin the next sale with what is typed."""
        self.presenter.next()
        self.window.typed(text)

    def may_show_qr(self, state: DoneState) -> bool:
        """Tell whether a QR code can be shown that is not shown yet."""
        return "qr" in state.offered and not state.qr

    def may_mail(self, state: DoneState) -> bool:
        """Tell whether the receipt may go by mail: another address is another wish."""
        return "mail" in state.offered

    def on_touch_down(self, touch: Any) -> bool:
        """Let the keys have their touch first."""
        if not super().on_touch_down(touch):
            self.presenter.next()
        return True


class QrCode(Widget):
    """A QR code drawn cell by cell, dark on white in any theme: telephones expect it so."""

    rows = ListProperty([])
    # The standard's quiet zone, in cells.
    quiet = 4

    def __init__(self, **properties: Any) -> None:
        super().__init__(**properties)
        self.bind(rows=self._draw, pos=self._draw, size=self._draw)

    def _draw(self, *_: object) -> None:
        self.canvas.clear()
        if not self.rows:
            return
        cells = len(self.rows) + 2 * self.quiet
        cell = int(min(self.size) / cells)
        side = cell * cells
        left, top = self.center_x - side / 2, self.center_y + side / 2
        with self.canvas:
            Color(1, 1, 1)
            Rectangle(pos=(left, top - side), size=(side, side))
            Color(0, 0, 0)
            for line, row in enumerate(self.rows, start=self.quiet + 1):
                for start, length in _dark_runs(row):
                    x = left + (start + self.quiet) * cell
                    Rectangle(pos=(x, top - line * cell), size=(length * cell, cell))


def _dark_runs(row: str) -> list[tuple[int, int]]:
    """Return where dark cells begin and how many stand together: a rectangle each instead of one per cell."""
    runs: list[tuple[int, int]] = []
    for place, cell in enumerate(row):
        if cell == "1" and runs and sum(runs[-1]) == place:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        elif cell == "1":
            runs.append((place, 1))
    return runs
