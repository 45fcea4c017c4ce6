"""The drawer, as the printer that it hangs on sees it: is it shut again? Only a wired sensor knows."""

import time

from hardware.ports import Known, Printer

LOOK_MS = 500


def wait_closed(printer: Printer, wait_ms: int, look_ms: int = LOOK_MS) -> Known:
    """Wait until the drawer is shut; call it from a worker.

    Returns "yes" as soon as it is shut, "no" when it still stands open at the deadline, and "unknown" at once where
    there is no sensor (the printer's `drawer=` is not set) or the printer does not answer.
    """
    deadline = time.monotonic() + wait_ms / 1000
    while (is_open := printer.status().drawer_open) == "yes":
        rest_s = deadline - time.monotonic()
        if rest_s <= 0:
            return "no"
        time.sleep(min(look_ms / 1000, rest_s))
    return "yes" if is_open == "no" else "unknown"
