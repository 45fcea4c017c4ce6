"""How a program without a window waits for its end: SIGTERM from the system, Ctrl-C from a person.

The handler only notes the signal. It may run between any two instructions of the main thread; setting an event or
ringing a bell there can meet a lock that the same thread holds, and hang for ever.
"""

import signal
import time

LOOK_S = 0.1


class Ending:
    """Listens from the moment it is made; make it before the program's threads start."""

    def __init__(self) -> None:
        self._told: list[int] = []
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda told, _: self._told.append(told))

    def wait(self) -> None:
        """Come back when the program is told to end."""
        while not self._told:
            time.sleep(LOOK_S)
