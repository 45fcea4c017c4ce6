"""Stock: sales move it in their own transaction; the tills hear of it now and then."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from pipeline_shop import COFFEE, KETTLE, Shop, back, fed, special

from schema.catalogue import StockLevel
from server.jobs.worker import STOCK_MS, Worker
from server.pipeline.apply import apply_some
from server.stock.levels import Count, count, feed_changes
from server.stock.rules import milli, quantity
from server.stock.tables import level


@pytest.fixture
def shop(database):
    return Shop(database)


def counted(shop, article="200", amount="10", store="0001"):
    with shop.database.write() as connection:
        count(connection, [Count(store=store, article=article, quantity=Decimal(amount))], shop.clock.now_ms())


def there(shop, article="200", store="0001"):
    with shop.database.read() as connection:
        found = level(connection, store, article)
    return None if found is None else found.quantity


def at_tills(shop, article="200", store="0001"):
    return fed(shop, "stock", f"{store}/{article}", StockLevel)


def test_goods_leave_and_come_back(shop):
    counted(shop)
    till, other = shop.till(), shop.till("t2", "0002")
    sale = till.sale(replace(KETTLE, quantity=Decimal(3)), replace(COFFEE, quantity=Decimal("0.250"), unit="kg"))
    till.deliver(
        till.row(sale),
        till.row(till.sale(back(KETTLE, sale.receipt, 1))),
        till.row(till.void(till.sale(KETTLE))),
        till.row(till.sale(special("tip", 100), replace(COFFEE, article=""), replace(KETTLE, kind="bottle_deposit"))),
    )
    other.send(other.sale(KETTLE))
    shop.kick()
    assert there(shop) == 10 - 3 + 1 + 1
    assert shop.rows("SELECT store, article, moved_milli FROM stock ORDER BY store, article") == [
        ("0001", "100", -250),
        ("0001", "200", -1000),
        ("0002", "200", -1000),
    ]


def test_what_was_sold_before_the_count_does_not_change_it(shop):
    till = shop.till()
    till.send(till.sale(KETTLE))
    shop.kick()
    assert there(shop) is None
    counted(shop, amount="5")
    assert there(shop) == 5
    till.send(till.sale(KETTLE))
    shop.kick()
    assert there(shop) == 4
    assert shop.value("SELECT moved_milli FROM stock") == -2000


def test_a_busy_article_is_one_change_of_the_feed(shop):
    counted(shop)
    assert feed_changes(shop.database) == 1
    first = shop.value("SELECT value FROM counter WHERE name = 'feed'")
    till = shop.till()
    till.deliver(*[till.row(till.sale(KETTLE)) for _ in range(20)])
    apply_some(shop.database, shop.clock)
    assert at_tills(shop).quantity == 10
    assert feed_changes(shop.database) == 1
    assert at_tills(shop) == StockLevel(store="0001", article="200", quantity=Decimal(-10), as_of_ms=shop.clock.now)
    assert shop.value("SELECT value FROM counter WHERE name = 'feed'") == first + 1
    assert feed_changes(shop.database) == 0


def test_the_workers_clock_feeds_stock_now_and_then(shop):
    counted(shop)
    worker = Worker(shop.database, shop.clock)
    worker.step()
    assert at_tills(shop).quantity == 10
    till = shop.till()
    till.send(till.sale(KETTLE))
    shop.clock.now += STOCK_MS - 1
    worker.step()
    assert at_tills(shop).quantity == 10
    shop.clock.now += 6_000
    worker.step()
    assert at_tills(shop).quantity == 9


def test_articles_that_nobody_counts_are_not_fed(shop):
    till = shop.till()
    till.send(till.sale(KETTLE))
    shop.kick()
    assert at_tills(shop) is None


@given(st.decimals(-99999, 99999, places=3))
def test_thousandths_are_exact(amount):
    assert quantity(milli(amount)) == amount
