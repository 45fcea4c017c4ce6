"""Vouchers: issued, used, voided; their balance is the sum of their moves, whatever came first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_shop import COFFEE, KETTLE, Shop, fed, ledger, matters, special, table

from schema.catalogue import Voucher
from schema.errors import Refused
from server.vouchers import keep
from server.vouchers.rules import standing


@pytest.fixture
def shop(database):
    return Shop(database)


def issue(till, amount=5000, code="V1"):
    return till.sale(special("voucher", amount, reference=code))


def at_tills(shop, code="V1"):
    return fed(shop, "voucher", code, Voucher)


def test_a_voucher_is_issued_used_and_empty(shop):
    till, other = shop.till(), shop.till("t2", "0002")
    till.send(issue(till))
    shop.kick()
    assert at_tills(shop) == Voucher(code="V1", balance_minor=5000)
    other.send(other.sale(KETTLE, tenders=("voucher",), reference="V1"))
    other.send(other.sale(KETTLE, tenders=("voucher", "cash"), amounts=[2005, 990], reference="V1"))
    shop.kick()
    assert at_tills(shop).balance_minor == 0
    assert matters(shop) == []
    assert (
        ledger(shop).splitlines()[:4]
        == table("""
        receipt     1410  5000     -  .
        receipt     1604     -  5000  .
        order-cash  1000  5000     -  cash
        order-cash  1410     -  5000  .
    """).splitlines()
    )
    assert shop.value("SELECT SUM(debit_minor - credit_minor) FROM posting WHERE account = '1604'") == 0


def test_money_spent_twice_offline_is_a_matter_and_never_refused(shop):
    """Contract 8: two tills redeem the same voucher while the line is cut; both sales stand."""
    till, other = shop.till(), shop.till("t2")
    till.send(issue(till, 3000))
    for each in (till, other):
        each.send(each.sale(KETTLE, tenders=("voucher",), reference="V1"))
    shop.kick()
    assert matters(shop) == [("voucher overdrawn", "V1", 2 * 2995 - 3000)]
    assert at_tills(shop).balance_minor == 0
    assert shop.value("SELECT balance_minor FROM voucher") == 3000 - 2 * 2995
    assert shop.value("SELECT count(*) FROM receipt WHERE paid_ms IS NOT NULL") == 3


def test_a_voucher_that_nobody_issued_is_a_matter_until_its_issue_comes(shop):
    """Invariant I10: the till that issued it may send later than the one that took it."""
    till, other = shop.till(), shop.till("t2")
    other.send(other.sale(KETTLE, tenders=("voucher",), reference="V1"))
    shop.kick()
    assert matters(shop) == [("voucher unknown", "V1", 2995)]
    assert at_tills(shop) is None
    till.send(issue(till))
    shop.kick()
    assert matters(shop) == []
    assert at_tills(shop).balance_minor == 2005


def test_a_code_issued_twice_is_a_matter(shop):
    till = shop.till()
    till.send(issue(till))
    till.send(issue(till, 1000))
    shop.kick()
    assert matters(shop) == [("voucher issued twice", "V1", 6000)]


def test_voids_take_back_issue_and_use(shop):
    till = shop.till()
    issued = issue(till)
    used = till.sale(KETTLE, tenders=("voucher",), reference="V1")
    till.deliver(*[till.row(body) for body in (issued, used, till.void(used))])
    shop.kick()
    assert at_tills(shop).balance_minor == 5000
    till.send(till.void(issued))
    shop.kick()
    assert at_tills(shop).balance_minor == 0
    assert matters(shop) == []


def test_a_refund_to_a_voucher_gives_it_a_balance(shop):
    till = shop.till()
    till.send(till.sale(special("voucher", 499, reference="V9"), _returned(COFFEE), tenders=()))
    shop.kick()
    assert at_tills(shop, "V9").balance_minor == 499
    assert shop.rows("SELECT kind, due_minor, paid_minor FROM receipt") == [("sale", 0, 0)]


def _returned(line):
    from decimal import Decimal

    from msgspec.structs import replace

    return replace(line, quantity=Decimal(-1))


def test_a_voucher_line_without_its_code_waits_for_a_person(shop):
    till = shop.till()
    till.send(till.sale(special("voucher", 5000)))
    shop.kick()
    assert "lacks the code of its voucher" in shop.value("SELECT reason FROM parked")


def test_the_office_blocks_limits_and_frees_a_voucher(shop):
    till = shop.till()
    till.send(issue(till))
    shop.kick()
    with shop.database.write() as connection:
        keep.block(connection, "V1", 1)
        keep.limit(connection, "V1", "2027-01-31", 1)
    assert at_tills(shop) == Voucher(code="V1", balance_minor=5000, blocked=True, valid_to="2027-01-31")
    with shop.database.write() as connection:
        keep.block(connection, "V1", 1, blocked=False)
        with pytest.raises(Refused, match="no voucher"):
            keep.block(connection, "V2", 1)
    assert not at_tills(shop).blocked


def test_a_device_may_ask_for_a_voucher_that_was_issued(shop):
    till = shop.till()
    till.send(issue(till))
    till.send(till.sale(COFFEE, tenders=("voucher",), reference="V2"))
    shop.kick()
    with shop.database.read() as connection:
        assert keep.voucher(connection, "V1") == Voucher(code="V1", balance_minor=5000)
        assert keep.voucher(connection, "V2") is None
        assert keep.voucher(connection, "V3") is None


@given(st.lists(st.tuples(st.sampled_from(["issue", "redeem"]), st.integers(-500, 500).filter(bool))), st.randoms())
def test_the_order_of_moves_does_not_matter(moves, random):
    """Invariant I10."""
    shuffled = list(moves)
    random.shuffle(shuffled)
    assert standing(shuffled) == standing(moves)
    assert standing(moves).balance_minor == sum(amount for _, amount in moves)
