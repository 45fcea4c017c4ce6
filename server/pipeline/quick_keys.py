"""Quick keys that were edited at a till: the page is the store's from now on, at every till of it."""

import msgspec

from schema.catalogue import QuickKey, QuickKeyPage
from schema.events import QuickKeysChanged
from server.catalogue.store_rows import put_quick_keys
from server.db import Connection

_PAGES = "SELECT body FROM quick_keys WHERE store = ? ORDER BY name"


def change(connection: Connection, store: str, changed: QuickKeysChanged) -> None:
    """Put a page in place of the one of its name; without keys it is taken away."""
    found = connection.rows(_PAGES, (store,))
    pages = [msgspec.json.decode(body, type=QuickKeyPage) for (body,) in found]
    others = [page for page in pages if page.name != changed.name]
    put_quick_keys(connection, store, [*others, _page(changed)] if changed.keys else others)


def _page(changed: QuickKeysChanged) -> QuickKeyPage:
    keys = tuple(QuickKey(article=article, label=label) for article, label in changed.keys)
    return QuickKeyPage(name=changed.name, position=changed.position, keys=keys)
