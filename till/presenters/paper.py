"""Paper and drawer as screens need them: kick the print queue and the drawer off the screen's thread, say what failed.

A device that is off costs a message, never the sale: everything here happens after the commit.
"""

from collections.abc import Callable
from typing import Any

from schema.errors import CounterfoilError
from schema.events import DrawerOpened
from schema.text import without_controls
from till.desk import Desk
from till.presenters.screen import Screen
from till.printing import Job
from till.words import RefusedInWords


class Paper:
    """One for all screens, so that jobs are worked one at a time."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def print_queue(self, screen: Screen[Any], done: Callable[[list[Job]], None] = lambda _: None) -> None:
        """Print what is queued; `done` gets the jobs as they ended, the screen says what failed."""
        printing = self._desk.parts.printing
        if not printing.available:
            return

        def ended(jobs: list[Job]) -> None:
            done(jobs)
            for job in jobs:
                if job.state in ("failed", "unknown"):
                    screen.say("warn", self.failure(job), code=f"print_{job.state}", action="print_again")

        self._desk.runner.run(printing.work, ended, screen.fail, lane="printer")

    def failure(self, job: Job) -> str:
        """Say why a piece of paper is missing, and that nothing else is."""
        words = self._desk.words
        why = words.of_error(CounterfoilError(job.code, job.message))
        if job.state == "unknown":
            return words("It is not known whether “{title}” came out. It is saved. {why}", title=job.title, why=why)
        return words("“{title}” was not printed. It is saved. {why}", title=job.title, why=why)

    def open_drawer(self, screen: Screen[Any]) -> None:
        """Open the drawer after a commit; a till without one says nothing."""
        printing = self._desk.parts.printing
        if printing.available:
            self._desk.runner.run(printing.open_drawer, lambda _: None, self._drawer_stuck(screen), lane="printer")

    def open_drawer_by_hand(self, reason: str, screen: Screen[Any]) -> None:
        """Open the drawer without a sale: journaled first. Raises Refused("no_reason")."""
        text = without_controls(reason).strip()[:80]
        if not text:
            raise RefusedInWords("no_reason", "Say why the drawer is opened: it stands in the journal.")
        parts, cashier = self._desk.parts, self._desk.signed_in()
        body = DrawerOpened(cashier=cashier.number, reason=text)

        def journaled(_: object) -> None:
            self._desk.runner.run(
                parts.printing.open_drawer, lambda _: None, self._drawer_stuck(screen), lane="printer"
            )

        self._desk.runner.run(lambda: parts.journal.append(body), journaled, screen.fail)

    def _drawer_stuck(self, screen: Screen[Any]) -> Callable[[CounterfoilError], None]:
        def say(error: CounterfoilError) -> None:
            text = self._desk.words(
                "The drawer did not open. Open it with its key. {why}", why=self._desk.words.of_error(error)
            )
            screen.say("warn", text, code="drawer_stuck")

        return say
