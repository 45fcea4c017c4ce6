"""A running head office with a morning's trade in it, for the office's tests and pictures.

The server is a real process on the sample shop; the tills are keys that sign real events and send them over HTTP.
"""

import time
from datetime import date, datetime, timedelta
from decimal import Decimal

import requests
from sending_device import Line as Wire

from rig.head_office import HeadOffice
from schema.basket import Basket, Line, OrderRef, price
from schema.chain import Event, seal
from schema.clock import SystemClock, new_id
from schema.events import (
    CashMoved,
    Payment,
    SaleCompleted,
    ShiftClosed,
    ShiftOpened,
    encode,
    money_of,
    sold_lines,
    type_of,
)
from schema.receipt_numbers import receipt_number, till_label

CLOCK = SystemClock()
PERCENT = {"standard": Decimal(19), "reduced": Decimal(7), "zero": Decimal(0)}
HOSTILE = "<script>alert(1)</script>"


class SellingTill:
    """A till that seals events at any wall-clock time and sends them in order."""

    def __init__(self, wire, added, store, number):
        self.wire = wire
        self.device = wire.enrol(added["code"])
        self.store, self.label = store, till_label(store, number, self.device.epoch)
        self.receipts = 0
        self.shift = new_id(CLOCK)
        self.cash = 0

    def record(self, body, at_ms, day, *, kind=None):
        """Append an event as of an instant and a business day; `kind` names another type than the body's."""
        rows = self.device.rows
        event = Event(
            till_id=self.device.till_id,
            epoch=self.device.epoch,
            seq=len(rows) + 1,
            event_id=new_id(CLOCK),
            type=kind or type_of(body),
            version=1,
            recorded_ms=at_ms,
            utc_offset_min=CLOCK.utc_offset_min(),
            boot_id="boot",
            monotonic_ms=CLOCK.monotonic_ms(),
            business_day=day.isoformat(),
            money=money_of(body),
            body=encode(body),
        )
        rows.append(seal(event, rows[-1].hash if rows else self.device.genesis, self.device.key.sign))

    def open_shift(self, at_ms, day, float_minor=20_000, expected=0):
        self.cash = float_minor
        self.record(
            ShiftOpened(
                shift_id=self.shift,
                number=1,
                cashier="1",
                currency="EUR",
                float_minor=float_minor,
                expected_minor=expected,
                difference_minor=float_minor - expected,
            ),
            at_ms,
            day,
        )

    def close_shift(self, at_ms, day, difference=0):
        self.record(
            ShiftClosed(
                shift_id=self.shift,
                z_number=1,
                cashier="1",
                currency="EUR",
                expected_minor=self.cash,
                counted_minor=self.cash + difference,
                difference_minor=difference,
                sales_count=self.receipts,
                sales_minor=0,
                tenders=(),
                taxes=(),
            ),
            at_ms,
            day,
        )
        self.cash += difference
        self.shift = new_id(CLOCK)

    def move(self, kind, amount, reason, at_ms, day):
        body = CashMoved(
            move_id=new_id(CLOCK),
            kind=kind,
            shift_id=self.shift,
            cashier="1",
            currency="EUR",
            amount_minor=amount,
            reason=reason,
        )
        self.cash += amount if kind == "cash_in" else -amount
        self.record(body, at_ms, day)

    def device_note(self, reason):
        """Return a body for an event of a type that head office does not know: it is parked with that reason."""
        return CashMoved(
            move_id=new_id(CLOCK),
            kind="change_money",
            shift_id=self.shift,
            cashier="1",
            currency="EUR",
            amount_minor=100,
            reason=reason,
        )

    def sell(self, lines, at_ms, day, *, tender="cash", customer="", order=None, cashier_name="Alex Example"):
        self.receipts += 1
        totals = price(Basket(currency="EUR", lines=tuple(lines)))
        due = totals.total_minor - (order.paid_minor if order else 0)
        if tender == "cash":
            self.cash += due
        self.record(
            SaleCompleted(
                sale_id=new_id(CLOCK),
                receipt=receipt_number(self.label, self.receipts),
                receipt_seq=self.receipts,
                shift_id=self.shift,
                cashier="1",
                cashier_name=cashier_name,
                currency="EUR",
                includes_tax=True,
                lines=sold_lines(totals),
                taxes=totals.taxes,
                bill_discount_minor=0,
                total_minor=totals.total_minor,
                payments=(Payment(tender=tender, currency="EUR", amount_minor=due),),
                started_ms=at_ms - 20_000,
                completed_ms=at_ms,
                customer=customer,
                order=order,
            ),
            at_ms,
            day,
        )

    def send(self):
        """Send everything that head office does not have yet."""
        sent = getattr(self, "sent", 0)
        while sent < len(self.device.rows):
            rows = self.device.rows[sent : sent + 200]
            status, reply = self.wire.upload(self.device, self.device.batch(rows))
            assert status == 200, reply
            sent += len(rows)
        self.sent = sent


def basket_line(article, quantity=1):
    """Return a line of the sample shop's article as the API tells it."""
    return Line(
        article=article["number"],
        name=article["name"],
        quantity=Decimal(quantity),
        unit_price_minor=article["price_minor"],
        tax_code=article["tax_code"],
        tax_percent=PERCENT.get(article["tax_code"], Decimal(19)),
    )


class OfficeShop:
    """The server process, an API session, and its tills."""

    def __init__(self, folder, *, database_url="", extra=None):
        self.office = HeadOffice(folder, database_url=database_url, extra=extra)
        self.program = self.office.start("serve")
        self.url = self.office.url
        self.http = requests.Session()
        answer = self.http.post(
            f"{self.url}/api/v1/session", json={"name": "admin", "password": "sample-shop"}, timeout=30
        )
        answer.raise_for_status()
        self.http.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        self.articles = self.get("articles", limit=100)["rows"]

    def get(self, path, **params):
        answer = self.http.get(f"{self.url}/api/v1/{path}", params=params, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def add_till(self, store, name):
        """Add a till that nobody has enrolled yet."""
        answer = self.http.post(f"{self.url}/api/v1/tills", json={"store": store, "name": name}, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def till(self, store="0001", name="Front"):
        """Add and enrol a till."""
        added = self.add_till(store, name)
        return SellingTill(Wire(self.url), added, store, added["number"])

    def settled(self, seconds=60):
        """Wait until nothing is on its way through the pipeline any more."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            answer = self.http.post(f"{self.url}/api/v1/jobs/kick", timeout=70)
            answer.raise_for_status()
            if answer.json()["is_idle"]:
                return
        raise AssertionError("the pipeline did not come to rest")

    def stop(self):
        self.program.stop()


def morning_trade(shop, today=None):
    """Fill head office with last week's day and today's morning in two stores, and with what goes wrong."""
    today = today or date.today()
    week_ago = today - timedelta(days=7)
    now_ms = CLOCK.now_ms()
    midnight = int(datetime(today.year, today.month, today.day).astimezone().timestamp() * 1000)
    tills = [shop.till("0001", "Front"), shop.till("0001", "Bakery counter"), shop.till("0002", "Front")]
    for index, till in enumerate(tills):
        trade_day(shop, till, index, week_ago, midnight - 7 * 86_400_000, last_hour=19, close=(-120, 0, 50)[index])
        hour_now = max(min((now_ms - midnight) // 3_600_000, 19), 9)
        trade_day(shop, till, index, today, midnight, last_hour=hour_now)
    front = tills[0]
    noon = min(now_ms, midnight + 11 * 3_600_000)
    orders = [row for row in shop.get("orders", limit=100)["rows"] if row["origin"] == "office"]
    if orders:
        paid = orders[-1]
        ref = OrderRef(order_id=paid["id"], number=paid["number"], version=1, paid_minor=0)
        pickup_lines = order_lines(shop, paid)
        if pickup_lines:
            front.sell(pickup_lines, noon, today, customer=paid["customer"], order=ref, tender="card")
    lost = OrderRef(order_id=new_id(CLOCK), number="SO-0001-009999", version=1, paid_minor=0)
    front.sell([basket_line(shop.articles[3], 2)], noon + 60_000, today, order=lost)
    front.move("cash_out", 1_250, "Stamps", noon + 120_000, today)
    front.record(front.device_note("Sample"), noon + 180_000, today, kind="sample.not_known_yet")
    for till in tills:
        till.send()
    shop.add_till("0002", "Garden, to be enrolled")
    shop.settled()
    return tills


def order_lines(shop, row):
    """Return an order's lines as the till would sell them, or nothing where they are not simple."""
    by_total = [article for article in shop.articles if article["price_minor"] == row["total_minor"]]
    return [basket_line(by_total[0])] if by_total else [basket_line(shop.articles[5], 3)]


def trade_day(shop, till, index, day, midnight, *, last_hour, close=None):
    """Sell through a day, more at noon and in the evening, every third receipt by card, some to known customers."""
    till.open_shift(midnight + 8 * 3_600_000, day, expected=20_000 if close is None else 0)
    number = 0
    for hour in range(9, last_hour + 1):
        busy = {9: 2, 12: 5, 13: 4, 17: 5, 18: 4}.get(hour, 3) - index // 2
        for place in range(max(busy, 1)):
            number += 1
            at_ms = midnight + hour * 3_600_000 + place * 600_000 + 90_000
            chosen = [
                shop.articles[(number * 7 + index * 3 + step * 5) % len(shop.articles)]
                for step in range(1 + number % 4)
            ]
            lines = [basket_line(article, 1 + (number + step) % 3) for step, article in enumerate(chosen)]
            till.sell(
                lines,
                at_ms,
                day,
                tender="card" if number % 3 == 0 else "cash",
                customer="C1001" if number % 8 == 0 else "",
            )
    if index == 0:
        till.move("cash_in", 5_000, "Change money from the safe", midnight + 10 * 3_600_000, day)
    if close is not None:
        till.close_shift(midnight + 20 * 3_600_000, day, difference=close)
