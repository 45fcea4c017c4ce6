"""Leases on vouchers: what two tills that ask at the same moment are told, and when a lease ends."""

import pytest
from msgspec.structs import replace
from pipeline_shop import KETTLE, Shop, matters, special

from schema.errors import Refused
from schema.messages import CLAIM_LEASE_MS
from server.tills.tokens import Device
from server.vouchers.claims import claim_voucher, release_voucher


@pytest.fixture
def shop(database):
    shop = Shop(database)
    shop.front, shop.back = shop.till(), shop.till("t2", "0002")
    shop.front.send(shop.front.sale(special("voucher", 5000, reference="V1")))
    shop.kick()
    return shop


def claim(shop, till, later_ms=0, code="V1"):
    device = Device(till_id=till.name, epoch=1, current_epoch=1, store=till.store, revoked=False)
    with shop.database.write() as connection:
        return claim_voucher(connection, device, code, shop.clock.now_ms() + later_ms)


def release(shop, till, later_ms=0):
    device = Device(till_id=till.name, epoch=1, current_epoch=1, store=till.store, revoked=False)
    with shop.database.write() as connection:
        return release_voucher(connection, device, "V1", shop.clock.now_ms() + later_ms)


def test_one_till_has_a_voucher_until_it_gives_it_back(shop):
    assert claim(shop, shop.front).granted
    refused = claim(shop, shop.back)
    assert (refused.granted, refused.voucher.balance_minor, refused.till) == (False, 5000, shop.front.name)
    release(shop, shop.back)
    assert not claim(shop, shop.back).granted, "only its own"
    release(shop, shop.front)
    assert claim(shop, shop.back).granted


def test_a_claim_says_how_far_the_balance_holds_the_asking_tills_stream(shop):
    """So that what a till issued or redeemed a moment ago counts once, applied or not (ADR 19)."""
    issued = shop.value("SELECT max(seq) FROM event WHERE till_id = ?", shop.front.name)
    assert claim(shop, shop.front).applied_seq == issued
    shop.front.send(shop.front.sale(KETTLE, tenders=("voucher", "cash"), amounts=[1000, 1995], reference="V1"))
    held = claim(shop, shop.front)
    assert (held.voucher.balance_minor, held.applied_seq) == (5000, issued)
    shop.kick()
    held = claim(shop, shop.front)
    assert (held.voucher.balance_minor, held.applied_seq) == (4000, issued + 1)
    release(shop, shop.front)
    assert claim(shop, shop.back).applied_seq == 0


def test_no_claim_says_how_far_while_an_event_of_the_till_is_parked(shop):
    """A redemption that waits is behind the cursor and not in the balance: the till must go on counting it."""
    sale = shop.front.sale(KETTLE, tenders=("voucher", "cash"), amounts=[1000, 1995], reference="V1")
    shop.front.send(replace(sale, total_minor=sale.total_minor + 1))
    shop.kick()
    held = claim(shop, shop.front)
    assert (held.voucher.balance_minor, held.applied_seq) == (5000, None)
    release(shop, shop.front)
    assert claim(shop, shop.back).applied_seq == 0, "its own stream has none"


def test_a_lease_that_is_not_renewed_runs_out(shop):
    """Fault 46, for vouchers."""
    claim(shop, shop.front)
    claim(shop, shop.front, later_ms=CLAIM_LEASE_MS // 2)
    assert not claim(shop, shop.back, later_ms=CLAIM_LEASE_MS).granted
    assert claim(shop, shop.back, later_ms=CLAIM_LEASE_MS * 2).granted


def test_the_receipt_that_redeemed_ends_its_tills_lease(shop):
    """Between the commit at the till and this moment nobody else is told the old balance as theirs to take."""
    claim(shop, shop.front)
    shop.back.send(shop.back.sale(KETTLE, tenders=("voucher", "cash"), amounts=[1000, 1995], reference="V1"))
    shop.kick()
    assert not claim(shop, shop.back).granted, "a receipt of another till, which was offline"
    shop.front.send(shop.front.sale(KETTLE, tenders=("voucher",), reference="V1"))
    shop.kick()
    found = claim(shop, shop.back)
    assert (found.granted, found.voucher.balance_minor) == (True, 5000 - 1000 - 2995)
    assert matters(shop) == []


def test_nobody_leases_a_voucher_that_is_not_there(shop):
    with pytest.raises(Refused, match="no such voucher"):
        claim(shop, shop.front, code="V2")
