"""Questions of the till beyond its mirror: through the agent's loopback to head office itself and back in time."""

import time
from datetime import date
from decimal import Decimal

import pytest
from agent_fault_proxy import FaultProxy
from msgspec.structs import replace
from test_agent_mirror import receipt

from agent.link import Answer
from schema.catalogue import Voucher
from schema.clock import SystemClock
from schema.device import AGENT, load_device, load_key, save_device
from schema.errors import Unready
from schema.messages import CLAIM_LEASE_MS
from schema.parties import Customer, OpenItem
from server.catalogue import feed
from server.catalogue.people import put_customers, put_open_items
from server.orders.place import place
from server.orders.rules import LineWish, OrderWish
from server.tills.claims import claim_order
from server.tills.tills import add_till, revoke
from server.tills.tokens import Device
from till.link import AgentLink

KIM = Customer(number="Q1", name="Kim Sample", phone="0123", credit_limit_minor=5000)
OWED = OpenItem(reference="0001-1-000001", day="2026-11-01", open_minor=1200)


def wait_for(found, seconds=20):
    deadline = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def link(till):
    """The till's own client, with its agent running."""
    till.start()
    wait_for((till.folder / AGENT).exists)
    return AgentLink(till.folder)


@pytest.fixture
def order_id(real_office):
    lines = (LineWish(article="A0001", quantity=Decimal(1)),)
    wish = OrderWish(store="0001", customer_name="Kim", ordered_day=date(2026, 11, 21), lines=lines)
    return real_office.change(lambda connection, clock: place(connection, wish, clock, confirmed=True))


def put(office, store, row):
    office.change(lambda connection, clock: feed.put(connection, [feed.present(store, row)]))


def test_a_receipt_is_found_in_any_store_of_the_company(link, real_office):
    elsewhere = replace(receipt("0002-1-000007"), store="0002")
    real_office.run("add-store", "--code", "0002", "--name", "Other")
    put(real_office, "0001", receipt("0001-1-000007"))
    put(real_office, "0002", elsewhere)
    assert link.receipt("0001-1-000007") == receipt("0001-1-000007")
    assert link.receipt("0002-1-000007") == elsewhere
    assert link.receipt("0001-1-999999") is None
    assert link.receipt("../../../etc/passwd\0") is None
    assert link.receipt("0001-1-000007?text=x#y") is None


def test_a_voucher_is_given_as_it_is_now(link, real_office):
    for balance in (2500, 1000):
        put(real_office, "", Voucher(code="V 1+2", balance_minor=balance))
        assert link.voucher("V 1+2").balance_minor == balance
    assert link.voucher("V9") is None


def test_customers_are_found_with_what_they_owe(link, real_office):
    real_office.change(lambda connection, clock: put_customers(connection, [KIM], clock.now_ms()))
    real_office.change(lambda connection, clock: put_open_items(connection, "Q1", [OWED]))
    assert link.customers("kim SAMPLE") == [replace(KIM, open_items=(OWED,))]
    assert link.customers("0123")[0].number == "Q1"
    assert link.customers("nobody & nothing=") == []
    assert link.customers("") == []


def test_an_order_is_one_tills_at_a_time(link, real_office, till, order_id):
    first = link.claim(order_id)
    assert first.granted
    assert link.claim(order_id).token == first.token
    other = real_office.change(lambda connection, clock: add_till(connection, clock, "0001", "Till beside it"))
    beside = Device(till_id=other.id, epoch=1, current_epoch=1, store="0001", revoked=False)

    def beside_claims(later_ms=0):
        return real_office.change(
            lambda connection, clock: claim_order(connection, beside, order_id, clock.now_ms() + later_ms)
        )

    refused = beside_claims()
    assert not refused.granted
    assert refused.till.startswith("Till ")
    assert refused.till != "Till beside it"
    link.release(order_id)
    second = beside_claims()
    assert second.granted
    assert second.token > first.token
    seen = link.claim(order_id)
    assert (seen.granted, seen.till) == (False, "Till beside it")
    late = beside_claims(CLAIM_LEASE_MS - 1000)
    assert (late.granted, late.token) == (True, second.token)
    assert link.claim("no-such-order") is None


def test_a_lease_that_ran_out_goes_to_whoever_asks(link, real_office, order_id):
    """Fault 46: its holder died."""
    link.claim(order_id)
    other = real_office.change(lambda connection, clock: add_till(connection, clock, "0001", "Till after it"))
    beside = Device(till_id=other.id, epoch=1, current_epoch=1, store="0001", revoked=False)
    late_ms = SystemClock().now_ms() + CLAIM_LEASE_MS + 1
    taken = real_office.change(lambda connection, _: claim_order(connection, beside, order_id, late_ms))
    assert taken.granted
    assert taken.token == 2


def test_a_till_of_another_store_gets_no_lease(real_office, order_id):
    stranger = Device(till_id="x", epoch=1, current_epoch=1, store="0002", revoked=False)
    with pytest.raises(Exception, match="no such order"):
        real_office.change(lambda connection, clock: claim_order(connection, stranger, order_id, clock.now_ms()))


def test_without_head_office_the_answer_is_offline_within_two_seconds(till):
    proxy = FaultProxy(till.office.port)
    till.proxies.append(proxy)
    device, key = load_device(till.folder), load_key(till.folder)
    save_device(till.folder, replace(device, server_url=proxy.url), key)
    till.start()
    wait_for((till.folder / AGENT).exists)
    link = AgentLink(till.folder)

    def silence(request, forward, line):
        time.sleep(6)

    proxy.only = "/api/v1/store"
    proxy.faults.extend([silence])
    began = time.monotonic()
    with pytest.raises(Unready) as caught:
        link.voucher("V1")
    assert time.monotonic() - began < 2.2
    assert caught.value.code == "offline"
    assert link.voucher("V1") is None


def test_without_an_agent_the_answer_is_silence_at_once(till):
    with pytest.raises(Unready) as caught:
        AgentLink(till.folder).receipt("0001-1-000001")
    assert caught.value.code == "agent_silent"


def test_a_revoked_till_learns_nothing(till):
    till.office.change(lambda connection, clock: revoke(connection, clock, till.till_id))
    parts = till.parts()
    with pytest.raises(Answer) as caught:
        parts.questions.customers("kim")
    assert caught.value.code == "revoked"


class FastClock(SystemClock):
    """A machine whose clock is an hour ahead."""

    def now_ms(self):
        return super().now_ms() + 3_600_000


def test_head_office_learns_how_far_a_tills_clock_is_off(till):
    parts = till.parts(clock=FastClock())
    parts.fetcher.once(0)
    till.office.change(
        lambda connection, _: connection.run("UPDATE till SET last_contact_ms = 0 WHERE id = ?", (till.till_id,))
    )
    parts.fetcher.once(0)
    with till.office.rows() as rows:
        ((skew_ms,),) = rows("SELECT clock_skew_ms FROM till WHERE id = ?", till.till_id)
    assert -3_601_000 < skew_ms < -3_599_000
