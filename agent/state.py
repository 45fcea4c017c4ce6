"""What the agent tells of itself: one state and its reason in `mirror.db`, for the till to show (schema.mirror_file).

Forwarding and fetching each report; the graver of the two is what stands in the file. Written only when it changes,
and the last contact at most every `CONTACT_EVERY_MS`: a flash card has a life to lose.
"""

import logging
import threading

from msgspec import Struct

from agent.link import Postponed, ServerClock
from agent.mirror import Mirror
from schema.clock import Clock
from schema.errors import CounterfoilError
from schema.mirror_file import CLOCK_SKEW_MS, LAST_CONTACT_MS, LAST_FETCH_MS, STATE, STATE_TEXT

CONTACT_EVERY_MS = 10_000
# In `sync`, the agent's own: the boot (of the machine) within which head office last answered.
CONTACT_BOOT = "contact_boot"
# From harmless to grave.
GRAVITY = ("online", "refused", "offline", "portal", "frozen", "rolled_back", "revoked")
log = logging.getLogger("counterfoil.agent")


class Report(Struct, frozen=True, kw_only=True):
    """A state with its reason in plain words, empty where there is nothing to say."""

    state: str
    text: str = ""


class Board:
    """Where both halves of the agent report. Threads may share it."""

    def __init__(self, mirror: Mirror, clock: Clock, server_clock: ServerClock) -> None:
        self._mirror = mirror
        self._clock = clock
        self._server_clock = server_clock
        self._lock = threading.Lock()
        self._reports: dict[str, Report] = {}
        self._written: Report | None = None
        self._contact_ms: int | None = None

    def report(self, part: str, state: str, text: str = "") -> None:
        """Say how a part ("upload" or "feed") fares."""
        with self._lock:
            self._reports[part] = Report(state=state, text=text)
            worst = worst_of(list(self._reports.values()))
            if worst == self._written:
                return
            self._written = worst
        log.info("%s%s", worst.state, f": {worst.text}" if worst.text else "")
        self._put({STATE: worst.state, STATE_TEXT: worst.text})

    def contact(self, *, fetched: bool = False) -> None:
        """Say that head office has just given a proven answer."""
        now_ms = self._clock.monotonic_ms()
        with self._lock:
            if self._contact_ms is not None and now_ms - self._contact_ms < CONTACT_EVERY_MS and not fetched:
                return
            self._contact_ms = now_ms
        values = {LAST_CONTACT_MS: str(self._clock.now_ms()), CONTACT_BOOT: self._clock.boot_id()}
        if fetched:
            values[LAST_FETCH_MS] = values[LAST_CONTACT_MS]
        skew_ms = self._server_clock.skew_ms()
        if skew_ms is not None:
            values[CLOCK_SKEW_MS] = str(skew_ms)
        self._put(values)

    def _put(self, values: dict[str, str]) -> None:
        try:
            self._mirror.put_values(values)
        except CounterfoilError as error:
            # A full disk must not stop what the state is about: sales still go up.
            log.warning("%s", error.message)


def worst_of(reports: list[Report]) -> Report:
    """Return the gravest of some reports."""
    return max(reports, key=lambda report: GRAVITY.index(report.state))


def state_of(error: CounterfoilError) -> str:
    """Return the state that an error puts its part in."""
    if error.code == "portal":
        return "portal"
    return "offline" if isinstance(error, Postponed) else "refused"
