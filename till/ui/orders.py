"""Open orders: the queue, find one, look at it; hand over all or some of it, or take a deposit, after a question."""

from typing import Any

from kivy.properties import ListProperty, ObjectProperty, StringProperty

from schema.errors import Refused
from schema.money import parse_amount
from till.keypad import typed
from till.presenters.orders import OrderLineState, OrderRow, OrdersState
from till.ui.keys import NUMBER_KEYS
from till.ui.screen import TillScreen
from till.ui.window import Panel


class OrdersScreen(TillScreen):
    """Shows an OrdersState: the list beside the chosen order."""

    def update(self, state: OrdersState) -> None:
        """Show the rows and the chosen order's lines; ask what the state asks."""
        self.ids.rows.show(
            [
                {
                    "title": f"{row.number}   {row.company or row.customer}",
                    "detail": "  ·  ".join(part for part in (row.status_text, row.expected_text, row.subject) if part),
                    "figure": row.open_text,
                    "chosen": row.order_id == state.selected,
                    "target": f"order:{row.number}",
                }
                for row in state.rows
            ]
        )
        self.ids.lines.show(
            [line_row(number, line, state.touched) for number, line in enumerate(state.selected_lines, start=1)]
        )
        self.window.ask_about(
            self, state.question, yes=self.presenter.confirm, no=self.presenter.decline, warning=state.warning
        )

    def chosen(self, state: OrdersState) -> OrderRow | None:
        """Return the row of the chosen order."""
        return next((row for row in state.rows if row.order_id == state.selected), None)

    def fact(self, state: OrdersState, name: str) -> str:
        """Return one text of the chosen order, empty where none is chosen."""
        row = self.chosen(state)
        return getattr(row, name) if row else ""

    def choose(self, position: int) -> None:
        """Touch a row."""
        self.presenter.select(self.shown.rows[position].order_id)

    def touch_line(self, position: int) -> None:
        """Touch a line of the chosen order."""
        self.presenter.touch(position + 1)

    def touched_text(self, state: OrdersState) -> str:
        """Return how much of the touched line is handed over."""
        if not 0 < state.touched <= len(state.selected_lines):
            return ""
        line = state.selected_lines[state.touched - 1]
        return f"{line.taken} / {line.quantity}"

    def day_text(self, state: OrdersState) -> str:
        """Return the day filter that holds."""
        return next((each.text for each in state.days if each.status == state.day), "")

    def next_day(self) -> None:
        """Filter by the next of the days."""
        days = [each.status for each in self.shown.days]
        self.presenter.filter_day(days[(days.index(self.shown.day) + 1) % len(days)])

    def take(self) -> None:
        """Ask for the chosen order, or for the next one in the queue."""
        if self.shown.selected or self.shown.rows:
            self.presenter.ask(self.shown.selected or self.shown.rows[0].order_id)

    def open_deposit(self) -> None:
        """Ask how much is paid now."""
        row = self.chosen(self.shown)
        if row is not None:
            self.window.frame.open_panel(DepositPanel(screen=self, open_text=row.open_text))

    def scanned(self, code: str) -> None:
        """A scanned order shows what is in it."""
        self.presenter.select(code)

    def typed(self, text: str) -> None:
        """Typing searches."""
        field = self.ids.search
        field.focus = True
        field.text += text

    def key(self, name: str) -> bool:
        """Walk through the list with the arrow keys."""
        if name in {"up", "down"} and self.shown.rows:
            ids = [row.order_id for row in self.shown.rows]
            here = ids.index(self.shown.selected) if self.shown.selected in ids else -1
            self.presenter.select(ids[(here + (1 if name == "down" else -1)) % len(ids)])
            return True
        return False

    def on_leave(self, *_: object) -> None:
        """Give the keyboard back."""
        self.ids.search.focus = False


def line_row(number: int, line: OrderLineState, touched: int) -> dict[str, Any]:
    """Return a line of the chosen order: what is handed over now is marked, by shape and by word."""
    return {
        "picture": "check" if line.taken else "",
        "title": f"{line.taken or line.quantity} ×  {line.name}",
        "detail": line.left,
        "figure": line.total_text,
        "chosen": number == touched,
        "target": f"order_line:{number}",
    }


class DepositPanel(Panel):
    """How much of an order is paid now, without goods; nothing typed is all of it."""

    screen = ObjectProperty(None)
    open_text = StringProperty("")
    entry = StringProperty("")
    said = StringProperty("")
    keypad_layout = ListProperty(NUMBER_KEYS)

    def press(self, key: str) -> None:
        """Type on the pad."""
        self.entry, self.said = typed(self.entry, key), ""

    def typed(self, text: str) -> None:
        """Type on the keyboard."""
        self.press("." if text == "," else text)

    def key(self, name: str) -> bool:
        """Drop the last character with Backspace."""
        if name == "backspace":
            self.press("back")
        return name == "backspace"

    def apply(self) -> None:
        """Ask for the deposit."""
        try:
            amount = parse_amount(self.entry, self.screen.presenter.desk.currency) if self.entry else "all"
        except Refused as refusal:
            self.said = self.screen.window.words.of_error(refusal)
            return
        self.screen.window.frame.close_panel()
        self.screen.presenter.ask_deposit(amount)
