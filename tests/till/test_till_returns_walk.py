"""A cashier who does everything in any order: whatever is refused or allowed, the receipts hold together.

A seed replays the session. What must hold after it: every receipt's own sums; nothing comes back more often than it was
sold, and all of it for what it cost; a receipt is voided once at most, and then nothing of it came back besides.
"""

import random
from collections import Counter
from decimal import Decimal

import pytest
from msgspec.structs import replace
from sample_till import BOOK, BREAD, MILK, SETTINGS, Port, make_folder

STEPS = 150


class Walker:
    """A till at which things are done at random."""

    def __init__(self, folder, seed):
        self.random = random.Random(seed)
        make_folder(folder, settings=replace(SETTINGS, cash_step_minor=self.random.choice((1, 5))))
        self.port = Port(folder).morning(cashier="9")
        self.receipts, self.orders, self.codes = [], ["SO-1"], ["V0"]
        self.answers = Counter()

    def walk(self):
        steps = (self.sell, self.sell, self.discount, self.pay, self.pay, self.give_back, self.give_back, self.void)
        for _ in range(STEPS):
            self.random.choice((*steps, self.order, self.take, self.drop))()
        return self

    def do(self, name, /, **fields):
        answer = self.port.do(name, **fields)
        self.answers[name, answer["ok"]] += 1
        if answer["ok"] and "receipt" in answer:
            self.receipts.append(answer["receipt"])
        self.codes += [voucher["code"] for voucher in answer.get("vouchers", ())]
        return answer

    def sell(self):
        if self.random.random() < 0.2:
            self.do("add", article="A4", quantity=f"{self.random.randint(1, 2000) / 1000:.3f}")
        else:
            self.do("scan", code=self.random.choice((BOOK, BREAD, MILK)))

    def discount(self):
        self.do("bill_discount", percent=str(self.random.randint(0, 30)))

    def pay(self):
        fields = {"tender": self.random.choice(("cash", "cash", "cash", "card_manual", "voucher"))}
        fields |= {"card_manual": {"card_type": "Visa"}, "voucher": {"code": self.random.choice(self.codes)}}.get(
            fields["tender"], {}
        )
        if self.random.random() < 0.15:
            fields["amount"] = self.random.randint(1, 3000)
        self.do("pay", **fields)

    def give_back(self):
        if not self.receipts:
            return
        fields = {"receipt": self.random.choice(self.receipts), "reason": "defect"}
        if self.random.random() < 0.6:
            quantity = self.random.choice(("1", "2", "0.1", "0.05"))
            fields["lines"] = [{"line": self.random.randint(1, 3), "quantity": quantity}]
        if self.random.random() < 0.6:
            fields |= {"refund": self.random.choice(("cash", "voucher", "card_manual")), "card_type": "Visa"}
        self.do("return", **fields)

    def void(self):
        if self.receipts:
            self.drop()
            self.do("void", receipt=self.random.choice(self.receipts), reason="mistake")

    def order(self):
        answer = self.do("make_order", name="Kim", pay=self.random.choice(("later", "all", 100, 2000)))
        if answer["ok"]:
            self.orders.append(f"0007-2-O-{len(self.orders):06d}")

    def take(self):
        fields = self.random.choice(
            ({}, {"deposit": "all"}, {"deposit": 500}, {"lines": [{"line": 1, "quantity": "1"}]})
        )
        self.do("take_order", order=self.random.choice(self.orders), **fields)

    def drop(self):
        if not self.do("cancel")["ok"]:
            self.do("take_back", payment=1)

    def sales(self):
        return [body for body in self.port.bodies() if type(body).__name__ == "SaleCompleted"]


@pytest.fixture(params=range(6))
def walked(request, tmp_path):
    walker = Walker(tmp_path / "till", request.param).walk()
    yield walker
    walker.port.close()


def test_whatever_is_done_the_receipts_hold_together(walked):
    sales = walked.sales()
    for sale in sales:
        before = sale.order.paid_minor if sale.order else 0
        paid = sum(part.amount_minor for part in sale.payments)
        assert paid + before == sale.total_minor + sale.cash_rounding_minor, sale.receipt
        assert sum(line.total_minor for line in sale.lines) == sale.total_minor == _gross(sale), sale.receipt
    _check_returns(sales)
    assert len({sale.receipt for sale in sales}) == len(sales)
    assert walked.answers["return", True] + walked.answers["void", True] > 0, "the walk led nowhere"


def _gross(sale):
    return sum(row.gross_minor for row in sale.taxes)


def _check_returns(sales):
    sold = {(sale.receipt, number): line for sale in sales for number, line in enumerate(sale.lines, start=1)}
    quantities, money = Counter(), Counter()
    for sale in sales:
        for line in sale.lines:
            if line.returns is not None:
                key = (line.returns.receipt, line.returns.line)
                quantities[key] -= line.quantity
                money[key] -= line.total_minor
    voided = [sale.voids.receipt for sale in sales if sale.voids]
    assert len(voided) == len(set(voided))
    for key, quantity in quantities.items():
        assert Decimal(0) <= quantity <= sold[key].quantity, key
        assert quantity == 0 or key[0] not in voided, key
        if quantity == sold[key].quantity:
            assert money[key] == sold[key].total_minor, key
