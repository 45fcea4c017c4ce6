"""The agent at work: one thread forwards, one fetches, a scheduler looks at the journal; none of them ever gives up.

`sync_once` does the same once, for a person or a script. Retrying is tenacity's, how long to wait is agent.plan's.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from apscheduler.schedulers.background import BackgroundScheduler
from msgspec import Struct
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from agent import plan
from agent.bell import Bell
from agent.config import Config
from agent.fetch import Fetcher
from agent.forward import Drained, Forwarder
from agent.journal import JournalReader
from agent.link import Answer, Link, Postponed
from agent.local import LocalEndpoint
from agent.mirror import Applied, Mirror
from agent.plan import Hold
from agent.questions import Questions
from agent.report import read_status
from agent.state import CONTACT_BOOT, Board, state_of
from schema.clock import Clock
from schema.errors import CounterfoilError, Unready
from schema.messages import FEED_WAIT_S_MAX
from schema.mirror_file import FEED_CURSOR

IDLE_S = 60.0
# A question that comes back at once with nothing (a network that will not wait) must not become a storm.
EMPTY_POLL_S = 15.0
ENDING_S = 5.0
TRIES_ONCE = 3
ONCE_PAUSE_MAX_S = 2.0
Result = TypeVar("Result")
log = logging.getLogger("counterfoil.agent")


class Parts(Struct, kw_only=True):
    """What an agent is made of; see agent.assemble."""

    config: Config
    clock: Clock
    share: Callable[[], float]
    mirror: Mirror
    journal: JournalReader
    watched: JournalReader
    board: Board
    forwarder: Forwarder
    fetcher: Fetcher
    links: list[Link]
    questions: Questions
    waiting: Bell
    hurry_forward: Bell
    hurry_fetch: Bell


class Synced(Struct, frozen=True, kw_only=True):
    """What one sync came to."""

    sent: int
    fetched: int
    hold: Hold | None


class Agent:
    """A running agent."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._version: tuple[object, ...] = ()
        self._local = LocalEndpoint(
            parts.config.folder,
            status=lambda: read_status(parts.config.folder),
            sync_now=self.sync_now,
            questions=parts.questions,
        )
        self._threads = [
            threading.Thread(target=self._forward_for_ever, name="forward", daemon=True),
            threading.Thread(target=self._fetch_for_ever, name="fetch", daemon=True),
        ]
        self._scheduler = BackgroundScheduler(timezone="UTC")

    def start(self) -> None:
        """Start all threads; return at once."""
        self._parts.board.report("upload", "offline", "The agent has started and calls head office.")
        self._local.start()
        for thread in self._threads:
            thread.start()
        self._scheduler.add_job(
            self._watch, "interval", seconds=self._parts.config.watch_ms / 1000, coalesce=True, max_instances=1
        )
        self._scheduler.start()

    def stop(self) -> None:
        """End all threads within seconds and leave a true state behind."""
        parts = self._parts
        for bell in (parts.waiting, parts.hurry_forward, parts.hurry_fetch):
            bell.end()
        self._scheduler.shutdown(wait=False)
        for link in parts.links:
            link.close()
        for thread in self._threads:
            thread.join(ENDING_S)
        self._local.stop()
        parts.board.report("upload", "offline", "The agent was stopped.")
        parts.board.report("feed", "offline", "The agent was stopped.")
        close(parts)

    def sync_now(self) -> None:
        """End every pause: a person wants it now."""
        for bell in (self._parts.waiting, self._parts.hurry_forward, self._parts.hurry_fetch):
            bell.ring()

    def _watch(self) -> None:
        version = self._parts.watched.version()
        if version != self._version:
            self._version = version
            self._parts.waiting.ring()

    def _forward_for_ever(self) -> None:
        parts = self._parts
        pause_first(parts, parts.hurry_forward)
        while not parts.waiting.ended:
            done = self._persist("upload", parts.hurry_forward, parts.forwarder.drain)
            parts.waiting.wait(plan.HOLD_MS / 1000 if done and done.hold else IDLE_S)

    def _fetch_for_ever(self) -> None:
        parts = self._parts
        pause_first(parts, parts.hurry_fetch)
        while not parts.hurry_fetch.ended:
            asked = time.monotonic()
            applied = self._persist("feed", parts.hurry_fetch, lambda: parts.fetcher.once(FEED_WAIT_S_MAX))
            if applied is None:
                continue
            parts.board.report("feed", "online")
            if applied.idle and time.monotonic() - asked < 1:
                parts.hurry_fetch.wait(EMPTY_POLL_S)

    def _persist(self, part: str, bell: Bell, work: Callable[[], Result]) -> Result | None:
        """Do a piece of work again and again until it is done or the agent ends (then None)."""
        retrying = Retrying(
            retry=retry_if_exception_type(Exception),
            stop=lambda _: bell.ended,
            wait=lambda state: _pause_s(state, self._parts.share()),
            sleep=bell.sleep,
            before_sleep=lambda state: self._tell(part, state),
            reraise=True,
        )
        try:
            return retrying(work)
        except Exception:
            if bell.ended:
                return None
            raise

    def _tell(self, part: str, state: RetryCallState) -> None:
        error = _error_of(state)
        if isinstance(error, Answer):
            hold = plan.refusal(error.status, error.problem)
            self._parts.board.report(part, hold.state, hold.text)
        elif isinstance(error, CounterfoilError):
            self._parts.board.report(part, state_of(error), error.message)
        else:
            log.error("a mistake in the agent; it goes on", exc_info=error)
            text = "The agent made a mistake and tries again; its log says more."
            self._parts.board.report(part, "refused", text)


def pause_first(parts: Parts, bell: Bell) -> None:
    """Spread a boot's first call: when power comes back to a town, all its tills start at once."""
    values = parts.mirror.values()
    pause_ms = plan.first_try_ms(
        share=parts.share(),
        spread_ms=parts.config.spread_ms,
        since_boot_ms=parts.clock.monotonic_ms(),
        urgent=FEED_CURSOR not in values or values.get(CONTACT_BOOT) == parts.clock.boot_id(),
    )
    if pause_ms:
        bell.wait(pause_ms / 1000)


def sync_once(parts: Parts) -> Synced:
    """Forward all and fetch all, with a few tries each. Raises CounterfoilError with the reason where it cannot."""
    try:
        drained = _try_some(parts, parts.forwarder.drain)
        fetched = _fetch_all(parts)
    except CounterfoilError as error:
        _tell_failure(parts, error)
        raise
    parts.board.report("feed", "online")
    return Synced(sent=drained.sent, fetched=fetched, hold=drained.hold)


def forward_once(parts: Parts) -> Drained:
    """Forward all, with a few tries. Raises CounterfoilError."""
    return _try_some(parts, parts.forwarder.drain)


def close(parts: Parts) -> None:
    """Close files and connections."""
    for link in parts.links:
        link.close()
    parts.journal.close()
    parts.watched.close()
    parts.mirror.close()


def _tell_failure(parts: Parts, error: CounterfoilError) -> None:
    if isinstance(error, Answer):
        hold = plan.refusal(error.status, error.problem)
        parts.board.report("feed", hold.state, hold.text)
    else:
        parts.board.report("feed", state_of(error), error.message)


def _fetch_all(parts: Parts) -> int:
    fetched = 0
    while True:
        applied: Applied = _try_some(parts, lambda: parts.fetcher.once(0))
        fetched += applied.changes
        if not applied.more:
            return fetched


def _try_some(parts: Parts, work: Callable[[], Result]) -> Result:
    retrying = Retrying(
        retry=retry_if_exception_type(Unready),
        stop=stop_after_attempt(TRIES_ONCE),
        wait=lambda state: min(_pause_s(state, parts.share()), ONCE_PAUSE_MAX_S),
        reraise=True,
    )
    return retrying(work)


def _pause_s(state: RetryCallState, share: float) -> float:
    error = _error_of(state)
    asked_ms = error.retry_after_ms if isinstance(error, Postponed) else None
    return plan.pause_ms(state.attempt_number, share, asked_ms) / 1000


def _error_of(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome is not None else None
