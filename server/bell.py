"""A bell within one process: who waits for something new hears it at once instead of at the next look.

It carries no news, only the hint to look; correctness never depends on it (protocol §4). Threads and coroutines may
wait for the same bell, and any thread may ring it.
"""

import asyncio
import threading


class Bell:
    """Counts its rings, so that one between a look and the wait is not missed."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._rings = 0
        self._listeners: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    @property
    def rings(self) -> int:
        """Return how often it rang so far: ask before you look, and wait for more than that."""
        return self._rings

    def ring(self) -> None:
        """Wake everyone who waits."""
        with self._changed:
            self._rings += 1
            self._changed.notify_all()
            listeners = list(self._listeners)
        for loop, event in listeners:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    def wait(self, after: int, timeout_s: float) -> bool:
        """Block this thread until there were more than `after` rings; tell whether there were."""
        with self._changed:
            return self._changed.wait_for(lambda: self._rings > after, timeout_s)

    async def heard(self, after: int, timeout_s: float) -> bool:
        """Do the same in a coroutine, without a thread."""
        listener = (asyncio.get_running_loop(), asyncio.Event())
        with self._changed:
            self._listeners.add(listener)
        try:
            if self._rings <= after:
                async with asyncio.timeout(timeout_s):
                    await listener[1].wait()
        except TimeoutError:
            return False
        finally:
            with self._changed:
                self._listeners.discard(listener)
        return True
