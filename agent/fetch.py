"""From head office to the mirror: the feed, page by page, by a long poll once all is there (protocol §4).

A mirror without a cursor, a cursor that is too old (410), another timeline, or kinds of rows that only a newer version
understands lead to a full fetch, which is gathered beside the mirror and swapped in whole.
"""

from collections.abc import Callable

import msgspec

from agent.link import Answer, HeadOffice, Postponed
from agent.mirror import UNKNOWN_KINDS, Applied, Mirror
from agent.state import Board
from schema.catalogue import FEED_KINDS
from schema.errors import Unready
from schema.messages import FEED_PAGE_MAX, FEED_WAIT_S_MAX, FeedPage
from schema.mirror_file import FEED_CURSOR, TIMELINE

FEED_PATH = "/api/v1/feed"
_PAGE = msgspec.json.Decoder(FeedPage)


class Fetcher:
    """Fetches one store's feed. Used by one thread."""

    def __init__(
        self,
        *,
        mirror: Mirror,
        link: HeadOffice,
        board: Board,
        on_timeline: Callable[[], None],
        allow_mass_delete: bool = False,
    ) -> None:
        self._mirror = mirror
        self._link = link
        self._board = board
        self._on_timeline = on_timeline
        self._allow_mass_delete = allow_mass_delete
        self._patience_s = FEED_WAIT_S_MAX
        self._full = bool(FEED_KINDS.keys() & set(mirror.values().get(UNKNOWN_KINDS, "").split()))

    def once(self, wait_s: int = FEED_WAIT_S_MAX) -> Applied:
        """Fetch and apply one page, waiting up to `wait_s` for a change.

        Raises Unready (not reached), Refused (the page does not hold, or head office says no): nothing has changed.
        """
        values = self._mirror.values()
        if self._full or FEED_CURSOR not in values:
            return self._fetch_full()
        cursor = int(values[FEED_CURSOR])
        try:
            page = self._patient_page(cursor, wait_s)
        except Answer as answer:
            if answer.status != 410:
                raise
            return self._begin_full(cursor)
        if page.timeline != values.get(TIMELINE):
            # Head office was restored: its revisions may mean something else now, and it may lack events of ours.
            self._on_timeline()
            return self._begin_full(cursor)
        return self._told(self._mirror.apply(page, cursor, allow_mass_delete=self._allow_mass_delete))

    def _begin_full(self, cursor: int) -> Applied:
        self._full = True
        return Applied(changes=0, cursor=cursor, more=True)

    def _fetch_full(self) -> Applied:
        asked = self._mirror.full_cursor()
        try:
            page = self._page(asked, 0, since=self._mirror.full_since())
        except Answer as answer:
            if answer.status == 410 and asked:
                self._mirror.forget_full()
                return Applied(changes=0, cursor=0, more=True)
            raise
        applied = self._mirror.gather(page, asked, allow_mass_delete=self._allow_mass_delete)
        self._full = self._full and applied.more
        return self._told(applied)

    def _patient_page(self, cursor: int, wait_s: int) -> FeedPage:
        """Keep the question open as long as the network lets us: some drop a line that is silent for seconds."""
        patience_s = min(wait_s, self._patience_s)
        try:
            page = self._page(cursor, patience_s)
        except Postponed as error:
            if patience_s == 0:
                raise
            self._patience_s //= 2
            if error.code != "timeout":
                raise
            # Silence may be the waiting's fault alone: ask once without waiting before calling it offline.
            return self._page(cursor, 0)
        self._patience_s = min(FEED_WAIT_S_MAX, self._patience_s + 1)
        return page

    def _page(self, cursor: int, wait_s: int, since: int = 0) -> FeedPage:
        params = {"cursor": str(cursor), "limit": str(FEED_PAGE_MAX), "wait": str(wait_s)}
        if since:
            params["since"] = str(since)
        proven = self._link.get(FEED_PATH, params, wait_s)
        self._board.contact()
        try:
            return _PAGE.decode(proven.body)
        except msgspec.DecodeError as error:
            raise Unready("bad_feed", f"Head office's feed cannot be read ({error}). The old rows stay.") from error

    def _told(self, applied: Applied) -> Applied:
        if not applied.more:
            self._board.contact(fetched=applied.changes > 0)
        return applied
