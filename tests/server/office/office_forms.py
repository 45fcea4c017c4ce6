"""What the tests of the office's forms share: something of everything, and forms sent as a browser sends them."""

import struct
import zlib
from decimal import Decimal

from msgspec.structs import replace

from schema.catalogue import Article, QuickKey, QuickKeyPage
from schema.parties import Customer, OpenItem
from schema.pricing import ListPrice, PriceList, Promotion
from server.catalogue.articles import put_articles
from server.catalogue.people import put_customers, put_open_items
from server.catalogue.prices import (
    put_list_prices,
    put_price_list,
    put_promotion,
)
from server.catalogue.store_rows import put_quick_keys, quick_key_pages, store_settings

CODE = "0400000000015"
ALE = Article(number="A1", name="Ale", price_minor=219, tax_code="standard", group="Drinks", barcodes=(f"0{CODE}",))
FRIENDS = PriceList(name="Friends & more", currency="EUR", group="friends")
HALF = Promotion(code="HALF", name="Half price", kind="percent", percent=Decimal(50), groups=("Drinks",))
KIM = Customer(number="K1", name="Kim Sample", email="kim@example.org", group="friends", credit_limit_minor=100)
OWED = OpenItem(reference="0001-1-000001", day="2026-01-01", due_day="2026-01-15", open_minor=1200)


def fill(local):
    """Put in an article, a price list, a promotion, customers, quick keys, a voucher and an open item."""
    with local.shop.database.write() as connection:
        put_articles(connection, [ALE, replace(ALE, number="A2", name="Bottle", barcodes=())], 1)
        put_price_list(connection, FRIENDS, 1)
        put_list_prices(connection, [ListPrice(price_list=FRIENDS.name, article="A1", price_minor=199)])
        put_promotion(connection, HALF, 1)
        put_customers(connection, [KIM, Customer(number="K2", name="kim sample", phone="0123")], 1)
        put_open_items(connection, "K1", [OWED])
        put_quick_keys(connection, "0001", [QuickKeyPage(name="Bar", position=1, keys=(QuickKey(article="A1"),))])
        connection.run("INSERT INTO voucher (code, currency, balance_minor, modified_ms) VALUES ('V1', 'EUR', 700, 1)")
        connection.run(
            "INSERT INTO payment_order (reference, customer, store, currency, day, due_day, amount_minor, open_minor, "
            "modified_ms) VALUES ('0001-1-000001', 'K1', '0001', 'EUR', '2026-01-01', '2026-01-15', 1200, 1200, 1)"
        )
    return local


def read(office, question):
    with office.shop.database.read() as connection:
        return question(connection)


def form_of(office, path):
    """Return a page's form as a browser would send it."""
    from html.parser import HTMLParser

    class Fields(HTMLParser):
        def __init__(self):
            super().__init__()
            self.found, self.area, self.select = {}, None, None

        def handle_starttag(self, tag, attributes):
            values = dict(attributes)
            if tag == "input" and values.get("type") not in {"file", "submit"}:
                if values.get("type") not in {"checkbox", "radio"} or "checked" in values:
                    self.found.setdefault(values["name"], []).append(values.get("value", ""))
            elif tag == "textarea":
                self.area = values["name"]
                self.found[self.area] = [""]
            elif tag == "select":
                self.select = values["name"]
            elif tag == "option" and self.select and "selected" in values:
                self.found[self.select] = [values["value"]]

        def handle_data(self, text):
            if self.area:
                self.found[self.area] = [self.found[self.area][0] + text]

        def handle_endtag(self, tag):
            if tag == "textarea":
                self.area = None

    fields = Fields()
    fields.feed(office.get(path))
    return fields.found


def send(office, path, change=None, **more):
    """Load a form, change some fields of it and send it."""
    return office.client.post(path, data={**form_of(office, path), **(change or {}), **more}, follow_redirects=False)


def png(width, height):
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\xff" * width for _ in range(height)))

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def settings(office):
    return read(office, lambda connection: store_settings(connection, "0001"))


def upload(office, change=None, logo=None):
    """Send the settings as a browser does: as multipart, with or without a file."""
    fields = {**form_of(office, "/stores/0001/settings"), **(change or {})}
    parts = [
        (name, (None, value))
        for name, values in fields.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    files = [*parts, ("logo", ("logo.png", logo or b"", "image/png"))]
    return office.client.post("/stores/0001/settings", files=files, follow_redirects=False)


def keys(office):
    return read(office, lambda connection: quick_key_pages(connection, "0001"))
