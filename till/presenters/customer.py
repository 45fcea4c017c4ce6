"""Customer: search here and at head office, look at group, credit and open items, choose, write down a new one."""

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from schema.basket import add_line
from schema.errors import CounterfoilError
from schema.parties import Customer, OpenItem
from till.desk import Desk
from till.presenters.sale import SalePresenter
from till.presenters.screen import Screen, told
from till.selling.customers import (
    NewCustomer,
    added,
    age_days,
    customer_number,
    find_customer,
    kept,
    overdue_days,
    search_customers,
)
from till.selling.register import open_item_line
from till.words import RefusedInWords

HITS_MAX = 50


class CustomerRow(Struct, frozen=True, kw_only=True):
    """A customer who was found."""

    number: str
    name: str
    company: str
    city: str
    group: str
    open_text: str = ""


class OpenItemRow(Struct, frozen=True, kw_only=True):
    """A sale on account that is not paid yet, and how old it is."""

    reference: str
    day: str
    age_text: str
    open_minor: int
    open_text: str
    overdue: bool
    in_basket: bool


class CustomerDetail(Struct, frozen=True, kw_only=True):
    """The customer who is looked at. `left_text`: what may still be taken on account."""

    number: str
    name: str
    company: str
    address: str
    contact: str
    group: str
    limit_text: str
    open_minor: int
    open_text: str
    left_text: str
    items: tuple[OpenItemRow, ...]


class CustomerState(Struct, frozen=True, kw_only=True):
    """`on_sale` is the number of the sale's customer; `writing` while a new one is written down."""

    search_text: str = ""
    rows: tuple[CustomerRow, ...] = ()
    asking: bool = False
    hint: str = ""
    on_sale: str = ""
    detail: CustomerDetail | None = None
    writing: bool = False


class CustomerPresenter(Screen[CustomerState]):
    def __init__(self, desk: Desk, sale: SalePresenter) -> None:
        super().__init__(desk, CustomerState())
        self._sale = sale
        # Customers whom head office found for us; the mirror of this store may not hold them.
        self._remote: dict[str, Customer] = {}

    @told
    def enter(self) -> None:
        """Show the sale's customer, or begin a search."""
        self.show(CustomerState(on_sale=self.desk.sale.basket.customer))
        if self.state.on_sale:
            self.select(self.state.on_sale)

    # -- search

    @told
    def search(self, text: str) -> None:
        """Find customers while typing: name, company, town, number or card."""
        self.desk.signed_in()
        self.show(replace(self.state, search_text=text, writing=False))
        if not text.strip():
            self.show(replace(self.state, rows=(), hint=""))
            return
        parts = self.desk.parts

        def find() -> list[Customer]:
            return search_customers(text, HITS_MAX, parts.journal, parts.mirror)

        self.desk.runner.run(find, lambda found: self._found(text, found), self.fail, lane="agent")

    def _found(self, text: str, found: list[Customer]) -> None:
        if text != self.state.search_text:
            return  # typed on meanwhile
        hint = "" if found else self.desk.words("Nobody found here. Ask head office, or write down a new customer.")
        self.show(replace(self.state, rows=tuple(self._row(each) for each in found), hint=hint, detail=None))

    @told
    def ask_head_office(self) -> None:
        """Search at head office too; without it, say so and keep what was found here."""
        text, link = self.state.search_text.strip(), self.desk.parts.link
        if not text:
            return
        self.show(replace(self.state, asking=True, hint=self.desk.words("Head office is asked …")))
        self.desk.runner.run(lambda: link.customers(text), self._asked, self._not_asked, lane="agent")

    def _asked(self, found: list[Customer]) -> None:
        self._remote = {customer.number: customer for customer in found}
        there = {row.number for row in self.state.rows}
        more = tuple(self._row(each) for each in found if each.number not in there)
        words = self.desk.words
        hint = (
            words("Head office knows {count} more.", count=len(more))
            if more
            else words("Head office knows nobody else.")
        )
        self.show(replace(self.state, asking=False, hint=hint, rows=(*self.state.rows, *more)))

    def _not_asked(self, error: CounterfoilError) -> None:
        self.show(replace(self.state, asking=False, hint=self.desk.words.of_error(error)))

    def _row(self, customer: Customer) -> CustomerRow:
        left = sum(item.open_minor for item in self._still_open(customer))
        return CustomerRow(
            number=customer.number,
            name=customer.name,
            company=customer.company,
            city=" ".join(filter(None, (customer.postcode, customer.city))),
            group=customer.group,
            open_text=self.desk.amount(left) if left else "",
        )

    # -- one customer

    @told
    def select(self, number: str) -> None:
        """Look at a customer."""
        self.show(replace(self.state, detail=self._detail(self._customer(number)), writing=False))

    def _customer(self, number: str) -> Customer:
        parts = self.desk.parts
        return self._remote.get(number) or find_customer(number, parts.journal, parts.mirror)

    def _still_open(self, customer: Customer) -> tuple[OpenItem, ...]:
        """Return what is open by head office's word and was not paid here since."""
        return self.desk.parts.balances.still_open(customer) if customer.open_items else ()

    def _detail(self, customer: Customer) -> CustomerDetail:
        items = self._still_open(customer)
        owed = sum(item.open_minor for item in items)
        limit = customer.credit_limit_minor
        return CustomerDetail(
            number=customer.number,
            name=customer.name,
            company=customer.company,
            address=", ".join(filter(None, (customer.street, f"{customer.postcode} {customer.city}".strip()))),
            contact=", ".join(filter(None, (customer.phone, customer.email))),
            group=customer.group,
            limit_text=self.desk.amount(limit) if limit else "",
            open_minor=owed,
            open_text=self.desk.amount(owed) if owed else "",
            left_text=self.desk.amount(max(limit - owed, 0)) if limit else "",
            items=tuple(self._item(item) for item in items),
        )

    def _item(self, item: OpenItem) -> OpenItemRow:
        words, today = self.desk.words, self.desk.today()
        late = overdue_days(item, today) if item.due_day else 0
        age = words.count("{count} day old", "{count} days old", age_days(item, today))
        overdue = words.count("{count} day overdue", "{count} days overdue", late)
        return OpenItemRow(
            reference=item.reference,
            day=item.day,
            age_text=f"{age} · {overdue}" if late > 0 else age,
            open_minor=item.open_minor,
            open_text=self.desk.amount(item.open_minor),
            overdue=late > 0,
            in_basket=self._is_in_basket(item.reference),
        )

    def _is_in_basket(self, reference: str) -> bool:
        return any(line.kind == "open_item" and line.reference == reference for line in self.desk.sale.basket.lines)

    @told
    def choose(self, number: str) -> None:
        """Put a customer on the sale; empty takes the customer off. Goes to `sale`."""
        self.desk.ready_to_sell()
        self.desk.change_customer(self._customer(number) if number else None)
        self._keep(number)
        self.desk.save_draft(self.fail)
        self.go("sale")

    def _keep(self, number: str) -> None:
        """Keep a customer whom only head office knew, so that paying and the next start know them too."""
        if (customer := self._remote.get(number)) is not None:
            journal = self.desk.parts.journal
            self.desk.runner.run(lambda: journal.change(kept(customer)), lambda _: None, self.fail)

    @told
    def pay_item(self, reference: str) -> None:
        """Put an open item of the customer who is looked at into the basket, to be paid with it. Goes to `sale`."""
        self.desk.ready_to_sell()
        if self.state.detail is None:
            return
        customer = self._customer(self.state.detail.number)
        item = next((each for each in self._still_open(customer) if each.reference == reference), None)
        if item is None:
            raise RefusedInWords("unknown_item", "“{reference}” is not open any more.", reference=reference[:40])
        if self._is_in_basket(reference):
            raise RefusedInWords("item_there", "{reference} is in the basket already.", reference=reference)
        self.desk.change_customer(customer)
        self._keep(customer.number)
        name = self.desk.paper_words("Open item {reference}", reference=reference)
        basket, _ = add_line(self.desk.sale.basket, open_item_line(item, name))
        self.desk.change_basket(basket)
        self.desk.save_draft(self.fail)
        self.go("sale")

    # -- a new customer

    @told
    def write_new(self) -> None:
        """Begin to write down a new customer (right: add_customer)."""
        self.desk.with_right(
            "add_customer", lambda: self.show(replace(self.state, writing=True, detail=None)), self.fail
        )

    @told
    def save_new(self, new: NewCustomer) -> None:
        """Write the new customer down and put them on the sale; works without head office. Goes to `sale`."""
        self.desk.with_right("add_customer", lambda: self._save(new), self.fail)

    def _save(self, new: NewCustomer) -> None:
        cashier, parts = self.desk.signed_in(), self.desk.parts
        number = customer_number(parts.device.label(), self.desk.clock.now_ms())
        customer, body, row = added(new, number, cashier.number)

        def saved(_: object) -> None:
            self.show(replace(self.state, writing=False))
            self.choose(customer.number)

        self.desk.runner.run(lambda: parts.journal.append(body, row), saved, self.fail)

    def back(self) -> None:
        """Go back: from the form to the search, from there to `sale`."""
        if self.state.writing:
            self.show(replace(self.state, writing=False))
        else:
            self.go("sale")

    def scan(self, code: str) -> None:
        """Take a scan: a customer's card chooses, anything else belongs to the sale."""
        self.go("sale")
        self._sale.scan(code)

    def fail(self, error: CounterfoilError) -> None:
        self.show(replace(self.state, asking=False))
        super().fail(error)


def typed_customer(fields: dict[str, Any]) -> NewCustomer:
    """Return what was typed, by the fields' names; others are left out."""
    return NewCustomer(**{name: str(fields[name]) for name in NewCustomer.__struct_fields__ if name in fields})
