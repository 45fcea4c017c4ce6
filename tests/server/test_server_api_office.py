"""The office's API: lists in bounds, deeds by role, every refusal a Problem."""

import pytest
import requests
from sending_device import CLOCK

from schema.catalogue import StoreSettings
from server.auth.staff import add_staff
from server.catalogue.countries import rates_of
from server.catalogue.store_rows import put_store, put_tax_rates

PASSWORD = "sample-password"
LISTS = ("orders", "receipts", "jobs", "tills", "articles")


class Program:
    """A program that speaks to the office's API."""

    def __init__(self, url, name):
        self.url, self.http = f"{url}/api/v1/", requests.Session()
        token = self.call("POST", "session", json={"name": name, "password": PASSWORD})[1]["token"]
        self.http.headers["Authorization"] = f"Bearer {token}"

    def call(self, method, path, **options):
        answer = self.http.request(method, self.url + path, timeout=30, **options)
        return answer.status_code, answer.json() if answer.content else None


@pytest.fixture
def shop(head_office):
    with head_office.database.write() as connection:
        put_tax_rates(connection, rates_of("DE"))
        put_store(connection, StoreSettings(store="0001", name="Sample Shop"))
        add_staff(connection, name="admin", display="Admin", role="admin", password=PASSWORD)
        add_staff(connection, name="clerk", display="Clerk", role="clerk", password=PASSWORD)
    return head_office


ARTICLE = {
    "number": "A1",
    "name": "Käse <b>",
    "price_minor": 499,
    "tax_code": "reduced",
    "barcodes": ["2000000000015"],
    "unit": "kg",
}


def test_an_order_goes_in_and_is_listed(shop):
    admin, clerk = Program(shop.url, "admin"), Program(shop.url, "clerk")
    status, stored = admin.call("POST", "articles", json=ARTICLE)
    assert (status, stored["barcodes"]) == (200, ["02000000000015"])
    assert clerk.call("GET", "articles/A1")[1]["name"] == "Käse <b>"
    assert clerk.call("GET", "articles", params={"search": "käse"})[1]["count"] == 1
    wish = {
        "store": "0001",
        "customer_name": "Kim Sample",
        "ordered_day": "2026-11-21",
        "lines": [{"article": "A1", "quantity": "1.5"}],
    }
    status, placed = clerk.call("POST", "orders", json={"wish": wish, "confirmed": True})
    assert status == 201, placed
    orders = clerk.call("GET", "orders")[1]
    assert orders["count"] == 1
    assert (orders["rows"][0]["total_minor"], orders["rows"][0]["status"]) == (749, "confirmed")
    assert orders["sums"]["EUR"]["total_minor"] == 749
    assert clerk.call("DELETE", f"orders/{placed['id']}")[0] == 204
    assert clerk.call("GET", "orders")[1]["rows"][0]["status"] == "fully_cancelled"


def test_a_till_is_added_and_withdrawn_by_an_admin_only(shop):
    admin, clerk = Program(shop.url, "admin"), Program(shop.url, "clerk")
    assert clerk.call("POST", "tills", json={"store": "0001", "name": "Front"})[0] == 403
    status, till = admin.call("POST", "tills", json={"store": "0001", "name": "Front"})
    assert (status, till["number"], len(till["code"])) == (201, 1, 11)
    assert clerk.call("DELETE", f"tills/{till['id']}")[0] == 403
    assert admin.call("DELETE", f"tills/{till['id']}")[0] == 204
    assert clerk.call("GET", "tills")[1]["rows"][0]["revoked_ms"] <= CLOCK.now_ms()
    with shop.database.read() as connection:
        deeds = [deed for (deed,) in connection.rows("SELECT action FROM audit ORDER BY id")]
    assert deeds == ["sign-in", "sign-in", "add-till", "revoke-till"]


def test_every_list_needs_a_sign_in_and_keeps_its_bounds(shop):
    clerk = Program(shop.url, "clerk")
    for name in LISTS:
        answer = requests.get(f"{shop.url}/api/v1/{name}", timeout=10)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
        status, page = clerk.call("GET", name)
        assert (status, page["rows"], page["count"]) == (200, [], 0)
        for params in ({"limit": 0}, {"limit": 201}, {"offset": -1}, {"search": "x" * 101}, {"limit": "many"}):
            status, problem = clerk.call("GET", name, params=params)
            assert (status, problem["code"]) == (400, "bad_request")


def test_a_search_is_text_and_nothing_else(shop):
    """Fault 57."""
    admin = Program(shop.url, "admin")
    admin.call("POST", "articles", json=ARTICLE)
    for text in ("' OR 1=1 --", "%", "_", "!", "\\", "a\0b", "ü", "; DROP TABLE orders"):
        status, page = admin.call("GET", "articles", params={"search": text})
        assert (status, page["count"]) == (200, 0), text


BAD_ARTICLES = [
    ({"price_minor": -1}, "bad_amount"),
    ({"price_minor": 10**12}, "bad_amount"),
    ({"tax_code": "none"}, "unknown_tax"),
    ({"barcodes": ["4006381333932"]}, "wrong_check_digit"),
    ({"name": ""}, "missing"),
    ({"unit": "bushel"}, "unknown_unit"),
]


def test_an_article_that_does_not_fit_is_refused(sqlite_office):
    with sqlite_office.database.write() as connection:
        put_tax_rates(connection, rates_of("DE"))
        add_staff(connection, name="admin", display="Admin", role="admin", password=PASSWORD)
    admin = Program(sqlite_office.url, "admin")
    for changes, code in BAD_ARTICLES:
        status, problem = admin.call("POST", "articles", json={**ARTICLE, **changes})
        assert (status, problem["code"]) == (409, code)


def test_what_is_no_request_of_ours_is_a_problem_too(shop):
    admin = Program(shop.url, "admin")
    assert admin.call("GET", "nowhere")[1]["code"] == "not_found"
    assert admin.call("PUT", "orders")[0] == 405
    assert admin.call("POST", "tills", data=b"{", headers={"Content-Type": "application/json"})[0] == 400
    assert admin.call("POST", "tills", json={"store": "0001", "name": "x", "extra": 1})[0] == 400
    assert admin.call("POST", "tills", data=b"[" * 9_000_000)[0] == 413


def test_odd_texts_and_numbers_in_addresses_are_refused(shop):
    """Fault 57: NUL, huge numbers and foreign marks reach no further than a refusal."""
    admin = Program(shop.url, "admin")
    for path in ("articles/a%00b", "articles/%27%3B--", f"articles/{'9' * 300}"):
        assert admin.call("GET", path)[0] in {400, 404}
    assert admin.call("DELETE", "tills/a%00b")[0] in {400, 404}
    assert admin.call("DELETE", f"orders/{'%F0%9F%A7%BE' * 3}")[0] in {400, 404, 409}
    assert admin.call("POST", "session", json={"name": "a\0", "password": "b\0"})[0] == 401
    assert admin.call("POST", "tills", json={"store": "00\0", "name": "x"})[0] in {400, 409}


def test_guessing_a_password_is_slowed(sqlite_office):
    answers = [
        requests.post(
            f"{sqlite_office.url}/api/v1/session", json={"name": "x", "password": "wrong-password"}, timeout=10
        )
        for _ in range(6)
    ]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_the_description_names_every_path_and_needs_no_other_server(sqlite_office):
    description = requests.get(f"{sqlite_office.url}/api/v1/openapi.json", timeout=10).json()
    paths = {path.removeprefix("/api/v1/") for path in description["paths"]}
    assert {*LISTS, "enrol", "feed", "session"} <= paths
    assert "http" not in str(description["servers"])


def test_every_answer_carries_the_security_headers(sqlite_office):
    for path in ("/api/v1/feed", "/nowhere", "/api/v1/openapi.json"):
        headers = requests.get(sqlite_office.url + path, timeout=10).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "http" not in headers["Content-Security-Policy"]
