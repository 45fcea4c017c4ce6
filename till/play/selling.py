"""Commands for the basket: scan, search, add, change, discounts, customer."""

from till.play import fields as read
from till.play.commands import Commands
from till.play.fields import LINE_LENGTH_MAX, Answer, Fields


class Selling(Commands):
    def do_scan(self, fields: Fields) -> None:
        self._screens.sale.scan(read.text(fields, "code", length_max=LINE_LENGTH_MAX))

    def do_search(self, fields: Fields) -> Answer:
        self._screens.sale.search(read.text(fields, "text"))
        hits = self._screens.sale.state.hits
        return {"articles": [{"article": hit.article, "name": hit.name, "price": hit.price_minor} for hit in hits]}

    def do_add(self, fields: Fields) -> None:
        quantity = read.quantity(fields, "quantity") if "quantity" in fields else ""
        if "text" in fields and "article" not in fields:
            price, tax_code = read.amount(fields, "price"), read.text(fields, "tax_code", default="standard")
            self._screens.sale.add_text(read.text(fields, "text"), price, tax_code, quantity or "1")
            return
        lines = len(self._desk.sale.basket.lines)
        price_given = read.amount(fields, "price") if "price" in fields else None
        self._screens.sale.add(read.text(fields, "article"), quantity)
        if price_given is not None and len(self._desk.sale.basket.lines) > lines:
            self._screens.sale.change_price(lines, price_given)

    def do_change(self, fields: Fields) -> None:
        sale, line = self._screens.sale, read.line(fields)
        reason = read.text(fields, "reason", default="")
        if "quantity" in fields:
            sale.change_quantity(line, read.quantity(fields, "quantity"))
        if "price" in fields:
            sale.change_price(line, read.amount(fields, "price"))
        if "discount_percent" in fields:
            sale.discount_percent(line, read.quantity(fields, "discount_percent"), reason)
        if "discount_amount" in fields:
            sale.discount_amount(line, read.amount(fields, "discount_amount"), reason)
        if "note" in fields:
            sale.note(line, read.text(fields, "note"))

    def do_remove(self, fields: Fields) -> None:
        self._screens.sale.remove(read.line(fields))

    def do_bill_discount(self, fields: Fields) -> None:
        reason = read.text(fields, "reason", default="")
        if "percent" in fields:
            self._screens.sale.bill_discount_percent(read.quantity(fields, "percent"), reason)
        else:
            self._screens.sale.bill_discount_amount(read.amount(fields, "amount"), reason)

    def do_customer(self, fields: Fields) -> Answer | None:
        sale = self._screens.sale
        if "search" not in fields:
            sale.choose_customer(read.text(fields, "number"))
            return None
        sale.find_customer(read.text(fields, "search"))
        hits = sale.state.customer_hits
        return {
            "customers": [
                {"number": hit.number, "name": hit.name, "company": hit.company, "city": hit.city} for hit in hits
            ]
        }

    def do_cancel(self, _: Fields) -> None:
        self._screens.sale.cancel()
