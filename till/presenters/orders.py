"""Open orders: search, look, and take one into the basket after a question."""

from msgspec import Struct
from msgspec.structs import replace

from schema.money import format_amount
from schema.orders import OpenOrder
from till.connection import read_connection
from till.desk import Desk
from till.journal.tables import ORDER_PAYMENT
from till.pickup import Freshness, OwnPayment, basket_of, check_takeable, paid_minor, warning
from till.presenters.screen import Screen, told
from till.receipts import quantity_text
from till.words import RefusedInWords

ROWS_MAX = 100
# The states in which an order is open, and none for all of them.
STATUSES = {
    "": "All open",
    "ready_for_pickup": "Ready for pickup",
    "confirmed": "Confirmed",
    "partly_delivered": "Partly delivered",
    "partly_cancelled": "Partly cancelled",
}


class OrderRow(Struct, frozen=True, kw_only=True):
    order_id: str
    number: str
    customer: str
    company: str
    subject: str
    status: str
    status_text: str
    expected_day: str
    total_minor: int
    total_text: str
    open_minor: int
    open_text: str


class OrderLineState(Struct, frozen=True, kw_only=True):
    name: str
    quantity: str
    total_text: str


class StatusFilter(Struct, frozen=True, kw_only=True):
    """One status to filter by; the empty one is all."""

    status: str
    text: str


class OrdersState(Struct, frozen=True, kw_only=True):
    """`age_text` says how old the list is; `question` is asked before an order is taken, `warning` stands under it."""

    rows: tuple[OrderRow, ...] = ()
    more: bool = False
    search_text: str = ""
    filters: tuple[StatusFilter, ...] = ()
    status: str = ""
    selected: str = ""
    selected_lines: tuple[OrderLineState, ...] = ()
    age_text: str = ""
    empty_text: str = ""
    question: str = ""
    warning: str = ""


class OrdersPresenter(Screen[OrdersState]):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, OrdersState())
        self._asked = ""

    @told
    def enter(self) -> None:
        words = self.desk.words
        filters = tuple(StatusFilter(status=status, text=words(text)) for status, text in STATUSES.items())
        self.show(OrdersState(filters=filters, search_text=self.state.search_text, status=self.state.status))
        self._list()

    @told
    def search(self, text: str) -> None:
        """Find by customer, company or order number."""
        self.show(replace(self.state, search_text=text))
        self._list()

    @told
    def filter(self, status: str) -> None:
        """Show one status, or all with an empty one."""
        if status not in STATUSES:
            raise RefusedInWords("bad_status", "There is no order status “{status}”.", status=status[:30])
        self.show(replace(self.state, status=status))
        self._list()

    def _list(self) -> None:
        self.desk.signed_in()
        mirror, state = self.desk.parts.mirror, self.state
        self.desk.runner.run(
            lambda: mirror.orders(state.search_text, state.status, ROWS_MAX + 1), self._listed, self.fail, lane="agent"
        )

    def _listed(self, found: list[OpenOrder]) -> None:
        words, asked = self.desk.words, bool(self.state.search_text or self.state.status)
        empty = "No open order fits. Search for less." if asked else "Orders for this store will appear here."
        self.show(
            replace(
                self.state,
                rows=tuple(self._row(order) for order in found[:ROWS_MAX]),
                more=len(found) > ROWS_MAX,
                age_text=self._age_text(),
                empty_text="" if found else words(empty),
                selected="",
                selected_lines=(),
                question="",
                warning="",
            )
        )

    def _row(self, order: OpenOrder) -> OrderRow:
        left = order.total_minor - paid_minor(order, self._own(order))
        return OrderRow(
            order_id=order.order_id,
            number=order.number,
            customer=order.customer_name or order.customer,
            company=order.company,
            subject=order.subject,
            status=order.status,
            status_text=self.desk.words(STATUSES.get(order.status, order.status)),
            expected_day=order.expected_day,
            total_minor=order.total_minor,
            total_text=format_amount(order.total_minor, order.currency, self.desk.words.language),
            open_minor=left,
            open_text=format_amount(left, order.currency, self.desk.words.language),
        )

    @told
    def select(self, order_id: str) -> None:
        """Show an order's lines."""
        order = self.desk.parts.mirror.order(order_id)
        lines = tuple(
            OrderLineState(
                name=line.name,
                quantity=quantity_text(line.quantity, line.unit, self.desk.words),
                total_text=format_amount(line.total_minor, order.currency, self.desk.words.language),
            )
            for line in order.lines
        )
        self.show(replace(self.state, selected=order.order_id, selected_lines=lines))

    @told
    def ask(self, order: str) -> None:
        """Ask whether the order (id or number) shall be taken into the till; fills `question` and `warning`."""
        found, own = self._takeable(order)
        left = format_amount(found.total_minor - paid_minor(found, own), found.currency, self.desk.words.language)
        self._asked = found.order_id
        question = self.desk.words(
            "Take order {number} into the till? {amount} to pay.", number=found.number, amount=left
        )
        told_before = warning(found, own, self._freshness(), self.desk.settings(), self.desk.words)
        self.show(replace(self.state, question=question, warning=told_before))

    def decline(self) -> None:
        """Answer no."""
        self._asked = ""
        self.show(replace(self.state, question="", warning=""))

    @told
    def confirm(self) -> None:
        """Answer yes: the order becomes the basket; goes to `sale`."""
        if not self._asked:
            return
        order, own = self._takeable(self._asked)
        warned, self._asked = self.state.warning, ""
        self.desk.take_sale(
            replace(
                self.desk.sale,
                basket=basket_of(order, own),
                customer_name=order.company or order.customer_name,
            )
        )
        self.desk.save_draft(self.fail)
        self.show(replace(self.state, question="", warning=""))
        if warned:
            self.say("warn", warned, code="order_warning")
        self.go("sale")

    def take(self, order: str) -> None:
        """Ask and answer yes in one: for scripts and a scanned order number."""
        self._asked = ""
        self.ask(order)
        self.confirm()

    def back(self) -> None:
        """Go back to `sale`."""
        self.go("sale")

    def _takeable(self, wanted: str) -> tuple[OpenOrder, OwnPayment | None]:
        self.desk.ready_to_sell()
        if not self.desk.sale.is_empty:
            raise RefusedInWords("basket_in_use", "There is a basket in hand. Pay or cancel it first.")
        order = self.desk.parts.mirror.order(wanted)
        own = self._own(order)
        check_takeable(order, own, self._freshness(), self.desk.settings())
        return order, own

    def _own(self, order: OpenOrder) -> OwnPayment | None:
        rows = self.desk.parts.journal.rows(ORDER_PAYMENT, (order.order_id,))
        return OwnPayment(receipt=rows[0][0], paid_after_minor=rows[0][1]) if rows else None

    def _freshness(self) -> Freshness:
        parts, clock = self.desk.parts, self.desk.clock
        found = read_connection(parts.journal, parts.mirror, parts.device, clock)
        age_ms = max(clock.now_ms() - max(found.last_fetch_ms, found.last_contact_ms), 0)
        return Freshness(online=found.kind == "online", age_ms=age_ms)

    def _age_text(self) -> str:
        minutes = self._freshness().age_ms // 60_000
        return (
            self.desk.words("as of {minutes} minutes ago", minutes=minutes)
            if minutes
            else self.desk.words("up to date")
        )
