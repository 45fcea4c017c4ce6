"""Articles, prices, stores, customers, vouchers: what is typed is stored and fed, what is wrong is told beside it."""

import struct
import zlib
from decimal import Decimal

import pytest
from msgspec.structs import replace

from schema.catalogue import Article, QuickKey, QuickKeyPage
from schema.parties import Customer, OpenItem
from schema.pricing import ListPrice, PriceList, Promotion
from schema.scan import CardPattern, EmbeddedPattern
from server.catalogue import feed
from server.catalogue.articles import get_article, put_articles, variants
from server.catalogue.people import get_customer, put_customers, put_open_items
from server.catalogue.prices import (
    get_price_list,
    get_promotion,
    has_ended,
    prices_of_article,
    put_list_prices,
    put_price_list,
    put_promotion,
)
from server.catalogue.store_rows import put_quick_keys, quick_key_pages, store_settings
from server.office.article_pages import size_rank, variant_number
from server.vouchers.tables import find

CODE = "0400000000015"
ALE = Article(number="A1", name="Ale", price_minor=219, tax_code="standard", group="Drinks", barcodes=(f"0{CODE}",))
FRIENDS = PriceList(name="Friends & more", currency="EUR", group="friends")
HALF = Promotion(code="HALF", name="Half price", kind="percent", percent=Decimal(50), groups=("Drinks",))
KIM = Customer(number="K1", name="Kim Sample", email="kim@example.org", group="friends", credit_limit_minor=100)
OWED = OpenItem(reference="0001-1-000001", day="2026-01-01", due_day="2026-01-15", open_minor=1200)


@pytest.fixture
def filled(local):
    """The office with something of everything."""
    return fill(local)


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


PAGES = (
    "/articles",
    "/articles/A1",
    "/articles/new",
    "/articles/A1/edit",
    "/articles/A1/variants?colours=red&sizes=S,M",
    "/prices",
    "/prices/new",
    "/prices/Friends%20%26%20more",
    "/prices/Friends%20%26%20more/drop",
    "/prices/preview",
    "/prices/preview?store=0001&basket=A1%203%0Axx&customer=K1&day=2026-11-20&time=10:00",
    "/promotions",
    "/promotions/new",
    "/promotions/HALF",
    "/promotions/HALF/end",
    "/customers",
    "/customers/K1",
    "/customers/new",
    "/customers/K1/edit",
    "/customers/K1/merge",
    "/customers/K1/merge?q=kim",
    "/customers/K1/merge?with=K2",
    "/vouchers",
    "/vouchers/V1",
    "/open-items",
    "/stores/0001/settings",
    "/stores/0001/keys",
    "/stores/0001/keys/edit",
    "/stores/0001/keys/edit?page=Bar",
    "/stores/0001/keys/drop?page=Bar",
)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_in_every_language(filled, path):
    for language in ("en", "de", "nl"):
        filled.post("/settings", language=language, theme="")
        assert "Counterfoil" in filled.get(path)


def test_every_page_opens_on_both_engines(signed):
    filled = fill(signed)
    for path in PAGES:
        assert "Counterfoil" in filled.get(path)


@pytest.mark.parametrize("path", PAGES)
def test_a_clerk_sees_what_is_there_and_changes_no_prices(filled, path):
    filled.post("/sign-out")
    filled.sign_in("office")
    status = filled.client.get(path).status_code
    admins = ("/new", "/edit", "/drop", "/end", "variants")
    expected = 403 if any(part in path for part in admins) and not path.startswith("/customers") else 200
    assert status == expected


@pytest.mark.parametrize(
    "path",
    ["/articles/nope", "/prices/nope", "/promotions/NO", "/vouchers/V9", "/customers/K9", "/stores/0009/settings"],
)
def test_what_is_not_there_is_said_so(filled, path):
    filled.get(path, 404)


def test_an_article_saved_unchanged_is_the_same(filled):
    before = read(filled, feed.last_revision)
    assert send(filled, "/articles/A1/edit").status_code == 303
    assert read(filled, feed.last_revision) == before


def test_an_article_is_changed_in_everything(filled):
    change = {
        "name": "Pale ale",
        "price": "2.49",
        "age_min": "16",
        "bottle_deposit": "A2",
        "suggests": "A2",
        "options": "Glass 1-1: small, large +0.80",
        "barcodes": CODE,
        "blocked": "1",
    }
    sent = send(filled, "/articles/A1/edit", change)
    assert sent.status_code == 303, sent.text
    found = read(filled, lambda connection: get_article(connection, "A1"))
    assert (found.name, found.price_minor, found.age_min, found.blocked) == ("Pale ale", 249, 16, True)
    assert (found.bottle_deposit, found.suggests) == ("A2", ("A2",))
    assert found.options[0].choices[1].price_minor == 80
    assert found.barcodes == ALE.barcodes


@pytest.mark.parametrize(
    ("field", "text", "told"),
    [
        ("price", "much", "Type an amount like"),
        ("price", "-1", "Type an amount like"),
        ("age_min", "old", "Type a whole number."),
        ("bottle_deposit", "A9", "There is no article A9."),
        ("suggests", "A9", "There is no article A9."),
        ("options", "Milk", "no option"),
        ("barcodes", "4006381333932", "check digit"),
        ("name", "", "This is needed."),
        ("tax_code", "none", "Only a voucher"),
        ("name", "n" * 201, "too long"),
    ],
)
def test_a_wrong_field_is_told_beside_it_and_what_was_typed_stays(filled, field, text, told):
    before = read(filled, lambda connection: get_article(connection, "A1"))
    sent = send(filled, "/articles/A1/edit", {field: text, "short_name": "kept as typed"})
    assert sent.status_code == 422
    assert told in sent.text
    assert f'id="wrong-{field}"' in sent.text
    assert "kept as typed" in sent.text
    assert read(filled, lambda connection: get_article(connection, "A1")) == before


def test_a_number_is_given_once(filled):
    fresh = {"number": "A1", "name": "Again", "price": "1", "tax_code": "standard"}
    assert "with this number already" in send(filled, "/articles/new", fresh).text
    assert send(filled, "/articles/new", fresh | {"number": "A9"}).headers["location"] == "/articles/A9?told=saved"


def test_a_matrix_is_made_and_completed(filled):
    page = filled.get("/articles/A1/variants?colours=red, blue&sizes=S,M")
    assert page.count('name="make"') == 4
    fields = {"colours": "red, blue", "sizes": "S, M", "make": ["A1-RED-S", "A1-RED-M", "A1-EVIL-X"]}
    filled.client.post("/articles/A1/variants", data={"form_key": filled.key(page), **fields}, follow_redirects=False)
    made = read(filled, lambda connection: variants(connection, "A1"))
    assert [(each.number, each.colour, each.size) for each in made] == [
        ("A1-RED-M", "red", "M"),
        ("A1-RED-S", "red", "S"),
    ]
    assert made[0].price_minor == 219
    assert read(filled, lambda connection: get_article(connection, "A1")).is_matrix
    again = filled.get("/articles/A1/variants?colours=blue")
    assert again.count('name="make"') == 2


def test_a_variants_number_says_what_it_is():
    assert variant_number("64", "Blé foncé", "XL / 42") == "64-BLEFONCE-XL42"
    assert variant_number("64", "", "S") == "64-S"


def test_sizes_stand_in_their_order():
    assert sorted(["M", "XL", "42", "s", "9.5", "one size"], key=size_rank) == ["s", "M", "XL", "9.5", "42", "one size"]


def test_a_price_list_is_made_filled_and_taken_away(filled):
    made = send(filled, "/prices/new", {"name": "Staff", "group": "staff", "valid_to": "2026-12-31"})
    assert made.headers["location"] == "/prices/Staff?told=saved"
    added = filled.post("/prices/Staff", do="add", article=CODE, min_quantity="2,5", price="1.50")
    assert added.status_code == 303, added.text
    price = ListPrice(price_list="Staff", article="A1", price_minor=150, min_quantity=Decimal("2.5"))
    assert price in read(filled, lambda connection: prices_of_article(connection, "A1"))
    for wrong, told in (
        ({"article": "A9"}, "no such article"),
        ({"price": ""}, "needed"),
        ({"min_quantity": "0"}, "2 or 0.5"),
    ):
        sent = filled.post("/prices/Staff", do="add", **{"article": "A1", "price": "1", "min_quantity": "", **wrong})
        assert sent.status_code == 422
        assert told in sent.text
    filled.post("/prices/Staff", do="remove", of_article="A1", of_quantity="2.50")
    assert price not in read(filled, lambda connection: prices_of_article(connection, "A1"))
    assert filled.post("/prices/Staff/drop").headers["location"] == "/prices?told=dropped"
    assert read(filled, lambda connection: get_price_list(connection, "Staff")) is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": "Friends & more"}, "with this name already"),
        ({"name": "a/b"}, "slash"),
        ({"name": "X", "valid_from": "soon"}, "This is not a day"),
        ({"name": "X", "valid_from": "2026-02-01", "valid_to": "2026-01-01"}, "lies before the first"),
    ],
)
def test_a_price_list_that_cannot_be_is_told(filled, change, told):
    sent = send(filled, "/prices/new", change)
    assert sent.status_code == 422
    assert told in sent.text


def test_a_promotion_saved_unchanged_is_the_same(filled):
    for promotion in (
        HALF,
        Promotion(
            code="P2", name="3 for 2", kind="x_for_y", articles=("A1", "A2"), x=3, y=2, weekdays=(1, 7), hours=(0, 90)
        ),
        Promotion(
            code="P3",
            name="Off",
            kind="threshold_amount",
            amount_minor=500,
            threshold_minor=8000,
            stores=("0002",),
            customer_group="friends",
            valid_from="2026-01-01",
            valid_to="2026-12-31",
            stacks=True,
        ),
    ):
        with filled.shop.database.write() as connection:
            put_promotion(connection, promotion, 1)
            before = feed.last_revision(connection)
        sent = send(filled, f"/promotions/{promotion.code}")
        assert sent.status_code == 303, sent.text
        assert read(filled, lambda connection, code=promotion.code: get_promotion(connection, code)) == promotion
        assert read(filled, feed.last_revision) == before


def test_a_promotion_ends_and_begins_again(filled):
    assert "End promotion HALF now?" in filled.get("/promotions/HALF/end")
    assert filled.post("/promotions/HALF/end").headers["location"] == "/promotions?told=ended"
    assert read(filled, lambda connection: has_ended(connection, "HALF"))
    assert "has ended" in filled.get("/promotions/HALF")
    send(filled, "/promotions/HALF")
    assert not read(filled, lambda connection: has_ended(connection, "HALF"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "x_for_y", "x": "2", "y": "2"}, "fewer paid"),
        ({"percent": "120"}, "between 0 and 100"),
        ({"percent": ""}, "Nothing would be off"),
        ({"hour_from": "noon"}, "Type a time"),
        ({"articles": "A9"}, "There is no article A9."),
        ({"code": "HALF"}, "with this code already"),
        ({"code": "a b"}, "A code has up to"),
    ],
)
def test_a_promotion_that_cannot_work_is_told(filled, change, told):
    good = {"code": "NEW", "name": "New", "kind": "percent", "percent": "10"}
    sent = send(filled, "/promotions/new", good | change)
    assert sent.status_code == 422
    assert told in sent.text


def test_a_basket_is_priced_as_a_till_would(filled):
    plain = filled.get("/prices/preview?store=0001&basket=A1 2")
    assert "Half price" in plain
    assert "€2.19" in plain
    with filled.shop.database.write() as connection:
        put_promotion(connection, replace(HALF, percent=Decimal(1)), 2)
    assert "Friends &amp; more" in filled.get("/prices/preview?store=0001&basket=A1 2&customer=K1")
    assert (
        "Friends &amp; more" not in filled.get("/prices/preview?store=0001&basket=A1 2&customer=K2").split("<main")[1]
    )
    assert "Not found: xx" in filled.get("/prices/preview?store=0001&basket=xx 1%0AA1 1")


def test_a_customer_is_made_changed_and_kept_from_nonsense(filled):
    assert send(filled, "/customers/K1/edit", {"credit_limit": "750.50", "payment_days": "30"}).status_code == 303
    kim = read(filled, lambda connection: get_customer(connection, "K1"))
    assert (kim.credit_limit_minor, kim.payment_days, kim.open_items) == (75050, 30, (OWED,))
    for change, told in (
        ({"email": "x"}, "no e-mail"),
        ({"name": "", "company": ""}, "no name"),
        ({"credit_limit": "lots"}, "Type an amount"),
    ):
        sent = send(filled, "/customers/K1/edit", change)
        assert sent.status_code == 422
        assert told in sent.text
    assert send(filled, "/customers/new", {"number": "K9", "company": "New & Co"}).status_code == 303
    assert "with this number already" in send(filled, "/customers/new", {"number": "K9", "name": "x"}).text


def test_what_a_customer_owes_is_shown_with_its_age(filled):
    page = filled.get("/customers/K1")
    assert "€12.00" in page
    assert "days late" in page
    assert "over the limit" in page
    assert "Perhaps the same" in page


def test_a_duplicate_is_merged_after_one_question(filled):
    assert "0123" in filled.get("/customers/K1/merge?with=K2")
    sent = filled.post("/customers/K1/merge", **{"with": "K2"})
    assert sent.headers["location"] == "/customers/K1?told=merged"
    assert read(filled, lambda connection: get_customer(connection, "K1")).phone == "0123"
    assert "merged into" in filled.get("/customers/K2")
    assert 'href="/invoicing?q=K2"' in filled.get("/customers/K1")
    assert "merged into K1" in send(filled, "/customers/K2/edit", {"city": "X"}).text
    assert filled.post("/customers/K1/merge", **{"with": "K2"}).status_code == 409


def test_a_voucher_is_blocked_by_those_who_may(filled):
    filled.post("/vouchers/V1/block", do="block")
    assert read(filled, lambda connection: find(connection, "V1")).blocked
    filled.post("/vouchers/V1/block", do="unblock")
    assert not read(filled, lambda connection: find(connection, "V1")).blocked
    filled.post("/sign-out")
    filled.sign_in("office")
    assert filled.post("/vouchers/V1/block", do="block").status_code == 403


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


def test_settings_saved_unchanged_are_the_same(filled):
    before = settings(filled)
    sent = upload(filled)
    assert sent.status_code == 303, sent.text
    assert settings(filled) == before


def test_settings_reach_the_feed_with_logo_and_patterns(filled):
    change = {
        "name": "New name",
        "tenders": ["cash", "voucher"],
        "age_check": "always",
        "tips": "1",
        "cash_step": "5",
        "voucher_offline": "25.00",
        "reasons": "broken\n\nwrong size",
        "order_fields": "Gift wrap",
        "header": "Fresh since 1900",
        "link": "https://example.org/r/{receipt}",
        "width_mm": "58",
        "embedded": "price 22 = 22AAAAVPPPPPC !",
        "cards": "customer CARD- 10\nvoucher V 17",
        "fiscal": "software",
    }
    sent = upload(filled, change, png(200, 80))
    assert sent.status_code == 303, sent.text
    found = settings(filled)
    assert (found.name, found.tenders, found.age_check, found.tips) == ("New name", ("cash", "voucher"), "always", True)
    assert (found.cash_step_minor, found.voucher_offline_minor_max, found.fiscal) == (5, 2500, "software")
    assert found.returns.reasons == ("broken", "wrong size")
    assert (found.design.header, found.design.width_mm) == (("Fresh since 1900",), 58)
    assert found.design.logo_png
    assert found.code_patterns.embedded == (EmbeddedPattern(name="price 22", pattern="22AAAAVPPPPPC", verifies=True),)
    assert found.code_patterns.cards[0] == CardPattern(kind="customer", prefix="CARD-", length=10)
    body = read(filled, lambda connection: feed.bodies_of(connection, "0001", "settings", ["0001"]))["0001"]
    assert "Fresh since 1900" in body
    assert upload(filled).status_code == 303
    assert settings(filled) == found
    upload(filled, {"no_logo": "1"})
    assert settings(filled).design.logo_png == ""


@pytest.mark.parametrize(
    ("change", "logo", "told"),
    [
        ({"tenders": []}, None, "at least one way to pay"),
        ({"link": "javascript:x"}, None, "https://"),
        ({"embedded": "22AAAA"}, None, "cannot be read"),
        ({"cards": "customer"}, None, "cannot be read"),
        ({"name": ""}, None, "This is needed."),
        ({"discount_percent_max": "300"}, None, "between 0 and 100"),
        ({"reasons": "\n".join(f"r{index}" for index in range(60))}, None, "too many lines"),
        ({}, b"GIF89a not a png at all.....", "no PNG"),
        ({}, b"\x89PNG\r\n\x1a\n", "no PNG"),
        ({}, png(1300, 10), "too large"),
    ],
)
def test_settings_that_cannot_be_are_told_and_nothing_is_stored(filled, change, logo, told):
    before = settings(filled)
    sent = upload(filled, change, logo)
    assert sent.status_code == 422
    assert told in sent.text
    assert settings(filled) == before


def test_an_upload_from_elsewhere_is_refused(filled):
    files = [("name", (None, "x")), ("logo", ("l.png", png(9, 9), "image/png"))]
    assert filled.client.post("/stores/0001/settings", files=files).status_code == 403


def press(office, do, **fields):
    """Send the form of a page of quick keys by one of its buttons."""
    form_key = office.key(office.get("/settings"))
    data = {"form_key": form_key, "do": do, **fields}
    return office.client.post("/stores/0001/keys/edit", data=data, follow_redirects=False)


def keys(office):
    return read(office, lambda connection: quick_key_pages(connection, "0001"))


def test_a_page_of_quick_keys_is_edited_button_by_button(filled):
    path = "/stores/0001/keys/edit?page=Bar"
    added = send(filled, path, {"add": "bottle that is none"}, do="add")
    assert "no such article" in added.text
    added = send(filled, path, {"add": "A2"}, do="add")
    assert added.status_code == 200
    assert "Bottle" in added.text
    rows = {"key-0-article": "A1", "key-0-label": "", "key-1-article": "A2", "key-1-label": "Empty"}
    head = {"page": "Bar", "name": "The bar", "position": "1"}
    moved = press(filled, "up-1", **head, **rows)
    assert moved.text.index('value="A2"') < moved.text.index('value="A1"')
    gone = press(filled, "remove-0", **head, **rows)
    assert 'value="A1"' not in gone.text
    assert keys(filled)[0].name == "Bar"
    opened = form_of(filled, path)["opened"][0]
    assert press(filled, "save", opened=opened, **head, **rows).status_code == 303
    wanted = QuickKeyPage(
        name="The bar", position=1, keys=(QuickKey(article="A1"), QuickKey(article="A2", label="Empty"))
    )
    assert keys(filled) == [wanted]


def test_pages_keep_their_order_and_their_names_apart(filled):
    press(filled, "save", page="", name="Front", position="1", add="A1")
    assert [(page.name, page.position) for page in keys(filled)] == [("Front", 1), ("Bar", 2)]
    assert "with this name already" in press(filled, "save", page="", name="Bar").text
    assert press(filled, "save", page="", name="").status_code == 422
    assert "The articles stay." in filled.get("/stores/0001/keys/drop?page=Front")
    filled.post("/stores/0001/keys/drop?page=Front")
    assert [(page.name, page.position) for page in keys(filled)] == [("Bar", 1)]


FORMS = (
    "/articles/new",
    "/articles/A1/edit",
    "/articles/A1/variants",
    "/prices/new",
    "/prices/Friends%20%26%20more",
    "/promotions/new",
    "/promotions/HALF",
    "/customers/new",
    "/customers/K1/edit",
    "/customers/K1/merge",
    "/vouchers/V1/block",
    "/stores/0001/settings",
    "/stores/0001/keys/edit",
)
NASTY = (
    "",
    "\0",
    "\x1b[2J",
    "é" * 5000,
    "-1",
    "1e999",
    "NaN",
    "٣",
    "<b>",
    "'; --",
    "9" * 400,
    "0x10",
    "\u202e",
    "a\nb\nc",
    "%",
)
BUTTONS = ("", "add", "remove", "save", "up-0", "down-9", "remove-99999999999", "remove-x", "block")


@pytest.mark.parametrize("path", FORMS)
def test_nonsense_is_refused_in_words_and_never_a_mistake_of_ours(filled, path):
    """Bad input: every field of every form, each kind of nonsense, each button."""
    page = filled.get("/settings")
    names = set(form_of(filled, "/stores/0001/settings")) if "settings" in path else set()
    if path in {"/articles/new", "/prices/new", "/promotions/new", "/customers/new"}:
        names = set(form_of(filled, path))
    elif not names:
        names = {
            "name",
            "number",
            "price",
            "article",
            "min_quantity",
            "of_article",
            "of_quantity",
            "with",
            "percent",
            "x",
        }
        names |= {"valid_from", "hour_from", "weekdays", "options", "make", "colours", "sizes", "page", "position"}
        names |= {"key-0-article", "key-0-label", "key-999-article", "add", "credit_limit", "email"}
    names -= {"form_key"}
    for index, text in enumerate(NASTY):
        fields = dict.fromkeys(sorted(names | {"logo"}), text)
        data = {"form_key": filled.key(page), **fields, "do": BUTTONS[index % len(BUTTONS)]}
        answer = filled.client.post(path, data=data, follow_redirects=False)
        assert answer.status_code < 500, (path, text[:20], answer.text[:500])
        shown = filled.client.get(path if path.endswith(("new", "edit")) else "/articles")
        assert shown.status_code < 500


def test_what_a_printer_might_obey_is_not_kept(filled):
    send(filled, "/promotions/HALF", {"name": "Half\x1b[2J  price\x07"})
    assert read(filled, lambda connection: get_promotion(connection, "HALF")).name == "Half[2J price"
    upload(filled, {"header": "Fresh\x1bm bread"})
    assert settings(filled).design.header == ("Freshm bread",)
