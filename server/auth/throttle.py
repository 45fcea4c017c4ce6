"""Slow down whoever guesses: after a few wrong tries a key (a name, an address) must wait.

Kept in this process's memory and bounded; several processes multiply the tries by their number, which a password's
or a code's strength must bear anyhow.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable

from schema.errors import Refused

TRIES_MAX = 5
WAIT_MS = 60_000
KEYS_MAX = 10_000


class Throttle:
    """Counts wrong tries per key within `WAIT_MS`."""

    def __init__(self, tries_max: int = TRIES_MAX, wait_ms: int = WAIT_MS) -> None:
        self._tries_max = tries_max
        self._wait_ms = wait_ms
        self._lock = threading.Lock()
        self._wrong: OrderedDict[str, list[int]] = OrderedDict()

    def check(self, keys: Iterable[str], now_ms: int) -> None:
        """Raise Refused("too_many_tries") where one of the keys has to wait."""
        with self._lock:
            waits = [self._wait_left(key, now_ms) for key in keys]
        if max(waits, default=0) > 0:
            seconds = -(-max(waits) // 1000)
            raise Refused("too_many_tries", f"Too many wrong tries. Wait {seconds} seconds and try again.")

    def wrong(self, keys: Iterable[str], now_ms: int) -> None:
        """Note a wrong try."""
        with self._lock:
            for key in keys:
                self._wrong[key] = [*self._recent(key, now_ms), now_ms][-self._tries_max :]
                self._wrong.move_to_end(key)
            while len(self._wrong) > KEYS_MAX:
                self._wrong.popitem(last=False)

    def right(self, keys: Iterable[str]) -> None:
        """Forget the wrong tries of keys that were right."""
        with self._lock:
            for key in keys:
                self._wrong.pop(key, None)

    def _recent(self, key: str, now_ms: int) -> list[int]:
        return [at_ms for at_ms in self._wrong.get(key, ()) if now_ms - at_ms < self._wait_ms]

    def _wait_left(self, key: str, now_ms: int) -> int:
        recent = self._recent(key, now_ms)
        return recent[0] + self._wait_ms - now_ms if len(recent) >= self._tries_max else 0
