"""One agent per data folder: a lock that the operating system lets go of when its holder dies, however it dies."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.config import LOCK
from schema.errors import Refused
from schema.file_lock import hold


@contextmanager
def only_agent(folder: Path) -> Iterator[None]:
    """Hold the folder's lock. Raises Refused("agent_runs") while another agent holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not hold(handle):
            raise Refused(
                "agent_runs",
                f"An agent already works in {folder}; two would fetch and send everything twice. It syncs by itself; "
                "to do it by hand, stop the other one first (for example “systemctl stop counterfoil-agent”).",
            )
        yield
    finally:
        os.close(handle)
