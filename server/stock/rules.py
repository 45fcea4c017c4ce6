"""How a sale moves stock. Values in, values out.

Goods that are sold or handed over leave the store, goods that come back return to it. An order made or paid in advance
moves nothing until its goods are handed over; deposits, tips, vouchers and free text are no goods. Quantities are
counted in thousandths of the article's unit, which is exact: a till sells three decimal places.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from schema.events import SoldLine
from schema.quantity import shortest


def milli(quantity: Decimal) -> int:
    """Return a quantity in thousandths."""
    return int((quantity * 1000).to_integral_value(ROUND_HALF_UP))


def quantity(thousandths: int) -> Decimal:
    """Return thousandths as a quantity."""
    return shortest(Decimal(thousandths) / 1000)


def moved(lines: Iterable[SoldLine]) -> dict[str, int]:
    """Return article → by how many thousandths its stock changes."""
    sums: dict[str, int] = {}
    for line in lines:
        if line.kind == "goods" and line.article:
            sums[line.article] = sums.get(line.article, 0) - milli(line.quantity)
    return sums
