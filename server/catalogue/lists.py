"""What people read of articles and customers: the lists, and what is found by number, barcode or part of a name."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from schema.barcode import clean_read, lookup_key
from schema.errors import Refused
from schema.parties import Customer
from schema.tax import net_of, rate_on
from server.catalogue.people import get_customer
from server.catalogue.store_rows import store_settings, tax_rates
from server.db import Connection
from server.listing import Listing, ListRequest, Page, read_page

FOUND_MAX = 50
WORDS_MAX = 6
# What a scanner reads: such a search is looked up before names are searched.
_CODE = re.compile(r"\d{6,14}", re.ASCII)

ARTICLES = Listing(
    source="article",
    columns={
        name: name
        for name in (
            "number",
            "name",
            "group_name",
            "unit",
            "tax_code",
            "price_minor",
            "blocked",
            "variant_of",
            "modified_ms",
        )
    },
    key="number",
    search=("number", "name"),
    sort="number",
    descending=False,
)
_PERSON = ("number", "name", "company", "street", "postcode", "city", "country", "email", "phone", "card_code")
CUSTOMERS = Listing(
    # A merged duplicate is found by its number only; its receipts still name it.
    source="(SELECT * FROM customer WHERE merged_into = '') AS customer",
    columns={name: name for name in (*_PERSON, "group_name", "credit_limit_minor", "payment_days", "modified_ms")},
    key="number",
    search=("number", "name", "company", "city", "email", "phone", "card_code"),
    sort="name",
    descending=False,
)
_FOUND = "SELECT number, name, price_minor, tax_code, blocked FROM article"
_BY_CODE = f"{_FOUND} WHERE number = (SELECT article FROM barcode WHERE code = ? ORDER BY article LIMIT 1)"


class FoundArticle(Struct, frozen=True, kw_only=True):
    """An article as a search shows it; the price includes tax."""

    number: str
    name: str
    price_minor: int
    tax_code: str
    blocked: bool


def articles(connection: Connection, request: ListRequest) -> Page:
    """Read a page of the articles; a barcode finds its article. Raises Refused("unknown_column")."""
    found = find_article(connection, request.search) if _CODE.fullmatch(request.search) else None
    asked = replace(request, search="", keys=(found.number,)) if found else request
    return read_page(connection.rows, ARTICLES, asked)


def customers(connection: Connection, request: ListRequest) -> Page:
    """Read a page of the customers. Raises Refused("unknown_column")."""
    return read_page(connection.rows, CUSTOMERS, request)


def find_article(connection: Connection, text: str) -> FoundArticle | None:
    """Return the article whose number or barcode this is, or None."""
    row = connection.row(f"{_FOUND} WHERE number = ?", (text.strip(),))
    if row is None:
        try:
            row = connection.row(_BY_CODE, (lookup_key(clean_read(text)),))
        except Refused:
            return None
    return _found(row) if row else None


def articles_named(connection: Connection, text: str, limit: int) -> list[FoundArticle]:
    """Return articles whose name or number holds every word, those that begin with the text first."""
    words = text.lower().split()[:WORDS_MAX]
    if not words:
        return []
    condition = " AND ".join("(LOWER(name) LIKE ? ESCAPE '!' OR LOWER(number) LIKE ? ESCAPE '!')" for _ in words)
    bound = [pattern for word in words for pattern in [f"%{_escaped(word)}%"] * 2]
    sql = (
        f"{_FOUND} WHERE blocked = 0 AND {condition} "
        "ORDER BY CASE WHEN LOWER(name) LIKE ? ESCAPE '!' THEN 0 ELSE 1 END, name, number LIMIT ?"
    )
    rows = connection.rows(sql, [*bound, f"{_escaped(text.lower().strip())}%", min(limit, FOUND_MAX)])
    return [_found(row) for row in rows]


def customers_named(connection: Connection, text: str, limit: int) -> list[dict[str, Any]]:
    """Return customers in whose name, company, city, number or card the text occurs."""
    return customers(connection, ListRequest(search=text, limit=min(limit, FOUND_MAX))).rows


def customer(connection: Connection, number: str) -> Customer | None:
    """Return a customer with what they owe, or None."""
    return get_customer(connection, number)


def customer_name(connection: Connection, number: str) -> str:
    """Return how a customer is called, or nothing where there is none."""
    found = customer(connection, number)
    return ", ".join(part for part in (found.name, found.company) if part) if found else ""


def list_price(connection: Connection, article: str, store: str, *, includes_tax: bool) -> int | None:
    """Return an article's list price for a store's order, with or without its tax; None where it is unknown."""
    row = connection.row(f"{_FOUND} WHERE number = ?", (article,))
    if row is None:
        return None
    found = _found(row)
    settings = None if includes_tax else store_settings(connection, store)
    if settings is None:
        return found.price_minor
    try:
        rate = rate_on(tax_rates(connection, settings.country), found.tax_code, date.today())  # noqa: DTZ011
    except Refused:
        return None
    return net_of(found.price_minor, rate.percent)


def _found(row: Sequence[Any]) -> FoundArticle:
    return FoundArticle(number=row[0], name=row[1], price_minor=row[2], tax_code=row[3], blocked=bool(row[4]))


def _escaped(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
