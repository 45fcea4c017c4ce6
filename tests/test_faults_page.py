"""docs/faults.md says what the tests say."""

from faults import PAGE, faults_in, page


def test_the_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python tests/faults.py"


def test_numbers_are_read_from_docstrings():
    assert faults_in("Faults 7, 8 and 10-12: the disk. Row 3. Fault 99.") == {3, 7, 8, 10, 11, 12}
