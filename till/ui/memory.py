"""Keeps Python's garbage collector from stopping the screen, and gives back what making a screen took.

A full collection walks every widget, rule and binding there is: measured 90 ms, in the middle of a scan. So the
collector is told to leave alone what stays for good: the program and the screens of a sale. Screens that come and go
are never among that: their widgets hold each other, so only a collection ends them, and it is short because it looks
at nothing but what is not kept. Rendering texts leaves holes that the C library keeps; glibc hands them back when
asked.
"""

import ctypes
import gc


def keep_the_program() -> None:
    """Take all that is there before the first screen out of collections: code, words, tables, no garbage."""
    gc.freeze()


def keep_what_is_there() -> None:
    """Collect once, now, and take all that is left out of later collections."""
    gc.collect()
    gc.freeze()


def keep_no_longer() -> None:
    """Let collections look at everything again: what was kept has been let go."""
    gc.unfreeze()


def clear_what_went() -> None:
    """Collect among what is not kept."""
    gc.collect()


def give_back() -> None:
    """Hand the C library's holes back to the system."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError, TypeError):
        return  # not glibc: musl gives back by itself, Windows has another way
