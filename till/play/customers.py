"""Commands for customers and parked baskets."""

from till.play import fields as read
from till.play.commands import Commands
from till.play.fields import Answer, Fields
from till.presenters.customer import typed_customer


class Customers(Commands):
    def do_customer(self, fields: Fields) -> Answer | None:
        """Search for a customer, or put one on the sale by number; an empty number takes the customer off."""
        if "search" not in fields:
            self._screens.sale.choose_customer(read.text(fields, "number"))
            return None
        customer = self._screens.customer
        customer.search(read.text(fields, "search"))
        if "head_office" in fields and read.truth(fields, "head_office"):
            customer.ask_head_office()
        return {
            "customers": [
                {"number": row.number, "name": row.name, "company": row.company, "city": row.city, "group": row.group}
                for row in customer.state.rows
            ]
        }

    def do_customer_detail(self, fields: Fields) -> Answer:
        """Show a customer's group, credit and open items."""
        self._screens.customer.select(read.text(fields, "number"))
        detail = self._screens.customer.state.detail
        if detail is None:
            return {}
        items = [{"reference": item.reference, "day": item.day, "open": item.open_minor} for item in detail.items]
        return {"number": detail.number, "group": detail.group, "open": detail.open_minor, "items": items}

    def do_new_customer(self, fields: Fields) -> Answer:
        """Write a new customer down and put them on the sale."""
        typed = {name: read.text(fields, name) for name in fields if name != "do"}
        self._screens.customer.save_new(typed_customer(typed))
        return {"number": self._desk.sale.basket.customer}

    def do_pay_open_item(self, fields: Fields) -> None:
        """Put a customer's open item into the basket."""
        self._screens.customer.select(read.text(fields, "customer"))
        self._screens.customer.pay_item(read.text(fields, "reference"))

    def do_park(self, fields: Fields) -> None:
        """Put the basket in hand aside."""
        self._screens.parked.park(read.text(fields, "title", default=""))

    def do_parked(self, fields: Fields) -> Answer:
        """List what is parked; `drop` drops one."""
        parked = self._screens.parked
        if "drop" in fields:
            parked.drop(self._slot(read.text(fields, "drop")))
        parked.enter()
        rows = [
            {"slot": row.slot, "title": row.title, "cashier": row.cashier, "lines": row.lines, "total": row.total_minor}
            for row in parked.state.rows
        ]
        return {"parked": rows}

    def do_resume(self, fields: Fields) -> None:
        """Take a parked basket into hand, by its slot or its title."""
        self._screens.parked.resume(self._slot(read.text(fields, "parked")))

    def _slot(self, wanted: str) -> str:
        self._screens.parked.enter()
        named = [row.slot for row in self._screens.parked.state.rows if row.title == wanted]
        return named[0] if named else wanted
