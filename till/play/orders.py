"""Commands for customers' orders."""

from till.play import fields as read
from till.play.commands import Commands
from till.play.fields import Answer, Fields


class Orders(Commands):
    def do_open_orders(self, fields: Fields) -> Answer:
        orders = self._screens.orders
        orders.search(read.text(fields, "search", default=""))
        orders.filter(read.text(fields, "status", default=""))
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

    def do_take_order(self, fields: Fields) -> None:
        self._screens.orders.take(read.text(fields, "order"))
