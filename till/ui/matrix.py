"""Matrix: colours down, sizes across, on each key the stock; a touch takes one more."""

from typing import Any

from kivy.properties import BooleanProperty, StringProperty
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.boxlayout import BoxLayout

from till.presenters.matrix import Cell, MatrixState
from till.ui.keys import call
from till.ui.screen import TillScreen
from till.ui.widgets import Txt


class MatrixScreen(TillScreen):
    """Shows a MatrixState. The keys are made when an article opens and then only refilled."""

    def __init__(self, **properties: Any) -> None:
        self._laid: tuple[str, tuple[str, ...], tuple[str, ...]] = ("", (), ())
        self._cells: list[MatrixCell] = []
        super().__init__(**properties)

    def update(self, state: MatrixState) -> None:
        """Lay the keys out anew for another article; else refill them."""
        layout = (state.article, state.sizes, tuple(row.colour for row in state.rows))
        if layout != self._laid:
            self._laid = layout
            self._lay_out(state)
        for key, cell in zip(self._cells, (cell for row in state.rows for cell in row.cells), strict=True):
            fill_cell(key, cell, state.shown)
        self.ids.stock.show(
            [
                {"title": row.store, "detail": row.age_text, "figure": row.quantity_text, "target": f"stock:{place}"}
                for place, row in enumerate(state.stock, 1)
            ]
        )

    def _lay_out(self, state: MatrixState) -> None:
        grid = self.ids.grid
        grid.clear_widgets()
        self._cells.clear()
        grid.cols = len(state.sizes) + 1
        for text in ("", *state.sizes):
            grid.add_widget(MatrixHead(text=text))
        for row in state.rows:
            grid.add_widget(MatrixHead(text=row.colour))
            for cell in row.cells:
                key = MatrixCell()
                key.bind(on_press=call(self.presenter.more, cell.article))
                self._cells.append(key)
                grid.add_widget(key)

    def scanned(self, code: str) -> None:
        """A scan goes on selling."""
        self.presenter.scan(code)

    def typed(self, text: str) -> None:
        """Plus and minus change the marked variant; a figure sets it."""
        shown = self.shown.shown
        if not shown:
            return
        if text in "+-":
            (self.presenter.more if text == "+" else self.presenter.less)(shown)
        elif text.isdigit():
            self.presenter.set(shown, text)

    def key(self, name: str) -> bool:
        """Walk from variant to variant with the arrows, without taking one."""
        numbers = [cell.article for row in self.shown.rows for cell in row.cells if cell.article]
        if name not in {"up", "down"} or not numbers:
            return False
        here = numbers.index(self.shown.shown) if self.shown.shown in numbers else -1
        self.presenter.look(numbers[(here + (1 if name == "down" else -1)) % len(numbers)])
        return True


class MatrixHead(Txt):
    """The name of a colour or a size."""


class MatrixCell(ButtonBehavior, BoxLayout):
    """A variant: stock here and elsewhere, and how many were chosen."""

    here = StringProperty("")
    elsewhere = StringProperty("")
    chosen = StringProperty("")
    price = StringProperty("")
    target = StringProperty("")
    marked = BooleanProperty(False)

    @property
    def text(self) -> str:
        """Return what a person reads on it."""
        return " | ".join(filter(None, (self.chosen, self.here, self.elsewhere, self.price)))


def fill_cell(key: MatrixCell, cell: Cell, shown: str) -> None:
    """Put a variant on a key; where there is none the key is empty."""
    key.disabled, key.opacity = not cell.article, 1 if cell.article else 0
    key.here, key.elsewhere, key.price = cell.here_text, cell.elsewhere_text, cell.price_text
    key.chosen = f"{cell.chosen} ×" if cell.chosen else ""
    key.target = f"variant:{cell.article}" if cell.article else ""
    key.marked = bool(cell.article) and cell.article == shown
