"""Merge a customer who is there twice into the one who stays: by a person's decision, never by itself.

This is the customers' part, their rows and their feed: the duplicate's row stays, `customer_merge` says where it went.
What goes with it is in `server.parties.merging`.
"""

from msgspec import Struct
from msgspec.structs import replace

from schema.errors import Refused
from schema.parties import Customer
from schema.text import fold
from server.catalogue import feed
from server.catalogue.people import MERGES, get_customers, put_customers, survivors
from server.db import Connection

ALIKE_MAX = 20
# What the one who stays takes from the other where it has nothing itself.
FILLED = ("name", "company", "street", "postcode", "city", "country", "email", "phone", "card_code", "group")
_ALIKE = (
    "SELECT number, name, company, postcode, city, email, phone FROM customer WHERE number <> ? "
    "AND number NOT IN (SELECT number FROM customer_merge) "
    "AND ((? <> '' AND LOWER(email) = LOWER(?)) OR (? <> '' AND phone = ?) OR (? <> '' AND LOWER(name) = LOWER(?)) "
    "OR (? <> '' AND LOWER(company) = LOWER(?))) ORDER BY number LIMIT ?"
)

_MERGED = "INSERT INTO customer_merge (number, into_number, merged_ms) VALUES (?, ?, ?)"


class Alike(Struct, frozen=True, kw_only=True):
    """Another customer who may be the same, and what they share."""

    number: str
    name: str
    company: str
    postcode: str
    city: str
    email: str
    phone: str
    shared: tuple[str, ...]


def alike(connection: Connection, customer: Customer) -> list[Alike]:
    """Return the customers who share a name, company, e-mail or phone, most in common first, at most `ALIKE_MAX`."""
    asked = (customer.email, customer.phone, customer.name, customer.company)
    bound = [customer.number, *(each for value in asked for each in (value, value)), ALIKE_MAX]
    found = [_alike(customer, row) for row in connection.rows(_ALIKE, bound)]
    return sorted(found, key=lambda each: (-len(each.shared), each.number))


def _alike(customer: Customer, row: tuple[str, ...]) -> Alike:
    facts = dict(zip(("number", "name", "company", "postcode", "city", "email", "phone"), row, strict=True))
    shared = tuple(
        name
        for name in ("name", "company", "postcode", "city", "email", "phone")
        if facts[name] and fold(facts[name]) == fold(getattr(customer, name))
    )
    return Alike(**facts, shared=shared)


def merged(stays: Customer, goes: Customer) -> Customer:
    """Return what the one who stays becomes: its own facts, with the other's where it has none."""
    taken = {name: getattr(goes, name) for name in FILLED if not getattr(stays, name)}
    limit = max(stays.credit_limit_minor, goes.credit_limit_minor)
    return replace(stays, **taken, credit_limit_minor=limit)


class Merge(Struct, frozen=True, kw_only=True):
    """Two customers as they are before they are one, and the one who stays as it will be."""

    stays: Customer
    goes: Customer
    kept: Customer


def plan_merge(connection: Connection, stays: str, goes: str) -> Merge:
    """Return what a merge of `goes` into `stays` would make; from now on nobody else merges or names customers.

    Raises Refused("unknown_customer"), or Refused("merged") where one of them was merged before.
    """
    connection.lock(MERGES)
    both = get_customers(connection, [stays, goes])
    if stays == goes or len(both) < 2:
        raise Refused("unknown_customer", "Choose two different customers who are both there.")
    for number, into in survivors(connection, [stays, goes]).items():
        raise Refused("merged", f"Customer {number} was merged into {into} already.")
    return Merge(stays=both[stays], goes=both[goes], kept=merged(both[stays], both[goes]))


def write_merge(connection: Connection, merge: Merge, now_ms: int) -> None:
    """Keep the one who stays, and who stands for the duplicate and for all that were merged into it before."""
    stays, goes = merge.stays.number, merge.goes.number
    connection.run("UPDATE customer_merge SET into_number = ? WHERE into_number = ?", (stays, goes))
    connection.run(_MERGED, (goes, stays, now_ms))
    put_customers(connection, [merge.kept], now_ms)
    feed.put(connection, [feed.gone(feed.EVERY_STORE, "customer", goes)])
