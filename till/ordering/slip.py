"""The slip that a customer takes along for an order: its number, when it is due, what is in it. No receipt of money."""

from hardware.document import Barcode, Block, Document, Feed, Row, Rule, Text
from schema.events import OrderMade
from schema.locale import day_text
from schema.money import format_amount, format_number
from till.paper.letterhead import Letterhead, document_of, quantity_text, signed_off, store_lines

_DELIVERIES = {"pickup": "Pickup", "delivery": "Delivery"}


def order_document(made: OrderMade, head: Letterhead, cashier_name: str, printed_at: str) -> Document:
    """Return an order's slip; its barcode opens the order at a till."""
    words = head.words
    blocks: list[Block] = [
        *store_lines(head),
        Rule(),
        Text(text=words("Order {number}", number=made.number), bold=True, size=2),
        *_facts(made, head),
        Rule(),
    ]
    for line in made.lines:
        amount = format_number(line.total_minor, made.currency, words.language)
        blocks.append(Row(left=f"{quantity_text(line.quantity, line.unit, words)} × {line.name}", right=amount))
        if line.note:
            blocks.append(Text(text=f"  {line.note}"))
    total = format_amount(made.total_minor, made.currency, words.language)
    blocks += [
        Rule(),
        Row(left=words("Total"), right=total, bold=True),
        Text(text=words("This is no receipt: what was paid has one of its own.")),
        Feed(),
        *signed_off(head, cashier_name, printed_at),
        Barcode(code=made.number),
    ]
    return document_of(made.number, blocks, head)


def _facts(made: OrderMade, head: Letterhead) -> list[Block]:
    words = head.words
    when = " · ".join(
        part for part in (words(_DELIVERIES[made.delivery]), day_text(made.expected_day, words.language)) if part
    )
    who = " · ".join(part for part in (made.customer_name, made.phone) if part)
    more = [made.subject, *(f"{name}: {text}" for name, text in made.fields.items())]
    return [Text(text=text) for text in (when, who, *more) if text]
