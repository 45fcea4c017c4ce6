"""The message centre: what waits, what is in doubt, what was not printed, and what to do about each."""

from typing import Any

from kivy.app import App
from kivy.properties import ListProperty, ObjectProperty, StringProperty

from till.keypad import typed
from till.presenters.messages_state import Doubt, MessagesState, PrintRow, TerminalDayState
from till.ui.keys import NUMBER_KEYS
from till.ui.screen import TillScreen
from till.ui.window import Panel


class SlipPanel(Panel):
    """The amount that stands on a terminal's slip: Enter takes the known one, or what was typed."""

    known = StringProperty("")
    entry = StringProperty("")
    settle = ObjectProperty(None)
    layout = ListProperty(NUMBER_KEYS)

    def press(self, key: str) -> None:
        """Type on the pad."""
        self.entry = typed(self.entry, key)

    def typed(self, text: str) -> None:
        """Type on the keyboard."""
        self.press("." if text == "," else text)

    def key(self, name: str) -> bool:
        """Drop the last digit with Backspace."""
        if name == "backspace":
            self.press("back")
            return True
        return False

    def enter(self) -> None:
        """Settle as paid, and close."""
        App.get_running_app().frame.close_panel()
        self.settle(True, self.entry)

    def scanned(self, code: str) -> bool:
        """Nothing is scanned here."""
        del code
        return True


class MessagesScreen(TillScreen):
    """Shows a MessagesState as one list; the touched row decides which keys stand beside it."""

    chosen = StringProperty("")

    def update(self, state: MessagesState) -> None:
        """Show all that a person should look at, most urgent first."""
        rows = [*map(_doubt_row, state.doubts), *map(_print_row, state.prints), *map(_notice_row, state.notices)]
        rows += [self._day_row(state.terminal_day)] if state.terminal_day else []
        targets = [row["target"] for row in rows]
        if self.chosen not in targets:
            self.chosen = targets[0] if targets else ""
        self.ids.rows.show([row | {"chosen": row["target"] == self.chosen} for row in rows])

    def choose(self, position: int) -> None:
        """Touch a row."""
        self.chosen = self.ids.rows.data[position]["target"]
        self.update(self.shown)

    def doubt(self, state: MessagesState, chosen: str) -> Doubt | None:
        """Return the chosen card payment."""
        return next((row for row in state.doubts if f"doubt:{row.attempt_id}" == chosen), None)

    def paper(self, state: MessagesState, chosen: str) -> PrintRow | None:
        """Return the chosen piece of paper."""
        return next((row for row in state.prints if f"print:{row.job_id}" == chosen), None)

    def words_of(self, state: MessagesState, chosen: str) -> str:
        """Return all that is said of the chosen row."""
        if doubt := self.doubt(state, chosen):
            return doubt.text
        if paper := self.paper(state, chosen):
            return paper.text
        if chosen == "terminal_day_row" and state.terminal_day:
            return str(self._day_row(state.terminal_day)["detail"])
        return next((text for text in state.notices if _notice_row(text)["target"] == chosen), "")

    def may_ask(self, state: MessagesState, chosen: str) -> bool:
        """Tell whether the terminal can be asked about the chosen row."""
        doubt = self.doubt(state, chosen)
        return bool(doubt and doubt.may_ask_terminal and not state.busy)

    def may_settle(self, state: MessagesState, chosen: str) -> bool:
        """Tell whether a person may settle the chosen row."""
        doubt = self.doubt(state, chosen)
        return bool(doubt and doubt.may_settle and not state.busy)

    def may_tip(self, state: MessagesState, chosen: str) -> bool:
        """Tell whether what is too much of the chosen payment may be booked as a tip."""
        doubt = self.doubt(state, chosen)
        return bool(doubt and doubt.may_tip and not state.busy)

    def settle_with_tip(self) -> None:
        """Say that the slip shows a tip."""
        self.presenter.settle(self.chosen.removeprefix("doubt:"), True, as_tip=True)

    def _day_row(self, day: TerminalDayState) -> dict[str, Any]:
        words = self.window.words
        return {
            "title": words("Card terminal's end of day"),
            "detail": words("It says {total}, this till {expected}", total=day.total_text, expected=day.expected_text),
            "figure": day.difference_text,
            "figure_detail": words("Difference") if day.difference_text else "",
            "picture": "check" if day.difference_minor == 0 else "alert",
            "target": "terminal_day_row",
        }

    def ask_terminal(self) -> None:
        """Ask the terminal what became of the chosen payment."""
        self.presenter.ask_terminal(self.chosen.removeprefix("doubt:"))

    def ask_amount(self) -> None:
        """Ask which amount stands on the slip; the one that is known is offered."""
        if doubt := self.doubt(self.shown, self.chosen):
            self.window.frame.open_panel(SlipPanel(known=doubt.amount_text, settle=self.settle))

    def settle(self, paid: bool, amount: str = "") -> None:
        """Say what the terminal's slip says of the chosen payment; without an amount it is the known one."""
        self.presenter.settle_typed(self.chosen.removeprefix("doubt:"), paid, amount)

    def print_chosen(self) -> None:
        """Print the chosen piece of paper."""
        self.presenter.print_job(int(self.chosen.removeprefix("print:")))

    def drop_chosen(self) -> None:
        """Take the chosen piece of paper off the list."""
        self.presenter.drop_job(int(self.chosen.removeprefix("print:")))


def _doubt_row(doubt: Doubt) -> dict[str, Any]:
    return {
        "title": doubt.title,
        "detail": doubt.when_text,
        "figure": doubt.amount_text,
        "figure_detail": "",
        "picture": "card",
        "target": f"doubt:{doubt.attempt_id}",
    }


def _print_row(row: PrintRow) -> dict[str, Any]:
    return {
        "title": row.title,
        "detail": row.text,
        "figure": "",
        "figure_detail": "",
        "picture": "printer",
        "target": f"print:{row.job_id}",
    }


def _notice_row(text: str) -> dict[str, Any]:
    return {
        "title": text,
        "detail": "",
        "figure": "",
        "figure_detail": "",
        "picture": "information",
        "target": f"notice:{text[:40]}",
    }
