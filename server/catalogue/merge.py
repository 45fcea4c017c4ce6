"""Merge a customer who is there twice into the one who stays: by a person's decision, never by itself.

What was sold stays as it was: receipts and orders go on naming the number that they were made for, and the duplicate's
row says where it went. Tills see one customer from then on, with what both of them owe.
"""

from msgspec import Struct
from msgspec.structs import replace

from schema.errors import Refused
from schema.parties import Customer
from schema.text import fold
from server.catalogue import feed
from server.catalogue.people import get_customers, merged_numbers, open_items, put_customers, put_open_items
from server.db import Connection

ALIKE_MAX = 20
# What the one who stays takes from the other where it has nothing itself.
FILLED = ("name", "company", "street", "postcode", "city", "country", "email", "phone", "card_code", "group")
_ALIKE = (
    "SELECT number, name, company, postcode, city, email, phone FROM customer WHERE merged_into = '' AND number <> ? "
    "AND ((? <> '' AND LOWER(email) = LOWER(?)) OR (? <> '' AND phone = ?) OR (? <> '' AND LOWER(name) = LOWER(?)) "
    "OR (? <> '' AND LOWER(company) = LOWER(?))) ORDER BY number LIMIT ?"
)


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


def merge_customers(connection: Connection, stays: str, goes: str, now_ms: int) -> Customer:
    """Merge `goes` into `stays` and return the one who stays.

    Raises Refused("unknown_customer"), or Refused("merged") where one of them was merged before.
    """
    both = get_customers(connection, [stays, goes])
    if stays == goes or len(both) < 2:
        raise Refused("unknown_customer", "Choose two different customers who are both there.")
    before = merged_numbers(connection)
    for number in (stays, goes):
        if number in before:
            raise Refused("merged", f"Customer {number} was merged into {before[number]} already.")
    owed = open_items(connection, [stays, goes])
    kept = merged(both[stays], both[goes])
    put_customers(connection, [kept], now_ms)
    put_open_items(connection, stays, (*owed.get(stays, ()), *owed.get(goes, ())))
    connection.run("UPDATE customer SET merged_into = ?, modified_ms = ? WHERE number = ?", (stays, now_ms, goes))
    feed.put(connection, [feed.gone(feed.EVERY_STORE, "customer", goes)])
    return kept
