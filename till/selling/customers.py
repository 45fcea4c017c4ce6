"""Customers at the till: those of head office's mirror, and those who were written down here and are still on the way.

A customer who was added here is found at once and keeps this till's number for ever; head office may find that it
knows the person already, and merges by hand (contract of CustomerAdded).
"""

from datetime import date

import msgspec
from msgspec import Struct

from schema.events import CustomerAdded
from schema.parties import Customer, OpenItem
from schema.text import fold, without_controls
from till.journal.journal import Journal, Statement
from till.journal.tables import ADD_CUSTOMER, ADDED_CUSTOMER, ADDED_CUSTOMERS, KEEP_CUSTOMER
from till.mirror import Mirror, like_all
from till.words import RefusedInWords

FIELD_LENGTH_MAX = 80
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class NewCustomer(Struct, frozen=True, kw_only=True):
    """What a cashier types of a new customer."""

    name: str = ""
    company: str = ""
    street: str = ""
    postcode: str = ""
    city: str = ""
    country: str = ""
    email: str = ""
    phone: str = ""
    card_code: str = ""


def search_customers(text: str, limit: int, journal: Journal, mirror: Mirror) -> list[Customer]:
    """Find customers by words of their name, company, town, number or card; those added here stand first."""
    if not fold(text):
        return []
    own = [_decoded(row[0]) for row in journal.rows(ADDED_CUSTOMERS, (*like_all(text), limit))]
    theirs = mirror.customers(text, limit)
    known = {customer.number for customer in theirs}
    return [*(customer for customer in own if customer.number not in known), *theirs][:limit]


def find_customer(number: str, journal: Journal, mirror: Mirror) -> Customer:
    """Return a customer by number. Raises Refused("unknown_customer")."""
    try:
        return mirror.customer(number)
    except RefusedInWords:
        if rows := journal.rows(ADDED_CUSTOMER, (number,)):
            return _decoded(rows[0][0])
        raise


def name_of(number: str, journal: Journal, mirror: Mirror) -> str:
    """Return what a customer is called; the number itself where this till does not know whose it is."""
    try:
        customer = find_customer(number, journal, mirror)
    except RefusedInWords:
        return number
    return customer.company or customer.name


def customer_number(label: str, at_ms: int) -> str:
    """Return the number of a customer who is added at this instant: unique without asking anyone."""
    digits = ""
    while at_ms:
        at_ms, digit = divmod(at_ms, 36)
        digits = _DIGITS[digit] + digits
    return f"{label}-C-{digits}"


def added(new: NewCustomer, number: str, cashier: str) -> tuple[Customer, CustomerAdded, Statement]:
    """Return the new customer, the event, and the row by which the till finds it at once. Raises Refused."""
    clean = msgspec.convert(
        {
            name: without_controls(value).strip()[:FIELD_LENGTH_MAX]
            for name, value in msgspec.structs.asdict(new).items()
        },
        NewCustomer,
    )
    if not clean.name and not clean.company:
        raise RefusedInWords("bad_text", "A customer needs a name or a company.")
    if clean.email and not _is_address(clean.email):
        raise RefusedInWords("bad_text", "“{email}” is no e-mail address.", email=clean.email)
    fields = msgspec.structs.asdict(clean)
    customer = Customer(number=number, **fields)
    return customer, CustomerAdded(number=number, cashier=cashier, **fields), (ADD_CUSTOMER, _row(customer))


def kept(customer: Customer) -> Statement:
    """Return the row by which a customer whom head office named is known here from now on."""
    return KEEP_CUSTOMER, _row(customer)


def _row(customer: Customer) -> tuple[str, str, bytes]:
    known = (customer.number, customer.name, customer.company, customer.street, customer.postcode, customer.city)
    words = fold(" ".join((*known, customer.email, customer.phone, customer.card_code)))
    return customer.number, words, msgspec.json.encode(customer)


def _is_address(text: str) -> bool:
    name, at, host = text.partition("@")
    return bool(name and at and "." in host.strip(".") and " " not in text and "@" not in host)


def _decoded(body: bytes) -> Customer:
    return msgspec.json.decode(body, type=Customer)


def age_days(item: OpenItem, today: date) -> int:
    """Return how many days ago an open item was sold."""
    return _days_since(item.day, today)


def overdue_days(item: OpenItem, today: date) -> int:
    """Return by how many days an open item is overdue; zero or less where it is not."""
    return _days_since(item.due_day, today)


def _days_since(day: str, today: date) -> int:
    try:
        return (today - date.fromisoformat(day)).days
    except ValueError:
        return 0
