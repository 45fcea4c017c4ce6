"""Instants as a person at the till reads them: local time of day, local day, in a language's own form."""

from datetime import UTC, datetime

from schema.clock import Clock
from schema.locale import instant_text

MINUTE_MS = 60_000


def local(at_ms: int, clock: Clock) -> datetime:
    """Return an instant as the clock on the shop's wall shows it, without a time zone."""
    return datetime.fromtimestamp(at_ms / 1000 + clock.utc_offset_min() * 60, UTC).replace(tzinfo=None)


def clock_time(at_ms: int, clock: Clock, language: str) -> str:
    """Return "09:12"; of another day with its date: "20.11.2026 09:12"."""
    at, now = local(at_ms, clock), local(clock.now_ms(), clock)
    return f"{at:%H:%M}" if at.date() == now.date() else instant_text(at, language)


def stamp(at_ms: int, clock: Clock, language: str) -> str:
    """Return day and time for paper: "20.11.2026 09:12:30"."""
    return instant_text(local(at_ms, clock), language, seconds=True)
