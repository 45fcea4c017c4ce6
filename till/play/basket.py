"""The basket as every answer of the script port shows it."""

from schema.basket import PricedLine
from till.play.fields import Answer
from till.selling.register import Sale, sums


def basket_answer(sale: Sale) -> Answer:
    """Return the basket in hand as every answer carries it; nothing where there is none."""
    if sale.is_empty:
        return {}
    found = sums(sale)
    basket: Answer = {
        "lines": [
            {
                "line": number,
                "article": each.line.article,
                "name": each.line.name,
                "quantity": f"{each.line.quantity:f}",
                "unit_price": each.line.unit_price_minor,
                "discount": each.discount_minor + each.bill_share_minor,
                "total": each.total_minor,
                "tax_code": each.line.tax_code,
                "reason": each.line.price_reason,
                "note": each.line.note,
            }
            | {name: value for name, value in _besides(each).items() if value}
            for number, each in enumerate(found.totals.lines, 1)
        ],
        "total": found.totals.total_minor,
        "taxes": [
            {
                "code": row.code,
                "rate": f"{row.percent.normalize():f}",
                "net": row.net_minor,
                "tax": row.tax_minor,
                "gross": row.gross_minor,
            }
            for row in found.totals.taxes
        ],
        "paid": found.paid_minor,
        "due": found.due_minor,
    }
    if sale.basket.customer:
        basket["customer"] = sale.basket.customer
    if sale.ages_open:
        basket["ages_open"] = list(sale.ages_open)
    if sale.basket.order:
        basket["order"] = sale.basket.order.number
    return {"basket": basket}


def _besides(priced: PricedLine) -> Answer:
    """What only some lines have."""
    line = priced.line
    return {
        "kind": line.kind if line.kind != "goods" else "",
        "why": line.why,
        "options": list(line.options),
        "reference": line.reference,
        "returns": line.returns.receipt if line.returns else "",
    }
