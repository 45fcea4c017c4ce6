"""A sample shop for the tests of the pipeline: real events of the schema, put where ingest puts them."""

from datetime import date
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from schema.basket import Basket, Line, OrderRef, ReturnRef, price
from schema.catalogue import Article, StoreSettings
from schema.chain import money_bytes
from schema.events import (
    CashMoved,
    OrderMade,
    Payment,
    SaleCompleted,
    ShiftClosed,
    ShiftOpened,
    TenderTotal,
    VoidRef,
    encode,
    money_of,
    sold_lines,
    type_of,
)
from schema.parties import Customer
from schema.tax import TaxRate, TaxSum
from server.accounting.chart import install
from server.catalogue.articles import put_articles
from server.catalogue.people import put_customers
from server.catalogue.store_rows import put_store, put_tax_rates
from server.jobs.worker import kick
from server.orders.place import cancel, change, confirm, place
from server.orders.rules import LineWish, OrderWish, priced

DAY = "2026-03-02"
START_MS = 1_772_438_400_000  # 2026-03-02 08:00 UTC
COFFEE = Line(
    article="100", name="Coffee", quantity=Decimal(1), unit_price_minor=499, tax_code="reduced", tax_percent=Decimal(7)
)
KETTLE = Line(
    article="200",
    name="Kettle",
    quantity=Decimal(1),
    unit_price_minor=2995,
    tax_code="standard",
    tax_percent=Decimal(19),
)


class StillClock:
    """A clock that moves only when told to."""

    def __init__(self, now_ms=START_MS):
        self.now = now_ms

    def now_ms(self):
        return self.now

    def utc_offset_min(self):
        return 60

    def monotonic_ms(self):
        return self.now

    def boot_id(self):
        return "boot"


class Shop:
    """Head office with two stores; tills are added on demand."""

    def __init__(self, database, clock=None):
        self.database = database
        self.clock = clock or StillClock()
        self.tills = {}
        with database.write() as connection:
            rates = [("reduced", 7), ("standard", 19), ("zero", 0)]
            for code in ("0001", "0002"):
                put_store(connection, StoreSettings(store=code, name=f"Sample Shop {code}"))
            put_tax_rates(
                connection,
                [
                    TaxRate(code=code, country="DE", percent=Decimal(percent), valid_from=date(2021, 1, 1))
                    for code, percent in rates
                ],
            )
            put_articles(
                connection,
                [
                    Article(number="100", name="Coffee", price_minor=499, tax_code="reduced"),
                    Article(number="200", name="Kettle", price_minor=2995, tax_code="standard"),
                ],
                START_MS,
            )
            put_customers(
                connection,
                [
                    Customer(
                        number="C1", name="Sample Customer", street="Sample Street 1", postcode="10115", city="Berlin"
                    )
                ],
                START_MS,
            )
            install(connection, "DE")

    def till(self, name="t1", store="0001", epoch=1):
        key = (name, epoch)
        if key not in self.tills:
            self.tills[key] = Till(self, name, store, epoch)
        return self.tills[key]

    def kick(self):
        return kick(self.database, self.clock, timeout_s=30)

    def rows(self, sql, *params):
        with self.database.read() as connection:
            return connection.rows(sql, params)

    def value(self, sql, *params):
        with self.database.read() as connection:
            return connection.value(sql, params)

    def order(self, *, store="0001", quantity=2, confirmed=True):
        wish = OrderWish(
            store=store,
            customer="C1",
            ordered_day=date(2026, 3, 1),
            lines=(LineWish(article="200", quantity=Decimal(quantity)),),
        )
        with self.database.write() as connection:
            return place(connection, wish, self.clock, confirmed=confirmed)

    def change_order(self, order_id, *, quantity, version, store="0001"):
        wish = OrderWish(
            store=store,
            customer="C1",
            ordered_day=date(2026, 3, 1),
            lines=(LineWish(article="200", quantity=Decimal(quantity)),),
        )
        with self.database.write() as connection:
            return change(connection, order_id, wish, version, self.clock)

    def confirm_order(self, order_id):
        with self.database.write() as connection:
            confirm(connection, order_id, self.clock)

    def cancel_order(self, order_id):
        with self.database.write() as connection:
            cancel(connection, order_id, self.clock)


class Till:
    """One stream: makes events and delivers them, as ingest would store them."""

    def __init__(self, shop, name, store, epoch):
        self.shop, self.name, self.store, self.epoch = shop, name, store, epoch
        self.seq = 0
        self.receipts = 0
        self.orders = 0
        # What was made of each shift, for its Z report.
        self.sold = {}
        with shop.database.write() as connection:
            connection.run(
                "INSERT INTO till (id, store, number, name, epoch, created_ms) VALUES (?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (id) DO NOTHING",
                (name, store, len(shop.tills) + 1, name, epoch, START_MS),
            )
            connection.run(
                "INSERT INTO stream (till_id, epoch, public_key, genesis, high_hash) VALUES (?, ?, ?, ?, ?)",
                (name, epoch, b"k", b"g", b"g"),
            )

    def row(self, body, *, kind=None, version=1, money=None, event_id=None, data=None):
        """Make the next event's row without delivering it."""
        self.seq += 1
        if isinstance(body, SaleCompleted):
            self.sold.setdefault(body.shift_id, []).append(body)
        return (
            self.name,
            self.epoch,
            self.seq,
            event_id or f"{self.name}-{self.epoch}-{self.seq}",
            kind or type_of(body),
            version,
            START_MS + self.seq * 1000,
            60,
            "boot",
            self.seq,
            DAY,
            money_bytes(money_of(body)).decode() if money is None else money,
            encode(body) if data is None else data,
            b"h",
            b"s",
            START_MS,
        )

    def deliver(self, *rows):
        """Store rows as accepted."""
        with self.shop.database.write() as connection:
            self.deliver_in(connection, rows)

    def deliver_in(self, connection, rows):
        marks = ", ".join("?" * 16)
        connection.many(f"INSERT INTO event VALUES ({marks})", rows)
        connection.run(
            "UPDATE stream SET high_seq = ?, head_seq = ? WHERE till_id = ? AND epoch = ?",
            (rows[-1][2], rows[-1][2], self.name, self.epoch),
        )

    def send(self, body, **fields):
        row = self.row(body, **fields)
        self.deliver(row)
        return row

    def sale(
        self,
        *lines,
        tenders=("cash",),
        order=None,
        customer="",
        rounding=0,
        amounts=None,
        shift="S1",
        reference="",
        voids=None,
    ):
        """Make a finished receipt; several tenders share what is due. `reference` is the voucher that pays."""
        self.receipts += 1
        totals = price(Basket(currency="EUR", lines=lines or (COFFEE,)))
        due = totals.total_minor + rounding - (order.paid_minor if order else 0)
        if amounts is None:
            first = due // max(len(tenders), 1)
            amounts = [] if not tenders else [due - first * (len(tenders) - 1), *[first] * (len(tenders) - 1)]
        return SaleCompleted(
            sale_id=f"sale-{self.name}-{self.epoch}-{self.receipts}",
            receipt=f"{self.store}-{self.name}-{self.epoch}-{self.receipts:06d}",
            receipt_seq=self.receipts,
            shift_id=f"{shift}-{self.name}",
            cashier="7",
            cashier_name="Alex Example",
            currency="EUR",
            includes_tax=True,
            lines=sold_lines(totals),
            taxes=totals.taxes,
            bill_discount_minor=0,
            total_minor=totals.total_minor,
            payments=tuple(
                Payment(
                    tender=tender,
                    currency="EUR",
                    amount_minor=amount,
                    reference=reference if tender == "voucher" else "",
                )
                for tender, amount in zip(tenders, amounts, strict=True)
            ),
            started_ms=START_MS,
            completed_ms=START_MS + self.receipts * 60_000,
            customer=customer,
            order=order,
            cash_rounding_minor=rounding,
            voids=voids,
        )

    def void(self, sale, reason="sample reason"):
        """Make the counter-receipt of a receipt: every line and every payment negated."""
        self.receipts += 1
        return replace(
            sale,
            sale_id=f"sale-{self.name}-{self.epoch}-{self.receipts}",
            receipt=f"{self.store}-{self.name}-{self.epoch}-{self.receipts:06d}",
            receipt_seq=self.receipts,
            shift_id=f"S1-{self.name}",
            lines=tuple(negated(line) for line in sale.lines),
            taxes=tuple(
                replace(row, net_minor=-row.net_minor, tax_minor=-row.tax_minor, gross_minor=-row.gross_minor)
                for row in sale.taxes
            ),
            total_minor=-sale.total_minor,
            payments=tuple(replace(part, amount_minor=-part.amount_minor) for part in sale.payments),
            completed_ms=START_MS + self.receipts * 60_000,
            order=replace(sale.order, paid_minor=-sale.order.paid_minor) if sale.order else None,
            cash_rounding_minor=-sale.cash_rounding_minor,
            voids=VoidRef(receipt=sale.receipt, sale_id=sale.sale_id, reason=reason),
        )

    def made(self, *lines, customer="", fields=None):
        """Make an order at the till."""
        self.orders += 1
        ordered, totals = priced(lines or (KETTLE,), "EUR", includes_tax=True)
        return OrderMade(
            order_id=f"order-{self.name}-{self.epoch}-{self.orders}",
            number=f"{self.store}-{self.name.removeprefix('t')}-O-{self.epoch}{self.orders:05d}",
            order_seq=self.orders,
            shift_id=f"S1-{self.name}",
            cashier="7",
            currency="EUR",
            delivery="pickup",
            expected_day="2026-03-09",
            lines=ordered,
            total_minor=totals.total_minor,
            customer=customer,
            customer_name="" if customer else "Sample Passer-by",
            phone="030 000000",
            subject="sample subject",
            fields=fields or {},
        )

    def opened(self, *, difference=0, amount=20000, shift="S1"):
        return ShiftOpened(
            shift_id=f"{shift}-{self.name}",
            number=1,
            cashier="7",
            currency="EUR",
            float_minor=amount,
            expected_minor=amount - difference,
            difference_minor=difference,
        )

    def closed(self, *, difference=0, expected=20000, shift="S1"):
        """Close a shift with the Z report of what `row` made of it so far."""
        sold = self.sold.get(f"{shift}-{self.name}", [])
        return ShiftClosed(
            shift_id=f"{shift}-{self.name}",
            z_number=1,
            cashier="7",
            currency="EUR",
            expected_minor=expected,
            counted_minor=expected + difference,
            difference_minor=difference,
            sales_count=len(sold),
            sales_minor=sum(sale.total_minor for sale in sold),
            tenders=tender_totals(sold),
            taxes=tax_totals(sold),
        )

    def moved(self, kind, amount, reason="sample reason"):
        return CashMoved(
            move_id=f"move-{self.name}-{self.seq}",
            kind=kind,
            shift_id=f"S1-{self.name}",
            cashier="7",
            currency="EUR",
            amount_minor=amount,
            reason=reason,
        )


def negated(line):
    return replace(
        line,
        quantity=-line.quantity,
        base_minor=-line.base_minor,
        discount_minor=-line.discount_minor,
        bill_share_minor=-line.bill_share_minor,
        total_minor=-line.total_minor,
    )


def special(kind, amount, *, reference="", quantity=1, tax=None):
    """Return a line that is no goods: a tip, a voucher, an open item, or (with a tax) a prepayment."""
    code, percent = tax or ("none", 0)
    return Line(
        article="",
        name=kind,
        quantity=Decimal(quantity),
        unit_price_minor=amount,
        tax_code=code,
        tax_percent=Decimal(percent),
        kind=kind,
        reference=reference,
    )


def back(line, receipt, number, quantity=1, condition="as new"):
    """Return the line that takes goods of a receipt back."""
    why = ReturnRef(receipt=receipt, line=number, reason="defect", condition=condition)
    return replace(line, quantity=Decimal(-quantity), returns=why, price_reason="return")


def matters(shop):
    """Return what stands open on the worklist: kind, subject, amount."""
    return shop.rows("SELECT kind, subject, amount_minor FROM worklist WHERE done_ms IS NULL ORDER BY kind, subject")


def fed(shop, kind, key, type, store=""):
    """Return a row as the tills of a store have it, or None."""
    body = shop.value(
        "SELECT body FROM feed WHERE kind = ? AND key = ? AND store = ? AND deleted = 0", kind, key, store
    )
    return None if body is None else msgspec.json.decode(body, type=type)


def tender_totals(sold):
    sums = {}
    for part in (part for sale in sold for part in sale.payments):
        total, count = sums.get(part.tender, (0, 0))
        sums[part.tender] = (total + part.amount_minor, count + 1)
    return tuple(TenderTotal(tender=name, amount_minor=total, count=n) for name, (total, n) in sorted(sums.items()))


def tax_totals(sold):
    sums = {}
    for row in (row for sale in sold for row in sale.taxes):
        net, tax, gross = sums.get((row.code, row.percent), (0, 0, 0))
        sums[row.code, row.percent] = (net + row.net_minor, tax + row.tax_minor, gross + row.gross_minor)
    return tuple(
        TaxSum(code=code, percent=percent, net_minor=net, tax_minor=tax, gross_minor=gross)
        for (code, percent), (net, tax, gross) in sorted(sums.items())
    )


def made_ref(made, *, paid=0):
    """Return what a till knows of an order that was made at one."""
    return OrderRef(order_id=made.order_id, number=made.number, version=1, paid_minor=paid)


def order_ref(shop, order_id, *, version=None, paid=0):
    """Return what a till knows of an order."""
    number, now = shop.rows("SELECT number, version FROM orders WHERE id = ?", order_id)[0]
    return OrderRef(order_id=order_id, number=number, version=version or now, paid_minor=paid)


def ledger(shop):
    """Return all sealed entries as text, one posting a line: kind, account, debit, credit, tender."""
    rows = shop.rows(
        "SELECT e.kind, p.account, p.debit_minor, p.credit_minor, p.tender, p.tax_code FROM entry e "
        "JOIN posting p ON p.entry_id = e.id WHERE e.sealed = 1 ORDER BY e.number, p.line"
    )
    return "\n".join(
        f"{kind:<14} {account:>5} {debit or '-':>6} {credit or '-':>6} {tender or tax or '.'}"
        for kind, account, debit, credit, tender, tax in rows
    )


def table(text):
    """Return a written table in the form of `ledger`."""
    rows = [line.split() for line in text.strip().splitlines()]
    return "\n".join(
        f"{kind:<14} {account:>5} {debit:>6} {credit:>6} {word}" for kind, account, debit, credit, word in rows
    )
