"""A loop in a thread: it goes on after whatever goes wrong in a step, wakes by its bell, and ends when told to."""

import logging
import threading

import pytest

from schema.clock import SystemClock
from schema.errors import Unready
from server.jobs.loop import Loop


class Stumbling(Loop):
    """Fails as it is told, then has nothing to do."""

    title, bell, pause_s = "stumbler", "stumble", 0.01

    def __init__(self, database, failures, poll_s=60.0):
        super().__init__(database, SystemClock(), poll_s)
        self.failures = list(failures)
        self.steps = 0
        self.rested = threading.Event()

    def step(self):
        self.steps += 1
        if self.failures:
            raise self.failures.pop(0)
        self.rested.set()
        return 0


@pytest.mark.parametrize(
    ("failure", "level"), [(Unready("db_away", "No database."), logging.WARNING), (KeyError("ours"), logging.ERROR)]
)
def test_what_goes_wrong_is_logged_once_and_tried_again(database, caplog, failure, level):
    loop = Stumbling(database, [failure])
    with caplog.at_level(logging.WARNING, logger="server.jobs.loop"):
        loop.start()
        assert loop.rested.wait(10)
        loop.stop()
    assert loop.steps == 2
    assert [(record.levelno, "stumbler" in record.message) for record in caplog.records] == [(level, True)]


def test_its_bell_wakes_it_and_another_does_not(database):
    loop = Stumbling(database, [])
    loop.start()
    assert loop.rested.wait(10)
    loop.rested.clear()
    database.bell("work").ring()
    assert not loop.rested.wait(0.2)
    database.bell("stumble").ring()
    assert loop.rested.wait(10)
    loop.stop()
    assert not loop._thread.is_alive()


def test_it_looks_by_itself_since_another_process_cannot_ring(database):
    loop = Stumbling(database, [], poll_s=0.02)
    loop.start()
    for _ in range(3):
        assert loop.rested.wait(10)
        loop.rested.clear()
    loop.stop()
