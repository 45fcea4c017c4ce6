"""A unit whose calls may hang (a disk, a library), behind a deadline: its calls run one by one on a thread of its own.

After a call that did not come back in time every other one is told so at once, until that call ends: a unit that is
slow costs the first sale its deadline, and the next ones nothing.
"""

import queue
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

from hardware.ports import FiscalUnit
from schema.errors import CounterfoilError, Unready, Unsure
from schema.fiscal import FiscalFinish, FiscalSignature, FiscalStart, FiscalStarted, FiscalStatus

T = TypeVar("T")


class BoundedUnit:
    """A fiscal unit that answers within its deadline, one way or the other."""

    def __init__(self, unit: FiscalUnit, deadline_s: float) -> None:
        self._unit, self._deadline_s = unit, deadline_s
        self._calls: queue.SimpleQueue[_Call[Any]] = queue.SimpleQueue()
        self._turn = threading.Lock()
        self._pending: _Call[Any] | None = None
        self._worker: threading.Thread | None = None

    def start(self, transaction: FiscalStart) -> FiscalStarted:
        """Open a transaction within the deadline."""
        return self._within(lambda: self._unit.start(transaction))

    def finish(self, transaction: FiscalFinish) -> FiscalSignature:
        """Sign a transaction within the deadline."""
        return self._within(lambda: self._unit.finish(transaction))

    def status(self) -> FiscalStatus:
        """Ask the unit; one that hangs is told as trouble."""
        try:
            return self._within(self._unit.status)
        except CounterfoilError as error:
            return FiscalStatus(trouble=error.message, trouble_code=error.code)

    def _within(self, step: Callable[[], T]) -> T:
        call = _Call(step)
        with self._turn:
            if self._pending is not None and not self._pending.is_over:
                raise Unready("fiscal_busy", "The fiscal unit is still at its last task. Sales go on without it.")
            self._pending = call
            self._started()
            self._calls.put(call)
            return call.result_within(self._deadline_s)

    def _started(self) -> None:
        if self._worker is None:
            self._worker = threading.Thread(target=self._work, name="fiscal", daemon=True)
            self._worker.start()

    def _work(self) -> None:
        while True:
            self._calls.get().run()


class _Call(Generic[T]):
    """One call on its way: run by the unit's thread, waited for by another."""

    def __init__(self, step: Callable[[], T]) -> None:
        self._step = step
        self._over = threading.Event()
        self._result: T | None = None
        self._error: BaseException | None = None

    @property
    def is_over(self) -> bool:
        return self._over.is_set()

    def run(self) -> None:
        try:
            self._result = self._step()
        except BaseException as error:  # it belongs to the caller, not to this thread
            self._error = error
        self._over.set()

    def result_within(self, seconds: float) -> T:
        if not self._over.wait(seconds):
            raise Unsure("fiscal_slow", f"The fiscal unit did not answer within {seconds:g} seconds.")
        if self._error is not None:
            raise self._error
        return cast(T, self._result)
