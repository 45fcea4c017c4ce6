"""Properties of orders: however one is prepaid, handed over, voided and done again, it comes to what was ordered."""

from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from schema.basket import price
from schema.events import Payment
from schema.orders import OpenOrder, OrderLine
from schema.parties import Cashier
from schema.quantity import multiply
from server.accounting.rules import receipt_legs
from server.orders.rules import Handover, charged_taxes
from till.ordering.making import prepayment_sale
from till.ordering.pickup import Handed, after, basket_of, goods_of, is_handed_over, left, open_minor, rest_of
from till.paying.checkout import Completion, Paid, completed
from till.returning.voids import void_of
from till.selling.register import new_sale, sums

DAY = date(2026, 11, 30)
CASHIER = Cashier(number="1", name="Alex Example", role="cashier", pin_hash="")
RATES = (("standard", Decimal(19)), ("reduced", Decimal(7)))


@st.composite
def order_lines(draw):
    code, percent = draw(st.sampled_from(RATES))
    quantity = draw(
        st.one_of(st.integers(1, 6).map(Decimal), st.integers(1, 4000).map(lambda g: Decimal(g).scaleb(-3)))
    )
    unit_price = draw(st.integers(1, 5000))
    base = multiply(unit_price, quantity)
    off = draw(st.integers(0, base))
    return OrderLine(
        article="A1",
        name="Thing",
        quantity=quantity,
        unit_price_minor=unit_price,
        discount_minor=off,
        total_minor=base - off,
        tax_code=code,
        tax_percent=percent,
    )


@st.composite
def orders(draw, *, includes_tax=True):
    lines = tuple(draw(st.lists(order_lines(), min_size=1, max_size=3)))
    order = OpenOrder(
        order_id="o",
        number="SO-1",
        version=1,
        store="7",
        status="confirmed",
        currency="EUR",
        includes_tax=includes_tax,
        lines=lines,
        total_minor=0,
    )
    return replace(order, total_minor=price(goods_of(order)).total_minor)


class Counter:
    """A till that does things to one order; `standing` are its receipts that no void has taken back."""

    def __init__(self, order):
        self.order, self.standing, self.receipts = order, [], []

    def finish(self, sale):
        due = sums(sale).due_minor
        paid = (Payment(tender="cash", currency="EUR", amount_minor=due),) if due else ()
        completion = Completion(shift_id="s", cashier=CASHIER, label="7-1", completed_ms=0)
        body = completed(Paid(sale=replace(sale, payments=paid)), completion, len(self.receipts) + 1)
        self.receipts.append(body)
        self.order = after(self.order, body, DAY.isoformat())
        return body

    def prepay(self, amount):
        self.standing.append(self.finish(prepayment_sale(self.order, amount, self.new(), "Prepayment")))

    def hand_over(self, handed=()):
        sale = replace(self.new(), basket=basket_of(self.order, handed), taken=self.order)
        self.standing.append(self.finish(sale))

    def voidable(self):
        """All but prepayments that a later receipt counted back (till.ordering.orders.Orders.check_uncounted)."""
        rest = {each.receipt: rest_of(each) for each in self.order.prepayments}
        return [
            body
            for body in self.standing
            if body.total_minor == rest.get(body.receipt, 0) or body.lines[0].kind == "goods"
        ]

    def void(self, original):
        self.standing.remove(original)
        self.finish(replace(void_of(original, "v", 0, "mistake"), taken=self.order))

    def new(self):
        return new_sale(f"sale-{len(self.receipts)}", 0, "EUR")

    def do_anything(self, data):
        doing = data.draw(st.sampled_from(("prepay", "part", "part", "void")))
        rest = [number for number, line in enumerate(self.order.lines, start=1) if left(line)]
        if doing == "prepay" and open_minor(self.order):
            self.prepay(data.draw(st.integers(1, open_minor(self.order))))
        elif doing == "part" and rest:
            number = data.draw(st.sampled_from(rest))
            most = left(self.order.lines[number - 1])
            part = min(most, data.draw(st.sampled_from((Decimal("0.25"), Decimal(1), Decimal(2)))))
            self.hand_over((Handed(line=number, quantity=part),))
        elif doing == "void" and self.voidable():
            self.void(data.draw(st.sampled_from(self.voidable())))

    def handovers(self):
        """What head office keeps of it."""
        return [
            Handover(
                line=line.order_line,
                quantity=line.quantity,
                order_version=1,
                total_minor=line.total_minor,
                stated_tax_minor=line.stated_tax_minor,
                source=body.receipt,
            )
            for body in self.receipts
            for line in body.lines
            if line.order_line
        ]

    def ledger(self, purpose):
        legs = [leg for body in self.receipts for leg in receipt_legs(body)]
        return sum(leg.amount_minor for leg in legs if leg.purpose.startswith(purpose))


def rates(table):
    return {(row.code, row.percent): row for row in table}


@settings(max_examples=400)
@given(orders(), st.data())
def test_an_order_comes_to_what_was_ordered_whatever_was_prepaid_parted_and_voided(order, data):
    counter = Counter(order)
    for _ in range(data.draw(st.integers(3, 9))):
        counter.do_anything(data)
    if not is_handed_over(counter.order):
        counter.hand_over()
    if open_minor(counter.order):  # more was handed over than was paid for; the rest is open still
        counter.prepay(open_minor(counter.order))
    goods = [line for body in counter.receipts for line in body.lines if line.kind == "goods"]
    assert sum(line.total_minor for line in goods) == sum(line.total_minor for line in order.lines)
    assert sum(body.total_minor for body in counter.receipts) == counter.order.paid_minor == order.total_minor
    assert counter.ledger("prepayment:") == 0


@settings(max_examples=400)
@given(orders(includes_tax=False), st.data())
def test_an_order_without_tax_in_its_prices_too(order, data):
    """Each receipt rounds its own tax, and the last one of a rate brings what is left of it: nothing stays open."""
    counter = Counter(order)
    for _ in range(data.draw(st.integers(3, 9))):
        counter.do_anything(data)
        assert rates(charged_taxes(order.lines, counter.handovers())) == rates(counter.order.charged)
    if not is_handed_over(counter.order):
        counter.hand_over()
    if open_minor(counter.order):
        counter.prepay(open_minor(counter.order))
    assert sum(body.total_minor for body in counter.receipts) == counter.order.paid_minor == order.total_minor
    assert counter.ledger("prepayment:") == 0
    expected = price(goods_of(order)).taxes
    for row in expected:
        tables = [tax for body in counter.receipts for tax in body.taxes if tax.code == row.code]
        assert sum(tax.tax_minor for tax in tables) == row.tax_minor
