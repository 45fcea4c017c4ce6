"""The window's way to its own thread, for runners: importing this imports nothing of Kivy."""

from collections.abc import Callable


def post(call: Callable[[], None]) -> None:
    """Call something on the window's thread with its next frame. Safe from any thread."""
    from kivy.clock import Clock

    Clock.schedule_once(lambda _seconds: call())
