"""Time and identity, handed in wherever they are needed so that tests and the simulator own them.

Order never comes from a clock: it comes from a stream's sequence number. The clock only says when a person
thinks it was. `boot_id` with `monotonic_ms` lets head office place an event even where the wall clock was wrong.
"""

import os
import time
import uuid
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol

QUARTER_S = 15 * 60
BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")


class Clock(Protocol):
    """What the programs know of time. All instants are milliseconds."""

    def now_ms(self) -> int:
        """Wall clock, UTC, since 1970."""

    def utc_offset_min(self) -> int:
        """Local time minus UTC, in minutes."""

    def monotonic_ms(self) -> int:
        """Since some moment of this boot; never goes back."""

    def boot_id(self) -> str:
        """Changes with every start of the machine."""


class SystemClock:
    """The machine's own clocks."""

    def __init__(self) -> None:
        self._boot_id = _read_boot_id()
        self._offset_quarter = -1
        self._offset_min = 0

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def utc_offset_min(self) -> int:
        # Asked for every event, and changed only at quarters of an hour: no zone begins or ends summer time between.
        quarter = int(time.time()) // QUARTER_S
        if quarter != self._offset_quarter:
            self._offset_quarter, self._offset_min = quarter, time.localtime().tm_gmtoff // 60
        return self._offset_min

    def monotonic_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000

    def boot_id(self) -> str:
        return self._boot_id


def _read_boot_id() -> str:
    try:
        return BOOT_ID_FILE.read_text().strip()
    except OSError:
        # Windows and macOS have no such file; a fresh id per program start is the honest answer there.
        return str(uuid.uuid4())


def uuid7(now_ms: int, entropy: bytes) -> str:
    """Make a UUIDv7 (RFC 9562 §5.7) from a wall clock and 10 random bytes.

    Raises ValueError when there is too little entropy.
    """
    if len(entropy) < 10:
        raise ValueError("uuid7 needs 10 bytes of entropy")
    # Written digit by digit: on the path of every sale, and uuid.UUID takes several times as long.
    time_digits = f"{now_ms & (2**48 - 1):012x}"
    rest = entropy[:10].hex()
    variant = "89ab"[entropy[2] >> 6]
    return f"{time_digits[:8]}-{time_digits[8:]}-7{rest[1:4]}-{variant}{rest[5:8]}-{rest[8:20]}"


def new_id(clock: Clock) -> str:
    """Make a UUIDv7 from this clock and the system's entropy."""
    return uuid7(clock.now_ms(), os.urandom(10))


def local_day(now_ms: int, utc_offset_min: int) -> date:
    """Return the calendar day that a wall on the spot shows."""
    return datetime.fromtimestamp(now_ms / 1000 + utc_offset_min * 60, UTC).date()


def iso_utc(at_ms: int) -> str:
    """Write an instant as ISO 8601 in UTC with milliseconds."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
