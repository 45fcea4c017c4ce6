"""The page docs/faults.md: which test proves which fault. A test names its faults in its docstring ("Fault 47.").

`python tests/faults.py` writes the page; `test_faults_page.py` holds it against the tests.
"""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "faults.md"
FAULTS = {
    1: "till killed before the commit of a sale",
    2: "till killed after the commit, before the receipt",
    3: "till killed while it prints",
    4: "agent killed before or after sending, after the reply, before the cursor",
    5: "head office killed before or after the commit of a batch",
    6: "worker killed in the middle of an effect",
    7: "power lost between a write and its fsync",
    8: "power lost in a checkpoint",
    9: "power lost while the mirror is written",
    10: "fsync fails",
    11: "disk full at the commit",
    12: "disk became read-only",
    13: "bits flipped in the journal",
    14: "torn pages, a WAL cut short or lost",
    15: "a WAL of another database",
    16: "an old SQLite library",
    17: "two tills on one journal",
    18: "two agents on one folder or stream",
    19: "clock years off, stepping back",
    20: "daylight saving, leap day",
    21: "a request arrives twice",
    22: "requests arrive out of order",
    23: "a body cut short, changed, or a bomb",
    24: "a reply cut short, late, or an older one",
    25: "500, 503, 429, 413, 404, 401",
    26: "one byte a second",
    27: "TLS expired, wrong host, unknown authority",
    28: "a captive portal's 200 or 302",
    29: "names that do not resolve",
    30: "thirty days offline",
    31: "a line that flaps or swallows",
    32: "head office restored from a backup",
    33: "restored while the till has pruned",
    34: "a till's disk rolled back",
    35: "a till's disk cloned",
    36: "enrolled anew with events unsent",
    37: "an event type or version from the future",
    38: "a poison event",
    39: "a journal of a million rows",
    40: "ten thousand tills come back",
    41: "a feed cursor from the future, expired, or of another store",
    42: "a feed that empties, prices below zero, wrong counts",
    43: "the wake-up channel is dead",
    44: "two tills pay one order",
    45: "changed or cancelled while it is paid",
    46: "the holder of a claim dies",
    47: "a terminal silent, late, contradicting, doubling",
    48: "a terminal that is busy",
    49: "a printer off, out of paper, dying within a receipt",
    50: "a drawer that does not open",
    51: "garbage from the scanner",
    52: "a signing unit that is missing or slow",
    53: "an event changed on the till's disk",
    54: "an old batch again, another till's batch",
    55: "a whole chain rewritten with the key",
    56: "a stolen device",
    57: "SQL in every text",
    58: "HTML in every name",
    59: "formulas in exports",
    60: "printer commands in names",
    61: "line breaks and formats in logs",
    62: "PINs tried one after the other",
    63: "a process forked with the journal open",
    64: "a backup taken by copying files",
    65: "a new agent beside an old till",
}
# Rows that later work brings, because what they are about is not there yet.
LATER = {
    33: "nothing is pruned yet",
    39: "measured with the till's full range",
    46: "claims come with the order rules in full",
    61: "programs log to standard error only; structured logs come with security in full",
    64: "head office's backup copies a running database; the till's comes with operations in full",
    52: "the fiscal port comes with the till's full range",
}
_NUMBERS = re.compile(r"(?:[Ff]aults?|[Rr]ows?)\s+((?:\d+(?:\s*[-–]\s*\d+)?(?:,\s*|\s+and\s+)?)+)")


def proofs() -> dict[int, list[str]]:
    """Return per fault the tests that name it, as `file::test`; a module's docstring counts for the module."""
    found: dict[int, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        name = path.relative_to(ROOT / "tests").as_posix()
        for node in [tree, *[each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)]]:
            for number in faults_in(ast.get_docstring(node) or ""):
                found.setdefault(number, []).append(name if node is tree else f"{name}::{node.name}")  # type: ignore[attr-defined]
    return found


def faults_in(text: str) -> set[int]:
    """Read the numbers that follow the word fault or row: "Faults 7, 8 and 10-12"."""
    numbers: set[int] = set()
    for part in _NUMBERS.findall(text):
        for first, last in re.findall(r"(\d+)(?:\s*[-–]\s*(\d+))?", part):
            numbers |= set(range(int(first), int(last or first) + 1))
    return numbers & FAULTS.keys()


def page() -> str:
    """Write the page."""
    named = proofs()
    lines = [
        "# Faults and their tests",
        "",
        "What may go wrong, and the tests that bring it about and check what must then hold. Written by",
        "`python tests/faults.py` from the tests' own docstrings.",
        "",
        "| # | fault | proved by |",
        "|---|---|---|",
    ]
    for number, what in FAULTS.items():
        tests = sorted({test.replace("::", " · ") for test in named.get(number, [])})
        proof = "<br>".join(tests) or LATER.get(number, "open")
        lines.append(f"| {number} | {what} | {proof} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
