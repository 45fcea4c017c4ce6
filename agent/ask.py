"""`sync-once` where an agent runs already: ask that one to hurry, and wait until nothing waits any more.

Two agents on one folder would fence each other; the running one holds the lock, so the work is its to do.
"""

import http.client
import time
from pathlib import Path

import msgspec

from agent.report import Status, read_status
from agent.service import Synced
from schema.device import AGENT, AgentAddress
from schema.errors import Unready

QUESTION_TIMEOUT_S = 2.0
WAIT_S_MAX = 60.0
LOOK_S = 0.1
# The running agent's long poll brings a change within a second; this long without one means there is none.
QUIET_S = 1.0


def sync_by_the_running_agent(folder: Path) -> Synced:
    """Let the running agent send and fetch, and wait for it.

    Raises Unready: agent_silent when it does not answer, still_waiting when it could not send all within a minute.
    """
    before = read_status(folder)
    _ask_to_hurry(folder)
    after = _settled(folder)
    return Synced(
        sent=max(after.acked_seq - before.acked_seq, 0),
        fetched=max(after.feed_cursor - before.feed_cursor, 0),
        hold=None,
    )


def _ask_to_hurry(folder: Path) -> None:
    try:
        address = msgspec.json.decode((folder / AGENT).read_bytes(), type=AgentAddress)
        connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=QUESTION_TIMEOUT_S)
        try:
            connection.request("POST", "/sync", headers={"Authorization": f"Bearer {address.token}"})
            accepted = connection.getresponse().status < 300
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, msgspec.DecodeError):
        accepted = False
    if not accepted:
        raise Unready(
            "agent_silent",
            f"An agent works in {folder} but does not answer, so nothing was sent or fetched now. What waits is kept. "
            "Try again; if this comes again, restart the agent.",
        )


def _settled(folder: Path) -> Status:
    deadline = time.monotonic() + WAIT_S_MAX
    seen, since = read_status(folder), time.monotonic()
    while time.monotonic() < deadline:
        now = read_status(folder)
        if now.feed_cursor != seen.feed_cursor or now.waiting:
            seen, since = now, time.monotonic()
        elif now.state == "online" and time.monotonic() - since >= QUIET_S:
            return now
        time.sleep(LOOK_S)
    last = read_status(folder)
    raise Unready("still_waiting", f"{last.waiting} events still wait. {last.state_text} They are kept and sent later.")
