"""The small values: quantities, barcodes, ids and clocks, texts, receipt numbers, order balances, rights."""

import uuid
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.barcode import check_digit, clean_read, expand_upc_e, has_check_digit, lookup_key
from schema.catalogue import FEED_KINDS, StoreSettings, key_of
from schema.clock import SystemClock, iso_utc, local_day, new_id, uuid7
from schema.errors import Refused
from schema.mirror_file import search_terms
from schema.orders import TRANSITIONS, balance, may_become
from schema.parties import RIGHTS, may
from schema.quantity import parse_quantity, shortest
from schema.receipt_numbers import receipt_number, till_label
from schema.sqlite import check_library
from schema.text import fold, without_controls


@pytest.mark.parametrize(
    ("text", "expected"), [("2", "2"), ("0.350", "0.35"), ("1,5", "1.5"), ("-1", "-1"), ("100", "100"), ("2.000", "2")]
)
def test_quantities_are_read(text, expected):
    assert str(parse_quantity(text)) == expected


@pytest.mark.parametrize("text", ["", "two", "0", "1e9", "99999.1", "0.0005", "NaN", "inf", "1 2", "4006381333931"])
def test_what_is_no_quantity_is_refused(text):
    with pytest.raises(Refused) as refused:
        parse_quantity(text)
    assert refused.value.code == "bad_quantity"


@given(st.decimals(-99999, 99999, places=3))
def test_the_shortest_form_is_the_same_number_without_exponent(value):
    assert shortest(value) == value
    assert "E" not in str(shortest(value))


# GTINs with right check digits, of our own making in the restricted ranges.
@pytest.mark.parametrize(
    ("code", "key"),
    [
        ("2000000000015", "02000000000015"),
        ("20000011", "00000020000011"),
        ("036000291452", "00036000291452"),
        ("0036000291452", "00036000291452"),
        ("00036000291452", "00036000291452"),
        ("ABC-123", "ABC-123"),
        ("12345", "12345"),
    ],
)
def test_one_article_has_one_key_however_it_is_encoded(code, key):
    assert lookup_key(code) == key


def test_upc_e_is_the_upc_a_it_stands_for():
    assert expand_upc_e("04252614") == "042100005264"
    assert lookup_key("04252614") == lookup_key("042100005264") == lookup_key("0042100005264")


@pytest.mark.parametrize("code", ["2000000000016", "4006381333930", "036000291453"])
def test_a_misread_digit_is_refused(code):
    with pytest.raises(Refused) as refused:
        lookup_key(code)
    assert refused.value.code == "wrong_check_digit"


@given(st.text("0123456789", min_size=11, max_size=13), st.integers(0, 12), st.integers(1, 9))
def test_every_single_misread_digit_is_found(payload, place, shift):
    code = payload + str(check_digit(payload))
    assert has_check_digit(code)
    place %= len(code)
    misread = code[:place] + str((int(code[place]) + shift) % 10) + code[place + 1 :]
    assert not has_check_digit(misread)


@pytest.mark.parametrize("read", ["", "   ", "4006\x00381", "a\x1bp0", "9" * 81, "123\n456"])
def test_a_dirty_read_is_refused(read):
    """Fault 51."""
    with pytest.raises(Refused):
        clean_read(read)


def test_what_a_scanner_adds_around_a_code_is_stripped():
    assert clean_read(" 2000000000015\r\n") == "2000000000015"


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=16))
def test_uuid7_is_a_version_7_uuid_that_sorts_by_time(now_ms, entropy):
    value = uuid.UUID(uuid7(now_ms, entropy))
    assert (value.version, value.variant, value.int >> 80) == (7, uuid.RFC_4122, now_ms)


def test_uuid7_refuses_too_little_entropy():
    with pytest.raises(ValueError, match="entropy"):
        uuid7(0, b"short")


def test_the_system_clock_answers_in_milliseconds():
    clock = SystemClock()
    assert clock.now_ms() > 1_700_000_000_000
    assert clock.monotonic_ms() <= clock.monotonic_ms()
    assert -15 * 60 < clock.utc_offset_min() < 15 * 60
    assert clock.boot_id() == clock.boot_id() != ""
    assert new_id(clock) != new_id(clock)


def test_days_and_instants_are_written_as_iso():
    assert iso_utc(0) == "1970-01-01T00:00:00.000Z"
    assert local_day(1_790_031_599_000, 120).isoformat() == "2026-09-22"
    assert local_day(1_790_027_999_000, 60).isoformat() == "2026-09-21"


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Käse", "kase"),
        ("Crème  Brûlée", "creme brulee"),
        ("Weißbrot", "weissbrot"),
        ("Smørrebrød", "smorrebrod"),
        ("ŁÓDŹ", "lodz"),
    ],
)
def test_folded_text_is_what_people_type(text, folded):
    assert fold(text) == folded


@given(st.text())
def test_folding_twice_changes_nothing_more(text):
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_no_control_character_survives(text):
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in without_controls(text))


@given(st.text())
def test_search_terms_are_always_a_valid_query(text):
    terms = search_terms(fold(text))
    assert terms.count('"') % 2 == 0
    assert len(terms.split()) <= 8 or not terms


def test_receipt_numbers_tell_store_till_device_and_count():
    assert receipt_number(till_label("0007", 2, 1), 123) == "0007-2-000123"
    assert receipt_number(till_label("0007", 2, 2), 1) == "0007-2b-000001"


@given(st.sets(st.integers(1, 2000), min_size=2, max_size=2))
def test_two_epochs_never_share_a_label(epochs):
    first, second = epochs
    assert till_label("0001", 1, first) != till_label("0001", 1, second)


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**8), max_size=8), st.randoms())
def test_a_balance_does_not_depend_on_the_order_of_its_facts(due, payments, random):
    """Invariants I8, I10."""
    shuffled = random.sample(payments, len(payments))
    result = balance(due, payments)
    assert result == balance(due, shuffled)
    assert result.paid_minor - result.overpaid_minor + result.open_minor == due
    assert min(result.open_minor, result.overpaid_minor) == 0


@pytest.mark.parametrize(
    ("due", "payments", "status"),
    [
        (100, [], "unpaid"),
        (100, [40], "part_paid"),
        (100, [40, 60], "paid"),
        (100, [100, 100], "overpaid"),
        (0, [], "paid"),
    ],
)
def test_payment_states(due, payments, status):
    assert balance(due, payments).status == status


def test_nothing_leads_out_of_a_full_cancellation():
    assert not [pair for pair in TRANSITIONS if pair[0] == "fully_cancelled"]
    assert may_become("confirmed", "ready_for_pickup")
    assert not may_become("completed", "fully_cancelled")


def test_rights_only_grow_with_the_role():
    assert RIGHTS["cashier"] < RIGHTS["supervisor"] < RIGHTS["store_manager"]
    assert may("cashier", "sell")
    assert not may("cashier", "override_price")


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2", "3.7.0"])
def test_an_old_sqlite_library_is_refused(version):
    """Fault 16."""
    with pytest.raises(Refused, match="WAL-reset"):
        check_library(version)


def test_this_sqlite_library_is_new_enough():
    check_library()
    check_library("3.51.3")
    check_library("4.0.0")


def test_feed_kinds_are_named_once():
    assert len(set(FEED_KINDS.values())) == len(FEED_KINDS)
    settings = StoreSettings(store="0001", name="Sample Shop")
    assert settings.discount_percent_max == Decimal(100)
    assert key_of(settings) == "0001"
