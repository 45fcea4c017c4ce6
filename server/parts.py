"""What a running head office is made of. `server.assemble` puts it together; everything else is handed it."""

from dataclasses import dataclass

from schema.clock import Clock
from server.config import Config
from server.db import Database
from server.tills.identity import Identity


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The composition: one of each per process. A dataclass, since the web framework copies Structs.

    `database.bell("feed")` and `database.bell("work")` wake long polls and the worker.
    """

    config: Config
    database: Database
    clock: Clock
    identity: Identity
