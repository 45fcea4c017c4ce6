"""Take goods back: find the receipt, touch what comes back, say why; then into the basket, or pay out at once."""

from typing import Any

from till.presenters.returns import BackLine, ReturnsState
from till.ui.mail_panel import follow_mail
from till.ui.screen import TillScreen

REASONS_PER_ROW = 3


class ReturnsScreen(TillScreen):
    """Shows a ReturnsState: the last receipts, or the lines of the one that was found."""

    def update(self, state: ReturnsState) -> None:
        """Show receipts or lines; ask what the state asks."""
        self.ids.rows.show(
            [line_row(line, state) for line in state.lines]
            if state.is_open
            else [
                {
                    "title": f"{row.receipt}   {row.about}",
                    "detail": row.time_text,
                    "figure": row.total_text,
                    "target": f"receipt:{row.receipt}",
                }
                for row in state.recent
            ]
        )
        if not state.search_text and self.ids.number.text:
            self.ids.number.text = ""
        follow_mail(self, state.mail)
        self.window.ask_about(
            self, state.question, yes=self.presenter.confirm_void, no=self.presenter.decline, kind="stop"
        )

    def rows_needed(self, options: tuple[Any, ...]) -> int:
        """Return how many rows of keys the choices take."""
        return max(1, -(-len(options) // REASONS_PER_ROW))

    def choose(self, position: int) -> None:
        """Touch a row: a receipt opens, a line comes back."""
        if self.shown.is_open:
            self.presenter.touch(self.shown.lines[position].line)
        else:
            self.presenter.find(self.shown.recent[position].receipt)

    def touched_text(self, state: ReturnsState) -> str:
        """Return how much of the touched line comes back."""
        line = next((line for line in state.lines if line.line == state.touched), None)
        return " / ".join(filter(None, (line.back_text, line.sold_text))) if line else ""

    def scanned(self, code: str) -> None:
        """A scanned receipt opens; a scanned article comes back without one."""
        self.presenter.scan(code)

    def typed(self, text: str) -> None:
        """Typing is a receipt's number."""
        field = self.ids.number
        field.focus = True
        field.text += text

    def key(self, name: str) -> bool:
        """Enter looks the typed number up; the arrows walk through the lines, plus and minus change how many."""
        if name == "enter" and self.shown.search_text:
            self.presenter.find()
            return True
        if name in {"up", "down"} and self.shown.is_open and self.shown.lines:
            self._go_through(1 if name == "down" else -1)
            return True
        return False

    def _go_through(self, by: int) -> None:
        numbers = [line.line for line in self.shown.lines if line.may_return]
        if numbers:
            here = numbers.index(self.shown.touched) if self.shown.touched in numbers else -1 if by > 0 else 0
            self.presenter.touch(numbers[(here + by) % len(numbers)])

    def on_leave(self, *_: object) -> None:
        """Give the keyboard back."""
        self.ids.number.focus = False


def line_row(line: BackLine, state: ReturnsState) -> dict[str, Any]:
    """Return a line as its row shows it: what comes back is marked, by shape and by word."""
    return {
        "picture": "check" if line.back_text else "",
        "title": f"{line.back_text or line.sold_text} ×  {line.name}",
        "detail": line.left_text,
        "figure": line.worth_text,
        "chosen": bool(line.back_text) or line.line == state.touched,
        "target": f"back_line:{line.line}",
    }
