"""Quick keys that were edited at a till: the page is the store's from now on, at every till of it."""

from schema.catalogue import QuickKey, QuickKeyPage
from schema.events import QuickKeysChanged
from server.catalogue.store_rows import put_quick_key_page
from server.db import Connection


def change(connection: Connection, store: str, changed: QuickKeysChanged) -> None:
    """Put a page in place of the one of its name; without keys it is taken away."""
    keys = tuple(QuickKey(article=article, label=label) for article, label in changed.keys)
    put_quick_key_page(connection, store, QuickKeyPage(name=changed.name, position=changed.position, keys=keys))
