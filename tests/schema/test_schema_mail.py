"""E-mail addresses: what is taken at the door, and what is left of one in lists and logs."""

import logging

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schema.mail import (
    ADDRESS_CHARS_MAX,
    address_key,
    mask_addresses,
    masked,
    read_address,
    shown_address,
)
from schema.scrub import Scrubbed


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("kim@example.org", "kim@example.org"),
        ("  kim@example.org ", "kim@example.org"),
        ("kim.sample+till@mail.example.org", "kim.sample+till@mail.example.org"),
        ("o'sample@example.org", "o'sample@example.org"),
        ("kim@bücher.example", "kim@xn--bcher-kva.example"),
        (f"{'a' * 64}@example.org", f"{'a' * 64}@example.org"),
    ],
)
def test_an_address_is_kept_as_mail_servers_take_it(typed, kept):
    assert read_address(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "kim",
        "kim@",
        "@example.org",
        "kim@localhost",
        "kim@192.168.1.1",
        "kim@example..org",
        "kim@-example.org",
        "kim@example.org, lou@example.org",
        "kim@lou@example.org",
        "kim sample@example.org",
        ".kim@example.org",
        "kim.@example.org",
        "<kim@example.org>",
        '"kim sample"@example.org',
        "kim@example.org\r\nBcc: lou@example.org",
        "kim@example.org\nBcc:lou@example.org",
        "kim\r\nBcc:lou@example.org",
        "kim@example.org\x00",
        "kim@exam\tple.org",
        "kïm@example.org",
        "kim\u2028@example.org",
        f"{'a' * 65}@example.org",
        f"kim@{'a' * 64}.org",
        f"kim@{'abc.' * 80}org",
    ],
)
def test_what_is_no_address_or_more_than_one_is_refused(typed):
    """Fault 61: a line break in an address would begin another header."""
    with pytest.raises(ValueError, match="is no e-mail address"):
        read_address(typed)


@given(st.text(max_size=300))
@example("\x85@a.b")
@example("a@b.c\u2029")
def test_whatever_is_typed_an_address_holds_one_at_sign_and_no_white_space(typed):
    """Faults 57 and 61."""
    try:
        address = read_address(typed)
    except ValueError as error:
        assert not any(ord(char) < 32 for char in str(error))
        return
    assert address.isascii()
    assert address.isprintable()
    assert address.count("@") == 1
    assert not set(address) & set(' \t\r\n<>(),;:"\\[]')
    assert len(address) <= ADDRESS_CHARS_MAX
    assert read_address(address) == address


def test_capitals_make_no_other_address():
    assert address_key(read_address("Kim@Example.org")) == address_key(read_address("kim@example.ORG"))


def test_what_was_typed_is_repeated_without_commands():
    assert shown_address("kim\x1b[2J@" + "x" * 200) == "kim[2J@" + "x" * 53


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("550 5.1.1 <kim.sample@example.org>: user unknown", "550 5.1.1 <k…@example.org>: user unknown"),
        ("'kim@example.org' and lou@example.net.", "'k…@example.org' and l…@example.net."),
        ("no address @ all", "no address @ all"),
        ("kim@localhost", "kim@localhost"),
    ],
)
def test_addresses_in_texts_are_masked(text, clean):
    assert mask_addresses(text) == clean


@given(st.emails())
def test_of_any_address_a_list_and_a_text_show_its_first_character_and_its_host(address):
    host = address.rpartition("@")[2]
    assert masked(address) == f"{address[0]}…@{host}"
    if "'" not in address:
        assert mask_addresses(f"to <{address}>: no") == f"to <{masked(address)}>: no"


def test_logs_hold_no_address():
    """Fault 61: in the message, in its arguments, in what an error says."""
    record = logging.LogRecord("x", 20, "f", 1, "to %s: %s", ("kim@example.org", ValueError("lou@example.org")), None)
    Scrubbed().filter(record)
    assert record.getMessage() == "to k…@example.org: l…@example.org"
