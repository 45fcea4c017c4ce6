"""Instants as a person at the till reads them: local time of day, local day."""

from datetime import UTC, datetime

from schema.clock import Clock, local_day

MINUTE_MS = 60_000


def clock_time(at_ms: int, clock: Clock) -> str:
    """Return "09:12"; of another day with its date: "2026-11-20 09:12"."""
    offset_min = clock.utc_offset_min()
    local = datetime.fromtimestamp(at_ms / 1000 + offset_min * 60, UTC)
    today = local_day(clock.now_ms(), offset_min)
    return f"{local:%H:%M}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"


def stamp(at_ms: int, clock: Clock) -> str:
    """Return day and time for paper: "2026-11-20 09:12:30"."""
    return f"{datetime.fromtimestamp(at_ms / 1000 + clock.utc_offset_min() * 60, UTC):%Y-%m-%d %H:%M:%S}"
