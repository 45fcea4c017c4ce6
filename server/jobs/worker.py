"""The worker: applies accepted events and works the queues, in a thread of `serve` or as a process of its own (`work`).

It sleeps until its process's bell "work" rings, and looks by itself every `POLL_S`, since another process cannot ring.
Any number of workers may run on PostgreSQL: streams and jobs are claimed. `kick` does the same at once, in the caller's
thread, and returns when nothing is left to do.
"""

import logging
import time
from collections.abc import Callable, Sequence

from msgspec import Struct

from schema.clock import Clock
from schema.errors import Unready
from server.accounting import post
from server.catalogue.ends import forget
from server.db import Connection, Database
from server.invoicing import issue
from server.invoicing.past import prune
from server.jobs.loop import Loop
from server.jobs.tables import Claimed, Queue, claim, release_stale, run_now, waits, worker_name
from server.pipeline.apply import apply_some, retry_parked
from server.stock.levels import feed_changes

POLL_S = 1.0
PAUSE_S = 2.0
KICK_S_MAX = 60.0
KICK_PAUSE_S = 0.05
# One step: a batch of events, then what it made; so a sale is in the books soon, even behind a backlog.
QUEUE_BATCHES_MAX = 5
HOUSEKEEPING_MS = 5_000
# Stock is fed now and then, so that a busy hour of one article is one change of the feed.
STOCK_MS = 30_000
PRUNE_MS = 600_000
FORGET_MS = 3_600_000
# The office's light: a worker that has not been seen for this long is not well.
WELL_MS_MAX = 30_000
LAST_RUN = "worker.last_run_ms"
BELL = "work"
_SEEN = "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"

logger = logging.getLogger(__name__)


class _Stage(Struct, frozen=True, kw_only=True):
    """A queue and the room that works it: the whole batch in one transaction, or one job given up."""

    queue: Queue
    work: Callable[[Connection, Sequence[Claimed], int], None]
    give_up: Callable[[Connection, Claimed, Exception, int], None]
    begun: Callable[[Connection, Sequence[Claimed]], None] | None = None


class Health(Struct, frozen=True, kw_only=True):
    """The job runner's light: when a worker last looked, and whether that is recent enough."""

    last_run_ms: int | None
    is_well: bool


class Kicked(Struct, frozen=True, kw_only=True):
    """What a kick did: events applied (parked ones among them), jobs tried, and whether all is done."""

    events: int
    jobs: int
    unparked: int
    is_idle: bool


class Worker(Loop):
    """A loop over events and queues. What it claimed when it is stopped is done or returns by itself."""

    title, bell, pause_s = "worker", BELL, PAUSE_S

    def __init__(self, database: Database, clock: Clock, *, poll_s: float = POLL_S) -> None:
        super().__init__(database, clock, poll_s)
        self._kept_ms = 0
        self._chores = [
            _Chore(every_ms=STOCK_MS, do=lambda database, _: feed_changes(database)),
            _Chore(every_ms=PRUNE_MS, do=prune),
            _Chore(every_ms=FORGET_MS, do=forget),
        ]

    def step(self) -> int:
        """Do what is due once; return how many events and jobs were dealt with. Raises Unready."""
        self._keep_house()
        events = apply_some(self._database, self._clock)
        return events + sum(_work_queue(self._database, self._clock, stage, self._name) for stage in STAGES)

    def _keep_house(self) -> None:
        """Now and then: say that a worker is alive, return claims of dead ones, look at parked events again."""
        now_ms = self._clock.now_ms()
        if 0 <= now_ms - self._kept_ms < HOUSEKEEPING_MS:
            return
        self._kept_ms = now_ms
        _say_alive(self._database, self._name, now_ms)
        retry_parked(self._database, self._clock)
        for chore in self._chores:
            chore.keep(self._database, now_ms)


class _Chore:
    """Something to be done now and then, whatever the clock does: a clock that was set back does it at once."""

    def __init__(self, *, every_ms: int, do: Callable[[Database, int], object]) -> None:
        self._every_ms = every_ms
        self._do = do
        self._done_ms = 0

    def keep(self, database: Database, now_ms: int) -> None:
        if not 0 <= now_ms - self._done_ms < self._every_ms:
            self._done_ms = now_ms
            self._do(database, now_ms)


STAGES = (
    _Stage(queue="invoicing", begun=issue.mark_begun, work=issue.work, give_up=issue.give_up),
    _Stage(queue="accounting", work=post.work, give_up=post.give_up),
)


def _say_alive(database: Database, worker: str, now_ms: int) -> None:
    with database.write() as connection:
        connection.run(_SEEN, (LAST_RUN, str(now_ms)))
        for stage in STAGES:
            release_stale(connection, stage.queue, worker, now_ms)


def _work_queue(database: Database, clock: Clock, stage: _Stage, worker: str) -> int:
    """Work a queue's due jobs, a few batches at most; return how many were tried."""
    tried = 0
    for _ in range(QUEUE_BATCHES_MAX):
        jobs = _claim(database, clock, stage, worker)
        if not jobs:
            break
        _work(database, clock, stage, jobs)
        tried += len(jobs)
    return tried


def _claim(database: Database, clock: Clock, stage: _Stage, worker: str) -> list[Claimed]:
    with database.write() as connection:
        jobs = claim(connection, stage.queue, worker, clock.now_ms())
        if jobs and stage.begun is not None:
            stage.begun(connection, jobs)
    return jobs


def _work(database: Database, clock: Clock, stage: _Stage, jobs: Sequence[Claimed]) -> None:
    try:
        database.transact(lambda connection: stage.work(connection, jobs, clock.now_ms()))
    except Unready:
        raise
    except Exception as error:
        if len(jobs) > 1:
            logger.warning("a batch of %s jobs was refused and is worked one by one: %s", stage.queue, error)
            for job in jobs:
                _work(database, clock, stage, [job])
            return
        logger.warning("%s job %s is kept for later: %s", stage.queue, jobs[0].id, error)
        _give_up(database, clock, stage, jobs[0], error)


def _give_up(database: Database, clock: Clock, stage: _Stage, job: Claimed, error: Exception) -> None:
    with database.write() as connection:
        stage.give_up(connection, job, error, clock.now_ms())


def kick(database: Database, clock: Clock, *, timeout_s: float = KICK_S_MAX) -> Kicked:
    """Run everything that waits now, parked events and failed jobs too, and return when nothing is left to do.

    What fails again keeps waiting for its next time. Other workers may help; their claims are waited for.
    Raises Unready when the database is away.
    """
    worker = worker_name()
    until = time.monotonic() + timeout_s
    with database.write() as connection:
        run_now(connection, clock.now_ms())
        for stage in STAGES:
            release_stale(connection, stage.queue, worker, clock.now_ms())
    unparked = retry_parked(database, clock, all_now=True)
    events = jobs = 0
    idle = False
    while not idle and time.monotonic() < until:
        applied = apply_some(database, clock)
        # What they made may be what a parked event waits for.
        unparked += retry_parked(database, clock) if applied else 0
        tried = sum(_work_queue(database, clock, stage, worker) for stage in STAGES)
        events, jobs = events + applied, jobs + tried
        idle = not applied + tried and _is_idle(database, clock)
        if not applied + tried and not idle:
            time.sleep(KICK_PAUSE_S)
    feed_changes(database)
    with database.write() as connection:
        connection.run(_SEEN, (LAST_RUN, str(clock.now_ms())))
    return Kicked(events=events, jobs=jobs, unparked=unparked, is_idle=idle)


def _is_idle(database: Database, clock: Clock) -> bool:
    with database.read() as connection:
        behind = connection.value("SELECT count(*) FROM stream WHERE applied_seq < high_seq")
        return not behind and not waits(connection, clock.now_ms())


def health(connection: Connection, now_ms: int) -> Health:
    """Tell when a worker last ran and whether the light is on."""
    value = connection.value("SELECT value FROM meta WHERE name = ?", (LAST_RUN,))
    last_run_ms = int(value) if value is not None else None
    well = last_run_ms is not None and now_ms - last_run_ms <= WELL_MS_MAX
    return Health(last_run_ms=last_run_ms, is_well=well)
