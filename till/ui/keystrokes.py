"""Tells a scanner's typing from a person's. Pure: the clock and the frame number are handed in.

The toolkit hands over keys when a frame is done, not when they were struck, so a slow frame in the middle of a scan
looks like a pause. A pause counts only if idle frames were drawn during it.
"""

PAUSE_S = 0.09
IDLE_FRAMES = 3
SCAN_LENGTH_MIN = 4
HELD_MAX = 4096


class Typing:
    """Holds characters back until it is clear who typed them."""

    def __init__(self) -> None:
        self.held = ""
        self._last_s = 0.0
        self._frame = 0

    def feed(self, character: str, now_s: float, frame: int) -> None:
        """Take one character. More than any barcode holds is dropped from the front."""
        self.held = (self.held + character)[-HELD_MAX:]
        self._last_s, self._frame = now_s, frame

    def paused(self, now_s: float, frame: int) -> str:
        """Return, and forget, what was held back if nobody has typed on since: a person typed it."""
        if not self.held or not self._is_pause(now_s, frame):
            return ""
        typed, self.held = self.held, ""
        return typed

    def enter(self, now_s: float, frame: int) -> str | None:
        """End the line: return the scan, or None where a person typed it. Forgets what was held back."""
        held, self.held = self.held, ""
        is_scan = len(held) >= SCAN_LENGTH_MIN and not self._is_pause(now_s, frame)
        return held if is_scan else None

    def _is_pause(self, now_s: float, frame: int) -> bool:
        return now_s - self._last_s > PAUSE_S and frame - self._frame >= IDLE_FRAMES
