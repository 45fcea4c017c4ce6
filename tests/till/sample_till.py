"""A sample shop for the till's tests: a folder with an enrolled device and a mirror as the agent would write it."""

import contextlib
import json
import os
import subprocess
import sys
import time
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import apsw
import msgspec
from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from schema import mirror_file
from schema.barcode import lookup_key
from schema.catalogue import Article, QuickKey, QuickKeyPage, StoreSettings, key_of
from schema.device import MIRROR, Device, base64_text, public_bytes, save_device
from schema.orders import OpenOrder, OrderLine
from schema.parties import Cashier, Customer
from schema.tax import TaxRate
from schema.text import fold
from till.assemble import Till, assemble
from till.play import Player, Stage
from till.runner import DirectRunner

ROOT = Path(__file__).resolve().parents[2]
# Cheap to compute; what is checked is the scheme, not its cost.
HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
PINS = {"1": "1111", "2": "2222", "9": "9999"}
CASHIERS = (
    Cashier(number="1", name="Alex Example", role="cashier", pin_hash=HASHER.hash("1111")),
    Cashier(number="2", name="Sam Sample", role="cashier", pin_hash=HASHER.hash("2222")),
    Cashier(number="9", name="Robin Example", role="supervisor", pin_hash=HASHER.hash("9999")),
)
MILK, BREAD, BOOK = "4000000000112", "4000000000129", "9780000000002"
APPLES, GONE = "4000000000136", "4000000000143"
ARTICLES = (
    Article(number="A1", name="Milk 1 l", price_minor=129, tax_code="reduced", barcodes=(MILK,), group="Dairy"),
    Article(number="A2", name="Bread", price_minor=349, tax_code="reduced", barcodes=(BREAD,), group="Bakery"),
    Article(number="A3", name="Käse book", price_minor=1999, tax_code="standard", barcodes=(BOOK,), group="Books"),
    Article(number="A4", name="Apples", price_minor=299, tax_code="reduced", unit="kg", barcodes=(APPLES,)),
    Article(number="A5", name="Recalled", price_minor=100, tax_code="standard", barcodes=(GONE,), blocked=True),
)
RATES = (
    TaxRate(code="standard", country="DE", percent=Decimal(19), valid_from=date(2020, 1, 1)),
    TaxRate(code="reduced", country="DE", percent=Decimal(7), valid_from=date(2020, 1, 1)),
)
SETTINGS = StoreSettings(
    store="0007",
    name="Sample Shop",
    address=("1 Example Street", "12345 Sampletown"),
    tax_number="00/000/00000",
    receipt_footer=("Thank you.",),
)
CUSTOMERS = (Customer(number="C1", name="Kim Käfer", company="Sample & Co", city="Sampletown"),)
ORDER = OpenOrder(
    order_id="order-1",
    number="SO-1",
    version=3,
    store="0007",
    status="ready_for_pickup",
    customer="C1",
    customer_name="Kim Käfer",
    company="Sample & Co",
    ordered_day="2026-11-01",
    expected_day="2026-11-20",
    lines=(
        OrderLine(
            article="A3",
            name="Käse book",
            quantity=Decimal(2),
            unit_price_minor=1500,
            discount_minor=100,
            total_minor=2900,
            tax_code="standard",
            tax_percent=Decimal(19),
        ),
    ),
    total_minor=2900,
    paid_minor=900,
)
PAGES = (QuickKeyPage(name="Daily", position=1, keys=(QuickKey(article="A1"), QuickKey(article="A5"))),)


def barcode(payload):
    """Return a GTIN with its right check digit."""
    from schema.barcode import check_digit

    return payload + str(check_digit(payload))


def make_folder(folder, **settings):
    """Enrol a till in a folder and give it a mirror."""
    key = Ed25519PrivateKey.generate()
    device = Device(
        till_id="till-1",
        epoch=1,
        store="0007",
        store_name="Sample Shop",
        till_number=2,
        till_name="Till 2",
        currency="EUR",
        server_url="http://127.0.0.1:1",
        server_public_key=base64_text(public_bytes(key)),
        public_key=base64_text(public_bytes(key)),
        nonce=base64_text(b"sample nonce"),
        timeline="sample",
    )
    save_device(folder, device, key)
    make_mirror(folder / MIRROR, **settings)
    return device


def make_mirror(path, *, articles=ARTICLES, orders=(ORDER,), settings=SETTINGS, state="online", contact_ms=None):
    """Write a mirror with the layout and encodings that the agent uses."""
    now_ms = int(time.time() * 1000)
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA journal_mode=wal")
    connection.execute(mirror_file.LAYOUT)
    with connection:
        for number, article in enumerate(articles, 1):
            add_article(connection, number, article)
        for page in PAGES:
            add_setting(connection, "quick_keys", page)
        add_setting(connection, "settings", settings)
        for rate in RATES:
            add_setting(connection, "tax_rate", rate)
        for cashier in CASHIERS:
            row = ("cashier", cashier.number, fold(cashier.name), msgspec.json.encode(cashier))
            connection.execute("INSERT INTO party VALUES (?, ?, ?, ?)", row)
        for each in CUSTOMERS:
            words = fold(f"{each.number} {each.name} {each.company} {each.city}")
            row = ("customer", each.number, words, msgspec.json.encode(each))
            connection.execute("INSERT INTO party VALUES (?, ?, ?, ?)", row)
        for order in orders:
            words = fold(f"{order.number} {order.customer_name} {order.company} {order.subject}")
            row = (order.order_id, order.number, order.status, order.expected_day, words, msgspec.json.encode(order))
            connection.execute("INSERT OR REPLACE INTO open_order VALUES (?, ?, ?, ?, ?, ?)", row)
        for name, value in (
            (mirror_file.STATE, state),
            (mirror_file.LAST_CONTACT_MS, contact_ms or now_ms),
            (mirror_file.LAST_FETCH_MS, contact_ms or now_ms),
        ):
            connection.execute("INSERT OR REPLACE INTO sync VALUES (?, ?)", (name, str(value)))
    connection.close()


def add_setting(connection, kind, row):
    connection.execute("INSERT INTO setting VALUES (?, ?, ?)", (kind, key_of(row), msgspec.json.encode(row)))


def change_settings(folder, **settings):
    """Give the store other settings, as head office feeds them."""
    change_row(folder, "UPDATE setting SET body = ? WHERE kind = 'settings'", replace(SETTINGS, **settings))


def change_row(folder, sql, row, *values):
    """Write a row into the mirror as the agent does."""
    connection = apsw.Connection(str(folder / MIRROR))
    connection.execute(sql, (msgspec.json.encode(row), *values))
    connection.close()


def add_article(connection, number, article):
    row = (number, article.number, article.name, article.group, article.blocked, msgspec.json.encode(article))
    connection.execute("INSERT INTO article VALUES (?, ?, ?, ?, ?, ?)", row)
    words = fold(" ".join((article.name, article.number, *article.barcodes)))
    connection.execute("INSERT INTO article_search (rowid, words) VALUES (?, ?)", (number, words))
    for code in article.barcodes:
        connection.execute("INSERT INTO barcode VALUES (?, ?)", (lookup_key(code), number))


class Port:
    """A till in this process, driven by the script port's commands."""

    def __init__(self, folder, *, clock=None, **environment):
        # The ballast's logic has tests of its own; 64 MB for each of a thousand tills would fill the disk.
        environment = {"ballast_mb": "1"} | environment
        environment = {f"COUNTERFOIL_{name.upper()}": value for name, value in environment.items()}
        self.till: Till = assemble(folder, clock=clock, environment=environment)
        self.screens = self.till.screens(DirectRunner())
        self.stage = Stage(self.screens)
        self.player = Player(self.stage)

    def do(self, name, /, **fields):
        return self.player.answer(json.dumps({"do": name, **fields}))

    def ok(self, name, /, **fields):
        answer = self.do(name, **fields)
        assert answer["ok"], answer
        return answer

    def refused(self, code, name, /, **fields):
        answer = self.do(name, **fields)
        assert not answer["ok"], answer
        assert answer["error"]["code"] == code, answer
        assert answer["error"]["message"]
        return answer

    def morning(self, cashier="1", float_minor=10000):
        self.ok("sign_in", cashier=cashier, pin=PINS[cashier])
        self.ok("open_shift", float=float_minor)
        return self

    def bodies(self):
        return self.till.desk.parts.journal.bodies_after(1, 0)

    def types(self):
        return [type(body).__name__ for body in self.bodies()]

    def close(self):
        self.till.close()


class Process:
    """A till as a process of its own: `python -m till play -`."""

    running: ClassVar[list["Process"]] = []

    def __init__(self, folder, **environment):
        environment = {f"COUNTERFOIL_{name.upper()}": value for name, value in environment.items()}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "till", "play", "-", "--data", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, **environment},
        )
        self.running.append(self)

    def send(self, name, **fields):
        self._process.stdin.write(json.dumps({"do": name, **fields}) + "\n")
        self._process.stdin.flush()

    def answer(self):
        line = self._process.stdout.readline()
        assert line, self._process.stderr.read()
        return json.loads(line)

    def do(self, name, **fields):
        self.send(name, **fields)
        return self.answer()

    def ok(self, name, /, **fields):
        answer = self.do(name, **fields)
        assert answer["ok"], answer
        return answer

    def kill(self):
        """End it as a power cut would: SIGKILL, nothing written back."""
        self._process.kill()
        self._end()

    def finish(self):
        """Close its input and wait for its own end; return its exit status."""
        self._process.stdin.close()
        status = self._process.wait(20)
        self._end()
        return status

    def wait(self):
        """Wait for an end that comes without being asked for; return status and standard error."""
        _, errors = self._process.communicate(timeout=20)
        return self._process.returncode, errors

    def _end(self):
        self._process.wait(20)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if not stream.closed:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


__all__ = ["Port", "Process", "make_folder", "make_mirror"]
