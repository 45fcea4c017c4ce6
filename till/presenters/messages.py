"""The message centre: what waits for head office, what is in doubt, what was not printed, and what to do about it."""

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from schema.errors import CounterfoilError
from till.card import Attempt, CardEnd, Cards, Doubtful
from till.connection import Connection, in_words, read_connection, waiting_text
from till.desk import Desk
from till.moment import clock_time
from till.presenters.paper import Paper
from till.presenters.screen import Screen, told
from till.printing import Job
from till.register import Sale

DOUBTS: dict[Doubtful, str] = {
    "unanswered": "The terminal never answered. Ask it, or settle by its slip.",
    "unbooked": "It was approved, but its sale is gone. Give the money back at the terminal, then settle as not paid.",
    "wrong_amount": "The terminal approved another amount than was asked for. Settle by its slip.",
}


class Doubt(Struct, frozen=True, kw_only=True):
    """A card payment whose outcome, or whose sale, is not known. `kind` tells which buttons fit."""

    attempt_id: str
    kind: Literal["unanswered", "unbooked", "wrong_amount"]
    amount_minor: int
    amount_text: str
    when_text: str
    text: str
    may_ask_terminal: bool
    may_settle: bool


class PrintRow(Struct, frozen=True, kw_only=True):
    """A piece of paper that did not (surely) come out. A `copy` says so on paper."""

    job_id: int
    title: str
    state: str
    text: str
    copy: bool


class MessagesState(Struct, frozen=True, kw_only=True):
    connection_text: str = ""
    waiting: int = 0
    waiting_text: str = ""
    oldest_text: str = ""
    contact_text: str = ""
    data_text: str = ""
    doubts: tuple[Doubt, ...] = ()
    prints: tuple[PrintRow, ...] = ()
    # Told at the start of the day: a basket that was found again, yesterday's shift that is still open.
    notices: tuple[str, ...] = ()
    journal_text: str = ""
    busy: bool = False
    empty_text: str = ""


class Found(Struct, frozen=True, kw_only=True):
    """What a refresh read."""

    connection: Connection
    doubts: list[tuple[Attempt, Doubtful]]
    jobs: list[Job]


class MessagesPresenter(Screen[MessagesState]):
    def __init__(self, desk: Desk, paper: Paper) -> None:
        super().__init__(desk, MessagesState())
        self._paper = paper

    def enter(self) -> None:
        self.refresh()

    @told
    def refresh(self) -> None:
        """Read everything anew."""
        desk, parts, sale = self.desk, self.desk.parts, self.desk.sale

        def read() -> Found:
            return Found(
                connection=read_connection(parts.journal, parts.mirror, parts.device, desk.clock),
                doubts=parts.cards.doubts(sale),
                jobs=parts.printing.open_jobs(),
            )

        desk.runner.run(read, self._found, self.fail)

    def _found(self, found: Found) -> None:
        words, clock, connection = self.desk.words, self.desk.clock, found.connection
        self.desk.connection = connection
        contact = clock_time(connection.last_contact_ms, clock) if connection.last_contact_ms else words("never")
        fetched = clock_time(connection.last_fetch_ms, clock) if connection.last_fetch_ms else words("never")
        nothing = not (found.doubts or found.jobs or self.desk.parts.notices)
        self.show(
            MessagesState(
                connection_text=in_words(connection, words, clock),
                waiting=connection.waiting,
                waiting_text=waiting_text(connection, words, clock),
                oldest_text=clock_time(connection.oldest_ms, clock) if connection.oldest_ms else "",
                contact_text=words("Last contact with head office: {time}", time=contact),
                data_text=words("Articles and prices as of {time}", time=fetched),
                doubts=tuple(self._doubt(attempt, kind) for attempt, kind in found.doubts),
                prints=tuple(self._print_row(job) for job in found.jobs),
                notices=tuple(words(notice) for notice in self.desk.parts.notices),
                journal_text=words("{count} events in the journal", count=self.desk.parts.journal.position.seq),
                empty_text=words("Nothing needs attention.") if nothing else "",
            )
        )

    def _doubt(self, attempt: Attempt, kind: Doubtful) -> Doubt:
        words = self.desk.words
        return Doubt(
            attempt_id=attempt.attempt_id,
            kind=kind,
            amount_minor=attempt.approved_minor or attempt.amount_minor,
            amount_text=self.desk.amount(attempt.approved_minor or attempt.amount_minor),
            when_text=clock_time(attempt.started_ms, self.desk.clock),
            text=words(DOUBTS[kind]),
            may_ask_terminal=kind != "wrong_amount" and self.desk.parts.cards.available,
            may_settle=True,
        )

    def _print_row(self, job: Job) -> PrintRow:
        return PrintRow(
            job_id=job.id,
            title=job.title,
            state=job.state,
            text=self._paper.failure(job) if job.state in ("failed", "unknown") else self.desk.words("in the queue"),
            copy=job.copy,
        )

    @told
    def sync_now(self) -> None:
        """Ask the agent to send and fetch now."""
        link = self.desk.parts.link
        self.show(replace(self.state, busy=True))
        self.desk.runner.run(link.sync_now, lambda _: self.refresh(), self.fail, lane="agent")

    @told
    def ask_terminal(self, attempt_id: str) -> None:
        """Ask the terminal what became of a payment."""
        self.desk.ready_to_sell()
        cards, sale = self._hold_sale()
        self.desk.runner.run(lambda: cards.ask(attempt_id, sale), self._settled, self._not_settled, lane="terminal")

    @told
    def settle(self, attempt_id: str, paid: bool) -> None:
        """Say what the terminal's slip says (right: settle_card_by_hand)."""
        self.desk.ready_to_sell()
        self.desk.with_right("settle_card_by_hand", lambda: self._settle(attempt_id, paid), self.fail)

    def _settle(self, attempt_id: str, paid: bool) -> None:
        cashier = self.desk.signed_in()
        cards, sale = self._hold_sale()
        self.desk.runner.run(
            lambda: cards.settle(attempt_id, paid, cashier.number, sale),
            self._settled,
            self._not_settled,
            lane="terminal",
        )

    def _not_settled(self, error: CounterfoilError) -> None:
        self.desk.paying = False
        self.fail(error)

    def _hold_sale(self) -> tuple[Cards, Sale]:
        """The sale stays as it is while a payment that may belong to it is settled."""
        self.desk.check_free()
        self.desk.paying = True
        self.show(replace(self.state, busy=True))
        return self.desk.parts.cards, self.desk.sale

    def _settled(self, end: CardEnd) -> None:
        words, self.desk.paying = self.desk.words, False
        if self.desk.sale.sale_id == end.sale.sale_id:
            self.desk.take_sale(end.sale)
        text = {
            "approved": words("The payment of {amount} was taken.", amount=self.desk.amount(end.approved_minor)),
            "unknown": words("The terminal cannot tell. A supervisor looks at its slip and settles it."),
        }.get(end.outcome, words("The payment was not taken."))
        self.say("info", text, code=f"card_{end.outcome}")
        self.refresh()

    @told
    def print_job(self, job_id: int) -> None:
        """Print a waiting piece of paper now, as a copy where it may have come out before."""
        self.desk.signed_in()
        printing = self.desk.parts.printing

        def queued(_: None) -> None:
            self._paper.print_queue(self, lambda _: self.refresh())

        self.desk.runner.run(lambda: printing.again(job_id), queued, self.fail)

    @told
    def drop_job(self, job_id: int) -> None:
        """Take a piece of paper off the list; the receipt stays in the journal."""
        self.desk.signed_in()
        printing = self.desk.parts.printing
        self.desk.runner.run(lambda: printing.drop(job_id), lambda _: self.refresh(), self.fail)

    def back(self) -> None:
        """Go back to `sale` or `sign_in`."""
        self.go("sale" if self.desk.cashier else "sign_in")

    def fail(self, error: CounterfoilError) -> None:
        self.show(replace(self.state, busy=False))
        super().fail(error)
