"""Serve the feed to many waiting tills with few threads: a long poll waits as a coroutine, not in a thread.

A change in this process rings the feed's bell; one made by another process (a second API, an import on the command
line) is found by one look per process and second.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from litestar.concurrency import sync_to_thread

from schema.errors import Unready
from schema.messages import FeedPage
from server.catalogue import feed
from server.catalogue.feed import Slice
from server.db import Connection, Database

if TYPE_CHECKING:
    from server.parts import Parts

LOOK_EVERY_S = 1.0
log = logging.getLogger("counterfoil.feed")


class Totals:
    """The row counts per store as of a revision, so that not every poll counts 100,000 articles. One per process."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, dict[str, int]]] = {}

    def of(self, store: str, revision: int) -> dict[str, int] | None:
        """Return a store's counts if they are still those of this revision."""
        known = self._known.get(store)
        return known[1] if known and known[0] == revision else None

    def keep(self, store: str, revision: int, counts: dict[str, int]) -> None:
        self._known[store] = (revision, counts)


class FeedReader:
    """Reads the feed for tills, waiting where they ask it to."""

    def __init__(self, parts: "Parts") -> None:
        self._parts = parts
        self._totals = Totals()

    async def page(self, store: str, cursor: int, limit: int, wait_s: float, since: int = 0) -> FeedPage:
        """Return what is new after a cursor; with nothing new, wait for it at most `wait_s` seconds."""
        bell = self._parts.database.bell(feed.BELL)
        deadline = asyncio.get_running_loop().time() + wait_s
        while True:
            heard = bell.rings
            page = await sync_to_thread(self.read, store, cursor, limit, since)
            left_s = deadline - asyncio.get_running_loop().time()
            if page.changes or left_s <= 0 or not await bell.heard(heard, left_s):
                return page

    def read(self, store: str, cursor: int, limit: int, since: int = 0) -> FeedPage:
        """Return what is there now."""
        with self._parts.database.read() as connection:
            # Who begins with nothing has no use for the end of anything.
            ended = since if cursor else feed.last_revision(connection)
            part = feed.read_slice(connection, store, cursor, limit, ended)
            counts = {} if part.more else self._counts(connection, store, part)
        return FeedPage(
            changes=part.changes,
            cursor=part.cursor,
            newest=part.newest,
            more=part.more,
            timeline=self._parts.identity.timeline,
            server_ms=self._parts.clock.now_ms(),
            totals=counts,
        )

    def _counts(self, connection: Connection, store: str, part: Slice) -> dict[str, int]:
        known = self._totals.of(store, part.cursor)
        if known is None:
            known = feed.totals(connection, store)
            self._totals.keep(store, part.cursor, known)
        return known


@asynccontextmanager
async def watch_feed(parts: "Parts") -> AsyncIterator[None]:
    """Ring the feed's bell for changes of other processes, as long as the application runs."""
    task = asyncio.create_task(_watch(parts.database))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _watch(database: Database) -> None:
    seen = -1
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        try:
            newest = await sync_to_thread(_newest, database)
        except Unready as error:
            log.warning("the feed cannot be watched: %s", error.message)
            continue
        if newest != seen:
            database.bell(feed.BELL).ring()
        seen = newest


def _newest(database: Database) -> int:
    with database.read() as connection:
        return feed.last_revision(connection)
