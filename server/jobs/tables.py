"""The table `job`: work that waits, in two queues, with a state that a person can read.

A job is claimed (state running, by whom), then its effect and its new state are written in one transaction. A claim
whose worker died returns: at once if that process was on this machine, else after `CLAIM_MS_MAX`.
An error keeps its reason in `message` and is tried again, later each time (`RETRY_MS`).
"""

import os
import secrets
import socket
from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct

from server.db import Connection

Queue = Literal["invoicing", "accounting"]
CLAIM_JOBS_MAX = 50
CLAIM_MS_MAX = 60_000
# New work is due whatever the clock says, so that a clock that was set back holds nothing up (fault 19).
AT_ONCE_MS = 0
# After the n-th failed try; the last one repeats.
RETRY_MS = (5_000, 30_000, 120_000, 600_000, 1_800_000)

_INSERT = (
    "queue",
    "type",
    "run_at_ms",
    "created_ms",
    "modified_ms",
    "store",
    "till_id",
    "receipt",
    "till_receipt",
    "source_event",
    "effect_no",
    "payload",
)
# The condition on state repeats that of the index `job_waiting`, so that SQLite uses it.
_CLAIM = """
UPDATE job SET state = 'running', claimed_by = ?, claimed_ms = ?, tries = tries + 1, modified_ms = ?
WHERE id IN (
    SELECT id FROM job WHERE queue = ? AND state IN ('pending', 'running', 'error') AND state <> 'running'
        AND run_at_ms <= ?
    ORDER BY run_at_ms, id LIMIT ?{skip_locked}
)
RETURNING id, type, tries, store, till_id, receipt, till_receipt, source_event, effect_no, payload
"""
_FINISH = """
UPDATE job SET state = 'done', message = ?, receipt = ?, claimed_by = '', claimed_ms = NULL,
    modified_ms = ?, checked_ms = ? WHERE id = ?
"""
_FAIL = """
UPDATE job SET state = 'error', message = ?, run_at_ms = ?, claimed_by = '', claimed_ms = NULL,
    modified_ms = ?, checked_ms = ? WHERE id = ? AND state = 'running'
"""
_RELEASE = "UPDATE job SET state = 'pending', claimed_by = '', claimed_ms = NULL WHERE id = ? AND state = 'running'"
_DUE = (
    "SELECT count(*) FROM job WHERE state IN ('pending', 'running', 'error') AND (state = 'running' OR run_at_ms <= ?)"
)
_CLAIMS = "SELECT id, claimed_by, claimed_ms FROM job WHERE queue = ? AND state = 'running'{skip_locked}"


class NewJob(Struct, frozen=True, kw_only=True):
    """Work to be done for one effect of one event. `payload` is JSON that the queue's own room reads."""

    queue: Queue
    type: str
    source_event: str
    effect_no: int
    store: str
    till_id: str | None = None
    receipt: str = ""
    till_receipt: str = ""
    payload: str = "{}"


class Claimed(Struct, frozen=True, kw_only=True):
    """A job that is ours for a while."""

    id: int
    type: str
    tries: int
    store: str
    till_id: str | None
    receipt: str
    till_receipt: str
    source_event: str
    effect_no: int
    payload: str


class Finished(Struct, frozen=True, kw_only=True):
    """A job done: what a person reads, and the receipt it was about."""

    id: int
    message: str
    receipt: str = ""


class Failed(Struct, frozen=True, kw_only=True):
    """A job not done: why, and how often it was tried by now."""

    id: int
    message: str
    tries: int


def retry_wait_ms(tries: int) -> int:
    """Return how long to wait after the n-th failed try."""
    return RETRY_MS[min(max(tries, 1), len(RETRY_MS)) - 1]


def enqueue(connection: Connection, jobs: Sequence[NewJob], now_ms: int) -> None:
    """Store new jobs in the caller's transaction. Raises ConstraintBrokenError for an effect that has its job."""
    rows = [
        (
            job.queue,
            job.type,
            AT_ONCE_MS,
            now_ms,
            now_ms,
            job.store,
            job.till_id,
            job.receipt,
            job.till_receipt,
            job.source_event,
            job.effect_no,
            job.payload,
        )
        for job in jobs
    ]
    if rows:
        connection.copy_rows("job", _INSERT, rows)


def claim(connection: Connection, queue: Queue, worker: str, now_ms: int) -> list[Claimed]:
    """Claim what is due, oldest first, at most `CLAIM_JOBS_MAX`; what another worker holds is passed over."""
    sql = _CLAIM.format(skip_locked=connection.skip_locked)
    rows = connection.rows(sql, (worker, now_ms, now_ms, queue, now_ms, CLAIM_JOBS_MAX))
    return [_claimed(row) for row in sorted(rows)]


def _claimed(row: Sequence[object]) -> Claimed:
    names = Claimed.__struct_fields__
    return Claimed(**dict(zip(names, row, strict=True)))  # type: ignore[arg-type]  # the columns of _CLAIM


def finish(connection: Connection, done: Iterable[Finished], now_ms: int) -> None:
    """Mark jobs done, in the transaction that holds their effects."""
    connection.many(_FINISH, [(job.message, job.receipt, now_ms, now_ms, job.id) for job in done])


def fail(connection: Connection, failed: Iterable[Failed], now_ms: int) -> None:
    """Keep jobs for later, each with its reason."""
    rows = [(job.message, now_ms + retry_wait_ms(job.tries), now_ms, now_ms, job.id) for job in failed]
    connection.many(_FAIL, rows)


def release_stale(connection: Connection, queue: Queue, worker: str, now_ms: int) -> int:
    """Give back the claims of workers that are gone, and what this worker left behind; return how many."""
    claims = connection.rows(_CLAIMS.format(skip_locked=connection.skip_locked), (queue,))
    stale = [
        (job,)
        for job, holder, since_ms in claims
        if holder == worker or now_ms - since_ms > CLAIM_MS_MAX or is_gone(holder)
    ]
    return connection.many(_RELEASE, stale) if stale else 0


def run_now(connection: Connection, now_ms: int) -> int:
    """Let everything that waits for a later try be due now."""
    return connection.run(
        "UPDATE job SET run_at_ms = ? WHERE state IN ('pending', 'error') AND run_at_ms > ?", (now_ms, now_ms)
    )


def counts(connection: Connection) -> dict[str, dict[str, int]]:
    """Return queue → state → how many jobs."""
    found: dict[str, dict[str, int]] = {"invoicing": {}, "accounting": {}}
    for queue, state, count in connection.rows("SELECT queue, state, count(*) FROM job GROUP BY queue, state"):
        found[queue][state] = count
    return found


def waits(connection: Connection, now_ms: int) -> int:
    """Return how many jobs are due or being worked on."""
    return int(connection.value(_DUE, (now_ms,)))


def worker_name() -> str:
    """Name a new worker: machine, process id, when that process started (its id may be used again), and a token."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}:{secrets.token_hex(4)}"


def is_gone(worker: str) -> bool:
    """Tell whether a worker's process ran on this machine and is gone."""
    machine, number, started, _ = [*worker.split(":"), "", "", "", ""][:4]
    if machine != socket.gethostname() or not number.isdigit() or not started:
        return False
    return _started(int(number)) != started


def _started(process: int) -> str:
    """Return when a process started, in ticks since boot (proc(5), field 22), or "" where there is none."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8") as file:  # noqa: PTH123 - /proc is no place to walk
            after_name = file.read().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if after_name[0] in "ZX" else after_name[19]
