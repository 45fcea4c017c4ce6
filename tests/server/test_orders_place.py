"""Head office's orders: placed, changed, confirmed, cancelled, each with the feed of their store."""

from datetime import date
from decimal import Decimal

import msgspec
import pytest
from pipeline_shop import START_MS, Shop, order_ref

from schema.errors import Refused
from schema.orders import OpenOrder
from server.catalogue import feed
from server.orders import lists, place
from server.orders.rules import LineWish, OrderWish


@pytest.fixture
def shop(database):
    return Shop(database)


def fed(shop, store="0001"):
    """Return the orders that a till of a store sees."""
    with shop.database.read() as connection:
        page = feed.read_slice(connection, store, 0, 1000)
    rows = [change for change in page.changes if change.kind == "order"]
    return {row.key: None if row.deleted else msgspec.json.decode(row.body, type=OpenOrder) for row in rows}


def placed(shop, *lines, **fields):
    wish = OrderWish(
        **({"store": "0001", "customer_name": "Sample", "ordered_day": date(2026, 3, 1), "lines": lines} | fields)
    )
    with shop.database.write() as connection:
        return place.place(connection, wish, shop.clock, confirmed=True)


def read(shop, order_id):
    with shop.database.read() as connection:
        return lists.order(connection, order_id)


def test_a_draft_is_seen_by_no_till_a_confirmed_order_by_its_stores_only(shop):
    order_id = shop.order(confirmed=False)
    assert fed(shop) == {}
    shop.confirm_order(order_id)
    [seen] = fed(shop).values()
    assert (seen.number, seen.total_minor, seen.paid_minor, seen.customer_name) == (
        "SO-0001-000001",
        5990,
        0,
        "Sample Customer",
    )
    assert [(line.article, line.quantity, line.total_minor) for line in seen.lines] == [("200", 2, 5990)]
    assert fed(shop, "0002") == {}


def test_numbers_run_per_store_without_gaps(shop):
    with pytest.raises(Refused):
        placed(shop, LineWish(article="nothing", quantity=Decimal(1)))
    numbers = [read(shop, shop.order(store=store)).number for store in ("0001", "0002", "0001")]
    assert numbers == ["SO-0001-000001", "SO-0002-000001", "SO-0001-000002"]


def test_prices_discounts_and_free_text(shop):
    order_id = placed(
        shop,
        LineWish(article="100", quantity=Decimal(3)),
        LineWish(article="200", quantity=Decimal(1), discount_percent=Decimal(10)),
        LineWish(article="200", quantity=Decimal(1), unit_price_minor=1000, discount_minor=100, note="dented"),
        LineWish(name="Engraving", quantity=Decimal("1.5"), unit_price_minor=1000, tax_code="standard"),
    )
    order = read(shop, order_id)
    assert [(line.total_minor, line.discount_minor) for line in order.lines] == [
        (1497, 0),
        (2695, 300),
        (900, 100),
        (1500, 0),
    ]
    assert order.total_minor == 6592
    assert order.balance.open_minor == 6592


def test_an_order_without_tax_adds_it_on_top(shop):
    order_id = placed(shop, LineWish(article="200", quantity=Decimal(2)), includes_tax=False)
    order = read(shop, order_id)
    assert (order.includes_tax, order.lines[0].unit_price_minor, order.lines[0].total_minor) == (False, 2517, 5034)
    assert order.total_minor == 5034 + 956


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"store": "9999"}, "unknown_store"),
        ({"customer": "nobody"}, "unknown_customer"),
        ({"lines": (LineWish(article="nothing", quantity=Decimal(1)),)}, "unknown_article"),
        ({"lines": (LineWish(article="100", quantity=Decimal(1), tax_code="odd"),)}, "unknown_tax"),
        ({"lines": (LineWish(article="100", quantity=Decimal(1), discount_minor=500),)}, "bad_discount"),
    ],
)
def test_what_head_office_does_not_know_is_refused_and_nothing_is_stored(shop, fields, code):
    with pytest.raises(Refused) as caught:
        placed(shop, LineWish(article="100", quantity=Decimal(1)), **fields)
    assert caught.value.code == code
    assert shop.value("SELECT count(*) FROM orders") == 0


def test_a_blocked_article_cannot_be_ordered(shop):
    with shop.database.write() as connection:
        connection.run("UPDATE article SET blocked = 1 WHERE number = '100'")
    with pytest.raises(Refused, match="blocked"):
        placed(shop, LineWish(article="100", quantity=Decimal(1)))


def test_a_change_raises_the_version_and_reaches_the_till(shop):
    order_id = shop.order(quantity=2)
    assert shop.change_order(order_id, quantity=3, version=1) == 2
    seen = fed(shop)[order_id]
    assert (seen.version, seen.total_minor, len(seen.lines)) == (2, 8985, 1)


def test_of_two_changes_at_once_the_second_is_refused(shop):
    order_id = shop.order()
    shop.change_order(order_id, quantity=3, version=1)
    with pytest.raises(Refused) as caught:
        shop.change_order(order_id, quantity=4, version=1)
    assert caught.value.code == "order_changed"


def test_an_order_stays_with_its_store(shop):
    with pytest.raises(Refused) as caught:
        shop.change_order(shop.order(), quantity=1, version=1, store="0002")
    assert caught.value.code == "bad_store"


def test_a_cancelled_order_leaves_the_tills_and_cannot_be_changed(shop):
    order_id = shop.order()
    shop.cancel_order(order_id)
    assert fed(shop) == {order_id: None}
    assert read(shop, order_id).import_status == "canceled"
    for act in (lambda: shop.cancel_order(order_id), lambda: shop.confirm_order(order_id)):
        with pytest.raises(Refused) as caught:
            act()
        assert caught.value.code == "bad_step"
    with pytest.raises(Refused):
        shop.change_order(order_id, quantity=1, version=1)


def test_a_tills_own_sale_is_not_changed_at_head_office(shop):
    till = shop.till()
    till.send(till.sale())
    shop.kick()
    with pytest.raises(Refused) as caught:
        shop.cancel_order("sale-t1-1-1")
    assert caught.value.code == "unknown_order"


def test_a_completed_order_cannot_be_cancelled(shop):
    order_id = shop.order(quantity=1)
    till = shop.till()
    from pipeline_shop import KETTLE

    till.send(till.sale(KETTLE, order=order_ref(shop, order_id)))
    shop.kick()
    with pytest.raises(Refused) as caught:
        shop.cancel_order(order_id)
    assert caught.value.code == "bad_step"
    assert read(shop, order_id).created_ms == START_MS
