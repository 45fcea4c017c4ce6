"""A list as CSV for a spreadsheet: UTF-8 with a mark, the separator and decimal mark of the user's language.

A text that a spreadsheet would run as a formula gets an apostrophe in front (OWASP ASVS 5.0, 1.2.10): one that begins
with = + - @ | tab, carriage return or their full-width forms. Numbers are ours and stay numbers. Undo it by dropping
one leading apostrophe from text cells that continue with such a sign.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

FORMULA_SIGNS = ("=", "+", "-", "@", "|", "\t", "\r", "\n", "＝", "＋", "－", "＠", "｜")
BYTE_ORDER_MARK = "\ufeff"

Value = str | int | Decimal | None


def csv_text(head: Sequence[str], rows: Iterable[Sequence[Value]], language: str = "en") -> str:
    """Write a heading and rows. Texts are guarded; ints and decimals are written with the language's decimal mark."""
    out = io.StringIO()
    out.write(BYTE_ORDER_MARK)
    writer = csv.writer(out, delimiter="," if language == "en" else ";", lineterminator="\r\n")
    writer.writerow([guarded(text) for text in head])
    for row in rows:
        writer.writerow([_written(value, language) for value in row])
    return out.getvalue()


def guarded(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula, even where white space stands before the sign."""
    # A text that begins with an apostrophe and a sign already gets another, so that undoing it is exact.
    bare = text.lstrip(" \u00a0'")
    return f"'{text}" if text.startswith(FORMULA_SIGNS) or bare.startswith(FORMULA_SIGNS) else text


def unguarded(text: str) -> str:
    """Undo `guarded`."""
    return text[1:] if text.startswith("'") and guarded(text[1:]) == text else text


def _written(value: Value, language: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return guarded(value)
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    return text if language == "en" else text.replace(".", ",")
