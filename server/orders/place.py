"""Sales orders of head office: place, change, confirm, cancel. Each is one transaction with the store's feed.

A draft is seen by nobody outside the office. A confirmed order is offered by the tills of its store within seconds.
A change raises the version, so that head office knows which prices a till saw when it took the money.
"""

from collections.abc import Sequence
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from schema.basket import LINES_MAX, Line
from schema.clock import Clock, new_id
from schema.errors import Refused
from schema.orders import OrderLine, OrderStatus
from schema.tax import TaxRate, TaxSum, net_of, rate_on
from server.catalogue.people import held_survivors
from server.catalogue.store_rows import store_settings, tax_rates
from server.db import Connection
from server.orders import tables
from server.orders.rules import (
    LineWish,
    OrderWish,
    check_discounts,
    check_step,
    check_wish,
    discount_wish,
    is_receipt,
    order_number,
    priced,
)
from server.orders.settle import settle
from server.orders.tables import Held
from server.pipeline.numbers import take

_ARTICLE = "SELECT number, name, unit, price_minor, tax_code, blocked FROM article WHERE number IN ({marks})"
_CUSTOMER = "SELECT name, company FROM customer WHERE number = ?"
_CHANGE = """
UPDATE orders SET kind = ?, customer = ?, customer_name = ?, company = ?, employee = ?, subject = ?, ordered_day = ?,
    expected_day = ?, delivery = ?, includes_tax = ?, total_minor = ?, version = version + 1, modified_ms = ?
WHERE id = ?
"""
# "exported": the store's tills, the order's channel here, get it with the feed in the same transaction.
_STEP = """
UPDATE orders SET status = ?, import_status = ?, channel_status = 'exported', modified_ms = ? WHERE id = ?
"""


class Quote(Struct, frozen=True, kw_only=True):
    """What a wish comes to: its lines with names and prices, the tax per rate, and the total with tax."""

    lines: tuple[OrderLine, ...]
    taxes: tuple[TaxSum, ...]
    total_minor: int
    currency: str


def place(connection: Connection, wish: OrderWish, clock: Clock, *, confirmed: bool = False) -> str:
    """Store a new order as a draft, or confirmed at once; return its id.

    Raises Refused with what is wrong and where: unknown store, article, customer or tax code, bad lines.
    """
    wish = _for_survivor(connection, wish)
    lines, total_minor, currency = _priced_wish(connection, wish)
    name, company = _names(connection, wish)
    order_id, now_ms = new_id(clock), clock.now_ms()
    number = order_number(wish.store, take(connection, f"order:{wish.store}", 1)[0])
    tables.add_orders(
        connection,
        [
            (
                order_id,
                number,
                "office",
                wish.kind,
                wish.store,
                None,
                wish.customer,
                name,
                company,
                wish.employee,
                wish.subject,
                wish.ordered_day.isoformat(),
                _iso(wish.expected_day),
                wish.delivery,
                "draft",
                1,
                currency,
                int(wish.includes_tax),
                total_minor,
                "imported",
                "no changes to sync",
                "not exported",
                "",
                None,
                now_ms,
                now_ms,
            )
        ],
    )
    _write_lines(connection, order_id, lines)
    if confirmed:
        confirm(connection, order_id, clock)
    return order_id


def change(connection: Connection, order_id: str, wish: OrderWish, seen_version: int, clock: Clock) -> int:
    """Replace an order's content; return its new version. Number and store stay.

    Raises Refused("order_changed") where somebody else was faster than `seen_version`, Refused("bad_step") where the
    order is completed or cancelled.
    """
    wish = _for_survivor(connection, wish)
    order = _held(connection, order_id)
    if order.version != seen_version:
        raise Refused(
            "order_changed",
            f"Order {order.number} was changed by someone else in the meantime. Open it again and repeat your change.",
        )
    if order.store != wish.store:
        raise Refused(
            "bad_store", f"Order {order.number} belongs to store {order.store}. Cancel it and make a new one."
        )
    if order.status not in ("draft", "confirmed"):
        check_step(order.status, "confirmed", order.number)
    lines, total_minor, currency = _priced_wish(connection, wish)
    if currency != order.currency:
        raise Refused("bad_currency", f"Order {order.number} is in {order.currency}, the store sells in {currency}.")
    _write_change(connection, order_id, wish, total_minor, clock.now_ms())
    connection.run("DELETE FROM order_line WHERE order_id = ?", (order_id,))
    _write_lines(connection, order_id, lines)
    settle(connection, [_held(connection, order_id)], clock.now_ms())
    return order.version + 1


def confirm(connection: Connection, order_id: str, clock: Clock) -> None:
    """Confirm an order: from now on the store's tills offer it. Raises Refused("bad_step")."""
    order = _held(connection, order_id)
    check_step(order.status, "confirmed", order.number)
    _step(connection, order, "confirmed", "imported", clock)


def cancel(connection: Connection, order_id: str, clock: Clock) -> None:
    """Cancel an order fully. What was paid becomes a matter on the worklist. Raises Refused("bad_step")."""
    order = _held(connection, order_id)
    check_step(order.status, "fully_cancelled", order.number)
    _step(connection, order, "fully_cancelled", "canceled", clock)


def _step(connection: Connection, order: Held, status: OrderStatus, import_status: str, clock: Clock) -> None:
    now_ms = clock.now_ms()
    connection.run(_STEP, (status, import_status, now_ms, order.id))
    settle(connection, [_held(connection, order.id)], now_ms)


def _held(connection: Connection, order_id: str) -> Held:
    found = tables.hold(connection, [order_id])
    if order_id not in found or is_receipt(found[order_id].kind):
        raise Refused("unknown_order", "There is no such order at head office. It may have been removed.")
    return found[order_id]


def quote(connection: Connection, wish: OrderWish) -> Quote:
    """Price a wish without storing it. Raises Refused as `place` does."""
    check_wish(wish)
    if len(wish.lines) > LINES_MAX:
        raise Refused("order_full", f"An order holds {LINES_MAX} lines. Make a second one for the rest.")
    settings = store_settings(connection, wish.store)
    if settings is None:
        raise Refused("unknown_store", f"There is no store “{wish.store[:20]}”. Choose one of the list.")
    lines = _lines(connection, wish, tax_rates(connection, settings.country))
    check_discounts(lines)
    ordered, totals = priced(lines, settings.currency, includes_tax=wish.includes_tax)
    return Quote(lines=ordered, taxes=totals.taxes, total_minor=totals.total_minor, currency=settings.currency)


def _priced_wish(connection: Connection, wish: OrderWish) -> tuple[tuple[OrderLine, ...], int, str]:
    quoted = quote(connection, wish)
    return quoted.lines, quoted.total_minor, quoted.currency


def _lines(connection: Connection, wish: OrderWish, rates: Sequence[TaxRate]) -> list[Line]:
    numbers = sorted({line.article for line in wish.lines if line.article})
    sql = _ARTICLE.format(marks=", ".join("?" * len(numbers)))
    articles = {row[0]: row for row in connection.rows(sql, numbers)} if numbers else {}
    return [_line(line, articles, rates, wish) for line in wish.lines]


def _line(line: LineWish, articles: dict[str, tuple[object, ...]], rates: Sequence[TaxRate], wish: OrderWish) -> Line:
    if line.article and line.article not in articles:
        raise Refused("unknown_article", f"There is no article “{line.article[:40]}”. Correct or remove its line.")
    _, name, unit, price_minor, tax_code, blocked = articles.get(line.article, ("", "", "piece", 0, "", 0))
    if blocked:
        raise Refused("blocked_article", f"Article {line.article} ({name}) is blocked for sale. Remove its line.")
    rate = rate_on(rates, line.tax_code or str(tax_code), wish.ordered_day)
    listed = int(str(price_minor)) if wish.includes_tax else net_of(int(str(price_minor)), rate.percent)
    return Line(
        article=line.article,
        name=line.name.strip() or str(name),
        quantity=line.quantity,
        unit=str(unit),
        unit_price_minor=listed if line.unit_price_minor is None else line.unit_price_minor,
        tax_code=rate.code,
        tax_percent=rate.percent,
        discount=discount_wish(line),
        note=line.note,
        price_reason="list" if line.unit_price_minor is None else "manual",
    )


def _for_survivor(connection: Connection, wish: OrderWish) -> OrderWish:
    """A form may have been opened before its customer was merged into another."""
    into = held_survivors(connection, [wish.customer])
    return replace(wish, customer=into.get(wish.customer, wish.customer))


def _names(connection: Connection, wish: OrderWish) -> tuple[str, str]:
    if not wish.customer:
        return wish.customer_name.strip(), wish.company.strip()
    row = connection.row(_CUSTOMER, (wish.customer,))
    if row is None:
        raise Refused("unknown_customer", f"There is no customer “{wish.customer[:40]}”. Choose one of the list.")
    return wish.customer_name.strip() or str(row[0]), wish.company.strip() or str(row[1])


def _write_lines(connection: Connection, order_id: str, lines: Sequence[OrderLine]) -> None:
    rows = [tables.line_row(order_id, number, line) for number, line in enumerate(lines, start=1)]
    tables.add_lines(connection, rows)


def _write_change(connection: Connection, order_id: str, wish: OrderWish, total_minor: int, now_ms: int) -> None:
    name, company = _names(connection, wish)
    connection.run(
        _CHANGE,
        (
            wish.kind,
            wish.customer,
            name,
            company,
            wish.employee,
            wish.subject,
            wish.ordered_day.isoformat(),
            _iso(wish.expected_day),
            wish.delivery,
            int(wish.includes_tax),
            total_minor,
            now_ms,
            order_id,
        ),
    )


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""
