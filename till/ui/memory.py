"""Keeps Python's garbage collector from stopping the screen, and gives back what making a screen took.

A full collection walks every widget, rule and binding there is: measured 90 ms, in the middle of a scan. So after a
screen is made the collector is told to leave what there is alone; when one has been let go it looks at everything once
more in the next pause, because a screen's widgets hold each other. Rendering texts leaves holes that the C library
keeps; glibc hands them back when asked.
"""

import ctypes
import gc


def keep_what_is_there() -> None:
    """Collect once, now, and take all that is left out of later collections."""
    gc.collect()
    gc.freeze()
    _give_back()


def clear_what_went() -> None:
    """Collect among all that was kept. It takes as long as a full collection: call it while nobody waits."""
    gc.unfreeze()
    keep_what_is_there()


def _give_back() -> None:
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError, TypeError):
        return  # not glibc: musl gives back by itself, Windows has another way
