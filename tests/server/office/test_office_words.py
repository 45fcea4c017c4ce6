"""No language lacks a text, and no translation loses a place that is filled in."""

import re

import pytest
from office_texts import all_texts

from server.office.words import LANGUAGES, preferred, read_catalogue, words_in

TRANSLATED = [language for language in LANGUAGES if language != "en"]


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated(language):
    catalogue = read_catalogue(language)
    missing = {text: place for text, place in all_texts().items() if not catalogue.get(text)}
    assert missing == {}


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_is_left_over(language):
    assert set(read_catalogue(language)) <= set(all_texts())


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_fill_the_same_places(language):
    for english, text in read_catalogue(language).items():
        assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", text)), english


def test_a_text_is_filled_and_an_unknown_language_is_english():
    assert words_in("de")("{count} rows", count=3) == "3 Zeilen"
    assert words_in("xx")("{count} rows", count=3) == "3 rows"


@pytest.mark.parametrize(
    ("accepted", "language"), [("", "en"), ("de-AT,de;q=0.9,en;q=0.8", "de"), ("fr,nl;q=0.5", "nl"), ("xx", "en")]
)
def test_the_browser_chooses_before_sign_in(accepted, language):
    assert preferred(accepted) == language
