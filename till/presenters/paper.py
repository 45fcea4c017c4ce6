"""Paper and drawer as screens need them: kick the print queue and the drawer off the screen's thread, say what failed.

A device that is off costs a message, never the sale: everything here happens after the commit. Where the drawer has a
sensor, one that did not open or was left open is said, and journaled once until it is well again.
"""

from collections.abc import Callable
from typing import Any

from hardware.ports import Known
from schema.errors import CounterfoilError
from schema.events import DrawerFault, DrawerOpened
from schema.text import without_controls
from till.card.slips import SLIP_TITLES
from till.desk import Desk
from till.paper.printing import Job
from till.presenters.screen import Action, Screen
from till.words import RefusedInWords

# Change is counted and a note put away by then.
DRAWER_OPEN_MS = 20_000
STUCK = "The drawer did not open. Open it with its key."
LEFT_OPEN = "The drawer still stands open. Close it."


class Paper:
    """One for all screens, so that jobs are worked one at a time."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._drawer_fault = ""
        self._open_since_ms: int | None = None

    def print_queue(self, screen: Screen[Any], done: Callable[[list[Job]], None] = lambda _: None) -> None:
        """Print what is queued; `done` gets the jobs as they ended, the screen says what failed."""
        printing = self._desk.parts.printing
        if not printing.available:
            return

        def ended(jobs: list[Job]) -> None:
            done(jobs)
            for job in jobs:
                if job.state in ("failed", "unknown"):
                    # "Print again" is the receipt's; other papers are printed again where they are listed.
                    action: Action = "print_again" if job.kind == "receipt" else "messages"
                    screen.say("warn", self.failure(job), code=f"print_{job.state}", action=action)

        self._desk.runner.run(printing.work, ended, screen.fail, lane="printer")

    def failure(self, job: Job) -> str:
        """Say why a piece of paper is missing, and that nothing else is."""
        words, title = self._desk.words, self.title(job)
        why = words.of_code(job.code, job.message)
        if job.state == "unknown":
            return words("It is not known whether “{title}” came out. It is saved. {why}", title=title, why=why)
        return words("“{title}” was not printed. It is saved. {why}", title=title, why=why)

    def title(self, job: Job) -> str:
        """Return what a piece of paper is called; a card slip's name is in the cashier's language."""
        words = self._desk.words
        return {title: words(title) for title in SLIP_TITLES.values()}.get(job.title, job.title)

    # -- the drawer

    def open_drawer(self, screen: Screen[Any]) -> None:
        """Open the drawer after a commit; a till without one says nothing."""
        if self._desk.parts.printing.available:
            self._pulse(screen)

    def open_drawer_by_hand(self, reason: str, screen: Screen[Any]) -> None:
        """Open the drawer without a sale: journaled first. Raises Refused("no_reason")."""
        text = without_controls(reason).strip()[:80]
        if not text:
            raise RefusedInWords("no_reason", "Say why the drawer is opened: it stands in the journal.")
        parts, cashier = self._desk.parts, self._desk.signed_in()
        body = DrawerOpened(cashier=cashier.number, reason=text)
        self._desk.runner.run(lambda: parts.journal.append(body), lambda _: self._pulse(screen), screen.fail)

    def watch_drawer(self, screen: Screen[Any]) -> None:
        """Look at a drawer that was opened a while ago; say so once where it still stands open."""
        since_ms, now_ms = self._open_since_ms, self._desk.clock.now_ms()
        if since_ms is None or now_ms - since_ms < DRAWER_OPEN_MS:
            return
        self._open_since_ms = None
        printing = self._desk.parts.printing

        def looked(is_open: Known) -> None:
            if is_open == "yes":
                screen.say("warn", self._desk.words(LEFT_OPEN), code="drawer_open")

        self._desk.runner.run(printing.drawer, looked, lambda _: None, lane="printer")

    def _pulse(self, screen: Screen[Any]) -> None:
        """Open the drawer once, and look whether it did; before and after are "unknown" without a sensor."""
        printing = self._desk.parts.printing

        def pulse() -> tuple[Known, Known]:
            before = printing.drawer()
            printing.open_drawer()
            return before, printing.drawer_opened()

        def pulsed(seen: tuple[Known, Known]) -> None:
            before, after = seen
            self._open_since_ms = self._desk.clock.now_ms() if after == "yes" else None
            if after == "no":
                self._fault(STUCK)
                screen.say("warn", self._desk.words(STUCK), code="drawer_stuck")
            elif before == "yes":
                self._fault(LEFT_OPEN)
                screen.say("warn", self._desk.words(LEFT_OPEN), code="drawer_open")
            else:
                self._drawer_fault = ""

        def failed(error: CounterfoilError) -> None:
            if error.code != "no_drawer":
                self._fault(error.message)
            why = self._desk.words.of_error(error)
            text = self._desk.words("The drawer did not open. Open it with its key. {why}", why=why)
            screen.say("warn", text, code="drawer_stuck")

        self._desk.runner.run(pulse, pulsed, failed, lane="printer")

    def _fault(self, text: str) -> None:
        """Journal that the drawer is not well; not again while nothing else is the matter (fault 50)."""
        cashier, journal = self._desk.cashier, self._desk.parts.journal
        if text == self._drawer_fault or cashier is None:
            return
        self._drawer_fault = text
        body = DrawerFault(cashier=cashier.number, text=text)
        # It stands in no one's way: a journal that cannot take it refuses the next sale in its own words.
        self._desk.runner.run(lambda: journal.append(body), lambda _: None, lambda _: None)
