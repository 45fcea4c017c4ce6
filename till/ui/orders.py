"""Open orders: find one, look at it, take it into the till after a question."""

from till.presenters.orders import OrderRow, OrdersState
from till.ui.screen import TillScreen


class OrdersScreen(TillScreen):
    """Shows an OrdersState: the list beside the chosen order."""

    def update(self, state: OrdersState) -> None:
        """Show the rows and the chosen order's lines; ask what the state asks."""
        self.ids.rows.show(
            [
                {
                    "title": f"{row.number}   {row.company or row.customer}",
                    "detail": "  ·  ".join(part for part in (row.status_text, row.expected_day, row.subject) if part),
                    "figure": row.open_text,
                    "chosen": row.order_id == state.selected,
                    "target": f"order:{row.number}",
                }
                for row in state.rows
            ]
        )
        self.ids.lines.show(
            [
                {
                    "title": f"{line.quantity} ×  {line.name}",
                    "figure": line.total_text,
                    "target": f"order_line:{number}",
                }
                for number, line in enumerate(state.selected_lines, start=1)
            ]
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

    def take(self) -> None:
        """Ask for the chosen order, or for the only one there is."""
        if self.shown.selected or len(self.shown.rows) == 1:
            self.presenter.ask(self.shown.selected or self.shown.rows[0].order_id)

    def scanned(self, code: str) -> None:
        """A scanned order number asks for that order."""
        self.presenter.ask(code)

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
