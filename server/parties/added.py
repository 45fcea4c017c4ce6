"""Customers who were written down at a till: head office knows them from now on, and so does every till.

Nobody is merged by a program. A number that another customer has already is a matter for a person.
"""

from msgspec import Struct

from schema.errors import Sentence
from schema.events import CustomerAdded
from schema.parties import Customer
from server.catalogue.people import put_customers
from server.db import Connection
from server.kept import kept
from server.parties import tables
from server.parties.account import publish
from server.parties.rules import NUMBER_CLASH
from server.pipeline.worklist import Matter, raise_matters

_CLASH = kept(
    "Till {till} wrote down customer {number} ({typed}), but the number is taken. The first one stays; give the other "
    "a number of its own."
)


class Added(Struct, frozen=True, kw_only=True):
    """A customer from a till, and where it comes from."""

    body: CustomerAdded
    event_id: str
    store: str
    till_id: str
    day: str
    recorded_ms: int


def add(connection: Connection, added: Added, now_ms: int) -> None:
    """Store a till's new customer, or raise what is wrong with it on the worklist."""
    body = added.body
    is_taken = tables.customer_is_there(connection, body.number)
    where = (added.store, added.till_id, added.day)
    row = (added.event_id, body.number, *where, body.cashier, added.recorded_ms, int(not is_taken))
    tables.add_customer_source(connection, row)
    if is_taken:
        raise_matters(connection, [_clash(added)], now_ms)
        return
    put_customers(connection, [_customer(body)], now_ms)
    publish(connection, [body.number], now_ms)


def _customer(body: CustomerAdded) -> Customer:
    return Customer(
        number=body.number,
        name=body.name,
        company=body.company,
        street=body.street,
        postcode=body.postcode,
        city=body.city,
        country=body.country,
        email=body.email,
        phone=body.phone,
        card_code=body.card_code,
    )


def _clash(added: Added) -> Matter:
    body = added.body
    typed = ", ".join(part for part in (body.name, body.company, body.street, body.city, body.phone) if part)
    return Matter(
        kind=NUMBER_CLASH,
        subject=body.number,
        detail=Sentence(_CLASH, till=added.till_id, number=body.number, typed=typed),
        amount_minor=0,
        source=body.number,
    )
