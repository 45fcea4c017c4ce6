"""A shop where everything happens: a plan of steps becomes the same events in every shop, whatever their delivery."""

from decimal import Decimal

from msgspec.structs import replace
from pipeline_shop import COFFEE, KETTLE, back, made_ref, special

from schema.events import AgeChecked, CustomerAdded, QuickKeysChanged, ReceiptMailWanted, TerminalClosed

TILLS = (("t1", "0001"), ("t2", "0001"), ("t3", "0002"))
STANDARD = ("standard", 19)
BOTTLE = replace(COFFEE, article="900", name="Bottle deposit", unit_price_minor=25, kind="bottle_deposit")


class Plan:
    """Turns steps (till, kind) into events, in the order in which they happened in the world."""

    def __init__(self, shop):
        self.tills = [shop.till(name, store) for name, store in TILLS]
        self.rows = [[] for _ in TILLS]
        self.sales, self.accounts, self.orders, self.deposits = [], [], [], []
        self.card = [0] * len(TILLS)

    def add(self, index, step):
        """Make one step's events on one till's stream."""
        till = self.tills[index]
        for body in getattr(self, f"_{step}")(till, index):
            self.rows[index].append(till.row(body))

    def _sold(self, sale, index):
        self.sales.append(sale)
        self.card[index] += sum(part.amount_minor for part in sale.payments if part.tender == "card")
        return [sale]

    def _sale(self, till, index):
        return self._sold(till.sale(replace(KETTLE, quantity=Decimal(2)), COFFEE, BOTTLE, rounding=1), index)

    def _card(self, till, index):
        return self._sold(till.sale(KETTLE, special("tip", 150), tenders=("cash", "card")), index)

    def _issue(self, till, index):
        return self._sold(till.sale(special("voucher", 2500, reference=f"V{index}")), index)

    def _redeem(self, till, index):
        code = f"V{(index + 1) % len(TILLS)}"
        return self._sold(till.sale(KETTLE, tenders=("voucher", "cash"), amounts=[1000, 1995], reference=code), index)

    def _account(self, till, index):
        sale = till.sale(KETTLE, COFFEE, tenders=("account", "cash"), amounts=[3000, 494], customer="C1")
        self.accounts.append(sale)
        return self._sold(sale, index)

    def _pay_item(self, till, index):
        if not self.accounts:
            return self._account(till, index)
        line = special("open_item", 1500, reference=self.accounts[index % len(self.accounts)].receipt)
        return self._sold(till.sale(line, customer="C1"), index)

    def _return(self, till, index):
        sale = next((one for one in reversed(self.sales) if one.lines[0].kind == "goods"), None)
        if sale is None:
            return self._sale(till, index)
        return self._sold(till.sale(back(KETTLE, sale.receipt, 1)), index)

    def _credit(self, till, index):
        if not self.accounts:
            return self._account(till, index)
        line = back(KETTLE, self.accounts[-1].receipt, 1)
        return self._sold(till.sale(line, tenders=("account",), customer="C1"), index)

    def _void(self, till, index):
        own = [one for one in self.sales if one.shift_id == f"S1-{till.name}" and not one.voids]
        return self._sold(till.void(own[-1]) if own else till.sale(), index)

    def _order(self, till, index):
        made = till.made(replace(KETTLE, quantity=Decimal(3)), COFFEE, customer="C1")
        self.orders.append((made, index))
        return [made]

    def _deposit(self, till, index):
        made = self._order_for(till)
        if made is None:
            return self._order(till, index)
        sale = till.sale(special("prepayment", 2000, tax=STANDARD), order=made_ref(made), tenders=("card",))
        self.deposits.append((made, sale.receipt))
        return self._sold(sale, index)

    def _pickup(self, till, index):
        made = self._order_for(till)
        if made is None:
            return self._order(till, index)
        lines = [replace(KETTLE, order_line=1)]
        paid = next((receipt for of, receipt in self.deposits if of is made), None)
        if paid:
            self.deposits.remove((made, paid))
            lines.append(special("prepayment", 2000, reference=paid, quantity=-1, tax=STANDARD))
        return self._sold(till.sale(*lines, order=made_ref(made)), index)

    def _order_for(self, till):
        """Return the newest order of a till's store."""
        own = [made for made, index in self.orders if self.tills[index].store == till.store]
        return own[-1] if own else None

    def _customer(self, till, index):
        return [CustomerAdded(number=f"{till.store}-C-1", cashier="7", name="Sample Newcomer")]

    def _told(self, till, index):
        return [
            QuickKeysChanged(cashier="7", name="Drinks", position=0, keys=(("100", ""),)),
            AgeChecked(sale_id="s", cashier="7", article="100", age_min=18, passed=True),
            ReceiptMailWanted(receipt="R-1", sale_event=f"{till.name}-1-1", address="kim@example.org", cashier="7"),
        ]

    def _terminal(self, till, index):
        total, self.card[index] = self.card[index], 0
        return [
            TerminalClosed(
                shift_id=f"S1-{till.name}",
                cashier="7",
                terminal="zvt",
                currency="EUR",
                total_minor=total,
                count=1,
                expected_minor=total,
            )
        ]

    def _cash(self, till, index):
        return [till.moved("cash_out", 100, "tip paid out"), till.moved("cash_in", 300, "change")]

    def _z(self, till, index):
        shift = f"S1-{till.name}"
        return [till.closed(difference=3)] if shift in till.sold and not self._is_closed(index) else []

    def _is_closed(self, index):
        return any(row[4] == "shift.closed" for row in self.rows[index])


STEPS = (
    *("sale", "card", "issue", "redeem", "account", "pay_item", "return", "credit", "void", "order", "deposit"),
    *("pickup", "customer", "told", "terminal", "cash"),
)
EVERYTHING = [(index, step) for step in STEPS for index in range(len(TILLS))]
