"""The mail of every kind of receipt, written from the facts that the till's sample papers are printed from.

python tests/server/sample_mails.py          # writes tests/golden/mails_<language>.txt anew: look at the diff
"""

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "till"), str(TESTS), str(TESTS.parent)]

from sample_papers import GOLDEN, LANGUAGES, SALES, SETTINGS  # noqa: E402  # after the paths

from server.mailing.compose import text_of, words_in  # noqa: E402  # after the paths
from server.mailing.facts import Facts  # noqa: E402  # after the paths
from server.mailing.letter import letter_of  # noqa: E402  # after the paths


def facts(sale, **changed):
    """Return what head office knows of a receipt."""
    known = {
        "sale": sale,
        "settings": SETTINGS,
        "number": "RE-2026-000123",
        "customer_name": "",
        "till_id": "till-1",
        "till_name": "Till 2",
        "utc_offset_min": 60,
    }
    return Facts(**{**known, **changed})


def letter(sale, language="en", **changed):
    return letter_of(facts(sale, **changed), words_in(language))


def written(language):
    """Return the mails of all sample receipts, one below the other."""
    return "\n".join(f"===== {name}\n\n{text_of(letter(sale, language))}" for name, sale in SALES.items())


def golden(language):
    return GOLDEN / f"mails_{language}.txt"


if __name__ == "__main__":
    for each in LANGUAGES:
        golden(each).write_text(written(each), encoding="utf-8")
