"""Many workers on PostgreSQL, all about the same vouchers, one customer and one feed: no move lost, none fed stale."""

import random
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from msgspec.structs import replace
from pipeline_shop import COFFEE, KETTLE, Shop, fed, made_ref, special

from schema.catalogue import Voucher
from schema.parties import Customer

TILLS = 60  # more than one worker claims at once
SALES = 8
WORKERS = 4
CODES = [f"V{number}" for number in range(5)]


def made(till, chance):
    match chance.randrange(5):
        case 0 if till.has_orders:
            return till.sale(replace(KETTLE, order_line=1), order=made_ref(till.order))
        case 1:
            return till.sale(KETTLE, tenders=("voucher",), reference=chance.choice(CODES))
        case 2:
            return till.sale(KETTLE, tenders=("account",), customer="C1")
        case _:
            return till.sale(special("voucher", 1000, reference=chance.choice(CODES)))


@pytest.mark.postgres
def test_workers_that_meet_on_the_same_rows_lose_nothing(postgres_database):
    shop, chance = Shop(postgres_database), random.Random(3)
    for number in range(TILLS):
        till = shop.till(f"t{number:02}")
        till.order = till.made(replace(KETTLE, quantity=Decimal(20)), COFFEE, customer="C1")
        # The first batch feeds orders before it feeds customers, the others customers alone.
        till.has_orders = number < TILLS // 2
        rows = [till.row(till.order)] if till.has_orders else []
        till.deliver(*rows, *[till.row(made(till, chance)) for _ in range(SALES)])
    with ThreadPoolExecutor(WORKERS) as workers:
        assert all(done.result().is_idle for done in [workers.submit(shop.kick) for _ in range(WORKERS)])
    assert shop.value("SELECT count(*) FROM parked") == 0
    assert shop.value("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == 0
    assert shop.value("SELECT count(*) FROM receipt") == TILLS * SALES
    moves = dict(shop.rows("SELECT code, SUM(amount_minor) FROM voucher_move GROUP BY code"))
    assert dict(shop.rows("SELECT code, balance_minor FROM voucher")) == moves
    assert {code: fed(shop, "voucher", code, Voucher).balance_minor for code in CODES} == {
        code: max(moves[code], 0) for code in CODES
    }
    owed = [item.open_minor for item in fed(shop, "customer", "C1", Customer).open_items]
    assert sum(owed) == shop.value("SELECT SUM(amount_minor) FROM payment_order_move") == 2995 * len(owed)
