"""Every text of the till in every language: none missing, none left over, none past the catalogue."""

import re

import pytest
from message_ids import CODES_ELSEWHERE, ROOT, catalogue, codes_unread, errors, message_ids

LANGUAGES = ("de", "nl")
PLACEHOLDER = re.compile(r"\{\w+\}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_says_everything_and_nothing_that_is_gone(language):
    ids, present = message_ids(), set(catalogue(language))
    assert not ids - present, "not translated; see tests/till/ui/message_ids.py"
    assert not present - ids, "translated, but said nowhere any more"


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_their_placeholders_and_are_not_empty(language):
    for text, translated in catalogue(language).items():
        assert translated.strip(), text
        if not text.startswith("error."):
            assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(translated)), text
        else:
            assert {name[1:-1] for name in PLACEHOLDER.findall(translated)} <= errors()[text[6:]], text


def test_every_error_of_the_rooms_below_has_a_code_that_a_catalogue_can_word():
    """A code made up while it is raised would be English on every screen."""
    assert codes_unread() == set(CODES_ELSEWHERE)


def test_the_collector_finds_texts_of_every_kind():
    """A text in kv, one said directly, one of a refusal, one of a constant, an error of a room below."""
    ids = message_ids()
    for text in ("Pay", "{name} added", "Count the drawer first.", "Supervisor PIN", "To the bank", "error.bad_amount"):
        assert text in ids


def test_no_kv_file_says_a_word_past_the_catalogue():
    """A bare text in kv would be English in every language."""
    bare = re.compile(r"^\s*(?:text|hint_text|title|label|empty): '([^'\W\d_]{2,}[^']*)'", re.MULTILINE)
    for path in (ROOT / "till" / "ui").glob("*.kv"):
        assert not bare.findall(path.read_text()), path.name


def test_a_till_speaks_its_stores_language(opened):
    till = opened(language="de").sign_in().open_shift()
    assert till.driver.texts()["pay"].startswith("Bezahlen")
