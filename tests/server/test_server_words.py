"""No language lacks a text of a mail, and no translation loses a place that is filled in."""

import ast
import re
from pathlib import Path

import pytest

import server.mailing
from server.words import LANGUAGES, read_catalogue, words_of_room

ROOM = "server.mailing"
TRANSLATED = [language for language in LANGUAGES if language != "en"]


def said():
    """Return every English text of the room: `words()` and `say()` in code."""
    found = set()
    for path in Path(server.mailing.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"words", "say"}:
                found |= {part.value for part in node.args[:1] if isinstance(part, ast.Constant)}
    return found


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_of_a_mail_is_translated_and_none_is_left_over(language):
    catalogue = read_catalogue(ROOM, language)
    assert set(catalogue) == said()
    for english, text in catalogue.items():
        assert text
        assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", text)), english


def test_an_unknown_language_is_english():
    assert words_of_room(ROOM, "xx")("Total") == "Total"
    assert words_of_room(ROOM, "de")("Total") == "Summe"
