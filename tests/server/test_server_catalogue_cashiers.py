"""Cashiers: checked, fed to the tills of their store, and never the last store manager lost."""

import pytest
from msgspec.structs import replace

from schema.catalogue import StoreSettings
from schema.errors import Refused
from schema.parties import Cashier
from server.catalogue import feed
from server.catalogue.cashiers import cashier, cashiers, hold, last_manager, put_cashier
from server.catalogue.store_rows import put_store

BOSS = Cashier(number="1", name="Sample Manager", role="store_manager", pin_hash="h1")
DEPUTY = Cashier(number="2", name="Sample Deputy", role="store_manager", pin_hash="h2")
HAND = Cashier(number="10", name="Sample Hand", role="cashier", pin_hash="h3", language="nl")


@pytest.fixture
def shop(database):
    with database.write() as connection:
        for code in ("0001", "0002"):
            put_store(connection, StoreSettings(store=code, name=f"Sample {code}"))
        for one in (BOSS, HAND):
            put_cashier(connection, "0001", one)
    return database


def put(shop, one, store="0001"):
    with shop.write() as connection:
        put_cashier(connection, store, one)


def test_cashiers_are_kept_in_the_order_of_their_numbers_and_fed_to_their_store(shop):
    put(shop, DEPUTY)
    with shop.read() as connection:
        assert cashiers(connection, "0001") == [BOSS, DEPUTY, HAND]
        assert cashiers(connection, "0002") == []
        assert cashier(connection, "0001", "10") == HAND
        assert cashier(connection, "0002", "10") is None
        assert set(feed.bodies_of(connection, "0001", "cashier", ["1", "2", "10"])) == {"1", "2", "10"}


@pytest.mark.parametrize(
    ("one", "store", "code"),
    [
        (replace(HAND, number=""), "0001", "bad_number"),
        (replace(HAND, number="a/b"), "0001", "bad_number"),
        (replace(HAND, number="1" * 11), "0001", "bad_number"),
        (replace(HAND, name=" \x1b "), "0001", "missing"),
        (replace(HAND, name="n" * 81), "0001", "too_long"),
        (replace(HAND, role="king"), "0001", "bad_role"),
        (HAND, "0009", "unknown_store"),
    ],
)
def test_who_cannot_be_is_refused(shop, one, store, code):
    with pytest.raises(Refused) as refused:
        put(shop, one, store)
    assert refused.value.code == code


@pytest.mark.parametrize("wanted", [replace(BOSS, active=False), replace(BOSS, role="supervisor")])
def test_the_last_store_manager_stays_one_who_can_sign_in(shop, wanted):
    with pytest.raises(Refused) as refused:
        put(shop, wanted)
    assert refused.value.code == "last_manager"
    put(shop, DEPUTY)
    put(shop, wanted)
    with shop.read() as connection:
        assert last_manager(cashiers(connection, "0001")) == "2"
    with pytest.raises(Refused):
        put(shop, replace(DEPUTY, active=False))
    put(shop, BOSS)
    put(shop, replace(DEPUTY, active=False))


def test_a_store_without_a_manager_may_go_on_without(shop):
    put(shop, HAND, "0002")
    put(shop, replace(HAND, active=False), "0002")


def test_what_a_screen_does_not_show_is_no_part_of_a_name(shop):
    put(shop, replace(HAND, name="Sample\x07  Hand\n"))
    with shop.read() as connection:
        assert cashier(connection, "0001", "10").name == "Sample Hand"


@pytest.mark.postgres
def test_two_managers_who_lock_each_other_at_once_leave_one(postgres_database):
    import threading

    with postgres_database.write() as connection:
        put_store(connection, StoreSettings(store="0001", name="Sample"))
        put_cashier(connection, "0001", BOSS)
        put_cashier(connection, "0001", DEPUTY)
    refused = []

    def lock(one):
        try:
            put(postgres_database, replace(one, active=False))
        except Refused as error:
            refused.append(error.code)

    threads = [threading.Thread(target=lock, args=(one,)) for one in (BOSS, DEPUTY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["last_manager"]


@pytest.mark.postgres
def test_a_new_pin_does_not_unlock_who_is_locked_at_the_same_moment(postgres_database):
    import threading

    with postgres_database.write() as connection:
        put_store(connection, StoreSettings(store="0001", name="Sample"))
        put_cashier(connection, "0001", HAND)

    def give_pin():
        with postgres_database.write() as connection:
            hold(connection, "0001")
            put_cashier(connection, "0001", replace(cashier(connection, "0001", HAND.number), pin_hash="new"))

    with postgres_database.write() as connection:
        hold(connection, "0001")
        thread = threading.Thread(target=give_pin)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
        put_cashier(connection, "0001", replace(cashier(connection, "0001", HAND.number), active=False))
    thread.join(10)
    with postgres_database.read() as connection:
        assert cashier(connection, "0001", HAND.number) == replace(HAND, active=False, pin_hash="new")
