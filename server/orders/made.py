"""An order that was made at a till, as rows. Pure.

It is an order like any other: head office may change or cancel it, every till of its store offers it. Its number comes
from the till's own gapless sequence, its payments come as receipts that name it.
"""

import msgspec

from schema.errors import Refused
from schema.events import OrderMade
from server.kept import Amount, kept
from server.orders.sales import Origin, Row
from server.orders.tables import Held, line_row

KIND = "order"
_LINES_AND_TOTAL = kept("Order {number}: its lines and its total differ ({one} and {other}). It waits.")
_NO_NUMBER = kept("Order {number} has a quantity or rate that is no number. It waits.")
_SAME_ID = kept("Order {number} has the id of order {other}. Ask which is true.")


def check_made(made: OrderMade) -> None:
    """Raise Refused where an order's own figures do not agree."""
    lines = sum(line.total_minor for line in made.lines)
    if made.includes_tax and lines != made.total_minor:
        one, other = Amount(lines, made.currency), Amount(made.total_minor, made.currency)
        raise Refused("bad_sums", _LINES_AND_TOTAL, number=made.number, one=one, other=other)
    if not all(line.quantity.is_finite() and line.tax_percent.is_finite() for line in made.lines):
        raise Refused("bad_quantity", _NO_NUMBER, number=made.number)


def is_there(made: OrderMade, event_id: str, known: Held | None) -> bool:
    """Tell whether an order came from this very event already.

    Raises Refused("order_exists") where another order has its id.
    """
    if known is None:
        return False
    if known.source_event != event_id:
        raise Refused("order_exists", _SAME_ID, number=made.number, other=known.number)
    return True


def order_row(made: OrderMade, origin: Origin, name: tuple[str, str], now_ms: int) -> Row:
    """Return an order's own row; `name` is what head office calls its customer."""
    return (
        made.order_id,
        made.number,
        "till",
        KIND,
        origin.store,
        origin.till_id,
        made.customer,
        made.customer_name or name[0],
        name[1],
        made.cashier,
        made.subject,
        origin.day,
        made.expected_day,
        made.delivery,
        "confirmed",
        1,
        made.currency,
        int(made.includes_tax),
        made.total_minor,
        "imported",
        "exported",
        "not exported",
        "",
        origin.event_id,
        now_ms,
        now_ms,
        made.phone,
        msgspec.json.encode(made.fields, order="deterministic").decode(),
    )


def line_rows(made: OrderMade) -> list[Row]:
    return [line_row(made.order_id, number, line) for number, line in enumerate(made.lines, start=1)]
