"""CSV that no spreadsheet runs (fault 59), and numbers that stay numbers."""

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.office.export import BYTE_ORDER_MARK, FORMULA_SIGNS, csv_text, guarded, unguarded

CORPUS = [
    "=1+1",
    '=HYPERLINK("http://example.org";"x")',
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1+1",
    "｜x",
    "  =1+1",
    "'=1+1",
]


@pytest.mark.parametrize("text", CORPUS)
def test_no_text_begins_a_formula(text):
    """Fault 59."""
    assert guarded(text).startswith("'")
    cell = next(csv.reader(io.StringIO(csv_text([], [[text]]).split("\r\n", 1)[1], newline="")))[0]
    assert not cell.startswith(FORMULA_SIGNS)


@given(st.text("=+-@'ab \t|＝", max_size=8))
def test_guarding_can_be_undone(text):
    assert unguarded(guarded(text)) == text


@given(st.text(max_size=20))
def test_a_text_survives_the_file(text):
    text = text.replace("\0", "")
    body = csv_text(["head"], [[text]]).removeprefix(BYTE_ORDER_MARK)
    rows = list(csv.reader(io.StringIO(body, newline="")))
    assert unguarded(rows[1][0] if rows[1] else "") == text


def test_numbers_follow_the_language_and_are_not_guarded():
    assert csv_text(["a", "b"], [[Decimal("-12.50"), 3]], "en").endswith("a,b\r\n-12.50,3\r\n")
    assert csv_text(["a", "b"], [[Decimal("-12.50"), 3]], "de").endswith("a;b\r\n-12,50;3\r\n")
