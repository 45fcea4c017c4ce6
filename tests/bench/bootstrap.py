"""Bootstrap: an empty mirror becomes a full one, over HTTP, from a head office with 115,000 articles."""

import time
from pathlib import Path

from bench.report import Figure
from rig.articles import articles, write_csv
from rig.device import fill_mirror
from rig.head_office import HeadOffice
from rig.programs import call

ARTICLES = 115_000
SECONDS_MAX = 20


def measure(folder: Path) -> list[Figure]:
    office = HeadOffice(folder / "office")
    catalogue = folder / "articles.csv"
    write_csv(catalogue, ARTICLES)
    started = time.perf_counter()
    office.call("import-articles", str(catalogue))
    imported = time.perf_counter() - started
    till = folder / "till"
    program = office.start("api")
    try:
        office.enrol(till)
        started = time.perf_counter()
        call("agent", "sync-once", "--data", str(till))
        fetched = time.perf_counter() - started
    finally:
        program.stop()
    started = time.perf_counter()
    raw_folder = folder / "raw"
    raw_folder.mkdir()
    fill_mirror(raw_folder, articles(ARTICLES))
    raw = time.perf_counter() - started
    return [
        Figure(
            what=f"bootstrap of an empty mirror with {ARTICLES:,} articles",
            measured=f"{fetched:.1f} s",
            target=f"≤ {SECONDS_MAX} s",
            raw=f"{raw:.1f} s (the same rows and search index written to a file)",
            ratio=f"{fetched / raw:.2f}",
            met=fetched <= SECONDS_MAX,
        ),
        Figure(
            what=f"import of {ARTICLES:,} articles from CSV at head office",
            measured=f"{imported:.1f} s",
            target="seconds, not minutes",
            raw=f"{raw:.1f} s",
            ratio=f"{imported / raw:.2f}",
            met=imported <= 60,
        ),
    ]
