"""What can be set for an agent; all has a sensible default."""

from pathlib import Path

from msgspec import Struct

from agent.link import Limits

LOCK = "agent.lock"
RETIRED = "retired"


class Config(Struct, frozen=True, kw_only=True):
    """Where an agent's files lie and how patient it is."""

    folder: Path
    # How often the journal is looked at for something new.
    watch_ms: int = 500
    # A pause of at most this before the first request of a machine that has just started (protocol §2).
    spread_ms: int = 60_000
    limits: Limits = Limits()
    # An own certificate authority for head office; empty: the public ones.
    ca_file: str = ""
    allow_mass_delete: bool = False
