"""A stored sentence reaches each reader in his language; what was stored as English only is read as it is."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import Refused, Sentence
from server.kept import Amount, currency_in, said, sentence_of, to_keep
from server.office.formats import Formats
from server.office.words import words_in

OVERDRAWN = "Voucher {code} was used for {amount} more than it held: see its moves for who used it."


def read_by(language, sentence):
    return said(str(sentence), to_keep(sentence), words_in(language), Formats(language=language).amount)


@pytest.mark.parametrize(
    ("language", "start"),
    [
        ("en", "Voucher V-7 was used for €1,234.50 more"),
        ("de", "Gutschein V-7 wurde für 1.234,50\xa0€ mehr"),
        ("nl", "Tegoedbon V-7 is voor €\xa01.234,50 meer"),
    ],
)
def test_everybody_reads_his_own_language_and_amounts(language, start):
    sentence = Sentence(OVERDRAWN, code="V-7", amount=Amount(123450, "EUR"))
    assert str(sentence).startswith("Voucher V-7 was used for 1234.50 EUR more")
    assert read_by(language, sentence).startswith(start)


def test_what_was_stored_without_its_text_stays_as_it_is():
    assert to_keep("unknown event shift.opened version 2") == ""
    assert read_by("de", "unknown event {version}") == "unknown event {version}"


def test_a_sentence_tells_its_currency():
    assert currency_in(to_keep(Sentence(OVERDRAWN, code="V-7", amount=Amount(1, "CHF")))) == "CHF"
    assert currency_in(to_keep(Sentence("{code}", code="V-7"))) == currency_in("") == ""


def test_an_errors_text_and_values_are_told_apart():
    error = Refused("bad_currency", "Receipt {receipt} was paid in another currency. It waits unposted.", receipt="T1")
    assert str(sentence_of(error)) == error.message
    assert read_by("de", sentence_of(error)) == "Beleg T1 wurde in einer anderen Währung bezahlt. Er wartet ungebucht."


@given(st.dictionaries(st.sampled_from("abc"), st.text() | st.integers(-(10**12), 10**12) | st.booleans() | st.none()))
def test_any_values_can_be_stored_and_read(values):
    text = " ".join(["told:", *(f"{{{name}}}" for name in values)])
    assert read_by("en", Sentence(text, **values)) == text.format(**values)


def test_a_value_of_another_kind_is_read_as_it_prints():
    assert read_by("nl", Sentence("{many} of {what}", many=Decimal("1.50"), what=Sentence("all"))) == "1.50 of all"
