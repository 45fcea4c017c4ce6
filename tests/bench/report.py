"""What a benchmark finds, and how it is written down: one row a figure, with its target and the raw limit beside it."""

import os
import platform
import statistics
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import apsw
import msgspec
from msgspec import Struct

TABLE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
RECORD = TABLE.with_suffix(".json")


class Figure(Struct, frozen=True, kw_only=True):
    """One measured number, its target in words, the raw limit of the same run, and whether the target is met."""

    what: str
    measured: str
    target: str
    raw: str
    ratio: str
    # None: a figure for information, no target was set.
    met: bool | None


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` (0…1) of all values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def machine() -> str:
    """Describe where the numbers come from, as far as it matters for them."""
    model = "unknown processor"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    kernel = platform.release().split("-")[0]
    return (
        f"{model}, {os.cpu_count()} cores, {memory_gib:.0f} GiB, {platform.system()} {kernel}, "
        f"Python {platform.python_version()}, SQLite {apsw.sqlite_lib_version()}"
    )


def _verdict(met: bool | None) -> str:
    return "–" if met is None else "yes" if met else "**no**"


class Measured(Struct, frozen=True, kw_only=True):
    """One benchmark's figures, when they were measured, and the machine's load before."""

    when: str
    load: float
    figures: list[Figure]


def measured_now(figures: list[Figure], load: float) -> Measured:
    return Measured(when=f"{datetime.now(UTC):%Y-%m-%d %H:%M}", load=load, figures=figures)


def read_record() -> dict[str, Measured]:
    """Return what the last runs measured, by benchmark."""
    return msgspec.json.decode(RECORD.read_bytes(), type=dict[str, Measured]) if RECORD.exists() else {}


def write(record: dict[str, Measured]) -> None:
    """Write the record and the page made of it."""
    RECORD.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")
    TABLE.write_text(table(record), encoding="utf-8")


def table(record: dict[str, Measured]) -> str:
    """Return the page: the machine, the figures, how to repeat them."""
    head = [
        "# Benchmarks",
        "",
        "Every number was measured by `make bench`; nothing here was typed by hand. The raw limit is what the same",
        "bytes cost without our code, measured in the same run on the same disk, so the ratio travels. `python",
        "tests/bench NAME` measures one anew; the rows say when each was measured, and the machine's load before it.",
        "",
        f"- On {machine()}.",
        "- The till draws in software (Xvfb, no graphics card).",
        "",
        "| what | measured | target | raw limit in the same run | ratio | met | when (UTC) | load |",
        "|---|---|---|---|---|---|---|---|",
    ]
    rows = [
        f"| {row.what} | {row.measured} | {row.target} | {row.raw} | {row.ratio} | {_verdict(row.met)} "
        f"| {each.when} | {each.load:.1f} |"
        for each in record.values()
        for row in each.figures
    ]
    return "\n".join([*head, *rows, ""])


def _verdict(met: bool | None) -> str:
    return "–" if met is None else "yes" if met else "**no**"


Benchmark = Callable[[Path], list[Figure]]
