"""Commands for what waits: connection, prints, card payments in doubt."""

from till.connection import in_words
from till.play import fields as read
from till.play.commands import Commands
from till.play.fields import Answer, Fields


class Waiting(Commands):
    def do_status(self, _: Fields) -> Answer:
        return self._waiting()

    def do_messages(self, _: Fields) -> Answer:
        return self._waiting()

    def do_print_queue(self, fields: Fields) -> Answer:
        if "print" in fields:
            self._screens.messages.print_job(read.whole(fields["print"], "print"))
        if "drop" in fields:
            self._screens.messages.drop_job(read.whole(fields["drop"], "drop"))
        self._screens.messages.refresh()
        return {"print_queue": self._prints()}

    def do_settle_card(self, fields: Fields) -> Answer:
        attempt = read.text(fields, "attempt")
        if "paid" in fields:
            amount = read.amount(fields, "amount") if "amount" in fields else None
            as_tip = "tip" in fields and read.truth(fields, "tip")
            self._screens.messages.settle(attempt, read.truth(fields, "paid"), amount, as_tip=as_tip)
        else:
            self._screens.messages.ask_terminal(attempt)
        return {"card_in_doubt": self._doubts()}

    def do_terminal_day(self, _: Fields) -> Answer | None:
        before = self._screens.messages.state.terminal_day
        self._screens.messages.terminal_day()
        day = self._screens.messages.state.terminal_day
        if day is None or day is before:
            return None
        return {"total": day.total_minor, "expected": day.expected_minor, "difference": day.difference_minor}

    def do_sync(self, _: Fields) -> None:
        self._screens.messages.sync_now()

    def _waiting(self) -> Answer:
        self._screens.messages.refresh()
        desk, state = self._desk, self._screens.messages.state
        if (connection := desk.connection) is None:
            return {}
        shift = desk.parts.journal.position.shift
        return {
            "connection": connection.kind,
            "connection_text": in_words(connection, desk.words, desk.clock),
            "waiting": connection.waiting,
            "oldest_ms": connection.oldest_ms or None,
            "card_in_doubt": self._doubts(),
            "print_queue": self._prints(),
            "notices": list(state.notices),
            "cashier": desk.cashier.number if desk.cashier else None,
            "shift": shift.number if shift else None,
            "business_day": shift.business_day if shift else None,
            "head_seq": desk.parts.journal.position.seq,
        }

    def _doubts(self) -> list[Answer]:
        doubts = self._screens.messages.state.doubts
        return [{"attempt": each.attempt_id, "kind": each.kind, "amount": each.amount_minor} for each in doubts]

    def _prints(self) -> list[Answer]:
        rows = self._screens.messages.state.prints
        return [{"job": row.job_id, "title": row.title, "state": row.state, "copy": row.copy} for row in rows]
