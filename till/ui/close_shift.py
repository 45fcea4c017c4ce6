"""Count and close: coins and notes or a total, the difference, what is still open, and the Z report."""

from kivy.properties import ListProperty, NumericProperty, ObjectProperty, StringProperty

from till.keypad import typed
from till.presenters.close_shift import CloseShiftState
from till.ui.keys import AMOUNT_KEYS
from till.ui.screen import TillScreen
from till.ui.widgets import Card

NOTHING = -1


class CountFacts(Card):
    """What should be in the drawer, what is, and the difference: above the coins, and beside the Z report."""

    shown = ObjectProperty(CloseShiftState(), rebind=True)


class CloseShiftScreen(TillScreen):
    """Shows a CloseShiftState. A touched coin or note takes what is typed next as its pieces."""

    keypad_layout = ListProperty(AMOUNT_KEYS)
    counting = NumericProperty(NOTHING)
    pieces = StringProperty("")

    def update(self, state: CloseShiftState) -> None:
        """Show coins and notes, the checklist and the report."""
        self.ids.denominations.show(
            [
                {"title": row.text, "figure": row.sum_text if row.count else "", "detail": ""}
                | {"figure_detail": f"{row.count} ×" if row.count else "", "chosen": position == self.counting}
                | {"target": f"denomination:{row.value_minor}"}
                for position, row in enumerate(state.denominations)
            ]
        )
        self.ids.open_points.show(
            [{"title": point, "picture": "alert", "target": f"open_point:{number}"} for number, point in self._points()]
        )
        self.ids.report.show(
            [
                {"title": figure.label, "figure": figure.text, "target": f"figure:{number}"}
                for number, figure in enumerate(state.report.rows if state.report else (), start=1)
            ]
        )
        self.window.ask_about(self, state.question, yes=self.presenter.close, no=self.presenter.keep_open)

    def _points(self) -> list[tuple[int, str]]:
        return list(enumerate(self.shown.open_points, start=1))

    def count(self, position: int) -> None:
        """Touch a coin or note: type its pieces next. The same again goes back to the total."""
        self.counting = NOTHING if position == self.counting else position
        self.pieces = ""
        self.update(self.shown)

    def press(self, key: str) -> None:
        """Type on the pad: the pieces of the touched coin or note, else the total."""
        if self.counting == NOTHING:
            self.presenter.key(key)
            return
        if key != ".":
            self.pieces = typed(self.pieces, key)
            self.presenter.count_pieces(self.shown.denominations[self.counting].value_minor, int(self.pieces or 0))

    def typed(self, text: str) -> None:
        """Type on the keyboard."""
        if not self.shown.closed and (key := self.typed_keys.get(text)):
            self.press(key)

    def key(self, name: str) -> bool:
        """Backspace types, the arrow keys walk through coins and notes; once it is closed Esc leads on as well."""
        if self.shown.closed:
            if name == "escape":
                self.presenter.back()
            return name == "escape"
        if name == "backspace":
            self.press("back")
        elif name in {"up", "down"} and self.shown.denominations:
            self.count((self.counting + (1 if name == "down" else -1)) % len(self.shown.denominations))
        else:
            return False
        return True

    def entry_text(self, state: CloseShiftState, counting: int, pieces: str) -> str:
        """Return what the entry shows: pieces of a coin or note, or the typed total."""
        if counting == NOTHING:
            return state.keypad
        return f"{pieces or 0} × {state.denominations[counting].text}"

    def on_leave(self, *_: object) -> None:
        """Begin with the total next time."""
        self.counting, self.pieces = NOTHING, ""
