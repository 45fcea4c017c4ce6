"""The postman: sends the mails that are due, in a thread of its own beside the worker (ADR 24).

A mail server is slow and may be mute, so nothing of this happens in a transaction or in the worker's thread, and
nothing in `kick` or `rebuild`. One mail after the other: claimed in a commit of its own, sent, its end written down.
What is wrong with the line (no settings, no answer, no sign-in) touches no mail: all wait, and pages say what to do.
"""

import logging
from typing import Literal

import msgspec
from msgspec import Struct

from schema.clock import Clock
from schema.errors import CounterfoilError, Unready
from server.db import Connection, Database
from server.jobs.loop import Loop
from server.mailing import tables
from server.mailing.compose import Envelope, compose, words_in
from server.mailing.facts import read_facts
from server.mailing.letter import letter_of
from server.mailing.line import Deadlines, Line, open_line
from server.mailing.rules import FAILED, MATTER, Change, Outcome, after, message_id, not_sent
from server.mailing.settings import MailSettings
from server.pipeline.worklist import close_matters, raise_matters

POLL_S = 2.0
PAUSE_S = 5.0
# Mails over one line before it is opened anew.
BATCH_MAX = 50
HOUSEKEEPING_MS = 5_000
# After the n-th time that the line did not come to be; the last one repeats.
LINE_RETRY_MS = (5_000, 30_000, 120_000, 600_000)
BELL = "mail"

LineTrouble = Literal["", "unset", "mail_unreachable", "mail_no_tls", "mail_sign_in", "mail_sender"]
logger = logging.getLogger(__name__)


class LineState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the line to the mail server is: what is wrong with it (nothing: ""), in the server's words, since when."""

    trouble: LineTrouble = ""
    answer: str = ""
    since_ms: int = 0


class Postman(Loop):
    """A loop over the mails. What is cut off by the end of the process, rather than by `stop`, counts as in doubt."""

    title, bell, pause_s = "postman", BELL, PAUSE_S

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settings: MailSettings | None,
        *,
        deadlines: Deadlines | None = None,
        poll_s: float = POLL_S,
    ) -> None:
        super().__init__(database, clock, poll_s)
        self._settings = settings
        self._deadlines = deadlines or Deadlines()
        self._failures = 0
        self._line_again_ms = 0
        self._kept_ms = 0
        self._told_unset = False

    def step(self) -> int:
        """Send what is due, as far as the line carries; return how many mails were tried. Raises Unready."""
        now_ms = self._clock.now_ms()
        self._keep_house(now_ms)
        if self._settings is None:
            self._tell_unset()
            return 0
        if not self._may_open(now_ms) or not self._is_due(now_ms):
            return 0
        try:
            line = open_line(self._settings, self._deadlines)
        except Unready as error:
            self._line_failed(error.code, error.message)
            return 0
        try:
            return self._send_over(line, self._settings)
        finally:
            line.close()

    def _keep_house(self, now_ms: int) -> None:
        if 0 <= now_ms - self._kept_ms < HOUSEKEEPING_MS:
            return
        self._kept_ms = now_ms
        with self._database.read() as connection:
            if not tables.has_claims(connection):
                return
        with self._database.write() as connection:
            for mail, change in tables.release_stale(connection, self._name, now_ms):
                _judge(connection, mail, change, now_ms)

    def _tell_unset(self) -> None:
        """Say once that this process has no mail server: another one may have, and tells how its line is."""
        if not self._told_unset:
            self._note(LineState(trouble="unset"))
            self._told_unset = True

    def _may_open(self, now_ms: int) -> bool:
        """Tell whether the pause after a failed line is over; a clock that was set back ends it."""
        return not 0 < self._line_again_ms - now_ms <= max(LINE_RETRY_MS)

    def _is_due(self, now_ms: int) -> bool:
        with self._database.read() as connection:
            return tables.is_due(connection, now_ms)

    # -- over one line

    def _send_over(self, line: Line, settings: MailSettings) -> int:
        for sent in range(BATCH_MAX):
            if self._stopping.is_set() or (mail := self._claim()) is None:
                return sent
            outcome = self._send_one(line, settings, mail)
            if outcome is None:
                continue
            if outcome.ending == "line":
                self._line_failed("mail_sender", outcome.answer)
            else:
                self._line_works()
            if outcome.is_over:
                return sent + 1
        return BATCH_MAX

    def _claim(self) -> tables.Claimed | None:
        return self._database.transact(lambda connection: tables.claim(connection, self._name, self._clock.now_ms()))

    def _send_one(self, line: Line, settings: MailSettings, mail: tables.Claimed) -> Outcome | None:
        """Send a claimed mail and write down how that ended; None where it could not even be written."""
        try:
            content = self._content(settings, mail)
        except (CounterfoilError, ValueError, LookupError) as error:
            logger.warning("mail %s cannot be written: %s", mail.id, error)
            reason = Change(
                state="stopped", reason="unreadable", answer=str(error)[:200], tries=mail.tries, doubts=mail.doubts
            )
            self._end(mail.id, reason)
            return None
        outcome = line.send(settings.sender, mail.address, content)
        self._end(mail.id, after(outcome, mail.tries, mail.doubts))
        return outcome

    def _content(self, settings: MailSettings, mail: tables.Claimed) -> bytes:
        with self._database.read() as connection:
            facts = read_facts(connection, mail.sale_event, mail.store)
        envelope = Envelope(
            address=mail.address,
            message_id=message_id(mail.source_event, mail.copy, settings.sender),
            at_ms=self._clock.now_ms(),
        )
        letter = letter_of(facts, words_in(mail.language or facts.settings.language))
        return compose(letter, envelope, settings)

    def _end(self, mail: int, change: Change) -> None:
        now_ms = self._clock.now_ms()

        def write(connection: Connection) -> None:
            tables.end(connection, mail, change, now_ms)
            _judge(connection, mail, change, now_ms)

        self._database.transact(write)

    # -- the line's own state

    def _line_works(self) -> None:
        self._failures, self._line_again_ms = 0, 0
        self._note(LineState())

    def _line_failed(self, code: str, answer: str) -> None:
        self._failures += 1
        wait_ms = LINE_RETRY_MS[min(self._failures, len(LINE_RETRY_MS)) - 1]
        self._line_again_ms = self._clock.now_ms() + wait_ms
        logger.warning("no mail goes out (%s): %s", code, answer)
        trouble = msgspec.convert(code, LineTrouble)
        self._note(LineState(trouble=trouble, answer=answer))

    def _note(self, state: LineState) -> None:
        """Write down how the line is, where that has changed."""
        with self._database.read() as connection:
            known = line_state(connection)
        if (known.trouble, known.answer) == (state.trouble, state.answer) and known.since_ms:
            return
        now = LineState(trouble=state.trouble, answer=state.answer, since_ms=self._clock.now_ms())
        with self._database.write() as connection:
            tables.keep_line_state(connection, msgspec.json.encode(now).decode())


def line_state(connection: Connection) -> LineState:
    """Return how the line to the mail server is, as the process that sends has found it last."""
    text = tables.read_line_state(connection)
    try:
        return msgspec.json.decode(text, type=LineState) if text else LineState()
    except ValueError:
        return LineState()


def send_again(connection: Connection, mail: int, now_ms: int) -> bool:
    """Let a mail be sent again, as a person decided; tell whether it can be. Its matter on the worklist is closed."""
    if not tables.again(connection, mail, now_ms):
        return False
    _close_matter(connection, mail, now_ms)
    return True


def _judge(connection: Connection, mail: int, change: Change, now_ms: int) -> None:
    """Put a mail that a person has to decide about on the worklist, and take one that was sent off it."""
    known = tables.wish_of(connection, mail)
    if change.state in FAILED and known is not None:
        raise_matters(connection, [not_sent(*known, change.state)], now_ms)
    elif change.state == "sent":
        _close_matter(connection, mail, now_ms)


def _close_matter(connection: Connection, mail: int, now_ms: int) -> None:
    if (known := tables.wish_of(connection, mail)) is not None:
        close_matters(connection, [(MATTER, known[1], known[0])], now_ms)
