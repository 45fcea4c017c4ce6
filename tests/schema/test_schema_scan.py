"""What a read code means: articles with their measure, cards, receipts, GS1 codes; whatever comes, only Refused."""

import subprocess
import sys
import time
from decimal import Decimal

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schema.barcode import check_digit, lookup_key, measure_check_digit
from schema.errors import Refused
from schema.receipt_numbers import receipt_number, till_label
from schema.scan import (
    DEFAULT_PATTERNS,
    DUTCH_PATTERNS,
    GERMAN_PATTERNS,
    CardPattern,
    CodePatterns,
    CustomerCode,
    EmbeddedPattern,
    GtinCode,
    OrderCode,
    PlainCode,
    PriceCode,
    ReceiptCode,
    Scanned,
    VoucherCode,
    WeightCode,
    check_card,
    check_embedded,
    read_code,
)

CARDS = (
    CardPattern(kind="customer", prefix="29", length=13),
    CardPattern(kind="voucher", prefix="GV"),
    CardPattern(kind="order", prefix="SO-", length=9),
    CardPattern(kind="receipt", prefix="R"),
)
DUTCH = CodePatterns(embedded=DUTCH_PATTERNS)
GERMAN = CodePatterns(embedded=GERMAN_PATTERNS)
BARE = CodePatterns()
GTIN = "04006381333931"  # the example number of the scanners' manuals


def checked(payload):
    return payload + str(check_digit(payload))


def refused(read, patterns=BARE):
    with pytest.raises(Refused) as caught:
        read_code(read, patterns)
    return caught.value


# -- plain bar codes


@pytest.mark.parametrize(
    "read", ["4006381333931", " 4006381333931\r\n", "]E04006381333931", "]C04006381333931", GTIN, "04006381333931\n"]
)
def test_an_article_is_its_gtin_however_it_is_read(read):
    assert read_code(read, BARE) == GtinCode(key=GTIN)


def test_a_code_of_no_known_form_is_looked_up_as_it_stands():
    assert read_code("SHELF 12", BARE) == PlainCode(key="SHELF 12")
    assert read_code("12345", BARE) == PlainCode(key="12345")


def test_a_misread_gtin_is_refused_and_shown():
    error = refused("4006381333930")
    assert error.code == "wrong_check_digit"
    assert "4006381333930" in error.message


# -- embedded codes


def test_a_price_in_the_code_is_read_and_the_article_has_one_key():
    cheap, dear = (read_code(checked(f"2112345{price}"), DUTCH) for price in ("00499", "12050"))
    assert cheap == PriceCode(key=lookup_key(checked("211234500000")), item="12345", price_minor=499)
    assert (dear.key, dear.price_minor) == (cheap.key, 12050)


def test_a_weight_in_the_code_is_kilograms_exactly():
    scanned = read_code(checked("281234500350"), DUTCH)
    assert scanned == WeightCode(key=lookup_key(checked("281234500000")), item="12345", quantity=Decimal("0.35"))


def test_pieces_in_the_code_are_counted():
    code = checked("251234" + str(measure_check_digit("00012")) + "00012")
    scanned = read_code(code, GERMAN)
    assert (scanned.quantity, scanned.unit, scanned.item) == (Decimal(12), "piece", "1234")


def test_the_check_digit_of_the_measure_is_looked_at_where_the_store_says_so():
    right = measure_check_digit("01234")
    wrong = checked(f"281234{(right + 1) % 10}01234")
    error = refused(wrong, GERMAN)
    assert error.code == "wrong_check_digit"
    assert wrong in error.message
    assert "scale" in error.message
    lax = CodePatterns(embedded=(EmbeddedPattern(name="w", pattern="28AAAAVWWWWWC"),))
    assert read_code(wrong, lax).quantity == Decimal("1.234")
    assert read_code(wrong, lax).key == read_code(checked(f"281234{right}04321"), lax).key


def test_an_embedded_code_that_was_misread_is_refused():
    code = checked("281234500350")
    assert refused(code[:-1] + str((int(code[-1]) + 1) % 10), DUTCH).code == "wrong_check_digit"


@pytest.mark.parametrize("payload", ["211234500000", "281234500000"])
def test_an_empty_label_sells_nothing(payload):
    assert refused(checked(payload), DUTCH).code == "bad_measure"


def test_a_layout_without_check_digit_and_of_any_length():
    scanned = read_code("99120007512", CodePatterns(embedded=(EmbeddedPattern(name="p", pattern="99AAPPPPPPP"),)))
    assert scanned == PriceCode(key="99120000000", item="12", price_minor=7512)


def test_the_first_pattern_that_fits_counts():
    patterns = tuple(EmbeddedPattern(name=each, pattern=each) for each in ("281AAAAWWWWWC", "28AAAAAWWWWWC"))
    assert read_code(checked("281234500350"), CodePatterns(embedded=patterns)).item == "2345"
    assert read_code(checked("282234500350"), CodePatterns(embedded=patterns)).item == "22345"


def test_what_was_scanned_and_what_is_configured_travel_whole():
    patterns = CodePatterns(embedded=DUTCH_PATTERNS, cards=CARDS, currency="CHF")
    assert msgspec.json.decode(msgspec.json.encode(patterns), type=CodePatterns) == patterns
    for read in (checked("211234500499"), checked("281234500350"), "SO-000123", GTIN, "SHELF"):
        scanned = read_code(read, patterns)
        assert msgspec.json.decode(msgspec.json.encode(scanned), type=Scanned) == scanned


def test_every_pattern_that_we_ship_can_be_worked_with():
    assert set(DEFAULT_PATTERNS) == {"DE", "NL"}
    for patterns in DEFAULT_PATTERNS.values():
        for pattern in patterns:
            assert check_embedded(pattern) is pattern
            assert len(pattern.pattern) == 13


@given(st.sampled_from(GERMAN_PATTERNS + DUTCH_PATTERNS), st.integers(0, 9999), st.integers(1, 99999))
def test_what_a_scale_prints_is_what_the_till_reads(pattern, item, measure):
    fields = pattern.pattern[2:]
    items, digits = str(item).zfill(fields.count("A")), f"{measure:05d}"
    payload = pattern.pattern[:2] + items + (str(measure_check_digit(digits)) if "V" in fields else "") + digits
    scanned = read_code(checked(payload), CodePatterns(embedded=(pattern,)))
    assert scanned.item == items
    if isinstance(scanned, PriceCode):
        assert scanned.price_minor == measure
    else:
        assert scanned.quantity * (1000 if scanned.unit == "kg" else 1) == measure


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "AAAAAPPPPPC",
        "22PPPPPC",
        "22AAAAAC",
        "22AAAPPPWWWC",
        "22AAACPPPP",
        "22AAAAVVPPPPC",
        "22AXPPC",
        "22A2PPC",
        "22" + "A" * 20 + "P" * 20,
    ],
)
def test_a_layout_that_cannot_be_is_refused_and_stops_no_scan(pattern):
    wrong = EmbeddedPattern(name="w", pattern=pattern)
    with pytest.raises(Refused) as caught:
        check_embedded(wrong)
    assert caught.value.code == "bad_pattern"
    assert read_code("4006381333931", CodePatterns(embedded=(wrong,))) == GtinCode(key=GTIN)


@pytest.mark.parametrize("pattern", ["22AAAAAPPPPPC", "22AAAVPPPPPPC"])
def test_a_measure_can_only_be_checked_by_a_digit_that_is_there(pattern):
    with pytest.raises(Refused, match="needs V"):
        check_embedded(EmbeddedPattern(name="w", pattern=pattern, verifies=True))


# -- cards, receipts, orders


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        ("2900000000001", CustomerCode(code="2900000000001")),
        ("GV7K2-99", VoucherCode(code="GV7K2-99")),
        ("SO-000123", OrderCode(code="SO-000123")),
        ("R77", ReceiptCode(code="R77")),
        ("SO-0001234", PlainCode(key="SO-0001234")),
        ("0007-2-000123", ReceiptCode(code="0007-2-000123")),
    ],
)
def test_a_card_is_known_by_its_beginning_and_length(read, expected):
    assert read_code(read, CodePatterns(cards=CARDS)) == expected


def test_a_card_of_the_store_comes_before_a_layout_that_it_would_fit():
    assert read_code("2900000000001", CodePatterns(embedded=GERMAN_PATTERNS, cards=CARDS)) == CustomerCode(
        code="2900000000001"
    )


@pytest.mark.parametrize("digit", ["²", "٣", "𝟗"])
def test_only_ascii_digits_are_digits(digit):
    read = "2812345" + digit * 6
    assert read_code(read, DUTCH) == PlainCode(key=read)


@given(st.integers(1, 9999), st.integers(1, 99), st.integers(1, 800), st.integers(1, 10**7))
def test_every_receipt_number_is_a_receipt(store, till, epoch, running):
    number = receipt_number(till_label(f"{store:04d}", till, epoch), running)
    assert read_code(number, CodePatterns(embedded=GERMAN_PATTERNS)) == ReceiptCode(code=number)


@pytest.mark.parametrize(
    "card",
    [
        CardPattern(kind="customer", prefix="", length=13),
        CardPattern(kind="customer", prefix="29", length=2),
        CardPattern(kind="customer", prefix="29", length=-1),
        CardPattern(kind="customer", prefix=" 29"),
        CardPattern(kind="customer", prefix="2\x1d9"),
    ],
)
def test_a_card_pattern_that_would_swallow_articles_is_refused(card):
    with pytest.raises(Refused):
        check_card(card)
    assert isinstance(read_code("4006381333931", CodePatterns(cards=(card,))), GtinCode)


# -- GS1


WHOLE = GtinCode(
    key=GTIN, quantity=Decimal("1.25"), batch="LOT-1/a", expiry="2026-12-31", best_before="2026-12-24", serial="S9"
)


@pytest.mark.parametrize(
    "read",
    [
        f"]d201{GTIN}310300125017261231152612 24".replace(" ", "") + "10LOT-1/a\x1d21S9",
        f"]C1\x1d01{GTIN}310300125010LOT-1/a\x1d21S9\x1d1726123115261224",
        f"]Q301{GTIN}1726123115261224310300125021S9\x1d10LOT-1/a\r\n",
        f"]e001{GTIN}1726120015261224310300125021S9\x1d10LOT-1/a\x1d",
        f"01{GTIN}310300125010LOT-1/a\x1d21S9\x1d1726123115261224",
        f"https://id.gs1.org/01/{GTIN}/10/LOT-1%2Fa/21/S9?17=261231&15=261224&3103=001250",
        f"HTTPS://shop.example/goods/01/{GTIN}/10/LOT-1%2Fa/21/S9?15=261224&lang=nl&3103=001250&17=261200",
        f"]Q1https://shop.example/01/{GTIN}/10/LOT-1%2Fa/21/S9/?3103=001250&17=261231&15=261224",
    ],
)
def test_a_gs1_code_tells_the_same_in_every_symbology_and_as_a_link(read):
    assert read_code(read, BARE) == WHOLE


def test_a_scanner_that_sends_no_identifiers_is_understood_where_nothing_varies():
    assert read_code(f"01{GTIN}310300125017261231", BARE) == GtinCode(
        key=GTIN, quantity=Decimal("1.25"), expiry="2026-12-31"
    )
    plain = f"01{GTIN[:-1]}2310300125017261231"
    assert read_code(plain, BARE) == PlainCode(key=plain)
    nothing_known = f"01{GTIN}zz"
    assert read_code(nothing_known, BARE) == PlainCode(key=nothing_known)


@pytest.mark.parametrize(
    ("elements", "price_minor"),
    [("3922499", 499), ("39205", 500), ("39225", 5), ("393297812345", 12345), ("39319781234", 12340)],
)
def test_a_measured_price_is_minor_units_of_the_stores_currency(elements, price_minor):
    assert read_code(f"]d201{GTIN}3103000350{elements}\x1d10A", BARE).price_minor == price_minor


@pytest.mark.parametrize("elements", ["39331", "39321", "393284012345", "3923499", "3105000001", "3103000000", "300"])
def test_a_measure_that_cannot_be_sold_is_refused_never_left_out(elements):
    assert refused(f"]d201{GTIN}{elements}").code in ("bad_measure", "bad_gs1_code")


def test_a_count_is_a_quantity():
    assert read_code(f"]C101{GTIN}3012\x1d10A", BARE).quantity == Decimal(12)


@pytest.mark.parametrize(
    ("read", "code"),
    [
        (f"]d201{GTIN[:-1]}2", "wrong_check_digit"),
        ("]d2010400638", "bad_gs1_code"),
        (f"]d201{GTIN}17261331", "bad_gs1_code"),
        (f"]C100{checked('10400638133393100')[:17]}0", "no_article_code"),
        ("]d210LOT", "no_article_code"),
        (f"]d201{GTIN}10A\x1d10B", "bad_gs1_code"),
        (f"]C101{GTIN}\x1d0102000000000015", "bad_gs1_code"),
        ("]d2", "bad_barcode"),
        ("\x1d\x1d", "bad_barcode"),
        (f"]d201{GTIN}10LOT\x07", "bad_barcode"),
        (f"]d201{'٠' * 14}", "bad_barcode"),
        ("https://example.org/win-a-car", "no_article_code"),
        ("https://[::1/01/04006381333931", "no_article_code"),
        (f"https://id.gs1.org/01/{GTIN}/99/x", "no_article_code"),
        (f"https://id.gs1.org/01/{GTIN[:-1]}2", "wrong_check_digit"),
    ],
)
def test_a_code_that_cannot_be_read_whole_is_refused_and_shown(read, code):
    """Fault 51."""
    error = refused(read)
    assert error.code == code
    bare = read.removeprefix("]d2").removeprefix("]C1").strip("\x1d")
    bare = bare.replace("\x1d", "·").replace("\x07", "·")
    # A misread GTIN is shown alone, without what stands around it.
    assert (GTIN[:-1] if code == "wrong_check_digit" else bare[:30]) in error.message


# -- anything at all

PATTERNS = CodePatterns(embedded=GERMAN_PATTERNS + DUTCH_PATTERNS, cards=CARDS)
ELEMENTS = f"]d2 ]C1 ]Q3 01 {GTIN} 10 17 15 21 30 3103 3922 3932 978 \x1d".split(" ")
ADDRESSES = f"https:// http:// id.gs1.org / 01 {GTIN} 10 ? & = 17 3103 [ ] % # @ :".split(" ")
GS1_LIKE = st.lists(st.sampled_from(ELEMENTS) | st.text("0123456789ABab/%?&=", max_size=8), max_size=12).map("".join)
LINK_LIKE = st.lists(st.sampled_from(ADDRESSES) | st.text(max_size=6), max_size=14).map(
    lambda parts: "https://" + "".join(parts)
)
DIGITS = st.text("0123456789", max_size=20)


@settings(max_examples=600)
@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")) | GS1_LIKE | LINK_LIKE | DIGITS)
@example("]d2" + "3103" * 90)
@example("https://a/" + "01/" * 120)
@example("\x1d" * 5000)
@example("1" * 100_000)
@example("]C1" + f"01{GTIN}\x1d" * 5000)
def test_whatever_is_read_only_refused_is_raised_and_soon(read):
    """Fault 51."""
    began = time.process_time()
    try:
        scanned = read_code(read, PATTERNS)
    except Refused as error:
        assert error.code in {"bad_barcode", "wrong_check_digit", "bad_gs1_code", "no_article_code", "bad_measure"}
        error.message.encode()
    else:
        if isinstance(scanned, GtinCode | WeightCode) and scanned.quantity is not None:
            assert scanned.quantity > 0
        if isinstance(scanned, GtinCode):
            assert len(scanned.key) == 14
    assert time.process_time() - began < 2


def test_plain_codes_never_load_the_gs1_tables():
    """They cost 0.1 s and 17 MB, which a till has better use for."""
    program = (
        "import sys; from schema.scan import CodePatterns, read_code, GERMAN_PATTERNS as P;"
        "read_code('4006381333931', CodePatterns(embedded=P)); read_code('0007-2-000123', CodePatterns(embedded=P));"
        "sys.exit('biip' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_reading_gs1_keeps_no_table_of_companies():
    """12 MB that tell to which company a number was given; 4006381 was, and nobody at a till asks."""
    program = (
        "from schema.scan import CodePatterns, read_code;"
        "read = read_code(']C10104006381333931', CodePatterns());"
        "assert read.key == '04006381333931', read;"
        "from biip.gs1_prefixes import GS1CompanyPrefix, GS1Prefix;"
        "assert GS1Prefix.extract('4006381333931').usage == 'GS1 Germany';"
        "assert GS1CompanyPrefix.extract('4006381333931') is None"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
