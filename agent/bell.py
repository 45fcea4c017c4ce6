"""A bell that ends a wait early: rung when the journal grew, when a person wants a sync now, and when all ends."""

import threading


class Bell:
    """One thread waits, any thread rings. A ring while nobody waits is remembered."""

    def __init__(self) -> None:
        self._rung = threading.Event()
        self._ended = threading.Event()

    @property
    def ended(self) -> bool:
        """Tell whether the work is over."""
        return self._ended.is_set()

    def ring(self) -> None:
        """End the present wait, or else the next one."""
        self._rung.set()

    def end(self) -> None:
        """End all waits from now on."""
        self._ended.set()
        self._rung.set()

    def wait(self, seconds: float) -> bool:
        """Wait; return whether it was rung."""
        rung = self._rung.wait(seconds)
        if not self.ended:
            self._rung.clear()
        return rung

    def sleep(self, seconds: float) -> None:
        """Wait, whatever ends it."""
        self.wait(seconds)
