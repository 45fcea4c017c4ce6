"""From a finished sale to the rows of its receipt in invoicing. Values in, values out.

Every line of goods withdraws from the store's stock location; what comes back is put there again (a minus). Free text,
deposits, tips, vouchers and payments in advance withdraw nothing. Returns and voids are credit receipts: their lines
are negative and they name the till receipts that they take back.
"""

from collections.abc import Sequence

from msgspec import Struct

from schema.events import SaleCompleted, SoldLine, taxed
from schema.quantity import shortest
from schema.tax import breakdown

Row = tuple[object, ...]


class Sold(Struct, frozen=True, kw_only=True):
    """A sale with what its event's header and head office know of it."""

    sale: SaleCompleted
    event_id: str
    order_id: str
    store: str
    till_id: str
    day: str
    utc_offset_min: int
    suspense: bool = False


class Party(Struct, frozen=True, kw_only=True):
    """The customer as known when the receipt is issued; addresses are lines of text."""

    name: str = ""
    address: str = ""


def series(day: str) -> str:
    """Return the counter of a business day's receipt numbers: one per year."""
    return f"receipt:{day[:4]}"


def receipt_number(day: str, running: int) -> str:
    """Return the number in invoicing: `RE-2026-000001`."""
    return f"RE-{day[:4]}-{running:06d}"


def address_text(parts: Sequence[str]) -> str:
    """Return (name, company, street, postcode, city, country) as the lines of a letter, empty ones left out."""
    name, company, street, postcode, city, country = parts
    place = f"{postcode} {city}".strip()
    return "\n".join(part for part in (company, name, street, place, country) if part)


def receipt_row(number: str, sold: Sold, party: Party) -> Row:
    """Return the receipt's own row. `due` is what its payments have to cover; with none it is paid as it is made."""
    sale = sold.sale
    due_minor = sum(part.amount_minor for part in sale.payments)
    paid_ms = None if sale.payments else sale.completed_ms
    return (
        number,
        sold.order_id,
        sold.store,
        sold.till_id,
        sale.receipt,
        sale.customer,
        party.name,
        party.address,
        party.address,
        sale.cashier_name,
        sold.day,
        sale.completed_ms,
        sale.currency,
        sale.total_minor,
        due_minor,
        paid_ms,
        sold.event_id,
        sold.utc_offset_min,
        kind_of(sale),
        ", ".join(originals(sale)),
        sold_minor(sale),
    )


# What counts as sold, here as in a till's reports: the rest is owed to somebody, or was sold before.
_SOLD_KINDS = frozenset({"goods", "bottle_deposit"})


def sold_minor(sale: SaleCompleted) -> int:
    """Return what a receipt sold, tax included. Goods are sold when they are handed over, whenever they were paid."""
    sold = [line for line in sale.lines if line.kind in _SOLD_KINDS]
    if len(sold) == len(sale.lines):
        return sale.total_minor
    if sale.includes_tax:
        return sum(line.total_minor for line in sold)
    return sum(row.gross_minor for row in breakdown(taxed(sold), includes_tax=False))


def kind_of(sale: SaleCompleted) -> str:
    """Return what a receipt is: sale, return (a credit), void, or prepayment where it sells nothing else."""
    if sale.voids:
        return "void"
    if any(line.returns for line in sale.lines) or sale.total_minor < 0:
        return "return"
    kinds = {line.kind for line in sale.lines}
    taken = any(line.kind == "prepayment" and not line.reference for line in sale.lines)
    return "prepayment" if taken and kinds <= {"prepayment", "tip"} else "sale"


def originals(sale: SaleCompleted) -> list[str]:
    """Return the till receipts that a receipt takes back, wholly or in part."""
    if sale.voids:
        return [sale.voids.receipt]
    return sorted({line.returns.receipt for line in sale.lines if line.returns})


def line_rows(number: str, sold: Sold) -> list[Row]:
    return [_line_row(number, index, line, sold.store) for index, line in enumerate(sold.sale.lines, start=1)]


def _line_row(number: str, index: int, line: SoldLine, store: str) -> Row:
    is_withdrawn = line.kind == "goods" and bool(line.article)
    return (
        number,
        index,
        line.article,
        line.name,
        str(line.quantity),
        line.unit,
        line.unit_price_minor,
        line.discount_minor + line.bill_share_minor,
        line.total_minor,
        line.tax_code,
        str(line.tax_percent),
        line.discount_reason,
        line.note,
        stock_location(store) if is_withdrawn else "",
        str(shortest(line.quantity)) if is_withdrawn else "",
        line.kind,
        line.reference,
        line.returns.receipt if line.returns else "",
        line.returns.line if line.returns else 0,
        line.returns.reason if line.returns else "",
        line.returns.condition if line.returns else "",
    )


def stock_location(store: str) -> str:
    """Return where a store's sales are withdrawn from."""
    return f"{store} / shop floor"


def tax_rows(number: str, sale: SaleCompleted) -> list[Row]:
    return [(number, row.code, str(row.percent), row.net_minor, row.tax_minor, row.gross_minor) for row in sale.taxes]
