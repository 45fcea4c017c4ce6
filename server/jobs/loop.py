"""A loop in a thread: does its step again and again, sleeps until its process's bell rings, ends when it is told to.

It looks by itself every `poll_s`, since another process cannot ring. What goes wrong in a step is logged once, here,
and tried again after a pause: nothing is lost by it, for what was claimed returns by itself.
"""

import logging
import threading
from abc import ABC, abstractmethod
from typing import ClassVar

from schema.clock import Clock
from schema.errors import Unready
from server.db import Database
from server.jobs.tables import worker_name

logger = logging.getLogger(__name__)


class Loop(ABC):
    """`start` runs it in a thread, `run` in the caller's; `stop` ends either."""

    title: ClassVar[str]
    bell: ClassVar[str]
    pause_s: ClassVar[float]

    def __init__(self, database: Database, clock: Clock, poll_s: float) -> None:
        self._database = database
        self._clock = clock
        self._poll_s = poll_s
        self._name = worker_name()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @abstractmethod
    def step(self) -> int:
        """Do what is due once; return how much was dealt with. Raises Unready."""

    def start(self) -> None:
        """Run in a thread of its own."""
        self._thread = threading.Thread(target=self.run, name=self.title, daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Let the current step end, then stop."""
        self._stopping.set()
        self._database.bell(self.bell).ring()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def run(self) -> None:
        """Work until `stop`."""
        bell = self._database.bell(self.bell)
        while not self._stopping.is_set():
            rings = bell.rings
            if not self._tried_step():
                bell.wait(rings, self._poll_s)

    def _tried_step(self) -> bool:
        try:
            return self.step() > 0
        except Unready as error:
            logger.warning("the %s pauses: %s", self.title, error)
        except Exception:
            logger.exception("the %s pauses after an unexpected error", self.title)
        self._stopping.wait(self.pause_s)
        return True
