"""A store's cashiers: added, changed, locked, given a new PIN; each with its feed row, so that tills follow.

A store that has a store manager keeps one: without any, nobody could change the settings and quick keys at its tills,
and nobody would notice before the day that it matters.
"""

import re
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from schema.errors import Refused
from schema.parties import RIGHTS, Cashier
from server.catalogue.people import put_cashiers
from server.catalogue.rules import needed, shown_text
from server.db import Connection

CASHIERS_MAX = 1000
NAME_LENGTH_MAX = 80
MANAGER = "store_manager"
NUMBER = re.compile(r"[0-9A-Za-z]{1,10}", re.ASCII)
_SELECT = "SELECT number, name, role, pin_hash, active, language FROM cashier WHERE store = ?"


def cashiers(connection: Connection, store: str) -> list[Cashier]:
    """Return a store's cashiers, locked ones too, by number, at most `CASHIERS_MAX`."""
    rows = connection.rows(f"{_SELECT} ORDER BY LENGTH(number), number LIMIT ?", (store, CASHIERS_MAX))
    return [_cashier(row) for row in rows]


def cashier(connection: Connection, store: str, number: str) -> Cashier | None:
    """Return one cashier, or None."""
    row = connection.row(f"{_SELECT} AND number = ?", (store, number))
    return _cashier(row) if row else None


def _cashier(row: tuple[Any, ...]) -> Cashier:
    facts = dict(zip(("number", "name", "role", "pin_hash", "active", "language"), row, strict=True))
    return Cashier(**{**facts, "active": bool(facts["active"])})


def hold(connection: Connection, store: str) -> None:
    """Keep a store's cashiers as they are for everybody else until the transaction ends.

    Ask before reading what is to be changed. Raises Refused("unknown_store").
    """
    if connection.row("SELECT 1 FROM store WHERE code = ?" + connection.for_update, (store,)) is None:
        raise Refused("unknown_store", f"There is no store {store}. Add it first.")


def put_cashier(connection: Connection, store: str, one: Cashier) -> None:
    """Add or change a cashier of a store that is there.

    Raises Refused("unknown_store"), Refused("bad_number"), Refused("bad_name"), Refused("bad_role"), and
    Refused("last_manager") where the store would be left without a store manager.
    """
    hold(connection, store)
    put_cashiers(connection, store, [_checked(connection, store, one)])


def _checked(connection: Connection, store: str, one: Cashier) -> Cashier:
    if not NUMBER.fullmatch(one.number):
        raise Refused("bad_number", "A cashier's number has 1 to 10 digits or letters.")
    if one.role not in RIGHTS:
        raise Refused("bad_role", f"“{one.role}” is no role. There are: {', '.join(RIGHTS)}.")
    keep_manager(connection, store, one)
    return replace(one, name=needed(shown_text(one.name), "name", NAME_LENGTH_MAX))


def keep_manager(connection: Connection, store: str, one: Cashier) -> None:
    """Raise Refused("last_manager") where a cashier as wanted leaves a store without a store manager."""
    if last_manager(cashiers(connection, store)) == one.number and not _manages(one):
        raise Refused(
            "last_manager",
            f"{one.name} is the last store manager of store {store} who can sign in: without one, nobody could change "
            "settings and quick keys at its tills. Make somebody else a store manager first.",
        )


def last_manager(found: Sequence[Cashier]) -> str:
    """Return the number of the only one among a store's cashiers who manages it, or nothing."""
    managers = [one.number for one in found if _manages(one)]
    return managers[0] if len(managers) == 1 else ""


def _manages(one: Cashier) -> bool:
    return one.active and one.role == MANAGER
