"""Prices at the till: the one engine of schema.pricing, asked with this till's day, hour and mirror.

Called after every change of basket or customer, so it must cost next to nothing: promotions are indexed and price rows
decoded once per state of the mirror (till.mirror).
"""

from datetime import UTC, datetime

from schema.basket import Basket
from schema.clock import Clock
from schema.pricing import PriceContext, reprice
from till.mirror import Mirror


def priced(basket: Basket, customer_group: str, mirror: Mirror, clock: Clock) -> Basket:
    """Return the basket with every untouched line at the price that holds now, for this customer."""
    return reprice(basket, _context(customer_group, mirror, clock))


def _context(customer_group: str, mirror: Mirror, clock: Clock) -> PriceContext:
    local = datetime.fromtimestamp(clock.now_ms() / 1000 + clock.utc_offset_min() * 60, UTC)
    return PriceContext(
        day=local.date().isoformat(),
        minute_of_day=local.hour * 60 + local.minute,
        weekday=local.isoweekday(),
        store=mirror.settings().store,
        customer_group=customer_group,
        promotions=mirror.promotions(),
        price_lists=mirror.price_lists(),
        list_prices=mirror.list_prices,
    )
