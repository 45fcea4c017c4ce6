"""The worker: a loop that sleeps, hears, survives; killed anywhere it leaves nothing lost and nothing doubled."""

import random
import signal
import subprocess
import sys
import threading
import time
from datetime import date
from pathlib import Path

import pytest
from pipeline_shop import COFFEE, DAY, KETTLE, Shop

from schema.clock import SystemClock
from server.jobs.worker import HOUSEKEEPING_MS, WELL_MS_MAX, Worker, health, kick
from server.reports.books import books

WORKER = """
import sys
from pathlib import Path
from schema.clock import SystemClock
from server.db import open_database
from server.jobs.worker import Worker
database = open_database(Path(sys.argv[1]), sys.argv[2] or None)
print("up", flush=True)
Worker(database, SystemClock(), poll_s=0.05).run()
"""
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def shop(database):
    return Shop(database, SystemClock())


@pytest.fixture
def start_worker(request, tmp_path):
    """Start worker processes on the test's database; they are killed when it ends."""
    started = []

    def start(shop):
        url = request.getfixturevalue("postgres_url") if shop.database.engine == "postgres" else ""
        command = [sys.executable, "-c", WORKER, str(tmp_path), url]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        started.append(process)
        assert process.stdout.readline() == b"up\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait(10)
        process.stdout.close()


def until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def paid(shop):
    return shop.value("SELECT count(*) FROM receipt WHERE paid_ms IS NOT NULL")


def test_the_worker_hears_of_new_events_long_before_it_would_look_by_itself(shop):
    worker = Worker(shop.database, shop.clock, poll_s=60)
    worker.start()
    try:
        till = shop.till()
        for _ in range(2):
            before = paid(shop)
            with shop.database.write() as connection:
                till.deliver_in(connection, [till.row(till.sale())])
                connection.ring("work")
            until(lambda before=before: paid(shop) == before + 1, 10)
    finally:
        worker.stop()


def test_the_light_is_on_while_a_worker_runs_and_off_later(shop):
    with shop.database.read() as connection:
        assert not health(connection, shop.clock.now_ms()).is_well
    Worker(shop.database, shop.clock).step()
    with shop.database.read() as connection:
        seen = health(connection, shop.clock.now_ms())
        assert seen.is_well
        assert not health(connection, seen.last_run_ms + WELL_MS_MAX + 1).is_well
    assert HOUSEKEEPING_MS < WELL_MS_MAX


def test_kick_waits_for_what_another_worker_is_doing(shop):
    till = shop.till()
    till.deliver(*[till.row(till.sale()) for _ in range(300)])
    worker = Worker(shop.database, shop.clock)
    worker.start()
    try:
        assert kick(shop.database, shop.clock, timeout_s=30).is_idle
        assert paid(shop) == 300
    finally:
        worker.stop()


def test_a_batch_with_one_bad_job_posts_all_others(shop):
    """One receipt that the database refuses is kept with its reason, on its order too; the rest goes on."""
    till = shop.till()
    till.deliver(*[till.row(till.sale()) for _ in range(5)])
    with shop.database.write() as connection:
        connection.run(
            "INSERT INTO orders (id, number, origin, kind, store, ordered_day, status, currency, total_minor, "
            "import_status, channel_status, oms_status, created_ms, modified_ms) VALUES ('x', 'x', 'office', 'order', "
            "'0001', '2026-03-01', 'confirmed', 'EUR', 1, 'imported', 'exported', 'not exported', 1, 1)"
        )
        connection.run(
            "INSERT INTO receipt (number, order_id, store, business_day, issued_ms, currency, total_minor, due_minor, "
            "source_event) VALUES ('RE-2026-000003', 'x', '0001', ?, 1, 'EUR', 1, 1, 'x')",
            (DAY,),
        )
    shop.kick()
    rows = shop.rows("SELECT oms_status, oms_error FROM orders WHERE origin = 'till' ORDER BY number")
    assert sorted(status for status, _ in rows) == ["error", "error", "error", "exported", "exported"]
    assert all(reason.startswith("The receipt could not be stored") for status, reason in rows if status == "error")
    with shop.database.write() as connection:
        connection.run("DELETE FROM receipt WHERE order_id = 'x'")
    shop.kick()
    assert paid(shop) == 5
    assert [number for (number,) in shop.rows("SELECT number FROM receipt ORDER BY number")] == [
        f"RE-2026-{running:06d}" for running in range(1, 6)
    ]


@pytest.mark.parametrize("seed", [1, 2])
def test_workers_killed_at_any_moment_lose_and_double_nothing(shop, start_worker, seed):
    """Fault 6, invariants I5 and I6: kill -9 again and again while sales pour in, then count to the cent."""
    chance = random.Random(seed)
    till, other = shop.till(), shop.till("t2")
    count = interrupted = 0
    for _ in range(5):
        worker = start_worker(shop)
        for one in (till, other):
            one.deliver(*[one.row(one.sale(COFFEE, KETTLE, tenders=("cash", "card"))) for _ in range(80)])
            count += 80
        time.sleep(chance.uniform(0, 0.1))
        worker.send_signal(signal.SIGKILL)
        worker.wait(10)
        interrupted += paid(shop) < count
    assert interrupted
    assert shop.kick().is_idle
    assert paid(shop) == count
    assert shop.value("SELECT count(*) FROM entry WHERE sealed = 1") == 3 * count
    assert shop.value("SELECT max(number) FROM entry") == 3 * count
    assert shop.value("SELECT count(*) FROM entry WHERE sealed = 0") == 0
    assert shop.value("SELECT max(number) FROM receipt") == f"RE-2026-{count:06d}"
    with shop.database.read() as connection:
        assert books(connection, date.fromisoformat(DAY)).agrees


@pytest.mark.postgres
def test_several_workers_share_the_work_on_postgresql(postgres_database, start_worker):
    shop = Shop(postgres_database, SystemClock())
    workers = [start_worker(shop) for _ in range(2)]
    tills = [shop.till(f"t{number}") for number in range(4)]
    order_id = shop.order(quantity=1)
    from pipeline_shop import order_ref

    ref = order_ref(shop, order_id)
    threads = [
        threading.Thread(
            target=lambda till=till: till.deliver(
                *[till.row(till.sale(KETTLE, order=ref if index == 5 else None)) for index in range(80)]
            )
        )
        for till in tills
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    until(lambda: paid(shop) == 320)
    assert all(worker.poll() is None for worker in workers)
    assert shop.value("SELECT max(number) FROM receipt") == "RE-2026-000320"
    assert shop.value("SELECT amount_minor FROM worklist WHERE kind = 'overpaid'") == 3 * 2995
    assert shop.value("SELECT count(*) FROM parked") == 0
