"""Questions to the agent that need an answer now: its state, and "sync now". Loopback only, two seconds at most.

No answer means offline; a sale never waits for one. Called from a worker thread only.
"""

import http.client
from pathlib import Path

import msgspec

from schema.device import AGENT, AgentAddress
from schema.errors import Unready

DEADLINE_S = 2.0
REPLY_BYTES_MAX = 64 * 1024


class AgentLink:
    """The agent's loopback endpoint, found anew at every question: the agent may have been restarted."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / AGENT

    def status(self) -> dict[str, object]:
        """Ask how the agent fares. Raises Unready("agent_silent")."""
        return self._ask("GET", "/status")

    def sync_now(self) -> dict[str, object]:
        """Ask the agent to send and fetch now; it answers at once. Raises Unready("agent_silent")."""
        return self._ask("POST", "/sync")

    def _ask(self, method: str, path: str) -> dict[str, object]:
        try:
            address = msgspec.json.decode(self._path.read_bytes(), type=AgentAddress)
            connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=DEADLINE_S)
            try:
                connection.request(method, path, headers={"Authorization": f"Bearer {address.token}"})
                reply = connection.getresponse()
                body = reply.read(REPLY_BYTES_MAX)
            finally:
                connection.close()
        except (OSError, http.client.HTTPException, msgspec.DecodeError) as error:
            raise _silent() from error
        if reply.status >= 300:
            raise _silent()
        try:
            return msgspec.json.decode(body, type=dict[str, object]) if body else {}
        except msgspec.DecodeError as error:
            raise _silent() from error


def _silent() -> Unready:
    return Unready(
        "agent_silent",
        "The till's agent does not answer, so nothing can be sent or fetched now. Sales go on and are kept; "
        "start the agent, or restart the till's computer.",
    )
