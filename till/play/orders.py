"""Commands for customers' orders."""

from schema.errors import Refused
from till.ordering.making import Form, PayWhen
from till.ordering.pickup import Handed
from till.play import fields as read
from till.play.commands import Commands
from till.play.fields import Answer, Fields
from till.play.returns import listed, quantity_of


class Orders(Commands):
    def do_open_orders(self, fields: Fields) -> Answer:
        orders = self._screens.orders
        orders.search(read.text(fields, "search", default=""))
        orders.filter(read.text(fields, "status", default=""))
        orders.filter_day(read.text(fields, "due", default=""))
        return {
            "orders": [
                {
                    "order": row.number,
                    "id": row.order_id,
                    "customer": row.customer,
                    "company": row.company,
                    "status": row.status,
                    "expected": row.expected_day,
                    "total": row.total_minor,
                    "open": row.open_minor,
                }
                for row in orders.state.rows
            ],
            "more": orders.state.more,
        }

    def do_order(self, fields: Fields) -> Answer:
        """Look at one order: its lines, and what of each is still in the shop."""
        orders = self._screens.orders
        orders.select(read.text(fields, "order"))
        return {"lines": orders.lines_left(), "open": orders.state.open_minor}

    def do_take_order(self, fields: Fields) -> None:
        """Hand over all that is left, or `lines`; with `deposit` take money for it instead."""
        orders, order = self._screens.orders, read.text(fields, "order")
        if "deposit" in fields:
            orders.take(order, deposit=_pay(fields, "deposit"))
            return
        handed = []
        for each in listed(fields):
            if (quantity := quantity_of(each)) is None:
                raise Refused("bad_quantity", "Each of “lines” must say its “quantity”.")
            handed.append(Handed(line=read.whole(each.get("line"), "line"), quantity=quantity))
        orders.take(order, handed)

    def do_make_order(self, fields: Fields) -> Answer | None:
        """Make an order of the basket; `pay` is later, all or an amount, which is then due as a prepayment."""
        if number := read.text(fields, "customer", default=""):
            self._screens.sale.choose_customer(number)
            if any(message.kind == "error" for message in self._stage.said):
                return None
        make = self._screens.make_order
        delivery = read.text(fields, "delivery", default="pickup")
        form = Form(
            delivery="delivery" if delivery == "delivery" else "pickup",
            expected_day=read.text(fields, "date", default=""),
            customer_name=read.text(fields, "name", default=""),
            phone=read.text(fields, "phone", default=""),
            subject=read.text(fields, "subject", default=""),
            fields=_extra(fields),
        )
        if delivery not in ("pickup", "delivery"):
            make.choose_delivery(delivery)  # type: ignore[arg-type] # refused, in the screen's own words
            return None
        make.make(form, _pay(fields, "pay") if "pay" in fields else "later")
        return {"order": make.state.made} if make.state.made else None


def _pay(fields: Fields, name: str) -> PayWhen | int:
    if fields.get(name) == "later":
        return "later"
    return "all" if fields.get(name) == "all" else read.amount(fields, name)


def _extra(fields: Fields) -> dict[str, str]:
    if "fields" not in fields:
        return {}
    found = read.mapping(fields, "fields")
    return {str(name): read.text(found, name) for name in found}
