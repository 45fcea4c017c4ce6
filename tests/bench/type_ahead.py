"""Type-ahead: what a keystroke in the search costs over 115,000 articles, from the first letter on.

The queries are typed letter by letter, words in any order, with and without accents, numbers and barcodes too. The
raw limit is SQLite's own full-text look-up of the same words, without ranking, decoding or sorting.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import apsw

from bench.report import Figure, median, percentile
from rig.articles import article, articles, barcode
from rig.device import enrolled, fill_mirror
from schema.device import MIRROR
from schema.mirror_file import ARTICLES_BY_WORDS, search_terms
from schema.sqlite import open_reader
from schema.text import fold
from till.mirror import Mirror

ARTICLES = 115_000
HITS = 30
TARGET_MS = 30
_WORDS = ("kase", "käse sample", "no. 4711", "juice apple", "MÜSLI large", "creme 250", "specimen tea 1 l", "zzzz")


def measure(folder: Path) -> list[Figure]:
    enrolled(folder)
    fill_mirror(folder, articles(ARTICLES))
    mirror, reader = Mirror(folder), open_reader(folder / MIRROR)
    mirror.search("warm", HITS)
    ours: list[float] = []
    raw: list[float] = []
    early: list[float] = []
    for text in _typed():
        started = time.perf_counter()
        found = mirror.search(text, HITS)
        spent_ms = (time.perf_counter() - started) * 1000
        ours.append(spent_ms)
        if len(text) <= 2 and found:
            early.append(spent_ms)
        raw.append(_raw_ms(reader, text))
    mirror.close()
    reader.close()
    return [
        Figure(
            what=f"type-ahead over {ARTICLES:,} articles: p99 of {len(ours)} keystrokes",
            measured=f"{percentile(ours, 0.99):.1f} ms (p50 {median(ours):.1f} ms)",
            target=f"≤ {TARGET_MS} ms",
            raw=f"{percentile(raw, 0.99):.1f} ms (p50 {median(raw):.2f} ms) for the full-text look-up alone",
            ratio=f"{percentile(ours, 0.99) / max(percentile(raw, 0.99), 0.001):.1f}",
            met=percentile(ours, 0.99) <= TARGET_MS,
        ),
        Figure(
            what="type-ahead, first results with one or two letters: slowest",
            measured=f"{max(early, default=0):.1f} ms ({len(early)} of such queries found something)",
            target="before the third letter is up",
            raw="–",
            ratio="–",
            met=bool(early) and max(early) <= TARGET_MS,
        ),
    ]


def _typed() -> Iterator[str]:
    numbers = [article(number).number for number in (7, 4711, 99_999)]
    codes = [barcode(number) for number in (12, 54_321)]
    for text in (*_WORDS, *numbers, *codes):
        for length in range(1, len(text) + 1):
            yield text[:length]


def _raw_ms(reader: apsw.Connection, text: str) -> float:
    started = time.perf_counter()
    if query := search_terms(fold(text)):
        reader.execute(ARTICLES_BY_WORDS, (query, HITS)).fetchall()
    return (time.perf_counter() - started) * 1000
