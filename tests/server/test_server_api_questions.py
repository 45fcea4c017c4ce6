"""What a till asks beyond its mirror, over HTTP and on both engines: its own store's, signed, and nothing more."""

from datetime import date
from decimal import Decimal

import pytest
from sending_device import CLOCK, Line
from test_server_api_devices import new_code

from schema.catalogue import Article, PastReceipt, Voucher
from schema.messages import CLAIM_LEASE_MS, SKEW_HEADER
from schema.parties import Customer, OpenItem
from schema.tax import TaxRate
from server.catalogue import feed
from server.catalogue.articles import put_articles
from server.catalogue.people import put_customers, put_open_items
from server.catalogue.store_rows import put_tax_rates
from server.orders.place import place
from server.orders.rules import LineWish, OrderWish
from server.tills.claims import claim_order
from server.tills.tills import revoke, saw_till, till_to_enrol
from server.tills.tokens import Device
from server.vouchers import tables as vouchers

RATE = TaxRate(code="standard", country="DE", percent=Decimal(19), valid_from=date(2020, 1, 1))
OWED = OpenItem(reference="0001-1-000001", day="2026-11-01", open_minor=1200)
RECEIPT = PastReceipt(
    receipt="0002-1-000007",
    store="0002",
    till_id="t",
    day="2026-11-20",
    currency="EUR",
    total_minor=0,
    lines=(),
    payments=(),
)


@pytest.fixture
def shop(head_office):
    """Two stores with a till each, an article, a customer, a voucher and a receipt of the other store."""
    line = Line(head_office.url)
    devices = [line.enrol(new_code(head_office, store).code) for store in ("0001", "0002")]
    with head_office.database.write() as connection:
        put_tax_rates(connection, [RATE])
        put_articles(connection, [Article(number="A1", name="Ale", price_minor=219, tax_code="standard")], 1)
        put_customers(connection, [Customer(number="K1", name="Kim Sample", phone="0123")], 1)
        put_open_items(connection, "K1", [OWED])
        feed.put(connection, [feed.present("", Voucher(code="V1", balance_minor=700)), feed.present("0002", RECEIPT)])
    return head_office, line, devices


def ask(shop, path, device=0, method="GET", **params):
    _, line, devices = shop
    return line.ask(method, f"/api/v1/store{path}", device=devices[device], **params)


def order_of(office, store):
    lines = (LineWish(article="A1", quantity=Decimal(1)),)
    wish = OrderWish(store=store, customer_name="Kim", ordered_day=date(2026, 11, 21), lines=lines)
    with office.database.write() as connection:
        return place(connection, wish, CLOCK, confirmed=True)


def issue_voucher(office, code, amount_minor):
    with office.database.write() as connection:
        vouchers.begin(connection, [(code, "EUR", 1)])
        move = ("e1", 1, code, "issue", amount_minor, "EUR", "0001-1-000001", "0001", "t", "2026-11-21", 1, 0)
        vouchers.add_moves(connection, [move])
        vouchers.write_standing(connection, [(amount_minor, amount_minor, 1, code)])


def test_each_question_has_its_answer(shop):
    assert ask(shop, "/receipts/0002-1-000007")[1]["receipt"] == RECEIPT.receipt
    assert ask(shop, "/vouchers/V1")[1]["balance_minor"] == 700
    status, found = ask(shop, "/customers", text="kim")
    assert (status, found[0]["number"], found[0]["open_items"][0]["open_minor"]) == (200, "K1", 1200)
    assert ask(shop, "/customers", text="")[1] == []


@pytest.mark.parametrize("path", ["/receipts/0009-1-000001", "/vouchers/V9", "/vouchers/" + "V" * 200])
def test_what_is_not_there_is_404_and_signed(shop, path):
    status, problem = ask(shop, path)
    assert (status, problem["code"]) == (404, "not_found")


def test_a_lease_is_for_one_till_of_the_orders_store(shop):
    office, _, devices = shop
    order_id = order_of(office, "0001")
    first = ask(shop, f"/orders/{order_id}/claim", method="POST", body={})[1]
    assert (first["granted"], first["token"]) == (True, 1)
    assert ask(shop, f"/orders/{order_id}/claim", method="POST", body={})[1]["token"] == 1
    assert ask(shop, f"/orders/{order_id}/claim", device=1, method="POST", body={})[0] == 404
    with office.database.write() as connection:
        beside = till_to_enrol(connection, CLOCK, "0001", "Beside")
        stranger = Device(till_id=beside.id, epoch=1, current_epoch=1, store="0001", revoked=False)
        refused = claim_order(connection, stranger, order_id, CLOCK.now_ms())
        assert (refused.granted, refused.till) == (False, "Front")
        taken = claim_order(connection, stranger, order_id, CLOCK.now_ms() + CLAIM_LEASE_MS + 60_000)
        assert (taken.granted, taken.token) == (True, 2)
    seen = ask(shop, f"/orders/{order_id}/claim", method="POST", body={})[1]
    assert (seen["granted"], seen["till"]) == (False, "Beside")
    assert ask(shop, f"/orders/{order_id}/release", method="POST", body={})[0] == 200
    assert ask(shop, f"/orders/{order_id}/claim", method="POST", body={})[1]["till"] == "Beside"
    assert devices[0].till_id != devices[1].till_id


def test_a_lease_on_a_voucher_is_for_one_till_of_any_store(shop):
    """Both stores' tills may redeem it, but not at the same moment."""
    issue_voucher(shop[0], "V7", 700)
    status, first = ask(shop, "/vouchers/V7/claim", method="POST", body={})
    assert (status, first["granted"], first["voucher"]["balance_minor"]) == (200, True, 700)
    assert ask(shop, "/vouchers/V7/claim", method="POST", body={})[1]["granted"]
    beside = ask(shop, "/vouchers/V7/claim", device=1, method="POST", body={})[1]
    assert (beside["granted"], beside["till"]) == (False, "Front")
    assert ask(shop, "/vouchers/V7/release", device=1, method="POST", body={})[0] == 200
    assert not ask(shop, "/vouchers/V7/claim", device=1, method="POST", body={})[1]["granted"]
    ask(shop, "/vouchers/V7/release", method="POST", body={})
    assert ask(shop, "/vouchers/V7/claim", device=1, method="POST", body={})[1]["granted"]
    for way in ("claim", "release"):
        assert ask(shop, f"/vouchers/V0/{way}", method="POST", body={})[0] == 404


def test_nobody_gets_a_lease_on_an_order_that_is_done(shop):
    """A till whose list is older than the pickup would hand it over a second time."""
    office, _, _ = shop
    order_id = order_of(office, "0001")
    for status in ("completed", "fully_cancelled"):
        with office.database.write() as connection:
            connection.run("UPDATE orders SET status = ? WHERE id = ?", (status, order_id))
        seen = ask(shop, f"/orders/{order_id}/claim", method="POST", body={})[1]
        assert (seen["granted"], seen["status"]) == (False, status)


def test_a_withdrawn_till_learns_nothing(shop):
    office, _, devices = shop
    with office.database.write() as connection:
        revoke(connection, CLOCK, devices[0].till_id)
    assert ask(shop, "/vouchers/V1")[0] == 403
    assert ask(shop, "/vouchers/V1", device=1)[0] == 200


def test_without_a_token_nothing_is_said(shop):
    _, line, _ = shop
    assert line.ask("GET", "/api/v1/store/vouchers/V1")[0] == 401


@pytest.mark.parametrize(("said", "kept"), [("-3600000", -3600000), ("12", 12), ("soon", 5), ("9" * 40, 5)])
def test_a_till_says_how_far_its_clock_is_off(shop, said, kept):
    import requests

    office, line, devices = shop
    with office.database.write() as connection:
        saw_till(connection, devices[0].till_id, 1, 5)
    headers = {"Authorization": f"Bearer {devices[0].token()}", SKEW_HEADER: said}
    assert requests.get(f"{line.url}/api/v1/feed", headers=headers, timeout=10).status_code == 200
    with office.database.read() as connection:
        sql = "SELECT clock_skew_ms FROM till WHERE id = ?"
        assert connection.value(sql, (devices[0].till_id,)) == kept


def test_a_till_that_was_never_enrolled_is_given_out_again(shop):
    office, _, _ = shop
    with office.database.write() as connection:
        first = till_to_enrol(connection, CLOCK, "0001", "Back")
        again = till_to_enrol(connection, CLOCK, "0001", "Back ")
        front = till_to_enrol(connection, CLOCK, "0001", "Front")
        assert first == again
        assert front.number == 3


def test_a_full_fetch_is_spared_what_had_ended_before(shop):
    office, line, devices = shop
    with office.database.write() as connection:
        feed.put(connection, [feed.gone("", "voucher", "V1")])
    page = line.ask("GET", "/api/v1/feed", device=devices[0], limit=2)[1]
    assert page["newest"] > page["cursor"]
    seen = [*page["changes"]]
    while page["more"]:
        page = line.ask("GET", "/api/v1/feed", device=devices[0], cursor=page["cursor"], limit=2, since=page["newest"])[
            1
        ]
        seen += page["changes"]
    assert not any(change.get("deleted") for change in seen)
    later = line.ask("GET", "/api/v1/feed", device=devices[0], cursor=1)[1]
    assert [change["key"] for change in later["changes"] if change.get("deleted")] == ["V1"]
