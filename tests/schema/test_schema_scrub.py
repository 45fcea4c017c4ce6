"""No card or account number outlives the scrubber (invariant I16), and nothing else is lost in it."""

import io
import logging
import re
import subprocess
import sys

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rig.programs import ROOT
from schema.barcode import check_digit
from schema.scrub import Scrubbed, is_card_number, passes_iban, passes_luhn, scrub, scrub_logs


def luhn_digit(digits: str) -> str:
    return next(str(last) for last in range(10) if passes_luhn(f"{digits}{last}"))


# Numbers as issuers give them: their length, their first digits.
ISSUED = {
    16: ["4", "51", "2221", "3528", "6011", "50"],
    19: ["4", "62", "672"],
    15: ["34", "37", "1"],
    14: ["36"],
    17: ["6763"],
    18: ["81"],
}


@st.composite
def card_numbers(draw):
    length = draw(st.sampled_from(sorted(ISSUED)))
    first = draw(st.sampled_from(ISSUED[length]))
    body = draw(st.text("0123456789", min_size=length - len(first) - 1, max_size=length - len(first) - 1))
    return first + body + luhn_digit(first + body)


@st.composite
def grouped(draw):
    """A number and the same one in groups with spaces or dashes."""
    number = draw(card_numbers())
    cuts = draw(st.lists(st.integers(1, len(number) - 1), unique=True, max_size=5).map(sorted))
    mark = draw(st.sampled_from(["", " ", "-"]))
    parts = [number[start:end] for start, end in zip([0, *cuts], [*cuts, len(number)], strict=True)]
    return number, mark.join(parts)


@given(
    grouped(), st.sampled_from(["", "VISA ", "Karte: ", "<", "PAN="]), st.sampled_from(["", " EUR 12.50", ",", "/27"])
)
def test_a_card_number_does_not_survive(number, before, after):
    digits, written = number
    clean = scrub(f"{before}{written}{after}")
    assert digits not in re.sub("[ -]", "", clean)
    assert clean == f"{before}…{after}"


@given(grouped(), grouped())
def test_two_card_numbers_do_not_hide_each_other(one, other):
    clean = scrub(f"{one[1]}; {other[1]}")
    assert clean == "…; …"


@given(st.text(alphabet=st.sampled_from("0123456789 -*#xABCDEF.,:;=^%…\n"), max_size=120))
def test_scrubbing_twice_is_scrubbing_once(text):
    assert scrub(scrub(text)) == scrub(text)


@given(st.text(max_size=200))
def test_any_text_is_scrubbed(text):
    assert isinstance(scrub(text), str)


@given(st.text("0123456789", min_size=12, max_size=19))
def test_what_is_left_together_is_no_card_number(digits):
    assert (scrub(digits) == "…") == is_card_number(digits)
    assert is_card_number(digits) <= passes_luhn(digits)


@pytest.mark.parametrize(
    "text",
    [
        "0007-2-000123",
        "0007-2b-000001 2026-11-22 13:45:59",
        "Trace 000123 Terminal-ID 12345678 Beleg 0042",
        "1.234.567,89 EUR; 12.50; -3.99",
        "22.11.2026 09:05",
        "2026-11-22 2026-11-23 2026-11-24",
        "recorded_at=1763769600000 seq=104",
        "3b1f0c9a4111111111111111aa00ff3b1f0c9a4111111111111111aa00ff0011",
        "019a1b2c-7d00-7abc-8abc-411111111111",
        "M XXXL 12345 Shirt",
        "******** 12,34 EUR ********",
        "*** 5 Euro ***",
        "+49 541 123456-78",
    ],
)
def test_other_numbers_are_kept(text):
    assert scrub(text) == text


@given(st.text("0123456789", min_size=12, max_size=12), st.sampled_from([0, 1]))
def test_articles_are_kept_even_where_they_pass_luhn(payload, drop):
    """One EAN-13 in ten passes Luhn by chance; German ones begin with 4 as cards of Visa do."""
    ean = payload[drop:] + str(check_digit(payload[drop:]))
    assert scrub(ean) == ean


def test_an_article_number_that_passes_luhn_is_kept():
    luhn_too = next(
        ean for ean in (f"40063813{n:04d}" for n in range(10_000)) if passes_luhn(ean + str(check_digit(ean)))
    )
    number = luhn_too + str(check_digit(luhn_too))
    assert passes_luhn(number)
    assert scrub(f"4 x {number}") == f"4 x {number}"


@given(st.sampled_from(["DE", "NL", "FR", "AT", "BE"]), st.text("0123456789", min_size=12, max_size=18), st.booleans())
def test_account_numbers_are_masked(country, account, in_groups):
    bare = next(
        f"{country}{check:02d}{account}" for check in range(2, 99) if passes_iban(f"{country}{check:02d}{account}")
    )
    assume(len(bare) >= 15)
    written = " ".join(bare[at : at + 4] for at in range(0, len(bare), 4)) if in_groups else bare
    assert scrub(f"von {written}, danke") == "von …, danke"
    assert account[-6:] not in scrub(f"von {written} danke").replace(" ", "")


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("%B4111111111111111^DOE/JOHN^2512101000?", "…"),
        ("2: ;4111111111111111=25121010000012300?", "2: …"),
        ("57 4111111111111111D2512101000F", "57 …"),
        ("41111111111111112512101", "…"),
        ("4111 1111 1111 1111 12/27", "… 12/27"),
        ("Karte ############1111 gültig", "Karte … gültig"),
        ("4111 11** **** 1111", "…"),
        ("xxxx xxxx xxxx 1111", "…"),
        ("45444444*****1*****44*****1*******]*", "…]*"),
        ("040f 27 00 22f0f84111111111111111 29 12345678", "040f 27 00 22f0f8… 29 12345678"),
        ("22 F0 F8 EE EE EE EE EE EE 47 71 87 00 01", "22 F0 F8… 87 00 01"),
    ],
)
def test_tracks_fields_and_masked_numbers_are_masked(text, clean):
    assert scrub(text) == clean


def test_a_long_line_is_scrubbed_quickly():
    """A log line of digits must not become a way to stop the till: the work grows with its length only."""
    for line in ("1 " * 50_000, "4" * 100_000, "4111 " * 20_000, "x" * 100_000, "a1" * 50_000, "DE12" * 25_000):
        assert isinstance(scrub(line), str)


@pytest.fixture
def logged():
    """A logger whose output is read back."""
    logger = logging.Logger("scrubbed")
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s"))
    handler.addFilter(Scrubbed())
    logger.addHandler(handler)
    return logger, stream


def test_logs_are_scrubbed(logged):
    """Fault I16: in the message, in arguments of any type, in tracebacks."""
    logger, stream = logged
    logger.warning("card %s of %d", "4111111111111111", 12)
    logger.warning("card %d", 4111111111111111)
    logger.warning("4111 %s", "1111 1111 1111")
    try:
        raise ValueError("4111111111111111")
    except ValueError:
        logger.exception("failed")
    assert "4111" not in stream.getvalue()
    assert stream.getvalue().startswith("card … of 12\ncard …\n…\nfailed\nTraceback")


def test_harmless_records_stay_as_they_are():
    """An access log counts its arguments: they are kept where nothing is masked."""
    record = logging.LogRecord("x", 20, "f", 1, "%s %d", ("GET /", 200), None)
    assert Scrubbed().filter(record)
    assert (record.msg, record.args) == ("%s %d", ("GET /", 200))


def test_a_message_that_does_not_fit_is_the_handlers_trouble():
    assert Scrubbed().filter(logging.LogRecord("x", 20, "f", 1, "%d", ("4111",), None))


def test_every_record_of_the_process_is_scrubbed_once_switched_on(caplog):
    before = logging.getLogRecordFactory()
    try:
        scrub_logs()
        scrub_logs()
        logging.getLogger("some.library").warning("card 4111111111111111")
    finally:
        logging.setLogRecordFactory(before)
    assert caplog.messages == ["card …"]


@pytest.mark.parametrize("program", ["till", "agent", "server", "hardware"])
def test_every_program_scrubs_its_logs(program):
    """Fault I16: whatever a library of ours or of others logs, from the first command on."""
    code = f"""
import contextlib, logging, sys
from {program}.__main__ import main
sys.argv = ["{program}", "--help"]
with contextlib.suppress(SystemExit):
    main()
logging.getLogger("some.library").error("card %s", 4111111111111111)
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60, check=True
    )
    assert ended.stderr.strip().endswith("card …")
    assert "4111" not in ended.stdout + ended.stderr
