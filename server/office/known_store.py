"""The store that a page is about."""

from schema.catalogue import StoreSettings
from server.catalogue.store_rows import store_settings
from server.db import Connection
from server.office.visit import Visit, there


def known_store(visit: Visit, connection: Connection, code: str) -> StoreSettings:
    """Return a store's settings. Raises Refused("not_found")."""
    return there(store_settings(connection, code), no_store(visit, code))


def no_store(visit: Visit, code: str) -> str:
    """Return the words for a store that is not there."""
    return visit.words("There is no store {store}.", store=code[:20])
