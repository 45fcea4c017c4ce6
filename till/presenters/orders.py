"""Open orders: the queue, search and look; hand over all or a part, or take a deposit, after a question.

Head office is asked for the lease on an order before it is taken; without an answer the store's policy decides.
"""

import datetime
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from schema.basket import price
from schema.errors import CounterfoilError
from schema.money import format_amount
from schema.orders import OpenOrder, OrderLine
from schema.quantity import parse_quantity
from till.connection import read_connection
from till.desk import Desk
from till.ordering.making import PayWhen, amount_now, prepayment_sale
from till.ordering.pickup import (
    Freshness,
    Handed,
    basket_of,
    check_handed,
    check_offline,
    check_takeable,
    left,
    open_minor,
    warning,
)
from till.paper.letterhead import quantity_text
from till.presenters.screen import Screen, told
from till.selling.register import Sale, sums
from till.selling.stock import minutes_text
from till.words import RefusedInWords

ROWS_MAX = 1000
# The states in which an order is open, the queue of those to hand over first, and none for all of them.
STATUSES = {
    "": "All open",
    "ready_for_pickup": "Ready for pickup",
    "confirmed": "Confirmed",
    "partly_delivered": "Partly delivered",
    "partly_cancelled": "Partly cancelled",
}
DAYS = {"": "Any day", "today": "Due by today", "week": "Due in 7 days"}
_DAYS_AHEAD = {"today": 0, "week": 7}
_DELIVERIES = {"pickup": "Pickup", "delivery": "Delivery"}
RENEW_MS = 60_000
ZERO = Decimal(0)


class OrderRow(Struct, frozen=True, kw_only=True):
    order_id: str
    number: str
    customer: str
    company: str
    subject: str
    status: str
    status_text: str
    expected_day: str
    expected_text: str
    total_minor: int
    total_text: str
    open_minor: int
    open_text: str


class OrderLineState(Struct, frozen=True, kw_only=True):
    """A line of the chosen order; `taken` is how much of it is handed over now, empty for none."""

    name: str
    quantity: str
    total_text: str
    left: str = ""
    taken: str = ""


class Filter(Struct, frozen=True, kw_only=True):
    """One value to filter by; the empty one is all."""

    status: str
    text: str


class OrdersState(Struct, frozen=True, kw_only=True):
    """`age_text` says how old the list is; `question` is asked before an order is taken, `warning` stands under it."""

    rows: tuple[OrderRow, ...] = ()
    more: bool = False
    search_text: str = ""
    filters: tuple[Filter, ...] = ()
    status: str = ""
    days: tuple[Filter, ...] = ()
    day: str = ""
    selected: str = ""
    selected_lines: tuple[OrderLineState, ...] = ()
    # The line (from 1) whose quantity the steps change, 0 for none.
    touched: int = 0
    about: str = ""
    # What the chosen lines come to once what was paid before is counted.
    due_text: str = ""
    open_minor: int = 0
    may_hand_over: bool = False
    may_deposit: bool = False
    age_text: str = ""
    empty_text: str = ""
    question: str = ""
    warning: str = ""


class Intent(Struct, frozen=True, kw_only=True):
    """What shall be done with an order: goods handed over, or (with an amount) a deposit taken."""

    order_id: str
    handed: tuple[Handed, ...] = ()
    deposit: PayWhen | int | None = None


class OrdersPresenter(Screen[OrdersState]):
    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, OrdersState())
        self._asked: Intent | None = None
        self._order: OpenOrder | None = None
        self._handed: dict[int, Decimal] = {}
        self._leased = ""
        self._renewed_ms = 0

    @told
    def enter(self) -> None:
        words = self.desk.words
        self.show(
            replace(
                self.state,
                filters=tuple(Filter(status=status, text=words(text)) for status, text in STATUSES.items()),
                days=tuple(Filter(status=day, text=words(text)) for day, text in DAYS.items()),
                question="",
                warning="",
            )
        )
        self._list()

    # -- the list

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

    @told
    def filter_day(self, day: str) -> None:
        """Show what is due by a day, or all with an empty one; an order without a day is always due."""
        if day not in DAYS:
            raise RefusedInWords("bad_status", "There is no order status “{status}”.", status=day[:30])
        self.show(replace(self.state, day=day))
        self._list()

    def _list(self) -> None:
        self.desk.signed_in()
        self._let_go()
        state, before = self.state, self._order
        self.desk.runner.run(
            lambda: self._read(state), lambda rows: self._listed(rows, before), self.fail, lane="agent"
        )

    def _read(self, state: OrdersState) -> list[OrderRow]:
        """Find and word the rows, one more than are shown: a thousand of them take longer than a frame."""
        found = self.desk.parts.orders.search(state.search_text, state.status, ROWS_MAX + 1)
        return [self._row(order) for order in found if self._is_due(order, state.day)]

    def _listed(self, rows: list[OrderRow], before: OpenOrder | None) -> None:
        """Show the rows. An order that was chosen while they were read stays chosen: that touch came later."""
        words = self.desk.words
        asked = bool(self.state.search_text or self.state.status or self.state.day)
        empty = "No open order fits. Search for less." if asked else "Orders for this store will appear here."
        self.show(
            replace(
                self.state,
                rows=tuple(rows[:ROWS_MAX]),
                more=len(rows) > ROWS_MAX,
                age_text=self._age_text(),
                empty_text="" if rows else words(empty),
            )
        )
        is_fresh = self._order is not None and self._order is not before
        if is_fresh and any(row.order_id == self.state.selected for row in rows):
            return
        self._order, self._handed = None, {}
        self.show(
            replace(
                self.state,
                selected="",
                selected_lines=(),
                touched=0,
                question="",
                warning="",
            )
        )

    def _is_due(self, order: OpenOrder, day: str) -> bool:
        if not day or not order.expected_day:
            return True
        last = self.desk.today() + datetime.timedelta(days=_DAYS_AHEAD[day])
        return order.expected_day <= last.isoformat()

    def _row(self, order: OpenOrder) -> OrderRow:
        words = self.desk.words
        return OrderRow(
            order_id=order.order_id,
            number=order.number,
            customer=order.customer_name or order.customer,
            company=order.company,
            subject=order.subject,
            status=order.status,
            status_text=words(STATUSES[order.status]) if order.status in STATUSES else words("Handed over"),
            expected_day=order.expected_day,
            expected_text=self.desk.day(order.expected_day),
            total_minor=order.total_minor,
            total_text=self._amount(order.total_minor, order),
            open_minor=open_minor(order),
            open_text=self._amount(open_minor(order), order),
        )

    # -- one order

    @told
    def select(self, order_id: str) -> None:
        """Show an order's lines, all that is left of them to hand over."""
        self._order = self.desk.parts.orders.find(order_id)[0]
        self._handed = {number: left(line) for number, line in enumerate(self._order.lines, start=1) if left(line)}
        self._show_order(touched=0)

    @told
    def touch(self, line: int) -> None:
        """Leave a line out of the handover, or put it in again; touched first, its quantity can be stepped."""
        rest = left(self._line(line))
        if line in self._handed and self.state.touched == line:
            del self._handed[line]
        elif rest:
            self._handed.setdefault(line, rest)
        self._show_order(touched=line if line in self._handed else 0)

    @told
    def step(self, pieces: int) -> None:
        """Hand over one more or one less of the touched line."""
        if line := self.state.touched:
            quantity = min(self._handed.get(line, ZERO) + pieces, left(self._line(line)))
            self._handed.pop(line, None)
            if quantity > 0:
                self._handed[line] = quantity
            self._show_order(touched=line if quantity > 0 else 0)

    @told
    def set_quantity(self, line: int, quantity: str) -> None:
        """Hand over this much of a line."""
        self._handed[line] = min(parse_quantity(quantity), left(self._line(line)))
        self._show_order(touched=line)

    def _line(self, number: int) -> OrderLine:
        if self._order is None or not 1 <= number <= len(self._order.lines):
            raise RefusedInWords("nothing_chosen", "Touch an order to see what is in it.")
        return self._order.lines[number - 1]

    def _show_order(self, *, touched: int) -> None:
        if (order := self._order) is None:
            return
        due = _due(order, self._chosen()) if self._handed else 0
        facts = (
            self.desk.words(_DELIVERIES[order.delivery]),
            self.desk.day(order.expected_day),
            order.phone,
            order.subject,
            *(f"{name}: {text}" for name, text in order.fields.items()),
        )
        self.show(
            replace(
                self.state,
                selected=order.order_id,
                selected_lines=tuple(self._line_state(number, order) for number in range(1, len(order.lines) + 1)),
                touched=touched,
                about="  ·  ".join(fact for fact in facts if fact),
                due_text=self._amount(due, order),
                open_minor=open_minor(order),
                may_hand_over=bool(self._handed),
                may_deposit=open_minor(order) > 0,
            )
        )

    def _line_state(self, number: int, order: OpenOrder) -> OrderLineState:
        line, words = order.lines[number - 1], self.desk.words
        rest, taken = left(line), self._handed.get(number, ZERO)
        return OrderLineState(
            name=line.name,
            quantity=quantity_text(line.quantity, line.unit, words),
            total_text=self._amount(line.total_minor, order),
            left="" if rest == line.quantity else words("{left} left", left=quantity_text(rest, line.unit, words)),
            taken=quantity_text(taken, line.unit, words) if taken else "",
        )

    def _chosen(self) -> tuple[Handed, ...]:
        return tuple(Handed(line=line, quantity=quantity) for line, quantity in sorted(self._handed.items()))

    def lines_left(self) -> list[dict[str, Any]]:
        """Return the chosen order's lines for scripts: what was ordered, and what of it is still in the shop."""
        lines = self._order.lines if self._order is not None else ()
        return [
            {
                "line": number,
                "article": line.article,
                "name": line.name,
                "quantity": f"{line.quantity:f}",
                "left": f"{left(line):f}",
                "total": line.total_minor,
            }
            for number, line in enumerate(lines, start=1)
        ]

    # -- taking it into the till

    @told
    def ask(self, order: str) -> None:
        """Ask whether the order (id or number) shall be taken into the till; fills `question` and `warning`."""
        found, _ = self.desk.parts.orders.find(order)
        is_shown = self._order is not None and found.order_id == self._order.order_id
        self._ask(Intent(order_id=found.order_id, handed=self._chosen() if is_shown else ()))

    @told
    def ask_deposit(self, amount: PayWhen | int = "all") -> None:
        """Ask whether a deposit, or all that is open, shall be taken for the chosen order."""
        if self._order is not None:
            self._ask(Intent(order_id=self._order.order_id, deposit=amount))

    def _ask(self, intent: Intent) -> None:
        order, receipt = self._takeable(intent)
        words, due = self.desk.words, sums(self._sale(order, intent)).due_minor
        text = words(
            "Take order {number} into the till? {amount} to pay.",
            number=order.number,
            amount=self._amount(due, order),
        )
        if intent.deposit is not None:
            text = words("Take {amount} for order {number} now?", amount=self._amount(due, order), number=order.number)
        self._asked = intent
        told_before = warning(order, receipt, self._freshness(), self.desk.settings(), words)
        self.show(replace(self.state, question=text, warning=told_before))

    def decline(self) -> None:
        """Answer no."""
        self._asked = None
        self.show(replace(self.state, question="", warning=""))

    @told
    def confirm(self) -> None:
        """Answer yes: the order becomes the basket; goes to `sale`, or with a deposit to `pay`."""
        if (intent := self._asked) is None:
            return
        order, _ = self._takeable(intent)
        orders, warned = self.desk.parts.orders, self.state.warning
        # A double touch takes it once.
        self._asked = None
        self.show(replace(self.state, question="", warning=""))

        def claimed(asked: bool) -> None:
            try:
                self._take(order, intent, warned, is_online=asked)
            except CounterfoilError as error:
                self.fail(error)

        self.desk.runner.run(lambda: orders.claim(order), claimed, self.fail, lane="agent")

    def _take(self, order: OpenOrder, intent: Intent, warned: str, *, is_online: bool) -> None:
        self._check_free()
        sale = self._sale(order, intent)

        def take() -> None:
            self._leased, self._renewed_ms = order.order_id, self.desk.clock.now_ms()
            self.desk.take_sale(sale)
            self.desk.save_draft(self.fail)
            if warned:
                self.say("warn", warned, code="order_warning")
            self.go("sale" if intent.deposit is None else "pay")

        if not is_online and check_offline(sums(sale).due_minor, self.desk.settings()):
            self.desk.with_right("order_offline", take, self.fail)
        else:
            take()

    @told
    def take(self, order: str, handed: Sequence[Handed] = (), deposit: PayWhen | int | None = None) -> None:
        """Ask and answer yes in one: for scripts. Without lines all that is left; with a deposit no goods."""
        self._asked = None
        found, _ = self.desk.parts.orders.find(order)
        self._ask(Intent(order_id=found.order_id, handed=tuple(handed), deposit=deposit))
        self.confirm()

    def open_scanned(self, order: str) -> None:
        """Come here with an order that was scanned on the sale screen."""
        self.go("orders")
        self.select(order)

    def back(self) -> None:
        """Go back to `sale`."""
        self.go("sale")

    def _takeable(self, intent: Intent) -> tuple[OpenOrder, str]:
        self._check_free()
        order, receipt = self.desk.parts.orders.find(intent.order_id)
        check_takeable(order, receipt, self.desk.settings())
        check_handed(order, intent.handed)
        return order, receipt

    def _check_free(self) -> None:
        self.desk.ready_to_sell()
        if not self.desk.sale.is_empty:
            raise RefusedInWords("basket_in_use", "There is a basket in hand. Pay or cancel it first.")

    def _sale(self, order: OpenOrder, intent: Intent) -> Sale:
        # Its lines are printed: the paper's language.
        words, sale = self.desk.paper_words, self.desk.sale
        if intent.deposit is not None:
            return prepayment_sale(order, amount_now(order, intent.deposit), sale, words("Prepayment"))
        basket = basket_of(order, intent.handed, words=words)
        return replace(sale, basket=basket, customer_name=order.company or order.customer_name, taken=order)

    # -- the lease

    def tick(self) -> None:
        """Keep the lease while the order is in hand, give it back when it no longer is. Called every second."""
        if self.desk.trouble is not None:
            return
        self._hold_again()
        if not self._leased:
            return  # nor is there a sale to ask for where the till is not open
        self._let_go()
        now_ms = self.desk.clock.now_ms()
        if self._leased and now_ms - self._renewed_ms >= RENEW_MS and (order := self.desk.sale.taken) is not None:
            self._renewed_ms = now_ms
            orders = self.desk.parts.orders
            self._in_background(lambda: orders.claim(order))

    def _hold_again(self) -> None:
        """Lease an order again that comes from a parked basket, or was in hand before the program's start."""
        if self._leased or not self.desk.has_sale:
            return
        sale = self.desk.sale
        if sale.taken is not None and sale.voids is None:
            self._leased, self._renewed_ms = sale.taken.order_id, 0

    def _let_go(self) -> None:
        taken = self.desk.sale.taken
        if self._leased and (taken is None or taken.order_id != self._leased):
            order_id, self._leased = self._leased, ""
            orders = self.desk.parts.orders
            self._in_background(lambda: orders.release(order_id))

    def _in_background(self, work: Callable[[], Any]) -> None:
        self.desk.runner.run(work, lambda _: None, lambda _: None, lane="agent")

    # -- words

    def _amount(self, amount_minor: int, order: OpenOrder) -> str:
        return format_amount(amount_minor, order.currency, self.desk.words.language)

    def _freshness(self) -> Freshness:
        parts, clock = self.desk.parts, self.desk.clock
        found = read_connection(parts.journal, parts.mirror, parts.device, clock)
        age_ms = max(clock.now_ms() - max(found.last_fetch_ms, found.last_contact_ms), 0)
        return Freshness(online=found.kind == "online", age_ms=age_ms)

    def _age_text(self) -> str:
        minutes = self._freshness().age_ms // 60_000
        return minutes_text(minutes, self.desk.words) if minutes else self.desk.words("up to date")


def _due(order: OpenOrder, handed: Sequence[Handed]) -> int:
    basket = basket_of(order, handed)
    return price(basket).total_minor - (basket.order.paid_minor if basket.order else 0)
