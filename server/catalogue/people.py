"""Cashiers (per store) and customers (for every store), with their feed rows.

A cashier's PIN is kept as an Argon2id hash only. Its cost is chosen for the till that checks it: a Raspberry Pi needs
about a third of a second with 19 MiB and two passes (OWASP's second choice), and five wrong PINs lock the name.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from argon2 import PasswordHasher
from msgspec.structs import replace

from schema.errors import Refused
from schema.parties import Cashier, Customer, OpenItem
from server.catalogue import feed
from server.db import Connection

PIN = re.compile(r"\d{4,8}", re.ASCII)
PIN_MEMORY_KIB = 19_456
PIN_PASSES = 2
# Struct's names; the table's are the same but for the group.
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
    "group",
    "credit_limit_minor",
    "payment_days",
)
_COLUMNS = tuple("group_name" if name == "group" else name for name in _CUSTOMER)
_NUMBERS_AT_ONCE = 500
# The lock that a merge holds alone and everybody who writes down what a customer did holds with others.
MERGES = "counterfoil merges"
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM customer"
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
    """Add or change customers; return how many differ from before. Their open items stay as the feed has them."""
    owed = open_items(connection, [each.number for each in customers])
    owing = [replace(each, open_items=owed.get(each.number, ())) for each in customers]
    changed = feed.put(connection, [feed.present(feed.EVERY_STORE, customer) for customer in owing])
    rows = [(*(getattr(each, name) for name in _CUSTOMER), now_ms) for each in customers if each.number in changed]
    connection.copy_rows("customer", (*_COLUMNS, "modified_ms"), rows, _replace((*_COLUMNS, "modified_ms"), keys=1))
    return len(changed)


def get_customer(connection: Connection, number: str) -> Customer | None:
    """Return a customer as the tills see one, open items included, or None; a merged one is still found."""
    return get_customers(connection, [number]).get(number)


def get_customers(connection: Connection, numbers: Sequence[str]) -> dict[str, Customer]:
    """Return the customers that are there, by number."""
    owed = open_items(connection, numbers)
    found: dict[str, Customer] = {}
    for start in range(0, len(numbers), _NUMBERS_AT_ONCE):
        part = numbers[start : start + _NUMBERS_AT_ONCE]
        for row in connection.rows(f"{_SELECT} WHERE number IN ({', '.join('?' * len(part))})", part):
            facts: dict[str, Any] = dict(zip(_CUSTOMER, row, strict=True))
            found[row[0]] = Customer(**facts, open_items=owed.get(row[0], ()))
    return found


def open_items(connection: Connection, numbers: Sequence[str]) -> dict[str, tuple[OpenItem, ...]]:
    """Return what some customers owe, as it was last fed."""
    bodies = feed.bodies_of(connection, feed.EVERY_STORE, "customer", numbers)
    return {number: msgspec.json.decode(body, type=Customer).open_items for number, body in bodies.items()}


def put_open_items(connection: Connection, number: str, items: Sequence[OpenItem]) -> None:
    """Feed what a customer owes now; nothing happens for an unknown or merged one."""
    for body in feed.bodies_of(connection, feed.EVERY_STORE, "customer", [number]).values():
        customer = replace(msgspec.json.decode(body, type=Customer), open_items=tuple(items))
        feed.put(connection, [feed.present(feed.EVERY_STORE, customer)])


def merged_numbers(connection: Connection) -> dict[str, str]:
    """Return the duplicates and the customer that each was merged into."""
    return dict(connection.rows("SELECT number, into_number FROM customer_merge"))


def duplicates_of(connection: Connection, number: str) -> list[str]:
    """Return the numbers of those who were merged into a customer."""
    rows = connection.rows("SELECT number FROM customer_merge WHERE into_number = ? ORDER BY number", (number,))
    return [duplicate for (duplicate,) in rows]


def survivors(connection: Connection, numbers: Iterable[str]) -> dict[str, str]:
    """Return duplicate → who stands for it, for those of some numbers that were merged away."""
    wanted = sorted({number for number in numbers if number})
    if not wanted:
        return {}
    sql = f"SELECT number, into_number FROM customer_merge WHERE number IN ({', '.join('?' * len(wanted))})"
    return dict(connection.rows(sql, wanted))


def held_survivors(connection: Connection, numbers: Iterable[str]) -> dict[str, str]:
    """Return what `survivors` does, and let nobody be merged until the transaction ends.

    So what is written under these numbers is either written under the one who stays, or found by the merge. Ask before
    other locks are taken.
    """
    wanted = [number for number in numbers if number]
    if wanted:
        connection.lock(MERGES, shared=True)
    return survivors(connection, wanted)


def _replace(columns: Sequence[str], keys: int) -> str:
    names = ", ".join(columns[:keys])
    return f"ON CONFLICT ({names}) DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in columns[keys:])
