"""Import customers from a CSV file (docs/import.md); what the file has no column for stays as it was."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from schema.clock import Clock
from schema.errors import Refused
from schema.money import parse_amount
from schema.parties import Customer
from server.catalogue.csv_file import Advance, ImportReport, Recipe, import_rows, unwatched
from server.catalogue.people import get_customers, merged_numbers, put_customers
from server.catalogue.rules import check_customer
from server.db import Connection, Database
from server.tills.identity import read_meta

REQUIRED = ("number",)
_ALIASES = {"customer": "number", "zip": "postcode", "card": "card_code", "credit_limit": "credit_limit_minor"}
_TEXTS = (
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
)


def import_customers(
    database: Database, clock: Clock, path: Path, *, dry_run: bool = False, advance: Advance = unwatched
) -> ImportReport:
    """Import a file. Raises Refused("unreadable_file") or Refused("bad_columns") before anything is stored."""
    with database.read() as connection:
        currency = read_meta(connection, "currency") or "EUR"
        merged = merged_numbers(connection)
    recipe = Recipe(
        noun="Customer",
        required=REQUIRED,
        aliases=_ALIASES,
        label="number",
        key=lambda customer: customer.number,
        parse=lambda fields: _parsed(fields, currency, merged),
        store=lambda connection, lot, columns: _store(connection, lot, columns, clock.now_ms()),
    )
    return import_rows(database, path, recipe, dry_run=dry_run, advance=advance)


def _store(connection: Connection, lot: Sequence[Customer], columns: frozenset[str], now_ms: int) -> int:
    given = columns & set(Customer.__struct_fields__)
    present = get_customers(connection, [customer.number for customer in lot])
    return put_customers(connection, [_onto(present.get(each.number), each, given) for each in lot], now_ms)


def _onto(present: Customer | None, customer: Customer, given: frozenset[str]) -> Customer:
    return customer if present is None else replace(present, **{name: getattr(customer, name) for name in given})


def _parsed(fields: Mapping[str, str], currency: str, merged: Mapping[str, str]) -> Customer:
    texts: dict[str, Any] = {name: fields.get(name, "") for name in _TEXTS}
    limit = fields.get("credit_limit_minor", "").strip()
    customer = check_customer(
        Customer(
            **texts,
            credit_limit_minor=parse_amount(limit, currency) if limit else 0,
            payment_days=_days(fields.get("payment_days", "")),
        )
    )
    if customer.number in merged:
        raise Refused(
            "merged", f"Customer {customer.number} was merged into {merged[customer.number]}. Change that one instead."
        )
    return customer


def _days(text: str) -> int:
    text = text.strip()
    if text and not (text.isascii() and text.isdigit() and len(text) < 5):
        raise Refused("bad_days", f"“{text[:20]}” is no number of days. Write a whole number, or nothing.")
    return int(text or 14)
