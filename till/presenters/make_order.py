"""Make order: the basket becomes a customer's order, paid later, in part or at once."""

from datetime import timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from schema.clock import new_id
from schema.events import OrderMade, decode
from schema.locale import day_of_year_text
from schema.orders import Delivery, OpenOrder
from till.desk import Desk
from till.journal.journal import Entry, Position
from till.journal.tables import DROP_DRAFT, SAVE_DRAFT
from till.keypad import amount_of, shown, typed
from till.ordering.making import (
    DAY_EXAMPLE,
    Form,
    Maker,
    PayWhen,
    amount_now,
    check_day,
    check_form,
    check_orderable,
    open_order,
    order_made,
    prepayment_sale,
)
from till.ordering.slip import order_document
from till.presenters.paper import Paper
from till.presenters.screen import Screen, told
from till.selling.register import CURRENT, Sale, encode_sale, new_sale, sums
from till.shifts.shift import open_shift
from till.words import RefusedInWords

# Days that a touch chooses; any other is typed.
DAYS_AHEAD = (0, 1, 2, 3, 5, 7, 14)
NEAR_DAYS = {0: "Today", 1: "Tomorrow"}


class DayKey(Struct, frozen=True, kw_only=True):
    day: str
    text: str


class FieldState(Struct, frozen=True, kw_only=True):
    """Something that the store asks beside the basket."""

    name: str
    text: str


class MakeOrderState(Struct, frozen=True, kw_only=True):
    """`keypad` is the deposit as typed. `made` is the last order's number, said until the next one.

    `day` is ISO, chosen by a key; `day_typed` is another one as a person typed it, and `day_hint` how it is typed.
    """

    delivery: Delivery = "pickup"
    day: str = ""
    day_typed: str = ""
    day_hint: str = ""
    days: tuple[DayKey, ...] = ()
    customer: str = ""
    customer_name: str = ""
    name: str = ""
    phone: str = ""
    subject: str = ""
    fields: tuple[FieldState, ...] = ()
    total_text: str = ""
    count: int = 0
    keypad: str = ""
    busy: bool = False
    made: str = ""


class MakeOrderPresenter(Screen[MakeOrderState]):
    def __init__(self, desk: Desk, paper: Paper) -> None:
        super().__init__(desk, MakeOrderState())
        self._paper = paper
        self._entry = ""

    @told
    def enter(self) -> None:
        """Show the form; what was typed for this basket is kept."""
        desk = self.desk
        desk.ready_to_sell()
        today = desk.today()
        days = tuple(self._day_key((today + timedelta(days=days)).isoformat(), days) for days in DAYS_AHEAD)
        known = {field.name: field.text for field in self.state.fields}
        self.show(
            replace(
                self.state,
                days=days,
                day_hint=desk.words("Another day, like {example}", example=DAY_EXAMPLE),
                customer=desk.sale.basket.customer,
                customer_name=desk.sale.customer_name,
                fields=tuple(FieldState(name=name, text=known.get(name, "")) for name in desk.settings().order_fields),
                total_text=desk.amount(sums(desk.sale).totals.total_minor),
                count=len(desk.sale.basket.lines),
                busy=False,
                made="",
            )
        )

    def _day_key(self, day: str, days: int) -> DayKey:
        near = self.desk.words(NEAR_DAYS[days]) if days in NEAR_DAYS else ""
        return DayKey(day=day, text=near or day_of_year_text(day, self.desk.words.language))

    # -- the form

    @told
    def choose_delivery(self, delivery: Delivery) -> None:
        """Pickup or delivery."""
        if delivery not in ("pickup", "delivery"):
            raise RefusedInWords("bad_delivery", "An order is picked up or delivered. Choose one.")
        self.show(replace(self.state, delivery=delivery))

    @told
    def choose_day(self, day: str) -> None:
        """The day it is wanted for (ISO); the same again takes it off."""
        chosen = "" if day == self.state.day else check_day(day, self.desk.today())
        self.show(replace(self.state, day=chosen, day_typed=""))

    def type_day(self, text: str) -> None:
        """Another day, in the locale's form or ISO; it is read when the order is placed, and takes a key's place."""
        self.show(replace(self.state, day="" if text else self.state.day, day_typed=text))

    def type_name(self, text: str) -> None:
        self.show(replace(self.state, name=text))

    def type_phone(self, text: str) -> None:
        self.show(replace(self.state, phone=text))

    def type_subject(self, text: str) -> None:
        self.show(replace(self.state, subject=text))

    def type_field(self, name: str, text: str) -> None:
        """Fill in one of the store's own fields."""
        fields = tuple(replace(field, text=text) if field.name == name else field for field in self.state.fields)
        self.show(replace(self.state, fields=fields))

    def key(self, key: str) -> None:
        """Type the deposit on the keypad."""
        self._entry = typed(self._entry, key)
        self.show(replace(self.state, keypad=shown(self._entry, self.desk.words.language)))

    # -- placing it

    def place(self) -> None:
        """Place the order; it is paid later."""
        self.make(self._form(), "later")

    def place_and_pay(self) -> None:
        """Place the order and pay what was typed, or all of it; goes to `pay`."""
        amount = amount_of(self._entry, self.desk.currency)
        self.make(self._form(), "all" if amount is None else amount)

    def _form(self) -> Form:
        state = self.state
        return Form(
            delivery=state.delivery,
            expected_day=state.day_typed or state.day,
            customer_name=state.name,
            phone=state.phone,
            subject=state.subject,
            fields={field.name: field.text for field in state.fields},
        )

    @told
    def make(self, form: Form, pay: PayWhen | int) -> None:
        """Make the order of the basket in hand (right: make_order); what is paid now comes as a prepayment."""
        desk = self.desk
        desk.ready_to_sell()
        desk.check_free()
        if self.state.busy:
            return
        check_orderable(desk.sale)
        clean = check_form(form, desk.sale, desk.today(), desk.settings().order_fields)
        if pay not in ("later", "all"):
            self._check_deposit(pay)
        desk.with_right("make_order", lambda: self._make(clean, pay), self.fail)

    def _check_deposit(self, pay: PayWhen | int) -> None:
        total = sums(self.desk.sale).totals.total_minor
        if not isinstance(pay, int) or not 0 < pay <= total:
            raise RefusedInWords("bad_amount", "A deposit is more than nothing, and at most what is open.")

    def _make(self, form: Form, pay: PayWhen | int) -> None:
        desk, parts, sale = self.desk, self.desk.parts, self.desk.sale
        maker = Maker(
            order_id=new_id(desk.clock),
            label=parts.device.label(),
            shift_id=open_shift(parts.journal.position).shift_id,
            cashier=desk.signed_in().number,
            today=desk.today(),
        )
        next_sale = new_sale(new_id(desk.clock), desk.clock.now_ms(), desk.currency)
        letterhead, printed_at = desk.letterhead(), desk.stamp(desk.clock.now_ms())
        name, cashier = desk.paper_words("Prepayment"), desk.signed_in().name

        def order_of(made: OrderMade) -> tuple[OpenOrder, Sale | None]:
            order = open_order(made, parts.device.store, maker.today)
            amount = amount_now(order, pay)
            return order, prepayment_sale(order, amount, next_sale, name) if amount else None

        def make(position: Position) -> Entry:
            made = order_made(sale, form, maker, position.order_seq + 1)
            order, prepaid = order_of(made)
            slip = order_document(made, letterhead, cashier, printed_at)
            # The order, and the basket that pays for it, or neither: a power cut leaves no half of it.
            draft = (
                (SAVE_DRAFT, (CURRENT, "", encode_sale(prepaid), desk.clock.now_ms()))
                if prepaid
                else (DROP_DRAFT, (CURRENT,))
            )
            row = parts.orders.row(order, "", position.seq + 1)
            return Entry(body=made, also=(row, draft, *parts.printing.queued("order", slip)))

        def commit() -> tuple[OpenOrder, Sale | None]:
            parts.journal.preflight()
            parts.cards.check_clear(sale)
            event = parts.journal.record(make).event
            # No receipt comes of the basket itself.
            parts.fiscal.abort(sale.sale_id)
            body = decode(event.type, event.version, event.body)
            assert isinstance(body, OrderMade)  # noqa: S101 - what `make` returned
            return order_of(body)

        self.desk.paying = True
        self.show(replace(self.state, busy=True))
        desk.runner.run(commit, lambda made: self._made(*made), self.fail)

    def _made(self, order: OpenOrder, prepaid: Sale | None) -> None:
        self.desk.paying = False
        self._entry = ""
        self.desk.take_sale(prepaid)
        self.show(MakeOrderState(made=order.number))
        self._paper.print_queue(self)
        text = self.desk.words("Order {number} is placed.", number=order.number)
        self.go("pay" if prepaid else "sale")
        self.say("info", text, code="order_made")

    def back(self) -> None:
        """Go back to `sale`; the basket stays as it is."""
        if not self.state.busy:
            self.go("sale")

    def fail(self, error: Any) -> None:
        self.desk.paying = False
        self.show(replace(self.state, busy=False))
        super().fail(error)
