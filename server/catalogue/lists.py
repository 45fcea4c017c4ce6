"""What people read of articles and customers: the lists, and what is found by number, barcode or part of a name."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from schema.barcode import clean_read, lookup_key
from schema.catalogue import StockLevel
from schema.errors import Refused
from schema.parties import Customer
from schema.quantity import shortest
from schema.tax import net_of, rate_on
from server.catalogue.people import get_customer
from server.catalogue.store_rows import store_settings, tax_rates
from server.db import Connection
from server.listing import Listing, ListRequest, Page, read_page

FOUND_MAX = 50
WORDS_MAX = 6
GROUPS_MAX = 500
MOVES_MAX = 500
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
    source="(SELECT * FROM customer WHERE number NOT IN (SELECT number FROM customer_merge)) AS customer",
    columns={name: name for name in (*_PERSON, "group_name", "credit_limit_minor", "payment_days", "modified_ms")},
    key="number",
    search=("number", "name", "company", "city", "email", "phone", "card_code"),
    sort="name",
    descending=False,
)
PRICE_LISTS = Listing(
    source=(
        "(SELECT l.name, l.group_name, l.currency, l.valid_from, l.valid_to, l.modified_ms, "
        "(SELECT COUNT(*) FROM list_price p WHERE p.price_list = l.name) AS prices FROM price_list l) AS lists"
    ),
    columns={
        name: name for name in ("name", "group_name", "currency", "valid_from", "valid_to", "prices", "modified_ms")
    },
    key="name",
    search=("name", "group_name"),
    sort="name",
    descending=False,
)
PROMOTIONS = Listing(
    source=(
        "(SELECT code, name, kind, customer_group, valid_from, valid_to, modified_ms, "
        "CASE WHEN ended_ms IS NULL THEN 'runs' ELSE 'ended' END AS state FROM promotion) AS promotions"
    ),
    columns={
        name: name
        for name in ("code", "name", "kind", "customer_group", "valid_from", "valid_to", "state", "modified_ms")
    },
    key="code",
    search=("code", "name", "customer_group"),
    sort="code",
    descending=False,
)
VOUCHERS = Listing(
    source="voucher",
    columns={
        name: name
        for name in ("code", "currency", "balance_minor", "issued_minor", "valid_to", "blocked", "modified_ms")
    },
    key="code",
    search=("code",),
    sums=("balance_minor", "issued_minor"),
    currency="currency",
    sort="modified_ms",
)
PAYMENT_ORDERS = Listing(
    source=(
        "(SELECT o.reference, o.customer, COALESCE(c.name, '') AS customer_name, COALESCE(c.company, '') AS company, "
        "o.store, o.currency, o.day, o.due_day, o.amount_minor, o.open_minor, "
        "CASE WHEN o.open_minor = 0 THEN 'paid' ELSE 'open' END AS state FROM payment_order o "
        "LEFT JOIN customer c ON c.number = o.customer) AS items"
    ),
    columns={
        name: name
        for name in (
            "reference",
            "customer",
            "customer_name",
            "company",
            "store",
            "currency",
            "day",
            "due_day",
            "amount_minor",
            "open_minor",
            "state",
        )
    },
    key="reference",
    search=("reference", "customer", "customer_name", "company"),
    sums=("amount_minor", "open_minor"),
    currency="currency",
    sort="day",
)
_FOUND = "SELECT number, name, price_minor, tax_code, blocked FROM article"
_BY_CODE = f"{_FOUND} WHERE number = (SELECT article FROM barcode WHERE code = ? ORDER BY article LIMIT 1)"


class VoucherMove(Struct, frozen=True, kw_only=True):
    """What happened to a voucher once; a positive amount is what it holds more since."""

    kind: str
    amount_minor: int
    currency: str
    receipt: str
    store: str
    till_id: str
    day: str
    at_ms: int
    offline: int


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


def article_groups(connection: Connection) -> list[str]:
    """Return the groups that articles stand in, at most `GROUPS_MAX`."""
    sql = "SELECT DISTINCT group_name FROM article WHERE group_name <> '' ORDER BY group_name LIMIT ?"
    return [name for (name,) in connection.rows(sql, (GROUPS_MAX,))]


def customer_groups(connection: Connection) -> list[str]:
    """Return the groups that customers or price lists name, at most `GROUPS_MAX`."""
    rows = connection.rows(
        "SELECT group_name FROM customer WHERE group_name <> '' UNION SELECT group_name FROM price_list "
        "WHERE group_name <> '' UNION SELECT customer_group FROM promotion WHERE customer_group <> '' "
        "ORDER BY 1 LIMIT ?",
        (GROUPS_MAX,),
    )
    return [name for (name,) in rows]


def stock_of(connection: Connection, article: str) -> list[StockLevel]:
    """Return what each store has of an article, where somebody counted."""
    rows = connection.rows(
        "SELECT store, counted_milli + moved_milli, as_of_ms FROM stock WHERE article = ? "
        "AND counted_ms IS NOT NULL ORDER BY store",
        (article,),
    )
    return [
        StockLevel(store=store, article=article, quantity=shortest(Decimal(milli) / 1000), as_of_ms=as_of_ms)
        for store, milli, as_of_ms in rows
    ]


def price_lists(connection: Connection, request: ListRequest) -> Page:
    """Read a page of the price lists. Raises Refused("unknown_column")."""
    return read_page(connection.rows, PRICE_LISTS, request)


def promotions(connection: Connection, request: ListRequest) -> Page:
    """Read a page of the promotions, those that were ended among them. Raises Refused("unknown_column")."""
    return read_page(connection.rows, PROMOTIONS, request)


def vouchers(connection: Connection, request: ListRequest) -> Page:
    """Read a page of the vouchers. Raises Refused("unknown_column")."""
    return read_page(connection.rows, VOUCHERS, request)


def payment_orders(connection: Connection, request: ListRequest) -> Page:
    """Read a page of what was sold on account. Raises Refused("unknown_column")."""
    return read_page(connection.rows, PAYMENT_ORDERS, request)


def voucher_moves(connection: Connection, code: str) -> list[VoucherMove]:
    """Return what happened to a voucher, the newest first, at most `MOVES_MAX`."""
    names = VoucherMove.__struct_fields__
    sql = f"SELECT {', '.join(names)} FROM voucher_move WHERE code = ? ORDER BY at_ms DESC, effect_no DESC LIMIT ?"
    return [VoucherMove(**dict(zip(names, row, strict=True))) for row in connection.rows(sql, (code, MOVES_MAX))]


def _found(row: Sequence[Any]) -> FoundArticle:
    return FoundArticle(number=row[0], name=row[1], price_minor=row[2], tax_code=row[3], blocked=bool(row[4]))


def _escaped(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
