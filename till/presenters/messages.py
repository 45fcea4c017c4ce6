"""The message centre: what waits for head office, what is in doubt, what was not printed, and what to do about it."""

from msgspec import Struct
from msgspec.structs import replace

from schema.errors import CounterfoilError, as_sentence
from till.card.payments import Attempt, CardEnd, Cards, Doubtful, Slip
from till.card.terminal_day import TerminalDay, refusal
from till.connection import Connection, in_words, read_connection, waiting_text
from till.desk import Desk
from till.keypad import amount_of
from till.paper.printing import Job
from till.presenters.messages_state import (
    NOTICES,
    Doubt,
    MessagesState,
    PrintRow,
    TerminalDayState,
    day_state,
    doubt_state,
)
from till.presenters.paper import Paper
from till.presenters.screen import Screen, told
from till.returning.returns import without_reversals
from till.selling.register import Sale, check_amount
from till.words import RefusedInWords

__all__ = ["Doubt", "MessagesPresenter", "MessagesState", "PrintRow", "TerminalDayState"]


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
        desk, words, connection = self.desk, self.desk.words, found.connection
        self.desk.connection = connection
        contact = desk.time(connection.last_contact_ms) if connection.last_contact_ms else words("never")
        fetched = desk.time(connection.last_fetch_ms) if connection.last_fetch_ms else words("never")
        notices = (*self._unsigned(), *(words(NOTICES[notice]) for notice in self.desk.parts.notices))
        nothing = not (found.doubts or found.jobs or notices)
        self.show(
            MessagesState(
                connection_text=in_words(connection, words, desk.clock),
                waiting=connection.waiting,
                waiting_text=waiting_text(connection, words, desk.clock),
                oldest_text=desk.time(connection.oldest_ms) if connection.oldest_ms else "",
                contact_text=words("Last contact with head office: {time}", time=contact),
                data_text=words("Articles and prices as of {time}", time=fetched),
                doubts=tuple(doubt_state(attempt, kind, self.desk) for attempt, kind in found.doubts),
                prints=tuple(self._print_row(job) for job in found.jobs),
                notices=notices,
                journal_text=words.count(
                    "{count} event in the journal",
                    "{count} events in the journal",
                    self.desk.parts.journal.position.seq,
                ),
                empty_text=words("Nothing needs attention.") if nothing else "",
                may_close_terminal=self.desk.parts.terminal_days.available,
                terminal_day=self.state.terminal_day,
            )
        )

    def _unsigned(self) -> tuple[str, ...]:
        """Tell of an outage of the fiscal unit that goes on."""
        outage, words = self.desk.parts.fiscal.outage, self.desk.words
        if outage is None:
            return ()
        since = self.desk.time(outage.started_ms)
        text = words("Since {time} the fiscal unit has not signed. Sales go on; receipts say so.", time=since)
        return (f"{text} {words.of_code(outage.code, outage.cause)}",)

    def _print_row(self, job: Job) -> PrintRow:
        words = self.desk.words
        return PrintRow(
            job_id=job.id,
            title=self._paper.title(job),
            state=job.state,
            text=self._paper.failure(job) if job.state in ("failed", "unknown") else words("in the queue"),
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
    def settle(self, attempt_id: str, paid: bool, amount_minor: int | None = None, *, as_tip: bool = False) -> None:
        """Say what the terminal's slip says (right: settle_card_by_hand); without an amount what it named itself.

        `as_tip` books what is more than was asked for as a tip; else it is due back to the customer.
        """
        self.desk.ready_to_sell()
        if amount_minor is not None and check_amount(amount_minor) == 0:
            raise RefusedInWords("bad_amount", "Type the amount that stands on the slip.")
        if as_tip and not self.desk.settings().tips:
            raise RefusedInWords("no_tips", "This store takes no tips at the till.")
        slip = Slip(
            approved=paid, amount_minor=amount_minor, tip_name=self.desk.paper_words("Tip") if as_tip and paid else ""
        )
        self.desk.with_right("settle_card_by_hand", lambda: self._settle(attempt_id, slip), self.fail)

    @told
    def settle_typed(self, attempt_id: str, paid: bool, amount: str) -> None:
        """As `settle`, with an amount as a person typed it; nothing typed is the known one."""
        self.settle(attempt_id, paid, amount_of(amount, self.desk.currency))

    def _settle(self, attempt_id: str, slip: Slip) -> None:
        cashier = self.desk.signed_in()
        cards, sale = self._hold_sale()
        self.desk.runner.run(
            lambda: cards.settle(attempt_id, slip, cashier.number, sale),
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
        if end.kind != "payment" and end.outcome == "approved":
            self.say("info", words("{amount} went back to the card.", amount=self.desk.amount(end.approved_minor)))
            self.refresh()
            return
        text = {
            "approved": words("The payment of {amount} was taken.", amount=self.desk.amount(end.approved_minor)),
            "unknown": words("The terminal cannot tell. A supervisor looks at its slip and settles it."),
        }.get(end.outcome, words("The payment was not taken."))
        self.say("info", text, code=f"card_{end.outcome}")
        self.refresh()

    def recover_cards(self) -> None:
        """Ask the terminal about everything in doubt, as the till does when it starts. Silent: the list tells."""
        desk, parts, sale = self.desk, self.desk.parts, self.desk.sale
        doubts = parts.cards.doubts(sale) if parts.journal.fault is None else []
        if not doubts or not parts.cards.available:
            return
        # Only a basket whose own payment is asked about must stay as it is meanwhile.
        if any(attempt.sale_id == sale.sale_id for attempt, _ in doubts):
            desk.paying = True
            desk.runner.run(lambda: parts.cards.recover(sale), self._recovered, self._not_settled, lane="terminal")
        else:
            desk.runner.run(lambda: parts.cards.recover(sale), lambda _: None, self.fail, lane="terminal")

    def _recovered(self, sale: Sale) -> None:
        self.desk.paying = False
        if self.desk.sale.sale_id == sale.sale_id:
            self.desk.take_sale(sale)

    # -- the terminal's day

    @told
    def terminal_day(self) -> None:
        """Let the card terminal close its day and compare it with the journal (right: terminal_day)."""
        self.desk.ready_to_sell()
        self.desk.with_right("terminal_day", self._terminal_day, self.fail)

    def _terminal_day(self) -> None:
        desk, parts, cashier = self.desk, self.desk.parts, self.desk.signed_in()
        cards, sale = self._hold_sale()
        self.show(replace(self.state, terminal_text=desk.words("The terminal closes its day …")))

        def on_text(text: str) -> None:
            desk.runner.post(lambda: self._terminal_says(text))

        def close() -> tuple[Sale, TerminalDay | CounterfoilError]:
            recovered = cards.recover(sale)
            refused = refusal(recovered, cards.has_doubts(recovered))
            return recovered, refused or parts.terminal_days.close(cashier.number, on_text)

        desk.runner.run(close, lambda found: self._day_closed(*found), self._not_settled, lane="terminal")

    def _terminal_says(self, text: str) -> None:
        if self.state.busy:
            self.show(replace(self.state, terminal_text=self.desk.words(as_sentence(text))))

    def _day_closed(self, sale: Sale, day: TerminalDay | CounterfoilError) -> None:
        self._recovered(sale)
        if isinstance(day, CounterfoilError):
            self.fail(day)
            return
        if self.desk.sale.refunds:
            self.desk.take_sale(without_reversals(self.desk.sale))
            self.desk.save_draft(self.fail)
        words, state = self.desk.words, day_state(day, self.desk)
        self.show(replace(self.state, busy=False, terminal_text="", terminal_day=state))
        if state.difference_minor:
            text = words(
                "The terminal says {total}, this till {expected}: a difference of {difference}. Compare the slips.",
                total=state.total_text,
                expected=state.expected_text,
                difference=state.difference_text,
            )
            self.say("warn", text, code="terminal_difference")
        else:
            self.say("info", words("The terminal has closed its day: {total}.", total=state.total_text))
        self._paper.print_queue(self)
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
        self.show(replace(self.state, busy=False, terminal_text=""))
        super().fail(error)
