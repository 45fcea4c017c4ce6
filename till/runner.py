"""Where slow work is done: journal commits, devices and questions to the agent never run on the screen's thread.

Work of one lane runs in order; lanes run beside each other, so that a card payment of a minute does not hold up a
draft. `then` and `failed` always come back on the screen's thread.
"""

import queue
import threading
from collections.abc import Callable
from typing import Literal, Protocol, TypeVar

from schema.errors import CounterfoilError

Lane = Literal["journal", "printer", "terminal", "agent"]
LANES: tuple[Lane, ...] = ("journal", "printer", "terminal", "agent")
Result = TypeVar("Result")
Call = Callable[[], None]
# More than a cashier can cause in the time that one commit takes; beyond it the screen waits rather than forgets.
WAITING_MAX = 1000


class Runner(Protocol):
    """Runs work off the screen's thread and brings its outcome back to it."""

    def run(
        self,
        work: Callable[[], Result],
        then: Callable[[Result], None],
        failed: Callable[[CounterfoilError], None],
        *,
        lane: Lane = "journal",
    ) -> None:
        """Do `work` in its lane; then call `then` with its result, or `failed` with its error, on the screen's thread.

        Only CounterfoilError comes to `failed`; anything else is a fault of ours and ends the program loudly.
        """

    def post(self, call: Call) -> None:
        """Call something on the screen's thread, soon. Safe from any thread."""


class DirectRunner:
    """Everything at once on the caller's thread: the script port, tests."""

    def run(
        self,
        work: Callable[[], Result],
        then: Callable[[Result], None],
        failed: Callable[[CounterfoilError], None],
        *,
        lane: Lane = "journal",  # noqa: ARG002 - one thread has one lane
    ) -> None:
        try:
            result = work()
        except CounterfoilError as error:
            failed(error)
        else:
            then(result)

    def post(self, call: Call) -> None:
        call()


class ThreadRunner:
    """One worker thread per lane. `post` is the window's own way to its thread (Kivy: Clock.schedule_once)."""

    def __init__(self, post: Callable[[Call], None]) -> None:
        self._post = post
        self._lanes: dict[Lane, queue.Queue[Call | None]] = {lane: queue.Queue(WAITING_MAX) for lane in LANES}
        self._threads = [
            threading.Thread(target=self._work, args=(waiting,), name=f"till-{lane}", daemon=True)
            for lane, waiting in self._lanes.items()
        ]
        for thread in self._threads:
            thread.start()

    def run(
        self,
        work: Callable[[], Result],
        then: Callable[[Result], None],
        failed: Callable[[CounterfoilError], None],
        *,
        lane: Lane = "journal",
    ) -> None:
        def call() -> None:
            try:
                result = work()
            except CounterfoilError as error:
                refusal = error
                self._post(lambda: failed(refusal))
            except Exception as fault:  # a fault of ours must reach the screen's thread, not die with a worker
                ours = fault
                self._post(lambda: _raise(ours))
            else:
                self._post(lambda: then(result))

        self._lanes[lane].put(call)

    def post(self, call: Call) -> None:
        self._post(call)

    def stop(self, wait_s: float = 5.0) -> None:
        """Finish what waits and end the threads, each within `wait_s`."""
        for waiting in self._lanes.values():
            waiting.put(None)
        for thread in self._threads:
            thread.join(wait_s)

    @staticmethod
    def _work(waiting: "queue.Queue[Call | None]") -> None:
        while (call := waiting.get()) is not None:
            call()


def _raise(fault: Exception) -> None:
    raise fault
