"""Claims, retries and states of jobs."""

import subprocess
import sys

import pytest

from server.db import ConstraintBrokenError
from server.jobs import tables
from server.jobs.tables import CLAIM_JOBS_MAX, CLAIM_MS_MAX, RETRY_MS, Failed, Finished, NewJob

ME = tables.worker_name()


def enqueued(database, count=1, queue="accounting", now_ms=0):
    with database.write() as connection:
        tables.enqueue(
            connection,
            [
                NewJob(queue=queue, type="order-cash", source_event=f"{queue}{number}", effect_no=1, store="0001")
                for number in range(count)
            ],
            now_ms,
        )


def claimed(database, worker=ME, now_ms=0, queue="accounting"):
    with database.write() as connection:
        return tables.claim(connection, queue, worker, now_ms)


def states(database):
    with database.read() as connection:
        return connection.rows("SELECT state, tries, message, run_at_ms FROM job ORDER BY id")


def test_a_claim_takes_at_most_its_bound_and_nobody_gets_a_job_twice(database):
    enqueued(database, CLAIM_JOBS_MAX + 5)
    first, second, third = (claimed(database) for _ in range(3))
    assert (len(first), len(second), len(third)) == (CLAIM_JOBS_MAX, 5, 0)
    assert not {job.id for job in first} & {job.id for job in second}


def test_queues_are_kept_apart(database):
    enqueued(database, queue="invoicing")
    assert claimed(database) == []
    assert len(claimed(database, queue="invoicing")) == 1


def test_new_work_is_due_even_after_the_clock_was_set_back(database):
    """Fault 19."""
    enqueued(database, now_ms=10**12)
    assert len(claimed(database, now_ms=1)) == 1


def test_an_effect_has_one_job(database):
    enqueued(database)
    with pytest.raises(ConstraintBrokenError):
        enqueued(database)


def test_a_failed_job_keeps_its_reason_and_waits_longer_each_time(database):
    enqueued(database)
    now_ms = 0
    for tries in range(1, len(RETRY_MS) + 2):
        [job] = claimed(database, now_ms=now_ms)
        assert job.tries == tries
        with database.write() as connection:
            tables.fail(connection, [Failed(id=job.id, message="no account", tries=job.tries)], now_ms)
        [(state, _, message, run_at_ms)] = states(database)
        assert (state, message) == ("error", "no account")
        assert run_at_ms - now_ms == RETRY_MS[min(tries, len(RETRY_MS)) - 1]
        assert claimed(database, now_ms=run_at_ms - 1) == []
        now_ms = run_at_ms


def test_run_now_makes_a_waiting_job_due(database):
    enqueued(database)
    [job] = claimed(database)
    with database.write() as connection:
        tables.fail(connection, [Failed(id=job.id, message="no account", tries=1)], 0)
        assert tables.waits(connection, 1) == 0
        assert tables.run_now(connection, 1) == 1
        assert tables.waits(connection, 1) == 1
    assert len(claimed(database, now_ms=1)) == 1


def test_a_finished_job_is_done_and_a_late_failure_does_not_reopen_it(database):
    enqueued(database)
    [job] = claimed(database)
    with database.write() as connection:
        tables.finish(connection, [Finished(id=job.id, message="order synced", receipt="RE-1")], 5)
        tables.fail(connection, [Failed(id=job.id, message="too late", tries=1)], 6)
        assert tables.counts(connection)["accounting"] == {"done": 1}
    assert states(database)[0][:3] == ("done", 1, "order synced")


@pytest.mark.parametrize(
    ("worker", "now_ms", "returns"),
    [
        ("elsewhere:1:2:3", CLAIM_MS_MAX, 0),
        ("elsewhere:1:2:3", CLAIM_MS_MAX + 1, 1),
        (ME.rpartition(":")[0] + ":other", 1, 0),
        (ME, 1, 1),
    ],
    ids=["elsewhere", "elsewhere-too-long", "a-living-thread-here", "itself"],
)
def test_a_claim_returns_when_its_worker_is_gone(database, worker, now_ms, returns):
    enqueued(database)
    claimed(database, worker)
    with database.write() as connection:
        assert tables.release_stale(connection, "accounting", ME, now_ms) == returns
    assert len(claimed(database, now_ms=now_ms)) == returns


def test_the_claim_of_a_dead_process_on_this_machine_returns_at_once(database):
    """Fault 6: a worker killed -9 leaves claims; nobody waits a minute for them."""
    code = "from server.jobs.tables import worker_name; print(worker_name())"
    dead = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    enqueued(database)
    claimed(database, dead.stdout.strip())
    with database.write() as connection:
        assert tables.release_stale(connection, "accounting", ME, 1) == 1


def test_claiming_reads_the_index_of_waiting_jobs(sqlite_database):
    """A million finished jobs must not slow the queue down."""
    with sqlite_database.read() as connection:
        select = tables._CLAIM[tables._CLAIM.index("SELECT") : tables._CLAIM.index(")\nRETURNING")]
        plan = connection.rows("EXPLAIN QUERY PLAN " + select.format(skip_locked=""), ("accounting", 0, 50))
    assert "job_waiting" in plan[0][3]
