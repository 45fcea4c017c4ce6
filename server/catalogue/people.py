"""Cashiers (per store) and customers (for every store), with their feed rows.

A cashier's PIN is kept as an Argon2id hash only. Its cost is chosen for the till that checks it: a Raspberry Pi needs
about a third of a second with 19 MiB and two passes (OWASP's second choice), and five wrong PINs lock the name.
"""

import re
from collections.abc import Sequence

from argon2 import PasswordHasher

from schema.errors import Refused
from schema.parties import Cashier, Customer
from server.catalogue import feed
from server.db import Connection

PIN = re.compile(r"\d{4,8}", re.ASCII)
PIN_MEMORY_KIB = 19_456
PIN_PASSES = 2
_CUSTOMER = (
    "number",
    "name",
    "company",
    "street",
    "postcode",
    "city",
    "country",
    "email",
    "phone",
    "card_code",
    "modified_ms",
)
_CASHIER = ("store", "number", "name", "role", "pin_hash", "active", "language")


def hash_pin(pin: str) -> str:
    """Return the Argon2id hash of a PIN of 4 to 8 digits. Raises Refused("bad_pin") for anything else."""
    if not PIN.fullmatch(pin):
        raise Refused("bad_pin", "A PIN has 4 to 8 digits.")
    return PasswordHasher(time_cost=PIN_PASSES, memory_cost=PIN_MEMORY_KIB, parallelism=1).hash(pin)


def put_cashiers(connection: Connection, store: str, cashiers: Sequence[Cashier]) -> int:
    """Add or change a store's cashiers; return how many differ from before."""
    changed = feed.put(connection, [feed.present(store, cashier) for cashier in cashiers])
    rows = [
        (store, each.number, each.name, each.role, each.pin_hash, int(each.active), each.language) for each in cashiers
    ]
    connection.copy_rows("cashier", _CASHIER, rows, _replace(_CASHIER, keys=2))
    return len(changed)


def put_customers(connection: Connection, customers: Sequence[Customer], now_ms: int) -> int:
    """Add or change customers; return how many differ from before."""
    changed = feed.put(connection, [feed.present(feed.EVERY_STORE, customer) for customer in customers])
    rows = [(*(getattr(each, name) for name in _CUSTOMER[:-1]), now_ms) for each in customers if each.number in changed]
    connection.copy_rows("customer", _CUSTOMER, rows, _replace(_CUSTOMER, keys=1))
    return len(changed)


def _replace(columns: Sequence[str], keys: int) -> str:
    names = ", ".join(columns[:keys])
    return f"ON CONFLICT ({names}) DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in columns[keys:])
