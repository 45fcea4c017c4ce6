"""Parked baskets: put the one in hand aside with a title, take another one up."""

from typing import Any

from kivy.properties import NumericProperty

from till.presenters.parked import ParkedState
from till.ui.screen import TillScreen


class ParkedScreen(TillScreen):
    """Shows a ParkedState. `chosen` is the row that *Take up* and *Drop* mean."""

    chosen = NumericProperty(-1)

    def update(self, state: ParkedState) -> None:
        """Show what waits; ask before one is dropped."""
        if self.chosen >= len(state.rows):
            self.chosen = -1
        self.ids.rows.show([self._row(place, row) for place, row in enumerate(state.rows)])
        self.window.ask_about(self, state.question, yes=self.presenter.drop, no=self.presenter.keep, kind="stop")

    def _row(self, place: int, row: Any) -> dict[str, Any]:
        lines = self.window.words.count("{count} line", "{count} lines", row.lines)
        return {
            "title": row.title,
            "detail": "  ·  ".join((row.since, row.cashier, lines)),
            "figure": row.total_text,
            "chosen": place == self.chosen,
            "target": f"parked:{row.title}",
        }

    def on_chosen(self, *_: object) -> None:
        """Mark the row."""
        if self.shown:
            self.ids.rows.show([self._row(place, row) for place, row in enumerate(self.shown.rows)])

    def on_enter(self, *_: object) -> None:
        """With a basket in hand, its title is typed at once on a real keyboard; else a row is chosen.

        The on-screen keyboard would cover the list of baskets: it waits for a touch on the title.
        """
        self.ids.title.text = self.shown.suggested_title
        self.ids.title.focus = bool(self.shown.in_hand_text) and not self.window.typing.is_wanted
        self.chosen = 0 if len(self.shown.rows) == 1 and not self.shown.in_hand_text else -1

    def choose(self, position: int) -> None:
        """Touch a row; touch it again to take it up."""
        if self.chosen == position and not self.shown.in_hand_text:
            self.resume()
        else:
            self.chosen = position

    def enter(self) -> None:
        """Enter puts aside what is in hand, or else takes up the chosen one."""
        if self.shown.in_hand_text:
            self.presenter.park(self.ids.title.text)
        else:
            self.resume()

    def resume(self) -> None:
        """Take the chosen basket up."""
        if 0 <= self.chosen < len(self.shown.rows):
            self.presenter.resume(self.shown.rows[self.chosen].slot)

    def drop(self) -> None:
        """Ask whether the chosen basket shall be dropped."""
        if 0 <= self.chosen < len(self.shown.rows):
            self.presenter.ask_drop(self.shown.rows[self.chosen].slot)

    def scanned(self, code: str) -> None:
        """A scan goes on selling."""
        self.presenter.back()
        self.window.screens.sale.scan(code)

    def typed(self, text: str) -> None:
        """Typing is the title, while there is a basket to put aside."""
        if self.shown.in_hand_text:
            self.ids.title.focus = True
            self.ids.title.text += text

    def key(self, name: str) -> bool:
        """Walk through the list with the arrow keys; Enter does what is at hand."""
        if name in {"up", "down"} and self.shown.rows:
            self.chosen = (self.chosen + (1 if name == "down" else -1)) % len(self.shown.rows)
        elif name == "enter":
            self.enter()
        else:
            return False
        return True

    def on_leave(self, *_: object) -> None:
        """Give the keyboard back."""
        self.ids.title.focus = False
